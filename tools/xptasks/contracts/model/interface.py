"""What a service offers: operations over HTTP, messages on channels, and the types of everything that travels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from xptasks.contracts.model.source import Node
from xptasks.contracts.model.types import NO_DOC, At, Declaration, Doc, Trouble, Type


@dataclass(frozen=True, slots=True)
class Content:
    """One media type of a body, a parameter or a header.

    Attributes:
        schema: the schema as it is written; None when the contract has none.
        type: None when there is no schema.
        media: the media type or object around the schema, where its examples are; None for a parameter's own schema.
        streamed: True when the type describes each item of a stream (3.2's itemSchema).
    """

    media_type: str
    schema: Node | None = None
    type: Type | None = None
    media: Node | None = None
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation, or a header of a response (`location` is "header" then)."""

    name: str
    location: str
    required: bool
    at: At
    node: Node
    content: Content
    style: str
    explode: bool


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries."""

    at: At
    required: bool
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class Response:
    """One outcome of an operation. `status` is `200`, `4XX` or `default`."""

    status: str
    at: At
    contents: tuple[Content, ...]
    headers: tuple[Parameter, ...] = ()
    doc: Doc = NO_DOC


@dataclass(frozen=True, slots=True)
class Operation:
    """A request and its responses.

    Attributes:
        name: from the operationId, or from method and path; begins the names of its inline types.
        path: the path's template; for a callback its expression, for a webhook its name.
        reverse: True for callbacks and webhooks, where the service calls its client.
        node: the operation as it is written.
    """

    name: str
    id: str
    method: str
    path: str
    at: At
    node: Node
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: tuple[Response, ...]
    reverse: bool = False
    doc: Doc = NO_DOC


@dataclass(frozen=True, slots=True)
class Message:
    """A message: payload and headers; `content_type` is empty when the contract leaves it to its default."""

    name: str
    at: At
    node: Node
    content_type: str
    payload: Content
    headers: Content | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the described application sends to a channel or receives from it.

    Attributes:
        action: seen from the application; 2.x's `publish` is "receive", its `subscribe` is "send".
        type: the union of the payloads; None when no message has a payload.
        reply: what is answered; flows the other way.
    """

    name: str
    at: At
    node: Node
    action: Literal["send", "receive"]
    channel: str
    messages: tuple[Message, ...]
    type: Type | None
    reply: "Exchange | None" = None


@dataclass(frozen=True, slots=True)
class Channel:
    """An address and what may travel there. `address` is None when it is only known at run time."""

    name: str
    at: At
    node: Node
    address: str | None
    parameters: tuple[str, ...]
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """All contracts of a project as one.

    Attributes:
        types: the declarations, by key, sorted by name.
        troubles: what is wrong or could not be understood; code is generated when none of it is fatal.
    """

    types: Mapping[str, Declaration] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()
    channels: tuple[Channel, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    troubles: tuple[Trouble, ...] = ()
