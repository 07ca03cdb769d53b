"""What a project may ask for beyond not breaking anybody: versions that move, notice of removal; what softens."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.compat import compare
from xptasks.contracts.compat.change import Change, Policy
from xptasks.contracts.compat.sample import OK, contract, events, operation, parameter
from xptasks.contracts.document import load

TODAY = date(2026, 11, 22)
SEMVER = Policy(semver=True)
NOTICE = Policy(notice={"stable": 30, "beta": 10})
Compare = Callable[..., list[Change]]


@pytest.fixture
def changes(tmp_path: Path) -> Compare:
    def find(before: Any, after: Any, policy: Policy) -> list[Change]:  # noqa: ANN401 - contracts are plain values
        documents = []
        for name, value in (("before.json", before), ("after.json", after)):
            (tmp_path / name).write_text(json.dumps(value), encoding="utf-8")
            documents.append(load(tmp_path / name))
        return compare(*documents, profiles=("wire", "client"), today=TODAY, policy=policy)

    return find


def version(number: str, *paths: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    items = {path: {"get": {"responses": OK | more}} for path in paths}
    return contract(info={"title": "Example", "version": number}, paths=items)


Sides = tuple[tuple[str, ...], tuple[str, ...], dict[str, Any]]
MISSING = {"404": {"description": "missing"}}
BREAK: Sides = (("/a", "/b"), ("/a",), {})
ADDITION: Sides = (("/a",), ("/a", "/b"), {})
OTHER: Sides = (("/a",), ("/a",), MISSING)
NOTHING: Sides = (("/a",), ("/a",), {})


@pytest.mark.parametrize(
    ("sides", "old", "new", "expected"),
    [
        (BREAK, "1.2.3", "2.0.0", None),
        (BREAK, "1.2.3", "1.3.0", "major"),
        (BREAK, "1.2.3", "1.2.3", "major"),
        (BREAK, "1.2.3", "1.2.2", "decreased"),
        (BREAK, "0.2.3", "0.3.0", None),
        (BREAK, "0.2.3", "0.2.4", "major"),
        (BREAK, "0.2.3", "1.0.0", None),
        (BREAK, "v1.0.0", "v2.0.0-rc.1+x", None),
        (ADDITION, "1.2.3", "1.3.0", None),
        (ADDITION, "1.2.3", "2.0.0", None),
        (ADDITION, "1.2.3", "1.2.4", "minor"),
        (ADDITION, "0.2.3", "0.2.4", None),
        (ADDITION, "0.2.3", "0.2.3", "minor"),
        (OTHER, "1.2.3", "1.2.4", None),
        (OTHER, "1.2.3", "1.2.3", "patch"),
        (NOTHING, "1.2.3", "1.2.3", None),
        (NOTHING, "1.2.3", "1.2.2", "decreased"),
        (NOTHING, "tuesday", "tuesday", None),
        (OTHER, "1.2.3", "1.3", "unreadable"),
        (OTHER, "tuesday", "tuesday", "unreadable"),
        (OTHER, "tuesday", "1.0.0", None),
        (OTHER, "1.0.0", "1.0.01", "unreadable"),
    ],
)
def test_a_version_moves_as_far_as_the_changes_demand(
    sides: Sides, old: str, new: str, expected: str | None, changes: Compare
) -> None:
    before, after, more = sides
    found = changes(version(old, *before, **more), version(new, *after), SEMVER)
    rules = [change.rule.removeprefix("version-").removesuffix("-missing") for change in found if change.at == "info"]
    assert rules == ([expected] if expected else [])
    assert all(change.severity == "error" for change in found if change.at == "info")


def test_a_message_names_the_lowest_version_that_would_do(changes: Compare) -> None:
    for old, expected in (("1.2.3", "2.0.0"), ("0.2.3", "0.3.0")):
        found = changes(version(old, "/a", "/b"), version(old, "/a"), SEMVER)
        (told,) = [change.message for change in found if change.at == "info"]
        assert told == f"the version is {old}, and something breaks: it has to be {expected} or later"


def test_nothing_is_asked_for_without_a_policy(changes: Compare) -> None:
    found = changes(version("2.0.0", "/a", "/b"), version("1.0.0", "/a"), Policy())
    assert [change.rule for change in found] == ["path-removed"]
    assert changes(operation(), operation(deprecated=True), Policy())[0].severity == "info"


def test_events_have_versions_too(changes: Compare) -> None:
    one = events("send", {"a": {"payload": {"type": "string"}}})
    info = {"title": "Example", "version": "1.0.0"}
    found = changes(one | {"info": info}, one | {"info": info, "operations": {}}, SEMVER)
    assert "version-major-missing" in [change.rule for change in found]


@pytest.mark.parametrize("make", [operation, parameter])
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, "sunset-missing"),
        ({"x-sunset": "2026-12-22"}, None),
        ({"x-sunset": "2026-12-21"}, "notice-short"),
        ({"x-sunset": "2026-12-22T10:00:00Z"}, None),
        ({"x-sunset": "soon"}, "sunset-invalid"),
        ({"x-sunset": "2026-12-02", "x-stability-level": "beta"}, None),
        ({"x-sunset": "2026-12-01", "x-stability-level": "beta"}, "notice-short"),
        ({"x-stability-level": "alpha"}, None),
    ],
)
def test_notice_is_given_as_long_as_was_promised(
    make: Callable[..., Any], said: dict[str, str], expected: str | None, changes: Compare
) -> None:
    level = {key: value for key, value in said.items() if key == "x-stability-level"}
    found = changes(make(**level), make(deprecated=True, **said), NOTICE)
    area = "operation" if make is operation else "parameter"
    assert [change.rule for change in found if change.severity == "error"] == (
        [f"{area}-{expected}"] if expected else []
    )


def test_what_was_deprecated_before_needs_no_more_notice(changes: Compare) -> None:
    old = operation(deprecated=True)
    assert [change.severity for change in changes(old, operation(deprecated=True, tags=["a"]), NOTICE)] == ["info"]


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ({}, {"deprecated": True, "x-sunset": "soon"}, "operation-sunset-invalid"),
        ({"deprecated": True, "x-sunset": "2027-01-01"}, {"deprecated": True}, "operation-sunset-removed"),
        (
            {"deprecated": True, "x-sunset": "2027-01-01"},
            {"deprecated": True, "x-sunset": "2026-12-01"},
            "operation-sunset-earlier",
        ),
    ],
)
def test_a_draft_may_change_but_not_what_is_announced_about_it(
    before: dict[str, Any], after: dict[str, Any], rule: str, changes: Compare
) -> None:
    needed = [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}]
    level = {"x-stability-level": "draft"}
    found = changes(operation(**level, **before), operation(**level, **after, parameters=needed), Policy())
    severities = {change.rule: change.severity for change in found}
    assert severities[rule] == "error"
    assert severities["parameter-required-added"] == "info"


def test_whoever_lowers_a_level_does_not_soften_what_else_changes(changes: Compare) -> None:
    needed = [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}]
    found = changes(
        operation(**{"x-stability-level": "beta"}),
        operation(**{"x-stability-level": "draft"}, parameters=needed),
        Policy(),
    )
    assert {change.rule: change.severity for change in found} == {
        "operation-stability-decreased": "error",
        "parameter-required-added": "error",
    }
