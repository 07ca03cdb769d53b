"""What a comparison says: changes, each by a rule; a rule knows how much it matters for whom."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from xptasks.results import Position, Severity

Profile = Literal["wire", "client", "source"]
Direction = Literal["request", "response", "none"]

Told = Literal["", "refused", "new", "ended"]

PROFILES: tuple[Profile, ...] = ("wire", "client", "source")
_ORDER: tuple[Severity, ...] = ("info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a project asks for beyond not breaking anybody.

    Attributes:
        semver: `info.version` moves as far as the changes demand.
        notice: days between an announcement and the day of removal, by stability level.
    """

    semver: bool = False
    notice: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """Two contracts, or the schemas in two contracts, between which a rule finds its change under a policy."""

    before: Any
    after: Any
    policy: Policy = Policy()


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of change.

    Attributes:
        id: its stable name.
        area: what part of a contract it is about.
        kind: what about that part.
        direction: whose messages are concerned.
        severity: by profile; a profile that is not named does not mind.
        sentence: what it means for whoever uses the service.
    """

    id: str
    area: str
    kind: str
    direction: Direction
    severity: Mapping[Profile, Severity]
    sentence: str
    example: Example

    def severity_for(self, profiles: Collection[Profile]) -> Severity:
        """The worst of these profiles."""
        return worst(*(self.severity.get(profile, "info") for profile in profiles))


@dataclass(frozen=True, slots=True)
class Witness:
    """An instance that one contract accepts and the other refuses.

    Where no schema changed it is an exchange: `{"request": {...}}`, `{"response": {...}}` or `{"message": {...}}`.

    Attributes:
        told: what happens to an exchange: it is refused now, it is new, or it ended; "" for an instance.
    """

    instance: Any
    told: Told = ""

    @property
    def plain(self) -> Any:  # noqa: ANN401 - any instance
        """The instance as JSON; an exchange says what happens to it."""
        return {**self.instance, "is": self.told} if self.told else self.instance


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two contracts.

    Attributes:
        at: the operation, and the place in its messages as a JSON Pointer.
        base, head: where it is written; None where a contract has nothing to point at.
        witness: confirmed by a validator; None without one.
        also: where else the same is met: what is shared is reported once, at the first place.
    """

    rule: str
    severity: Severity
    area: str
    direction: Direction
    at: str
    message: str
    base: Position | None
    head: Position | None
    witness: Witness | None = None
    also: tuple[str, ...] = field(default=(), compare=False)


def worst(*severities: Severity) -> Severity:
    """The worst of them, info for none."""
    return max(severities, key=_ORDER.index, default="info")


def mildest(*severities: Severity) -> Severity:
    """The mildest of them."""
    return min(severities, key=_ORDER.index)
