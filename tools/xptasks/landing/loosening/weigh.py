"""Weighs an edit of a setting: does it make a gate looser, tighter, or neither? Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Weight = Literal["tighter", "neutral", "looser", "unknown"]
Judge = Callable[[Any, Any], Weight]
"""From a value before and after to what the edit does; `MISSING` stands for a value that is not there."""

Path = tuple[str, ...]
Settings = Mapping[Path, "Setting"]


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING: Any = _Missing()


@dataclass(frozen=True, slots=True)
class Setting:
    """How edits of one setting are weighed.

    Attributes:
        judge: from both values to the weight.
        why: what a looser value leads to, or why it has to be looked at; completes a sentence.
        whole: whether a table at this path is one value.
        split: takes the place of all that: from both values and the path to the edits.
    """

    judge: Judge
    why: str = ""
    whole: bool = False
    split: "Split | None" = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A value that is another one, and what that does to a gate."""

    path: Path
    before: Any
    after: Any
    weight: Weight
    why: str = ""

    def __str__(self) -> str:
        """In words: `landing.max_lines: 300 becomes 3000: larger changes land by themselves`."""
        name = ".".join(self.path)
        if self.before is MISSING:
            said = f"{name} = {_shown(self.after)} is new"
        elif self.after is MISSING:
            said = f"{name} is gone (it was {_shown(self.before)})"
        else:
            said = f"{name}: {_shown(self.before)} becomes {_shown(self.after)}"
        return f"{said}: {self.why}" if self.why else said


Split = Callable[[Any, Any, Path], Iterator[Edit]]
_LONG = 80


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    text = f"{value:g}" if isinstance(value, float) else str(list(value)) if isinstance(value, tuple) else repr(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."


def edits(before: Mapping[str, Any], after: Mapping[str, Any], settings: Settings) -> list[Edit]:
    """Every value that differs, weighed; what no setting speaks of is `unknown`.

    Args:
        before: tables in tables.
        after: what they are now.
        settings: by their paths, in which `*` stands for any one name, and a final `**` for whatever is below.
    """
    return list(_edits(before, after, (), settings))


def _edits(before: Any, after: Any, path: Path, settings: Settings) -> Iterator[Edit]:  # noqa: ANN401
    if before == after and isinstance(before, bool) == isinstance(after, bool):
        return
    setting = _setting(path, settings)
    if setting and setting.split:
        yield from setting.split(before, after, path)
        return
    if (isinstance(before, dict) or isinstance(after, dict)) and not (setting and setting.whole):
        yield from _inside(before, after, path, settings)
        return
    why = setting.why if setting else "nobody can say what this does to the gate"
    yield Edit(path, before, after, _weight(setting, before, after), why)


def _weight(setting: Setting | None, before: Any, after: Any) -> Weight:  # noqa: ANN401
    """The judge's word; values of another kind than it knows are unknown."""
    try:
        return setting.judge(before, after) if setting else "unknown"
    except (TypeError, ValueError, KeyError, AttributeError):
        return "unknown"


def _inside(before: Any, after: Any, path: Path, settings: Settings) -> Iterator[Edit]:  # noqa: ANN401
    old, new = (value if isinstance(value, dict) else {} for value in (before, after))
    for name in dict.fromkeys([*old, *new]):
        yield from _edits(old.get(name, MISSING), new.get(name, MISSING), (*path, name), settings)


_PLAIN = {"**": 0, "*": 1}


def _setting(path: Path, settings: Settings) -> Setting | None:
    """The setting of a path: the one that spells out most of it."""
    fitting = [pattern for pattern in settings if _fits(path, pattern)]
    best = max(fitting, key=lambda pattern: [_PLAIN.get(part, 2) for part in pattern], default=None)
    return settings[best] if best is not None else None


def _fits(path: Path, pattern: Path) -> bool:
    if pattern and pattern[-1] == "**":
        head = pattern[:-1]
        return len(path) > len(head) and _fits(path[: len(head)], head)
    return len(path) == len(pattern) and all(part in {"*", name} for name, part in zip(path, pattern, strict=True))


# -- judges ----------------------------------------------------------------------------------------------------------


def neutral(_before: Any, _after: Any) -> Weight:  # noqa: ANN401 - whatever the TOML holds
    """Any value is as good as another."""
    return "neutral"


def unknown(_before: Any, _after: Any) -> Weight:  # noqa: ANN401
    """Any edit has to be looked at."""
    return "unknown"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def less(number: Callable[[Any], float | None] = _number) -> Judge:
    """Less is tighter. The reader may turn a value into a number; None is no number."""
    return _compared(number, 1)


def more(number: Callable[[Any], float | None] = _number) -> Judge:
    """More is tighter."""
    return _compared(number, -1)


def _compared(number: Callable[[Any], float | None], sign: int) -> Judge:
    def judge(before: Any, after: Any) -> Weight:  # noqa: ANN401
        old, new = number(before), number(after)
        if old is None or new is None:
            return "unknown"
        return "neutral" if old == new else "tighter" if sign * new < sign * old else "looser"

    return judge


def of(*order: Any) -> Judge:  # noqa: ANN401
    """Values in an order, the loosest first."""

    def judge(before: Any, after: Any) -> Weight:  # noqa: ANN401
        if before not in order or after not in order:
            return "unknown"
        return "tighter" if order.index(after) > order.index(before) else "looser"

    return judge


def on(before: Any, after: Any) -> Weight:  # noqa: ANN401
    """True is tighter; without a value it is False."""
    if not {type(before), type(after)} <= {bool, _Missing}:
        return "unknown"
    old, new = before is True, after is True
    return "neutral" if old == new else "tighter" if new else "looser"


def off(before: Any, after: Any) -> Weight:  # noqa: ANN401
    """False is tighter; without a value it is that."""
    return on(after, before)


def grows(before: Any, after: Any) -> Weight:  # noqa: ANN401
    """A list that only gets longer is tighter; the order does not count."""
    return _sets(before, after, "tighter", "looser")


def shrinks(before: Any, after: Any) -> Weight:  # noqa: ANN401
    """A list that only gets shorter is tighter."""
    return _sets(before, after, "looser", "tighter")


def _sets(before: Any, after: Any, longer: Weight, shorter: Weight) -> Weight:  # noqa: ANN401
    old, new = items(before), items(after)
    if old is None or new is None:
        return "unknown"
    gone, added = [item for item in old if item not in new], [item for item in new if item not in old]
    if not gone and not added:
        return "neutral"
    if "looser" in ((longer,) if added else ()) + ((shorter,) if gone else ()):
        return "looser"
    return longer if added else shorter


def items(value: Any) -> list[Any] | None:  # noqa: ANN401
    """A list, a text alone being one of one item; None for what is no list."""
    if value is MISSING or value is None:
        return []
    if isinstance(value, str):
        return [value]
    return list(value) if isinstance(value, list | tuple) else None
