"""Tasks about what happened."""

import sys

from xptasks.tasks._task import environ, project, task


@task(
    help={
        "kind": "only what is called so, for example landed; may be given several times",
        "since": "only what happened since then: a duration such as 7d, or a time such as 2026-11-02",
        "until": "only what happened before then",
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


@task()
def history_deliver() -> int:
    """Take what waits in the outbox to the database, as the last step of a CI job, or now and then."""
    from xptasks.loop import listing  # noqa: PLC0415

    sys.stdout.write(listing.delivered(project(), environ()))
    return 0
