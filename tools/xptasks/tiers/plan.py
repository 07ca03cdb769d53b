"""Which steps a tier runs, in which order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile

from xptasks.errors import UsageError
from xptasks.tiers.settings import TierSettings


def steps_of(tier: str, tiers: Mapping[str, TierSettings]) -> tuple[str, ...]:
    """The steps of a tier: those of the tiers it includes, then its own, each once.

    The configuration was checked before: every tier that is named exists, and none includes itself.
    """
    settings = tiers[tier]
    inherited = [name for included in settings.includes for name in steps_of(included, tiers)]
    return tuple(dict.fromkeys([*inherited, *settings.steps]))


def without_replaced(names: Sequence[str], replaces: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    """Drop each step that another one of the same tier does too, as `coverage` does `unit`."""
    replaced = {other for name in names for other in replaces(name)}
    return tuple(name for name in names if name not in replaced)


def slowest_first(names: Sequence[str], seconds: Mapping[str, float]) -> tuple[str, ...]:
    """The order in which steps start: what took longest the last time first (LPT, Graham 1969), unknown before all."""
    return tuple(sorted(names, key=lambda name: -seconds[name]))


def split_words(words: Sequence[str], steps: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split what follows `--` into the steps it names and the words for the last of them.

    Raises:
        UsageError: when the first word names no step of the tier.
    """
    chosen = tuple(takewhile(steps.__contains__, words))
    if words and not chosen:
        known = ", ".join(steps)
        raise UsageError(f"this tier has no step named {words[0]!r}", hint=f"its steps are: {known}")
    return tuple(dict.fromkeys(chosen)), tuple(words[len(chosen) :])
