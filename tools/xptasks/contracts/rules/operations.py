"""OpenAPI: operations have names of their own, paths and parameters agree, security and tags exist."""

import re
from collections.abc import Iterator
from typing import Any

from xptasks.contracts.document import Location
from xptasks.contracts.rules import Rule, View
from xptasks.contracts.shapes import Node
from xptasks.contracts.source import Fault
from xptasks.results import Finding

RULES = {
    "openapi-operation-id": Rule("OpenAPI", "error", "Every `operationId` is used once."),
    "openapi-path-parameter": Rule(
        "OpenAPI", "error", "The names in a path and its `in: path` parameters are the same."
    ),
    "openapi-parameter-twice": Rule("OpenAPI", "error", "A list of parameters has each name and place once."),
    "openapi-same-path": Rule("OpenAPI", "error", "No two paths differ only in the names of their parameters."),
    "openapi-security": Rule(
        "OpenAPI", "error", "Security requirements name a scheme of `components/securitySchemes`."
    ),
    "openapi-tag-twice": Rule("OpenAPI", "error", "`tags` names each tag once."),
    "openapi-discriminator": Rule("OpenAPI", "error", "A discriminator's mapping leads to schemas."),
    "openapi-link": Rule("OpenAPI", "error", "A link names an operation that exists."),
    "openapi-server-variable": Rule("OpenAPI", "error", "The names in a server's address are its variables."),
}

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_TEMPLATE = re.compile(r"\{([^{}]*)\}")


def check(view: View) -> Iterator[Finding]:
    """Checks an OpenAPI document; nothing in others."""
    if not view.is_openapi:
        return
    yield from _operation_ids(view)
    yield from _paths(view)
    yield from _security(view)
    yield from _tags(view)
    yield from _links(view)
    for server in view.walk.of("server"):
        yield from _server(view, server)
    for node in view.walk.of("schema"):
        yield from _mapping(view, node)
    for node in view.walk.of("operation", "path-item"):
        yield from _twice(view, node)


def _operation_ids(view: View) -> Iterator[Finding]:
    first: dict[str, Node] = {}
    for node in view.walk.of("operation"):
        name = node.value.get("operationId")
        if not isinstance(name, str):
            continue
        if name in first:
            where = view.document.position(first[name].file, first[name].inside("operationId"))
            yield view.at(
                node,
                "openapi-operation-id",
                f"the operationId {name!r} is already used",
                "operationId",
                hint=f"See {where}.",
            )
        first.setdefault(name, node)


def _paths(view: View) -> Iterator[Finding]:
    known: dict[str, str] = {}
    for node in view.walk.of("paths"):
        for path, item in node.value.items():
            shape = _TEMPLATE.sub("{}", path)
            if path.startswith("/") and shape in known:
                message = f"the path {path!r} matches the same requests as {known[shape]!r}"
                yield view.complain("openapi-same-path", node.file, node.inside(path), message, value=False)
            known.setdefault(shape, path)
            yield from _path(view, path, Location(node.file, node.inside(path), item))


def _path(view: View, path: str, place: Location) -> Iterator[Finding]:
    item = _follow(view, place)
    if item is None:
        return
    wanted = _TEMPLATE.findall(path)
    shared = {name for name, _ in _path_parameters(view, item)}
    for name in sorted({name for name in wanted if wanted.count(name) > 1}):
        message = f"the path {path!r} has the parameter {name!r} twice"
        yield view.complain("openapi-path-parameter", place.file, place.pointer, message, value=False)
    for name, where in _path_parameters(view, item):
        yield from _stray(view, path, wanted, name, where)
    for method in _METHODS:
        operation = item.value.get(method)
        if isinstance(operation, dict):
            here = Location(item.file, f"{item.pointer}/{method}", operation)
            own = _path_parameters(view, here)
            for name, where in own:
                yield from _stray(view, path, wanted, name, where)
            for name in dict.fromkeys(wanted):
                if name not in shared and name not in {own_name for own_name, _ in own}:
                    message = f"the parameter {name!r} of the path {path!r} is not declared"
                    hint = "Add a parameter with `in: path` and `required: true`."
                    yield view.complain("openapi-path-parameter", here.file, here.pointer, message, hint, value=False)


def _stray(view: View, path: str, wanted: list[str], name: str, where: Location) -> Iterator[Finding]:
    if name not in wanted:
        message = f"the path {path!r} has no parameter {name!r}"
        yield view.complain("openapi-path-parameter", where.file, where.pointer, message)


def _path_parameters(view: View, holder: Location) -> list[tuple[str, Location]]:
    """Names of the `in: path` parameters of a path or an operation, and where each is listed."""
    return [
        (parameter.value["name"], place)
        for place, parameter in _parameters(view, holder)
        if parameter.value.get("in") == "path" and isinstance(parameter.value.get("name"), str)
    ]


def _parameters(view: View, holder: Location) -> Iterator[tuple[Location, Location]]:
    listed = holder.value.get("parameters")
    for index, value in enumerate(listed if isinstance(listed, list) else ()):
        place = Location(holder.file, f"{holder.pointer}/parameters/{index}", value)
        parameter = _follow(view, place)
        if parameter is not None:
            yield place, parameter


def _follow(view: View, place: Location) -> Location | None:
    """The mapping that a place holds or refers to."""
    try:
        target = view.document.follow(place)
    except Fault:
        return None
    return target if isinstance(target.value, dict) else None


def _twice(view: View, node: Node) -> Iterator[Finding]:
    seen = set()
    for place, parameter in _parameters(view, Location(node.file, node.pointer, node.value)):
        key = (str(parameter.value.get("name")), str(parameter.value.get("in")))
        if key in seen:
            message = f"the {key[1]} parameter {key[0]!r} is already in this list"
            yield view.complain("openapi-parameter-twice", place.file, place.pointer, message)
        seen.add(key)


def _security(view: View) -> Iterator[Finding]:
    components = view.document.value.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    names = set(schemes) if isinstance(schemes, dict) else set()
    for node in view.walk.of("document", "operation"):
        security = node.value.get("security")
        for index, requirement in enumerate(security if isinstance(security, list) else ()):
            for name in requirement if isinstance(requirement, dict) else ():
                if name not in names and not _is_address(name):
                    message = f"there is no security scheme {name!r}"
                    hint = f"Known: {', '.join(sorted(names)) or 'none'}."
                    place = node.inside("security", index, name)
                    yield view.complain("openapi-security", node.file, place, message, hint, value=False)


def _is_address(name: str) -> bool:
    return "/" in name or "#" in name  # OpenAPI 3.2 names schemes of other documents like this


def _tags(view: View) -> Iterator[Finding]:
    seen = set()
    for node in view.walk.of("tag"):
        name = node.value.get("name")
        if isinstance(name, str) and name in seen:
            yield view.at(node, "openapi-tag-twice", f"the tag {name!r} is already in this list", "name")
        seen.add(name if isinstance(name, str) else "")


def _mapping(view: View, node: Node) -> Iterator[Finding]:
    """Names in a mapping are schemas of `components`; the loader has followed those that look like files."""
    discriminator = node.value.get("discriminator")
    mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
    for key, text in mapping.items() if isinstance(mapping, dict) else ():
        if not isinstance(text, str) or "/" in text or "#" in text or text.lower().endswith((".json", ".yaml", ".yml")):
            continue
        if text not in _component(view.document.value, "schemas"):
            message = f"there is no schema {text!r} in components/schemas"
            yield view.at(node, "openapi-discriminator", message, "discriminator", "mapping", key)


def _component(document: Any, section: str) -> Any:  # noqa: ANN401
    components = document.get("components")
    part = components.get(section) if isinstance(components, dict) else None
    return part if isinstance(part, dict) else {}


def _links(view: View) -> Iterator[Finding]:
    names = {node.value.get("operationId") for node in view.walk.of("operation") if _has_text(node, "operationId")}
    for node in view.walk.of("link"):
        name, ref = node.value.get("operationId"), node.value.get("operationRef")
        if isinstance(name, str) and name not in names:
            yield view.at(node, "openapi-link", f"there is no operation {name!r}", "operationId")
        if isinstance(ref, str) and ref.startswith("#"):
            try:
                view.document.resolve(ref, node.file)
            except Fault as fault:
                yield view.at(node, "openapi-link", fault.message, "operationRef", hint=fault.hint)


def _has_text(node: Node, key: str) -> bool:
    return isinstance(node.value.get(key), str)


def _server(view: View, node: Node) -> Iterator[Finding]:
    url, variables = node.value.get("url"), node.value.get("variables")
    known = variables if isinstance(variables, dict) else {}
    for name in _TEMPLATE.findall(url) if isinstance(url, str) else ():
        if name not in known:
            yield view.at(node, "openapi-server-variable", f"the variable {name!r} is not defined", "url")
    for name, variable in known.items():
        options = variable.get("enum") if isinstance(variable, dict) else None
        if isinstance(options, list) and "default" in variable and variable["default"] not in options:
            message = f"the default {variable['default']!r} is not one of the variable's values"
            yield view.at(node, "openapi-server-variable", message, "variables", name, "default")
