"""Tasks about the change at hand, before it is queued."""

import sys

from xptasks.tasks._task import environ, project, task


@task(help={"json": "print JSON"})
def may_land(json: bool = False) -> int:  # noqa: FBT001, FBT002
    """Say whether the trunk's rules let the change at hand land by itself, and what would change that."""
    from xptasks.config import load  # noqa: PLC0415
    from xptasks.loop import may_land as asking  # noqa: PLC0415

    folder = project()
    answer = asking.ask(folder, load(folder, environ=environ()).config.landing, environ())
    sys.stdout.write(asking.as_json(answer) if json else asking.as_text(answer))
    return answer.exit_code
