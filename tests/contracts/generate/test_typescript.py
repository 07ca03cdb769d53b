"""What the torture set does not show in TypeScript: layout, comments, circular names, and hostile text as code."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from xptasks.contracts.document import load
from xptasks.contracts.generate import typescript
from xptasks.contracts.model import Model, build_model
from xptasks.contracts.model.keywords import TABLE
from xptasks.contracts.writing.language import Options

ROOT = Path(__file__).resolve().parents[3]
Faults = Callable[..., list[str | None]]
ModelOf = Callable[..., Model]


def _contract(schemas: dict[str, Any]) -> dict[str, Any]:
    info = {"title": "T", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": schemas}}


def _emitted(model_of: ModelOf, schemas: dict[str, Any]) -> str:
    return typescript.emit(model_of(_contract(schemas)), Options())


@pytest.mark.parametrize(
    ("schema", "lines"),
    [
        ({"type": "string"}, ["a?: string;"]),
        ({"type": ["string", "null"]}, ["a?: string | null;"]),
        ({"type": "string", "format": "date-time"}, ["a?: DateTime;"]),
        ({"type": "string", "readOnly": True}, ["/** Read-only: only the server sets it. */", "readonly a?: string;"]),
        ({"type": "integer", "default": 3}, ["/** Default: 3 */", "a?: Integer;"]),
        ({"type": "array", "items": {"type": ["integer", "null"]}}, ["a?: (Integer | null)[];"]),
        ({"const": 1.5}, ["a?: 1.5;"]),
        ({"const": {"x": [None]}}, ["a?: { x: [null] };"]),
        ({"type": "object", "additionalProperties": {"type": "number"}}, ["a?: { [key: string]: number };"]),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": ["string", "null"]}], "minItems": 1},
            ["/** Not checked here: minItems 1. */", "a?: [string, (string | null)?, ...unknown[]];"],
        ),
        (
            {"type": "array", "items": {"type": "string", "pattern": "^*/", "format": "phone"}},
            ['/** Not checked here: items: pattern "^*\\/", format phone. */', "a?: string[];"],
        ),
        (
            {"description": "Old.\n@ts-ignore", "deprecated": True},
            ["/**", "* Old.", "* \\@ts-ignore", "*", "* Deprecated.", "* @deprecated", "*/", "a?: unknown;"],
        ),
    ],
)
def test_a_property(schema: dict[str, Any], lines: list[str], model_of: ModelOf) -> None:
    text = _emitted(model_of, {"Subject": {"type": "object", "properties": {"a": schema}}})
    body = text.partition("export interface Subject {\n")[2].partition("\n}")[0]
    assert [line.strip() for line in body.splitlines()] == lines


_DOCUMENTED: dict[str, tuple[dict[str, Any], str]] = {
    "title": ({"title": "T"}, "T."),
    "description": ({"description": "D"}, "D"),
    "deprecated": ({"deprecated": True}, "@deprecated"),
    "default": ({"type": "string", "default": "d"}, 'Default: "d"'),
    "format": ({"type": "string", "format": "zip"}, "format zip"),
    "contentEncoding": ({"type": "string", "contentEncoding": "base64"}, "base64 (RFC 4648)"),
    "minLength": ({"type": "string", "minLength": 1}, "minLength 1"),
    "maxLength": ({"type": "string", "maxLength": 2}, "maxLength 2"),
    "pattern": ({"type": "string", "pattern": "^a"}, 'pattern "^a"'),
    "minimum": ({"type": "number", "minimum": 1}, "minimum 1"),
    "maximum": ({"type": "number", "maximum": 1}, "maximum 1"),
    "exclusiveMinimum": ({"type": "number", "exclusiveMinimum": 1}, "exclusiveMinimum 1"),
    "exclusiveMaximum": ({"type": "number", "exclusiveMaximum": 1}, "exclusiveMaximum 1"),
    "multipleOf": ({"type": "number", "multipleOf": 2}, "multipleOf 2"),
    "minItems": ({"type": "array", "items": {}, "minItems": 1}, "minItems 1"),
    "maxItems": ({"type": "array", "items": {}, "maxItems": 1}, "maxItems 1"),
    "uniqueItems": ({"type": "array", "items": {}, "uniqueItems": True}, "uniqueItems"),
    "contains": ({"type": "array", "items": {}, "contains": {"const": 1}}, "contains: at least 1"),
    "minContains": ({"type": "array", "items": {}, "contains": {"const": 1}, "minContains": 2}, "at least 2"),
    "maxContains": ({"type": "array", "items": {}, "contains": {"const": 1}, "maxContains": 3}, "at most 3"),
    "minProperties": ({"type": "object", "properties": {"x": {}}, "minProperties": 1}, "minProperties 1"),
    "maxProperties": ({"type": "object", "additionalProperties": {}, "maxProperties": 1}, "maxProperties 1"),
    "propertyNames": ({"type": "object", "propertyNames": {"pattern": "a"}}, "propertyNames"),
    "patternProperties": (
        {"type": "object", "patternProperties": {"^x": {"type": "string"}}},
        'patternProperties: "^x"',
    ),
    "dependentRequired": ({"type": "object", "dependentRequired": {"a": ["b"]}}, "a needs b"),
    "dependentSchemas": ({"type": "object", "dependentSchemas": {"a": {"required": ["b"]}}}, 'dependentSchemas: "a"'),
    "not": ({"type": "object", "not": {"required": ["z"]}}, "not: see the contract"),
    "if": ({"type": "object", "if": {"required": ["z"]}, "then": {"required": ["y"]}}, "if: see the contract"),
}
# Parts of `if`; AsyncAPI's word for two of the above; and what only readers of the contract itself need.
_UNSEEN = {
    *("then", "else", "dependencies", "example", "examples", "externalDocs", "xml"),
    *("contentMediaType", "contentSchema", "$comment", "$schema", "$vocabulary", "schemaFormat"),
}


def test_all_that_is_only_documented_is_shown_below() -> None:
    documented = {keyword for keyword, row in TABLE.items() if row.typescript == "documented"}
    assert documented == {*_DOCUMENTED} | _UNSEEN


@pytest.mark.parametrize("keyword", sorted(_DOCUMENTED))
def test_what_is_only_documented_stands_in_a_comment(keyword: str, model_of: ModelOf) -> None:
    schema, words = _DOCUMENTED[keyword]
    text = _emitted(model_of, {"Subject": {"type": "object", "properties": {"a": schema}}})
    assert any(words in comment for comment in re.findall(r"/\*\*.*?\*/", text, re.DOTALL))


def test_nothing_to_generate_is_still_a_module(model_of: ModelOf) -> None:
    assert _emitted(model_of, {}) == "export {};\n"


def test_a_contract_carries_only_the_support_that_it_needs(model_of: ModelOf) -> None:
    text = _emitted(model_of, {"Subject": {"type": "string"}})
    assert re.findall(r"^(?:export )?(?:function|class|type|interface) (\w+)", text, re.MULTILINE) == [
        *("Subject", "DecodeFault", "DecodeError", "DecodeCheck", "Decoder", "fault", "text")
    ]


@pytest.mark.parametrize("name", ["openapi.yaml", "asyncapi.yaml"])
def test_the_same_contract_gives_the_same_text(name: str) -> None:
    first, second = (typescript.emit(build_model([load(ROOT / "contracts" / name)]), Options()) for _ in range(2))
    assert first == second


def test_each_operation_has_the_union_of_its_messages() -> None:
    text = (ROOT / "generated" / "typescript" / "types.ts").read_text(encoding="utf-8")
    assert "export type SendProjectEvent_Message = ProjectCreated | ProjectUpdated | ProjectDeleted;\n" in text
    assert "export type ReceivePing_Reply_Message = Pong | Error_;\n" in text
    assert [line for line in text.splitlines() if len(line) > 120 and not line.startswith("// Generated")] == []


def test_names_for_themselves_are_unrolled(
    tmp_path: Path, model_of: ModelOf, tsc: Callable[..., str], faults: Faults
) -> None:
    def either(*options: object) -> dict[str, Any]:
        return {"anyOf": list(options)}

    ref = {name: {"$ref": f"#/components/schemas/{name}"} for name in ("A", "B", "C", "Tree")}
    schemas = {
        "A": either(ref["B"], {"type": "string"}),
        "B": either(ref["A"], {"type": "integer"}),
        "C": either(ref["C"], {"type": "null"}),
        "Tree": either({"type": "integer"}, {"type": "array", "items": ref["Tree"]}),
    }
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "types.ts").write_text(_emitted(model_of, schemas), encoding="utf-8")
    (folder / "use.ts").write_text(
        'import type { A, B, Tree } from "./types.js";\n'
        'export const all: [A, A, B, B, Tree] = ["x", 1, "x", 1, [1, [2]]];\n',
        encoding="utf-8",
    )
    assert tsc(folder, out=tmp_path / "out") == ""
    tried = [("A", '"x"'), ("A", "1"), ("B", '"x"'), ("B", "1"), ("C", "null"), ("Tree", "[1,[2]]")]
    assert faults(tmp_path / "out", [("types", *one) for one in tried]) == [None] * len(tried)
    refused = [("A", "true"), ("B", "null"), ("C", "1"), ("Tree", '[1,["x"]]')]
    assert None not in faults(tmp_path / "out", [("types", *one) for one in refused])


def test_a_fault_says_where(tmp_path: Path, model_of: ModelOf, tsc: Callable[..., str], faults: Faults) -> None:
    item = {"type": "object", "properties": {"a/b~": {"type": "integer"}}, "required": ["a/b~"]}
    schema = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": item}},
        "additionalProperties": False,
    }
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "types.ts").write_text(_emitted(model_of, {"Subject": schema}), encoding="utf-8")
    assert tsc(folder, out=tmp_path / "out") == ""
    told = {
        "[]": "the value is not an object",
        '{"x": 1}': "/x is not allowed",
        '{"__proto__": 1}': "/__proto__ is not allowed",
        '{"items": {}}': "/items is not a list",
        '{"items": [{"a/b~": 1}, {}]}': "/items/1/a~1b~0 is missing",
        '{"items": [{"a/b~": 1.5}]}': "/items/0/a~1b~0 is not an integer",
    }
    assert faults(tmp_path / "out", [("types", "Subject", text) for text in told]) == list(told.values())


_BOOM = "globalThis.boom = 1"
_HOSTILE = [
    f"*/ {_BOOM}; /*",
    f'"; {_BOOM}; "',
    f"'; {_BOOM}; '",
    f"`${{{_BOOM}}}`",
    f"\\\n{_BOOM}\n\\",
    f"\u2028{_BOOM}\u2029{_BOOM}\r{_BOOM}\x85",
    f'\\"; {_BOOM}; //',
    f"\\u0022; {_BOOM}; //",
    f"\ufeff\u202e */ {_BOOM} //\x00",
    f"a]: text }}))); {_BOOM}; object(({{ [b",
    "@ts-expect-error",
    "/ <reference path='nowhere.ts' />",
    "@ts-nocheck\n@ts-ignore",
    "__proto__",
    "constructor",
]


def _hostile_schemas(text: str) -> dict[str, Any]:
    properties = {
        text: {"type": "string", "description": text, "default": text, "title": text},
        "a": {"const": text, "description": text},
        "b": {"enum": [text, "x"], "description": text},
        "c": {"type": "string", "pattern": text, "format": text, "deprecated": True},
        "d": {"const": {text: [text]}},
    }
    one = {"type": "object", "properties": {text: {"const": "1"}}, "required": [text], "description": text}
    two = {"type": "object", "properties": {text: {"const": "2"}}, "required": [text]}
    return {"Subject": {"properties": properties, "description": text}, "Tagged": {"oneOf": [one, two], "title": text}}


def test_hostile_text_never_becomes_code(
    tmp_path: Path, model_of: ModelOf, tsc: Callable[..., str], faults: Faults, node: str
) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    for index, text in enumerate(_HOSTILE):
        (folder / f"types{index}.ts").write_text(_emitted(model_of, _hostile_schemas(text)), encoding="utf-8")
        wrong = (
            f'import type {{ Subject }} from "./types{index}.js";\n// @ts-expect-error\nexport const x: Subject = 1;\n'
        )
        (folder / f"use{index}.ts").write_text(wrong, encoding="utf-8")
    assert tsc(folder, out=tmp_path / "out") == ""
    cases = []
    for index, text in enumerate(_HOSTILE):
        value = {text: "", "a": text, "b": text, "d": {text: [text]}}
        cases.append((f"types{index}", "Subject", json.dumps(value)))
        cases.append((f"types{index}", "Tagged", json.dumps({text: "2"})))
    assert faults(tmp_path / "out", cases) == [None] * len(cases)
    imports = "".join(f'import "./types{index}.js";\n' for index in range(len(_HOSTILE)))
    (tmp_path / "out" / "all.js").write_text(f"{imports}console.log(typeof globalThis.boom);\n", encoding="utf-8")
    argv = [node, str(tmp_path / "out" / "all.js")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "undefined\n", "")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    text=st.text(alphabet=st.sampled_from("\"\\*/\n\r\t\u2028\u2029\x85\x0c\x00 '`${}()#@xa\u202e\ufeff"), max_size=12)
)
@example(text="@ts-ignore")
def test_no_text_changes_the_code_around_it(text: str, model_of: ModelOf) -> None:
    assert _code(_emitted(model_of, _hostile_schemas(f"{text}!"))) == _code(_emitted(model_of, _hostile_schemas("?")))


def _code(text: str) -> list[str]:
    """What is left without comments, strings and layout."""
    assert set(re.findall(r"^\s*/?\*+\s*(@.*)", text, re.MULTILINE)) <= {"@deprecated"}
    bare = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"', " ", text, flags=re.DOTALL)
    return re.findall(r"\w+|\S", re.sub(r"=\s*\|", "=", re.sub(r",\s*(?=[)}\]])", "", bare)))
