"""The story of a change, for people and for programs."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from xptasks.history.metrics.change import Change
from xptasks.history.metrics.formats import words
from xptasks.markup import clean

_NAMES = {
    "queue_time": "queued to landed",
    "commit_to_canary": "commit to canary",
    "dora_change_lead_time": "commit to everybody",
    "gates": "gates",
}


def as_json(story: Change) -> str:
    """For programs."""
    return json.dumps(asdict(story), indent=2) + "\n"


def as_text(story: Change) -> str:
    """For people: a line a moment, then how long it took."""
    return "\n".join(_lines(story)) + "\n"


def _lines(story: Change) -> Iterator[str]:
    title = f": {clean(story.title)}" if story.title else ""
    yield f"{clean(story.change)}{title} ({story.state}; reached {story.reached})"
    for moment in story.moments:
        words_of = (moment.at[:19].replace("T", " "), f"{moment.kind:<16}", clean(moment.actor), clean(moment.says))
        yield f"  {'  '.join(filter(None, words_of))}".rstrip()
    took = [f"{_NAMES[name]} {words.duration(seconds)}" for name, seconds in story.seconds.items()]
    yield "; ".join([*took, f"{_count(story.runs, 'run')}, {_count(story.interventions, 'intervention')}"])


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
