"""Every test not marked slow, with line and branch coverage, in all and of the change; replaces `unit` in its tier."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from xptasks.results import Command, Finding, Measurement, Outcome, Position, Reading, Status, StepContext
from xptasks.steps import _pytest

NEEDS = ("coverage", "pytest")
REPLACES = ("unit",)
MEASURES = ("coverage", "coverage_lines", "coverage_branches", "coverage:*", "contract_*_covered")
SOMETIMES = ("patch_coverage",)  # not when the change has no line that can be run
UNCOVERED = "uncovered-change"
"""The rule of the findings that name changed lines no test runs."""

_PLACES = 10  # of lines that no test runs; more are counted


class Options(_pytest.TestOptions):
    """`[steps.coverage]`: pytest under coverage, configured in `pyproject.toml`."""


def command(options: Options, context: StepContext) -> Command:
    """Pytest in a process that measures from its first import on."""
    report, measured = context.scratch / "tests.json", context.scratch / "coverage.json"
    asked = (name.partition(":") for name in context.slices.get("ratchets", ()))
    instructions = {
        "data": str(context.scratch / "coverage.data"),
        "report": str(measured),
        "base": context.base,
        "folders": sorted(folder for kind, _, folder in asked if kind == "coverage" and folder),
    }
    words = _pytest.words(options, context, "not slow")
    return Command(
        (context.python, "-m", "xptasks.steps._measure", json.dumps(instructions), *words),
        hints=_pytest.hints(options, context, report),
        distributions=NEEDS,
        artifacts=(report, measured),
    )


def read(_options: Options, outcome: Outcome) -> Reading:
    """The tests' verdict, how much they covered in percent, and which lines of the change they did not."""
    measured = outcome.artifacts[1]
    reading = _pytest.read(outcome)
    if not measured.exists():
        return replace(reading, status=Status.ERROR, summary=f"{reading.summary}; no coverage was measured")
    report = json.loads(measured.read_text(encoding="utf-8"))
    measurements = (*_totals(report["totals"]), *_parts(report))
    summary = f"{reading.summary}; coverage {measurements[0].value:.1f} %{_of_the_change(report)}"
    findings = (*reading.findings, *_uncovered(report.get("patch", {"missing": {}})["missing"]))
    return replace(reading, summary=summary, findings=findings, measurements=(*measurements, *reading.measurements))


def _totals(totals: Mapping[str, Any]) -> tuple[Measurement, ...]:
    found = [Measurement("coverage", totals["percent_covered"], "percent")]
    found.append(Measurement("coverage_lines", _percent(totals["covered_lines"], totals["num_statements"]), "percent"))
    if totals.get("num_branches"):
        branches = _percent(totals["covered_branches"], totals["num_branches"])
        found.append(Measurement("coverage_branches", branches, "percent"))
    return tuple(found)


def _parts(report: Mapping[str, Any]) -> Iterator[Measurement]:
    """The folders that ratchets name, and the change; what has no lines is not measured."""
    for folder, value in report["folders"].items():
        if value is not None:
            yield Measurement(f"coverage:{folder}", value, "percent")
    if report.get("patch", {}).get("percent") is not None:
        yield Measurement("patch_coverage", report["patch"]["percent"], "percent")


def _of_the_change(report: Mapping[str, Any]) -> str:
    if "patch" not in report:
        return ""
    value = report["patch"]["percent"]
    return ", the change has no lines that run" if value is None else f", of the change {value:.1f} %"


def _uncovered(missing: Mapping[str, list[tuple[int, int]]]) -> Iterator[Finding]:
    """Where no test runs a line of the change; whether that is too much is for a ratchet to say."""
    places = [(file, first, last) for file, runs in missing.items() for first, last in runs]
    for file, first, last in places[:_PLACES]:
        what = f"lines {first} to {last} are" if last > first else "this line is"
        yield Finding(
            f"{what} new and no test runs {'them' if last > first else 'it'}", UNCOVERED, "info", Position(file, first)
        )
    if len(places) > _PLACES:
        yield Finding(f"and {len(places) - _PLACES} more places of the change that no test runs", UNCOVERED, "info")


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 100.0
