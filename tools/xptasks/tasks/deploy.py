"""Tasks about what is deployed."""

import sys

from xptasks.tasks._task import environ, project, task


@task(help={"json": "print JSON"})
def releases(json: bool = False) -> None:  # noqa: FBT001, FBT002
    """List the releases on this machine: which serves, which is warm, which are kept."""
    from xptasks.config import load  # noqa: PLC0415
    from xptasks.loop import releases as loop  # noqa: PLC0415

    found = loop.releases_of(load(project(), environ=environ()).config, environ())
    listed = loop.listing(found, loop.states(found))
    sys.stdout.write(loop.as_json(listed) if json else loop.as_text(listed))
