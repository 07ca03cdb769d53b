"""Few words for coding agents, who pay for each: a pass within 200 bytes, anything else within 2,000, in total.

While a run lasts there is a short sign of life after 30 s, 1 min, 2 min, 4 min and so on.
"""

from collections.abc import Callable, Iterator

from xptasks.report.run import Run, is_green, said, tally, verdict
from xptasks.report.terminal import finding_lines
from xptasks.report.text import clip, duration, one_line
from xptasks.results import Event, Status, StepResult

PASS_BYTES = 200
FAILURE_BYTES = 2000
_FIRST_BEAT = 30.0
_BEATS = 100  # bytes of all signs of life together
_LINE = 320  # bytes of one line of an explanation
_MOST_LINES = 12  # of one step


def agent(write: Callable[[str], None]) -> Callable[[Event, Run], None]:
    """A sink that writes next to nothing before the run's end."""
    spent = 0
    next_beat = _FIRST_BEAT

    def sink(event: Event, run: Run) -> None:
        nonlocal spent, next_beat
        if event.kind == "heartbeat" and event.at >= next_beat:
            line = f"{event.at:.0f}s {event.data['done']}/{event.data['total']}"
            if spent + len(line) + 1 <= _BEATS:
                write(line)
                spent += len(line) + 1
            next_beat *= 2
        if event.kind == "run-finished":
            for line in ending(run, spent):
                write(line)

    return sink


def ending(run: Run, spent: int = 0) -> list[str]:
    """The whole verdict: what, where, why and the next command, each line without its line break.

    Args:
        run: the finished run.
        spent: bytes that were written before and count.
    """
    head = f"{one_line(run.tier)} {run.status} in {duration(run.seconds)}: {tally(run)}"
    if run.status is Status.PASSED and run.exit_code == 0:
        return [clip(head, PASS_BYTES - spent - 1)]
    others = [result for result in run.results if not is_green(result)]
    again = next((result.rerun for result in others if result.rerun), "")
    first, last = [clip(head, _LINE)], [clip(f"next: {one_line(again)}", _LINE)] if again else []
    room = FAILURE_BYTES - spent - _size(first) - _size(last)
    return [*first, *_explained(_worst_first(others), run, room), *last]


def _worst_first(results: list[StepResult]) -> list[StepResult]:
    """What failed before what merely did not run."""
    mild = (Status.PARTIAL, Status.SKIPPED, Status.UNAVAILABLE, Status.CANCELLED)
    return sorted(results, key=lambda result: result.status in mild)


def _explained(results: list[StepResult], run: Run, room: int) -> list[str]:
    """Every step gets an equal share of the room that is left; what it does not use goes to the next."""
    lines: list[str] = []
    for number, result in enumerate(results):
        share = (room - _size(lines)) // (len(results) - number)
        lines += _fitting(list(_why(result, run)), share)
    return lines


def _why(result: StepResult, run: Run) -> Iterator[str]:
    """The step, then one line a finding, else the end of its output."""
    yield f"{result.step} {verdict(result)}: {one_line(said(result))}".removesuffix(": ")
    findings = [finding for finding in result.reading.findings if finding.severity == "error"]
    for finding in findings:
        yield one_line(" ".join(finding_lines(finding)))
    if not findings and result.status not in (Status.PARTIAL, Status.SKIPPED):
        tail = [one_line(line) for line in run.tails.get(result.step, ())]
        yield from (f"| {line}" for line in tail if line and line not in one_line(said(result)))


def _fitting(lines: list[str], room: int) -> list[str]:
    """The lines that fit, each clipped, and how many did not."""
    kept: list[str] = []
    for number, line in enumerate(lines):
        more = f"... {len(lines) - number} more"
        clipped = clip(line, _LINE)
        if number >= _MOST_LINES or _size([*kept, clipped, more]) > room:
            return [*kept, more] if _size([*kept, more]) <= room else kept
        kept.append(clipped)
    return kept


def _size(lines: list[str]) -> int:
    return sum(len(line.encode(errors="surrogatepass")) + 1 for line in lines)
