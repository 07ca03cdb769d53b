"""`kill -9` of the runner at any moment: no good change is lost, none lands twice, no bad one lands.

Moments are counted in questions to git (before one, or after it was answered: a push that has happened and that nobody
knows of) or in seconds (in the middle of a gate, too). Every round is a runner that dies; what it left is checked.
`XPTASKS_KILLS` sets the number of rounds, `XPTASKS_SEED` the seed.
"""

import os
import random
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.loop.landing.world import World, until

_ROUNDS = int(os.environ.get("XPTASKS_KILLS", "100"))
_SEED = int(os.environ.get("XPTASKS_SEED", "6"))
_QUESTIONS = 220  # that a runner asks git until it has landed three changes and rejected one
_SECONDS = 4.0


@dataclass
class Trial:
    """Changes that are queued all the time, and runners that die.

    Attributes:
        good, bad: what was queued.
    """

    world: World
    chance: random.Random
    good: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    died: int = 0

    def add(self) -> None:
        dev = self.world.clone()
        dev.git("fetch", "-q", "origin")
        for _ in range(self.chance.randint(1, 3)):
            name = f"c{len(self.good) + len(self.bad):03}"
            is_bad = self.chance.random() < 0.25
            files = {f"bad-{name}": "x\n", "slow": "0.3"} if is_bad else {f"{name}.txt": "x\n"}
            dev.queue(name, files)
            (self.bad if is_bad else self.good).append(name)

    def die(self) -> None:
        """A runner that is killed, unless it is faster."""
        if self.chance.random() < 0.7:
            environ = {"KILL_AT": str(self.chance.randint(1, _QUESTIONS))}
            environ |= {"KILL_AFTER": "1"} if self.chance.random() < 0.5 else {}
            with self.world.start("--once", environ=environ) as process:
                said, _ = process.communicate(timeout=120)
        else:
            with self.world.start("--once") as process:
                try:
                    said, _ = process.communicate(timeout=self.chance.uniform(0.3, _SECONDS))
                except subprocess.TimeoutExpired:
                    os.kill(process.pid, signal.SIGKILL)
                    said, _ = process.communicate(timeout=120)
        assert "Traceback" not in said, said
        assert process.returncode in {0, -signal.SIGKILL}, said
        self.died += process.returncode < 0

    def check_what_it_left(self) -> None:
        """Every change is in one place only; what the trunk, the marks and the ledger say is the same."""
        until(lambda: not pushing(self.world))  # git lives on when its caller is killed, and ends what it has begun
        view = self.world.remote.look()
        waiting = {ref.removeprefix("refs/xp/queue/") for ref in view.named("refs/xp/queue/")}
        landed = [mark.change for mark in self.world.remote.marks(view, "landed")]
        rejected = [mark.change for mark in self.world.remote.marks(view, "rejected")]
        assert sorted([*waiting, *landed, *rejected]) == sorted([*self.good, *self.bad])
        assert sorted(landed) == sorted(self.world.subjects())
        assert set(landed) <= set(self.good)
        assert set(rejected) <= set(self.bad)
        ended = [entry.change for entry in self.world.remote.entries(view) if entry.what in {"landed", "rejected"}]
        assert sorted(ended) == sorted([*landed, *rejected])


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world").begin()


def commands(word: str) -> list[str]:
    """What runs with such a word in its command."""
    found = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    return [command for command in found if word in command]


def left_over(world: World) -> list[str]:
    """Gates that still run."""
    return commands(str(world.log))


def pushing(world: World) -> list[str]:
    """Pushes that are not over yet, at either end."""
    return commands(str(world.bare.path))


def rounds(world: World, count: int, seed: int) -> Trial:
    trial = Trial(world, random.Random(seed))  # noqa: S311 - the same kills each time
    for number in range(count):
        trial.add()
        trial.die()
        trial.check_what_it_left()
        if number % 10 == 9 or number == count - 1:  # what waits becomes too much otherwise
            code, said = world.run()
            assert code == 0, said
            world.check(trial.good, trial.bad)
    assert left_over(world) == []
    return trial


@pytest.mark.pr
@pytest.mark.slow
def test_a_few_kills(world: World) -> None:
    assert rounds(world, 5, _SEED).died > 0


@pytest.mark.slow
def test_many_kills(world: World) -> None:
    trial = rounds(world, _ROUNDS, _SEED + 1)
    assert trial.died >= _ROUNDS * 0.6


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_every_question_once(world: World, *, after: bool) -> None:
    """A runner dies at each question it asks git on its way to land two changes and reject one."""
    dev = world.clone()
    good: list[str] = []
    bad: list[str] = []
    died = True
    at = 0
    while died:
        at += 1
        dev.git("fetch", "-q", "origin")
        for name in (f"good-{at}-1", f"evil-{at}", f"good-{at}-2"):
            dev.queue(name, {f"bad-{name}" if "evil" in name else f"{name}.txt": "x\n"})
            (bad if "evil" in name else good).append(name)
        with world.start("--once", environ={"KILL_AT": str(at), **({"KILL_AFTER": "1"} if after else {})}) as process:
            said, _ = process.communicate(timeout=120)
        died = process.returncode == -signal.SIGKILL
        assert died or process.returncode == 0, said
        code, said = world.run()
        assert code == 0, said
        world.check(good, bad)
        if at > 30:  # from here on most questions are like those before
            at += 9


@pytest.mark.pr
def test_after_a_kill_in_the_middle_of_a_gate_nothing_of_it_is_left(world: World) -> None:
    world.clone().queue("one", {"one.txt": "", "slow": "30"})
    with world.start("--once") as process:
        until(lambda: left_over(world))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    world.clone().queue("one", {"one.txt": ""})
    code, said = world.run()
    assert code == 0
    assert left_over(world) == []
    assert "processes that a killed runner had left behind" in said
    world.check(["one"])
