"""`inv history-list`: which events were asked for, and how they are shown."""

import datetime as dt
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xptasks.config import load
from xptasks.config.overrides import did_you_mean
from xptasks.errors import UsageError
from xptasks.history.events import HistoryEvent, Kind
from xptasks.loop import history
from xptasks.settings import parse_duration


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
    from xptasks.history.store import Query  # noqa: PLC0415 - after the message that the extra is missing

    now = time.time()
    kinds = tuple(kind_of(each) for each in asked.kinds)
    since, until = (moment(each, now) if each else None for each in (asked.since, asked.until))
    with history.opened(load(project, environ=environ).config, project, environ) as store:
        query = Query(since, until, kinds, asked.change, asked.commit, asked.deployment, asked.last or None)
        found = store.find(query)
    if as_json:
        return json.dumps({"events": [json.loads(each.as_json()) for each in found]}, indent=2) + "\n"
    return "".join(f"{line(each)}\n" for each in found) or "nothing is recorded that fits\n"


def delivered(project: Path, environ: Mapping[str, str]) -> str:
    """Deliver what waits in the outbox; says how much that was.

    Raises:
        CannotRunError: the database cannot be used; what was not delivered waits.
    """
    with history.store_of(load(project, environ=environ).config, project, environ) as store:
        done = history.delivered(store, project)
        left = f", {done.left} files wait" if done.left else ""
        return f"{done.events} events were taken to {store.name}{left}\n"


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
    of = " ".join(each for each in (event.change, event.commit[:12], event.deployment, event.actor) if each)
    data = " ".join(f"{name}={_word(value)}" for name, value in event.data.items())
    return " ".join(each for each in (at, f"{event.kind:<15}", of, data) if each).rstrip()


def _word(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if text.isprintable() and text and " " not in text else json.dumps(text)
