"""Tasks about the contracts."""

import os
import sys
from pathlib import Path

from xptasks.tasks._task import environ, project, task


@task(
    help={
        "files": "a contract; those of xpconfig.toml without it; may be given several times",
        "thorough": "also run what takes too long before every commit",
        "json": "print JSON",
    },
    iterable=["files"],
)
def validate_contracts(
    files: tuple[str, ...] = (),
    thorough: bool = False,  # noqa: FBT001, FBT002
    json: bool = False,  # noqa: FBT001, FBT002
) -> int:
    """Check OpenAPI and AsyncAPI documents: structure, semantics, examples."""
    from xptasks.config import load  # noqa: PLC0415
    from xptasks.contracts.validate import Bounds, as_json, as_text, check  # noqa: PLC0415

    here = Path.cwd()
    folder = project()
    named = [os.path.relpath(here / file, folder) for file in files]
    settings = load(folder, environ=environ()).config.contracts
    bounds = Bounds(settings.timeout, settings.memory)
    report = check(named or (*settings.openapi, *settings.asyncapi), project=folder, bounds=bounds, thorough=thorough)
    sys.stdout.write(as_json(report) if json else as_text(report))
    return report.exit_code
