"""A deployment that takes no time: `python -m tests.loop.landing.deployer COMMIT JOURNAL`, in a project's folder.

What lies in the project says how it ends: a file `roll-back-NAME` rolls back, `no-build` ends before it begins,
`wait-deploy` holds the path of a file that it waits for.
"""

import sys
import time
from contextlib import closing
from pathlib import Path

from xptasks.delivery.journal import Journal
from xptasks.delivery.machine import Entry
from xptasks.delivery.plan import Plan, Stage


def main(commit: str, path: Path) -> int:
    here = Path.cwd()
    if (here / "no-build").exists():
        sys.stderr.write("the release cannot be built: no-build\n")
        return 3
    with closing(Journal(path)) as journal:
        promoted = [each.plan.new for each in journal.deployments() if each.state.outcome == "promoted"]
        plan = Plan(commit[:10], next(iter(promoted), None), "canary", (Stage(100, 0.0),))
        number = journal.open(plan, time.time(), actor="machine:queue", commit=commit)
        while (here / "wait-deploy").exists() and not Path((here / "wait-deploy").read_text()).exists():
            time.sleep(0.02)
        bad = [file.name for file in here.glob("roll-back-*")]
        outcome = "rolled back" if bad else "promoted"
        why = f"{bad[0]}: 5xx" if bad else "nothing spoke against it"
        journal.add(number, Entry(time.time(), "closed", {"outcome": outcome, "why": why}))
    return 0


def give_up(path: Path, why: str) -> None:
    """What the watcher does later with what was promoted last."""
    with closing(Journal(path)) as journal:
        latest = journal.latest()
        assert latest
        assert latest.plan.old
        plan = Plan(latest.plan.old, latest.plan.new, "blue-green", (Stage(100, 0.0),))
        number = journal.open(plan, time.time(), rollback=True, actor="machine:watcher", why=why)
        journal.add(number, Entry(time.time(), "closed", {"outcome": "promoted", "why": "it is ready"}))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2])))
