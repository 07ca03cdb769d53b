"""Tasks about the contracts."""

import datetime as dt
import os
import sys
from pathlib import Path

from xptasks.tasks._task import environ, project, task, tier_python


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


_OUTPUT = {
    "profile": "which breaks count: wire, client, source; may be given several times",
    "format": "text, json, markdown, html, junit, sarif or github",
    "json": "the same as --format json",
    "output": "write to this file in place of stdout",
    "fail-on": "what makes the exit code 1: error, warning or never",
    "oasdiff-ignore": "an ignore file of oasdiff; may be given several times",
}


@task(
    help={
        "base": "what to compare with: a revision, a file or REVISION:PATH; may be given several times",
        **_OUTPUT,
    },
    iterable=["base", "profile", "oasdiff_ignore"],
)
def diff_contracts(  # noqa: PLR0913, PLR0917 - the options of a command line
    base: tuple[str, ...] = (),
    profile: tuple[str, ...] = (),
    format: str = "text",  # noqa: A002 - the option is called --format
    json: bool = False,  # noqa: FBT001, FBT002
    output: str = "",
    fail_on: str = "error",
    oasdiff_ignore: tuple[str, ...] = (),
) -> int:
    """Compare the contracts with those of the merge base and of what is deployed: what changed, whom it breaks."""
    from xptasks.config import load  # noqa: PLC0415
    from xptasks.contracts.compat import differences, publishing  # noqa: PLC0415
    from xptasks.loop import compatibility, releases  # noqa: PLC0415

    here = Path.cwd()
    folder = project()
    config = load(folder, environ=environ()).config
    settings = config.contracts
    given = {
        "profiles": differences.profiles_named(profile, settings.profiles),
        "baseline": tuple(base) or (*settings.baseline, compatibility.DEPLOYED),
        "oasdiff_ignore": (
            *settings.oasdiff_ignore,
            *(os.path.relpath(here / name, folder) for name in oasdiff_ignore),
        ),
    }
    options = publishing.options("json" if json else format, fail_on, here / output if output else None)

    def deployed() -> tuple[releases.Served, ...]:
        return releases.served(releases.releases_of(config, environ()))

    judgement = compatibility.judge(settings.model_copy(update=given), folder, today=_today(), deployed=deployed)
    return publishing.publish(judgement, options)


@task(
    help={"base": "the older contract: a file, or REVISION:PATH", "head": "the newer one", **_OUTPUT},
    iterable=["profile", "oasdiff_ignore"],
    positional=["base", "head"],
)
def diff(  # noqa: PLR0913, PLR0917 - the options of a command line
    base: str,
    head: str,
    profile: tuple[str, ...] = (),
    format: str = "text",  # noqa: A002 - the option is called --format
    json: bool = False,  # noqa: FBT001, FBT002
    output: str = "",
    fail_on: str = "error",
    oasdiff_ignore: tuple[str, ...] = (),
) -> int:
    """Compare any two contracts."""
    from xptasks.contracts.compat import DEFAULT_PROFILES, differences, publishing  # noqa: PLC0415
    from xptasks.contracts.compat.baselines import Baseline  # noqa: PLC0415

    folder = Path.cwd()
    options = publishing.options("json" if json else format, fail_on, folder / output if output else None)
    profiles = differences.profiles_named(profile, DEFAULT_PROFILES)
    lists = differences.ignore_files(oasdiff_ignore, folder)
    on = differences.Terms(folder, _today(), profiles, lists=lists)
    return publishing.publish(differences.judge_on([Baseline(base, ((base, head),))], on), options)


def _today() -> dt.date:
    return dt.datetime.now(tz=dt.UTC).date()


@task(help={"rule": "explain only this rule", "json": "print JSON"})
def contract_rules(rule: str = "", json: bool = False) -> int:  # noqa: FBT001, FBT002
    """List every kind of change that has a name, with an example; or explain one."""
    from xptasks.contracts.compat import listing  # noqa: PLC0415

    rules = listing.rules(rule)
    sys.stdout.write(listing.as_json(rules) if json else listing.as_text(rules))
    return 0


@task(
    help={
        "url": "a running service, e.g. https://projects.example; without it the application of [contracts] served",
        "path": "where a running service has its document",
        "json": "print JSON",
    },
)
def drift(url: str = "", path: str = "/openapi.json", json: bool = False) -> int:  # noqa: FBT001, FBT002
    """Compare what the service serves as its OpenAPI document with the contract, both ways."""
    from xptasks.config import load  # noqa: PLC0415
    from xptasks.steps.drift import order  # noqa: PLC0415
    from xptasks.system.foreground import run_in_foreground  # noqa: PLC0415

    folder = project()
    config = load(folder, environ=environ()).config
    words = [*([f"--url={url}", f"--path={path}"] if url else []), *(["--json"] if json else [])]
    given = order(config.contracts, config.generate, config.service)
    return run_in_foreground([tier_python(folder, config, "drift"), "-m", "xptasks.loop.drift", *words, given])
