"""The supervisor with a driver and a clock of numbers, and a real journal."""

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.fakes.delivery import FakeClock, FakeDriver
from xptasks.delivery.driver import Capability, Counters
from xptasks.delivery.journal import Journal
from xptasks.delivery.machine import Entry
from xptasks.delivery.plan import Plan, Stage
from xptasks.delivery.supervisor import Supervisor, WallClock
from xptasks.errors import CannotRunError

PLAN = Plan("new", "old", stages=(Stage(10, 120.0), Stage(100, 10.0)), min_requests=100)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def driver(clock: FakeClock) -> FakeDriver:
    return FakeDriver(clock)


@pytest.fixture
def supervisor(tmp_path: Path, clock: FakeClock, driver: FakeDriver) -> Iterator[Supervisor]:
    journal = Journal(tmp_path / "journal.db")
    yield Supervisor(journal, driver, clock=clock)
    journal.close()


def acts(supervisor: Supervisor) -> list[str]:
    latest = supervisor.journal.latest()
    assert latest is not None
    return [entry.data["act"] for entry in latest.entries if entry.kind == "done"]


def test_a_good_release_takes_over(supervisor: Supervisor, driver: FakeDriver) -> None:
    finished = supervisor.run(supervisor.journal.open(PLAN, 1000.0))
    assert finished.outcome == "promoted"
    assert driver.shares == {"new": 100}
    assert acts(supervisor) == ["start new", "split new 10 %, old 90 %", "split new 100 %"]


def test_a_bad_release_goes_back_in_time(supervisor: Supervisor, driver: FakeDriver, clock: FakeClock) -> None:
    driver.bad = {"new": 2}
    finished = supervisor.run(supervisor.journal.open(PLAN, 1000.0))
    assert finished.outcome == "rolled back"
    assert "errors: " in finished.why
    assert clock.time - 1000 < 60
    assert driver.shares == {"old": 100}
    assert driver.conditions == {"old": "ready"}


def test_errors_that_both_have_do_not_stop_a_release(supervisor: Supervisor, driver: FakeDriver) -> None:
    driver.bad = {"new": 2, "old": 2}
    assert supervisor.run(supervisor.journal.open(PLAN, 1000.0)).outcome == "promoted"


def test_a_probe_that_complains_rolls_back(supervisor: Supervisor) -> None:
    supervisor.probe = lambda _plan, now: "health answers 503" if now > 1020 else ""
    finished = supervisor.run(supervisor.journal.open(PLAN, 1000.0))
    assert (finished.outcome, finished.why) == ("rolled back", "health answers 503")


def test_a_release_that_stays_unhealthy_rolls_back_and_one_that_recovers_does_not(
    supervisor: Supervisor, driver: FakeDriver, clock: FakeClock
) -> None:
    def sick(_plan: Plan, now: float) -> str:
        driver.conditions["new"] = "unhealthy" if 1010 < now < 1013 or now > 1030 else "ready"
        return ""

    supervisor.probe = sick
    assert supervisor.run(supervisor.journal.open(PLAN, 1000.0)).why == "new failed its health check for 5 s"
    assert clock.time == pytest.approx(1035, abs=1)


def test_a_release_that_holds_too_much_memory_rolls_back(supervisor: Supervisor, driver: FakeDriver) -> None:
    plan = Plan("new", "old", stages=PLAN.stages, min_requests=100, max_memory=100 * 2**20)

    def grows(_plan: Plan, now: float) -> str:
        driver.resident["new"] = int((now - 1000) * 10 * 2**20)
        return ""

    supervisor.probe = grows
    assert "MiB, allowed are 100" in supervisor.run(supervisor.journal.open(plan, 1000.0)).why


def test_an_act_that_fails_once_is_tried_again(supervisor: Supervisor, driver: FakeDriver) -> None:
    driver.broken = {"split": 2}
    assert supervisor.run(supervisor.journal.open(PLAN, 1000.0)).outcome == "promoted"
    latest = supervisor.journal.latest()
    assert latest is not None
    assert [entry.data["why"] for entry in latest.entries if entry.kind == "failed"] == ["cannot split"] * 2


def test_what_people_ask_for_is_heard(supervisor: Supervisor, clock: FakeClock) -> None:
    number = supervisor.journal.open(PLAN, 1000.0)
    supervisor.tell = lambda now, text: (
        supervisor.journal.add(number, Entry(now, "asked", {"what": "abort", "actor": "ann"}))
        if text.startswith("stage 1")
        else None
    )
    finished = supervisor.run(number)
    assert (finished.outcome, finished.why) == ("rolled back", "ann asked for it")
    assert clock.time - 1000 < 2


@pytest.mark.parametrize(("rule", "outcome"), [("rollback", "rolled back"), ("resume", "promoted")])
def test_a_successor_ends_what_a_dead_supervisor_began(
    supervisor: Supervisor, driver: FakeDriver, rule: str, outcome: str
) -> None:
    plan = Plan("new", "old", stages=PLAN.stages, min_requests=100, on_crash=rule)  # type: ignore[arg-type]
    journal = supervisor.journal
    number = journal.open(plan, 1000.0)
    driver.start("new")
    journal.add(number, Entry(1001.0, "stage", {"stage": 0}))
    driver.split({"new": 10, "old": 90})
    journal.add(number, Entry(1002.0, "begin", {"act": "split new 10 %, old 90 %"}))
    assert supervisor.take_over(journal.deployment(number)).outcome == outcome


def test_callers_stick_only_while_two_releases_serve(supervisor: Supervisor, driver: FakeDriver) -> None:
    supervisor.sticky = True
    driver.bad = {"new": 5}
    supervisor.run(supervisor.journal.open(PLAN, 1000.0))
    assert driver.sticky == [True, False]


def test_what_cannot_be_journalled_is_not_done(supervisor: Supervisor, driver: FakeDriver) -> None:
    number = supervisor.journal.open(PLAN, 1000.0)
    add = supervisor.journal.add

    def full(deployment: int, entry: Entry) -> None:
        if entry.kind == "begin":
            raise CannotRunError("database or disk is full")
        add(deployment, entry)

    supervisor.journal.add = full  # type: ignore[method-assign]
    with pytest.raises(CannotRunError, match="disk is full"):
        supervisor.run(number)
    assert driver.conditions == {"old": "ready"}
    assert driver.shares == {"old": 100}


def test_what_the_releases_say_of_themselves_is_compared_where_the_driver_counts_nothing(
    supervisor: Supervisor, driver: FakeDriver, clock: FakeClock
) -> None:
    driver.capabilities = frozenset({Capability.WEIGHTS})

    def said(releases: Iterable[str]) -> Mapping[str, Counters]:
        assert tuple(releases) == ("new", "old")
        asked = int(clock.now() - 1000) * 10
        fast = {"new": asked // 2, "old": asked}
        return {name: Counters(asked, bounds=(0.1,), durations=(quick, asked)) for name, quick in fast.items()}

    supervisor.counters = said
    finished = supervisor.run(supervisor.journal.open(PLAN, 1000.0))
    assert finished.outcome == "rolled back"
    assert "slow: " in finished.why


def test_without_a_proxy_nobody_waits_for_the_watcher(supervisor: Supervisor, driver: FakeDriver) -> None:
    driver.died, driver.shares = {"proxy", "old"}, None
    repair = driver.repair

    def repaired(*, releases: bool = True) -> tuple[str, ...]:
        if driver.died == {"proxy", "old"} and not said:
            said.append("once")
            raise CannotRunError("the public port 80 is taken by another process")
        driver.shares = {"old": 100}
        return repair(releases=releases)

    said: list[str] = []
    driver.repair = repaired  # type: ignore[method-assign]
    supervisor.tell = lambda _now, text: said.append(text)
    assert supervisor.run(supervisor.journal.open(PLAN, 1000.0)).outcome == "promoted"
    assert "the public port 80 is taken by another process" in said
    assert "proxy had died and was started again" in said
    assert driver.died == {"old"}


def test_a_proxy_that_dies_while_it_is_asked_ends_no_deployment(supervisor: Supervisor, driver: FakeDriver) -> None:
    counters, asked = driver.counters, iter(range(100))

    def dying() -> Mapping[str, Counters]:
        if next(asked, 0) % 2:
            raise CannotRunError("the proxy does not answer")
        return counters()

    driver.counters = dying  # type: ignore[method-assign]
    assert supervisor.run(supervisor.journal.open(PLAN, 1000.0)).outcome == "promoted"


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_whoever_sets_the_clock_moves_no_stage(monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    clock, set_by = WallClock(), time.time
    monkeypatch.setattr(time, "time", lambda: set_by() + jump)
    assert abs(clock.now() - set_by()) < 60


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_successor_whose_clock_was_set_begins_the_stage_again(
    supervisor: Supervisor, driver: FakeDriver, clock: FakeClock, jump: float
) -> None:
    plan = Plan("new", "old", stages=PLAN.stages, min_requests=100, on_crash="resume")
    number = supervisor.journal.open(plan, clock.time)
    driver.start("new")
    supervisor.journal.add(number, Entry(clock.time, "stage", {"stage": 0}))
    driver.split({"new": 10, "old": 90})
    began = clock.time = clock.time + jump
    driver._last = began
    assert supervisor.take_over(supervisor.journal.deployment(number)).outcome == "promoted"
    watched = sum(stage.hold for stage in plan.stages)
    assert watched <= clock.time - began < watched + 10


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_clock_that_jumps_gives_a_bad_release_no_more_traffic(
    supervisor: Supervisor, driver: FakeDriver, clock: FakeClock, jump: float
) -> None:
    """As with a clock that is not ours: before it is known how good a release is, time alone does not promote it."""
    driver.bad = {"new": 3}

    def tell(_now: float, text: str) -> None:
        if text.startswith("split new 10 %"):
            clock.time += jump
            driver._last = clock.time

    supervisor.tell = tell
    assert supervisor.run(supervisor.journal.open(PLAN, 1000.0)).outcome == "rolled back"
    assert driver.shares == {"old": 100}
    assert "split new 100 %" not in acts(supervisor)
