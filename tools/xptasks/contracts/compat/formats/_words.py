"""What several formats say in the same words."""

import json
import re

from xptasks.contracts.compat.change import Change
from xptasks.contracts.compat.judgement import Judged, Permission
from xptasks.contracts.compat.rules import RULES
from xptasks.markup import clean
from xptasks.results import Position

_LONGEST = 300  # characters of a witness that people read
_LISTED = 5  # places that people read
_OPERATION = re.compile(r"((?:webhook \S+ )?(?:GET|PUT|POST|DELETE|OPTIONS|HEAD|PATCH|TRACE|QUERY) \S+) ?(.*)")
_PROOFS = {
    "refused": "for example, {} was accepted and is refused now",
    "new": "for example, {} can arrive now and could not before",
    "ended": "for example, {} came before and does not come any more",
    "request": "for example, {} was accepted and is refused now",
    "response": "for example, {} can arrive now and could not before",
}


def sentence(change: Change) -> str:
    """What the change means for whoever uses the service."""
    return RULES[change.rule].sentence


def instance(change: Change) -> str:
    """The witness as JSON that is short enough to read; empty without one."""
    if change.witness is None:
        return ""
    text = clean(json.dumps(change.witness.instance, ensure_ascii=False))
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def proof(change: Change, code: str = "{}") -> str:
    """A sentence with the witness, which `code` dresses; empty without one."""
    shown = instance(change)
    told = _PROOFS.get((change.witness.told if change.witness else "") or change.direction, "for example, {}")
    return told.format(code.format(shown)) if shown else ""


def elsewhere(change: Change) -> str:
    """Where else the change is met; empty where it is met once."""
    if not change.also:
        return ""
    more = f" and {len(change.also) - _LISTED} more" if len(change.also) > _LISTED else ""
    count = "1 other place" if len(change.also) == 1 else f"{len(change.also)} other places"
    return f"and in {count}: {clean(', '.join(change.also[:_LISTED]))}{more}"


def permission(allowed: Permission) -> str:
    """Why a break is allowed, until when, and that it is so at all places of a shared change."""
    until = f" until {allowed.expires}" if allowed.expires else ""
    shared = f"; written for {clean(allowed.place)}, it counts wherever the same is met" if allowed.place else ""
    return f"allowed{until}: {clean(allowed.reason)} ({allowed.position}){shared}"


def split(at: str) -> tuple[str, str]:
    """The operation, and the place in it."""
    match = _OPERATION.fullmatch(at)
    return (match[1], match[2]) if match else (at, "")


def path_and_revision(position: Position) -> tuple[str, str]:
    """The file of a position, and the revision that has it; none for a file that lies there."""
    revision, colon, path = position.file.partition(":")
    return (path.removeprefix("./"), revision) if colon and "/" not in revision[:1] else (position.file, "")


def title(judged: Judged) -> str:
    """The change in a line."""
    return clean(f"{judged.change.at}: {judged.change.message}")
