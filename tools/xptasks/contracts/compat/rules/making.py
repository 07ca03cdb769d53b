"""Short ways to write a rule down."""

from typing import Any

from xptasks.contracts.compat.change import Direction, Example, Policy, Profile, Rule
from xptasks.results import Severity

_ALL: tuple[Profile, ...] = ("wire", "client", "source")


def rule(  # noqa: PLR0913, PLR0917 - a rule has this many sides
    area: str,
    direction: Direction,
    name: str,
    severity: Severity | dict[Profile, Severity],
    sentence: str,
    before: Any,  # noqa: ANN401
    after: Any,  # noqa: ANN401
    policy: Policy | None = None,
) -> Rule:
    """A rule; one severity is meant for every profile."""
    kind = name.rpartition("-")[0]
    levels: dict[Profile, Severity] = severity if isinstance(severity, dict) else dict.fromkeys(_ALL, severity)
    return Rule(name, area, kind, direction, levels, sentence, Example(before, after, policy or Policy()))
