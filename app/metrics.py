"""What the service measures, in a registry of its own so that several applications fit into one process."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

# Prometheus' text format 0.0.4, which every scraper reads.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters of requests and websockets. Labels hold route templates, never what a caller typed."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "projects_http_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "projects_http_request_duration_seconds",
            "Seconds from the first byte of a request to the end of its answer.",
            ["method", "route"],
            registry=self.registry,
        )
        self.websockets = Gauge(
            "projects_websocket_connections", "Websockets that are open now.", registry=self.registry
        )
        self.dropped = Counter(
            "projects_websocket_dropped", "Websockets that were closed for reading too slowly.", registry=self.registry
        )

    def exposition(self) -> bytes:
        """Everything in the text format."""
        return generate_latest(self.registry)
