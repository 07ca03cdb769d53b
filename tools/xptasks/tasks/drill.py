"""The task that shows the whole loop."""

import sys

from xptasks.tasks._task import environ, project, task


@task(help={"folder": "where it plays; .xp/demo without it", "json": "print JSON"})
def demo(folder: str = "", json: bool = False) -> int:  # noqa: FBT001, FBT002
    """Show the whole loop on the reference service: a good change gets to all traffic by itself, bad ones do not."""
    from pathlib import Path  # noqa: PLC0415

    from xptasks.drill import show  # noqa: PLC0415

    source = project()
    return show.run(Path(folder or ".xp/demo").resolve(), source, environ(), sys.stdout, sys.stderr, as_json=json)
