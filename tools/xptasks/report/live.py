"""A terminal that shows what runs at this moment, and keeps a line for everything that has ended."""

import atexit
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TextIO

from xptasks.report.run import Run
from xptasks.report.terminal import lines
from xptasks.results import Event

if TYPE_CHECKING:
    from rich.text import Text

_STYLES = {
    "passed": "green",
    "cached": "green",
    "FAILED": "bold red",
    "ERROR": "bold red",
    "TIMED OUT": "bold red",
    "PARTIAL": "yellow",
    "UNAVAILABLE": "yellow",
    "SKIPPED": "yellow",
    "CANCELLED": "yellow",
}


def live(stream: TextIO, environ: Mapping[str, str]) -> Callable[[Event, Run], None]:
    """A sink that draws with rich; NO_COLOR is honoured."""
    from rich.console import Console  # noqa: PLC0415 - nobody else pays for rich
    from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    console = Console(file=stream, no_color=bool(environ.get("NO_COLOR")), _environ=environ)
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    # A run that ends by an exception must not leave the terminal without its cursor.
    atexit.register(progress.stop)
    tasks: dict[str, TaskID] = {}

    def sink(event: Event, run: Run) -> None:
        if event.kind == "run-started":
            progress.start()
        if event.kind == "step-started":
            tasks[event.step] = progress.add_task(event.step, total=None)
        if event.kind == "step-finished" and event.step in tasks:
            progress.remove_task(tasks.pop(event.step))
        if event.kind == "run-finished":
            progress.stop()
            atexit.unregister(progress.stop)
        if event.kind != "heartbeat":
            for line in lines(event, run):
                console.print(_styled(line), soft_wrap=True)

    return sink


def _styled(line: str) -> "Text":
    """Only the verdict gets a colour; everything else is text, whatever brackets it holds."""
    from rich.text import Text  # noqa: PLC0415 - nobody else pays for rich

    text = Text(line)
    word = next((word for word in _STYLES if line.startswith(f"{word:<11} ")), "")
    if word:
        text.stylize(_STYLES[word], 0, len(word))
    return text
