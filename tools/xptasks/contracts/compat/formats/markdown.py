"""For publication: a changelog by what it means for clients, and by operation."""

import html
import re
from collections.abc import Iterable, Iterator

from xptasks.contracts.compat.formats import _words
from xptasks.contracts.compat.judgement import Judged, Judgement
from xptasks.markup import clean

_SECTIONS = ("Breaking", "May break", "Deprecated", "Added", "Changed")
_MARKS = re.compile(r"([\\*_\[\]|~#])")


def show(judgement: Judgement) -> str:
    """The changelog; what nobody can see from outside is left out, as is what is wrong with permissions."""
    parts = ["# Changes of the contract\n"]
    for name in _SECTIONS:
        listed = [one for one in judgement.changes if _section(one) == name]
        if listed:
            parts += [f"\n## {name}\n", *_operations(listed)]
    if not judgement.changes:
        parts.append("\nNothing changed.\n")
    return "".join(parts)


def _section(one: Judged) -> str:
    severity, rule = one.change.severity, one.change.rule
    if severity != "info":
        return "Breaking" if severity == "error" else "May break"
    if rule.endswith("-deprecated"):
        return "Deprecated"
    return "Added" if rule.endswith("-added") else "Changed"


def _operations(listed: Iterable[Judged]) -> Iterator[str]:
    grouped: dict[str, list[Judged]] = {}
    for one in listed:
        grouped.setdefault(_words.split(one.change.at)[0], []).append(one)
    for operation, changes in grouped.items():
        yield f"\n### {plain(operation)}\n\n"
        yield from map(_item, changes)


def _item(one: Judged) -> str:
    change = one.change
    place = _words.split(change.at)[1]
    where = f"**{plain(place)}**: " if place else ""
    said = [f"{plain(change.message)}.", plain(_words.sentence(change))]
    if change.witness is not None:
        proof = _words.proof(change, "<code>{}</code>").replace(_words.instance(change), plain(_words.instance(change)))
        said.append(f"{proof[0].upper()}{proof[1:]}.")
    if change.also:
        said.append(f"The same is met{plain(_words.elsewhere(change)).removeprefix('and')}.")
    if one.allowed:
        said.append(f"This is meant{' at all of these places' * bool(one.allowed.place)}: {plain(one.allowed.reason)}.")
    return f"- {where}{' '.join(said)}\n"


def plain(text: str) -> str:
    """Text that Markdown and HTML leave as it is, but for words between backticks."""
    pieces = " ".join(clean(text).split()).split("`")
    if len(pieces) % 2 == 0:  # a backtick too many: none of them is a mark
        return _escaped("'".join(pieces))
    return "`".join(piece if index % 2 else _escaped(piece) for index, piece in enumerate(pieces))


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", html.escape(text, quote=False))
