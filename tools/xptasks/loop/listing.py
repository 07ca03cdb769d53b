"""`inv history-list`: which events were asked for, and how they are shown."""

import datetime as dt
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xptasks.config import load
from xptasks.config.overrides import did_you_mean
from xptasks.errors import CannotRunError, UsageError
from xptasks.history.events import HistoryEvent, Kind
from xptasks.loop import history
from xptasks.settings import parse_duration
from xptasks.system.files import atomic_write


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line; what is empty does not restrict."""

    kinds: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    change: str = ""
    commit: str = ""
    deployment: str = ""
    last: int = 50


def listed(project: Path, environ: Mapping[str, str], asked: Asked, *, as_json: bool) -> str:
    """The events as text or JSON.

    Raises:
        UsageError: a kind or a time is none.
        CannotRunError: the history cannot be read.
    """
    found = _found(project, environ, asked)
    if as_json:
        return json.dumps({"events": [json.loads(each.as_json()) for each in found]}, indent=2) + "\n"
    return "".join(f"{line(each)}\n" for each in found) or "nothing is recorded that fits\n"


def exported(project: Path, environ: Mapping[str, str], asked: Asked, output: Path) -> str:
    """Write the events into a file, one a line as JSON, which `inv history-import` reads; says how many there are.

    Raises:
        CannotRunError: the history cannot be read, or the file cannot be written.
    """
    found = _found(project, environ, asked)
    try:
        atomic_write(output, "".join(f"{each.as_json()}\n" for each in found))
    except OSError as error:
        hint = "name another file with --output"
        raise CannotRunError(f"{output} cannot be written: {error.strerror}", hint=hint) from None
    return f"{len(found)} events were written to {output}\n"


def _found(project: Path, environ: Mapping[str, str], asked: Asked) -> list[HistoryEvent]:
    now = time.time()
    kinds = tuple(kind_of(each) for each in asked.kinds)
    since, until = (moment(each, now) if each else None for each in (asked.since, asked.until))
    with history.opened(load(project, environ=environ).config, project, environ) as store:
        from xptasks.history.store import Query  # noqa: PLC0415 - SQLAlchemy is there when the store is

        query = Query(since, until, kinds, asked.change, asked.commit, asked.deployment, asked.last or None)
        return store.find(query)


def kind_of(word: str) -> Kind:
    """The kind of this name."""
    if word in list(Kind):
        return Kind(word)
    hint = did_you_mean(word, list(Kind)) or f"the kinds are: {', '.join(Kind)}"
    raise UsageError(f"nothing that is recorded is called {word!r}", hint=hint)


def moment(text: str, now: float) -> float:
    """Seconds since the epoch: so long ago (`7d`), or a time in ISO 8601, which is one of UTC unless it says else."""
    try:
        return now - parse_duration(text)
    except ValueError:
        pass
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError:
        hint = "write a duration such as 7d, or a time such as 2026-11-02 or 2026-11-02T10:30+01:00"
        raise UsageError(f"this is no time: {text!r}", hint=hint) from None
    return (read if read.tzinfo else read.replace(tzinfo=dt.UTC)).timestamp()


def line(event: HistoryEvent) -> str:
    """One event for people: when, what, of what, who, and its data."""
    at = dt.datetime.fromtimestamp(event.at, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    of = " ".join(_word(each) for each in (event.change, event.commit[:12], event.deployment, event.actor) if each)
    data = " ".join(f"{name}={_word(value)}" for name, value in event.data.items())
    return " ".join(each for each in (at, f"{event.kind:<15}", of, data) if each).rstrip()


def _word(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if text.isprintable() and text and " " not in text else json.dumps(text)
