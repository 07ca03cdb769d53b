"""Examples and defaults are values that their own schema accepts."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import quote

from xptasks.contracts.document import Document, Location
from xptasks.contracts.explain import complaints
from xptasks.contracts.json_text import shorten
from xptasks.contracts.references import is_data, maps_names
from xptasks.contracts.rules import Rule, View
from xptasks.contracts.rules.schemas import endless
from xptasks.contracts.shapes import Node
from xptasks.contracts.source import Fault
from xptasks.results import Finding

RULES = {
    "example-invalid": Rule("all", "error", "An example is valid against its schema."),
    "default-invalid": Rule("all", "error", "A default is valid against its schema."),
    "example-format": Rule("all", "warning", "An example has the `format` that its schema names."),
    "example-unchecked": Rule(
        "all", "warning", "Every example can be checked: its schema is one that validators accept."
    ),
    "schema-slow-pattern": Rule("all", "error", "A `pattern` decides about the examples in reasonable time."),
}

_BASE = "contract:///"
_2020 = "https://json-schema.org/draft/2020-12/schema"
_DRAFT_7 = "http://json-schema.org/draft-07/schema#"
_DRAFT_4 = "http://json-schema.org/draft-04/schema#"
_TOO_LONG = frozenset({"BacktrackLimitExceeded", "RegexEngineFailure"})


class Sample(NamedTuple):
    """A value in the contract and the schema that it must fit, both by pointer."""

    rule: str
    file: str
    pointer: str
    value: Any
    schema: tuple[str, str]


def check(view: View) -> Iterator[Finding]:
    """Checks every example and default; none when a schema is endless, because that check would be."""
    samples = list(_samples(view))
    if not samples or endless(view):
        return
    checker = _Checker(view)
    for sample in samples:
        yield from checker.check(sample)
    for sample, reason in checker.unchecked[:1]:
        message = f"examples and defaults that cannot be checked: {len(checker.unchecked)}; this is the first: {reason}"
        hint = "A schema that they lead to is one that no validator accepts."
        yield view.complain("example-unchecked", sample.file, sample.pointer, message, hint)


def _samples(view: View) -> Iterator[Sample]:
    for node in view.walk.nodes:
        if node.kind == "schema":
            yield from _of_schema(node)
        elif node.kind in ("media-type", "parameter", "header") and "schema" in node.value and view.is_openapi:
            yield from _of_media(view, node)
        elif node.kind in ("message", "message-trait"):
            yield from _of_message(view, node)


def _of_schema(node: Node) -> Iterator[Sample]:
    own = (node.file, node.pointer)
    if "$ref" in node.value and len(node.value) == 1:
        return
    if "default" in node.value:
        yield Sample("default-invalid", node.file, node.inside("default"), node.value["default"], own)
    if "example" in node.value:
        yield Sample("example-invalid", node.file, node.inside("example"), node.value["example"], own)
    examples = node.value.get("examples")
    for index, example in enumerate(examples if isinstance(examples, list) else ()):
        yield Sample("example-invalid", node.file, node.inside("examples", index), example, own)


def _of_media(view: View, node: Node) -> Iterator[Sample]:
    schema = (node.file, node.inside("schema"))
    if not _is_json(node):
        return
    if "example" in node.value:
        yield Sample("example-invalid", node.file, node.inside("example"), node.value["example"], schema)
    examples = node.value.get("examples")
    for name, example in examples.items() if isinstance(examples, dict) else ():
        file, pointer, value = node.file, node.inside("examples", name), example
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            file, pointer, value = _followed(view, file, pointer, value)
        key = "dataValue" if isinstance(value, dict) and "dataValue" in value else "value"
        if isinstance(value, dict) and key in value:
            yield Sample("example-invalid", file, f"{pointer}/{key}", value[key], schema)


def _is_json(node: Node) -> bool:
    """An example of another media type may be its text instead of the value."""
    if node.kind != "media-type":
        return True
    name = node.pointer.rpartition("/")[2].replace("~1", "/").partition(";")[0].strip().lower()
    return name.endswith(("/json", "+json", "*"))


def _followed(view: View, file: str, pointer: str, value: Any) -> tuple[str, str, Any]:  # noqa: ANN401
    try:
        target = view.document.follow(Location(file, pointer, value))
    except Fault:
        return file, pointer, None
    return target.file, target.pointer, target.value


def _of_message(view: View, node: Node) -> Iterator[Sample]:
    examples = node.value.get("examples")
    for index, example in enumerate(examples if isinstance(examples, list) else ()):
        for part in ("payload", "headers"):
            schema = node.value.get(part)
            if (
                isinstance(example, dict)
                and part in example
                and isinstance(schema, dict)
                and _is_json_schema(view, node)
            ):
                own = node.inside(part, "schema") if "schemaFormat" in schema else node.inside(part)
                pointer = node.inside("examples", index, part)
                yield Sample("example-invalid", node.file, pointer, example[part], (node.file, own))


def _is_json_schema(view: View, node: Node) -> bool:
    declared = node.value.get("schemaFormat")
    if view.document.version[0] == 3 and isinstance(node.value.get("payload"), dict):  # noqa: PLR2004
        declared = node.value["payload"].get("schemaFormat")
    return not isinstance(declared, str) or "asyncapi" in declared or "schema+json" in declared


class _Checker:
    """Validators of a document's schemas, each compiled once."""

    def __init__(self, view: View) -> None:
        import jsonschema_rs  # noqa: PLC0415 - heavy

        self.unchecked: list[tuple[Sample, str]] = []
        self._rs = jsonschema_rs
        self._view = view
        self._compiled: dict[tuple[str, str], Any] = {}
        is_30 = view.is_openapi and view.document.version[:2] == (3, 0)
        self._draft = _DRAFT_4 if is_30 else _2020 if view.is_openapi else _DRAFT_7
        self._files = [(_BASE + quote(name), _plain(value, is_30=is_30)) for name, value in view.document.files.items()]

    @cached_property
    def _registry(self) -> Any:  # noqa: ANN401
        numbers = {_DRAFT_4: self._rs.Draft4, _DRAFT_7: self._rs.Draft7, _2020: self._rs.Draft202012}
        return self._rs.Registry(self._files, draft=numbers[self._draft])

    def check(self, sample: Sample) -> Iterator[Finding]:
        """The complaints about one sample."""
        try:
            validator = self._validator(sample.schema)
        except (ValueError, self._rs.ReferencingError) as error:
            self.unchecked.append((sample, shorten(str(error).partition("\n")[0], 100)))
            return
        for failure in validator.iter_errors(sample.value):
            yield from self._explain(sample, failure)

    def accepts(self, schema: tuple[str, str], value: Any) -> bool | None:  # noqa: ANN401
        """Whether a value fits; None when its schema is one that no validator accepts."""
        try:
            return bool(self._validator(schema).is_valid(value))
        except (ValueError, self._rs.ReferencingError):
            return None

    def _explain(self, sample: Sample, error: Any) -> Iterator[Finding]:  # noqa: ANN401
        if type(error.kind).__name__ in _TOO_LONG:
            message = "a pattern in this schema takes too long to decide about an example"
            yield self._view.complain("schema-slow-pattern", *sample.schema, message)
            return
        for complaint in complaints(error):
            rule = "example-format" if complaint.keyword == "format" else sample.rule
            yield self._view.complain(rule, sample.file, sample.pointer + complaint.pointer, complaint.message)

    def _validator(self, schema: tuple[str, str]) -> Any:  # noqa: ANN401
        if schema not in self._compiled:
            wrapper = {"$schema": self._draft, "$ref": f"{_BASE}{quote(schema[0])}#{quote(schema[1])}"}
            self._compiled[schema] = self._rs.validator_for(
                wrapper, registry=self._registry, offline=True, validate_formats=True
            )
        return self._compiled[schema]


def _plain(value: Any, *, is_30: bool) -> Any:  # noqa: ANN401
    """A copy in which schemas say what they mean to JSON Schema alone.

    A property that is only read or only written need not be in an example; `nullable` of OpenAPI 3.0 is a type.
    """
    root: list[Any] = [None]
    pending: list[tuple[Any, Any, Any, bool]] = [(value, root, 0, False)]
    while pending:
        item, parent, key, is_name_map = pending.pop()
        if isinstance(item, list):
            parent[key] = copy = [None] * len(item)
            pending.extend((child, copy, index, False) for index, child in enumerate(item))
        elif isinstance(item, dict):
            parent[key] = own = dict(item) if is_name_map else _adapted(item, is_30=is_30)
            for name, child in own.items():
                if isinstance(child, dict | list) and (is_name_map or not is_data(name, child)):
                    pending.append((child, own, name, not is_name_map and maps_names(name, child)))
        else:
            parent[key] = item
    return root[0]


def _adapted(item: dict[str, Any], *, is_30: bool) -> dict[str, Any]:
    changed = dict(item)
    properties = item.get("properties")
    if isinstance(item.get("required"), list) and isinstance(properties, dict):
        one_way = {name for name, schema in properties.items() if _is_one_way(schema)}
        changed["required"] = [name for name in item["required"] if not isinstance(name, str) or name not in one_way]
        if not changed["required"]:
            del changed["required"]
    if is_30 and item.get("nullable") is True and isinstance(item.get("type"), str):
        changed["type"] = [item["type"], "null"]
        if isinstance(item.get("enum"), list):
            changed["enum"] = [*item["enum"], *([] if None in item["enum"] else [None])]
    return changed


def _is_one_way(schema: object) -> bool:
    return isinstance(schema, dict) and (schema.get("readOnly") is True or schema.get("writeOnly") is True)


class Validity:
    """Whether values fit schemas of one contract, for those who want to know without a finding."""

    def __init__(self, document: Document) -> None:
        from xptasks.contracts.rules import all_rules  # noqa: PLC0415 - this module is one of them

        self._view = View(document, all_rules())
        self._checker = _Checker(self._view)

    def samples(self) -> Iterator[Sample]:
        """Every example and default that fits its own schema."""
        if not endless(self._view):
            yield from (sample for sample in _samples(self._view) if self.fits(sample.schema, sample.value))

    def fits(self, schema: tuple[str, str], value: Any) -> bool | None:  # noqa: ANN401
        """Whether the schema at this file and pointer accepts the value; None when that cannot be decided."""
        return self._checker.accepts(schema, value)
