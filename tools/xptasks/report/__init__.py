"""What people, agents and machines are shown of a run's event stream."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from xptasks.results import Event

MODES = ("live", "plain", "agent", "json")


def sinks(
    _mode: str | None, _environ: Mapping[str, str], _project: Path, _stdout: IO[str], stderr: IO[str]
) -> Callable[[Event], None]:
    """All reports."""

    def emit(event: Event) -> None:
        if event.kind != "step-output":
            stderr.write(f"{event.kind} {event.step} {str(dict(event.data))[:1500]}\n")

    return emit
