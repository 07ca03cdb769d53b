"""CI files: from a project's configuration to the files, and the comparison of what lies there with what should.

    python -m xptasks.loop.workflows

is the process of the step `ci`: it prints a reading as JSON. The files follow from `xpconfig.toml` alone: no profile
and no variable of whoever generates them changes a byte.
"""

import difflib
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xptasks import config
from xptasks.ci import delivering, detection, github, gitlab, pins, reading, rules
from xptasks.ci.request import Delivery, Install, Request
from xptasks.ci.settings import CiSettings
from xptasks.ci.settings import DeploySettings as Jobs
from xptasks.ci.writing import write
from xptasks.config.settings import Config
from xptasks.errors import ExitCode, UsageError, XpError
from xptasks.results import Finding, Position, Reading, Status
from xptasks.system import git
from xptasks.system.files import atomic_write_all

if TYPE_CHECKING:
    from xptasks.ci.workflow import Workflow

STALE = "ci-stale"
_USUAL = {"nightly": "17 2 * * *", "weekly": "23 3 * * 0"}
_PYTHONS = ("3.12",)  # where the configuration names none
_MARGIN = 60.0  # seconds besides what a deployment is expected to take
_ROLLBACK = 300.0


def request_of(found: Config, project: Path) -> Request:
    """The facts that the files are made from.

    Raises:
        UsageError: a schedule names a tier that does not exist, or there is no tier at all.
        ConfigError: the project's record of actions is not one.
    """
    ci, landing = found.ci, found.landing
    if not found.tiers:
        raise UsageError("there is no tier that CI could run", where="xpconfig.toml", hint="describe one: [tiers.fast]")
    url = str(found.history.url)
    return Request(
        project=found.project.name,
        trunk=landing.trunk,
        gate=landing.tier if landing.tier in found.tiers else next(iter(found.tiers)),
        check=landing.github.check,
        minutes={name: _minutes(tier.budget + ci.setup_time) for name, tier in found.tiers.items()},
        pythons=found.project.python or _PYTHONS,
        runner=ci.runner,
        install=_install(ci, project),
        pins=pins.load(project),
        schedules=_schedules(found),
        scanning=ci.code_scanning,
        auto_merge=landing.forge == "github",
        app=ci.app,
        history=url.removeprefix("env:") if url.startswith("env:") else "",
        retention=ci.retention,
        delivery=_delivery(found, ci.deploy) if ci.deploy else None,
    )


def _minutes(seconds: float) -> int:
    return max(1, math.ceil(seconds / 60))


def _schedules(found: Config) -> Mapping[str, str]:
    unknown = [name for name in found.ci.schedules if name not in found.tiers]
    if unknown:
        hint = f"the tiers are: {', '.join(found.tiers)}"
        raise UsageError(f"[ci.schedules] names {unknown[0]!r}, which is no tier", where="xpconfig.toml", hint=hint)
    usual = {name: cron for name, cron in _USUAL.items() if name in found.tiers}
    return {name: cron for name, cron in (usual | found.ci.schedules).items() if cron}


def _install(ci: CiSettings, project: Path) -> Install:
    """What was configured, word for word; otherwise what the repository shows."""
    names = detection.candidates(_files(project))
    found = detection.detect(names, lambda name: (project / name).read_text(encoding="utf-8"), _version())
    return Install(ci.setup or found.commands, ci.nox or found.nox, ci.inv or found.inv, found.why)


def _files(project: Path) -> list[str]:
    """What git knows; without git whatever lies there."""
    entries = git.list_files(str(project))
    if entries is not None:
        return [path for *_, path in entries]
    return [path.relative_to(project).as_posix() for path in (*project.glob("*"), *project.glob("*/*"))]


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import

    try:
        return version("xptasks")
    except PackageNotFoundError:
        return "0"


def _delivery(found: Config, jobs: Jobs) -> Delivery:
    deploy, setup = found.deploy, found.ci.setup_time
    *before, last = [stage.hold for stage in deploy.stages]
    patience = deploy.analysis.patience
    limits = {
        "canary": setup + jobs.build_time + deploy.start_timeout,
        "observe": setup + sum(before) + patience * len(before) + _MARGIN,
        "promote": setup + last + patience + _MARGIN,
        "rollback": setup + deploy.start_timeout + deploy.drain_timeout + _ROLLBACK,
    }
    return Delivery(
        runner=jobs.runner,
        canary=jobs.canary,
        production=jobs.production,
        rollback=jobs.rollback,
        strategy=deploy.strategy,
        variable=jobs.variable or "",
        oidc=jobs.oidc,
        secrets=jobs.secrets,
        minutes={name: _minutes(seconds) for name, seconds in limits.items()},
    )


def files(request: Request, *, with_gitlab: bool = False) -> dict[str, str]:
    """The content of every file that is generated, by its path in the project."""
    made: dict[str, Workflow | None] = {
        github.FILE: github.build(request),
        delivering.FILE: delivering.build(request),
    }
    written = {name: write(workflow.data(request.pins), workflow.header) for name, workflow in made.items() if workflow}
    return written | ({gitlab.FILE: gitlab.text(request)} if with_gitlab else {})


@dataclass(frozen=True, slots=True)
class Looked:
    """What is there, and what should be.

    Attributes:
        request: what the files are made from.
        fresh: what every file should hold.
        found: what it holds; empty when it is missing.
    """

    request: Request
    fresh: Mapping[str, str]
    found: Mapping[str, str]

    @property
    def stale(self) -> list[str]:
        """The files that differ."""
        return [name for name, text in self.fresh.items() if self.found[name] != text]


def look(project: Path, *, with_gitlab: bool = False) -> Looked:
    """Read the configuration and the files.

    Raises:
        XpError: the configuration cannot be used.
    """
    found = config.load(project, environ={}).config
    request = request_of(found, project)
    fresh = files(request, with_gitlab=with_gitlab or found.ci.gitlab)
    return Looked(request, fresh, {name: _text(project / name) for name in fresh})


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def generate(project: Path, *, with_gitlab: bool = False) -> int:
    """Write what is stale; say which files those are, and how jobs get xptasks."""
    looked = look(project, with_gitlab=with_gitlab)
    atomic_write_all({project / name: looked.fresh[name] for name in looked.stale})
    sys.stdout.write("".join(f"wrote {name}\n" for name in looked.stale) or "all fresh\n")
    sys.stdout.write(f"jobs get xptasks so: {looked.request.install.why}\n")
    return ExitCode.OK


def check(project: Path, *, with_gitlab: bool = False, as_json: bool = False) -> int:
    """Show how the files differ from what would be generated, and what our own rules say about every workflow."""
    looked = look(project, with_gitlab=with_gitlab)
    found = findings(project, looked)
    if as_json:
        sys.stdout.write(json.dumps({"stale": looked.stale, "findings": [asdict(one) for one in found]}) + "\n")
    else:
        for name in looked.stale:
            before, after = (text.splitlines(keepends=True) for text in (looked.found[name], looked.fresh[name]))
            sys.stdout.writelines(difflib.unified_diff(before, after, name, "fresh"))
        sys.stdout.write("".join(f"{one.position}: {one.message} [{one.rule}]\n  {one.hint}\n" for one in found))
    failed = any(one.severity == "error" for one in found)
    return ExitCode.GATE_FAILED if failed else ExitCode.OK


def findings(project: Path, looked: Looked) -> list[Finding]:
    """What is stale, and what our rules say about every workflow that is there."""
    missing = [Finding(*_stale(name, looked), position=Position(name, 1), hint="run `inv generate-ci`")
               for name in looked.stale]  # fmt: skip
    folder = project / ".github" / "workflows"
    there = sorted(path for path in folder.glob("*.y*ml") if path.suffix in {".yml", ".yaml"})
    for path in there:
        name = path.relative_to(project).as_posix()
        missing += rules.check(reading.parse(_text(path), name), looked.request)
    return missing


def _stale(name: str, looked: Looked) -> tuple[str, str]:
    what = "is not what xpconfig.toml says" if looked.found[name] else "is missing"
    return f"{name} {what}", STALE


def read(project: Path) -> Reading:
    """The step's reading."""
    looked = look(project)
    found = tuple(findings(project, looked))
    errors = sum(one.severity == "error" for one in found)
    if errors:
        return Reading(Status.FAILED, f"{errors} findings in CI files", found)
    return Reading(Status.PASSED, f"{len(looked.fresh)} CI files fresh, {len(rules.names())} rules kept", found)


def main() -> int:
    """The step's process."""
    try:
        found = read(Path.cwd())
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(asdict(found)) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
