"""What the test steps share: how pytest is called and how its report is read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from xptasks.results import Command, Finding, Measurement, Outcome, Position, Reading, Status, StepContext
from xptasks.tiers.settings import StepOptions

NEEDS = ("pytest",)
PLUGIN = "xptasks.tiers.pytest_order"
_VARIABLE = "XPTASKS_TESTS"
CONFORMANCE = "XPTASKS_CONFORMANCE"  # read by xptasks.contracts.pytest_conform
_CONFORMANCE_FILE = "conformance.json"
JOURNAL = "at-hand"
"""The file beside the report with the test that ran last, when a project is measured."""

_FAILED, _INTERRUPTED, _NO_TESTS = 1, 2, 5  # a module that cannot be imported interrupts pytest
_RESERVED = 0.3  # of the budget: for collecting, tearing down and reading the report


class TestOptions(StepOptions):
    """What `unit`, `coverage` and `slow` understand."""

    __test__ = False

    args: Annotated[tuple[str, ...], Field(description="More words for pytest.", examples=[["-n", "2"]])] = ()
    defer: Annotated[
        bool,
        Field(description="Leave what the budget does not allow for the next run, and say so.", examples=[False]),
    ] = False


def command(options: TestOptions, context: StepContext, marker: str) -> Command:
    """Pytest over the tests that the marker expression selects."""
    report = context.scratch / "tests.json"
    return Command(
        (context.python, "-m", "pytest", *words(options, context, marker)),
        hints=hints(options, context, report),
        distributions=NEEDS,
        artifacts=(report,),
    )


def words(options: TestOptions, context: StepContext, marker: str) -> tuple[str, ...]:
    """The words after `pytest`."""
    fixed = ("-p", PLUGIN, "-m", marker, "-q", "--no-header", "-o", f"cache_dir={context.state / 'pytest'}")
    return (*fixed, *options.args, *context.extra)


def hints(options: TestOptions, context: StepContext, report: Path) -> dict[str, str]:
    """The plugin's instructions."""
    seconds = context.budget * (1 - _RESERVED) if options.defer and context.budget is not None else None
    state = context.state / "tests.json"
    order = {"state": str(state), "report": str(report), "changed": context.changed, "seconds": seconds, **context.told}
    if "limit" in order:
        order["journal"] = str(report.with_name(JOURNAL))
    return {_VARIABLE: json.dumps(order), CONFORMANCE: str(report.with_name(_CONFORMANCE_FILE))}


def read(outcome: Outcome) -> Reading:
    """Pytest's last line is the summary; findings and deferred tests come from the plugin's report."""
    report = outcome.artifacts[0]
    summary = _summary(outcome)
    broke = Reading(Status.ERROR, summary=summary or f"pytest: exit code {outcome.exit_code}")
    if outcome.exit_code not in {0, _FAILED, _INTERRUPTED, _NO_TESTS} or not report.exists():
        return broke
    loaded = json.loads(report.read_text(encoding="utf-8"))
    deferred = tuple(loaded["deferred"])
    findings = tuple(_finding(item) for item in loaded["failures"])
    if outcome.exit_code == _FAILED or findings:
        return Reading(Status.FAILED, summary=summary, findings=findings, deferred=deferred)
    if outcome.exit_code == _INTERRUPTED:
        return broke
    if deferred:
        ran = sum(loaded["counts"].values())
        said = f"{ran} of {ran + len(deferred)} run, {len(deferred)} deferred: {summary}"
        return Reading(Status.PARTIAL, summary=said, deferred=deferred)
    if outcome.exit_code == _NO_TESTS:
        return Reading(Status.FAILED, summary="no test was found")
    return _without_failures(loaded["counts"], summary, report)


def _without_failures(counts: Mapping[str, int], summary: str, report: Path) -> Reading:
    """Green takes a test that passed: when all of them were skipped, pytest calls that a success, too."""
    if not counts.get("passed"):
        return Reading(Status.SKIPPED, summary=f"no test passed: {summary}")
    return Reading(Status.PASSED, summary=summary, measurements=_conformance(report.with_name(_CONFORMANCE_FILE)))


def _conformance(report: Path) -> tuple[Measurement, ...]:
    """How much of the contracts the tests touched; nothing when the plugin watched nothing."""
    if not report.exists():
        return ()
    found = json.loads(report.read_text(encoding="utf-8"))
    return tuple(
        Measurement(f"contract_{kind}_covered", found[kind]["percent"], "percent")
        for kind in ("operations", "messages")
        if kind in found
    )


def _summary(outcome: Outcome) -> str:
    lines = [line for line in outcome.stdout.strip().splitlines() if line.strip()]
    said = lines[-1] if lines else outcome.stderr.strip()[-500:]
    return said.strip("= ")


def _finding(item: dict[str, Any]) -> Finding:
    return Finding(item["message"], rule=item["test"], position=Position(item["file"], item["line"]))
