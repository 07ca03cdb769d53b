"""The channels and messages of an AsyncAPI document, 2.x and 3.x alike, as the described application sees them."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from xptasks.contracts.model.build import TypeBuilder, doc_of
from xptasks.contracts.model.interface import Channel, Content, Exchange, Message
from xptasks.contracts.model.names import member_names
from xptasks.contracts.model.openapi import named_body
from xptasks.contracts.model.source import Node
from xptasks.contracts.model.types import Nullable, Reference, Type, UnionType, Variant

_JSON_SCHEMA = ("vnd.aai.asyncapi", "schema+json", "schema+yaml", "vnd.oai.openapi")
Action = Literal["send", "receive"]
_FLIPPED: dict[Action, Action] = {"send": "receive", "receive": "send"}


class AsyncReader:
    """Reads one document."""

    def __init__(self, root: Node, builder: TypeBuilder) -> None:
        self._root = root
        self._builder = builder
        self._is_2 = root.document.version[0] == 2  # noqa: PLR2004 - the version

    def declare_components(self) -> None:
        """Give every named schema and every named message's payload a type, also those that no channel uses."""
        components = self._root.child(self._root.value.get("components") or {}, "components")
        for name, value in (components.value.get("schemas") or {}).items():
            self._builder.reference(components.child(value, "schemas", name))
        for _, message in self._items(components, "messages"):
            self._message("", message)

    def channels(self) -> Iterator[Channel]:
        """Every channel of the document."""
        for name, node in self._items(self._root, "channels"):
            address = name if self._is_2 else node.value.get("address")
            parameters = tuple((node.value.get("parameters") or {}).keys())
            messages = tuple(self._message(key, item) for key, item in self._items(node, "messages"))
            if self._is_2:
                messages = tuple(
                    message
                    for word in ("publish", "subscribe")
                    if isinstance(node.value.get(word), dict)
                    for message in self._messages_2(node.child(node.value[word], word))
                )
            yield Channel(name, node.at, node, address, parameters, messages)

    def exchanges(self) -> Iterator[Exchange]:
        """What the application sends and receives."""
        if self._is_2:
            yield from self._exchanges_2()
            return
        for name, node in self._items(self._root, "operations"):
            yield self._exchange_3(name, node)

    def _exchanges_2(self) -> Iterator[Exchange]:
        for name, channel in self._items(self._root, "channels"):
            for word, action in (("publish", "receive"), ("subscribe", "send")):
                if isinstance(channel.value.get(word), dict):
                    node = channel.child(channel.value[word], word)
                    messages = tuple(self._messages_2(node))
                    flow: Action = "receive" if action == "receive" else "send"
                    yield Exchange(
                        self._builder.places.name(node),
                        node.at,
                        node,
                        flow,
                        name,
                        messages,
                        self._union(node, messages),
                    )

    def _messages_2(self, operation: Node) -> Iterator[Message]:
        value = operation.value.get("message")
        if not isinstance(value, dict):
            return
        if isinstance(value.get("oneOf"), list):
            for index, item in enumerate(value["oneOf"]):
                node = operation.child(item, "message", "oneOf", index)
                yield self._message("", self._builder.source.resolve(node))
            return
        yield self._message("", self._builder.source.resolve(operation.child(value, "message")))

    def _exchange_3(self, name: str, node: Node) -> Exchange:
        action: Action = "send" if node.value.get("action") == "send" else "receive"
        messages = tuple(self._messages_3(node))
        reply = self._reply(name, node, _FLIPPED[action])
        union = self._union(node, messages)
        return Exchange(name, node.at, node, action, self._channel_name(node), messages, union, reply)

    def _reply(self, name: str, operation: Node, action: Action) -> Exchange | None:
        value = operation.value.get("reply")
        if not isinstance(value, dict):
            return None
        node = self._builder.source.resolve(operation.child(value, "reply"))
        messages = tuple(self._messages_3(node))
        union = self._union(node, messages)
        return Exchange(f"{name}_Reply", node.at, node, action, self._channel_name(node), messages, union)

    def _channel_name(self, node: Node) -> str:
        ref = (node.value.get("channel") or {}).get("$ref", "")
        return str(ref).rpartition("/")[2].replace("~1", "/").replace("~0", "~")

    def _messages_3(self, node: Node) -> Iterator[Message]:
        if isinstance(node.value.get("messages"), list):
            for index, item in enumerate(node.value["messages"]):
                name = str(item.get("$ref", "")).rpartition("/")[2]
                message = self._builder.source.resolve(node.child(item, "messages", index))
                yield self._message(name, message)
        elif isinstance(node.value.get("channel"), dict):
            channel = self._builder.source.resolve(node.child(node.value["channel"], "channel"))
            for name, message in self._items(channel, "messages"):
                yield self._message(name, message)

    def _message(self, name: str, node: Node) -> Message:
        value = _with_traits(node, self._builder)
        given = str(value.get("name") or value.get("messageId") or name or node.pointer.rpartition("/")[2])
        headers = self._content(node.child(value["headers"], "headers"), "") if "headers" in value else None
        content_type = str(value.get("contentType") or self._root.value.get("defaultContentType") or "")
        payload = Content(content_type)
        if "payload" in value:
            payload = self._content(node.child(value["payload"], "payload"), str(value.get("schemaFormat") or ""))
        return Message(given, node.at, node, content_type, payload, headers)

    def _content(self, schema: Node, schema_format: str) -> Content:
        if isinstance(schema.value, dict) and "schemaFormat" in schema.value and "schema" in schema.value:
            schema_format = str(schema.value["schemaFormat"])
            schema = schema.child(schema.value["schema"], "schema")
        if schema_format and not any(known in schema_format for known in _JSON_SCHEMA):
            message = f"the schema format {schema_format!r} is not JSON Schema, so any value is allowed"
            self._builder.trouble(schema, message, "schema-format")
            return Content("", schema._replace(value=True), self._builder.type_of(schema._replace(value=True)))
        return Content("", schema, named_body(schema, self._builder))

    def _union(self, node: Node, messages: tuple[Message, ...]) -> Type | None:
        """The union of what these messages carry, declared at the operation when there are several."""
        found: dict[Type, str] = {}
        for message in messages:
            kind = message.payload.type
            if kind is not None:
                found.setdefault(kind.inner if isinstance(kind, Nullable) else kind, message.name)
        if len(found) < 2:  # noqa: PLR2004 - one is no union
            return next(iter(found), None)
        names = member_names(found.values())
        at = node.child(None, "messages")
        union = UnionType(
            name=f"{self._builder.places.name(node)}_Message",
            at=at.at,
            doc=doc_of(node),
            variants=tuple(Variant(kind, names[name]) for kind, name in found.items()),
            exclusive=False,
        )
        self._builder.declared[at.key] = union
        return Reference(at.key)

    def _items(self, node: Node, keyword: str) -> Iterator[tuple[str, Node]]:
        for name, value in (node.value.get(keyword) or {}).items():
            if isinstance(value, dict) and not str(name).startswith("x-"):
                yield str(name), self._builder.source.resolve(node.child(value, keyword, name))


def _with_traits(node: Node, builder: TypeBuilder) -> Mapping[str, Any]:
    """The message with what its traits add; the message's own words win."""
    value: dict[str, Any] = {}
    for index, trait in enumerate(node.value.get("traits") or ()):
        value |= builder.source.resolve(node.child(trait, "traits", index)).value
    return {**value, **node.value}
