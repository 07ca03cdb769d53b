"""The table `[deploy]`."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from xptasks.delivery.plan import Strategy, WhenCrashed, WhenInconclusive
from xptasks.settings import Duration, ProjectPath, Settings, Size, UrlPath


class StageSettings(Settings):
    """`[[deploy.stages]]`: a share of the traffic, and for how long it is watched."""

    weight: Annotated[
        int, Field(ge=1, le=100, description="Percent of the requests that the new release gets.", examples=[100])
    ]
    hold: Annotated[Duration, Field(description="How long the share is watched before the next.", examples=["10m"])]


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"this is no regular expression: {error}") from error
    return text


class LabelSettings(Settings):
    """Which samples of a metric are meant."""

    label: Annotated[str, Field(min_length=1, description="The label's name.", examples=["status"])]
    matches: Annotated[
        str,
        AfterValidator(_expression),
        Field(description="A regular expression for the whole of its value.", examples=["5.."]),
    ]


class MetricsSettings(Settings):
    """`[deploy.analysis.metrics]`: what a release says of itself in Prometheus' text format."""

    path: Annotated[
        UrlPath, Field(description="Where each release answers with its metrics.", examples=["/metrics"])
    ] = "/metrics"
    requests: Annotated[
        str,
        Field(
            description="The counter of requests, with `_total`. Without it the proxy's counts.",
            examples=["projects_http_requests_total"],
        ),
    ] = ""
    errors: Annotated[LabelSettings, Field(description="Which of them are errors.")] = LabelSettings(
        label="status", matches="5.."
    )
    durations: Annotated[
        str,
        Field(
            description="The histogram of durations in seconds. Without it the proxy's, if it has one.",
            examples=["projects_http_request_duration_seconds"],
        ),
    ] = ""
    ignore: Annotated[
        tuple[LabelSettings, ...],
        Field(
            description="Which samples do not count: what the checks themselves ask for.",
            examples=[[{"label": "route", "matches": "/health|/metrics"}]],
        ),
    ] = ()
    instead: Annotated[
        bool,
        Field(
            description="Whether they take the place of what the proxy counts, and do not only add what it lacks.",
            examples=[False],
        ),
    ] = False

    @model_validator(mode="after")
    def _something(self) -> "MetricsSettings":
        if self.instead and not self.requests:
            raise ValueError("nothing can take the place of the proxy's counts: name the counter `requests`")
        return self

    @property
    def used(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.requests or self.durations)


class AnalysisSettings(Settings):
    """`[deploy.analysis]`: how the canary is compared with the release that serves."""

    false_abort: Annotated[
        float,
        Field(gt=0, lt=0.5, description="How likely a canary that is no worse may be aborted.", examples=[0.001]),
    ] = 0.001
    min_requests: Annotated[
        int,
        Field(
            ge=0,
            description="Requests of the canary below which it does not pass. It may fail at any time.",
            examples=[200],
        ),
    ] = 200
    on_inconclusive: Annotated[
        WhenInconclusive,
        Field(
            description="What follows a stage that ends without a verdict: `probe` holds on while the probes pass and "
            "then rolls back, `promote` goes on, `rollback` gives up, `pause` waits for people.",
            examples=["probe"],
        ),
    ] = "probe"
    patience: Annotated[
        Duration,
        Field(
            description="How much longer than its hold a stage may last while there is no verdict.", examples=["10m"]
        ),
    ] = 600.0
    metrics: Annotated[
        MetricsSettings,
        Field(description="The metrics of the releases themselves, for what the proxy does not count."),
    ] = MetricsSettings()


_Words = tuple[str, ...]


class ExecSettings(Settings):
    """`[deploy.exec]`: commands of your own for the target `exec`."""

    observe: Annotated[
        _Words,
        Field(
            description="Prints the world as JSON: the condition of each release, the split, and what is drained.",
            examples=[["deploy/observe"]],
        ),
    ] = ()
    start: Annotated[
        _Words, Field(description="Makes a release run.", examples=[["deploy/start", "{release}", "{path}"]])
    ] = ()
    split: Annotated[
        _Words,
        Field(
            description="Splits the traffic. A word with `{weight}` is repeated for each release that has a share; "
            "`{sticky}` becomes `true` or `false`.",
            examples=[["deploy/split", "{release}={weight}"]],
        ),
    ] = ()
    drain: Annotated[
        _Words,
        Field(
            description="Lets a release without a share finish; it may take `drain_timeout` longer than the others.",
            examples=[["deploy/drain", "{release}"]],
        ),
    ] = ()
    stop: Annotated[_Words, Field(description="Ends a release.", examples=[["deploy/stop", "{release}"]])] = ()
    counters: Annotated[
        _Words,
        Field(
            description="Prints as JSON what the proxy counted, by release. Without it nothing is compared.",
            examples=[["deploy/counters"]],
        ),
    ] = ()
    repair: Annotated[
        _Words,
        Field(
            description="Starts again what died, and prints a line for each thing it started.",
            examples=[["deploy/repair"]],
        ),
    ] = ()
    down: Annotated[
        _Words, Field(description="Ends everything; without it each release is stopped.", examples=[["deploy/down"]])
    ] = ()
    address: Annotated[
        str, Field(description="The base URL of the public entrance.", examples=["https://projects.example"])
    ] = ""
    release_address: Annotated[
        str,
        Field(
            description="The base URL of one release, past the split.", examples=["https://{release}.projects.example"]
        ),
    ] = ""
    weights: Annotated[
        bool, Field(description="Whether any percentage can be had, not only 0 and 100.", examples=[True])
    ] = True
    websockets: Annotated[
        bool, Field(description="Whether a new split leaves open websockets alone.", examples=[True])
    ] = False
    timeout: Annotated[
        Duration, Field(description="How long a command may take; then it is killed.", examples=["30s"])
    ] = 30.0


class HaproxySettings(Settings):
    """`[deploy.haproxy]`: an HAProxy that runs already, for the target `haproxy`."""

    socket: Annotated[
        str,
        Field(
            pattern="^(/.+)?$",
            description="The runtime socket (level admin) of an HAProxy that runs already: it is told what to do "
            "and never started or ended. Without it one is started.",
            examples=["/run/haproxy/admin.sock"],
        ),
    ] = ""
    backend: Annotated[
        str,
        Field(
            pattern="^[A-Za-z0-9_.:-]+$",
            description="Its backend with slots for releases; that for websockets has the same name and `-websockets`.",
            examples=["releases"],
        ),
    ] = "releases"


class DeploySettings(Settings):
    """`[deploy]`: where releases run, and how a new one takes over."""

    target: Annotated[
        Literal["local", "haproxy", "exec"],
        Field(
            description="What runs releases and splits the traffic: this machine with Envoy or HAProxy, or commands of "
            "your own.",
            examples=["local"],
        ),
    ] = "local"
    strategy: Annotated[Strategy, Field(description="How a new release takes over.", examples=["canary"])] = "canary"
    stages: Annotated[
        tuple[StageSettings, ...],
        Field(
            min_length=1,
            description="The canary's shares, rising to 100. Through the last one the old release stays warm.",
            examples=[[{"weight": 10, "hold": "10m"}, {"weight": 100, "hold": "2m"}]],
        ),
    ] = (StageSettings(weight=10, hold="10m"), StageSettings(weight=100, hold="2m"))
    analysis: Annotated[
        AnalysisSettings, Field(description="How the canary is compared with the release that serves.")
    ] = AnalysisSettings()
    on_crash: Annotated[
        WhenCrashed,
        Field(description="What follows a deployment whose supervisor died.", examples=["rollback"]),
    ] = "rollback"
    keep_releases: Annotated[
        int, Field(ge=2, le=100, description="How many releases are kept on disk.", examples=[5])
    ] = 5
    start_timeout: Annotated[
        Duration, Field(description="How long a release may take until it is ready.", examples=["60s"])
    ] = 60.0
    drain_timeout: Annotated[
        Duration,
        Field(description="How long requests and websockets may take to end when a release leaves.", examples=["30s"]),
    ] = 30.0
    max_memory: Annotated[
        Size,
        Field(
            description="The memory that a new release may hold; more rolls it back. `0KiB` is no limit.",
            examples=["512MiB"],
        ),
    ] = 0
    sticky: Annotated[
        bool, Field(description="Whether a caller stays with the release that answered first.", examples=[False])
    ] = False
    port: Annotated[
        int, Field(ge=0, le=65535, description="The public port; 0 takes a free one and keeps it.", examples=[8080])
    ] = 0
    requirements: Annotated[
        tuple[ProjectPath, ...],
        Field(
            description="Pinned requirements files of a release's environment, as they are in the commit. Without them "
            "`requirements/app.txt`, `requirements/base.txt` or `requirements.txt`, the first that is there.",
            examples=[["requirements/app.txt"]],
        ),
    ] = ()

    exec: Annotated[ExecSettings, Field(description="Commands of your own for the target `exec`.")] = ExecSettings()
    haproxy: Annotated[
        HaproxySettings, Field(description="An HAProxy that runs already, for the target `haproxy`.")
    ] = HaproxySettings()

    @model_validator(mode="after")
    def _commands(self) -> "DeploySettings":
        missing = [name for name in ("observe", "start", "split", "stop") if not getattr(self.exec, name)]
        if self.target == "exec" and missing:
            raise ValueError(f"the target exec needs commands in [deploy.exec]: {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _entrance(self) -> "DeploySettings":
        if self.target == "haproxy" and self.haproxy.socket and not self.port:
            raise ValueError("an HAProxy that runs already has a public port: name it in [deploy] port")
        return self

    @model_validator(mode="after")
    def _rising(self) -> "DeploySettings":
        weights = [stage.weight for stage in self.stages]
        if weights != sorted(set(weights)) or weights[-1] != 100:  # noqa: PLR2004 - percent
            raise ValueError("the weights of the stages must rise, and the last one must be 100")
        return self
