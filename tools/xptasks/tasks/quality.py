"""Tasks about quality that can only go up."""

import sys

from xptasks.tasks._task import environ, project, task


@task(help={"tighten": "on the trunk: raise the floors to what was measured", "json": "print JSON"})
def ratchet(tighten: bool = False, json: bool = False) -> None:  # noqa: FBT001, FBT002
    """Show the floor, target and history of every ratchet."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from xptasks.config import load  # noqa: PLC0415
    from xptasks.loop import tightening  # noqa: PLC0415

    folder, now = project(), datetime.now(UTC)
    config = load(folder, environ=environ()).config
    if tighten:
        moves = tightening.tighten(folder, config, now)
        sys.stdout.write(tightening.moves_as_json(moves) if json else tightening.moves_as_text(moves))
        return
    standings = tightening.standings(folder, config, now)
    sys.stdout.write(tightening.as_json(standings) if json else tightening.as_text(standings))
