"""The watcher's own `/metrics`, with blackbox_exporter's names where it has one, so that its dashboards fit."""

from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

_HOST = "127.0.0.1"


class Exposition:
    """What a watcher measures; a context manager while it is served.

    Args:
        port: the port on loopback; 0 takes a free one, None serves nothing.

    Raises:
        OSError: the port is taken (on entering).
    """

    def __init__(self, port: int | None = None) -> None:
        self.port = port
        registry = self.registry = CollectorRegistry()
        self._success = Gauge("probe_success", "Whether the last look went well.", ["probe"], registry=registry)
        self._seconds = Gauge(
            "probe_duration_seconds", "How long the last look took, in seconds.", ["probe"], registry=registry
        )
        self._expiry = Gauge(
            "probe_ssl_earliest_cert_expiry", "When the certificate ends (Unix time).", ["probe"], registry=registry
        )
        self._looks = Counter("xptasks_probe_looks", "Looks, by how they went.", ["probe", "result"], registry=registry)
        self._skipped = Gauge(
            "xptasks_probe_skipped", "Slots of the grid that passed without a look.", ["probe"], registry=registry
        )
        self._restarts = Counter(
            "xptasks_watch_restarts", "What the watcher started again.", ["what"], registry=registry
        )
        self._rollbacks = Counter("xptasks_watch_rollbacks", "Rollbacks that the watcher asked for.", registry=registry)

    def __enter__(self) -> Self:
        self._server = start_http_server(self.port, _HOST, self.registry) if self.port is not None else None
        if self._server is not None:
            self.port = self._server[0].server_port
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            server, thread = self._server
            server.shutdown()
            server.server_close()
            thread.join()

    def looked(self, probe: str, *, ok: bool, seconds: float, skipped: int) -> None:
        """A probe has looked."""
        self._success.labels(probe).set(ok)
        self._seconds.labels(probe).set(seconds)
        self._looks.labels(probe, "good" if ok else "failed").inc()
        self._skipped.labels(probe).set(skipped)

    def certificate(self, probe: str, end: float) -> None:
        """When the certificate that a probe saw ends, in seconds since the epoch."""
        self._expiry.labels(probe).set(end)

    def restarted(self, what: str) -> None:
        """Something died and was started again."""
        self._restarts.labels(what).inc()

    def rolled_back(self) -> None:
        """A rollback was asked for."""
        self._rollbacks.inc()
