"""Which reports a run writes, and where. Progress goes to stderr, data to stdout."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from xptasks.errors import UsageError
from xptasks.report import github, result_json
from xptasks.report.agent import agent
from xptasks.report.junit import junit
from xptasks.report.live import live
from xptasks.report.masks import masked
from xptasks.report.run import Run
from xptasks.report.terminal import plain
from xptasks.results import Event

VARIABLE = "XPTASKS_OUTPUT"
AGENTS = ("AI_AGENT", "CLAUDECODE", "CODEX_SANDBOX", "CURSOR_AGENT", "GEMINI_CLI")
"""Variables that coding agents set for the commands that they run; any that is not empty chooses `agent`."""

Sink = Callable[[Event, Run], None]


class Mode(StrEnum):
    """How a run talks."""

    LIVE = "live"  # a terminal: what runs now, and lines for what has ended
    PLAIN = "plain"  # lines only, and a sign of life every 30 s
    AGENT = "agent"  # as few bytes as possible
    JSON = "json"  # the run as JSON on stdout, plain lines on stderr


def mode_of(environ: Mapping[str, str], *, terminal: bool) -> Mode:
    """`XPTASKS_OUTPUT` when it is set, else `agent` for agents, `live` on a terminal, `plain` elsewhere.

    Raises:
        UsageError: the variable has another value.
    """
    chosen = environ.get(VARIABLE, "")
    if chosen:
        return _named(chosen)
    if any(environ.get(name) for name in AGENTS):
        return Mode.AGENT
    return Mode.LIVE if terminal and environ.get("TERM") != "dumb" else Mode.PLAIN


def _named(name: str) -> Mode:
    try:
        return Mode(name)
    except ValueError:
        raise UsageError(f"{VARIABLE} is {name!r}", hint=f"use one of {', '.join(Mode)}") from None


def sinks(  # noqa: PLR0913 - the ways out of a process, each of which a test replaces
    mode: Mode,
    environ: Mapping[str, str],
    project: Path,
    stdout: TextIO,
    stderr: TextIO,
    *,
    mask: Callable[[str], str] = str,
) -> Callable[[Event], None]:
    """One function that takes every event of a run to every report.

    A report that cannot be written is told on stderr and does not end the run.
    """
    on_github = environ.get("GITHUB_ACTIONS") == "true"
    tell = _writer(stderr, github.harmless if on_github else str)
    chosen: list[Sink] = [_progress(mode, stderr, environ, tell), result_json.result_json(project), junit(project)]
    if mode is Mode.JSON:
        chosen.append(_document(_writer(stdout, str)))
    if on_github:
        chosen.append(github.annotations(_writer(stderr, str)))
    if on_github and environ.get("GITHUB_STEP_SUMMARY"):
        chosen.append(github.summary(Path(environ["GITHUB_STEP_SUMMARY"])))
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
