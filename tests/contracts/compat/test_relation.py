"""The relation between schemas: yes, no with a witness, unknown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.compat.relation import Relation, Verdict
from xptasks.contracts.compat.schemas import Direction, Table
from xptasks.contracts.document import Document, load

Ask = Callable[..., Verdict]

TEXT = {"type": "string"}
NODE = "#/components/schemas/X"
LIST = {"type": "object", "properties": {"next": {"$ref": NODE}, "v": TEXT}}


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    def compare(one: Any, two: Any, direction: Direction = "request", version: str = "3.1.0") -> Verdict:  # noqa: ANN401
        documents: list[Document] = []
        for name, schema in (("one.json", one), ("two.json", two)):
            path = tmp_path / name
            info = {"title": "t", "version": "1"}
            contract = {"openapi": version, "info": info, "paths": {}, "components": {"schemas": {"X": schema}}}
            path.write_text(json.dumps(contract), encoding="utf-8")
            documents.append(load(path))
        relation = Relation(Table(documents[0], documents[1], direction))
        left = relation.table.schema("base", documents[0].resolve(NODE))
        right = relation.table.schema("head", documents[1].resolve(NODE))
        return relation.compare(left, right)

    return compare


EQUAL = [
    ({"type": ["string", "null"]}, {"anyOf": [TEXT, {"type": "null"}]}),
    ({"enum": ["a", "b"]}, {"anyOf": [{"const": "b"}, {"const": "a"}]}),
    ({"type": "integer", "minimum": 1}, {"allOf": [{"type": "integer"}, {"minimum": 1}]}),
    ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0}),
    ({"not": TEXT}, {"type": ["null", "boolean", "number", "array", "object"]}),
    ({"type": "boolean"}, {"enum": [False, True]}),
    ({"type": "number", "multipleOf": 1}, {"type": "integer"}),
    (
        {"type": "object", "properties": {"a": TEXT}, "unevaluatedProperties": False},
        {"type": "object", "properties": {"a": TEXT}, "additionalProperties": False},
    ),
    ({"oneOf": [TEXT, {"type": "integer"}]}, {"anyOf": [{"type": "integer"}, TEXT]}),
    ({"oneOf": [{"required": ["a"]}, {"minLength": 1}]}, {"oneOf": [{"minLength": 1}, {"required": ["a"]}]}),
    ({"not": {"not": TEXT}}, TEXT),
    ({"type": "string", "if": {"type": "integer"}, "then": {"const": 1}}, TEXT),
    ({"type": "object", "required": ["a"], "properties": {"a": False}}, {"not": {}}),
    ({"type": "array", "items": TEXT, "unevaluatedItems": False}, {"type": "array", "items": TEXT}),
    ({"format": "int32", "allOf": [{"type": "integer"}]}, {"type": "integer", "format": "int32"}),
    (LIST, {**LIST, "properties": {**LIST["properties"], "v": {"anyOf": [TEXT]}}}),  # type: ignore[dict-item]
    (
        {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": TEXT}}]},
        {"type": "object", "required": ["a"], "properties": {"a": TEXT}},
    ),
]

NARROWER = [
    ({"type": "integer"}, {"type": "number"}),
    ({"type": "integer", "minimum": 2}, {"type": "integer", "minimum": 1}),
    ({"type": "number", "multipleOf": 0.2}, {"type": "number", "multipleOf": 0.1}),
    ({"type": "integer", "format": "int32"}, {"type": "integer", "format": "int64"}),
    ({"type": "string", "format": "uuid"}, TEXT),
    ({"type": "string", "pattern": "^a+$"}, TEXT),
    ({"type": "string", "not": {"enum": ["a"]}}, TEXT),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}),
    ({"type": "array", "items": TEXT, "uniqueItems": True}, {"type": "array", "items": TEXT}),
    ({"type": "array", "contains": TEXT, "minContains": 2}, {"type": "array", "contains": TEXT}),
    ({"type": "array", "prefixItems": [TEXT, TEXT]}, {"type": "array", "prefixItems": [TEXT]}),
    ({"type": "object", "required": ["a"]}, {"type": "object"}),
    ({"type": "object", "additionalProperties": False}, {"type": "object"}),
    ({"type": "object", "propertyNames": {"pattern": "^a"}}, {"type": "object"}),
    ({"type": "object", "patternProperties": {"^a": TEXT}}, {"type": "object"}),
    ({"type": "object", "dependentRequired": {"a": ["b"]}}, {"type": "object"}),
    ({"type": "object", "minProperties": 2}, {"type": "object", "minProperties": 1}),
    ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {}),
    (LIST, {**LIST, "properties": {"next": {"$ref": NODE}, "v": {"type": ["string", "integer"]}}}),
    ({"type": "array", "uniqueItems": True, "maxItems": 24}, {"type": "array", "uniqueItems": True, "maxItems": 25}),
    ({"type": "string", "maxLength": 9_999}, {"type": "string", "maxLength": 10_000}),
    (
        {"type": "object", "required": ["a"], "if": {"required": ["b"]}, "then": {"required": ["c"]}},
        {"required": ["a"]},
    ),
    ({"type": "object", "dependentSchemas": {"a": {"required": ["b"]}}}, {"type": "object"}),
    ({"type": "object", "allOf": [{"properties": {"a": TEXT}}], "unevaluatedProperties": False}, {"type": "object"}),
    ({"type": "array", "prefixItems": [TEXT], "unevaluatedItems": False}, {"type": "array"}),
    ({"type": "string", "pattern": "\\S", "maxLength": 5}, {"type": "string", "pattern": "\\S", "maxLength": 9}),
]


@pytest.mark.parametrize(("one", "two"), EQUAL)
def test_what_means_the_same_is_proven_both_ways(ask: Ask, one: object, two: object) -> None:
    assert ask(one, two) == ask(two, one) == Verdict("yes")


@pytest.mark.parametrize(("narrow", "wide"), NARROWER)
def test_what_is_narrower_is_proven_and_the_other_way_refuted(ask: Ask, narrow: object, wide: object) -> None:
    assert ask(narrow, wide).answer == "yes"
    assert ask(wide, narrow).answer == "no"


def test_what_cannot_be_told_is_unknown(ask: Ask) -> None:
    one, two = {"type": "string", "format": "x-card"}, {"type": "string", "format": "x-iban"}
    assert ask(one, two).answer == "unknown"


def test_equal_patterns_are_equal_and_others_are_not_assumed_to_be(ask: Ask) -> None:
    one, two = {"type": "string", "pattern": "^a+$"}, {"type": "string", "pattern": "^[ab]+$"}
    assert ask(one, one).answer == "yes"
    assert ask(one, two).answer == "unknown"
    assert ask(two, one).answer == "no"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, {"type": "integer", "minimum": 2}),
        ({"$ref": "#/components/schemas/X/x-y", "x-y": TEXT, "minLength": 3}, TEXT),
    ],
)
def test_the_words_of_3_0_mean_what_those_of_3_1_do(tmp_path: Path, old: Any, new: Any) -> None:  # noqa: ANN401
    documents: list[Document] = []
    for name, version, schema in (("old.json", "3.0.3", old), ("new.json", "3.1.0", new)):
        info = {"title": "t", "version": "1"}
        contract = {"openapi": version, "info": info, "paths": {}, "components": {"schemas": {"X": schema}}}
        (tmp_path / name).write_text(json.dumps(contract), encoding="utf-8")
        documents.append(load(tmp_path / name))
    relation = Relation(Table(documents[0], documents[1], "request"))
    left = relation.table.schema("base", documents[0].resolve(NODE))
    right = relation.table.schema("head", documents[1].resolve(NODE))
    assert relation.compare(left, right).answer == relation.compare(right, left).answer == "yes"


def test_properties_that_do_not_travel_are_not_compared(ask: Ask) -> None:
    one = {"type": "object", "properties": {"id": {"type": "integer", "readOnly": True}}, "required": ["id"]}
    two = {"type": "object", "properties": {"id": {"type": "string", "readOnly": True}}, "required": ["id"]}
    assert ask(one, two, "request").answer == "yes"
    assert ask(one, two, "response").answer == "no"


def test_a_sender_does_not_send_what_it_does_not_name(ask: Ask) -> None:
    one = {"type": "object", "properties": {"a": TEXT}}
    two = {"type": "object", "properties": {"a": TEXT, "b": TEXT}}
    assert ask(one, two).answer == "yes"
    assert ask(two, {**one, "additionalProperties": False}).answer == "no"


def test_a_recursive_schema_is_refuted_below_itself(ask: Ask) -> None:
    wide = {**LIST, "properties": {"next": {"$ref": NODE}, "v": {}}}
    verdict = ask(wide, {**LIST, "required": ["v"]})
    assert verdict.answer == "no"
