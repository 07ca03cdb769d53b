"""Lines for people and for CI: one when a step ends, a sign of life every 30 s, and why a step is not green."""

from collections.abc import Callable, Iterator

from xptasks.markup import clean
from xptasks.report.run import Run, is_green, said, tally, verdict
from xptasks.report.text import duration, one_line
from xptasks.results import Event, Finding, Status, StepResult

MOST_FINDINGS = 50


def plain(write: Callable[[str], None]) -> Callable[[Event, Run], None]:
    """A sink that writes lines as soon as they are known."""

    def sink(event: Event, run: Run) -> None:
        for line in lines(event, run):
            write(line)

    return sink


def lines(event: Event, run: Run) -> Iterator[str]:
    """What an event says to a reader; nothing for most."""
    match event.kind:
        case "run-started":
            count = len(event.data["steps"])
            budget = f", budget {duration(run.budget)}" if run.budget is not None else ""
            yield f"{one_line(run.tier)}: {count} step{'s' * (count != 1)}{budget}"
        case "heartbeat":
            yield _heartbeat(event)
        case "notice":
            yield one_line(f"note: {event.data['message']}")
        case "step-finished":
            yield from step_lines(run.results[-1], run)
        case "run-finished":
            yield last_line(run)


def step_lines(result: StepResult, run: Run) -> Iterator[str]:
    """A finished step, and why when it is not green."""
    word = verdict(result)
    shown = word if is_green(result) else word.upper()
    yield f"{shown:<11} {one_line(result.step):<14} {duration(result.seconds):>9}  {one_line(said(result))}".rstrip()
    yield from _findings(result)
    if not is_green(result):
        yield from _log(result, run)
        if result.rerun:
            yield f"  again: {one_line(result.rerun)}"


def last_line(run: Run) -> str:
    """How the run ended."""
    ending = f"{run.status}" if run.exit_code == 0 else f"{str(run.status).upper()} (exit code {run.exit_code})"
    return f"{one_line(run.tier)}: {ending} in {duration(run.seconds)}: {tally(run)}"


def finding_lines(finding: Finding) -> Iterator[str]:
    """`file:line:col: message [rule]`, then the rest of a long message and the hint, indented."""
    first, *rest = clean(finding.message).splitlines() or [""]
    where = f"{one_line(str(finding.position))}: " if finding.position else ""
    weight = "" if finding.severity == "error" else f"{finding.severity}: "
    yield f"{where}{weight}{first}{f' [{one_line(finding.rule)}]' if finding.rule else ''}"
    for line in (*rest, *clean(finding.hint).splitlines()):
        yield f"  {line}"


def _findings(result: StepResult) -> Iterator[str]:
    """Errors first; what nobody would read is only counted."""
    findings = sorted(result.reading.findings, key=lambda finding: finding.severity != "error")
    for finding in findings[:MOST_FINDINGS]:
        yield from (f"  {line}" for line in finding_lines(finding))
    if len(findings) > MOST_FINDINGS:
        yield f"  and {len(findings) - MOST_FINDINGS} more"


def _log(result: StepResult, run: Run) -> Iterator[str]:
    """The end of the output when there is no finding that says more; what was skipped has said why."""
    if not result.reading.findings and result.status is not Status.SKIPPED:
        yield from (f"  | {clean(line)}" for line in run.tails.get(result.step, ()))
    if result.log:
        yield f"  log: {one_line(result.log)}"


def _heartbeat(event: Event) -> str:
    running = ", ".join(f"{one_line(name)} {duration(seconds)}" for name, seconds in event.data["running"].items())
    return f"... {duration(event.at)}: {event.data['done']} of {event.data['total']} done, running {running}"
