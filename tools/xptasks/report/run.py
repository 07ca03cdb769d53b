"""What a run has told so far, put together from its events."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xptasks.results import Circumstances, Event, Finding, Measurement, Position, Reading, Status, StepResult

TAIL = 20
"""Lines of a step's output that are kept to show why it failed."""


@dataclass(slots=True)
class Run:
    """A run as its events tell it.

    Attributes:
        tier: the tier's name.
        run_id: the run's id.
        commit: the commit that is checked; empty when the working tree holds something else.
        dirty: what it holds else, as `git status --porcelain` says it.
        budget: seconds that the steps may take together.
        results: finished steps, in the order in which they finished.
        notices: what the runner had to say besides.
        status: how the run ended; None while it runs.
        exit_code: the exit code; None while it runs.
        seconds: how long the run took.
        tails: the last lines of every step's output.
        circumstances: under what it takes place.
        edited: a file that somebody wrote to meanwhile.
    """

    tier: str = "run"
    run_id: str = ""
    commit: str = ""
    dirty: tuple[str, ...] = ()
    budget: float | None = None
    results: list[StepResult] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    status: Status | None = None
    exit_code: int | None = None
    seconds: float = 0.0
    tails: dict[str, deque[str]] = field(default_factory=dict)
    circumstances: Circumstances = field(default_factory=Circumstances)
    edited: str = ""

    def add(self, event: Event) -> None:
        """Take in an event."""
        data = event.data
        match event.kind:
            case "run-started":
                self.tier = data.get("tier", self.tier)
                self.run_id = data.get("run_id", self.run_id)
                self.commit = data.get("commit", "")
                self.dirty = tuple(data.get("dirty", ()))
                self.budget = data.get("budget")
                self.circumstances = circumstances(data.get("circumstances", {}))
            case "step-output":
                self.tails.setdefault(event.step, deque(maxlen=TAIL)).extend(data["lines"])
            case "step-finished":
                self.results.append(step_result(data["result"]))
            case "notice":
                self.notices.append(data["message"])
            case "run-finished":
                self.status, self.exit_code = Status(data["status"]), data["exit_code"]
                self.seconds, self.edited = data["seconds"], data.get("edited", "")


def circumstances(data: Mapping[str, Any]) -> Circumstances:
    """The circumstances that `dataclasses.asdict` or JSON made this of."""
    lists = {name: tuple(data[name]) for name in ("words", "overrides", "changes") if name in data}
    return Circumstances(**{**data, **lists})


def step_result(data: Mapping[str, Any]) -> StepResult:
    """The result that `dataclasses.asdict` or JSON made this of."""
    reading = data["reading"]
    read = Reading(
        status=Status(reading["status"]),
        summary=reading["summary"],
        findings=tuple(_finding(found) for found in reading["findings"]),
        measurements=tuple(Measurement(**measured) for measured in reading["measurements"]),
        deferred=tuple(reading["deferred"]),
    )
    return StepResult(**{**data, "reading": read})


def _finding(data: Mapping[str, Any]) -> Finding:
    position = data["position"]
    return Finding(**{**data, "position": position and Position(**position)})


def is_green(result: StepResult) -> bool:
    """Whether the step passed, now or when its result was cached."""
    return result.status is Status.PASSED


def verdict(result: StepResult) -> str:
    """One word for how a step ended: `cached` for a green result of an earlier run."""
    return "cached" if result.cached and is_green(result) else str(result.status)


def said(result: StepResult) -> str:
    """The step's summary; what was deferred is said even when the summary does not."""
    summary, deferred = result.reading.summary, len(result.reading.deferred)
    if not deferred or "deferred" in summary:
        return summary
    return f"{summary}, {deferred} deferred" if summary else f"{deferred} deferred"


def tally(run: Run) -> str:
    """How many steps ended how: `5 passed (3 cached), 1 failed`."""
    words = []
    for status in Status:
        results = [result for result in run.results if result.status is status]
        cached = sum(result.cached for result in results)
        if results:
            words.append(f"{len(results)} {status}" + (f" ({cached} cached)" if cached else ""))
    return ", ".join(words) or "no steps"
