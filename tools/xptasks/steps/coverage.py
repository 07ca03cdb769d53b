"""Every test not marked slow, with line and branch coverage; it replaces `unit` in its tier."""

import json
from dataclasses import replace
from pathlib import Path

from xptasks.results import Command, Measurement, Outcome, Reading, Status, StepContext
from xptasks.steps import _pytest

NEEDS = ("coverage", "pytest")
REPLACES = ("unit",)


class Options(_pytest.TestOptions):
    """`[steps.coverage]`: pytest under coverage, configured in `pyproject.toml`."""


def command(options: Options, context: StepContext) -> Command:
    """Pytest in a process that measures from its first import on."""
    report, measured = context.scratch / "tests.json", context.scratch / "coverage.json"
    data_file = context.scratch / "coverage.data"
    words = _pytest.words(options, context, "not slow")
    return Command(
        (context.python, "-m", "xptasks.steps._measure", str(data_file), str(measured), *words),
        hints=_pytest.hints(options, context, report),
        distributions=NEEDS,
        artifacts=(report, measured),
    )


def read(_options: Options, outcome: Outcome) -> Reading:
    """The tests' verdict, and how much they covered, in percent."""
    measured = outcome.artifacts[1]
    reading = _pytest.read(outcome)
    if not measured.exists():
        return replace(reading, status=Status.ERROR, summary=f"{reading.summary}; no coverage was measured")
    measurements = _measurements(measured)
    summary = f"{reading.summary}; coverage {measurements[0].value:.1f} %"
    return replace(reading, summary=summary, measurements=(*measurements, *reading.measurements))


def _measurements(path: Path) -> tuple[Measurement, ...]:
    totals = json.loads(path.read_text(encoding="utf-8"))["totals"]
    found = [Measurement("coverage", totals["percent_covered"], "percent")]
    found.append(Measurement("coverage_lines", _percent(totals["covered_lines"], totals["num_statements"]), "percent"))
    if totals.get("num_branches"):
        branches = _percent(totals["covered_branches"], totals["num_branches"])
        found.append(Measurement("coverage_branches", branches, "percent"))
    return tuple(found)


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 100.0
