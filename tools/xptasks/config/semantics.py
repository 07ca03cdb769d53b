"""Rules that join several tables. They read raw values, so that they speak up beside any other mistake."""

from collections.abc import Iterator, Mapping
from typing import Any

from xptasks import steps
from xptasks.config.layers import Values
from xptasks.config.overrides import did_you_mean
from xptasks.config.problems import quoted
from xptasks.config.validation import Problem, is_step

PROFILE_LIMIT = 30
"""Each profile is checked on top of the whole file, so that they may not be many."""


def check(values: Values) -> list[Problem]:
    """Everything that contradicts itself."""
    tiers = {name: tier for name, tier in _table(values, "tiers").items() if isinstance(tier, dict)}
    own = _table(values, "steps")
    problems = [*_profiles(_table(values, "profiles"))]
    for name, tier in tiers.items():
        problems += [*_empty(name, tier), *_includes(name, tier, tiers), *_steps(name, tier, own)]
    return [*problems, *_cycles(tiers)]


def _table(values: Values, name: str) -> Values:
    return _as_table(values.get(name))


def _as_table(value: object) -> Values:
    return value if isinstance(value, dict) else {}


def _profiles(profiles: Values) -> Iterator[Problem]:
    if len(profiles) > PROFILE_LIMIT:
        yield Problem(("profiles",), f"there are more than {PROFILE_LIMIT} profiles", "delete some", at="key")
    for name, table in profiles.items():
        if "profiles" in _as_table(table):
            message = f"the profile {quoted(name)} holds profiles of its own"
            yield Problem(("profiles", name, "profiles"), message, "move them up", at="key")


def _texts(tier: Values, key: str) -> list[tuple[int, str]]:
    """The items of a list that are text, with their numbers; what else is in it is reported elsewhere."""
    items = tier.get(key)
    return [(at, item) for at, item in enumerate(items) if isinstance(item, str)] if isinstance(items, tuple) else []


def _empty(name: str, tier: Values) -> Iterator[Problem]:
    if not tier.get("steps") and not tier.get("includes"):
        message = f"the tier {quoted(name)} runs nothing, so it would always pass"
        yield Problem(("tiers", name), message, 'name its steps: steps = ["lint", "unit"]', at="key")


def _includes(name: str, tier: Values, tiers: Mapping[str, Any]) -> Iterator[Problem]:
    for at, included in _texts(tier, "includes"):
        if included not in tiers:
            hint = did_you_mean(included, tiers) or f"the tiers are: {', '.join(tiers)}"
            yield Problem(("tiers", name, "includes", at), f"there is no tier {quoted(included)}", hint)
    yield from _twice(name, tier, "includes")


def _steps(name: str, tier: Values, own: Values) -> Iterator[Problem]:
    for at, step in _texts(tier, "steps"):
        if step not in own and not is_step(step):
            known = sorted({*steps.names(), *own})
            hint = did_you_mean(step, known) or f"The steps are: {', '.join(known)}."
            hint = f"{hint} A command of your own is a table [steps.NAME]."
            yield Problem(("tiers", name, "steps", at), f"there is no step {quoted(step)}", hint)
    yield from _twice(name, tier, "steps")


def _twice(name: str, tier: Values, key: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for at, item in _texts(tier, key):
        if item in seen:
            yield Problem(("tiers", name, key, at), f"{quoted(item)} stands here twice", "delete one of the two")
        seen.add(item)


def _cycles(tiers: Mapping[str, Values]) -> Iterator[Problem]:
    """Each circle of tiers once, at the `includes` that closes it."""
    done: set[str] = set()
    for name in tiers:
        yield from _follow(name, (), tiers, done)


def _follow(name: str, above: tuple[str, ...], tiers: Mapping[str, Values], done: set[str]) -> Iterator[Problem]:
    if name in done:
        return
    here = (*above, name)
    for at, included in _texts(tiers[name], "includes"):
        if included in here:
            circle = " -> ".join([*here[here.index(included) :], included])
            yield Problem(
                ("tiers", name, "includes", at), f"the tiers include each other: {circle}", "break the circle"
            )
        elif included in tiers:
            yield from _follow(included, here, tiers, done)
    done.add(name)
