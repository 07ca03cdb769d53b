"""`inv metrics`: reads the history, and writes the figures of a window, or the story of one change."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xptasks.config import load
from xptasks.config.overrides import did_you_mean
from xptasks.config.settings import Config
from xptasks.errors import CannotRunError, ExitCode, UsageError
from xptasks.history.events import HistoryEvent
from xptasks.history.metrics.change import change
from xptasks.history.metrics.formats import change as as_change
from xptasks.history.metrics.formats import json, prometheus, text
from xptasks.history.metrics.report import Report, iso, report
from xptasks.history.metrics.spans import Span
from xptasks.history.metrics.view import Targets
from xptasks.loop import history
from xptasks.loop.listing import moment
from xptasks.settings import given_duration
from xptasks.system.files import atomic_write

_FORMATS = {"text": text.show, "json": json.show, "prometheus": prometheus.show}
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line.

    Attributes:
        window: how long the window is, as a duration.
        until: when it ends: a time, or so long ago; now when empty.
        format: `text`, `json` or `prometheus`.
        output: the file that is written; stdout when empty.
        change: the change whose story is told, in place of the figures.
        check: whether a target that is not met is a failure.
    """

    window: str = "30d"
    until: str = ""
    format: str = "text"
    output: str = ""
    change: str = ""
    check: bool = False


def run(project: Path, environ: Mapping[str, str], asked: Asked) -> ExitCode:
    """Write what was asked for.

    Raises:
        UsageError: an option is none, or nobody knows the change.
        CannotRunError: the history cannot be read, or the file cannot be written.
    """
    window = _window(asked, time.time())
    _format(asked)
    config = load(project, environ=environ).config
    with history.opened(config, project, environ) as store:
        events, exact = store.events(until=window.end), store.summary().exact_since
    if exact is not None and window.begin < exact:
        sys.stderr.write(f"older events are deleted: only windows that begin at {iso(exact)} or later are exact\n")
    if asked.change:
        _write(asked, _story(events, config, asked, window))
        return ExitCode.OK
    found = report(events, config.project.name, window, _targets(config))
    _write(asked, _formatted(found, asked.format))
    return _checked(found) if asked.check else ExitCode.OK


def _window(asked: Asked, now: float) -> Span:
    end = moment(asked.until, now) if asked.until else now
    if end > now:
        raise UsageError(f"--until lies in the future: {asked.until}", hint="nobody has seen what happens then")
    length = given_duration(asked.window, "--window")
    if length <= 0:
        raise UsageError("--window is empty", hint="for example --window 30d")
    return Span(end - length, end)


def _format(asked: Asked) -> None:
    if asked.format not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise UsageError(f"no format {asked.format!r}", hint=did_you_mean(asked.format, _FORMATS) or f"use {known}")
    if asked.change and (asked.format == "prometheus" or asked.check):
        other = "--check" if asked.check else "--format prometheus"
        raise UsageError(f"--change tells a story, which does not go with {other}", hint="use text or json")


def _targets(config: Config) -> Targets:
    told = config.history.targets
    return Targets(
        alone=told.alone,
        review=round(told.review / _PERCENT, 9),
        commit_to_canary=told.commit_to_canary,
        bad_release=told.bad_release,
        uptime=round(told.uptime / _PERCENT, 9),
    )


def _story(events: list[HistoryEvent], config: Config, asked: Asked, window: Span) -> str:
    told = change(events, config.project.name, asked.change, window.end)
    if told is None:
        known = sorted({event.change for event in events if event.change})
        hint = did_you_mean(asked.change, known) or "`inv history-list --kind queued` lists those that are known"
        raise UsageError(f"nothing is recorded of a change {asked.change!r}", hint=hint)
    return as_change.as_json(told) if asked.format == "json" else as_change.as_text(told)


def _formatted(found: Report, how: str) -> str:
    try:
        return _FORMATS[how](found)
    except ImportError as missing:
        problem = f"the format {how} needs {missing.name}, which is not installed"
        raise CannotRunError(problem, hint="install xptasks[history] where `inv` runs") from None


def _write(asked: Asked, content: str) -> None:
    if not asked.output:
        sys.stdout.write(content)
        return
    try:
        atomic_write(Path(asked.output), content)
    except OSError as problem:
        raise CannotRunError(f"{asked.output} cannot be written: {problem.strerror}") from problem


def _checked(found: Report) -> ExitCode:
    """Only what is known not to be met fails; what nobody can tell is said."""
    for figure in found.figures:
        if figure.verdict in {"not met", "not enough data"}:
            sys.stderr.write(f"{figure.verdict}: {figure.title} ({figure.name})\n")
    missed = any(figure.verdict == "not met" for figure in found.figures)
    return ExitCode.GATE_FAILED if missed else ExitCode.OK
