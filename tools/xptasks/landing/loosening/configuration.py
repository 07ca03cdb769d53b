"""What a change of `xpconfig.toml` does to the gate. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from xptasks.landing.loosening.keys import SETTINGS
from xptasks.landing.loosening.weigh import Edit, edits

Replaces = Callable[[str], Iterable[str]]
"""The steps that a step takes the place of."""


def compare(before: Mapping[str, Any], after: Mapping[str, Any], replaces: Replaces = lambda _: ()) -> list[Edit]:
    """What is another value, and what that does to the gate.

    Args:
        before: the configuration of the merge base, with a profile or without, as the file has it or with defaults.
        after: that of the change.
        replaces: what a step takes the place of, as `coverage` does of `unit`.
    """
    old, new = (_ready(values, replaces) for values in (before, after))
    return edits(old, new, SETTINGS)


def _ready(values: Mapping[str, Any], replaces: Replaces) -> dict[str, Any]:
    """The tables as they are judged: a tier by all that it runs, profiles not at all."""
    tiers = {name: tier for name, tier in _table(values, "tiers").items() if isinstance(tier, dict)}
    runs = {name: _listed(name, tiers) for name in tiers}
    judged = {name: {**_without(tier), "steps": _with_replaced(runs[name], replaces)} for name, tier in tiers.items()}
    steps = {step: {} for listed in runs.values() for step in listed} | _table(values, "steps")
    others = {name: value for name, value in values.items() if name != "profiles"}
    return {**others, "tiers": judged, "steps": steps}


def _table(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _without(tier: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tier.items() if name != "includes"}


def _listed(name: str, tiers: Mapping[str, Any], above: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Every step of a tier, those of the tiers that it includes first."""
    tier = tiers.get(name, {})
    included = [each for each in tier.get("includes", ()) if each not in above]
    inherited = [step for each in included for step in _listed(each, tiers, (*above, name))]
    return tuple(dict.fromkeys([*inherited, *tier.get("steps", ())]))


def _with_replaced(listed: tuple[str, ...], replaces: Replaces) -> tuple[str, ...]:
    """What another step of the tier does too is as good as run."""
    return tuple(dict.fromkeys([*listed, *(other for step in listed for other in replaces(step))]))
