"""What the Swift emitter writes, looked at as text: no compiler is needed."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.conftest import contract_of
from xptasks.contracts.generate import swift
from xptasks.contracts.model import Model
from xptasks.contracts.writing.language import Options
from xptasks.contracts.writing.recursion import leads_to, on_circles
from xptasks.contracts.writing.support.swift_chunks import swift_support
from xptasks.contracts.writing.swift_text import call, comment, json_literal, swift_string

ModelOf = Callable[..., Model]
_HOSTILE = '\\(boom) """ */ // # \n\r\u2028\u2029\x00\u202e\\'
_TOKENS = re.compile(r'"(?:[^"\\\n]|\\[^(\n])*"')


def _emitted(model_of: ModelOf, schemas: dict[str, Any], *, tolerant: bool = True) -> str:
    return swift.emit(model_of(contract_of(schemas)), Options(tolerant))


def _answering(schema: dict[str, Any], *, asked: bool) -> dict[str, Any]:
    """A contract in which a response has this schema, and a request too when it is asked for."""
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Subject"}}}}
    operation: dict[str, Any] = {"operationId": "act", "responses": {"200": {"description": "", **content}}}
    if asked:
        operation["requestBody"] = content
    return {**contract_of({"Subject": schema}), "paths": {"/": {"post": operation}}}


@given(st.text())
def test_a_string_stays_a_string(text: str) -> None:
    literal = swift_string(text)
    assert _TOKENS.fullmatch(literal)
    assert (
        _read(literal) == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") or "\\u{fffd}" in literal
    )


def _read(literal: str) -> str:
    """What Swift reads in a literal."""
    plain = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
    return re.sub(
        r"\\(?:u\{([0-9a-f]+)\}|(.))",
        lambda match: chr(int(match[1], 16)) if match[1] else plain[match[2]],
        literal[1:-1],
    )


@given(st.text())
def test_a_comment_stays_a_comment(text: str) -> None:
    lines = list(comment(text, "    "))
    assert all(line.startswith("    ///") for line in lines)
    assert not any(re.search("[\n\r\x00\u2028\u2029]", line) for line in lines)


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (None, "nil"),
        (True, "true"),
        (1, "1"),
        (1.0, "1"),
        (1.5, "1.5"),
        (2**63, "9.223372036854776e+18"),
        ("a", '"a"'),
        ([], "[]"),
        ({}, "[:]"),
        ({"a": [None, False]}, '["a": [nil, false]]'),
    ],
)
def test_json_literals(value: object, literal: str) -> None:
    assert json_literal(value) == literal


def test_long_calls_get_a_line_for_each_argument() -> None:
    assert call("    f", ["a: 1", "b: 2"], " {") == ["    f(a: 1, b: 2) {"]
    assert call("    f", ["a" * 70, "b" * 70], " {") == [
        "    f(",
        f"        {'a' * 70},",
        f"        {'b' * 70}",
        "    ) {",
    ]


def test_hostile_text_is_only_text(model_of: ModelOf) -> None:
    field = {"type": "string", "description": _HOSTILE, "default": _HOSTILE, "enum": [_HOSTILE, "b"]}
    text = _emitted(model_of, {_HOSTILE: {"type": "object", "title": _HOSTILE, "properties": {_HOSTILE: field}}})
    code = [_TOKENS.sub('""', line) for line in text.splitlines() if not line.strip().startswith("///")]
    assert "boom" in text
    contract_code = "\n".join(code).partition("// MARK: - Support")[0]
    assert "\\" not in contract_code
    assert "(boom)" not in contract_code


def test_the_same_model_gives_the_same_text(model_of: ModelOf) -> None:
    schemas = {"B": {"type": "object", "properties": {"x": {"const": 1}}}, "A": {"type": "array", "prefixItems": [{}]}}
    assert _emitted(model_of, schemas) == _emitted(model_of, dict(reversed(schemas.items())))


@pytest.mark.parametrize(
    ("asked", "tolerant", "expected"),
    [(False, True, True), (True, True, False), (False, False, False)],
    ids=["only in responses", "in requests too", "switched off"],
)
def test_enums_of_responses_are_tolerant(model_of: ModelOf, *, asked: bool, tolerant: bool, expected: bool) -> None:
    schema = {
        "type": "object",
        "properties": {"e": {"enum": ["a", "b"]}, "i": {"enum": [1, 2]}, "m": {"enum": ["a", 1]}},
    }
    text = swift.emit(model_of(_answering(schema, asked=asked)), Options(tolerant))
    for raw in ("String", "Int", "JSONValue"):
        assert (f"case unknown({raw})" in text) is expected


def test_only_what_is_needed_is_carried_along(model_of: ModelOf) -> None:
    text = _emitted(model_of, {"A": {"type": "object", "properties": {"x": {"type": "string"}}}})
    assert "struct A: Hashable, Sendable {" in text
    assert "enum JSONValue" in text
    assert not re.search("Presence|DateTime|Boxed|Constants|FormattedText|discriminator", text)


@pytest.mark.parametrize(
    ("schema", "line"),
    [
        ({"type": "integer", "default": 3}, "x: Int = 3"),
        ({"type": "number", "default": 3}, "x: Double = 3"),
        ({"type": "number", "format": "decimal", "default": 0.1}, 'x: Decimal = Decimal(string: "0.1")!'),
        ({"type": "string", "default": "a\\(b)"}, 'x: String = "a\\\\(b)"'),
        ({"type": ["string", "null"], "default": None}, "x: String? = nil"),
        ({"type": "string", "format": "date", "default": "2026-02-28"}, 'x: DateOnly = DateOnly("2026-02-28")!'),
        ({"type": "array", "items": {"type": "boolean"}, "default": [True]}, "x: [Bool] = [true]"),
        ({"type": "object", "additionalProperties": {"type": "integer"}, "default": {}}, "x: [String: Int] = [:]"),
        ({"enum": ["a", "b"], "default": "b"}, "x: Subject_X = Subject_X.b"),
        ({"const": "a", "default": "a"}, 'let x = "a"'),
        ({"default": {"a": [None]}}, 'x: JSONValue = ["a": [nil]]'),
        ({"type": "object", "properties": {"y": {"type": "integer"}}, "default": {"y": 1}}, "= Subject_X(y: 1)"),
    ],
)
def test_defaults(model_of: ModelOf, schema: dict[str, Any], line: str) -> None:
    assert line in _emitted(model_of, {"Subject": {"type": "object", "properties": {"x": schema}}})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "date", "default": "2026-02-30"},
        {"type": "integer", "default": 1.5},
        {"type": "integer", "format": "int32", "default": 2**31},
        {"type": "string", "default": 1},
        {"enum": ["a", "b"], "default": "c"},
        {"type": "array", "items": {"type": "integer"}, "default": ["x"]},
    ],
)
def test_a_default_that_contradicts_its_type_is_only_documented(model_of: ModelOf, schema: dict[str, Any]) -> None:
    text = _emitted(model_of, {"Subject": {"type": "object", "properties": {"x": schema}}})
    assert "? = nil" in text
    assert re.search("/// Default.*: ", text)


def test_what_swift_does_not_check_is_documented(model_of: ModelOf) -> None:
    field = {"type": "array", "items": {"type": "string", "minLength": 1, "format": "phone"}, "uniqueItems": True}
    text = _emitted(model_of, {"A": {"type": "object", "properties": {"x": field}, "minProperties": 1}})
    assert "/// Constraints: minProperties 1." in text
    assert "    /// Constraints: uniqueItems." in text
    assert '    /// Items: Constraints: minLength 1, format "phone".' in text


def test_a_struct_that_contains_itself_is_boxed_only_where_it_must(model_of: ModelOf) -> None:
    own = {"$ref": "#/components/schemas/A"}
    fields = {"one": own, "many": {"type": "array", "items": own}, "other": {"$ref": "#/components/schemas/B"}}
    text = _emitted(model_of, {"A": {"type": "object", "properties": fields}, "B": {"type": "object"}})
    assert "    @Boxed public var one: A?" in text
    assert "    public var many: [A]?" in text
    assert "    public var other: B?" in text


def test_a_union_that_contains_itself_is_indirect(model_of: ModelOf) -> None:
    pair = {"type": "object", "properties": {"left": {"$ref": "#/components/schemas/U"}}, "required": ["left"]}
    text = _emitted(model_of, {"U": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/P"}]}, "P": pair})
    assert "public indirect enum U" in text
    assert "@Boxed" not in text


@given(st.dictionaries(st.integers(0, 7), st.sets(st.integers(0, 7), max_size=3)))
def test_circles_are_found(numbers: dict[int, set[int]]) -> None:
    edges = {str(key): {str(target) for target in targets} for key, targets in numbers.items()}
    assert on_circles(edges) == {key for key in edges if leads_to(edges, key, key)}


def test_names_do_not_depend_on_what_stands_elsewhere(model_of: ModelOf) -> None:
    pair = {"type": "array", "prefixItems": [{"type": "string"}]}
    one = {"type": "object", "properties": {"p": pair, "c": {"const": "A B"}, "d": {"const": "a b"}}}
    names = re.findall(r"struct (\w+)", _emitted(model_of, {"A": one}))
    more = re.findall(r"struct (\w+)", _emitted(model_of, {"A": one, "A_P": one, "AP": one}))
    assert "A_P" in names
    assert set(names) <= set(more)


def test_every_part_of_the_support_code_is_reachable() -> None:
    chunks = swift_support().chunks
    assert {"Presence", "JSONValue", "DateTime", "decodePresence", "encodeAdditional"} <= set(chunks)
    assert all(chunk.mentions <= set(chunks) for chunk in chunks.values())
    assert swift_support().closure(["DateOnly"]) == ["FormattedText", "DateOnly", "DigitScanner", "isDigit", "padded"]
