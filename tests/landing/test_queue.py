"""The laws of the queue, in worlds where it is known who is bad, which pairs are, and when the gate lies."""

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.landing.queue import (
    Alone,
    Batch,
    Decision,
    Done,
    Hold,
    Land,
    Leave,
    Outcome,
    Ran,
    Reject,
    Rest,
    Try,
    decide,
    flaky,
)

GREEN, BROKEN = Ran("green"), Ran("broken")


def red(*why: str) -> Ran:
    return Ran("red", frozenset(why or ("unit",)))


@dataclass
class World:
    """A trunk, a queue, and a gate that knows the truth but may be told to lie.

    Attributes:
        bad: changes that are red wherever they are.
        pairs: changes that are red together.
        breaking: changes with which the gate cannot run.
        mends: changes that make a red trunk green.
        lies: what the gate says in place of the truth, by the number of its run.
    """

    waiting: list[int]
    bad: frozenset[int] = frozenset()
    pairs: frozenset[tuple[int, int]] = frozenset()
    breaking: frozenset[int] = frozenset()
    mends: frozenset[int] = frozenset()
    red_trunk: bool = False
    known_green: bool = True
    lies: dict[int, Outcome] = field(default_factory=dict)
    limit: int = 256
    trunk: list[int] = field(default_factory=list)
    rejected: list[int] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    runs: int = 0
    flakes: int = 0
    rests: int = 0

    def truth(self, changes: list[int]) -> Ran:
        there = {*self.trunk, *changes}
        if there & self.breaking:
            return BROKEN
        if self.red_trunk and not there & self.mends:
            return red("trunk")
        wrong = there & self.bad or {each for pair in self.pairs if {*pair} <= there for each in pair}
        return red(*map(str, wrong)) if wrong else GREEN

    def gate(self, changes: list[int]) -> Ran:
        self.runs += 1
        lie = self.lies.get(self.runs)
        assert self.runs < 2000, "it does not end"
        if lie is None:
            return self.truth(changes)
        return red(f"chance {self.runs}") if lie == "red" else Ran(lie)

    def work(self) -> "World":
        """Until nothing can land any more."""
        while self.waiting and self._turn(self.waiting[: self.limit]):
            pass
        return self

    def _turn(self, changes: list[int]) -> bool:
        """Until a batch has ended; False when nothing came of it."""
        batch = Batch(len(changes), green_trunk=self.known_green)
        while isinstance(step := decide(batch), Try | Land):
            if isinstance(step, Try):
                batch = batch.after(step.prefix, self.gate(changes[: step.prefix]))
                self.flakes += flaky(batch.seen[step.prefix])
            else:
                self._land(changes[: step.prefix])
                batch, changes = batch.without_landed(step.prefix), changes[step.prefix :]
        return self._end(step, changes)

    def _end(self, step: Decision, changes: list[int]) -> bool:
        if isinstance(step, Reject | Hold):
            self._leave(changes[0], self.rejected if isinstance(step, Reject) else self.held)
        self.rests += isinstance(step, Rest)
        if isinstance(step, Alone):
            return any(self._turn([each]) for each in changes)
        return not isinstance(step, Leave)

    def _land(self, changes: list[int]) -> None:
        self.trunk += changes
        self.red_trunk = self.red_trunk and not {*self.trunk} & self.mends
        self.known_green = True
        self.waiting = [each for each in self.waiting if each not in changes]

    def _leave(self, change: int, where: list[int]) -> None:
        where.append(change)
        self.waiting.remove(change)


def bound(size: int, bad: int) -> int:
    """Runs that a queue of one batch may need: one if all is well, and for each bad one a search and a second look."""
    return 1 + bad * (math.ceil(math.log2(max(size, 2))) + 3)


@pytest.mark.parametrize(("size", "most"), [(1, 2), (2, 4), (8, 8), (16, 9), (32, 11), (256, 14)])
def test_one_bad_change_costs_a_search(size: int, most: int) -> None:
    runs = []
    for bad in range(size):
        world = World(list(range(size)), bad=frozenset({bad})).work()
        assert world.rejected == [bad]
        assert world.trunk == [each for each in range(size) if each != bad]
        runs.append(world.runs)
    assert max(runs) <= most


@pytest.mark.parametrize("size", [1, 2, 16, 256])
def test_good_changes_need_one_run(size: int) -> None:
    assert World(list(range(size))).work().runs == 1


changes = st.integers(1, 40)


@given(changes, st.data())
def test_every_good_change_lands_and_no_bad_one(size: int, data: st.DataObject) -> None:
    bad = data.draw(st.frozensets(st.integers(0, size - 1)))
    limit = data.draw(st.integers(1, 50))
    world = World(list(range(size)), bad=bad, limit=limit, known_green=data.draw(st.booleans())).work()
    assert world.rejected == sorted(bad)
    assert world.trunk == [each for each in range(size) if each not in bad]
    assert not world.waiting
    assert not world.flakes


@given(changes, st.data())
def test_the_number_of_runs_grows_with_the_logarithm(size: int, data: st.DataObject) -> None:
    bad = data.draw(st.frozensets(st.integers(0, size - 1)))
    assert World(list(range(size)), bad=bad).work().runs <= bound(size, len(bad))


@given(changes, st.data())
def test_of_a_pair_that_does_not_agree_the_later_one_goes(size: int, data: st.DataObject) -> None:
    pairs = data.draw(
        st.frozensets(st.tuples(st.integers(0, size), st.integers(0, size)).filter(lambda pair: pair[0] < pair[1]))
    )
    world = World(list(range(size + 1)), pairs=pairs).work()
    landed: list[int] = []
    for each in range(size + 1):  # whoever comes first stays
        if not any((other, each) in pairs for other in landed):
            landed.append(each)
    assert world.trunk == landed
    assert world.trunk + world.rejected == [*landed, *(each for each in range(size + 1) if each not in landed)]


@given(changes, st.data())
def test_a_gate_that_lies_once_kicks_nobody_out(size: int, data: st.DataObject) -> None:
    """Whatever it says in one run, good or bad, in place of the truth but green: all good ones land, the bad do not."""
    bad = data.draw(st.frozensets(st.integers(0, size - 1)))
    lies: dict[int, Outcome] = {data.draw(st.integers(1, 30)): data.draw(st.sampled_from(["red", "broken"]))}
    world = World(list(range(size)), bad=bad, lies=lies, known_green=data.draw(st.booleans())).work()
    assert world.trunk == [each for each in range(size) if each not in bad]
    assert world.rejected == sorted(bad)
    assert not world.held


@given(changes, st.data())
def test_a_gate_that_fails_every_other_time_for_no_reason_kicks_nobody_out(size: int, data: st.DataObject) -> None:
    parity = data.draw(st.sampled_from([0, 1]))
    world = World(list(range(size)), lies=dict.fromkeys(range(parity, 2000, 2), "red")).work()
    assert world.trunk == list(range(size))
    assert not world.rejected
    assert world.flakes or parity == 0


@given(changes, st.data())
def test_what_the_gate_cannot_run_with_is_held_and_nothing_else(size: int, data: st.DataObject) -> None:
    breaking = data.draw(st.frozensets(st.integers(0, size - 1), max_size=4))
    bad = data.draw(st.frozensets(st.integers(0, size - 1), max_size=4)) - breaking
    world = World(list(range(size)), bad=bad, breaking=breaking, known_green=data.draw(st.booleans())).work()
    assert sorted(world.held) == sorted(breaking)
    assert sorted(world.rejected) == sorted(bad)
    assert world.trunk == [each for each in range(size) if each not in breaking | bad]


@given(changes, st.integers(1, 40))
def test_while_the_gate_cannot_run_at_all_nobody_is_rejected_or_held(size: int, outage: int) -> None:
    world = World(list(range(size)), lies=dict.fromkeys(range(1, outage + 1), "broken")).work()
    assert world.trunk == list(range(size))
    assert not world.rejected
    assert not world.held
    assert world.rests or outage < 4


@given(changes, st.data())
def test_on_a_red_trunk_only_what_mends_it_lands_first_and_nobody_is_to_blame(size: int, data: st.DataObject) -> None:
    mends = data.draw(st.frozensets(st.integers(0, size - 1), max_size=2))
    bad = data.draw(st.frozensets(st.integers(0, size - 1), max_size=3)) - mends
    world = World(list(range(size)), bad=bad, mends=mends, red_trunk=True, known_green=False).work()
    if mends:
        assert sorted(world.trunk) == [each for each in range(size) if each not in bad]
        assert sorted(world.rejected) == sorted(bad)
    else:
        assert not world.trunk
        assert not world.rejected
        assert world.waiting == list(range(size))


@given(st.integers(1, 20), st.data())
def test_whatever_the_gate_says_every_step_is_one_that_can_be_taken(size: int, data: st.DataObject) -> None:
    """Any sequence of outcomes: prefixes exist, only green ones land, and it ends."""
    batch = Batch(size, green_trunk=data.draw(st.booleans()))
    outcomes = st.sampled_from([GREEN, red(), red("types"), BROKEN])
    for _ in range(200):
        match decide(batch):
            case Try(prefix, again):
                assert 0 <= prefix <= batch.size
                assert again == (prefix in batch.seen)
                batch = batch.after(prefix, data.draw(outcomes))
            case Land(prefix):
                assert any(ran.outcome == "green" for ran in batch.seen[prefix])
                batch = batch.without_landed(prefix)
            case Reject():
                assert sum(ran.outcome == "red" for ran in batch.seen[1]) >= 2
                return
            case Hold():
                assert sum(ran.outcome == "broken" for ran in batch.seen[1]) >= 2
                return
            case _:
                return
    pytest.fail("it does not end")


def after(*runs: tuple[int, Ran], size: int = 4, green_trunk: bool = True) -> Batch:
    batch = Batch(size, green_trunk=green_trunk)
    for prefix, ran in runs:
        batch = batch.after(prefix, ran)
    return batch


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (Batch(0), Done()),
        (after(), Try(4)),
        (after((4, GREEN)), Land(4)),
        (after((4, red())), Try(2)),
        (after((4, red()), (2, GREEN)), Land(2)),
        (after((4, red()), (2, red())), Try(1)),
        (after((4, red()), green_trunk=False), Try(0)),
        (after((4, red()), (0, GREEN), green_trunk=False), Try(2)),
        (after((4, red()), (0, red()), green_trunk=False), Try(0, again=True)),
        (after((4, red()), (0, red()), (0, GREEN), green_trunk=False), Try(2)),
        (after((4, red()), (0, red()), (0, red()), green_trunk=False), Alone()),
        (after((1, red()), (0, red()), (0, red()), size=1, green_trunk=False), Leave()),
        (after((1, red()), size=1), Try(1, again=True)),
        (after((1, red()), (1, GREEN), size=1), Land(1)),
        (after((1, red()), (1, red()), size=1), Reject()),
        (after((1, red("a")), (1, red("b")), size=1), Try(1, again=True)),
        (after((1, red("a")), (1, red("b")), (1, red("c")), size=1), Reject()),
        (after((1, red("a", "b")), (1, red("b", "c")), size=1), Reject()),
        (after((4, BROKEN)), Try(4, again=True)),
        (after((4, BROKEN), (4, BROKEN)), Try(0)),
        (after((4, BROKEN), (4, BROKEN), (0, BROKEN)), Try(0, again=True)),
        (after((4, BROKEN), (4, BROKEN), (0, BROKEN), (0, BROKEN)), Rest()),
        (after((4, BROKEN), (4, BROKEN), (0, GREEN)), Try(2)),
        (after((1, BROKEN), (1, BROKEN), (0, GREEN), size=1), Try(1, again=True)),
        (after((1, BROKEN), (1, BROKEN), (0, GREEN), (1, BROKEN), size=1), Hold()),
        (after((1, BROKEN), (1, red()), (0, GREEN), size=1), Try(1, again=True)),
        (after((1, BROKEN), (1, red()), (1, red()), (0, GREEN), size=1), Reject()),
    ],
)
def test_steps(batch: Batch, expected: Decision) -> None:
    assert decide(batch) == expected


def test_what_is_known_of_a_longer_prefix_survives_a_landing() -> None:
    batch = after((8, red()), (4, GREEN), size=8).without_landed(4)
    assert batch == Batch(4, {4: (red(),), 0: (GREEN,)}, green_trunk=True)
    assert decide(batch) == Try(2)


@pytest.mark.parametrize(
    ("runs", "expected"),
    [((), False), ((GREEN,), False), ((red(), GREEN), True), ((GREEN, red()), True), ((red(), BROKEN), False)],
)
def test_flaky(runs: tuple[Ran, ...], expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert flaky(runs) is expected
