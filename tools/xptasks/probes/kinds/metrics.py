"""The service offers metrics in Prometheus' text format or in OpenMetrics', and their values are as they should be."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from xptasks.probes.checks import bounds
from xptasks.probes.http import Answer, ask, excerpt
from xptasks.probes.result import ProbeError, Seen, Trouble
from xptasks.probes.settings import HttpOptions
from xptasks.probes.target import Target
from xptasks.settings import Settings, UrlPath

if TYPE_CHECKING:
    from prometheus_client import Metric

NEEDS = ("anyio", "httpx", "prometheus-client")
IMPORTS = ("prometheus_client.parser", "prometheus_client.openmetrics.parser")
EXAMPLE = """\
kind = "metrics"
path = "/metrics"
checks = [{ metric = "projects_http_requests_total", labels = { status = "500" }, max = 0 }]
"""
_OPENMETRICS = "application/openmetrics-text"
_TEXT = "text/plain"


class MetricCheck(Settings):
    """What has to be true of a metric: the sum of all its series that have these labels."""

    metric: Annotated[
        str, Field(min_length=1, description="The name as it is in the text.", examples=["http_requests_total"])
    ]
    labels: Annotated[
        dict[str, str],
        Field(description="Labels that a series must have.", examples=[{"status": "500"}]),
    ] = Field(default_factory=dict)
    equals: Annotated[float | None, Field(description="The value.", examples=[0])] = None
    min: Annotated[float | None, Field(description="The least value.", examples=[1])] = None
    max: Annotated[float | None, Field(description="The greatest value.", examples=[0])] = None


class Options(HttpOptions):
    """The exposition can be parsed, and values are within bounds."""

    kind: Annotated[Literal["metrics"], Field(description="Which kind of probe this is.", examples=["metrics"])]
    path: Annotated[UrlPath, Field(description="The path, with a query if need be.", examples=["/metrics"])] = (
        "/metrics"
    )
    checks: Annotated[
        tuple[MetricCheck, ...],
        Field(
            description="What has to be true; each has a `metric` and may have `labels`, `equals`, `min`, `max`. All "
            "series that have the labels count together; no series of a metric that is there counts as 0.",
            examples=[[{"metric": "http_requests_total", "labels": {"status": "500"}, "max": 0}]],
            json_schema_extra={"$comment": "list of tables"},
        ),
    ] = ()


async def look(options: Options, target: Target) -> Seen:
    """Ask once."""
    accept = f"{_OPENMETRICS}; version=1.0.0, {_TEXT}; version=0.0.4; q=0.5"
    answer = await ask(options, target, headers={"Accept": accept})
    metrics = _parse(answer)
    for check in options.checks:
        if problem := fault(metrics, check):
            raise ProbeError(Trouble.ASSERTION, problem)
    return answer.seen


def _parse(answer: Answer) -> "list[Metric]":
    from prometheus_client import parser  # noqa: PLC0415 - only this kind needs it
    from prometheus_client.openmetrics import parser as openmetrics_parser  # noqa: PLC0415

    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {_TEXT, _OPENMETRICS}:
        raise ProbeError(Trouble.ASSERTION, f"expected the content type {_TEXT}, got {media_type or 'none'}")
    read = openmetrics_parser if media_type == _OPENMETRICS else parser
    try:
        found = list(read.text_string_to_metric_families(answer.body.decode()))
    except (ValueError, KeyError, IndexError) as error:
        problem = f"the exposition cannot be parsed: {error}: {excerpt(answer.body)}"
        raise ProbeError(Trouble.ASSERTION, problem) from None
    if not found:
        raise ProbeError(Trouble.ASSERTION, "there are no metrics")
    return found


def fault(metrics: "Iterable[Metric]", check: MetricCheck) -> str:
    """What is wrong with a metric, in words; empty when nothing is."""
    families = [family for family in metrics if _belongs(check.metric, family)]
    if not families:
        return f"there is no metric {check.metric}"
    values = [
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == check.metric and _has(sample.labels, check.labels)
    ]
    where, total = check.metric + _written(check.labels), float(sum(values))
    if check.equals is not None and total != check.equals:
        return f"{where}: expected {check.equals:g}, got {total:g}"
    return bounds(where, total, check.min, check.max)


def _belongs(name: str, family: "Metric") -> bool:
    """Whether the family has samples of this name, or could have them: a counter without series shows its name only."""
    return name in {family.name, f"{family.name}_total"} or any(sample.name == name for sample in family.samples)


def _has(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return wanted.items() <= labels.items()


def _written(labels: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}" if labels else ""
