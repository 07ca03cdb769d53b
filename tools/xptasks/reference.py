"""What is generated from the code: JSON Schemas, reference pages, the starter file; each is written or compared."""

import difflib
import sys
from pathlib import Path

from xptasks import config
from xptasks.errors import ExitCode
from xptasks.report import result_json
from xptasks.system.files import atomic_write


def files() -> dict[str, str]:
    """The content of every generated file, by its path in the project."""
    return {**config.generated_files(), **result_json.generated_files()}


def write(project: Path) -> int:
    """Write what is stale and say which files those are."""
    stale = _stale(project)
    for name in stale:
        atomic_write(project / name, files()[name])
        sys.stdout.write(f"{name}\n")
    if not stale:
        sys.stdout.write("all fresh\n")
    return ExitCode.OK


def check(project: Path) -> int:
    """Show the difference of what is stale."""
    stale = _stale(project)
    for name, text in stale.items():
        lines = difflib.unified_diff(text.splitlines(True), files()[name].splitlines(True), name, "fresh")  # noqa: FBT003
        sys.stdout.writelines(lines)
    if stale:
        sys.stderr.write(f"{len(stale)} files are stale; run `inv reference`\n")
    return ExitCode.GATE_FAILED if stale else ExitCode.OK


def _stale(project: Path) -> dict[str, str]:
    """The text of each file that differs from what it should be; empty for a missing one."""
    texts = {name: _text(project / name) for name in files()}
    return {name: text for name, text in texts.items() if text != files()[name]}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
