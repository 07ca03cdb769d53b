"""Tasks about CI files, and what their jobs call."""

import os
import sys

from xptasks.tasks._task import environ, project, task


@task(
    help={
        "check": "change nothing; show what differs, and what our rules say",
        "gitlab": "write .gitlab-ci.yml too, as `[ci] gitlab = true` does",
        "json": "print JSON, with --check",
    }
)
def generate_ci(check: bool = False, gitlab: bool = False, json: bool = False) -> int:  # noqa: FBT001, FBT002
    """Write the workflows from xpconfig.toml."""
    from xptasks.loop import workflows  # noqa: PLC0415

    if check:
        return workflows.check(project(), with_gitlab=gitlab, as_json=json)
    return workflows.generate(project(), with_gitlab=gitlab)


@task(
    help={
        "event": "GitHub's name of what happened: pull_request, push, merge_group, schedule, ...",
        "schedule": "the cron line, for a schedule",
        "tier": "this tier, whatever the event",
        "output": "also write it as the step's output `matrix`, where GitHub says",
        "json": "print JSON",
    }
)
def ci_matrix(
    event: str = "push",
    schedule: str = "",
    tier: str = "",
    *,
    output: bool = False,
    json: bool = False,
) -> None:
    """Print which tiers run on which Pythons."""
    from xptasks.ci import matrix  # noqa: PLC0415
    from xptasks.config import load  # noqa: PLC0415
    from xptasks.loop import matrices  # noqa: PLC0415

    folder = project()
    found = matrices.rows(load(folder, environ=environ()).config, matrix.Occasion(event, schedule, tier))
    sys.stdout.write(matrix.as_json(found) + "\n" if json else matrix.as_text(found))
    if output:
        matrices.give(matrix.as_json(found), os.environ)


@task(help={"refresh": "look in the actions' repositories, and write what is new", "json": "print JSON"})
def ci_pins(refresh: bool = False, json: bool = False) -> int:  # noqa: FBT001, FBT002
    """Show which commits the actions of the workflows are pinned to, and where that was seen."""
    from xptasks.loop import action_pins  # noqa: PLC0415

    return action_pins.refresh(project()) if refresh else action_pins.show(project(), as_json=json)


@task(
    help={
        "number": "the pull request's number",
        "head": "the commit that was looked at; a later one is not armed",
        "profile": "a profile of xpconfig.toml",
    }
)
def land_pull_request(number: str, head: str, *, profile: str = "") -> int:
    """Let a pull request merge by itself if the trunk's rules let it; else take it from its way."""
    from xptasks.errors import UsageError  # noqa: PLC0415
    from xptasks.loop.landing import pull  # noqa: PLC0415

    if not number.isdecimal():
        raise UsageError(f"{number!r} is no number of a pull request", hint="for example --number 12")
    return pull.land(int(number), head, profile)
