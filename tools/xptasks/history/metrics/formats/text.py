"""The report for people: one screen, a line a figure, below it what it consists of and what was left out.

A figure without data has no line of its own, unless it has a target.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from textwrap import wrap

from xptasks.history.metrics.figure import WITHIN
from xptasks.history.metrics.formats import words
from xptasks.history.metrics.report import Measured, Report
from xptasks.markup import clean

_PARTS = 5
_NOTHING = {"current_alone": "not running"}
_UNITS: Mapping[str, Callable[[float], str]] = {
    "ratio": words.percent,
    "seconds": words.duration,
    "per_day": lambda value: f"{words.number(value)} a day",
}
_COLUMNS = "  {:<29}{:<16}{:<21}{:<23}{}"
_WIDTH = 112


def show(report: Report) -> str:
    """The report."""
    lines = [*_head(report), "", _COLUMNS.format("", "value", "95 % interval", "made of", "target").rstrip()]
    for group, figures in groupby(report.figures, key=lambda figure: figure.group):
        lines += [group, *_group(list(figures))]
    return "\n".join([*lines, "", *_foot(report)]) + "\n"


def _head(report: Report) -> Iterator[str]:
    span = f"{_minute(report.since)} to {_minute(report.until)} UTC ({words.duration(report.seconds)})"
    yield f"{clean(report.project)}: {span}, {report.events:,} events"
    if report.known_since > report.since:
        yield f"The history begins at {_minute(report.known_since)}; nothing is known of the time before."
    watched = ", ".join(f"{clean(target)} {words.duration(seconds)}" for target, seconds in report.watched.items())
    yield f"Observed: the loop for {words.duration(report.observed)}. Watched: {watched or 'nothing'}."


def _minute(iso: str) -> str:
    return iso[:16].replace("T", " ")


def _group(figures: Sequence[Measured]) -> Iterator[str]:
    silent = [figure for figure in figures if _is_silent(figure)]
    for figure in figures:
        if figure not in silent:
            yield from _figure(figure)
    if silent:
        names = ", ".join(figure.title for figure in silent)
        yield from wrap(f"no data: {names}", _WIDTH, initial_indent="  ", subsequent_indent="    ")


def _is_silent(figure: Measured) -> bool:
    something = figure.numerator or figure.denominator or any(figure.parts.values()) or figure.notes
    return not something and figure.target is None and figure.name not in _NOTHING


def _figure(figure: Measured) -> Iterator[str]:
    cells = (figure.title, _value(figure), _interval(figure), _made_of(figure), _target(figure))
    yield _COLUMNS.format(*cells).rstrip()
    more = [*_parts(figure), *figure.notes]
    if more:
        yield from wrap("; ".join(more), _WIDTH, initial_indent="    ", subsequent_indent="    ")


def _value(figure: Measured) -> str:
    if figure.value is not None:
        return _UNITS[figure.unit](figure.value)
    if not figure.enough:
        nothing = not figure.denominator and not figure.numerator
        return _NOTHING.get(figure.name, "no data") if nothing else "not enough data"
    return "none seen" if figure.method == "poisson" else "not reached"


def _interval(figure: Measured) -> str:
    say = words.number if figure.unit == "per_day" else _UNITS[figure.unit]
    if figure.lower is None:
        return ""
    return f"at least {say(figure.lower)}" if figure.upper is None else f"{say(figure.lower)} to {say(figure.upper)}"


def _made_of(figure: Measured) -> str:
    if not figure.numerator and not figure.denominator:
        return "" if figure.name in _NOTHING else "0 of 0"
    return _MADE_OF[figure.method](figure)


def _shares(figure: Measured) -> str:
    return f"{figure.numerator:g} of {figure.denominator:g}"


def _seconds(figure: Measured) -> str:
    return f"{words.duration(figure.numerator)} of {words.duration(figure.denominator)}"


def _times(figure: Measured) -> str:
    """How many values; their 95th percentile, or from where to where few of them reach."""
    count, details = figure.numerator, figure.details
    known = f"{count:g}" if count == figure.denominator else _shares(figure)
    if "p95" in details:
        return f"{known}, p95 {words.duration(details['p95'])}"
    return f"{known} values" if not count or figure.enough else f"{known}: {_reach(figure)}"


def _reach(figure: Measured) -> str:
    """From where to where few values reach."""
    least, most = (words.duration(figure.details[name]) for name in ("least", "most"))
    return least if least == most else f"{least} to {most}"


def _lasting(figure: Measured) -> str:
    ended, details = f"{_shares(figure)} ended", figure.details
    if "horizon" in details:
        return f"{ended}, up to {words.duration(details['horizon'])}" if figure.denominator else ended
    return ended if figure.enough or "most" not in details else f"{ended}: {_reach(figure)}"


def _rate(figure: Measured) -> str:
    """How many in what time: a rate has the count above the line, a time from one to the next below it."""
    if figure.unit == "per_day":
        return f"{figure.numerator:g} in {words.number(figure.denominator)} d"
    return f"{figure.denominator:g} in {words.duration(figure.numerator)}"


def _counted(figure: Measured) -> str:
    if figure.unit == "ratio":
        return _seconds(figure)
    whole = figure.value == figure.numerator
    return "" if whole else f"{words.duration(figure.numerator)} for {figure.denominator:g}"


_MADE_OF: Mapping[str, Callable[[Measured], str]] = {
    "wilson": _shares,
    "order statistics": _times,
    "kaplan-meier": _lasting,
    "poisson": _rate,
    "fay-feuer": _seconds,
    "counted": _counted,
}


def _target(figure: Measured) -> str:
    """The target, and what is to be said about it that the value does not say already."""
    if figure.target is None:
        return ""
    target = f"{'>=' if figure.better == 'above' else '<'} {_UNITS[figure.unit](figure.target)}"
    return f"{target}: {figure.verdict}" if figure.enough else target


def _parts(figure: Measured) -> Iterator[str]:
    """The largest parts."""
    say = _part(figure)
    shown = [(name, value) for name, value in figure.parts.items() if value]
    if shown:
        rest = len(shown) - _PARTS
        told = ", ".join(_part_said(name, say(value)) for name, value in shown[:_PARTS])
        yield f"{told}, and {rest} more" if rest > 0 else told


def _part_said(name: str, value: str) -> str:
    return f"{value} {name}" if name == WITHIN else f"{clean(name)} {value}"


def _part(figure: Measured) -> Callable[[float], str]:
    """Parts are counts, but for those of gates, which are times, and of targets, which are shares of a time."""
    if figure.name == "gate_time_per_change":
        return words.duration
    return words.percent if figure.method == "fay-feuer" else words.number


def _foot(report: Report) -> Iterator[str]:
    verdicts = [figure.verdict for figure in report.figures]
    met, missed, unknown = (verdicts.count(word) for word in ("met", "not met", "not enough data"))
    yield f"Targets: {met} met, {missed} not met, {unknown} not enough data (both sides of it are possible)."
    yield "What each figure means: docs/reference/metrics.md. Everything, for programs: `inv metrics --format json`."
