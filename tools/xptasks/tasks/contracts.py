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


@task(
    aliases=("gen",),
    help={"check": "change nothing, fail with a diff when a file is stale", "json": "print JSON"},
)
def generate_types(
    check: bool = False,  # noqa: FBT001, FBT002
    json: bool = False,  # noqa: FBT001, FBT002
) -> int:
    """Write the contracts as types in Python, Swift and TypeScript."""
    from xptasks.config import load  # noqa: PLC0415
    from xptasks.contracts import generation  # noqa: PLC0415
    from xptasks.errors import ConfigError  # noqa: PLC0415

    config = load(project(), environ=environ()).config
    contracts, files = (*config.contracts.openapi, *config.contracts.asyncapi), config.generate.files()
    if not contracts or not files:
        hint = "name contracts under [contracts], and a file for each language under [generate]"
        raise ConfigError("there is nothing to generate", where="xpconfig.toml", hint=hint)
    request = generation.Request(contracts, files, tolerant_enums=config.generate.tolerant_enums)
    outcome = (generation.check if check else generation.generate)(Path(), request)
    sys.stdout.write(generation.as_json(outcome) if json else generation.as_text(outcome, checked=check))
    return outcome.exit_code
