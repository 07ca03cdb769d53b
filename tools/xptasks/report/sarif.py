"""`.xp/results.sarif`: every finding of a run for code scanning, in SARIF 2.1.0.

A fingerprint names a finding from run to run: the step, the rule, the file and the message, without lines and numbers,
so that a finding that moves with the code stays the same alert. Of findings that are alike the second has another one.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from xptasks import sarif as format_
from xptasks.history.runs import fingerprint
from xptasks.markup import clean
from xptasks.report.run import Run, said, verdict
from xptasks.results import Event, Finding, Status, StepResult
from xptasks.system.files import atomic_write

NAME = ".xp/results.sarif"
_PRINT = "stepRuleAndPlace/v1"
_UNNAMED = "finding"
_OVER = {Status.PASSED, Status.PARTIAL, Status.FAILED, Status.SKIPPED}
"""How a step may end that says all that it has to say by its findings."""


def sarif(project: Path) -> Callable[[Event, Run], None]:
    """A sink that writes the file at the end; until then there is none."""
    path = project / NAME

    def sink(event: Event, run: Run) -> None:
        if event.kind == "run-started":
            path.unlink(missing_ok=True)
        if event.kind == "run-finished":
            atomic_write(path, text(run, project))

    return sink


def text(run: Run, project: Path) -> str:
    """The log. A rule is called `STEP/RULE`; a step that could not finish is a notification of the tool."""
    found = [(result, finding) for result in run.results for finding in result.reading.findings]
    names = sorted({_rule(result, finding) for result, finding in found})
    places = {name: number for number, name in enumerate(names)}
    rules = [format_.rule(name, f"{name.partition('/')[0]}: {name.partition('/')[2]}", **_help(name)) for name in names]
    seen: Counter[str] = Counter()
    results = [_result(result, finding, places, seen, project) for result, finding in found]
    invocation: dict[str, Any] = {"executionSuccessful": run.status in {Status.PASSED, Status.PARTIAL, Status.FAILED}}
    notes = list(_notifications(run))
    invocation |= {"toolExecutionNotifications": notes} if notes else {}
    return format_.log(
        rules, results, automationDetails={"id": f"xptasks/{clean(run.tier)}/"}, invocations=[invocation]
    )


def _help(name: str) -> dict[str, Any]:
    step = name.partition("/")[0]
    return {"help": {"text": f"`nox -s TIER -- {step}` runs the step {step} alone."}, "properties": {"tags": [step]}}


def _rule(result: StepResult, finding: Finding) -> str:
    """A test's name is no rule: every failing test would be one of its own."""
    named = _UNNAMED if "::" in finding.rule else clean(finding.rule) or _UNNAMED
    return f"{clean(result.step)}/{named}"


def _result(
    result: StepResult, finding: Finding, places: dict[str, int], seen: Counter[str], project: Path
) -> dict[str, Any]:
    name, path = _rule(result, finding), _path(finding, project)
    where = [format_.location(path, finding.position)] if finding.position and path else []
    message = clean("\n".join(filter(None, (finding.message, finding.hint)))) or name
    made = format_.result(name, places[name], finding.severity, message, where)
    print_ = fingerprint(f"{result.step} {finding.rule}", path, finding.message)
    seen[print_] += 1
    made["partialFingerprints"] = {_PRINT: f"{print_}:{seen[print_]}"}
    return made


def _path(finding: Finding, project: Path) -> str:
    """Relative to the project; empty for a place outside of it, which nobody else has."""
    if finding.position is None or not finding.position.file.strip():
        return ""
    path = PurePosixPath(finding.position.file.replace("\\", "/"))
    if path.is_absolute():
        if not path.is_relative_to(project.as_posix()):
            return ""
        path = path.relative_to(project.as_posix())
    return "" if ".." in path.parts else clean(path.as_posix())


def _notifications(run: Run) -> Iterator[dict[str, Any]]:
    for result in run.results:
        if result.status not in _OVER:
            words = f"{clean(result.step)}: {verdict(result)}: {clean(said(result))}"
            yield {"level": "error", "message": {"text": words}}
