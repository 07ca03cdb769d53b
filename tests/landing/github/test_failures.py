"""One issue for each failure of the night: decided by tables, done against the fake GitHub."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.github.world import Issue, Pull
from tests.landing.github.conftest import TOKEN, Place
from xptasks.config.settings import Config
from xptasks.errors import UsageError
from xptasks.landing.github import body, failures
from xptasks.landing.github.failures import Act, Circumstances, Known, decide, observed
from xptasks.loop.landing import github as loop

NOW = Circumstances("2026-11-02", "https://github.example/runs/1")


def finding(rule: str = "tests/test_app.py::test_one", message: str = "assert 1 == 2", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    position = {"file": "tests/test_app.py", "line": 7, "column": None}
    return {"rule": rule, "message": message, "severity": "error", "position": position, "hint": "", **more}


def step(name: str = "unit", status: str = "failed", *findings: dict[str, Any]) -> dict[str, Any]:
    reading = {"status": status, "summary": "1 failed", "findings": list(findings), "measurements": [], "deferred": []}
    return {"step": name, "reading": reading, "seconds": 1.0, "cached": False, "rerun": f"nox -s nightly -- {name}"}


def result(*steps: dict[str, Any], run: str = "r1", tier: str = "nightly") -> dict[str, Any]:
    return {"schema": 1, "tier": tier, "run_id": run, "commit": "c" * 40, "steps": list(steps)}


RED = result(step("unit", "failed", finding()))
GREEN = result(step("unit", "passed"), run="r2")


def issue(act: Act, number: int = 5, *, state: str = "open", planned: bool = True) -> Known:
    return Known(number, state == "open", planned, act.text)


def opened() -> Act:
    (act,) = decide(observed([RED]), [], NOW)
    return act


def whats(results: list[dict[str, Any]], known: list[Known]) -> list[tuple[str, int]]:
    return [(act.what, act.number) for act in decide(observed(results), known, NOW)]


def test_a_new_failure_opens_an_issue_that_says_all() -> None:
    act = opened()
    assert (act.what, act.title) == ("open", "nightly: tests/test_app.py::test_one")
    for words in (
        "`unit`",
        "tests/test_app.py:7: assert 1 == 2",
        "`nox -s nightly -- unit`",
        "Seen once, on 2026-11-02 at cccccccccccc",
    ):
        assert words in act.text
    assert "(https://github.example/runs/1)" in act.text


@pytest.mark.parametrize(
    ("results", "state", "planned", "expected"),
    [
        ([result(step("unit", "failed", finding()), run="r9")], "open", True, "update"),
        ([RED], "open", True, "leave"),  # the same run, told again
        ([result(step("unit", "failed", finding()), run="r9")], "closed", True, "reopen"),
        ([result(step("unit", "failed", finding()), run="r9")], "closed", False, "leave"),
        ([GREEN], "open", True, "close"),
        ([GREEN], "closed", True, ""),
        ([result(step("unit", "skipped"))], "open", True, "leave"),
        ([result(step("unit", "unavailable"))], "open", True, "leave"),
        ([result(step("unit", "partial"))], "open", True, "leave"),
        ([result(step("other", "passed"))], "open", True, "leave"),
        ([result(step("unit", "passed"), tier="weekly")], "open", True, "leave"),
        ([], "open", True, "leave"),
    ],
)
def test_what_becomes_of_an_issue(results: list[dict[str, Any]], state: str, planned: bool, expected: str) -> None:  # noqa: FBT001
    known = issue(opened(), state=state, planned=planned)
    assert whats(results, [known]) == ([(expected, 5)] if expected else [])


def test_a_step_that_breaks_closes_nothing_and_is_a_failure_itself() -> None:
    acts = decide(observed([result(step("unit", "timed out"), run="r2")]), [issue(opened())], NOW)
    assert [(act.what, act.title) for act in acts] == [
        ("open", "nightly: unit gives no verdict: timed out"),
        ("leave", ""),
    ]


def test_it_is_only_gone_when_as_many_results_say_so() -> None:
    """Of three Pythons one fails; the next night that one's result is missing."""
    (act,) = decide(observed([RED, GREEN, GREEN]), [], NOW)
    assert whats([GREEN, GREEN], [issue(act)]) == [("leave", 5)]
    assert whats([GREEN, GREEN, GREEN], [issue(act)]) == [("close", 5)]


def test_neither_lines_nor_numbers_make_another_failure() -> None:
    one = finding("F401", "`os` at 0x7f01 took 3.5 s")
    two = finding("F401", "`os` at 0x9a02 took 4.1 s", position={"file": "tests/test_app.py", "line": 99, "column": 3})
    first, second = (observed([result(step("lint", "failed", each))]) for each in (one, two))
    assert first.failures.keys() == second.failures.keys()
    moved = finding("F401", "`os` at 0x7f01 took 3.5 s", position={"file": "other.py", "line": 7, "column": None})
    assert observed([result(step("lint", "failed", moved))]).failures.keys() != first.failures.keys()


def test_many_findings_of_one_step_are_one_issue() -> None:
    many = [finding(f"tests/test_app.py::test_{number}") for number in "abcdefghijklmnop"]
    night = observed([result(step("unit", "failed", *many))])
    acts = decide(night, [], NOW)
    assert [act.title for act in acts] == ["nightly: unit fails in more than 10 places"]
    # One that had an issue of its own before is still there, so that it is not closed.
    (single,) = decide(observed([result(step("unit", "failed", many[0]))]), [], NOW)
    assert whats([result(step("unit", "failed", *many), run="r2")], [issue(single)]) == [("open", 0)]


def test_one_that_was_told_twice_is_told_once() -> None:
    act = opened()
    acts = decide(observed([result(step("unit", "failed", finding()), run="r2")]), [issue(act, 8), issue(act, 5)], NOW)
    assert [(each.what, each.number, each.comment) for each in acts] == [
        ("update", 5, ""),
        ("close", 8, "The same as #5."),
    ]


def test_what_people_wrote_stays_and_their_issues_are_theirs() -> None:
    act = opened()
    theirs = Known(4, open=True, planned=True, text="Please look at the nightly build.")
    ours = replace(issue(act), text=f"I look at it. Ann\n\n{act.text}")
    acts = decide(observed([result(step("unit", "failed", finding()), run="r2")]), [theirs, ours], NOW)
    assert [each.number for each in acts] == [5]
    assert acts[0].text.startswith("I look at it. Ann\n\n<!-- xptasks: begin")
    assert "Seen 2 times since 2026-11-02" in acts[0].text


@pytest.mark.parametrize("hostile", ["```\n@everyone\n```", "<!-- xptasks: end -->", "\x1b[31m\x00", "`" * 9 + "\n# x"])
def test_hostile_messages_stay_inside_their_fence(hostile: str) -> None:
    (act,) = decide(observed([result(step("unit", "failed", finding(message=hostile)))]), [], NOW)
    fences = [line for line in act.text.splitlines() if re.fullmatch("`{3,}(text)?", line)]
    outer = [fences[0].removesuffix("text"), fences[-1]]
    assert outer[0] == outer[1]
    assert all(len(fence) < len(outer[0]) for fence in fences[1:-1])
    assert "\x1b" not in act.text
    assert body.with_section(act.text, "x") == body.with_section("", "x")


# against the fake


def forge_of(place: Place) -> Any:  # noqa: ANN401
    config = Config.model_validate({"version": 1, "project": {"name": "projects", "sources": ["."]},
                                    "landing": place.settings().model_dump(mode="json")})  # fmt: skip
    return loop.connected(config, place.clone.path, place.environ(), place.clock.time())


def report(place: Place, *results: Mapping[str, Any], day: str = "2026-11-02") -> list[tuple[str, int]]:
    at = forge_of(place)
    acts = loop.decide_failures(at, results, Circumstances(day))
    return [(act.what, act.number) for act in loop.perform(at, acts)]


@pytest.mark.pr
def test_an_issue_lives_from_red_to_green_to_red(place: Place) -> None:
    place.world.pulls[3] = Pull(3, "b", "main", "t", "", labels=["nightly-failure"])  # GitHub lists these, too
    ((_, number),) = report(place, RED)
    assert place.world.issues[number].labels == ["nightly-failure"]
    assert report(place, {**RED, "run_id": "r2"}) == [("update", number)]
    assert report(place, {**GREEN, "run_id": "r3"}) == [("close", number)]
    found = place.world.issues[number]
    assert (found.state, found.reason) == ("closed", "completed")
    assert report(place, {**RED, "run_id": "r4"}, day="2026-11-05") == [("reopen", number)]
    assert found.state == "open"
    assert [comment.body.split(",")[0] for comment in found.comments] == ["It is gone", "It fails again"]
    assert "Seen 3 times since 2026-11-02, last on 2026-11-05" in found.body
    assert len(place.world.issues) == 1


@pytest.mark.pr
def test_a_token_that_a_failing_test_printed_is_hidden(place: Place) -> None:
    said = f"expected {TOKEN} to be there"
    ((_, number),) = report(place, result(step("lint", "failed", finding("X1", said))))
    found = place.world.issues[number]
    assert TOKEN not in found.title + found.body
    assert "***" in found.title
    assert "***" in found.body


@pytest.mark.pr
def test_people_who_closed_it_as_not_planned_are_heard(place: Place) -> None:
    ((_, number),) = report(place, RED)
    found = place.world.issues[number]
    found.state, found.reason = "closed", "not_planned"
    assert report(place, {**RED, "run_id": "r2"}) == [("leave", number)]
    assert found.state == "closed"


@pytest.mark.pr
def test_many_issues_are_all_read(place: Place) -> None:
    place.world.page_size = 2
    place.world.issues = {number: Issue(number, "t", "theirs", ["nightly-failure"]) for number in range(1, 6)}
    ((_, number),) = report(place, RED)
    assert report(place, {**RED, "run_id": "r2"}) == [("update", number)]


@pytest.mark.pr
def test_results_are_read_from_folders(place: Place) -> None:
    for number, each in enumerate((RED, GREEN)):
        place.clone.write(f"found/gate-{number}/.xp/last-run.json", json.dumps(each))
    assert [each["run_id"] for each in loop.results(place.clone.path, ["found"])] == ["r1", "r2"]
    for name in ("nothing", "empty"):
        (place.clone.path / name).mkdir()
    with pytest.raises(UsageError, match=r"there is no last-run\.json in nothing, empty"):
        loop.results(place.clone.path, ["nothing", "empty"])


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', "\xff"])
@pytest.mark.pr
def test_what_is_no_result_is_said(text: str, place: Place) -> None:
    place.clone.write("last-run.json", text.encode("latin-1"))
    with pytest.raises(UsageError):
        loop.results(place.clone.path, ["last-run.json"])


def test_the_link_of_a_run() -> None:
    environ = {"GITHUB_SERVER_URL": "https://g.example", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7"}
    assert loop.run_link(environ) == "https://g.example/a/b/actions/runs/7"
    assert loop.run_link({}) == ""
    assert failures.MOST == 10
