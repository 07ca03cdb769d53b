"""When a request to GitHub is sent again, and after how long. Pure: the time and chance arrive as arguments.

The rules are those that GitHub gives for its API: a `Retry-After` counts, a used-up limit ends at `x-ratelimit-reset`,
and whoever meets the secondary limit without either waits a minute at least, longer each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

ATTEMPTS = 6
_BROKEN = frozenset({0, 502, 503, 504})
_LIMITING = frozenset({403, 429})
_FIRST, _LONGEST = 1.0, 30.0  # seconds of the first and the longest pause for a GitHub that is out of order
_SECONDARY = 60.0


@dataclass(frozen=True, slots=True)
class Got:
    """What came back, as far as it says whether to try again.

    Attributes:
        status: the status, 0 when there was no answer.
        headers: with names in lower case.
        message: what the answer says.
        limited: whether a 200 of GraphQL says that a limit is used up.
    """

    status: int
    headers: Mapping[str, str]
    message: str = ""
    limited: bool = False


def is_limited(got: Got) -> bool:
    """Whether GitHub did nothing, because a limit is used up: such a request may always be sent again."""
    if got.limited or got.status == 429:  # noqa: PLR2004 - too many requests
        return True
    said = "retry-after" in got.headers or got.headers.get("x-ratelimit-remaining") == "0"
    return got.status in _LIMITING and (said or "rate limit" in got.message.lower())


def pause(got: Got, tried: int, now: float, chance: float, *, repeatable: bool) -> float | None:
    """Seconds until the request is sent again; None when it is not.

    Args:
        got: what came back.
        tried: how often it was sent, from 1 on.
        now: seconds since the epoch.
        chance: from 0 to 1; spreads callers that failed together.
        repeatable: whether sending it twice does no more than sending it once.
    """
    if tried >= ATTEMPTS:
        return None
    if is_limited(got):
        return _until_allowed(got, tried, now) + chance
    if got.status not in _BROKEN or not repeatable:
        return None
    told = _retry_after(got, now)
    return told + chance if told is not None else chance * min(_LONGEST, _FIRST * 2**tried)


def _until_allowed(got: Got, tried: int, now: float) -> float:
    told = _retry_after(got, now)
    if told is not None:
        return told
    if got.headers.get("x-ratelimit-remaining") == "0":
        reset = _number(got.headers.get("x-ratelimit-reset", ""))
        if reset is not None:
            return max(0.0, reset - now)
    return _SECONDARY * 2.0 ** (tried - 1)


def _retry_after(got: Got, now: float) -> float | None:
    """What the header says: seconds, or a date."""
    text = got.headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None:
        return max(0.0, seconds)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    return float(text) if text.isdecimal() and text.isascii() and len(text) <= 12 else None  # noqa: PLR2004 - an epoch
