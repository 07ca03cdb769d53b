"""What a check says about a JSON value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from xptasks.probes.checks import contains, fault, same
from xptasks.probes.settings import Check

DOCUMENT = {"status": "ok", "count": 3, "on": True, "items": [{"id": 1}], "a/b": {"~": "x"}, "none": None}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "check",
    [
        {"pointer": ""},
        {"pointer": "/status", "equals": "ok"},
        {"pointer": "/status", "matches": "o."},
        {"pointer": "/count", "equals": 3.0},
        {"pointer": "/count", "min": 3, "max": 3},
        {"pointer": "/items/0/id", "equals": 1},
        {"pointer": "/items", "equals": [{"id": 1}]},
        {"pointer": "/a~1b/~0", "equals": "x"},
        {"pointer": "/none"},
    ],
    ids=str,
)
def test_what_is_true_passes(check: dict[str, Any]) -> None:
    assert fault(DOCUMENT, Check.model_validate(check)) == ""


@pytest.mark.parametrize(
    ("check", "says"),
    [
        ({"pointer": "/missing"}, "/missing does not exist in {"),
        ({"pointer": "/items/1"}, "/items/1 does not exist"),
        ({"pointer": "/items/00"}, "/items/00 does not exist"),
        ({"pointer": "/status/x"}, "/status/x does not exist"),
        ({"pointer": "/status", "equals": "bad"}, '/status: expected "bad", got "ok"'),
        ({"pointer": "/on", "equals": 1}, "/on: expected 1, got true"),
        ({"pointer": "/status", "matches": "o"}, '/status: expected a text that matches o, got "ok"'),
        ({"pointer": "/count", "matches": "3"}, "/count: expected a text that matches 3, got 3"),
        ({"pointer": "/count", "min": 4}, "/count: expected at least 4, got 3"),
        ({"pointer": "/count", "max": 2.5}, "/count: expected at most 2.5, got 3"),
        ({"pointer": "/on", "max": 2}, "/on: expected a number, got true"),
        ({"pointer": "", "equals": "x"}, 'the whole: expected "x"'),
    ],
    ids=str,
)
def test_what_is_not_true_is_told(check: dict[str, Any], says: str) -> None:
    assert says in fault(DOCUMENT, Check.model_validate(check))


@pytest.mark.parametrize("pointer", ["status", "/a~", "/a~2", "#/a"])
def test_what_is_no_pointer_is_refused(pointer: str) -> None:
    with pytest.raises(ValidationError, match="a JSON Pointer is empty or begins"):
        Check(pointer=pointer)


def test_what_is_no_regular_expression_is_refused() -> None:
    with pytest.raises(ValidationError, match="this is no regular expression"):
        Check(pointer="", matches="(")


@given(JSON, JSON)
def test_same_is_symmetric_and_implies_contains(one: object, other: object) -> None:
    assert same(one, one)
    assert same(one, other) == same(other, one)
    assert not same(one, other) or contains(one, other)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4), st.data())
def test_an_object_contains_each_of_its_parts(whole: dict[str, Any], data: st.DataObject) -> None:
    names = data.draw(st.sets(st.sampled_from(sorted(whole)))) if whole else set()
    assert contains({name: whole[name] for name in names}, whole)
    assert not contains({**whole, "a new key": 1}, whole)
