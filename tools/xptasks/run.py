"""`xptasks run TIER`: the runner that Nox starts in a tier's environment; it also runs in any environment by itself."""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from xptasks import config
from xptasks.config.loading import Loaded
from xptasks.config.overrides import PROFILE
from xptasks.errors import CannotRunError, LockBusyError, XpError
from xptasks.history import actors
from xptasks.loop import gate
from xptasks.loop.recording import Recorder
from xptasks.report import result_json
from xptasks.report.combine import sinks
from xptasks.report.history import history
from xptasks.report.modes import MODES
from xptasks.results import Circumstances, Event
from xptasks.system.orphans import sweep
from xptasks.system.parentage import die_with_parent
from xptasks.system.processes import Supervisor
from xptasks.tiers import environment as tier_environment
from xptasks.tiers import fingerprint
from xptasks.tiers.run import exit_code

_ELSEWHERE = frozenset({"alerts", "history"})  # what is set there changes nothing about a run
_EPILOG = "STEP names one or more steps of the tier; the words after the last are for its tool: unit -k name"


def main(argv: Sequence[str]) -> int:
    """Run one tier and return the run's exit code.

    Raises:
        XpError: what was asked for cannot be run.
    """
    die_with_parent()
    options = _parse(argv)
    project = config.find_project(Path.cwd())
    try:
        prepared = _prepare(project, options)
    except XpError as error:
        result_json.refused(project, options.tier, error)
        raise
    with _alone(prepared.request.folder, options.tier):
        return _run(prepared, options.output)


def _prepare(project: Path, options: argparse.Namespace) -> gate.Prepared:
    loaded = config.load(project, profile=options.profile, overrides=options.set)
    own = tuple(path for path in sys.path if path.endswith(("site-packages", "dist-packages")))
    elsewhere = Path(options.environment).resolve() if options.environment else None
    request = gate.Request(
        project,
        options.tier,
        os.environ,
        words=tuple(options.words),
        **_outside(elsewhere),
        packages=(*fingerprint.site_packages_of(str(elsewhere)), *own) if elsewhere else own,
        use_cache=not (options.no_cache or options.measure),
        measure=options.measure,
        ordinary=not (options.profile or options.set or options.measure),
        run_id=f"{options.tier}-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}-{os.urandom(3).hex()}",
        circumstances=_circumstances(loaded, options),
    )
    return gate.prepare(loaded.config, request)


def _circumstances(loaded: Loaded, options: argparse.Namespace) -> Circumstances:
    environ = os.environ
    terminal = sys.stdin.isatty() or sys.stderr.isatty()  # a runner that nox has started has no input
    chosen = ("profile",) if options.profile or environ.get(PROFILE) else ()
    attempt = environ.get("GITHUB_RUN_ATTEMPT", "")
    return Circumstances(
        project=loaded.config.project.name,
        began=time.time(),
        actor=str(actors.actor(environ, terminal=terminal)),
        words=tuple(options.words),
        profile=loaded.profile or "",
        overrides=(*chosen, *(path for path in loaded.overridden if path.partition(".")[0] not in _ELSEWHERE)),
        attempt=int(attempt) if attempt.isdecimal() else 1,
        again=str(actors.again(environ) or ""),
        changes=actors.changes(environ),
    )


def _outside(environment: Path | None) -> dict[str, Any]:
    """Where the project is installed, when that is not where this runs."""
    if environment is None:
        return {}
    python = Path(fingerprint.programs_of(str(environment))) / "python"
    if not python.exists():
        hint = "let Nox make it: nox -s TIER --install-only"
        raise CannotRunError(f"there is no environment in {environment}", hint=hint)
    package = Path(__file__).resolve().parent
    path = str(tier_environment.importable(environment, package))
    return {"python": str(python), "environment": environment, "own": sys.executable, "path": path}


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    """Options may stand before and after the tier's name; from the first step's name on the words are the tools'."""
    parser = _parser()
    before = parser.parse_args(argv)
    if not before.words:
        parser.error("the name of a tier is missing")
    tier, *rest = before.words
    options = parser.parse_args(rest, before)
    options.tier = tier
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "xptasks run",
        usage="%(prog)s [OPTION ...] TIER [OPTION ...] [STEP ... [WORD ...]]",
        description="Run a tier in this environment.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("--json", dest="output", action="store_const", const="json", help="print the result as JSON")
    parser.add_argument("--output", choices=MODES, help="how progress is shown; chosen by itself otherwise")
    parser.add_argument("--no-cache", action="store_true", help="run every step; what is green is kept all the same")
    parser.add_argument("--environment", help="the environment of the project, when it is not the one this runs in")
    parser.add_argument("--measure", action="store_true", help="the raw truth, without baseline and ratchets")
    parser.add_argument("--profile", help="a profile of xpconfig.toml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one key")
    parser.add_argument("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _run(prepared: gate.Prepared, mode: str | None) -> int:
    project = prepared.request.project
    runs = project / ".xp" / "runs"
    told = [] if prepared.request.measure else [history(Recorder(project))]  # a measurement is no gate
    emit = sinks(mode, os.environ, project, sys.stdout, sys.stderr, more=told)
    for notice in _notices(prepared, runs):
        emit(Event("notice", 0.0, data={"message": notice}))
    finished = gate.run(prepared, Supervisor(prepared.terms.run_id, runs), emit)
    return exit_code(finished, partial_allowed=prepared.terms.partial_allowed)


def _notices(prepared: gate.Prepared, runs: Path) -> list[str]:
    """What happened before the run: remains of killed runs that were ended, and why nothing can be cached."""
    swept = sweep(runs)
    notices = [*swept.problems]
    if swept.killed:
        notices.append(f"ended {len(swept.killed)} processes that a killed run had left behind")
    if swept.left:
        pids = ", ".join(str(identity.pid) for identity in swept.left)
        notices.append(f"processes of a killed run cannot be ended: {pids}")
    return [*notices, prepared.notice] if prepared.notice else notices


@contextmanager
def _alone(folder: Path, tier: str) -> Iterator[None]:
    """One run a tier and worktree at a time; the kernel frees the lock of a run that was killed."""
    holder = folder / "holder"
    lock = FileLock(folder / "lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
        with suppress(OSError):
            holder.write_text(f"process {os.getpid()}, since {time.strftime('%H:%M:%S')}", encoding="utf-8")
    except Timeout as busy:
        by = holder.read_text(encoding="utf-8") if holder.exists() else "another process"
        raise LockBusyError(
            f"{tier} is running in this worktree already: {by}", hint="wait for it, or stop it"
        ) from busy
    except OSError as problem:
        raise CannotRunError(f"nothing can be written to .xp: {problem}", hint="make room, or delete .xp") from problem
    try:
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()
