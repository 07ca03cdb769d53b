"""The operations of an OpenAPI document: paths, webhooks and callbacks, with the types of what they carry."""

from collections.abc import Iterator, Mapping
from typing import Any

from xptasks.contracts.model.build import TypeBuilder, doc_of
from xptasks.contracts.model.interface import Body, Content, Operation, Parameter, Response
from xptasks.contracts.model.places import METHODS
from xptasks.contracts.model.source import Node
from xptasks.contracts.model.types import Array, Dictionary, Tuple, Type

_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form", "querystring": ""}


def operations(root: Node, builder: TypeBuilder) -> Iterator[Operation]:
    """Every operation, in the order of the document; a callback follows the operation that it belongs to."""
    for path, item in _items(root, "paths", builder):
        yield from _path(item, path, builder, reverse=False)
    for name, item in _items(root, "webhooks", builder):
        yield from _path(item, name, builder, reverse=True)


def declare_components(root: Node, builder: TypeBuilder) -> None:
    """Give every named schema a type, also those that no operation uses."""
    components = _member(root, "components")
    for name, value in _mapping(components, "schemas").items():
        builder.reference(components.child(value, "schemas", name))
    for _, response in _items(components, "responses", builder):
        _contents(response, builder)
    for _, body in _items(components, "requestBodies", builder):
        _contents(body, builder)
    for _, parameter in _items(components, "parameters", builder):
        _parameter_content(parameter, builder)
    for _, header in _items(components, "headers", builder):
        _parameter_content(header, builder)


def _path(item: Node, path: str, builder: TypeBuilder, *, reverse: bool) -> Iterator[Operation]:
    shared = [_resolved_child(item, builder, "parameters", index) for index in _indexes(item, "parameters")]
    for method in METHODS:
        if isinstance(item.value.get(method), dict):
            node = item.child(item.value[method], method)
            yield from _operation(node, method, path, shared, builder, reverse=reverse)
    for method, value in _mapping(item, "additionalOperations").items():
        node = item.child(value, "additionalOperations", method)
        yield from _operation(node, method, path, shared, builder, reverse=reverse)


def _operation(  # noqa: PLR0913 - what a path item shares with its operations
    node: Node, method: str, path: str, shared: list[Node], builder: TypeBuilder, *, reverse: bool
) -> Iterator[Operation]:
    own = [_resolved_child(node, builder, "parameters", index) for index in _indexes(node, "parameters")]
    replaced = {(parameter.value.get("in"), parameter.value.get("name")) for parameter in own}
    inherited = [item for item in shared if (item.value.get("in"), item.value.get("name")) not in replaced]
    yield Operation(
        name=builder.places.name(node),
        id=str(node.value.get("operationId") or ""),
        method=method,
        path=path,
        at=node.at,
        node=node,
        parameters=tuple(_parameter(parameter, builder) for parameter in (*inherited, *own)),
        body=_body(node, builder),
        responses=tuple(_response(status, item, builder) for status, item in _items(node, "responses", builder)),
        reverse=reverse,
        doc=doc_of(node),
    )
    for _, callback in _items(node, "callbacks", builder):
        for expression in callback.value:
            if not expression.startswith("x-"):
                item = _resolved_child(callback, builder, expression)
                yield from _path(item, expression, builder, reverse=not reverse)


def _parameter(node: Node, builder: TypeBuilder, name: str = "") -> Parameter:
    location = "header" if name else str(node.value.get("in", ""))
    style = str(node.value.get("style") or _STYLES.get(location, "simple"))
    return Parameter(
        name=name or str(node.value.get("name", "")),
        location=location,
        required=node.value.get("required") is True,
        at=node.at,
        node=node,
        content=_parameter_content(node, builder),
        style=style,
        explode=bool(node.value.get("explode", style == "form")),
    )


def _parameter_content(node: Node, builder: TypeBuilder) -> Content:
    if "schema" in node.value:
        schema = node.child(node.value["schema"], "schema")
        return Content("", schema, builder.type_of(schema), node)
    return next(iter(_contents(node, builder)), Content(""))


def _body(node: Node, builder: TypeBuilder) -> Body | None:
    if not isinstance(node.value.get("requestBody"), dict):
        return None
    body = builder.source.resolve(node.child(node.value["requestBody"], "requestBody"))
    return Body(body.at, body.value.get("required") is True, _contents(body, builder))


def _response(status: str, node: Node, builder: TypeBuilder) -> Response:
    headers = tuple(_parameter(header, builder, name) for name, header in _items(node, "headers", builder))
    return Response(status, node.at, _contents(node, builder), headers, doc_of(node))


def _contents(node: Node, builder: TypeBuilder) -> tuple[Content, ...]:
    return tuple(_content(name, media, builder) for name, media in _items(node, "content", builder))


def _content(media_type: str, node: Node, builder: TypeBuilder) -> Content:
    keyword = next((word for word in ("schema", "itemSchema") if word in node.value), "")
    if not keyword:
        return Content(media_type, media=node)
    schema = node.child(node.value[keyword], keyword)
    return Content(media_type, schema, named_body(schema, builder), node, streamed=keyword == "itemSchema")


def named_body(schema: Node, builder: TypeBuilder) -> Type:
    """The type of a whole body or payload: lists and maps get a name too, because clients decode them as a whole."""
    found = builder.type_of(schema)
    return builder.reference(schema) if isinstance(found, Array | Tuple | Dictionary) else found


def _items(node: Node, keyword: str, builder: TypeBuilder) -> Iterator[tuple[str, Node]]:
    """The members of a mapping, references resolved, extensions left out."""
    for name, value in _mapping(node, keyword).items():
        if isinstance(value, dict) and not (str(name).startswith("x-") and keyword in ("paths", "responses")):
            yield str(name), builder.source.resolve(node.child(value, keyword, name))


def _mapping(node: Node, keyword: str) -> Mapping[str, Any]:
    value = node.value.get(keyword) if isinstance(node.value, dict) else None
    return value if isinstance(value, dict) else {}


def _member(node: Node, keyword: str) -> Node:
    return node.child(_mapping(node, keyword), keyword)


def _indexes(node: Node, keyword: str) -> range:
    value = node.value.get(keyword)
    return range(len(value)) if isinstance(value, list) else range(0)


def _resolved_child(node: Node, builder: TypeBuilder, *tokens: str | int) -> Node:
    value: Any = node.value
    for token in tokens:
        value = value[token]
    return builder.source.resolve(node.child(value, *tokens))
