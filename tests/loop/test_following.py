"""Deployments followed by their commit: the decision by tables, then with a driver of numbers and a real journal."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.delivery import FakeClock, FakeDriver
from xptasks.delivery import lock
from xptasks.delivery.journal import Deployment, Journal
from xptasks.delivery.machine import Entry
from xptasks.delivery.plan import Plan, Stage
from xptasks.delivery.settings import DeploySettings
from xptasks.delivery.supervisor import Supervisor
from xptasks.errors import CannotRunError, ExitCode, OverBudgetError, UsageError
from xptasks.loop import deploy, following
from xptasks.loop.following import Next, Seen, Until
from xptasks.loop.target import Place

SETTINGS = DeploySettings.model_validate(
    {
        "stages": [{"weight": 10, "hold": "1m"}, {"weight": 100, "hold": "10s"}],
        "analysis": {"min_requests": 20, "patience": "0s"},
    }
)
PLAN = Plan("new", "old", stages=(Stage(10, 60), Stage(100, 10)), confirm=True)


def told(*entries: tuple[str, dict[str, Any]]) -> Deployment:
    made = tuple(Entry(float(at), kind, data) for at, (kind, data) in enumerate((("opened", {}), *entries)))
    return Deployment(1, PLAN, made)


OPENED = told()
CANARY = told(("stage", {"stage": 0}))
OBSERVED = told(("stage", {"stage": 0}), ("observed", {}))
CONFIRMED = told(("stage", {"stage": 0}), ("observed", {}), ("asked", {"what": "promote", "actor": "ci"}))
LAST = told(("stage", {"stage": 0}), ("observed", {}), ("stage", {"stage": 1}))
BACK = told(("stage", {"stage": 0}), ("back", {"trigger": "analysis", "why": "worse"}))


def ended(outcome: str) -> Deployment:
    return told(("closed", {"outcome": outcome, "why": "so"}))


@pytest.mark.parametrize(
    ("deployment", "until", "code", "promote"),
    [
        (OPENED, "canary", None, False),
        (CANARY, "canary", 0, False),
        (CANARY, "observed", None, False),
        (CANARY, "promoted", None, False),
        (OBSERVED, "canary", 0, False),
        (OBSERVED, "observed", 0, False),
        (OBSERVED, "promoted", None, True),
        (CONFIRMED, "promoted", None, False),
        (LAST, "observed", 0, False),
        (LAST, "promoted", None, False),
        (BACK, "canary", None, False),
        (BACK, "promoted", None, False),
        (ended("promoted"), "canary", 0, False),
        (ended("promoted"), "promoted", 0, False),
        (ended("rolled back"), "canary", 1, False),
        (ended("rolled back"), "observed", 1, False),
        (ended("failed"), "promoted", 6, False),
    ],
)
def test_what_follows(deployment: Deployment, until: Until, code: int | None, promote: bool) -> None:  # noqa: FBT001
    found = following.judge(Seen(deployment), until)
    assert (found.code, found.promote) == (code, promote)


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (Seen(None, starting=True), None),
        (Seen(None, serves=True), 0),
        (Seen(None), 3),
        (Seen(ended("rolled back"), starting=True), None),  # it is tried again
    ],
)
def test_what_follows_without_a_deployment(seen: Seen, code: int | None) -> None:
    assert following.judge(seen, "promoted").code == code


@dataclass
class Kept:
    """Releases: each of the commit `commit-NAME`."""

    commits: dict[str, str] = field(default_factory=dict)

    def find(self, release: str) -> Any:  # noqa: ANN401
        return type("Manifest", (), {"commit": f"commit-{release}"})


class BusyClock(FakeClock):
    """Time in which something happens: whoever sleeps lets the world go on."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[], object]] = []

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.meanwhile:
            self.meanwhile.pop(0)()


@pytest.fixture
def clock() -> BusyClock:
    return BusyClock()


@pytest.fixture
def place(tmp_path: Path, clock: BusyClock) -> Iterator[Place]:
    journal, driver = Journal(tmp_path / "journal.db"), FakeDriver(clock, conditions={}, shares={})

    def supervisor() -> Supervisor:
        return Supervisor(journal, driver, clock=clock)

    target = deploy.Target(tmp_path, driver, journal, SETTINGS, supervisor, clock)
    yield Place(target, Kept(), None, tmp_path, {})  # type: ignore[arg-type]
    journal.close()


def follow(place: Place, release: str, until: Until = "promoted", limit: float = 600.0) -> Next:
    return following.follow(place, f"commit-{release}", until, limit, actor="machine:ci", tell=lambda _: None)


def test_a_commit_that_serves_needs_nothing(place: Place) -> None:
    deploy.deploy(place.target, "a")
    assert follow(place, "a") == Next(ExitCode.OK, "promoted: nothing spoke against a in 10 s")


def test_promotion_is_asked_for_once_and_the_end_is_told(place: Place, clock: BusyClock) -> None:
    deploy.deploy(place.target, "a")
    plan = deploy.plan_for(place.target, "b", "a", confirm=True)
    number = place.target.journal.open(plan, clock.now())

    def add(kind: str, **data: object) -> Callable[[], None]:
        return lambda: place.target.journal.add(number, Entry(clock.now(), kind, data))

    clock.meanwhile = [
        add("stage", stage=0),
        add("observed"),
        lambda: None,
        add("stage", stage=1),
        add("closed", outcome="promoted", why="well"),
    ]
    with lock.held(place.target.home, "the supervisor"):
        assert follow(place, "b") == Next(ExitCode.OK, "promoted: well")
    asked = [entry.data for entry in place.target.journal.deployment(number).entries if entry.kind == "asked"]
    assert asked == [{"what": "promote", "actor": "machine:ci"}]


def test_what_nobody_deploys_is_said(place: Place) -> None:
    (place.target.home / "logs").mkdir()
    (place.target.home / "logs" / "deployment.log").write_text("no such commit\n", encoding="utf-8")
    with pytest.raises(CannotRunError, match="nothing is deployed of it") as caught:
        follow(place, "a")
    assert caught.value.hint == "no such commit"


def test_it_gives_up_in_time_and_leaves_the_deployment_alone(place: Place, clock: BusyClock) -> None:
    deploy.deploy(place.target, "a")
    number = place.target.journal.open(deploy.plan_for(place.target, "b", "a"), clock.now())
    with lock.held(place.target.home, "the supervisor"), pytest.raises(OverBudgetError, match="is not canary"):
        follow(place, "b", "canary", 5.0)
    assert not place.target.journal.deployment(number).state.outcome


def test_what_nobody_drives_ends_as_its_plan_says(place: Place, clock: BusyClock) -> None:
    deploy.deploy(place.target, "a")
    place.target.journal.open(deploy.plan_for(place.target, "b", "a"), clock.now())
    found = follow(place, "b")
    assert (found.code, found.why) == (1, "rolled back: the supervisor of this deployment died")


def undo(place: Place, release: str) -> Next:
    return following.undo(place, f"commit-{release}", actor="machine:ci", wait=5.0)


def test_only_what_is_under_way_of_that_commit_is_taken_back(place: Place, clock: BusyClock) -> None:
    deploy.deploy(place.target, "a")
    number = place.target.journal.open(deploy.plan_for(place.target, "b", "a"), clock.now())
    assert undo(place, "a") == Next(ExitCode.OK, "nothing to take back: it is promoted")
    assert undo(place, "c") == Next(ExitCode.OK, "nothing to take back: nothing was deployed of it")
    assert not place.target.journal.deployment(number).state.outcome
    assert undo(place, "b").why == "rolled back: machine:ci asked for it"
    assert undo(place, "b").code == 0


def test_a_first_deployment_that_is_taken_back_needs_a_human(place: Place, clock: BusyClock) -> None:
    place.target.journal.open(deploy.plan_for(place.target, "a", None), clock.now())
    assert undo(place, "a").code == 6


def test_a_word_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing is ever 'promote'"):
        following.until_of("promote")
