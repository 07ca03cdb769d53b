"""The part of a description or a comment that is ours, between marks; what people wrote around it stays. Pure."""

import json
import re
from collections.abc import Mapping

LONGEST = 65_000  # characters; GitHub takes 65,536
_BEGIN, _END = "<!-- xptasks: begin", "<!-- xptasks: end -->"
_SECTION = re.compile(rf"{re.escape(_BEGIN)}(?P<facts>[^\n]*?) -->\n?(?P<text>.*?)\n?{re.escape(_END)}", re.DOTALL)
_CUT = "\n\n(cut off here: GitHub takes no more)"


def with_section(body: str, text: str, facts: Mapping[str, object] | None = None) -> str:
    """A description with our section as it should be now: in place of the older one, or at the end.

    Args:
        body: what is there.
        text: what we say, Markdown; marks of ours in it are made harmless.
        facts: what we want to read again, JSON; no secret, and nothing that is believed.
    """
    found = _SECTION.search(body)
    before, after = (body[: found.start()], body[found.end() :]) if found else (_spaced(body), "")
    room = LONGEST - len(before) - len(after) - len(_section("", facts))
    return f"{before}{_section(cut(harmless(text), room), facts)}{after}"


def _spaced(body: str) -> str:
    return f"{body.rstrip()}\n\n" if body.strip() else ""


def _section(text: str, facts: Mapping[str, object] | None) -> str:
    said = f" {json.dumps(facts, sort_keys=True).replace('-', chr(92) + 'u002d')}" if facts else ""
    return f"{_BEGIN}{said} -->\n{text}\n{_END}"


def facts_of(body: str) -> dict[str, object]:
    """What our section tells; empty without one, or when somebody edited it."""
    found = _SECTION.search(body)
    try:
        loaded = json.loads(found["facts"]) if found else {}
    except ValueError:
        return {}
    return loaded if isinstance(loaded, dict) else {}


def has_section(body: str) -> bool:
    """Whether there is one."""
    return _SECTION.search(body) is not None


def harmless(text: str) -> str:
    """Text in which nothing looks like a mark of ours."""
    return text.replace("<!-- xptasks:", "<!-- xptasks :")


def cut(text: str, room: int) -> str:
    """Text that fits; what is cut off is said."""
    return text if len(text) <= room else text[: max(0, room - len(_CUT))] + _CUT
