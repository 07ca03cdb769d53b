"""What the objects of OpenAPI and AsyncAPI are made of, as tables, and a walk over a contract by them.

A line is `kind: key type, key type, ...`. A type is `text`, `text-or-null`, `any`, `mapping`, a kind, `[type]` for a
list or `{type}` for a mapping from names. A key that ends in `!` must be there, the key `*` stands for all other keys,
and `x-...` is allowed where a line ends in `x-`. The table of OpenAPI names only what leads to other objects: the rest
is checked by the specification's own meta-schema. For AsyncAPI the table is the check.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from xptasks.contracts.document import Document, Location
from xptasks.contracts.positions import join_pointer
from xptasks.contracts.references import DATA
from xptasks.contracts.source import Fault

_OPENAPI = """
document: paths paths, webhooks {path-item}, components components, tags [tag], servers [server]
components: schemas {schema}, responses {response}, parameters {parameter}, examples {example}, \
 requestBodies {request-body}, headers {header}, securitySchemes {security-scheme}, links {link}, \
 callbacks {callback}, pathItems {path-item}, mediaTypes {media-type}
paths: * path-item
path-item: get operation, put operation, post operation, delete operation, options operation, head operation, \
 patch operation, trace operation, query operation, additionalOperations {operation}, parameters [parameter], \
 servers [server]
operation: parameters [parameter], requestBody request-body, responses responses, callbacks {callback}, servers [server]
responses: * response
response: headers {header}, content {media-type}, links {link}
request-body: content {media-type}
parameter: schema schema, content {media-type}, examples {example}
header: schema schema, content {media-type}, examples {example}
media-type: schema schema, itemSchema schema, examples {example}, encoding {encoding}
encoding: headers {header}
callback: * path-item
link: server server
schema: properties {schema}, patternProperties {schema}, additionalProperties schema, items schema, \
 prefixItems [schema], allOf [schema], anyOf [schema], oneOf [schema], not schema, if schema, then schema, \
 else schema, contains schema, \
 propertyNames schema, dependentSchemas {schema}, $defs {schema}, unevaluatedItems schema, \
 unevaluatedProperties schema, contentSchema schema
example:
server:
tag:
security-scheme:
"""

_ASYNC_SHARED = """
contact: name text, url text, email text, x-
license: name! text, url text, x-
tag: name! text, description text, externalDocs docs, x-
docs: url! text, description text, x-
server-variable: enum [text], default text, description text, examples [text], x-
correlation-id: location! text, description text, x-
bindings: * any
ws-channel: method text, query schema, headers schema, bindingVersion text, x-
example: headers mapping, payload any, name text, summary text, x-
flows: implicit flow, password flow, clientCredentials flow, authorizationCode flow, x-
schema: properties {schema}, patternProperties {schema}, additionalProperties schema, items schema-or-list, \
 additionalItems schema, allOf [schema], anyOf [schema], oneOf [schema], not schema, if schema, then schema, \
 else schema, contains schema, propertyNames schema, definitions {schema}, $defs {schema}, * any
"""

_ASYNCAPI_2 = (
    _ASYNC_SHARED
    + """
document: asyncapi! text, id text, info! info, servers {server}, defaultContentType text, channels! {channel}, \
 components components, tags [tag], externalDocs docs, x-
info: title! text, version! text, description text, termsOfService text, contact contact, license license, x-
server: url! text, protocol! text, protocolVersion text, description text, variables {server-variable}, \
 security [mapping], tags [tag], bindings bindings, x-
channel: description text, servers [text], subscribe operation, publish operation, parameters {parameter}, \
 bindings channel-bindings, x-
channel-bindings: ws ws-channel, * any
parameter: description text, schema schema, location text, x-
operation: operationId text, summary text, description text, security [mapping], tags [tag], externalDocs docs, \
 bindings bindings, traits [operation-trait], message message, x-
operation-trait: operationId text, summary text, description text, security [mapping], tags [tag], externalDocs docs, \
 bindings bindings, x-
message: oneOf [message], messageId text, headers schema, payload payload, correlationId correlation-id, \
 schemaFormat text, contentType text, name text, title text, summary text, description text, tags [tag], \
 externalDocs docs, bindings bindings, examples [example], traits [message-trait], x-
message-trait: messageId text, headers schema, correlationId correlation-id, schemaFormat text, contentType text, \
 name text, title text, summary text, description text, tags [tag], externalDocs docs, bindings bindings, \
 examples [example], x-
components: schemas {schema}, servers {server}, serverVariables {server-variable}, channels {channel}, \
 messages {message}, securitySchemes {security-scheme}, parameters {parameter}, correlationIds {correlation-id}, \
 operationTraits {operation-trait}, messageTraits {message-trait}, serverBindings {bindings}, \
 channelBindings {channel-bindings}, operationBindings {bindings}, messageBindings {bindings}, x-
security-scheme: type! text, description text, name text, in text, scheme text, bearerFormat text, flows flows, \
 openIdConnectUrl text, x-
flow: authorizationUrl text, tokenUrl text, refreshUrl text, scopes! {text}, x-
payload: * any
"""
)

_ASYNCAPI_3 = (
    _ASYNC_SHARED
    + """
document: asyncapi! text, id text, info! info, servers {server}, defaultContentType text, channels {channel}, \
 operations {operation}, components components, x-
info: title! text, version! text, description text, termsOfService text, contact contact, license license, \
 tags [tag], externalDocs docs, x-
server: host! text, protocol! text, protocolVersion text, pathname text, description text, title text, summary text, \
 variables {server-variable}, security [security-scheme], tags [tag], externalDocs docs, bindings bindings, x-
channel: address text-or-null, messages {message}, title text, summary text, description text, servers [server], \
 parameters {parameter}, tags [tag], externalDocs docs, bindings channel-bindings, x-
channel-bindings: ws ws-channel, * any
parameter: enum [text], default text, description text, examples [text], location text, x-
operation: action! text, channel! channel, title text, summary text, description text, security [security-scheme], \
 tags [tag], externalDocs docs, bindings bindings, traits [operation-trait], messages [message], reply reply, x-
operation-trait: title text, summary text, description text, security [security-scheme], tags [tag], \
 externalDocs docs, bindings bindings, x-
reply: address reply-address, channel channel, messages [message], x-
reply-address: location! text, description text, x-
message: headers payload, payload payload, correlationId correlation-id, contentType text, name text, title text, \
 summary text, description text, tags [tag], externalDocs docs, bindings bindings, examples [example], \
 traits [message-trait], x-
message-trait: headers payload, correlationId correlation-id, contentType text, name text, title text, summary text, \
 description text, tags [tag], externalDocs docs, bindings bindings, examples [example], x-
components: schemas {payload}, servers {server}, channels {channel}, operations {operation}, messages {message}, \
 securitySchemes {security-scheme}, serverVariables {server-variable}, parameters {parameter}, replies {reply}, \
 replyAddresses {reply-address}, correlationIds {correlation-id}, operationTraits {operation-trait}, \
 messageTraits {message-trait}, tags {tag}, externalDocs {docs}, serverBindings {bindings}, \
 channelBindings {channel-bindings}, operationBindings {bindings}, messageBindings {bindings}, x-
security-scheme: type! text, description text, name text, in text, scheme text, bearerFormat text, flows flows, \
 openIdConnectUrl text, scopes [text], x-
flow: authorizationUrl text, tokenUrl text, refreshUrl text, availableScopes! {text}, x-
payload: schemaFormat! text, schema! any, x-
"""
)


@dataclass(frozen=True)
class Shape:
    """One kind of object: its keys and their types, which of them must be there, what other keys hold."""

    keys: Mapping[str, str]
    required: tuple[str, ...]
    rest: str  # the type of every other key; empty when there must be none
    extensible: bool


@cache
def shapes(kind: str, major: int) -> Mapping[str, Shape]:
    """The shapes of a contract's kind (`openapi`, `asyncapi`) and major version, by name."""
    table = _OPENAPI if kind == "openapi" else _ASYNCAPI_2 if major == 2 else _ASYNCAPI_3  # noqa: PLR2004
    return dict(_shape(line) for line in table.strip().splitlines() if line)


def _shape(line: str) -> tuple[str, Shape]:
    name, _, rest = line.partition(":")
    words = [entry.split() for entry in rest.split(",") if entry.strip()]
    keys = {word[0].removesuffix("!"): word[1] for word in words if len(word) > 1}
    required = tuple(word[0][:-1] for word in words if word[0].endswith("!"))
    return name, Shape(
        {key: type_ for key, type_ in keys.items() if key != "*"}, required, keys.get("*", ""), ["x-"] in words
    )


class Node(NamedTuple):
    """An object of a known kind, where it is defined."""

    kind: str
    file: str
    pointer: str
    value: Any

    def inside(self, *tokens: object) -> str:
        """The pointer of something below."""
        return self.pointer + join_pointer(*tokens)


@dataclass
class Walk:
    """The result of a walk.

    Attributes:
        nodes: every object once, in the order of the text; files that were referred to come last.
        misplaced: references that lead to an object of another kind: where, the kind wanted, the kind found.
        problems: what the shape of an object says against it: where, message, hint.
    """

    nodes: list[Node] = field(default_factory=list)
    misplaced: list[tuple[Location, str, str]] = field(default_factory=list)
    problems: list[tuple[Location, str, str]] = field(default_factory=list)

    def of(self, *kinds: str) -> Iterator[Node]:
        """The nodes of these kinds."""
        return (node for node in self.nodes if node.kind in kinds)


def walk(document: Document) -> Walk:
    """Visits every object that the document defines or refers to, each once."""
    walker = _Walker(document)
    walker.visit("document", Location(document.name, "", document.value))
    while walker.referred:
        wanted, reference = walker.referred.pop(0)
        walker.follow(wanted, reference)
    return walker.walk


class _Walker:
    def __init__(self, document: Document) -> None:
        self.walk = Walk()
        self.referred: list[tuple[str, Location]] = []
        self._document = document
        self._shapes = shapes(document.kind, document.version[0])
        self._strict = document.kind == "asyncapi"
        self._kinds: dict[tuple[str, str], str] = {}

    def visit(self, type_: str, here: Location) -> None:
        """Visits what stands here and should be of this type, and all below it."""
        pending = [(type_, here)]
        while pending:
            pending.extend(reversed(list(self._step(*pending.pop()))))

    def follow(self, wanted: str, reference: Location) -> None:
        """Visits what a reference leads to, unless it was visited before."""
        try:
            target = self._document.follow(reference)
        except Fault:
            return  # the loader has said so
        found = self._kinds.get((target.file, target.pointer))
        if found is None:
            self.visit(wanted, target)
        elif found != wanted and not {found, wanted} <= {"schema", "payload"}:
            self.walk.misplaced.append((reference, wanted, found))

    def _step(self, type_: str, here: Location) -> Iterator[tuple[str, Location]]:
        if type_[0] in "[{":
            yield from self._collection(type_, here)
        elif type_ in self._shapes or type_ == "schema-or-list":
            yield from self._object(type_, here)
        elif not _fits(type_, here.value):
            self._problem(here, f"must be {_WORDS[type_]}, not {describe(here.value)}")

    def _collection(self, type_: str, here: Location) -> Iterator[tuple[str, Location]]:
        name, expected = ("list", list) if type_[0] == "[" else ("mapping", dict)
        if not isinstance(here.value, expected):
            self._problem(here, f"must be a {name}, not {describe(here.value)}")
            return
        value: Any = here.value
        pairs = value.items() if expected is dict else enumerate(value)
        for key, value in pairs:
            if not (isinstance(key, str) and key.startswith("x-") and not isinstance(value, dict)):
                yield type_[1:-1], Location(here.file, here.pointer + join_pointer(key), value)

    def _object(self, kind: str, here: Location) -> Iterator[tuple[str, Location]]:
        if kind == "schema-or-list":
            yield ("[schema]" if isinstance(here.value, list) else "schema"), here
            return
        if kind == "payload":
            kind = self._payload_kind(here.value)
        if kind in ("schema", "payload") and not isinstance(here.value, dict):
            return  # a boolean, or the meta-schema says what is wrong
        if not isinstance(here.value, dict):
            self._problem(here, f"must be a mapping ({kind}), not {describe(here.value)}")
            return
        if isinstance(here.value.get("$ref"), str):
            self.referred.append((kind, here))
            if kind != "schema":  # beside a schema's $ref other keywords may stand
                return
        if (here.file, here.pointer) in self._kinds:
            return
        self._kinds[here.file, here.pointer] = kind
        self.walk.nodes.append(Node(kind, here.file, here.pointer, here.value))
        yield from self._members(self._shapes[kind], here)

    def _payload_kind(self, value: Any) -> str:  # noqa: ANN401
        """A payload of AsyncAPI 3 may name its schema language; one without is a schema, and so is every one of 2.x."""
        return "payload" if isinstance(value, dict) and "schemaFormat" in value and "schema" in value else "schema"

    def _members(self, shape: Shape, here: Location) -> Iterator[tuple[str, Location]]:
        for name in shape.required:
            if name not in here.value:
                self._problem(here, f"the key {name!r} is missing")
        for key, value in here.value.items():
            type_ = shape.keys.get(key) or (shape.rest if not key.startswith("x-") else "")
            place = Location(here.file, here.pointer + join_pointer(key), value)
            if type_:
                yield type_, place
            elif self._strict and not (shape.extensible and key.startswith("x-")) and key not in DATA and key != "$ref":
                self._problem(place, f"the key {key!r} is not known here", _nearest(key, shape))

    def _problem(self, here: Location, message: str, hint: str = "") -> None:
        if self._strict:
            self.walk.problems.append((here, message, hint))


_WORDS = {
    "text": "text",
    "text-or-null": "text or null",
    "mapping": "a mapping",
}
_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "text-or-null": (str, type(None)),
    "mapping": (dict,),
}


def _fits(type_: str, value: object) -> bool:
    return type_ == "any" or isinstance(value, _TYPES[type_])


def _nearest(key: str, shape: Shape) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    close = get_close_matches(key, shape.keys, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(shape.keys)}."


def describe(value: object) -> str:
    """What a value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return {str: "text", int: "a number", float: "a number", list: "a list", dict: "a mapping"}[type(value)]
