"""Runs chosen tests of a project, here or on an earlier commit of it, and tells how each case ended.

An earlier commit is written to a scratch folder as a checkout would write it; the repository is not touched. What
belongs to the tests is taken from the change: tests, conftest files, data beside them, and pytest's configuration.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from xptasks.errors import CannotRunError
from xptasks.landing.at_hand import Chosen, Scope, is_test
from xptasks.landing.test_first import Ran, Rehearsed
from xptasks.system import change, commands
from xptasks.system.change import ChangedFile
from xptasks.system.commands import Done

_PLUGIN = "xptasks_outcomes"
_RECORDER = Path(__file__).with_name("pytest_outcomes.py")  # imports pytest, which is not where we are
_SETTINGS = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg")  # pytest's; config is no behaviour
_ASKED = ("pytest", "xdist", "coverage", "pytest_cov")
_PATIENCE = 30.0  # seconds for an interpreter to start
_DAY = 86400.0  # seconds: whoever runs a step has a limit of his own
_ABSENT = re.compile(r"No module named '([\w.]+)'|cannot import name '(\w+)'")


Start = Callable[[Sequence[str], Path, Mapping[str, str], float], Done]
"""From a command, its folder, its environment and its limit in seconds to how it ended."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where tests are run.

    Attributes:
        scope: the project's folders.
        scratch: a folder for what is needed meanwhile, absolute.
        python: the interpreter that has the project and pytest.
        seconds: how long one run may take.
        start: what starts a command and waits for it.
    """

    scope: Scope
    scratch: Path
    python: str = sys.executable
    seconds: float = _DAY
    start: Start = commands.run


Report = Mapping[str, Any]
"""What the plugin reports: `cases` by node id, `files` that cannot be imported, `lines` of what was measured."""


def tested(chosen: Chosen, files: Sequence[ChangedFile], base: str, bench: Bench) -> list[Rehearsed]:
    """Every chosen test, with how its cases ended on an earlier commit and here.

    Raises:
        CannotRunError: git, the disk or pytest refuses.
    """
    if not chosen:
        return []
    after = run(Path.cwd(), chosen, bench, "after")
    return rehearsed(chosen, run_before(chosen, files, base, bench), after)


def run_before(chosen: Chosen, files: Sequence[ChangedFile], base: str, bench: Bench) -> Report:
    """Run the tests of the change on an earlier commit.

    Raises:
        CannotRunError: git, the disk or pytest refuses.
    """
    export = bench.scratch / "base"
    shutil.rmtree(export, ignore_errors=True)  # of a run that was killed
    try:
        project = change.export(Path(), base, export)
        _overlay(files, project, bench)
        return run(project, chosen, bench, "before")
    finally:
        shutil.rmtree(export, ignore_errors=True)


def rehearsed(chosen: Chosen, before: Report, after: Report) -> list[Rehearsed]:
    """Both runs of every test side by side; a report without the test has no cases of it."""
    return [
        Rehearsed(file, name, own, _cases(before, file, name), _cases(after, file, name))
        for file, tests in chosen.items()
        for name, own in tests.items()
    ]


def _overlay(files: Sequence[ChangedFile], project: Path, bench: Bench) -> None:
    """Bring what belongs to the tests from the change to the merge base."""
    for file in files:
        if not (is_test(file.path, bench.scope) or file.path in _SETTINGS):
            continue
        target = project / file.path
        if file.before and file.before != file.path and is_test(file.before, bench.scope):
            (project / file.before).unlink(missing_ok=True)
        if file.exists:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file.path, target, follow_symlinks=False)
        else:
            target.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Also:
    """What a run is asked for besides outcomes.

    Attributes:
        measured: files of which the report says which lines ran, where coverage is installed.
        enough: seconds after which no further test is started; None for all of them.
    """

    measured: tuple[Path, ...] = ()
    enough: float | None = None


_NOTHING = Also()


def run(project: Path, chosen: Chosen, bench: Bench, when: str, also: Also = _NOTHING) -> Report:
    """Run tests in a folder; what the plugin reports. A conftest that cannot be imported counts for every file.

    Args:
        project: the folder.
        chosen: the tests; the name `*` is every test of its file that is not slow.
        bench: with what.
        when: `before` or `after`, for messages.
        also: what else is asked for.

    Raises:
        CannotRunError: pytest does not run, or takes too long.
    """
    plugin = bench.scratch / "plugin"
    plugin.mkdir(parents=True, exist_ok=True)
    shutil.copy(_RECORDER, plugin / f"{_PLUGIN}.py")
    report = bench.scratch / f"{when}.json"
    report.unlink(missing_ok=True)
    instructions = {
        "tests": {file: sorted(tests) for file, tests in chosen.items()},
        "report": str(report),
        "measured": [str(path) for path in also.measured] if "coverage" in _installed(bench.python) else [],
        "enough": also.enough,
    }
    environ = {**_environ(project, plugin, bench), "XPTASKS_OUTCOMES": json.dumps(instructions)}
    every = any("*" in tests for tests in chosen.values())
    done = bench.start([*_pytest(bench, every=every), *sorted(chosen)], project, environ, bench.seconds)
    if done.code is None:
        raise CannotRunError(f"pytest cannot run {when} the change: {done.error}")
    if report.exists():
        loaded: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return loaded
    said = done.out + done.error
    absent = _ABSENT.search(said)
    if absent is None:
        raise CannotRunError(f"pytest cannot run {when} the change: {said.strip()[-400:]}")
    missing = absent[1] or absent[2]
    return {"cases": {}, "files": {file: {"message": absent[0], "missing": missing} for file in chosen}}


def _pytest(bench: Bench, *, every: bool) -> list[str]:
    words = [bench.python, "-m", "pytest", "-q", "--no-header", "-p", _PLUGIN, "-p", "no:cacheprovider"]
    there = _installed(bench.python)
    if "pytest" not in there:
        raise CannotRunError(f"{bench.python} has no pytest", hint="`nox -s fast` makes an environment that has it")
    alone = ["-n0"] if "xdist" in there else []
    plain = ["--no-cov"] if "pytest_cov" in there else []
    return [*words, "-m", "not slow" if every else "", "--continue-on-collection-errors", *alone, *plain]


@cache
def _installed(python: str) -> frozenset[str]:
    """Which of the modules that matter here an interpreter finds."""
    code = f"import importlib.util as u; print(*(n for n in {_ASKED!r} if u.find_spec(n)))"
    done = commands.run([python, "-c", code], Path.cwd(), dict(os.environ), _PATIENCE)
    if done.code != 0:
        raise CannotRunError(f"{python} does not run: {done.error}", hint="`nox -s fast` makes the environment anew")
    return frozenset(done.out.split())


def _environ(project: Path, plugin: Path, bench: Bench) -> dict[str, str]:
    """The environment of the tests: modules of the project come from the given folder, everything else as ever."""
    here = Path.cwd()
    roots = [project / path.relative_to(here) for path in _import_roots(here, bench.scope.sources)]
    paths = [*dict.fromkeys(map(str, roots)), str(plugin)]
    others = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTEST_ADDOPTS"}}
    inherited = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    kept = [path for path in inherited if not Path(path).resolve().is_relative_to(here)]
    return {**others, "PYTHONPATH": os.pathsep.join([*paths, *kept]), "PYTHONDONTWRITEBYTECODE": "1"}


def _import_roots(project: Path, sources: Iterable[str]) -> Iterator[Path]:
    """The folders from which the project's modules are imported: as this process does, and by the sources' packages."""
    for entry in sys.path:
        path = Path(entry or ".").resolve()
        if path.is_dir() and path.is_relative_to(project) and "site-packages" not in path.parts:
            yield path
    for source in sources:
        folder = (project / source).resolve()
        while (folder / "__init__.py").exists():
            folder = folder.parent
        if folder.is_relative_to(project):
            yield folder


def _cases(report: Report, file: str, name: str) -> dict[str, Ran]:
    """How the cases of a test ended; in a file that cannot be imported it failed as a whole."""
    if file in report["files"]:
        broken = report["files"][file]
        return {"": Ran("failed", broken["message"], broken["missing"])}
    start = f"{file}::{name}"
    found = {}
    for node, case in report["cases"].items():
        if node.partition("[")[0] == start and "outcome" in case:
            ran = Ran(case["outcome"], case.get("message", ""), case.get("missing", ""), case.get("line"))
            found[node.removeprefix(start)] = ran
    return found
