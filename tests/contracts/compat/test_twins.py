"""What is written alike, with all that it refers to."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.compat import DEFAULT_PROFILES, compare
from xptasks.contracts.compat.sample import schemas
from xptasks.contracts.compat.twins import Twins, equal
from xptasks.contracts.document import Document, load

X, Y, Z = (f"#/components/schemas/{name}" for name in "XYZ")
TODAY = date(2026, 1, 1)


def document(folder: Path, name: str, parts: dict[str, Any], version: str = "3.1.0", **more: Any) -> Document:  # noqa: ANN401
    info = {"title": "t", "version": "1"}
    value = {"openapi": version, "info": info, "paths": {}, "components": {"schemas": parts}, **more}
    (folder / name).write_text(json.dumps(value), encoding="utf-8")
    return load(folder / name)


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ({"X": {"type": "string"}}, {"X": {"type": "string"}, "Y": {}}, True),
        ({"X": {"const": 1}}, {"X": {"const": True}}, False),
        ({"X": {"$ref": Y}, "Y": {"description": "a"}}, {"X": {"$ref": Y}, "Y": {"description": "b"}}, False),
        ({"X": {"items": {"$ref": X}}}, {"X": {"items": {"$ref": X}}}, True),
        (
            {"X": {"$ref": Y}, "Y": {"items": {"$ref": Z}}, "Z": {"not": {"$ref": Y}, "minimum": 1}},
            {"X": {"$ref": Y}, "Y": {"items": {"$ref": Z}}, "Z": {"not": {"$ref": Y}, "minimum": 2}},
            False,
        ),
        (
            {"X": {"example": {"$ref": "nowhere.json"}}},
            {"X": {"example": {"$ref": "nowhere.json"}}},
            True,
        ),
    ],
)
def test_equal_text_counts_with_all_that_it_leads_to(tmp_path: Path, one: Any, two: Any, same: bool) -> None:  # noqa: ANN401, FBT001
    base, head = document(tmp_path, "one.json", one), document(tmp_path, "two.json", two)
    assert Twins(base, head).same(base.resolve(X), head.resolve(X)) is same


def test_the_same_words_mean_something_else_in_3_0(tmp_path: Path) -> None:
    parts = {"X": {"type": "string", "nullable": True}}
    base, head = document(tmp_path, "one.json", parts, "3.0.3"), document(tmp_path, "two.json", parts)
    assert not Twins(base, head).same(base.resolve(X), head.resolve(X))


def test_spaces_and_order_change_nothing(tmp_path: Path) -> None:
    value = schemas("request", {"type": "object", "required": ["a"]})
    (tmp_path / "one.json").write_text(json.dumps(value), encoding="utf-8")
    (tmp_path / "two.json").write_text(json.dumps(dict(reversed(value.items())), indent=3), encoding="utf-8")
    base, head = load(tmp_path / "one.json"), load(tmp_path / "two.json")
    assert base.digest != head.digest
    assert compare(base, head, profiles=DEFAULT_PROFILES, today=TODAY) == []


def test_equal_is_equal_as_json() -> None:
    assert equal({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert not equal({"a": 1}, {"a": True})
    assert not equal([0], [False])
