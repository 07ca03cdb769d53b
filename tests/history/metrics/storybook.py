"""Stories: events in a compact notation, and beside them the answers that were computed by hand.

    # what it is about
    window 2026-11-02T00:00Z 24h

    day 0                                   (the window's first day; 1 the next, -1 the one before)
    08:00 queue-started process=q every=300
    08:00..17:00/5m queue-alive process=q   (one each five minutes, both ends included)
    09:00..09:40/10m landed change=c{n}     ({n} counts from 1, {n+10} from 11)
    09:00 landed change=c commits=-90,-60   (the times of events: `HH:MM:SS`, or seconds before the event)

    expect auto_merge 3/4
    expect manual_review 0/80 = 0 [0, 0.045818] met
    details queue_time least 60, most 300
    parts rejected size 2, lint 1
    note queue_time 1 landed without having been queued
    head observed 3600

An answer is numerator/denominator, then, where there is one, the value, then the interval with `-` for a bound that is
not known, then the verdict. A figure without a value is not enough data, or has none. What follows a `#` is for people.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from xptasks.history.events import HistoryEvent, Kind, event
from xptasks.history.metrics.spans import Span
from xptasks.settings import parse_duration

FOLDER = Path(__file__).parent / "stories"
PROJECT = "projects"
_DAY = 86400
_TIMES = {"committed", "detected", "began"}
_NUMBERS = {"seconds", "weight", "every"}
_COLUMNS = {"project", "change", "commit", "deployment", "actor"}
_LINE = re.compile(r"([0-9:]+)(?:\.\.([0-9:]+)/([0-9a-z]+))?\s+([a-z-]+)\s*(.*)")
_ANSWER = re.compile(
    r"(?P<name>\w+) (?P<numerator>[\d.]+)/(?P<denominator>[\d.]+)(?: = (?P<value>[\d.]+))?"
    r"(?: \[(?P<lower>[\d.]+|-), (?P<upper>[\d.]+|-)\])?(?: (?P<verdict>met|not met|not enough data))?"
)


@dataclass
class Story:
    """Events and what the figures have to be."""

    name: str
    window: Span
    events: list[HistoryEvent] = field(default_factory=list)
    answers: dict[str, Mapping[str, str | None]] = field(default_factory=dict)
    numbers: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    head: dict[str, str] = field(default_factory=dict)


def stories() -> list[Path]:
    return sorted(FOLDER.glob("*.txt"))


def read(path: Path, project: str = PROJECT) -> Story:
    """A story, told of a project."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    told = [(number, line) for number, line in enumerate(lines, 1) if line]
    _, begin, length = told[0][1].split()
    since = datetime.fromisoformat(begin).timestamp()
    story = Story(path.stem, Span(since, since + parse_duration(length)))
    midnight, day = since - since % _DAY, 0
    for number, line in told[1:]:
        word, _, rest = line.partition(" ")
        if word == "day":
            day = int(rest)
        elif word in {"expect", "details", "parts", "note", "head"}:
            _answer(story, word, rest.strip())
        else:
            story.events += _events(line, midnight + day * _DAY, number, project)
    return story


def _answer(story: Story, word: str, rest: str) -> None:
    name, _, said = rest.partition(" ")
    if word == "expect":
        found = _ANSWER.fullmatch(rest)
        assert found, rest
        story.answers[name] = found.groupdict()
    elif word == "note":
        story.notes.setdefault(name, []).append(said)
    elif word == "head":
        story.head[name] = said
    else:
        pairs = (part.rsplit(" ", 1) for part in said.split(", ") if said != "none")
        story.numbers[word, name] = {key: float(value) for key, value in pairs}


def _events(line: str, midnight: float, number: int, project: str) -> Iterator[HistoryEvent]:
    found = _LINE.fullmatch(line)
    assert found, line
    begin, end, step, kind, words = found.groups()
    at, last = _seconds(begin), _seconds(end or begin)
    pause = parse_duration(step) if step else 1
    for count in range(int((last - at) // pause) + 1):
        numbered = re.sub(r"\{n(\+\d+)?\}", lambda found: str(count + 1 + int(found[1] or 0)), words)  # noqa: B023
        yield _event(Kind(kind), midnight, at + count * pause, f"project={project} {numbered}", (number, count))


def _event(kind: Kind, midnight: float, seconds: float, words: str, key: tuple[int, int]) -> HistoryEvent:
    pairs = [word.split("=", 1) for word in words.split()]
    columns: dict[str, Any] = {name: value for name, value in pairs if name in _COLUMNS}
    own = [(name, value) for name, value in pairs if name not in {*_COLUMNS, "id"}]
    data: dict[str, Any] = {name: _value(name, value, midnight, seconds) for name, value in own}
    same = [value for name, value in pairs if name == "id"]
    return event(kind, midnight + seconds, columns.pop("project"), *(same or key), **columns, **data)


def _value(name: str, text: str, midnight: float, at: float) -> object:
    if name in _TIMES:
        return midnight + _seconds(text)
    if name == "commits":
        parts = text.split(",")
        return [midnight + (at + float(part) if part.startswith("-") else _seconds(part)) for part in parts]
    if name in {"probes", "runs"}:
        return dict(part.split(":") for part in text.split(",") if part)
    if text in {"true", "false"}:
        return text == "true"
    return float(text) if name in _NUMBERS else text


def _seconds(clock: str) -> float:
    """Of `HH:MM` or `HH:MM:SS`; hours may go beyond 24."""
    parts = [float(part) for part in clock.split(":")]
    return sum(part * scale for part, scale in zip(parts, (3600, 60, 1), strict=False))
