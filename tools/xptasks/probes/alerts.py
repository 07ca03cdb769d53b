"""Alerts: who is told, and how. A sink that does not answer is said on stderr and holds nobody up: an edge."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from xptasks.settings import SecretReference, Settings

_PATIENCE = 5.0  # seconds that a sink may take


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that people should know.

    Attributes:
        state: `firing`, or `resolved` when it is over.
        name: what it is about: a probe, `deployment`, `proxy`.
        summary: one sentence.
        at: seconds since the epoch.
        severity: `critical` when traffic is hurt.
        labels: more facts, such as the release.
    """

    state: Literal["firing", "resolved"]
    name: str
    summary: str
    at: float
    severity: Literal["critical", "warning"] = "warning"
    labels: Mapping[str, str] = field(default_factory=dict)


class AlertSettings(Settings):
    """`[alerts]`: who is told when a probe fails, a deployment is rolled back, or all is well again."""

    stdout: Annotated[bool, Field(description="Whether each alert is a line of JSON on stdout.", examples=[True])] = (
        True
    )
    apprise: Annotated[
        tuple[SecretReference, ...],
        Field(
            description="Where Apprise's URLs are (Slack, e-mail, webhooks, ...); needs the package `apprise`.",
            examples=[["env:SLACK_URL"]],
        ),
    ] = ()
    alertmanager: Annotated[
        str,
        Field(
            pattern=r"^(https?://.+)?$",
            description="The base URL of a Prometheus Alertmanager.",
            examples=["http://127.0.0.1:9093"],
        ),
    ] = ""


Sink = Callable[[Alert], None]


class Alerts:
    """Sends alerts to every sink of the settings.

    Args:
        settings: `[alerts]`.
        labels: what every alert carries: the project, the target.
        environ: where secrets `env:NAME` are.
        project: the folder of secrets `file:PATH`.

    Raises:
        CannotRunError: a secret is not there.
    """

    def __init__(
        self, settings: AlertSettings, labels: Mapping[str, str], environ: Mapping[str, str], project: Path
    ) -> None:
        self._labels = dict(labels)
        self._sinks: list[tuple[str, Sink]] = []
        if settings.stdout:
            self._sinks.append(("stdout", _stdout))
        if settings.apprise:
            urls = [reference.resolve(environ, project) for reference in settings.apprise]
            self._sinks.append(("apprise", lambda alert: _apprise(urls, alert)))
        if settings.alertmanager:
            url = settings.alertmanager.rstrip("/")
            self._sinks.append(("alertmanager", lambda alert: _alertmanager(url, alert)))

    def send(self, alert: Alert) -> Sequence[str]:
        """Tell everybody; returns the names of the sinks that did not take it."""
        told = Alert(alert.state, alert.name, alert.summary, alert.at, alert.severity, {**self._labels, **alert.labels})
        failed = []
        for name, sink in self._sinks:
            try:
                sink(told)
            except Exception as error:  # noqa: BLE001 - whatever a sink's library raises, the watcher goes on
                failed.append(name)
                with suppress(OSError):  # our log may be on the disk that is full
                    sys.stderr.write(f"alert not sent by {name}: {type(error).__name__}\n")
        return failed


def _stdout(alert: Alert) -> None:
    sys.stdout.write(json.dumps({"alert": asdict(alert)}) + "\n")
    sys.stdout.flush()


def _apprise(urls: Sequence[str], alert: Alert) -> None:
    import apprise  # noqa: PLC0415 - an extra, and heavy

    sender = apprise.Apprise()
    sender.add(list(urls))
    kind = apprise.NotifyType.SUCCESS if alert.state == "resolved" else apprise.NotifyType.FAILURE
    if not sender.notify(body=alert.summary, title=f"{alert.state}: {alert.name}", notify_type=kind):
        raise OSError("not every address took it")


def _alertmanager(url: str, alert: Alert) -> None:
    """Alertmanager's API v2: an alert that is over is the same alert with an end."""
    import httpx  # noqa: PLC0415 - not needed by the other sinks

    at = datetime.fromtimestamp(alert.at, UTC).isoformat()
    body = {
        "labels": {"alertname": alert.name, "severity": alert.severity, **alert.labels},
        "annotations": {"summary": alert.summary},
        **({"endsAt": at} if alert.state == "resolved" else {"startsAt": at}),
    }
    httpx.post(f"{url}/api/v2/alerts", json=[body], timeout=_PATIENCE).raise_for_status()
