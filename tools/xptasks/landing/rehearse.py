"""What the step `test_first` runs: the tests of a change, on its merge base and on itself.

    python -m xptasks.landing.rehearse --scratch FOLDER [--base COMMIT] --source FOLDER... --tests FOLDER...

The merge base is written to the scratch folder as a checkout would write it; the repository is not touched. What
belongs to the tests is taken from the change: tests, conftest files, data beside them, and pytest's configuration.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from xptasks.errors import CannotRunError, XpError
from xptasks.landing import behaviour, changed_tests, pytest_outcomes, test_first, waivers
from xptasks.landing.behaviour import Module
from xptasks.landing.test_first import Ran, Rehearsed
from xptasks.results import Reading, Status
from xptasks.system import change
from xptasks.system.change import ChangedFile

_PLUGIN = "xptasks_outcomes"
_SETTINGS = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg")  # pytest's; config is no behaviour
_TEST_FILE = re.compile(r"(?:test_.*|.*_test)\.py")
_ABSENT = re.compile(r"No module named '([\w.]+)'|cannot import name '(\w+)'")
_DOCS = (".md", ".rst", ".txt")

Chosen = Mapping[str, Mapping[str, bool]]
"""The tests to run by file; the value says whether its own code changed."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to rehearse: the commit, the folders of sources and tests, and a folder for what is needed meanwhile."""

    base: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]
    scratch: Path


def main(argv: Sequence[str] | None = None) -> int:
    """The command line, run in the project's folder; prints a reading as JSON."""
    parser = argparse.ArgumentParser("test_first")
    parser.add_argument("--base", default="")
    parser.add_argument("--source", action="append", default=[])
    parser.add_argument("--tests", action="append", default=[])
    parser.add_argument("--scratch", type=Path, required=True)
    options = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the scratch folder goes, too
    request = Request(options.base, tuple(options.source), tuple(options.tests), options.scratch.resolve())
    try:
        reading = rehearse(request)
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(asdict(reading)))
    return 0


def rehearse(request: Request) -> Reading:
    """The verdict on the change in the current folder.

    Raises:
        CannotRunError: git, the disk or pytest refuses.
    """
    if not request.base:
        return Reading(Status.SKIPPED, "no change to judge: there is no trunk to compare with")
    files = change.files(Path(), request.base)
    if not files:
        return Reading(Status.SKIPPED, "no change to judge")
    modules = {file.path: _module(file, request.base) for file in files if file.path.endswith(".py")}
    sources = [
        module for path, module in modules.items() if _below(path, request.sources) and not _is_test(path, request)
    ]
    kinds = {module.path: behaviour.kind(module) for module in sources}
    chosen = _chosen(files, modules, request)
    plain = _without_behaviour(kinds, list(modules.values()), chosen, files, request)
    if plain is not None:
        return plain
    changing = [path for path, kind in kinds.items() if kind == "behaviour"]
    added = behaviour.added(list(modules.values()))
    trailers = change.trailers(Path(), request.base, waivers.TEST_FIRST[0])
    return test_first.judge(_tested(chosen, files, request), added, changing, trailers)


def _module(file: ChangedFile, base: str) -> Module:
    before = change.file_at(Path(), base, file.before) if file.before else None
    path = Path(file.path)
    after = path.read_text(encoding="utf-8", errors="replace") if file.exists and path.is_file() else None
    return Module(file.path, file.before, None if before is None else before.decode(errors="replace"), after)


def _below(path: str, folders: Iterable[str]) -> bool:
    return any(folder in {".", path} or path.startswith(f"{folder}/") for folder in folders)


def _is_test(path: str, request: Request) -> bool:
    """Whether a file belongs to the tests: below their folders, or by its name."""
    name = PurePosixPath(path).name
    return _below(path, request.tests) or name == "conftest.py" or bool(_is_test_name(path) and "." in request.sources)


def _is_test_name(path: str) -> bool:
    return _TEST_FILE.fullmatch(PurePosixPath(path).name) is not None


def _without_behaviour(
    kinds: Mapping[str, behaviour.Kind],
    modules: Sequence[Module],
    chosen: Chosen,
    files: Sequence[ChangedFile],
    request: Request,
) -> Reading | None:
    """What a change is that needs no test of its own; None of one that changes behaviour."""
    found = set(kinds.values())
    if "behaviour" not in found:
        return Reading(Status.PASSED, f"no behaviour changed: {_what(found, chosen, files, request)}")
    if behaviour.is_rename(modules):
        return Reading(Status.PASSED, "no behaviour changed: only names did, and the tests are the same but for these")
    return None


def _what(found: Collection[str], chosen: Chosen, files: Sequence[ChangedFile], request: Request) -> str:
    words = []
    if "removal" in found:
        words.append("code was removed")
    if any(file.before not in {None, file.path} for file in files):
        words.append("files were moved")
    elif "none" in found:
        words.append("comments, docstrings or formatting of sources")
    if count := sum(map(len, chosen.values())):
        words.append(f"{count} tests of behaviour that was there")
    others = [file.path for file in files if file.path not in chosen and not _below(file.path, request.sources)]
    if any(path.endswith(_DOCS) for path in others):
        words.append("documents")
    if any(not path.endswith(_DOCS) for path in others):
        words.append("files that are neither sources nor documents")
    return ", ".join(words) or "files beside the sources"


# -- which tests -----------------------------------------------------------------------------------------------------


def _chosen(
    files: Sequence[ChangedFile], modules: Mapping[str, Module], request: Request
) -> dict[str, dict[str, bool]]:
    """The tests of the change: new, changed, or using a helper, a fixture or a file of data that is."""
    found: dict[str, dict[str, bool]] = {}
    ours = [file for file in files if file.exists and _is_test(file.path, request)]
    for file in ours:
        for path, name, own in _tests_of(file, modules, request):
            tests = found.setdefault(path, {})
            tests[name] = tests.get(name, False) or own
    return found


def _tests_of(file: ChangedFile, modules: Mapping[str, Module], request: Request) -> Iterator[tuple[str, str, bool]]:
    module = modules.get(file.path)
    if module is None:
        for path in _beside(file.path, request):
            yield from ((path, name, False) for name in changed_tests.every(_text(path)))
    elif _is_test_name(file.path):
        changed = changed_tests.find(module.before, module.after or "")
        yield from ((file.path, name, True) for name in changed.own)
        yield from ((file.path, name, False) for name in changed.touched)
    elif PurePosixPath(file.path).name == "conftest.py":
        names = set(behaviour.changed_names(module.before, module.after))
        for path in _test_files(PurePosixPath(file.path).parent):
            yield from ((path, name, False) for name in changed_tests.using(names, _text(path)))


def _beside(path: str, request: Request) -> list[str]:
    """The test files that a file of data belongs to: those nearest to it; of several, those that speak of it."""
    for folder in PurePosixPath(path).parents:
        near = [str(PurePosixPath(each)) for each in sorted(Path(folder).glob("*.py")) if _is_test_name(each.name)]
        if near:
            words = {PurePosixPath(path).name, *PurePosixPath(path).relative_to(folder).parts[:-1]}
            speaking = [each for each in near if any(word in _text(each) for word in words)]
            return speaking or near
        if str(folder) in request.tests:
            break
    return []


def _test_files(folder: PurePosixPath) -> list[str]:
    return [each.as_posix() for each in sorted(Path(folder).rglob("*.py")) if _is_test_name(each.name)]


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8", errors="replace")


# -- running them ----------------------------------------------------------------------------------------------------


def _tested(chosen: Chosen, files: Sequence[ChangedFile], request: Request) -> list[Rehearsed]:
    if not chosen:
        return []
    after = _run(Path.cwd(), chosen, request, "after")
    export = request.scratch / "base"
    shutil.rmtree(export, ignore_errors=True)  # of a run that was killed
    try:
        project = change.export(Path(), request.base, export)
        _overlay(files, project, request)
        before = _run(project, chosen, request, "before")
    finally:
        shutil.rmtree(export, ignore_errors=True)
    return [
        Rehearsed(file, name, own, _cases(before, file, name), _cases(after, file, name))
        for file, tests in chosen.items()
        for name, own in tests.items()
    ]


def _overlay(files: Sequence[ChangedFile], project: Path, request: Request) -> None:
    """Bring what belongs to the tests from the change to the merge base."""
    for file in files:
        if not (_is_test(file.path, request) or file.path in _SETTINGS):
            continue
        target = project / file.path
        if file.before and file.before != file.path and _is_test(file.before, request):
            (project / file.before).unlink(missing_ok=True)
        if file.exists:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file.path, target, follow_symlinks=False)
        else:
            target.unlink(missing_ok=True)


def _run(project: Path, chosen: Chosen, request: Request, when: str) -> dict[str, Any]:
    """Run the tests in a folder; what the plugin reports. A conftest that cannot be imported counts for every file."""
    plugin = request.scratch / "plugin"
    plugin.mkdir(parents=True, exist_ok=True)
    shutil.copy(pytest_outcomes.__file__, plugin / f"{_PLUGIN}.py")
    report = request.scratch / f"{when}.json"
    report.unlink(missing_ok=True)
    instructions = {"tests": {file: sorted(tests) for file, tests in chosen.items()}, "report": str(report)}
    done = subprocess.run(
        [*_pytest(), *sorted(chosen)],
        cwd=project,
        env={**_environ(project, plugin, request), "XPTASKS_OUTCOMES": json.dumps(instructions)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if report.exists():
        loaded: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return loaded
    said = (done.stdout + done.stderr).decode(errors="replace")
    absent = _ABSENT.search(said)
    if absent is None:
        raise CannotRunError(f"pytest cannot run {when} the change: {said.strip()[-400:]}")
    missing = absent[1] or absent[2]
    return {"cases": {}, "files": {file: {"message": absent[0], "missing": missing} for file in chosen}}


def _pytest() -> list[str]:
    words = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", _PLUGIN, "-p", "no:cacheprovider", "-m", ""]
    alone = ["-n0"] if find_spec("xdist") else []
    return [*words, "--continue-on-collection-errors", *alone]


def _environ(project: Path, plugin: Path, request: Request) -> dict[str, str]:
    """The environment of the tests: modules of the project come from the given folder, everything else as ever."""
    here = Path.cwd()
    roots = [project / path.relative_to(here) for path in _import_roots(here, request.sources)]
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


def _cases(report: Mapping[str, Any], file: str, name: str) -> dict[str, Ran]:
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


if __name__ == "__main__":
    raise SystemExit(main())
