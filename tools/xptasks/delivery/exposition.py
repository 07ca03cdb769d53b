"""From what a release says of itself, in Prometheus' text format, to the counters that releases are compared by."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import isinf
from typing import TYPE_CHECKING

from xptasks.delivery.driver import Counters
from xptasks.delivery.settings import LabelSettings, MetricsSettings

if TYPE_CHECKING:
    from prometheus_client.samples import Sample


def counters_of(text: str, settings: MetricsSettings) -> Counters:
    """What a release counted; all series of a metric are added up.

    Args:
        text: its exposition.
        settings: what its metrics are called.

    Raises:
        ValueError: it cannot be parsed.
    """
    samples = [each for each in _samples(text, settings) if not any(_is(each.labels, what) for what in settings.ignore)]
    asked = [each for each in samples if each.name == settings.requests]
    bounds, durations = _histogram(each for each in samples if each.name == f"{settings.durations}_bucket")
    return Counters(
        requests=_sum(asked),
        errors=_sum(each for each in asked if _is(each.labels, settings.errors)),
        bounds=bounds,
        durations=durations,
    )


def together(proxy: Counters | None, own: Counters, *, instead: bool) -> Counters:
    """The proxy's counters with what they lack; or the release's own, with the proxy's only for websockets.

    Args:
        proxy: None when the proxy counts nothing.
        own: what the release says of itself.
        instead: whether that counts where both say something.
    """
    if proxy is None:
        return own
    epoch = f"{proxy.epoch}|{own.epoch}"
    if instead:
        return replace(own, websockets=proxy.websockets, websocket_errors=proxy.websocket_errors, epoch=epoch)
    if proxy.bounds:
        return proxy
    return replace(proxy, bounds=own.bounds, durations=own.durations, epoch=epoch)


def _samples(text: str, settings: MetricsSettings) -> "list[Sample]":
    """Those of both metrics: a parser is slow, and most of an exposition is about something else."""
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 - not needed to list tasks

    names = tuple(name for name in (settings.requests, settings.durations) if name)
    wanted = "".join(f"{line}\n" for line in text.splitlines() if line.startswith(names))
    try:
        return [sample for family in text_string_to_metric_families(wanted) for sample in family.samples]
    except (KeyError, IndexError) as error:
        raise ValueError(str(error)) from error


def _is(labels: Mapping[str, str], wanted: LabelSettings) -> bool:
    return re.fullmatch(wanted.matches, labels.get(wanted.label, "")) is not None


def _sum(samples: "Iterable[Sample]") -> int:
    return int(sum(sample.value for sample in samples))


def _histogram(buckets: "Iterable[Sample]") -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Its bounds without infinity, and how many requests lie at or below each, then all."""
    counts: dict[float, float] = {}
    for sample in buckets:
        bound = float(sample.labels.get("le", "no le"))
        counts[bound] = counts.get(bound, 0.0) + sample.value
    rising = sorted(counts)
    if not rising or not isinf(rising[-1]):
        return (), ()
    return tuple(rising[:-1]), tuple(int(counts[bound]) for bound in rising)
