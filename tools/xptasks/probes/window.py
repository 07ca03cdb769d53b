"""Failures within a sliding window, probe by probe: when to alert, when to roll back, when all is well again. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Policy:
    """The rule.

    Attributes:
        window: seconds in which failures count together.
        alert_after: failures in the window that alert.
        rollback_after: failures in the window that ask for a rollback.
        recover_after: looks in a row that must go well before an alert is taken back.
    """

    window: float = 300.0
    alert_after: int = 2
    rollback_after: int = 3
    recover_after: int = 2


class Turn(StrEnum):
    """What a look changed."""

    NOTHING = "nothing"
    ALERT = "alert"
    ROLLBACK = "rollback"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Record:
    """What is remembered of one probe.

    Attributes:
        failures: when it failed, within the window of the last look; rising.
        alerted: an alert was sent and not taken back.
        asked: a rollback was asked for since all was well; it is asked for once, so that nothing goes in circles.
        good: looks that went well since the last failure.
    """

    failures: tuple[float, ...] = ()
    alerted: bool = False
    asked: bool = False
    good: int = 0

    def after(self, at: float, *, ok: bool, policy: Policy) -> tuple["Record", Turn]:
        """The record after a look, and what follows from it.

        Args:
            at: when the look was, in seconds of a clock that never goes back.
            ok: whether it went well.
            policy: the rule.
        """
        recent = tuple(failure for failure in self.failures if at - failure < policy.window)
        return self._well(recent, policy) if ok else self._failed((*recent, at), policy)

    def _well(self, recent: tuple[float, ...], policy: Policy) -> tuple["Record", Turn]:
        good = self.good + 1
        if self.alerted and good >= policy.recover_after:
            return Record(good=good), Turn.RECOVERED
        return replace(self, failures=recent, good=good), Turn.NOTHING

    def _failed(self, failures: tuple[float, ...], policy: Policy) -> tuple["Record", Turn]:
        now = replace(self, failures=failures, good=0)
        if len(failures) >= policy.rollback_after and not self.asked:
            return replace(now, alerted=True, asked=True), Turn.ROLLBACK
        if len(failures) >= policy.alert_after and not self.alerted:
            return replace(now, alerted=True), Turn.ALERT
        return now, Turn.NOTHING
