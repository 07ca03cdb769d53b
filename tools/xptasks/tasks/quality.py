"""Tasks about quality that can only go up."""

import sys

from xptasks.tasks._task import environ, project, task


@task(
    help={
        "tighten": "take out what was fixed, by a raw run of the tier",
        "step": "count what a step that is new to the project finds today",
        "tier": "the tier that is run",
        "json": "print JSON",
    }
)
def baseline(
    tighten: bool = False,  # noqa: FBT001, FBT002
    step: str = "",
    tier: str = "fast",
    json: bool = False,  # noqa: FBT001, FBT002
) -> None:
    """Show how much was known to be wrong when xptasks came, or take out what was fixed since."""
    from json import dumps  # noqa: PLC0415

    from xptasks.adopt import baselines  # noqa: PLC0415

    folder = project()
    if tighten or step:
        changed = baselines.take_in(folder, tier, step) if step else baselines.tighten(folder, tier)
        sys.stderr.write(f"before:\n{baselines.as_text(baselines.summary(changed.before))}after:\n")
    found = baselines.shown(folder)
    sys.stdout.write(dumps(found) + "\n" if json else baselines.as_text(found))


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
