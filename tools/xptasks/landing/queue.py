"""What a batch of changes needs next: which of its prefixes is tested, what lands, who is left behind. Pure.

The changes of a batch are merged one after the other; a prefix is the trunk with the first so many of them. The whole
batch is tested first. If it is red, halving finds the shortest red prefix; every green prefix on the way lands at
once, exactly as it was tested. Before the last change of the shortest red prefix is rejected, the same tree is tested
again: if it is green then, the gate is flaky and nobody is to blame.

A gate that could not run says nothing about a change. It is tried again, then on the trunk alone; only a change with
which it does not run while it runs without it is put aside, for a human to look at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

Outcome = Literal["green", "red", "broken"]
"""What the gate said; `broken` when it could not run: nobody's fault, as far as anybody knows."""

_TWICE = 2
_ENOUGH = 3  # times red, each for another reason; times that it could not run
_PATIENCE = 5  # runs of one tree, after which what was said most often counts


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of the gate.

    Attributes:
        outcome: how it ended.
        why: what failed, a word each, to tell one failure from another.
    """

    outcome: Outcome
    why: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes in the order in which they are merged, and what the gate has said about them.

    Attributes:
        size: how many they are.
        seen: the runs of each prefix by its length, in their order; 0 is the trunk alone.
        green_trunk: whether the trunk is known to be green without a run of its own.
    """

    size: int
    seen: Mapping[int, tuple[Ran, ...]] = field(default_factory=dict)
    green_trunk: bool = False

    def after(self, prefix: int, ran: Ran) -> "Batch":
        """The batch with one more run."""
        return replace(self, seen={**self.seen, prefix: (*self.seen.get(prefix, ()), ran)})

    def without_landed(self, prefix: int) -> "Batch":
        """The rest of the batch on the trunk that the prefix has become; what is known of longer prefixes stays."""
        rest = {length - prefix: runs for length, runs in self.seen.items() if length > prefix}
        return Batch(self.size - prefix, {**rest, 0: self.seen[prefix]}, green_trunk=True)


@dataclass(frozen=True, slots=True)
class Try:
    """Run the gate on a prefix; `again` when this very tree was tested before and nothing else will do."""

    prefix: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Land:
    """A prefix is green: it lands as it was tested."""

    prefix: int


@dataclass(frozen=True, slots=True)
class Reject:
    """The first change is bad: the trunk is green without it, and red with it each time."""


@dataclass(frozen=True, slots=True)
class Hold:
    """With the first change the gate cannot run, and without it it can: a human has to look."""


@dataclass(frozen=True, slots=True)
class Alone:
    """The trunk itself is red: each change is tried alone, because only one that mends it can land."""


@dataclass(frozen=True, slots=True)
class Leave:
    """The change does not mend a red trunk; it keeps its place, and is tried again when the trunk has moved."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The gate cannot run on the trunk itself: nothing but waiting helps."""


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left."""


Decision = Try | Land | Reject | Hold | Alone | Leave | Rest | Done


def decide(batch: Batch) -> Decision:
    """The next step. Whoever takes it tells its outcome by `Batch.after` or `Batch.without_landed`, and asks again."""
    if not batch.size:
        return Done()
    tested = sorted(length for length in batch.seen if 0 < length <= batch.size)
    green = [length for length in tested if _is_green(batch.seen[length])]
    if green:
        return Land(green[-1])
    if not tested:
        return Try(batch.size)
    return _not_green(batch, tested[0])


def flaky(runs: Sequence[Ran]) -> bool:
    """Whether the same tree was red and green."""
    return {"red", "green"} <= {ran.outcome for ran in runs}


def _not_green(batch: Batch, shortest: int) -> Decision:
    runs = batch.seen[shortest]
    if len(runs) == 1 and runs[0].outcome == "broken":
        return Try(shortest, again=True)
    doubt = _about_the_trunk(batch, runs)
    if doubt is not None:
        return doubt
    return Try(shortest // 2) if shortest > 1 else _about_the_first(runs)


def _about_the_trunk(batch: Batch, runs: Sequence[Ran]) -> Decision | None:
    """What to do before a change may be blamed; None when the trunk is green and the gate runs on it."""
    ground = batch.seen.get(0, ())
    if _is_green(ground) or (batch.green_trunk and all(ran.outcome == "red" for ran in runs)):
        return None
    if _count(ground, "red") >= _TWICE:
        return Leave() if batch.size == 1 else Alone()
    if _count(ground, "broken") >= _TWICE:
        return Rest()
    return Try(0, again=bool(ground))


def _about_the_first(runs: Sequence[Ran]) -> Decision:
    """The trunk is green, and red or broken with the first change: is that so each time, and for the same reason?"""
    reds = [ran for ran in runs if ran.outcome == "red"]
    alike = bool(frozenset.intersection(*(ran.why for ran in reds))) if reds else False
    if (len(reds) >= _TWICE and alike) or len(reds) >= _ENOUGH:
        return Reject()
    if not reds and len(runs) >= _ENOUGH:  # at least one of them after the trunk was seen to be green
        return Hold()
    if len(runs) >= _PATIENCE:
        return Reject() if len(reds) >= _TWICE else Hold()
    return Try(1, again=True)


def _is_green(runs: Sequence[Ran]) -> bool:
    return any(ran.outcome == "green" for ran in runs)


def _count(runs: Sequence[Ran], outcome: Outcome) -> int:
    return sum(ran.outcome == outcome for ran in runs)
