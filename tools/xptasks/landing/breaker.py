"""When the loop stops by itself and asks a human: too many equal failures, deployments or rollbacks. Pure.

Everything is derived from the ledger, which all runners share and which survives all of them: two runners come to the
same answer, and a restart forgets nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from xptasks.landing.ledger import Entry, What
from xptasks.landing.settings import BreakerSettings

_HOUR = 3600.0
_DAY = 24 * _HOUR
_ENDINGS = (What.LANDED, What.REJECTED)
_ITS_OWN = (What.BREAKER_OPENED, What.BREAKER_CLOSED)


@dataclass(frozen=True, slots=True)
class Trip:
    """Why the loop stands still.

    Attributes:
        rule: the setting of `[landing.breaker]` that was reached.
        why: what happened.
        decide: what a human has to decide.
        since: when the breaker opened, None when it has to be opened yet.
    """

    rule: str
    why: str
    decide: str
    since: float | None = None


def opened(entries: Sequence[Entry]) -> Trip | None:
    """The open breaker, None while it is closed.

    Args:
        entries: the ledger, oldest first.
    """
    last = next((entry for entry in reversed(entries) if entry.what in _ITS_OWN), None)
    if last is None or last.what is What.BREAKER_CLOSED:
        return None
    rule, why, decide = (str(last.data.get(name, "")) for name in ("rule", "why", "decide"))
    return Trip(rule, why, decide, last.at)


def tripped(entries: Sequence[Entry], limits: BreakerSettings, now: float) -> Trip | None:
    """Why the breaker has to open now, None when it need not. What was before it was last closed does not count.

    Args:
        entries: the ledger, oldest first; with the deployment that is about to begin, if one is.
        limits: `[landing.breaker]`.
        now: seconds since the epoch.
    """
    recent = list(reversed(list(takewhile(lambda entry: entry.what not in _ITS_OWN, reversed(entries)))))
    return (
        _equal_failures(recent, limits.equal_failures)
        or _deployments(recent, limits.deploys_per_hour, now)
        or _rollbacks(recent, limits.rollbacks_per_day, now)
    )


def _equal_failures(entries: Sequence[Entry], limit: int) -> Trip | None:
    endings = [entry for entry in entries if entry.what in _ENDINGS][-limit:]
    prints = {str(entry.data.get("fingerprint", "")) for entry in endings}
    if len(endings) < limit or len(prints) > 1 or any(entry.what is What.LANDED for entry in endings):
        return None
    changes = ", ".join(dict.fromkeys(entry.change for entry in endings))
    why = f"{limit} rejections in a row for the same reason ({changes}): {endings[-1].data.get('rule', '')}"
    decide = "is it the changes, or the gate, the trunk or the machine? Mend that first"
    return Trip("equal_failures", why, decide)


def _deployments(entries: Sequence[Entry], limit: int, now: float) -> Trip | None:
    count = sum(entry.what is What.DEPLOYED and entry.at > now - _HOUR for entry in entries)
    if count <= limit:
        return None
    why = f"more than {limit} deployments within an hour"
    return Trip("deploys_per_hour", why, "are so many meant? Raise `deploys_per_hour`, or see what lands so often")


def _rollbacks(entries: Sequence[Entry], limit: int, now: float) -> Trip | None:
    back = [entry for entry in entries if entry.what is What.ROLLED_BACK and entry.at > now - _DAY]
    if len(back) < limit:
        return None
    why = f"{len(back)} rollbacks within a day, the last: {back[-1].data.get('why', '')}"
    return Trip("rollbacks_per_day", why, "what lets bad changes through the gate? Mend that, or revert what is bad")
