"""The published table says what becomes of each keyword; here is one proof for each cell of Python's column."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from xptasks.contracts.model import Model
from xptasks.contracts.model.keywords import LANGUAGES, REFUSED, TABLE
from xptasks.contracts.writing.guide import table, with_table

TORTURE = sorted((Path(__file__).parents[1] / "generate" / "torture").glob("*.json"))
# Keywords that only say how others are to be read, or that only people read, have no instance of their own.
SILENT = {
    *("$ref", "$id", "$anchor", "$defs", "definitions", "$schema", "$vocabulary", "$comment", "schema", "schemaFormat"),
    *("title", "description", "deprecated", "example", "examples", "externalDocs", "xml"),
    *("contentMediaType", "contentSchema", "contentEncoding", "default", "readOnly", "writeOnly", "nullable"),
    *("properties", "allOf", "then", "else", "minContains", "additionalItems", "unevaluatedItems", "dependencies"),
    *REFUSED,
}


def _schemas(value: Any) -> set[str]:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return set(value).union(*map(_schemas, value.values()))
    return set().union(*map(_schemas, value)) if isinstance(value, list) else set()


def test_every_keyword_that_can_be_broken_is_broken_in_the_torture_set() -> None:
    broken = {entry["keyword"] for path in TORTURE for entry in json.loads(path.read_text("utf-8"))["invalid"]}
    assert set(TABLE) - SILENT - broken == set()


def test_every_other_keyword_stands_in_the_torture_set_or_only_speaks_to_people() -> None:
    used = set().union(*(_schemas(json.loads(path.read_text("utf-8"))["schemas"]) for path in TORTURE))
    words = {keyword for keyword, row in TABLE.items() if row.python == "documented"}
    elsewhere = {"$id", "$anchor", "definitions", "schema", "dependencies", "additionalItems"}
    assert SILENT - used - words - REFUSED <= elsewhere


def test_every_row_treats_every_language() -> None:
    assert all(len(row) == len(LANGUAGES) + 1 for row in TABLE.values())


@pytest.mark.parametrize("keyword", sorted(REFUSED))
def test_what_is_refused_is_told(keyword: str, model_of: Callable[..., Model]) -> None:
    schemas = {"Subject": {"type": "object", keyword: "#x", "$anchor": "x"}}
    info = {"title": "T", "version": "1"}
    model = model_of({"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": schemas}})
    fatal = [trouble for trouble in model.troubles if trouble.fatal]
    assert [trouble.at.pointer for trouble in fatal] == ["/components/schemas/Subject"]
    assert keyword in fatal[0].message


@pytest.mark.parametrize("keyword", sorted(key for key, row in TABLE.items() if row.python == "documented"))
def test_what_is_documented_changes_nothing(
    keyword: str, model_of: Callable[..., Model], module_of: Callable[[Model], ModuleType]
) -> None:
    value: Any = {"examples": ["x"], "deprecated": True, "xml": {}, "externalDocs": {"url": "x"}}.get(keyword, "x")
    schemas = {"Subject": {"type": "object", "properties": {"a": {"type": "string", keyword: value}}}}
    info = {"title": "T", "version": "1"}
    model = model_of({"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": schemas}})
    assert model.troubles == ()
    assert module_of(model).Subject(a="y").a == "y"


def test_the_guide_shows_the_table() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guides" / "generating-types.md").read_text(encoding="utf-8")
    assert with_table(guide) == guide, "run python -m xptasks.contracts.writing.guide docs/guides/generating-types.md"
    assert table() in guide
