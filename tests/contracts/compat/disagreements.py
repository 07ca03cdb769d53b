"""Where we and oasdiff judge a public pair of contracts differently, each with an argument.

    python -m tests.contracts.compat.disagreements

writes the page again from the pairs and from `ARGUMENTS`, and says which disagreement has no argument yet.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from xptasks.contracts.compat import DEFAULT_PROFILES, compare
from xptasks.contracts.compat.change import Change
from xptasks.contracts.document import read
from xptasks.system.files import atomic_write

PROJECT = Path(__file__).resolve().parents[3]
PAIRS = PROJECT.parent / "shared" / "data" / "openapi-pairs"
PAGE = PROJECT / "docs" / "reference" / "oasdiff-disagreements.md"
TODAY = date(2026, 11, 22)
ALARM = ("error", "warning")
SHOWN = 2  # changes of one pair in the page

_SENT = "the witness is a text that the service may send now and that a client which checks the old contract refuses"
_UNION = (
    "every object that the old contract takes is taken by the new one, and the other way round, undeclared names aside"
)
_READ_ONLY = "the property is `readOnly`: no request has it, and the answers got narrower"
_FREED = "every value that was right still is"
_ELSEWHERE = "the limit is about another type than the one that is declared: no value changes its verdict"

ARGUMENTS: Mapping[str, str] = {
    "2794281877": "a request without credentials was let in and is not any more",
    "f6f633331b": "a request without credentials was let in and is not any more",
    "2bfb113a3f": "clients have to show something else than before to be let in",
    "9858507e69": "the witness lacks the name that `required` asks for now; `properties` need not list it",
    "f0638c0a71": "`required` asks for a property with an empty name now; the witness lacks it",
    "71e214d3c4": _SENT,
    "d13457b852": _SENT,
    "4a003bfc44": _SENT,
    "479f53ffb5": "whether one pattern holds the other was not proven, and a warning says so",
    "1dd80db351": "the same change at an operation's own parameter is told by both",
    "f3c4560cc4": "the same removal from an operation's own parameters is told by both",
    "9240c85432": "clients may call the address that is gone",
    "67ec4a1171": _UNION,
    "e083cde813": _UNION,
    "05cf88d480": _UNION,
    "59fe53233b": _UNION,
    "692bfbfe42": _UNION,
    "eab48ce171": _FREED,
    "f5da742b50": _FREED,
    "06922187a4": _READ_ONLY,
    "75d1120ed4": _READ_ONLY,
    "76d361a6de": _ELSEWHERE,
    "2649d80ad3": _ELSEWHERE,
    "b236071acc": "a range is lifted, and `uuid` says nothing about whole numbers: more values fit than before",
    "b796d272ce": "the service sends this body: who listens gets one in every case in which there was one before",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two contracts: what oasdiff says (rule and level), and what is said here."""

    name: str
    theirs: tuple[tuple[str, str], ...]
    ours: tuple[Change, ...]

    @property
    def expected(self) -> bool:
        """Whether oasdiff alarms."""
        return any(level in ALARM for _, level in self.theirs)

    @property
    def found(self) -> bool:
        """Whether we do."""
        return any(change.severity in ALARM for change in self.ours)


def pairs() -> Iterator[Pair]:
    """All pairs that oasdiff can read."""
    index: dict[str, dict[str, Any]] = json.loads((PAIRS / "INDEX.json").read_text(encoding="utf-8"))
    for name, entry in index.items():
        if entry["oasdiff"] is None:
            continue
        base, head = (read(PAIRS / f"{name}.{side}.json")[0] for side in ("base", "rev"))
        if base is None or head is None:
            raise ValueError(f"{name} cannot be read")
        changes = compare(base, head, profiles=DEFAULT_PROFILES, today=TODAY)
        theirs = tuple(dict.fromkeys((found["id"], found["level"]) for found in entry["oasdiff"]))
        yield Pair(name, theirs, tuple(changes))


def page(every: list[Pair]) -> str:
    """The page in Markdown."""
    positive = [pair for pair in every if pair.expected]
    negative = [pair for pair in every if not pair.expected]
    missed = [pair for pair in positive if not pair.found]
    alarms = [pair for pair in negative if pair.found]
    unproven = sum("(not proven" in change.message for pair in every for change in pair.ours)
    return "\n".join(
        [
            "# Where we disagree with oasdiff",
            "",
            "`python -m tests.contracts.compat.disagreements` writes this page from pairs of contracts out of",
            "oasdiff's own tests. An error or a warning is an alarm, on both sides alike. The profiles are `wire`",
            "and `client`.",
            "",
            f"Of {len(positive)} pairs on which oasdiff alarms, {len(positive) - len(missed)} alarm here.",
            f"Of the other {len(negative)}, {len(alarms)} alarm here.",
            f"{unproven} changes were not proven either way.",
            "",
            "## Alarms that oasdiff does not raise",
            "",
            *_table(alarms),
            "",
            "## Alarms of oasdiff that are not raised here",
            "",
            *_table(missed),
            "",
        ]
    )


def _table(listed: list[Pair]) -> Iterator[str]:
    yield "| pair | oasdiff | here | why |"
    yield "|---|---|---|---|"
    for pair in sorted(listed, key=lambda pair: pair.name):
        why = ARGUMENTS.get(pair.name, "**no argument yet**")
        yield f"| {pair.name} | {_theirs(pair)} | {_ours(pair)} | {why} |"


def _theirs(pair: Pair) -> str:
    loud = [(rule, level) for rule, level in pair.theirs if level in ALARM] or list(pair.theirs)
    told = [f"{level}: `{rule}`" for rule, level in loud[:SHOWN]]
    return "<br>".join([*told, *_more(len(loud))]) or "nothing"


def _ours(pair: Pair) -> str:
    loud = [change for change in pair.ours if change.severity in ALARM] or list(pair.ours)
    return "<br>".join([*map(_told, loud[:SHOWN]), *_more(len(loud))]) or "nothing"


def _told(change: Change) -> str:
    witness = ""
    if change.witness is not None:
        witness = f", witness `{json.dumps(change.witness.instance, ensure_ascii=False)}`"
    return f"{change.severity}: `{change.rule}` at `{change.at}`{witness}".replace("|", "&#124;")


def _more(count: int) -> list[str]:
    return [f"and {count - SHOWN} more"] if count > SHOWN else []


def main() -> int:
    """Write the page."""
    every = list(pairs())
    atomic_write(PAGE, page(every))
    silent = [pair.name for pair in every if pair.expected != pair.found and pair.name not in ARGUMENTS]
    sys.stdout.write(f"{PAGE.relative_to(PROJECT)} written; without an argument: {', '.join(silent) or 'none'}\n")
    return bool(silent)


if __name__ == "__main__":
    raise SystemExit(main())
