"""The verdict: what is allowed, what is out of order, what several baselines say together."""

import datetime as dt
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.contracts.compat.change import Change
from xptasks.contracts.compat.formats import show
from xptasks.contracts.compat.judgement import AllowList, Judged, Judgement, allow, covers, merge
from xptasks.contracts.settings import AllowedBreak
from xptasks.results import Finding, Position, Severity

TODAY = dt.date(2026, 11, 22)
TOMORROW, YESTERDAY = TODAY + dt.timedelta(days=1), TODAY - dt.timedelta(days=1)


def change(rule: str = "path-removed", severity: Severity = "error", at: str = "GET /a") -> Change:
    return Change(rule, severity, "operation", "none", at, "it went", Position("old.yaml", 1, 1), None)


def entry(rule: str = "path-removed", at: str = "GET /a", expires: dt.date = TODAY) -> AllowedBreak:
    return AllowedBreak(rule=rule, at=at, reason="unused", expires=expires)


def listed(*entries: AllowedBreak) -> AllowList:
    return AllowList(((one, Position("xpconfig.toml", 10 * n, 1)) for n, one in enumerate(entries, 1)), TODAY)


@pytest.mark.parametrize(
    ("written", "at", "expected"),
    [
        ("GET /a", "GET /a", True),
        ("GET /a", "GET /ab", False),
        ("GET /a*", "GET /ab 200 /x", True),
        ("GET /a", "POST /a", False),
        ("*", "GET /a", True),
        ("GET /a 200 /*", "GET /a 200 /*", True),
        ("GET /a 200 /*/b", "GET /a 200 /c/b", False),
        ("GET /a*b", "GET /acb", False),
    ],
)
def test_which_place_covers_which(written: str, at: str, expected: object) -> None:
    assert covers(written, at) is expected


@given(st.text(max_size=8), st.text(max_size=8))
def test_a_place_covers_itself_and_what_begins_with_it(start: str, rest: str) -> None:
    assert covers(start, start)
    assert covers(f"{start}*", start + rest)


@pytest.mark.parametrize(
    ("permission", "found", "problems"),
    [
        (entry(), change(), []),
        (entry(expires=TOMORROW), change(), []),
        (entry(expires=YESTERDAY), change(), ["allow-expired"]),
        (entry(rule="operation-removed"), change(), ["allow-unused"]),
        (entry(at="GET /b"), change(), ["allow-unused"]),
        (entry(), change(severity="warning"), []),
        (entry(), change(severity="info"), ["allow-unused"]),  # what alarms nobody needs no permission
        (entry(at="GET /b", expires=YESTERDAY), change(), ["allow-expired"]),
    ],
)
def test_only_what_is_needed_and_has_not_expired_is_in_order(
    permission: AllowedBreak, found: Change, problems: list[str]
) -> None:
    rules = listed(permission)
    (judged,) = allow([Judged(found, ("v1",))], [rules])
    assert [problem.rule for problem in rules.problems()] == problems
    assert (judged.allowed is not None) is (problems == [])
    for problem in rules.problems():
        assert str(problem.position) == "xpconfig.toml:10:1"
        assert problem.hint


@pytest.mark.parametrize(
    ("at", "place"),
    [("GET /a", ""), ("GET /b 200", "GET /b 200"), ("GET /b*", "GET /b 200"), ("GET *", ""), ("GET /b", None)],
)
def test_an_entry_for_one_place_of_a_shared_change_allows_all_of_it(at: str, place: str | None) -> None:
    shared = replace(change(), also=("GET /b 200", "POST /c"))
    rules = listed(entry(at=at))
    permission = rules.permission(shared)
    assert (None if permission is None else permission.place) == place
    assert [problem.rule for problem in rules.problems()] == ([] if place is not None else ["allow-unused"])


def test_an_expired_entry_for_another_place_allows_nothing() -> None:
    rules = listed(entry(at="GET /b 200", expires=YESTERDAY))
    assert rules.permission(replace(change(), also=("GET /b 200",))) is None
    assert [problem.rule for problem in rules.problems()] == ["allow-expired"]


def test_the_report_says_for_which_place_an_entry_was_written() -> None:
    shared = replace(change(), also=("GET /b 200",))
    judgement = Judgement(allow([Judged(shared, ("v1",))], [listed(entry(at="GET /b 200"))]), ("v1",))
    assert "written for GET /b 200" in show("text", judgement)
    assert "written for GET /b 200" in show("html", judgement)
    assert "at all of these places" in show("markdown", judgement)
    assert json.loads(show("json", judgement))["changes"][0]["allowed"]["place"] == "GET /b 200"


def test_every_list_is_asked_so_that_none_looks_needless() -> None:
    one, two = listed(entry()), listed(entry(at="GET*"))
    (judged,) = allow([Judged(change(), ("v1",))], [one, two])
    assert judged.allowed is not None
    assert judged.allowed.position.line == 10
    assert [*one.problems(), *two.problems()] == []


def test_what_was_allowed_too_long_may_be_allowed_by_another_entry() -> None:
    rules = listed(entry(expires=YESTERDAY), entry(expires=TOMORROW))
    (judged,) = allow([Judged(change(), ("v1",))], [rules])
    assert judged.allowed is not None
    assert judged.allowed.expires == TOMORROW
    assert [problem.rule for problem in rules.problems()] == ["allow-expired"]


def test_changes_of_several_baselines_are_told_once() -> None:
    merged = merge({"v1": [change(), change(at="GET /b")], "v2": [change(severity="warning"), change()]})
    assert [(one.change.at, one.change.severity, one.baselines) for one in merged] == [
        ("GET /a", "error", ("v1", "v2")),
        ("GET /b", "error", ("v1",)),
        ("GET /a", "warning", ("v2",)),
    ]


@pytest.mark.parametrize(
    ("severities", "problem", "expected"),
    [
        ([], None, {"error": 0, "warning": 0, "never": 0}),
        (["info"], None, {"error": 0, "warning": 0, "never": 0}),
        (["warning"], None, {"error": 0, "warning": 1, "never": 0}),
        (["error"], None, {"error": 1, "warning": 1, "never": 0}),
        ([], "error", {"error": 1, "warning": 1, "never": 0}),
        ([], "warning", {"error": 0, "warning": 0, "never": 0}),
    ],
)
def test_what_fails(severities: list[Severity], problem: Severity | None, expected: dict[str, int]) -> None:
    changes = tuple(Judged(change(severity=severity), ("v1",)) for severity in severities)
    problems = (Finding("stale", "allow-unused", problem),) if problem else ()
    judgement = Judgement(changes, ("v1",), problems)
    assert {level: judgement.exit_code(level) for level in ("error", "warning", "never")} == expected
