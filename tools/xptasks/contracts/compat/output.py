"""Changes as text, as JSON, and as Markdown that people would publish."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from xptasks.contracts.compat.change import Change
from xptasks.contracts.compat.rules import RULES
from xptasks.results import Position

_TITLES = {"error": "Breaking", "warning": "May break", "info": "Other changes"}
_LONGEST = 300  # characters of a witness in text


def as_json(changes: Iterable[Change]) -> str:
    """One object; the same for the same changes."""
    return json.dumps({"changes": [_plain(change) for change in changes]}, indent=2, ensure_ascii=False) + "\n"


def _plain(change: Change) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "rule": change.rule,
        "severity": change.severity,
        "area": change.area,
        "direction": change.direction,
        "at": change.at,
        "message": change.message,
        "base": _place(change.base),
        "head": _place(change.head),
    }
    if change.witness is not None:
        plain["witness"] = change.witness.instance
    return plain


def _place(position: Position | None) -> str | None:
    return None if position is None else str(position)


def as_text(changes: Sequence[Change]) -> str:
    """A block for each change, and a line that counts."""
    blocks = [_block(change) for change in changes]
    counts = ", ".join(f"{_count(changes, severity)} {severity}" for severity in _TITLES)
    return "".join(blocks) + f"{len(changes)} changes: {counts}\n"


def _block(change: Change) -> str:
    where = change.head or change.base
    lines = [f"{where}: {change.severity}: {change.at}: {change.message} [{change.rule}]"]
    lines.append(f"  {RULES[change.rule].sentence}")
    if change.base is not None and change.head is not None:
        lines.append(f"  before: {change.base}")
    if change.witness is not None:
        lines.append(f"  for example: {_shown(change.witness.instance)}")
    return "\n".join(lines) + "\n"


def _shown(instance: object) -> str:
    text = json.dumps(instance, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _count(changes: Sequence[Change], severity: str) -> int:
    return sum(change.severity == severity for change in changes)


def as_markdown(changes: Sequence[Change]) -> str:
    """A changelog: what breaks, what may, and the rest."""
    parts = ["# Changes of the contract\n"]
    for severity, title in _TITLES.items():
        listed = [change for change in changes if change.severity == severity]
        if listed:
            parts.append(f"\n## {title}\n\n")
            parts.extend(_item(change) for change in listed)
    if not changes:
        parts.append("\nNothing changed.\n")
    return "".join(parts)


def _item(change: Change) -> str:
    proof = f" For example: `{_shown(change.witness.instance)}`." if change.witness is not None else ""
    return f"- **{change.at}**: {change.message}. {RULES[change.rule].sentence}{proof}\n"
