"""What is generated from the code: JSON Schemas, reference pages, the starter file; each is written or compared."""

import difflib
import sys
from pathlib import Path

from xptasks import config
from xptasks.contracts.compat import listing
from xptasks.contracts.writing.guide import with_table
from xptasks.errors import ExitCode
from xptasks.history.metrics import listing as figures
from xptasks.history.metrics.formats import json as figures_json
from xptasks.report import result_json
from xptasks.system.files import atomic_write

_GUIDE = "docs/guides/generating-types.md"  # written by hand but for its table


def files(project: Path) -> dict[str, str]:
    """The content of every generated file, by its path in the project; that of a guide keeps what a hand wrote."""
    guide = _text(project / _GUIDE)
    tables = {_GUIDE: with_table(guide)} if guide else {}
    pages = {listing.PAGE: listing.page(), figures.PAGE: figures.page()}
    schemas = {**result_json.generated_files(), **figures_json.generated_files()}
    return {**config.generated_files(), **schemas, **pages, **tables}


def write(project: Path) -> int:
    """Write what is stale and say which files those are."""
    stale = _stale(project)
    for name, (_, fresh) in stale.items():
        atomic_write(project / name, fresh)
        sys.stdout.write(f"{name}\n")
    if not stale:
        sys.stdout.write("all fresh\n")
    return ExitCode.OK


def check(project: Path) -> int:
    """Show the difference of what is stale."""
    stale = _stale(project)
    for name, (found, fresh) in stale.items():
        sys.stdout.writelines(difflib.unified_diff(found.splitlines(True), fresh.splitlines(True), name, "fresh"))  # noqa: FBT003
    if stale:
        sys.stderr.write(f"{len(stale)} files are stale; run `inv reference`\n")
    return ExitCode.GATE_FAILED if stale else ExitCode.OK


def _stale(project: Path) -> dict[str, tuple[str, str]]:
    """What each stale file holds, and what it should; empty for a missing one."""
    pairs = {name: (_text(project / name), fresh) for name, fresh in files(project).items()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
