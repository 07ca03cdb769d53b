"""The run as events of the history, recorded at its end."""

from collections.abc import Callable
from dataclasses import asdict

from xptasks.history import runs
from xptasks.report.result_json import last_run
from xptasks.report.run import Run
from xptasks.results import Event


def history(record: Callable[..., object]) -> Callable[[Event, Run], None]:
    """A sink that records a run when it has finished.

    Args:
        record: takes events; it never raises.
    """

    def sink(event: Event, run: Run) -> None:
        if event.kind == "run-finished" and run.circumstances.project:
            record(*runs.events(asdict(last_run(run))))

    return sink
