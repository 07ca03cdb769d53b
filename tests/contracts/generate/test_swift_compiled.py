"""Generated Swift with a real compiler: golden vectors, public contracts, and what single types do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.conftest import contract_of
from tests.contracts.generate.swift_programs import Answer, exchange, run, typecheck
from xptasks.contracts.document import load
from xptasks.contracts.generate import swift
from xptasks.contracts.model import Model, build_model
from xptasks.contracts.model.keywords import TABLE
from xptasks.contracts.vectors import Vector, vectors
from xptasks.contracts.writing.language import Options

ROOT = Path(__file__).resolve().parents[3]
SPECS = ROOT.parent / "shared" / "data" / "specs"
SUPPORT = Path(swift.__file__).parents[1] / "writing" / "support" / "swift_support.swift"

pytestmark = pytest.mark.slow


def _is_right(vector: Vector, answer: Answer) -> bool:
    return answer.accepted is vector.valid


def test_swift_agrees_with_the_golden_vectors(tmp_path: Path) -> None:
    documents = [load(ROOT / "contracts" / name) for name in ("openapi.yaml", "asyncapi.yaml")]
    model = build_model(documents)
    found = [item for item in vectors(documents, model) if item.valid or TABLE[item.keyword].swift != "documented"]
    names = {item.type: item.type for item in found}
    answers = exchange(tmp_path, swift.emit(model, Options()), names, [(item.type, item.value) for item in found])
    assert {item.keyword for item in found} >= {"", "required", "type", "enum", "additionalProperties"}
    wrong = [(item, answer) for item, answer in zip(found, answers, strict=True) if not _is_right(item, answer)]
    assert wrong == []


def test_the_support_code_compiles_as_it_is(tmp_path: Path) -> None:
    typecheck(tmp_path, SUPPORT.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted(SPECS.glob("*/*")) or [SPECS], ids=lambda path: path.name)
def test_public_contracts_compile_without_warnings(path: Path, tmp_path: Path) -> None:
    if not path.is_file():
        pytest.skip("public contracts are absent: ../shared/data/specs")
    model = build_model([load(path)])
    assert [trouble for trouble in model.troubles if trouble.fatal] == []
    typecheck(tmp_path, swift.emit(model, Options()))


_FIELDS: dict[str, Any] = {
    "when": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "format": "date"},
    "price": {"type": "number", "format": "decimal"},
    "mood": {"enum": ["good", "bad"]},
    "note": {"type": ["string", "null"]},
    "limit": {"type": "integer", "default": 20},
    "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
    "kind": {"const": "x"},
    "choice": {"anyOf": [{"title": "First", "enum": ["a", "b"]}, {"title": "Second", "enum": ["c", "d"]}]},
    "time": {"type": "string", "format": "time"},
    "next": {"$ref": "#/components/schemas/Subject"},
}
_BEHAVIOUR = r"""
func read(_ text: String) throws -> Subject { try JSONDecoder().decode(Subject.self, from: Data(text.utf8)) }
func show(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
print(try show(Subject(kind: .init())))
print(try read("{}").limit, try read("{}").note == .absent, try read(#"{"note": null}"#).note == .null)
print(try read(#"{"note": "x"}"#).note.value ?? "none")
print(try read(#"{"mood": "odd"}"#).mood == .unknown("odd"), try show(read(#"{"mood": "odd", "limit": 1}"#)))
print(try show(read(#"{"choice": "d", "limit": 1}"#)), try read(#"{"choice": "d"}"#).choice == .second(.d))
print(try show(read(#"{"choice": "new", "limit": 1}"#)))
print(try read(#"{"price": 12345678901234567890.123456789}"#).price!)
let moment = try read(#"{"when": "2026-01-02T03:04:05.678901+02:00"}"#).when!
print(moment, Int((moment.date.timeIntervalSince1970 * 1_000_000).rounded()))
print(DateTime(Date(timeIntervalSince1970: -0.5)), DateTime(Date(timeIntervalSince1970: 951_782_400)))
print(DateTime("2026-01-02T03:04:05Z")! == DateTime("2026-01-02T04:04:05.000+01:00")!)
for text in ["1600-02-29", "1900-02-28", "1970-01-01", "2000-02-29", "9999-12-31", "0000-03-01"] {
    print(DateOnly(text).map { "\($0)" } ?? "none", terminator: " ")
}
print(DateOnly("1900-02-29") as Any, DateOnly("2026-00-10") as Any, DateOnly("2026-1-10") as Any)
print(TimeOnly("23:59:60.5-01:30")!.seconds, TimeOnly("23:59:60.5-01:30")!.offset!, TimeOnly("24:00:00Z") as Any)
print(try show(Subject(pair: Subject_Pair(item0: "a"), kind: .init(), next: Subject(limit: 1))))
"""
_EXPECTED = """
{"kind":"x","limit":20}
20 true true
x
true {"limit":1,"mood":"odd"}
{"choice":"d","limit":1} true
{"choice":"new","limit":1}
12345678901234567890.123456789
2026-01-02T03:04:05.678901+02:00 1767315845678901
1969-12-31T23:59:59.500000Z 2000-02-29T00:00:00Z
true
1600-02-29 1900-02-28 1970-01-01 2000-02-29 9999-12-31 0000-03-01 nil nil nil
86400.5 -5400 nil
{"kind":"x","limit":20,"next":{"limit":1},"pair":["a"]}
"""


def test_what_values_do(tmp_path: Path, model_of: Callable[..., Model]) -> None:
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Subject"}}}}
    operation = {"operationId": "read", "responses": {"200": {"description": "", **content}}}
    subject = {"type": "object", "properties": _FIELDS}
    model = model_of({**contract_of({"Subject": subject}), "paths": {"/": {"get": operation}}})
    said = run(tmp_path, swift.emit(model, Options()), _BEHAVIOUR)
    assert said.strip().splitlines() == _EXPECTED.strip().splitlines()


def test_unknown_properties_survive(tmp_path: Path, model_of: Callable[..., Model]) -> None:
    model = model_of(contract_of({"Subject": {"type": "object", "properties": {"a": {"type": "string"}}}}))
    value = {"a": "x", "b": [1, 1.5, None, True, {"c": "é\u2028\U0001f600"}], "additionalProperties": {}, "": 2**62}
    answer = exchange(tmp_path, swift.emit(model, Options()), {"Subject": "Subject"}, [("Subject", value)])[0]
    assert json.loads(answer.text) == value
