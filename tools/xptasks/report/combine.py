"""Which reports a run writes, and where. Progress goes to stderr, data to stdout."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from xptasks.report import result_json
from xptasks.report.agent import agent
from xptasks.report.junit import junit
from xptasks.report.live import live
from xptasks.report.masks import masked
from xptasks.report.modes import Mode, mode_of
from xptasks.report.run import Run
from xptasks.report.sarif import sarif
from xptasks.report.terminal import plain
from xptasks.results import Event

Sink = Callable[[Event, Run], None]


def sinks(  # noqa: PLR0913 - the ways out of a process, each of which a test replaces
    asked: str | None,
    environ: Mapping[str, str],
    project: Path,
    stdout: TextIO,
    stderr: TextIO,
    *,
    mask: Callable[[str], str] = str,
    more: Sequence[Sink] = (),
) -> Callable[[Event], None]:
    """One function that takes every event of a run to every report.

    A report that cannot be written is told on stderr and does not end the run.

    Args:
        asked: one of `MODES`; None leaves the choice to the environment and to whether stderr is a terminal.
        environ: the environment.
        project: the project's folder; files go to `.xp/` below it.
        stdout: where data goes.
        stderr: where progress goes.
        mask: what hides secrets.
        more: sinks of the caller's.

    Raises:
        UsageError: there is no such mode.
    """
    mode = mode_of(asked, environ, terminal=stderr.isatty())
    on_github = environ.get("GITHUB_ACTIONS") == "true"
    tell = _writer(stderr, _harmless if on_github else str)
    chosen: list[Sink] = [_progress(mode, stderr, environ, tell), result_json.result_json(project)]
    chosen += [junit(project), sarif(project)]
    if mode is Mode.JSON:
        chosen.append(_document(_writer(stdout, str)))
    chosen += more
    if on_github:
        chosen += _for_github(environ.get("GITHUB_STEP_SUMMARY"), _writer(stderr, str))
    run = Run()

    def emit(event: Event) -> None:
        safe = masked(event, mask)
        run.add(safe)
        for sink in chosen:
            try:
                sink(safe, run)
            except OSError as error:
                tell(f"a report cannot be written: {error}")

    return emit


def _progress(mode: Mode, stderr: TextIO, environ: Mapping[str, str], tell: Callable[[str], None]) -> Sink:
    match mode:
        case Mode.LIVE:
            return live(stderr, environ)
        case Mode.AGENT:
            return agent(tell)
        case Mode.PLAIN | Mode.JSON:
            return plain(tell)


def _harmless(line: str) -> str:
    from xptasks.report.github import harmless  # noqa: PLC0415 - only GitHub pays for it

    return harmless(line)


def _for_github(summary: str | None, write: Callable[[str], None]) -> list[Sink]:
    from xptasks.report import github  # noqa: PLC0415 - only GitHub pays for it

    return [github.annotations(write), *([github.summary(Path(summary))] if summary else [])]


def _document(write: Callable[[str], None]) -> Sink:
    def sink(event: Event, run: Run) -> None:
        if event.kind == "run-finished":
            write(result_json.text(run).rstrip())

    return sink


def _writer(stream: TextIO, safe: Callable[[str], str]) -> Callable[[str], None]:
    """Write lines at once, whatever the stream's encoding; a reader that has gone away is no reason to stop."""
    encoding = stream.encoding or "utf-8"

    def write(line: str) -> None:
        with suppress(BrokenPipeError):
            stream.write(safe(line).encode(encoding, "backslashreplace").decode(encoding) + "\n")
            stream.flush()

    return write
