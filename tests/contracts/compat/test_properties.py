"""Properties that move between being named and being covered by a pattern or by what others may be."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.compat import DEFAULT_PROFILES, compare
from xptasks.contracts.compat.change import Change, Direction
from xptasks.contracts.compat.sample import schemas
from xptasks.contracts.document import Document, load

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
Compare = Callable[[Direction, Any, Any], dict[str, Change]]


def obj(rest: Any = None, patterned: Any = None, **properties: Any) -> dict[str, Any]:  # noqa: ANN401
    more = {"additionalProperties": rest} if rest is not None else {}
    return {"type": "object", "properties": properties, "patternProperties": patterned or {}, **more}


@pytest.fixture
def changes(tmp_path: Path) -> Compare:
    def read(name: str, value: Any) -> Document:  # noqa: ANN401
        (tmp_path / name).write_text(json.dumps(value), encoding="utf-8")
        return load(tmp_path / name)

    def find(direction: Direction, before: Any, after: Any) -> dict[str, Change]:  # noqa: ANN401
        pair = (read("old.json", schemas(direction, before)), read("new.json", schemas(direction, after)))
        return {change.rule: change for change in compare(*pair, profiles=DEFAULT_PROFILES, today=date(2026, 1, 1))}

    return find


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (obj(rest=False, a=TEXT), obj(rest=TEXT)),
        (obj(rest=False, a=TEXT), obj(rest={"type": ["string", "null"]})),
        (obj(rest=False, n_1=WHOLE), obj(rest=False, patterned={"^n_": {"type": "number"}})),
        (obj(a=TEXT), obj(rest=True)),
    ],
)
def test_a_property_that_is_still_taken_alarms_nobody(changes: Compare, before: Any, after: Any) -> None:  # noqa: ANN401
    found = changes("request", before, after)
    assert {change.severity for change in found.values()} == {"info"}
    assert "request-property-removed" in found


@pytest.mark.parametrize(("rest", "severity"), [(None, "warning"), (False, "warning"), (WHOLE, "info")])
def test_a_property_that_nothing_speaks_of_any_more_is_removed(
    changes: Compare,
    rest: Any,  # noqa: ANN401
    severity: str,
) -> None:
    found = changes("request", obj(rest=rest, a=WHOLE, b=WHOLE), obj(rest=rest, a=WHOLE))
    assert found["request-property-removed"].severity == severity


@pytest.mark.parametrize("before", [obj(rest=False, a=WHOLE), obj(rest=WHOLE)])
@pytest.mark.parametrize("after", [obj(rest=TEXT), obj(rest=TEXT, a=TEXT), obj(patterned={"^a": TEXT}, rest=False)])
def test_a_property_that_is_refused_where_it_went_has_a_witness(
    changes: Compare,
    before: Any,  # noqa: ANN401
    after: Any,  # noqa: ANN401
) -> None:
    errors = [change for change in changes("request", before, after).values() if change.severity == "error"]
    assert errors
    for change in errors:
        assert change.witness is not None
    errors = [change for change in changes("response", after, before).values() if change.severity == "error"]
    assert errors
    for change in errors:
        assert change.witness is not None


def test_a_closed_object_without_a_property_refuses_it_whatever_else_is_told(changes: Compare) -> None:
    found = changes("request", obj(rest=False, a=TEXT, b=TEXT), obj(rest=False, a=TEXT))
    assert {change.severity for change in found.values()} == {"warning", "error"}
    (error,) = (change for change in found.values() if change.severity == "error")
    assert error.witness is not None
    assert "b" in error.witness.instance


def test_a_condition_that_nothing_can_meet_may_be_any(changes: Compare) -> None:
    before, after = ({"type": "object", "dependentSchemas": {"a": inner}} for inner in (TEXT, WHOLE))
    assert {change.severity for change in changes("request", before, after).values()} == {"info"}


@pytest.mark.parametrize(
    ("before", "after", "witness"),
    [
        ({"dependentRequired": {"a": ["b"]}}, {"dependentRequired": {"a": ["c"]}}, {"a", "b"}),
        (
            {"dependentSchemas": {"a": {"required": ["b"]}}},
            {"dependentSchemas": {"a": {"required": ["c"]}}},
            {"a", "b"},
        ),
        (
            {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
            {"if": {"required": ["a"]}, "then": {"required": ["c"]}},
            {"a", "b"},
        ),
    ],
)
def test_a_changed_condition_is_refuted_by_what_met_the_old_one(
    changes: Compare,
    before: Any,  # noqa: ANN401
    after: Any,  # noqa: ANN401
    witness: set[str],
) -> None:
    for direction, pair in (("request", (before, after)), ("response", (after, before))):
        found = changes(direction, *({"type": "object", **schema} for schema in pair))  # type: ignore[arg-type]
        (error,) = (change for change in found.values() if change.severity == "error")
        assert error.witness is not None
        assert error.witness.instance.keys() == witness
