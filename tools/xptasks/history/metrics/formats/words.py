"""Numbers as people say them. Pure."""

from math import floor, log10

_UNITS = ((86400.0, "d", 3 * 86400.0), (3600.0, "h", 7200.0), (60.0, "min", 120.0))
_DIGITS = 3


def duration(seconds: float) -> str:
    """Seconds with three digits and a unit that suits them: `85 s`, `12.5 min`, `27.1 h`, `30 d`."""
    for length, unit, least in _UNITS:
        if seconds >= least:
            return f"{_short(seconds / length)} {unit}"
    return f"{_short(seconds)} s"


def percent(ratio: float) -> str:
    """A share with one place behind the point; with more where it would look like none or all and is not."""
    for places in range(1, 7):
        text = f"{100 * ratio:.{places}f}"
        if float(text) not in {0.0, 100.0} or ratio in {0.0, 1.0}:
            break
    return f"{_plain(text)} %"


def number(value: float) -> str:
    """A number with three digits, and all digits before the point."""
    return _short(value)


def _short(value: float) -> str:
    places = _DIGITS - 1 - floor(log10(abs(value))) if value else 0
    return _plain(f"{value:,.{min(_DIGITS, max(0, places))}f}")


def _plain(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
