"""Tasks about the change at hand, before it is queued."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from xptasks.tasks._task import environ, project, task, tier_python

if TYPE_CHECKING:
    from xptasks.loop.tdd import Asked


@task(help={"json": "print JSON"})
def may_land(json: bool = False) -> int:  # noqa: FBT001, FBT002
    """Say whether the trunk's rules let the change at hand land by itself, and what would change that."""
    from xptasks.config import load  # noqa: PLC0415
    from xptasks.loop import may_land as asking  # noqa: PLC0415

    folder = project()
    answer = asking.ask(folder, load(folder, environ=environ()).config.landing, environ())
    sys.stdout.write(asking.as_json(answer) if json else asking.as_text(answer))
    return answer.exit_code


@task(
    help={
        "commit": "commit everything with this message, if the state is green or refactor",
        "limit": "how long one run of tests may take",
        "json": "print JSON",
    }
)
def tdd(commit: str = "", limit: str = "2m", json: bool = False) -> int:  # noqa: FBT001, FBT002
    """Say where you are in red, green, refactor, commit, and what comes next."""
    from xptasks.loop import tdd as telling  # noqa: PLC0415

    folder = project()
    asked = _asked(folder, limit)
    if not commit:
        state = telling.look(asked, folder)
        sys.stdout.write(telling.as_json(state) if json else telling.as_text(state))
        return 0
    done = telling.commit(asked, folder, commit)
    sys.stdout.write(telling.as_json(done.state, done) if json else telling.as_text(done.state, done))
    return 1 if done.why else 0


def _asked(folder: Path, limit: str) -> "Asked":
    """How tests are run: in the environment of the first tier that runs them."""
    from xptasks.config import load  # noqa: PLC0415
    from xptasks.landing.at_hand import Scope  # noqa: PLC0415
    from xptasks.loop.tdd import Asked  # noqa: PLC0415
    from xptasks.settings import given_duration  # noqa: PLC0415
    from xptasks.system.machine import project_python  # noqa: PLC0415

    config = load(folder, environ=environ()).config
    pythons = [tier_python(folder, config, step) for step in ("unit", "coverage", "test_first")]
    python = next((each for each in pythons if each != sys.executable), project_python())
    scope = Scope(config.project.sources, config.project.tests)
    return Asked(scope, python, given_duration(limit, "--limit"))
