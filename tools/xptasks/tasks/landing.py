"""Tasks that land changes without a human."""

import os
import sys

from xptasks.tasks._task import task

_CHANGE = "the change's name: its branch, or what was chosen"


@task(
    iterable=["label"],
    help={
        "rev": "the commit to land; the one that is checked out without it",
        "change": "what the change is called; its branch's name without it",
        "title": "the first line of what lands; the commit's own without it",
        "label": "a label; may be given several times",
        "wait": "follow the change to its end: exit code 0 landed, 1 rejected, 6 a human is needed",
        "patience": "how long to follow it",
        "check": "only say whether the trunk's rules let it land",
        "revert": "take back this commit of the trunk instead",
        "dirty": "land the commit although the working tree holds something else",
        "replace": "take the place of another developer's change of that name",
        "json": "print JSON",
    },
)
def land(  # noqa: PLR0913 - one parameter an option
    *,
    rev: str = "",
    change: str = "",
    title: str = "",
    label: tuple[str, ...] = (),
    wait: bool = False,
    patience: str = "1h",
    check: bool = False,
    revert: str = "",
    dirty: bool = False,
    replace: bool = False,
    json: bool = False,
) -> int:
    """Queue a change: it lands by itself when the trunk's rules and the gate say so."""
    from xptasks.loop.landing import land as landing  # noqa: PLC0415 - not needed to list tasks

    asked = landing.Asked(
        rev,
        change,
        title,
        tuple(label or ()),
        revert,
        patience,
        wait=wait,
        check=check,
        dirty=dirty,
        replace=replace,
        json=json,
    )
    return landing.land(asked)


@task(help={"change": f"{_CHANGE}; all of them without it", "json": "print JSON"})
def land_status(change: str = "", *, json: bool = False) -> int:
    """Show what waits to land, what is tested, and how the last changes ended."""
    from xptasks.loop.landing import status  # noqa: PLC0415

    return status.status(change, as_json=json)


@task(help={"change": _CHANGE, "json": "print JSON"})
def land_approve(change: str, *, json: bool = False) -> int:
    """Approve a change as it is now; only a human may, and only for others."""
    from xptasks.loop.landing import status  # noqa: PLC0415

    return status.approve(change, as_json=json)


@task(help={"change": _CHANGE, "json": "print JSON"})
def land_withdraw(change: str, *, json: bool = False) -> int:
    """Take a change out of the queue."""
    from xptasks.loop.landing import status  # noqa: PLC0415

    return status.withdraw(change, as_json=json)


@task(help={"json": "print JSON"})
def land_resume(json: bool = False) -> int:  # noqa: FBT001, FBT002
    """Let the queue go on after it has stopped itself; only a human may."""
    from xptasks.loop.landing import status  # noqa: PLC0415

    return status.resume(as_json=json)


@task(
    help={
        "once": "end when nothing is left that could land",
        "detach": "return at once; the queue goes on by itself",
        "stop": "end the queue that was started with --detach",
        "status": "say whether a queue runs on this machine, and what it does",
        "profile": "a profile of the trunk's xpconfig.toml, for how the queue is run and what follows a landing",
        "json": "print what happens as JSON, a line each",
    }
)
def land_queue(  # noqa: PLR0913 - one parameter an option
    *,
    once: bool = False,
    detach: bool = False,
    stop: bool = False,
    status: bool = False,
    profile: str = "",
    json: bool = False,
) -> int:
    """Land what waits: test it merged, in batches, find what is bad, until Ctrl-C."""
    from xptasks.loop.landing import running  # noqa: PLC0415
    from xptasks.loop.landing import status as waiting  # noqa: PLC0415
    from xptasks.report.modes import Mode, mode_of  # noqa: PLC0415

    environ = dict(os.environ)
    if status:
        return waiting.status("", as_json=json)
    quiet = mode_of(None, environ, terminal=sys.stderr.isatty()) is Mode.AGENT
    asked = running.Asked(once, profile, json, quiet)
    if stop or detach:
        said = running.stop(environ) if stop else running.start(asked, environ)
        sys.stdout.write(f"{said}\n")
        return 0
    return running.run(asked, environ)
