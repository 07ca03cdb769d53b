"""Tests prefixes of a batch: lets the gate run on them, and remembers what it said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xptasks.errors import ConfigError
from xptasks.landing import rejection
from xptasks.landing.policy import Verdict
from xptasks.landing.queue import Ran, flaky
from xptasks.landing.rejection import Why
from xptasks.loop import trunk as trunks
from xptasks.loop.landing.gate import Gate, Gated, Job
from xptasks.loop.landing.line import Candidate, Ending, Scene, same_change
from xptasks.loop.landing.memory import Said
from xptasks.loop.landing.record import flakes
from xptasks.loop.landing.shop import Shop
from xptasks.system.commits import Objects

After = Callable[[str, str, Mapping[str, Any]], Verdict]
"""From the trunk, what is about to land, and the run's result to the verdict."""

_TWICE = 2
_NAMED = 5  # changes in a line


@dataclass
class Tester:
    """Tests.

    Args:
        shop: the queue's workshop.
        gate: runs tiers.
        after: the trunk's rules about runs.
    """

    shop: Shop
    gate: Gate
    after: After

    def trunk(self, scene: Scene) -> None:
        """Test the trunk alone."""
        tip = scene.rules.tip
        what = f"testing {self.shop.remote.trunk} ({tip[:12]}) alone"
        self._run(Job(tip, tip, scene.rules.landing.tier, (), scene.rules.seconds, what))

    def prefix(self, scene: Scene, batch: Sequence[Candidate]) -> None:
        """Test the trunk with these changes."""
        rules, commit = scene.rules, batch[-1].merged.commit
        names = [each.queued.change for each in batch]
        what = f"testing {_some(names)} on {self.shop.remote.trunk} ({rules.tip[:12]})"
        self.shop.announce(names, what)
        steps = self._together(scene, commit) if len(batch) > 1 and rules.about_change else ()
        onto = batch[0].onto or rules.tip
        job = Job(commit, onto, rules.landing.tier, steps, rules.seconds, what, tuple(names))
        self._run(job, batch, scene)

    def _together(self, scene: Scene, commit: str) -> tuple[str, ...]:
        """The steps for several changes: those that judge one change have looked at each of them before."""
        objects = Objects(self.shop.place.git.folder, self.shop.place.origin.prefix)
        try:
            own = trunks.find(objects, commit, commit, commit).steps
        except ConfigError:
            return ()  # the run says what is wrong with it
        both = dict.fromkeys((*own, *scene.rules.steps))
        return tuple(step for step in both if step not in scene.rules.about_change)

    def _run(self, job: Job, batch: Sequence[Candidate] = (), scene: Scene | None = None) -> None:
        self.shop.say(job.what, kind="testing", commit=job.commit)
        done = self.gate(job)
        ran = done.ran
        if ran.outcome == "green" and scene and batch:
            ran = self._held_against_the_rules(scene, batch, done.run)
        self.shop.memory.add(job.commit, Said(ran, str(done.logs), done.tail))
        self.shop.say(_outcome(done, ran), kind=ran.outcome, commit=job.commit, seconds=round(done.seconds, 1))
        self._tell_flakes(job.commit, self.shop.memory.said[job.commit])

    def _tell_flakes(self, commit: str, said: Sequence[Said]) -> None:
        if flaky([each.ran for each in said]):
            self.shop.say("the same commit was red and green: the gate is flaky", kind="flake", commit=commit)
            runs = [each.run for each in said]
            self.shop.record(*flakes(self.shop.name, commit, runs, self.shop.now()))

    def _held_against_the_rules(self, scene: Scene, batch: Sequence[Candidate], run: Mapping[str, Any]) -> Ran:
        """Green only if the run is one that the trunk lets this land on, for each change."""
        against = [each for candidate in batch for each in self.verdict(scene, batch, candidate, run).against]
        return Ran("red", frozenset(each.rule for each in against)) if against else Ran("green")

    def verdict(
        self, scene: Scene, batch: Sequence[Candidate], candidate: Candidate, run: Mapping[str, Any]
    ) -> Verdict:
        """What the trunk's rules say of a run: of several changes with each one's own steps in it."""
        own: list[Any] = []
        if len(batch) > 1 and scene.rules.about_change:
            own = [step for said in self._alone(scene, candidate)[-1:] for step in said.run.get("steps", ())]
        onto = candidate.onto or scene.rules.tip
        return self.after(onto, batch[-1].merged.commit, {**run, "steps": [*run.get("steps", ()), *own]})

    # -- one change at a time --------------------------------------------------------------------------------------

    def fitting(self, scene: Scene, batch: Sequence[Candidate]) -> int | Ending:
        """How many of the first may be tested together, as far as steps that judge one change are concerned.

        A step that looks at the size of a change, or at its tests, must not see several as one: it looks at each of
        them as it lands on those before it. What it says is known for good, whatever else is in the batch.
        """
        if not scene.rules.about_change:
            return len(batch)
        for number, candidate in enumerate(batch):
            runs = self._judged_alone(scene, candidate)
            if runs[-1].ran.outcome == "red" and len(runs) >= _TWICE:
                return self._rejected(scene, candidate, runs[-1])
            if runs[-1].ran.outcome != "green":
                return number  # it is tested with all there is once it is the first
        return len(batch)

    def _judged_alone(self, scene: Scene, candidate: Candidate) -> Sequence[Said]:
        while not self._is_settled(self._alone(scene, candidate)):
            rules, merged = scene.rules, candidate.merged
            what = f"testing {candidate.queued.change} alone: {', '.join(rules.about_change)}"
            self.shop.say(what, kind="testing", commit=merged.commit)
            about = (candidate.queued.change,)
            job = Job(merged.commit, merged.onto, rules.landing.tier, rules.about_change, rules.seconds, what, about)
            done = self.gate(job)
            self._alone(scene, candidate).append(Said(done.ran, str(done.logs), done.tail))
            self.shop.memory.save()
            self.shop.say(_outcome(done, done.ran), kind=done.ran.outcome, commit=merged.commit)
            self._tell_flakes(merged.commit, self._alone(scene, candidate))
        return self._alone(scene, candidate)

    def _alone(self, scene: Scene, candidate: Candidate) -> list[Said]:
        key = f"{candidate.queued.head} {same_change(self.shop.remote, candidate.merged)} {scene.rules.about_change}"
        return self.shop.memory.alone.setdefault(key, [])

    @staticmethod
    def _is_settled(runs: Sequence[Said]) -> bool:
        return bool(runs) and (runs[-1].ran.outcome == "green" or len(runs) >= _TWICE)

    def _rejected(self, scene: Scene, candidate: Candidate, said: Said) -> Ending:
        why = rejection.gate(said.run, said.ran.why, scene.setting, said.logs, said.tail)
        return Ending(candidate.queued, "rejected", why)

    def forget_alone(self, scene: Scene, candidate: Candidate) -> None:
        """Whoever queues the same again has it looked at again."""
        self._alone(scene, candidate).clear()
        self.shop.memory.save()

    # -- why ---------------------------------------------------------------------------------------------------------

    def why(self, scene: Scene, first: Candidate) -> Why:
        """Why the first change of a batch is rejected: the gate's last word on it, or the rules'."""
        said = self.shop.memory.last(first.merged.commit, "red")
        if said is None:
            return Why("gate", "the gate said no", "gate")
        if said.run.get("exit_code") == 0:
            return rejection.policy(self.verdict(scene, (first,), first, said.run).against)
        return rejection.gate(said.run, said.ran.why, scene.setting, said.logs, said.tail)

    def why_held(self, scene: Scene, first: Candidate) -> Why:
        """Why the first change of a batch is put aside."""
        said = self.shop.memory.last(first.merged.commit, "broken") or Said(Ran("broken"))
        return rejection.broken(said.ran.why, scene.setting, said.logs, said.tail)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} changes ({', '.join(names[:_NAMED])}{more})" if len(names) > 1 else names[0]


def _outcome(done: Gated, ran: Ran) -> str:
    why = f": {', '.join(sorted(ran.why)[:_NAMED])}" if ran.why else ""
    more = "" if ran.outcome == "green" else f"; logs: {done.logs}"
    return f"{ran.outcome} after {done.seconds:.1f} s{why}{more}"
