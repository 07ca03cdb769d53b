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


@task(
    help={
        "base": "a revision, a file or REVISION:PATH to compare with; the merge base without it",
        "profile": "which breaks count: wire, client, source; may be given several times",
        "json": "print JSON",
        "markdown": "print a changelog",
    },
    iterable=["profile"],
)
def diff_contracts(
    base: str = "",
    profile: tuple[str, ...] = (),
    json: bool = False,  # noqa: FBT001, FBT002
    markdown: bool = False,  # noqa: FBT001, FBT002
) -> int:
    """Compare the contracts with those of the merge base: what changed, and whom it breaks."""
    from xptasks.config import load  # noqa: PLC0415
    from xptasks.contracts.compat import differences  # noqa: PLC0415

    folder = project()
    settings = load(folder, environ=environ()).config.contracts
    pairs = differences.pairs((*settings.openapi, *settings.asyncapi), base, folder)
    report = differences.find(pairs, profile, folder)
    sys.stdout.write(differences.show(report, json=json, markdown=markdown))
    return differences.exit_code(report)


@task(
    help={
        "base": "the older contract: a file, or REVISION:PATH",
        "head": "the newer one",
        "profile": "which breaks count: wire, client, source; may be given several times",
        "json": "print JSON",
        "markdown": "print a changelog",
    },
    iterable=["profile"],
    positional=["base", "head"],
)
def diff(
    base: str,
    head: str,
    profile: tuple[str, ...] = (),
    json: bool = False,  # noqa: FBT001, FBT002
    markdown: bool = False,  # noqa: FBT001, FBT002
) -> int:
    """Compare any two contracts."""
    from xptasks.contracts.compat import differences  # noqa: PLC0415

    report = differences.find([(base, head)], profile, Path.cwd())
    sys.stdout.write(differences.show(report, json=json, markdown=markdown))
    return differences.exit_code(report)


@task(help={"json": "print JSON"})
def contract_rules(json: bool = False) -> int:  # noqa: FBT001, FBT002
    """List every kind of change that has a name, with an example."""
    from xptasks.contracts.compat.listing import as_json, as_text  # noqa: PLC0415

    sys.stdout.write(as_json() if json else as_text())
    return 0
