"""Tasks about what happened."""

import sys
from pathlib import Path

from xptasks.tasks._task import environ, project, task

_WHICH = {
    "kind": "only what is called so, for example landed; may be given several times",
    "since": "only what happened since then: a duration such as 7d, or a time such as 2026-11-02",
    "until": "only what happened before then",
}


@task(
    help={
        **_WHICH,
        "change": "only of this change",
        "commit": "only of this commit",
        "deployment": "only of this deployment",
        "last": "at most so many, the newest; 0 for all",
        "json": "print JSON",
    },
    iterable=["kind"],
)
def history_list(  # noqa: PLR0913 - one parameter an option
    kind: tuple[str, ...] = (),
    *,
    since: str = "",
    until: str = "",
    change: str = "",
    commit: str = "",
    deployment: str = "",
    last: int = 50,
    json: bool = False,
) -> int:
    """List what happened, oldest first."""
    from xptasks.loop import listing  # noqa: PLC0415

    asked = listing.Asked(tuple(kind), since, until, change, commit, deployment, last)
    sys.stdout.write(listing.listed(project(), environ(), asked, as_json=json))
    return 0


@task(help={"output": "the file; history.jsonl without it", **_WHICH}, iterable=["kind"])
def history_export(
    output: str = "history.jsonl", *, kind: tuple[str, ...] = (), since: str = "", until: str = ""
) -> int:
    """Write what happened into a file, for CI to keep and for another machine to import."""
    from xptasks.loop import listing  # noqa: PLC0415

    file = Path.cwd() / output
    asked = listing.Asked(tuple(kind), since, until, last=0)
    sys.stdout.write(listing.exported(project(), environ(), asked, file))
    return 0


@task(
    help={
        "file": "a last-run.json, a file with events, a folder or a zip file with such; may be given several times",
        "json": "print JSON",
    },
    iterable=["file"],
)
def history_import(file: tuple[str, ...] = (), *, json: bool = False) -> int:
    """Take what CI and other machines kept into the history; doing it again changes nothing."""
    from xptasks.loop import importing  # noqa: PLC0415
    from xptasks.report import result_json  # noqa: PLC0415

    paths = [Path.cwd() / each for each in file]
    found = importing.bring(project(), environ(), paths, result_json.read)
    sys.stdout.write(found.as_json() if json else found.as_text())
    return found.exit_code


@task()
def history_deliver() -> int:
    """Take what waits in the outbox to the database: as the last step of a CI job, or now and then."""
    from xptasks.loop import keeping  # noqa: PLC0415

    sys.stdout.write(keeping.delivered(project(), environ()))
    return 0


@task(help={"json": "print JSON"})
def history_status(*, json: bool = False) -> int:
    """Say where the history is, what it holds, and what waits in the outbox."""
    from xptasks.loop import keeping  # noqa: PLC0415

    found = keeping.standing(project(), environ())
    sys.stdout.write(found.as_json() if json else found.as_text())
    return found.exit_code


@task(
    help={
        "older-than": "a duration such as 365d, in place of [history] retention",
        "yes": "delete; without it nothing is changed",
        "json": "print JSON",
    }
)
def history_prune(*, older_than: str = "", yes: bool = False, json: bool = False) -> int:
    """Say what is older than the history is kept, and which figures stay exact; with --yes delete it."""
    from xptasks.loop import keeping  # noqa: PLC0415

    sys.stdout.write(keeping.pruned(project(), environ(), older_than, really=yes, as_json=json))
    return 0


@task(
    help={
        "window": "how long the time is that the figures are about, for example 30d or 12h",
        "until": "when it ends: a time such as 2026-11-02T10:30Z, or a duration such as 1d; now without it",
        "format": "text, json or prometheus",
        "output": "write a file, as a whole, in place of stdout",
        "change": "tell the story of this change instead",
        "check": "fail when a target is not met",
        "json": "the same as --format json",
    }
)
def metrics(  # noqa: PLR0913 - one parameter an option
    window: str = "30d",
    *,
    until: str = "",
    format: str = "text",  # noqa: A002 - the option's name
    output: str = "",
    change: str = "",
    check: bool = False,
    json: bool = False,
) -> int:
    """Show the figures: time without people, what lands and is delivered by itself, uptime, DORA's five."""
    from xptasks.loop.metrics import Asked, run  # noqa: PLC0415

    return run(project(), environ(), Asked(window, until, "json" if json else format, output, change, check))
