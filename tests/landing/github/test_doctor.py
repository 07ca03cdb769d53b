"""The doctor: what it says about every way in which a repository may be set up, and that it changes nothing."""

from collections.abc import Callable
from copy import deepcopy

import pytest

from tests.fakes.github.world import MERGE_QUEUE, World, approvals, requires
from tests.landing.github.conftest import WORKFLOW, Place
from tests.landing.github.test_failures import forge_of
from xptasks.errors import ConfigError
from xptasks.landing.github import doctor
from xptasks.landing.github.doctor import Point
from xptasks.landing.github.refusals import RefusedError
from xptasks.loop.landing import github as loop

pytestmark = pytest.mark.pr  # each asks a server, and git

FILE = ".github/workflows/autonomous.yml"


def wrong(points: list[Point], verdict: str = "wrong") -> dict[str, str]:
    return {point.name: point.found for point in points if point.verdict == verdict}


def test_what_is_in_order(place: Place) -> None:
    before = deepcopy((place.world.pulls, place.world.checks, place.world.git("for-each-ref")))
    points = loop.examine(forge_of(place))
    assert wrong(points) == {}
    assert wrong(points, "note") == {}
    assert wrong(points, "unknown") == {}
    assert doctor.exit_code(points) == 0
    assert (place.world.pulls, place.world.checks, place.world.git("for-each-ref")) == before


def workflow(text: str) -> Callable[[World], object]:
    return lambda world: world.push("main", {FILE: text})


def setting(**changes: object) -> Callable[[World], object]:
    def change(world: World) -> None:
        for name, value in changes.items():
            setattr(world, name, value)

    return change


WRONG = [
    (setting(auto_merge=False), "auto-merge", "not allowed"),
    (setting(squash=False), "method", "the repository does not allow squash"),
    (setting(rules=[]), "guard", "main requires no check, so that auto-merge merges at once"),
    (setting(rules=[requires("lint")]), "guard", "main requires lint, but not gate"),
    (setting(rules=[requires("gate", app=None)]), "who reports it", "anybody who may write statuses can fake it"),
    (setting(bypass="always"), "ruleset 7", "coder-bot may bypass it (always)"),
    (setting(bypass="pull_requests_only"), "ruleset 7", "coder-bot may bypass it (pull_requests_only)"),
    (setting(permissions={"contents": "write", "statuses": "write"}), "pull_requests: write", "missing"),
    (setting(permissions={"contents": "read", "pull_requests": "write", "statuses": "write"}), "contents: write",
     "missing"),
    (workflow("on: push\njobs: {gate: {}}"), "workflow", "autonomous.yml does not run on pull_request"),
    (workflow("on: pull_request\njobs: {other: {}}"), "workflow", "none on main has a job gate"),
    (workflow("on: [pull_request, pull_request_target]\njobs: {gate: {}}"), "strangers",
     "autonomous.yml runs on pull_request_target"),
    (workflow("on: pull_request\njobs: {gate: {needs: [a]}}"), "aggregate",
     "gate in autonomous.yml is skipped when a job before it fails"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "name", "found"), WRONG)
def test_what_is_wrong(change: Callable[[World], object], name: str, found: str, place: Place) -> None:
    change(place.world)
    points = loop.examine(forge_of(place))
    assert wrong(points) == {name: found}
    assert doctor.exit_code(points) == 1
    (remedy,) = (point.remedy for point in points if point.verdict == "wrong")
    assert remedy


NOTES = [
    (setting(delete_branch=False), "branches"),
    (setting(viewer="github-actions[bot]"), "what a landing starts"),
    (setting(rules=[requires("gate", "docs")]), "other checks"),
    (setting(rules=[requires("gate", strict=True)]), "up to date"),
    (setting(rules=[requires("gate"), approvals(2)]), "reviews"),
]


@pytest.mark.parametrize(("change", "name"), NOTES)
def test_what_is_worth_knowing(change: Callable[[World], object], name: str, place: Place) -> None:
    change(place.world)
    points = loop.examine(forge_of(place))
    assert list(wrong(points, "note")) == [name]
    assert doctor.exit_code(points) == 0


def test_a_queue_needs_its_trigger(place: Place) -> None:
    place.world.rules = [requires("gate"), MERGE_QUEUE]
    assert wrong(loop.examine(forge_of(place))) == {}
    place.world.push("main", {FILE: WORKFLOW.replace(", merge_group", "")})
    assert wrong(loop.examine(forge_of(place))) == {"merge queue": "autonomous.yml does not run on merge_group"}


def test_administrators_and_another_ci(place: Place) -> None:
    required = {"enforcement_level": "non_admins", "contexts": [], "checks": [{"context": "gate", "app_id": 99}]}
    place.world.rules, place.world.protection = [], {"enabled": True, "required_status_checks": required}
    place.world.push("main", {FILE: "on: push\njobs: {}"})
    points = loop.examine(forge_of(place))
    assert list(wrong(points, "note")) == ["administrators", "workflow"]


def test_a_trunk_that_is_not_there(place: Place) -> None:
    place.world.git("update-ref", "-d", "refs/heads/main")
    with pytest.raises(ConfigError, match="example/projects has no branch main"):
        loop.examine(forge_of(place))


def test_a_token_that_nobody_knows(place: Place) -> None:
    place.world.token = "another"
    with pytest.raises(RefusedError, match="401"):
        loop.examine(forge_of(place))


def test_how_it_is_shown(place: Place) -> None:
    place.world.auto_merge = False
    text = loop.points_as_text(loop.examine(forge_of(place)))
    assert "wrong    auto-merge            not allowed\n" in text
    assert "Settings, General, Pull Requests: Allow auto-merge\n" in text
