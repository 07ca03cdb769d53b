"""The whole loop for as long as you like, alone: several agents commit to the reference service, some of it bad.

    PYTHONPATH=tools:. python benchmarks/soak.py --minutes 40

Each agent has a clone of its own and commits again and again: mostly good changes, some that the gate can see to be bad
(a red test, a wrong type, a broken contract), and now and then one whose fault shows only where it is deployed. Nobody
tells the pipeline which. At the end: whether every good change is on the trunk once and no bad one is, what the callers
of the service got, what grew meanwhile, and `inv metrics`.
"""

import argparse
import os
import random
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from xptasks.drill import changes
from xptasks.drill.changes import Change
from xptasks.drill.theatre import Theatre

KINDS = {"good": 80, "red test": 6, "wrong type": 4, "broken contract": 4, "hidden fault": 6}
BREAKER = {"deploys_per_hour": 1000, "rollbacks_per_day": 1000, "equal_failures": 1000}  # else it rightly stops
SOURCE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Desk(Theatre):
    """The theatre with a clone for each agent."""

    clone: str = "projects"

    @property
    def project(self) -> Path:
        """The clone of this agent."""
        return self.folder / self.clone

    def build(self) -> str:
        """As a demonstration, with a breaker that lets a hundred bad changes pass by."""
        built = super().build()
        with (self.project / "xpconfig.toml").open("a", encoding="utf-8") as file:
            file.write(
                "\n".join(["", "[landing.breaker]", *(f"{name} = {most}" for name, most in BREAKER.items()), ""])
            )
        self.commit("Let many bad changes pass by")
        self.git("push", "--quiet")
        return built


@dataclass
class Tally:
    """What the agents have seen, and what grew."""

    ends: list[tuple[str, str, int | None, str, float]] = field(default_factory=list)
    grown: list[tuple[float, int, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def change(kind: str, number: str) -> Change:
    """A change of a kind, unlike any other."""
    name, title = f"note_{number}", f"Note {number}"
    result = "value + 1" if kind != "wrong type" else "str(value)"
    source = f'"""{title}."""\n\n\ndef {name}(value: int) -> int:\n    """Count on."""\n    return {result}\n'
    expected = 3 if kind == "red test" else 2
    test = f'"""{title}."""\n\nfrom app.{name} import {name}\n\n\ndef test_{name}() -> None:\n'
    test += f"    assert int({name}(1)) == {expected}\n"
    made = Change(name, title, (), ((f"app/{name}.py", source), (f"tests/app/test_{name}.py", test)), "promoted")
    if kind in {"broken contract", "hidden fault"}:
        model = changes.CONTRACT if kind == "broken contract" else changes.HIDDEN
        return replace(made, edits=model.edits, files=model.files)
    return made


def agent(desk: Desk, name: int, tally: Tally, until: float, chance: random.Random) -> None:
    """Commit, land, wait, and again."""
    count = 0
    while time.time() < until:
        time.sleep(chance.uniform(1, 15))
        count += 1
        kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
        began = time.time()
        try:
            desk.make(change(kind, f"{name}_{count}"))
        except Exception as problem:  # noqa: BLE001 - the fault may be on the trunk just now; the next one then
            print(f"agent {name} could not commit ({kind}): {str(problem)[:200]}", file=sys.stderr)
            continue
        landing = desk.land()
        with tally.lock:
            reason = landing.reason.split("\n")[0][:100]
            tally.ends.append((kind, f"{name}_{count}", landing.code, landing.commit, time.time() - began))
            print(
                f"{time.strftime('%X')} {kind} {name}_{count}: {landing.code} {landing.commit[:12]} {reason}",
                flush=True,
            )


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - what agents do is no secret


def watch(desk: Desk, tally: Tally, until: float) -> None:
    """Look at what could grow, every minute: memory of what runs, and the disk."""
    while time.time() < until:
        ours = [each for each in psutil.process_iter(["environ", "memory_info"]) if _is_ours(each, desk.folder)]
        memory = sum(each.info["memory_info"].rss for each in ours) / 2**20
        disk = size(desk.folder) / 2**20
        tally.grown.append((memory, len(ours), disk))
        time.sleep(60)


def size(folder: Path) -> int:
    """Bytes of all files, of which some go while they are looked at."""
    total = 0
    for top, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(top, name).lstat().st_size
    return total


def _is_ours(process: psutil.Process, folder: Path) -> bool:
    return str(folder) in (process.info["environ"] or {}).get("XDG_STATE_HOME", "")


def main() -> None:
    """Play it, and say how it was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--agents", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(".xp/soak"))
    words = parser.parse_args()
    desk, tally = Desk(words.folder.resolve(), SOURCE), Tally()
    desk.build()
    try:
        url = desk.open()
        for number in range(words.agents):
            desk.git("clone", "--quiet", str(desk.remote), str(desk.folder / f"agent-{number}"))
        until = time.time() + 60 * words.minutes
        with desk.callers(url) as answers:
            desks = [replace(desk, clone=f"agent-{number}") for number in range(words.agents)]
            threads = [
                threading.Thread(target=agent, args=(each, number, tally, until, _chance(words.seed + number)))
                for number, each in enumerate(desks)
            ]
            threads.append(threading.Thread(target=watch, args=(desk, tally, until), daemon=True))
            for thread in threads:
                thread.start()
            for thread in threads[:-1]:
                thread.join()
            settle(desk)
        print(desk.xp("metrics").out)
        report(desk, tally, dict(answers))
    finally:
        desk.close()


def settle(desk: Desk, patience: float = 300) -> None:
    """Wait until nothing lands or is deployed any more: the trunk has not moved for a while."""
    quiet, tip, until = 0, "", time.time() + patience
    while quiet < 15 and time.time() < until:
        time.sleep(2)
        now = desk.git("ls-remote", "origin", "refs/heads/main", "refs/xp/queue/*")
        deploying = desk.xp("deploy-status", "--json").out
        quiet = quiet + 1 if now == tip and '"running"' not in deploying else 0
        tip = now


def report(desk: Desk, tally: Tally, answers: dict[int, int]) -> None:
    """What became of all of it."""
    desk.git("fetch", "--quiet", "origin")
    titles = Counter(desk.git("log", "--format=%s", "origin/main").split("\n"))
    bodies = desk.git("log", "--format=%B", "origin/main")
    tree = set(desk.git("ls-tree", "-r", "--name-only", "origin/main").split("\n"))
    kinds: dict[str, Counter[str]] = {}
    wrong = []
    for kind, number, code, commit, _ in tally.ends:
        fate = "landed" if commit else f"exit code {code}"
        if commit and f"Reverts: {commit}" in bodies:
            fate = "landed and reverted"
        kinds.setdefault(kind, Counter())[fate] += 1
        there = f"app/note_{number}.py" in tree
        if kind == "good" and (titles[f"Note {number}"] != 1 or (fate == "landed") != there):
            wrong.append(f"{kind} {number}: {fate}, {titles[f'Note {number}']} times on the trunk, there: {there}")
        if kind not in {"good", "hidden fault"} and (commit or there):
            wrong.append(f"{kind} {number}: {fate}")
    print("changes:", {kind: dict(fates) for kind, fates in sorted(kinds.items())})
    print("not as it should be:", wrong or "nothing")
    print("hidden fault at the end:", "no such replica" in desk.git("show", "origin/main:app/projects.py"))
    took = sorted(seconds for kind, _, _, commit, seconds in tally.ends if commit)
    if took:
        print(f"commit to landed: median {took[len(took) // 2]:.1f} s, largest {took[-1]:.1f} s, {len(took)} changes")
    print("answers by status:", dict(sorted(answers.items())))
    for name, at in (("first", 0), ("middle", len(tally.grown) // 2), ("last", -1)):
        memory, count, disk = tally.grown[at]
        print(f"{name}: {count} processes with {memory:.0f} MiB, {disk:.0f} MiB on disk")


if __name__ == "__main__":
    main()
