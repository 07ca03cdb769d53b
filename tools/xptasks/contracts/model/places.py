"""From the place of a schema to the name of its type: a function of the path to it and of its direct siblings.

/components/schemas/Project/properties/status             Project_Status
/paths/~1projects/get/responses/200/content/.../schema     ListProjects_Response200
/components/messages/UserSignedUp/payload                  UserSignedUp_Payload
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from xptasks.contracts.model.keywords import KNOWN
from xptasks.contracts.model.names import digest, pascal, segments
from xptasks.contracts.model.source import Node, Source

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_JSON_MEDIA = ("application/json", "*/*")


class Spot(NamedTuple):
    """How far the walk along a pointer has come: what kind of node it is at, the name so far, and the node's value."""

    role: str
    name: str
    value: Any


class Places:
    """Names of places, remembered."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._spots: dict[str, Spot] = {}
        self._segments: dict[int, tuple[Any, dict[str, str]]] = {}

    def name(self, node: Node) -> str:
        """The name of the type that stands here, before reserved words are avoided."""
        return self._spot(node, node.pointer).name or "Empty"

    def _spot(self, node: Node, pointer: str) -> Spot:
        key = f"{node.file}#{pointer}"
        if key not in self._spots:
            self._spots[key] = self._walk(node, pointer)
        return self._spots[key]

    def _walk(self, node: Node, pointer: str) -> Spot:
        if not pointer:
            value = self._source.file(node).value
            is_contract = isinstance(value, dict) and not value.keys().isdisjoint(("openapi", "asyncapi"))
            if is_contract:
                return Spot("root", "", value)
            is_schema = not isinstance(value, dict) or not KNOWN.isdisjoint(value)
            return Spot("schema", _stem(node.file), value) if is_schema else Spot("schemas", "", value)
        parent_pointer, _, token = pointer.rpartition("/")
        parent = self._spot(node, parent_pointer)
        return self._step(parent, token.replace("~1", "/").replace("~0", "~"))

    def _step(self, parent: Spot, token: str) -> Spot:
        roles = _ROLES.get(parent.role, {})
        role = roles.get(token) or roles.get("*", "unknown")
        name = _NAMERS.get(role, _plain)(self, parent, token)
        return Spot(role, name, _member(parent.value, token))

    def sibling(self, holder: object, token: str) -> str:
        """The segment of one key of a mapping, told apart from the others."""
        if not isinstance(holder, dict) or token not in holder:
            return pascal(token) or "Empty"
        if id(holder) not in self._segments:
            self._segments[id(holder)] = (holder, segments(map(str, holder)))
        return self._segments[id(holder)][1][token]


def _stem(file: str) -> str:
    return pascal(PurePosixPath(file).name.split(".")[0]) or "Empty"


def _member(value: Any, token: str) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, list) and token.isdigit() and int(token) < len(value):
        return value[int(token)]
    return value.get(token) if isinstance(value, dict) else None


def _join(name: str, segment: str) -> str:
    return f"{name}_{segment}" if name else segment


def _plain(_places: Places, parent: Spot, _token: str) -> str:
    return parent.name


def _sibling(places: Places, parent: Spot, token: str) -> str:
    return _join(parent.name, places.sibling(parent.value, token))


def _fixed(word: str) -> Callable[[Places, Spot, str], str]:
    return lambda _places, parent, _token: _join(parent.name, word)


def _pattern(_places: Places, parent: Spot, token: str) -> str:
    return _join(parent.name, f"Value_{digest(token)}")


def _item(_places: Places, parent: Spot, token: str) -> str:
    return _join(parent.name, f"Item{token}")


def _dependent(_places: Places, parent: Spot, token: str) -> str:
    return _join(parent.name, f"With{pascal(token)}")


def _path(_places: Places, _parent: Spot, token: str) -> str:
    return f"Path{pascal(token) or 'Root'}"


def _operation(_places: Places, parent: Spot, token: str) -> str:
    value = _member(parent.value, token)
    given = value.get("operationId") if isinstance(value, dict) else None
    return pascal(str(given)) if given else _join(parent.name, token.capitalize())


def _parameter(_places: Places, parent: Spot, token: str) -> str:
    value = _member(parent.value, token)
    if not isinstance(value, dict) or "name" not in value:
        return _join(parent.name, f"Parameter{token}")
    return _join(parent.name, f"{pascal(str(value.get('in', '')))}{pascal(str(value['name']))}")


def _response(_places: Places, parent: Spot, token: str) -> str:
    return _join(parent.name, f"Response{pascal(token)}")


def _media(_places: Places, parent: Spot, token: str) -> str:
    return parent.name if token in _JSON_MEDIA else _join(parent.name, pascal(token))


def _variant(_places: Places, parent: Spot, token: str) -> str:
    labels = variant_labels(parent.value if isinstance(parent.value, list) else ())
    index = int(token)
    return _join(parent.name, labels[index] if index < len(labels) else f"Variant{token}")


def variant_labels(variants: Sequence[Any]) -> list[str]:
    """What to call each alternative: from what it says itself, so that its place in the list does not matter."""
    labels = [_label(variant) for variant in variants]
    texts = [json.dumps(variant, sort_keys=True, default=str) for variant in variants]
    firsts: dict[str, str] = {}
    for label, text in sorted(zip((label.casefold() for label in labels), texts, strict=True)):
        firsts.setdefault(label, text)
    return [
        label if firsts[label.casefold()] == text else f"{label}_{digest(text)}"
        for label, text in zip(labels, texts, strict=True)
    ]


def _label(variant: Any) -> str:  # noqa: ANN401 - any JSON value
    if not isinstance(variant, dict):
        return "Any"
    if "$ref" in variant:
        return pascal(str(variant["$ref"]).rpartition("/")[2].split(".")[0]) or "Empty"
    if isinstance(variant.get("title"), str) and pascal(variant["title"]):
        return pascal(variant["title"])
    return _tag(variant.get("properties")) or _kind_label(variant)


def _tag(properties: object) -> str:
    """The constant that tells an object from its siblings, when it has one."""
    for value in properties.values() if isinstance(properties, dict) else ():
        constant = value.get("const", _only(value.get("enum"))) if isinstance(value, dict) else None
        if isinstance(constant, str) and pascal(constant):
            return pascal(constant)
    return ""


def _only(values: object) -> object:
    return values[0] if isinstance(values, list) and len(values) == 1 else None


def _kind_label(variant: Mapping[str, Any]) -> str:
    kind = variant.get("type")
    if isinstance(variant.get("format"), str) and kind == "string":
        return pascal(variant["format"])
    if isinstance(kind, str) and kind not in ("object", "array"):
        return "Text" if kind == "string" else pascal(kind)
    if kind == "array":
        return f"{_label(variant.get('items'))}List"
    named = variant.get("required") or list(variant.get("properties") or ())
    if named:
        return "With" + "".join(sorted(pascal(str(name)) for name in named)[:3])
    return "Object" if kind == "object" else "Variant"


_SCHEMA_ROLES = {
    "properties": "fields",
    "patternProperties": "patterns",
    "additionalProperties": "value",
    "unevaluatedProperties": "value",
    "propertyNames": "key",
    "items": "items",
    "additionalItems": "item",
    "unevaluatedItems": "item",
    "contains": "contained",
    "prefixItems": "prefix",
    "allOf": "parts",
    "oneOf": "variants",
    "anyOf": "variants",
    "not": "negated",
    "if": "condition",
    "then": "consequence",
    "else": "alternative",
    "dependentSchemas": "dependents",
    "dependencies": "dependents",
    "$defs": "fields",
    "definitions": "fields",
    "schema": "schema",  # AsyncAPI's multi-format schema
}
_SCHEMAS = dict.fromkeys(
    [
        *("schema", "component", "field", "pattern", "value", "key", "item", "contained", "member", "part", "variant"),
        *("negated", "condition", "consequence", "alternative", "dependent"),
        *("payload", "message_headers", "parameter_schema"),
    ],
    _SCHEMA_ROLES,
)
_PARAMETER = {"schema": "schema", "content": "contents"}
_PATH_ITEM = {"parameters": "parameters", "additionalOperations": "operations", **dict.fromkeys(METHODS, "operation")}
_MESSAGE = {"payload": "payload", "headers": "message_headers"}
_ROLES: dict[str, dict[str, str]] = {
    "root": {
        "components": "components",
        "paths": "paths",
        "webhooks": "path_items",
        "channels": "channels",
        "operations": "async_operations",
        "$defs": "schemas",
        "definitions": "schemas",
    },
    "components": {
        "schemas": "schemas",
        "parameters": "named_parameters",
        "headers": "header_map",
        "responses": "named_responses",
        "requestBodies": "named_bodies",
        "callbacks": "callbacks",
        "pathItems": "path_items",
        "mediaTypes": "media_types",
        "messages": "messages",
        "messageTraits": "messages",
        "channels": "channels",
        "operations": "async_operations",
        "replies": "replies",
    },
    "schemas": {"*": "component"},
    **_SCHEMAS,
    "fields": {"*": "field"},
    "patterns": {"*": "pattern"},
    "dependents": {"*": "dependent"},
    "parts": {"*": "part"},
    "variants": {"*": "variant"},
    "prefix": {"*": "member"},
    "items": {**{str(index): "member" for index in range(100)}, **_SCHEMA_ROLES},
    "paths": {"*": "path"},
    "path": _PATH_ITEM,
    "path_items": {"*": "path_item"},
    "path_item": _PATH_ITEM,
    "operations": {"*": "operation"},
    "operation": {
        "parameters": "parameters",
        "requestBody": "body",
        "responses": "responses",
        "callbacks": "callbacks",
    },
    "callbacks": {"*": "callback"},
    "callback": {"*": "expression"},
    "expression": _PATH_ITEM,
    "parameters": {"*": "parameter"},
    "named_parameters": {"*": "named"},
    "named": {"schema": "parameter_schema", "content": "contents", "payload": "payload"},
    "parameter": _PARAMETER,
    "named_bodies": {"*": "named_body"},
    "named_body": {"content": "contents"},
    "body": {"content": "contents"},
    "responses": {"*": "response"},
    "named_responses": {"*": "named_response"},
    "response": {"content": "contents", "headers": "header_map"},
    "named_response": {"content": "contents", "headers": "header_map"},
    "header_map": {"*": "header"},
    "header": _PARAMETER,
    "contents": {"*": "media"},
    "media_types": {"*": "named_media"},
    "media": {"schema": "schema", "itemSchema": "item", "encoding": "encodings"},
    "named_media": {"schema": "schema", "itemSchema": "item", "encoding": "encodings"},
    "encodings": {"*": "encoding"},
    "encoding": {"headers": "header_map"},
    "channels": {"*": "channel"},
    "channel": {
        "messages": "messages",
        "parameters": "channel_parameters",
        "publish": "publish",
        "subscribe": "subscribe",
        "bindings": "unknown",
    },
    "publish": {"message": "one_message"},
    "subscribe": {"message": "one_message"},
    "one_message": {**_MESSAGE, "oneOf": "message_list"},
    "message_list": {"*": "listed_message"},
    "listed_message": _MESSAGE,
    "channel_parameters": {"*": "channel_parameter"},
    "channel_parameter": {"schema": "schema"},
    "messages": {"*": "message"},
    "message": {**_MESSAGE, "traits": "traits"},
    "traits": {"*": "trait"},
    "trait": _MESSAGE,
    "async_operations": {"*": "async_operation"},
    "async_operation": {"reply": "reply"},
    "reply": {"messages": "messages"},
    "replies": {"*": "async_operation"},
}
_NAMERS: dict[str, Callable[[Places, Spot, str], str]] = {
    "component": _sibling,
    "unknown": _sibling,
    "field": _sibling,
    "pattern": _pattern,
    "value": _fixed("Value"),
    "key": _fixed("Key"),
    "items": _fixed("Item"),
    "item": _fixed("Item"),
    "contained": _fixed("Contained"),
    "member": _item,
    "variant": _variant,
    "negated": _fixed("Not"),
    "condition": _fixed("If"),
    "consequence": _fixed("Then"),
    "alternative": _fixed("Else"),
    "dependent": _dependent,
    "path": _path,
    "path_item": _sibling,
    "operation": _operation,
    "callback": _sibling,
    "parameter": _parameter,
    "named": _sibling,
    "parameter_schema": _fixed("Parameter"),
    "body": _fixed("Request"),
    "named_body": lambda places, parent, token: _join(_sibling(places, parent, token), "Request"),
    "response": _response,
    "named_response": lambda places, parent, token: _join(_sibling(places, parent, token), "Response"),
    "header": lambda places, parent, token: _join(_sibling(places, parent, token), "Header"),
    "media": _media,
    "named_media": _sibling,
    "encoding": _sibling,
    "channel": _sibling,
    "publish": _fixed("Publish"),
    "subscribe": _fixed("Subscribe"),
    "channel_parameter": lambda places, parent, token: _join(_sibling(places, parent, token), "Parameter"),
    "message": _sibling,
    "listed_message": lambda _places, parent, token: _join(parent.name, _message_label(parent.value, token)),
    "payload": _fixed("Payload"),
    "message_headers": _fixed("Headers"),
    "trait": lambda _places, parent, token: _join(parent.name, f"Trait{token}"),
    "async_operation": _sibling,
    "reply": _fixed("Reply"),
}


def _message_label(messages: object, token: str) -> str:
    value = _member(messages, token)
    given = next((value[key] for key in ("messageId", "name", "title") if key in value), "") if value else ""
    return pascal(str(given)) or f"Message{token}"
