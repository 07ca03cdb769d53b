"""Every object has the keys and types that its specification asks for, and references lead to the right kind."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from xptasks.contracts.explain import Complaint, complaints
from xptasks.contracts.rules import Rule, View
from xptasks.contracts.shapes import Node
from xptasks.errors import CannotRunError
from xptasks.results import Finding

RULES = {
    "openapi-spec-validator": Rule("OpenAPI", "error", "openapi-spec-validator, asked last, finds nothing either."),
    "openapi-structure": Rule("OpenAPI", "error", "The document fits the meta-schema of its version."),
    "asyncapi-structure": Rule("AsyncAPI", "error", "Objects have the keys and types of the specification."),
    "schema-structure": Rule("all", "error", "A schema fits the meta-schema of its dialect."),
    "ref-kind": Rule("all", "error", "A `$ref` leads to the kind of object that belongs there."),
}

_2020 = "https://json-schema.org/draft/2020-12/schema"
_DRAFT_7 = "http://json-schema.org/draft-07/schema"
_DIALECTS = {
    _2020,
    "https://json-schema.org/draft/2019-09/schema",
    _DRAFT_7,
    "http://json-schema.org/draft-06/schema",
    "http://json-schema.org/draft-04/schema",
}
_PARTS_30 = {"schema": "Schema", "path-item": "PathItem", "request-body": "RequestBody", "media-type": "MediaType"}
_PARTS_30 |= {"security-scheme": "SecurityScheme"}
_ENOUGH = 200  # more complaints about one document help nobody


def check(view: View) -> Iterator[Finding]:
    """Checks the contract's own file as a whole, then what other files hold, object by object."""
    if view.is_openapi:
        yield from _openapi(view)
    else:
        for place, message, hint in view.walk.problems:
            yield view.complain("asyncapi-structure", place.file, place.pointer, message, hint)
        yield from _schemas(view)
    for reference, wanted, found in view.walk.misplaced:
        message = f"leads to a {found} where a {wanted} belongs"
        yield view.complain("ref-kind", reference.file, f"{reference.pointer}/$ref", message)


def _openapi(view: View) -> Iterator[Finding]:
    document = view.document
    root = Node("", document.name, "", document.value)
    yield from _complain(view, "openapi-structure", root, _meta(document.version, ""))
    for node in _outermost(node for node in view.walk.nodes if node.file != document.name):
        yield from _complain(view, "openapi-structure", node, _meta(document.version, node.kind))


def _outermost(nodes: Iterator[Node]) -> Iterator[Node]:
    """Those that are not inside of another one: checking it has checked them."""
    seen: set[tuple[str, str]] = set()
    for node in nodes:
        if not any((node.file, parent) in seen for parent in _parents(node.pointer)):
            seen.add((node.file, node.pointer))
            yield node


def _parents(pointer: str) -> Iterator[str]:
    while pointer:
        pointer = pointer.rpartition("/")[0]
        yield pointer


def _schemas(view: View) -> Iterator[Finding]:
    for node in _outermost(view.walk.of("schema")):
        yield from _complain(view, "schema-structure", node, _dialect(node))


def _dialect(node: Node) -> str:
    declared = node.value.get("$schema")
    name = declared.rstrip("#") if isinstance(declared, str) else ""
    return name if name in _DIALECTS else _DRAFT_7


def _complain(view: View, rule: str, node: Node, meta: str) -> Iterator[Finding]:
    told: set[Complaint] = set()
    for error in _validator(meta).iter_errors(node.value):
        for complaint in complaints(error):
            if complaint not in told:
                told.add(complaint)
                yield _finding(view, rule, node, complaint)
        if len(told) > _ENOUGH:
            return


def _finding(view: View, rule: str, node: Node, complaint: Complaint) -> Finding:
    of_value = complaint.keyword not in ("additionalProperties", "unevaluatedProperties", "required")
    pointer = node.pointer + complaint.pointer
    return view.complain(rule, node.file, pointer, complaint.message, complaint.hint, value=of_value)


def _meta(version: tuple[int, ...], kind: str) -> str:
    """The address of a version's meta-schema, or of the part of it that describes one kind of object."""
    if version[:2] == (3, 0):
        name = _PARTS_30.get(kind, kind.capitalize())
        return f"xptasks:openapi-3.0#{name}" if kind else "xptasks:openapi-3.0"
    return f"xptasks:openapi-{version[0]}.{version[1]}" + (f"#{kind}" if kind else "")


@cache
def _validator(address: str) -> Any:  # noqa: ANN401
    """The compiled meta-schema; those of OpenAPI are the official ones, as openapi-spec-validator ships them."""
    import jsonschema_rs  # noqa: PLC0415 - heavy

    name, _, part = address.partition("#")
    if not name.startswith("xptasks:"):
        return jsonschema_rs.validator_for({"$schema": name, "$ref": name}, offline=True)
    version = name.removeprefix("xptasks:openapi-")
    official = _official(version)
    identity = official.get("$id") or official["id"]
    registry = jsonschema_rs.Registry([(identity, official)])
    wrapper = _wrapper_30(identity, part) if version == "3.0" else _wrapper_31(identity, part)
    return jsonschema_rs.validator_for(wrapper, registry=registry, offline=True)


def _wrapper_30(identity: str, part: str) -> dict[str, Any]:
    fragment = f"#/definitions/{part}" if part else ""
    return {"$schema": "http://json-schema.org/draft-04/schema#", "$ref": identity + fragment}


def _wrapper_31(identity: str, part: str) -> dict[str, Any]:
    """The official schema leaves the dialect of schemas open; here it is JSON Schema 2020-12."""
    wrapper: dict[str, Any] = {"$schema": _2020, "$id": "https://xptasks.invalid/openapi", "$ref": identity}
    if part == "schema":
        wrapper["$ref"] = "#meta"
    elif part:
        wrapper["$ref"] = f"{identity}#/$defs/{part}"
    return wrapper | {"$defs": {"schema": {"$dynamicAnchor": "meta", "$ref": _2020, "properties": _OF_OPENAPI}}}


# What OpenAPI 3.1 and 3.2 add to schemas.
_OF_OPENAPI: Mapping[str, Any] = {
    "discriminator": {
        "type": "object",
        "required": ["propertyName"],
        "properties": {
            "propertyName": {"type": "string"},
            "mapping": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    },
    "externalDocs": {"type": "object", "required": ["url"], "properties": {"url": {"type": "string"}}},
    "xml": {"type": "object"},
}


def _official(version: str) -> dict[str, Any]:
    package = find_spec("openapi_spec_validator")  # found and not imported: importing it takes longer than the check
    if package is None or package.origin is None:
        raise CannotRunError("openapi-spec-validator is not installed", hint="Install xptasks again.")
    path = Path(package.origin).parent / "resources" / "schemas" / f"v{version}" / "schema.json"
    schema: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return schema
