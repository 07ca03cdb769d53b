"""The machine in a world of numbers: every ending, every crash, every request of people."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.delivery.analysis import Verdict
from xptasks.delivery.machine import Act, Entry, Finished, Readings, Record, Wait, decide, recover, replay
from xptasks.delivery.plan import Condition, Plan, Stage, World

GOOD = Readings(Verdict("pass", "all well"))
BAD = Readings(Verdict("fail", "errors: 20 % against 0 %"))
UNSURE = Readings(Verdict("inconclusive", "3 of 200 requests"))
STAGES = (Stage(10, 600), Stage(100, 120))


class CrashError(Exception):
    """The supervisor is gone."""


@dataclass
class Town:
    """A driver whose acts take effect at once, unless a test says that one breaks or the supervisor dies."""

    plan: Plan
    conditions: dict[str, Condition] = field(default_factory=dict)
    split: dict[str, int] = field(default_factory=dict)
    drained: set[str] = field(default_factory=set)
    journal: list[Entry] = field(default_factory=list)
    now: float = 1000.0
    broken: frozenset[str] = frozenset()
    crashes: list[int] = field(default_factory=list)
    writes: int = 0
    shares: list[dict[str, int]] = field(default_factory=list)

    def write(self, kind: str, **data: object) -> None:
        self.writes += 1
        if self.crashes and self.writes == self.crashes[0]:
            self.crashes.pop(0)
            raise CrashError
        self.journal.append(Entry(self.now, kind, data))

    def world(self) -> World:
        return World(dict(self.conditions), dict(self.split), frozenset(self.drained))

    def act(self, act: Act) -> None:
        self.write("begin", act=str(act))
        if act.verb in self.broken:
            self.write("failed", act=str(act), why="broken")
            return
        if act.verb == "start":
            self.conditions[act.release] = "ready"
        elif act.verb == "split":
            self.split = dict(act.split)
            self.shares.append(self.split)
        elif act.verb == "drain":
            self.drained.add(act.release)
        else:
            self.conditions.pop(act.release, None)
        self.write("done", act=str(act))

    def step(self, readings: Readings) -> Finished | None:
        decision = decide(self.plan, replay(self.journal), self.world(), readings, self.now)
        if isinstance(decision, Act):
            self.act(decision)
        elif isinstance(decision, Record):
            self.write(decision.kind, **decision.data)
        elif isinstance(decision, Wait):
            self.now += decision.seconds
        return decision if isinstance(decision, Finished) else None

    def turn(self, readings: Readings, steps: int = 5000) -> Finished:
        for _ in range(steps):
            finished = self.step(readings)
            if finished:
                return finished
        pytest.fail(f"still not finished: {self.journal[-5:]}")


def town(**changes: Any) -> Town:  # noqa: ANN401 - any part of a plan
    plan = Plan("new", "old", **{"stages": STAGES, **changes})
    made = Town(plan, {"old": "ready"}, {"old": 100})
    made.write("opened")
    return made


def test_a_good_release_is_promoted_stage_by_stage() -> None:
    place = town()
    assert place.turn(GOOD) == Finished("promoted", "nothing spoke against new in 720 s")
    assert place.shares == [{"new": 10, "old": 90}, {"new": 100}]
    assert place.now - 1000 == pytest.approx(720)
    assert place.conditions == {"old": "ready", "new": "ready"}  # the old one is kept warm


def test_the_first_deployment_has_nothing_to_compare_with() -> None:
    place = Town(Plan("new", None, stages=STAGES))
    place.write("opened")
    assert place.turn(Readings()).outcome == "promoted"
    assert place.shares == [{"new": 100}]


def test_blue_green_is_one_switch() -> None:
    place = town(strategy="blue-green", stages=(Stage(100, 60),))
    assert place.turn(UNSURE).outcome == "promoted"
    assert place.shares == [{"new": 100}]


@pytest.mark.parametrize(
    ("readings", "why"),
    [(BAD, "errors: 20 % against 0 %"), (Readings(probes="health: 503"), "health: 503")],
)
def test_a_bad_release_gives_everything_back_before_it_ends(readings: Readings, why: str) -> None:
    place = town()
    for _ in range(8):
        place.step(GOOD)
    assert place.turn(readings) == Finished("rolled back", why)
    assert place.shares == [{"new": 10, "old": 90}, {"old": 100}]
    assert place.conditions == {"old": "ready"}
    done = [entry.data["act"] for entry in place.journal if entry.kind == "done"]
    assert done[-3:] == ["split old 100 %", "drain new", "stop new"]


@pytest.mark.parametrize("condition", ["dead", "absent"])
def test_a_canary_that_is_gone_is_given_up_at_once(condition: Condition) -> None:
    place = town()
    while replay(place.journal).stage < 0:
        place.step(GOOD)
    place.step(GOOD)
    place.conditions["new"] = condition
    before = place.now
    assert place.turn(GOOD).outcome == "rolled back"
    assert place.now == before


def test_one_health_check_that_comes_late_is_no_reason() -> None:
    place = town()
    for _ in range(8):
        place.step(GOOD)
    late = Readings(GOOD.verdict, unhealthy=4.9)
    assert not isinstance(decide(place.plan, replay(place.journal), place.world(), late, place.now), Record)
    assert place.turn(Readings(GOOD.verdict, unhealthy=5.0)).why == "new failed its health check for 5 s"


def test_a_release_that_never_gets_ready_never_gets_traffic() -> None:
    place = town(start_timeout=30.0)
    place.conditions["new"] = "starting"
    assert place.turn(GOOD) == Finished("rolled back", "new was not ready after 30 s")
    assert {"old": 100} not in place.shares  # it was so all the time


def test_an_act_that_keeps_failing_rolls_back() -> None:
    place = town()
    place.broken = frozenset({"start"})
    assert place.turn(GOOD) == Finished("rolled back", "`start new` failed 3 times: broken")


def test_a_process_that_nobody_knows_of_is_stopped_too() -> None:
    """Who starts a release may be killed before it has told anybody where the process is."""
    place = town()
    place.crashes = [place.writes + 2]  # the start is done, and that is not journalled
    with pytest.raises(CrashError):
        place.turn(GOOD)
    place.conditions.pop("new")
    place.write("back", why="the supervisor of this deployment died")
    assert place.turn(GOOD).outcome == "rolled back"
    assert place.journal[-2].data == {"act": "stop new"}


def test_an_old_release_that_cannot_take_over_leaves_the_traffic_where_it_is() -> None:
    place = town()
    for _ in range(8):
        place.step(GOOD)
    place.broken = frozenset({"start"})
    place.conditions["old"] = "dead"
    assert place.split == {"new": 10, "old": 90}
    finished = place.turn(BAD)
    assert (finished.outcome, place.split) == ("failed", {"new": 10, "old": 90})
    assert "old cannot be started" in finished.why


def test_an_old_release_that_was_stopped_is_started_before_it_gets_traffic() -> None:
    place = town()
    for _ in range(8):
        place.step(GOOD)
    place.conditions["old"] = "dead"
    assert place.turn(BAD).outcome == "rolled back"
    acts = [entry.data["act"] for entry in place.journal if entry.kind == "done"]
    assert acts.index("start old") < acts.index("split old 100 %")


@pytest.mark.parametrize(
    ("rule", "outcome", "seconds"),
    [("probe", "rolled back", 600 + 600), ("promote", "promoted", 720), ("rollback", "rolled back", 600)],
)
def test_what_follows_a_stage_without_a_verdict(rule: str, outcome: str, seconds: float) -> None:
    place = town(on_inconclusive=rule)
    assert place.turn(UNSURE).outcome == outcome
    assert place.now - 1000 == pytest.approx(seconds, abs=2)


def test_an_inconclusive_stage_can_wait_for_people() -> None:
    place = town(on_inconclusive="pause")
    for _ in range(1000):
        assert place.step(UNSURE) is None
    assert replay(place.journal).paused is not None
    place.write("asked", what="promote", actor="ann")
    assert place.turn(GOOD).outcome == "promoted"


def test_a_pause_does_not_count_and_a_promote_does_not_wait() -> None:
    place = town()
    for _ in range(100):
        place.step(GOOD)
    place.write("asked", what="pause", actor="ann")
    held = replay(place.journal).held(place.now)
    place.now += 5000
    assert replay(place.journal).held(place.now) == held
    place.write("asked", what="resume", actor="ann")
    assert replay(place.journal).held(place.now) == held
    place.write("asked", what="promote", actor="ann")
    started = place.now
    assert place.turn(GOOD).outcome == "promoted"
    assert place.now - started == pytest.approx(120)


def test_a_release_that_is_to_be_confirmed_waits_before_all_traffic() -> None:
    place = town(confirm=True)
    while place.now < 1000 + 700:
        place.step(GOOD)
    assert place.shares == [{"new": 10, "old": 90}]
    assert replay(place.journal).observed == pytest.approx(1600)
    place.write("asked", what="promote", actor="machine:ci")
    assert place.turn(GOOD).outcome == "promoted"
    assert place.now == pytest.approx(1700 + 120, abs=2)


def test_who_promotes_before_it_was_observed_ends_the_stage_and_confirms_nothing() -> None:
    place = town(confirm=True)
    while replay(place.journal).stage < 0:
        place.step(GOOD)
    place.write("asked", what="promote", actor="ann")
    while place.now < 1000 + 100:
        place.step(GOOD)
    assert replay(place.journal).observed is not None
    assert place.shares == [{"new": 10, "old": 90}]


def test_a_release_that_nobody_confirms_goes_back() -> None:
    place = town(confirm=True, patience=60.0)
    assert place.turn(GOOD) == Finished("rolled back", "nobody promoted it within 60 s after it was observed")
    assert place.now - 1000 == pytest.approx(660, abs=2)


def test_a_release_that_turns_bad_while_it_waits_goes_back_at_once() -> None:
    place = town(confirm=True)
    while replay(place.journal).observed is None:
        place.step(GOOD)
    assert place.turn(BAD).outcome == "rolled back"


def test_what_was_observed_before_a_crash_is_observed_again() -> None:
    place = town(confirm=True, on_crash="resume")
    while replay(place.journal).observed is None:
        place.step(GOOD)
    record = recover(place.plan, replay(place.journal))
    assert record is not None
    place.write(record.kind, **record.data)
    assert replay(place.journal).observed is None


def test_one_stage_has_nothing_to_be_confirmed() -> None:
    assert town(confirm=True, strategy="blue-green", stages=(Stage(100, 60),)).turn(UNSURE).outcome == "promoted"


def test_an_abort_is_never_taken_back() -> None:
    place = town()
    for _ in range(20):
        place.step(GOOD)
    place.write("asked", what="abort", actor="ann")
    place.write("asked", what="promote", actor="bob")
    assert place.turn(GOOD) == Finished("rolled back", "ann asked for it")


def test_a_clock_that_goes_back_an_hour_only_makes_a_stage_longer() -> None:
    place = town()
    for _ in range(50):
        place.step(GOOD)
    place.now -= 3600
    assert replay(place.journal).held(place.now) == 0
    assert place.turn(GOOD).outcome == "promoted"


def writes_of(readings: Readings) -> int:
    place = town()
    place.turn(readings)
    return place.writes


@pytest.mark.parametrize("rule", ["rollback", "resume"])
@pytest.mark.parametrize("readings", [GOOD, BAD], ids=["good", "bad"])
def test_a_crash_at_every_boundary_converges(rule: str, readings: Readings) -> None:
    """Every write of the journal is lost once with the supervisor; its successor ends the deployment."""
    for crash in range(2, writes_of(readings) + 1):
        place = town(on_crash=rule)
        place.crashes = [crash]
        with pytest.raises(CrashError):
            place.turn(readings)
        first = recover(place.plan, replay(place.journal))
        if first:
            place.write(first.kind, **first.data)
        outcome = place.turn(readings).outcome
        serving = {"promoted": {"new": 100}, "rolled back": {"old": 100}}[outcome]
        assert place.split == serving
        assert outcome == ("promoted" if readings is GOOD and rule == "resume" else "rolled back")


@given(
    st.lists(st.sampled_from(["good", "bad", "unsure", "kill new", "kill old", "pause", "resume", "promote", "abort"])),
    st.lists(st.integers(2, 40), max_size=4, unique=True).map(sorted),
    st.sampled_from(["rollback", "resume"]),
)
def test_nothing_that_happens_leaves_traffic_on_a_release_that_is_gone(
    events: list[str], crashes: list[int], rule: str
) -> None:
    place = town(on_crash=rule)
    place.crashes = list(crashes)
    readings = GOOD
    for event in [*events, *["good"] * 3000]:
        readings = {"good": GOOD, "bad": BAD, "unsure": UNSURE}.get(event, readings)
        try:
            if event.startswith("kill ") and event[5:] in place.conditions:
                place.conditions[event[5:]] = "dead"
            if event in {"pause", "resume", "promote", "abort"}:
                place.write("asked", what=event, actor="ann")
            if place.step(readings):
                break
        except CrashError:
            first = recover(place.plan, replay(place.journal))
            if first:
                place.write(first.kind, **first.data) if not place.crashes else place.journal.append(
                    Entry(place.now, first.kind, first.data)
                )
    state = replay(place.journal)
    if state.outcome == "promoted":
        assert place.split == {"new": 100}
    elif state.outcome == "rolled back":
        assert place.split == {"old": 100}
        assert "new" not in place.conditions
    else:
        assert state.paused is not None
