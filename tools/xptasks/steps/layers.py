"""Import layers by import-linter."""

import re
from pathlib import Path

from xptasks.results import Command, Finding, Outcome, Position, Reading, Status, StepContext
from xptasks.tiers.settings import StepOptions

NEEDS = ("import-linter",)
_BROKEN = 1
_SUMMARY = re.compile(r"Contracts: \d+ kept, \d+ broken\.")
_IMPORT = re.compile(r"^\s*(?:-|&)?\s*([\w.]+) -> ([\w.]+) \((l\.[\d, l.]+|\?)\)", re.MULTILINE)


class Options(StepOptions):
    """`[steps.layers]`: the contracts under `[tool.importlinter]`."""


def command(_options: Options, context: StepContext) -> Command:
    """`lint-imports` by its Python entry point, so that the tier's interpreter runs it."""
    entry = "import sys; from importlinter.cli import lint_imports_command as main; sys.exit(main())"
    argv = (context.python, "-c", entry, "--no-cache", "--no-logo", *context.extra)
    inputs = ("**/*.py", "**/pyproject.toml", "**/.importlinter", "**/setup.cfg")
    return Command(argv, inputs=inputs, distributions=NEEDS)


def read(_options: Options, outcome: Outcome) -> Reading:
    """One finding an import that crosses the layers."""
    found = _SUMMARY.search(outcome.stdout)
    summary = found[0] if found else (outcome.stdout or outcome.stderr).strip()[-300:]
    if outcome.exit_code == 0:
        return Reading(Status.PASSED, summary=summary)
    if found is None or outcome.exit_code != _BROKEN:
        return Reading(Status.ERROR, summary=summary or f"lint-imports: exit code {outcome.exit_code}")
    findings = tuple(_finding(outcome.project, *match) for match in _IMPORT.findall(outcome.stdout))
    return Reading(Status.FAILED, summary=summary, findings=findings)


def _finding(project: Path, importer: str, imported: str, lines: str) -> Finding:
    number = re.search(r"\d+", lines)
    position = Position(_file_of(project, importer), int(number[0]) if number else None)
    return Finding(f"{importer} may not import {imported}", rule="layers", position=position)


def _file_of(project: Path, module: str) -> str:
    """The file of a module that lies in the project or in one of its folders; the module's name when there is none."""
    stem = module.replace(".", "/")
    for pattern in (f"{stem}.py", f"{stem}/__init__.py", f"[!.]*/{stem}.py", f"[!.]*/{stem}/__init__.py"):
        for found in project.glob(pattern):
            return found.relative_to(project).as_posix()
    return module
