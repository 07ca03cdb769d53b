"""How much of what a change adds is run by tests: changed lines against coverage's report. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Patch:
    """The lines of a change that can be run.

    Attributes:
        covered: how many of them tests run.
        executable: how many there are.
        missing: the numbers of the others, by file.
    """

    covered: int
    executable: int
    missing: Mapping[str, list[int]]

    @property
    def percent(self) -> float | None:
        """The covered share; None where nothing can be run, which is not the same as all of it."""
        return 100.0 * self.covered / self.executable if self.executable else None


Report = Mapping[str, Mapping[str, Any]]
"""The part `files` of coverage's JSON report."""


def patch(changed: Mapping[str, Iterable[int]], files: Report) -> Patch:
    """The part of the report that speaks of changed lines.

    Args:
        changed: numbers of the new or changed lines, by file.
        files: what coverage reports. A file that it does not know (a test, a script) has no lines that count.
    """
    covered, executable = 0, 0
    missing: dict[str, list[int]] = {}
    for name, lines in sorted(changed.items()):
        report = files.get(name, {})
        ran = set(lines) & set(report.get("executed_lines", ()))
        left = set(lines) & set(report.get("missing_lines", ()))
        covered, executable = covered + len(ran), executable + len(ran) + len(left)
        if left:
            missing[name] = sorted(left)
    return Patch(covered, executable, missing)


def ranges(lines: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as runs of neighbours: 1 2 3 7 becomes 1-3 and 7-7."""
    found: list[tuple[int, int]] = []
    for line in sorted(lines):
        if found and found[-1][1] == line - 1:
            found[-1] = (found[-1][0], line)
        else:
            found.append((line, line))
    return found


def of_folder(folder: str, files: Report) -> float | None:
    """The coverage of one folder or file in percent, lines and branches together; None when it has neither."""
    inside = [
        report["summary"]
        for name, report in files.items()
        if name == folder or name.startswith(f"{folder.rstrip('/')}/")
    ]
    whole = sum(summary["num_statements"] + summary.get("num_branches", 0) for summary in inside)
    part = sum(summary["covered_lines"] + summary.get("covered_branches", 0) for summary in inside)
    return 100.0 * part / whole if whole else None
