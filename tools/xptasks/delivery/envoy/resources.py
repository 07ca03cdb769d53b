"""What Envoy's files say, as plain data (its v3 API in JSON).

A release has two clusters, one for requests and one for websockets, so that both can be counted and drained apart. For
each other release there is a pair of aggregate clusters on top: a request that finds the first one dead is sent to the
second. Weights are changed in the routes alone; clusters change only when a release starts or stops, and never while
they have a share. So the connections to every release stay warm, and nothing that is open is cut.
"""

from collections.abc import Iterable, Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

from xptasks.delivery.traffic import Traffic
from xptasks.system.http import HOST

REQUESTS, WEBSOCKETS = "http", "ws"  # what the names of clusters begin with
COOKIE = "xptasks-bucket"
ROUTES = "public"
DURATIONS = (
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000,
    10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 3_600_000,
)  # fmt: skip
"""Milliseconds: the bounds of the histogram of durations, about four for each factor of ten, as for Prometheus."""
BROKEN_AT_ONCE = 100
"""Milliseconds: a websocket that lived shorter broke at once."""

_TYPE = "type.googleapis.com/envoy."
_LIMITS = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests", "max_retries"), 2**20)
# Nothing of such a request has reached the service, so sending it to another one cannot do anything twice.
_UNSENT = "connect-failure,refused-stream,reset-before-request"
_SAFE_METHODS = "GET|HEAD|OPTIONS"  # RFC 9110, 9.2.1: they may be sent again even when the service has seen them
# Services close idle connections after 2 s (gunicorn), 5 s (uvicorn) or later. Who closes first never sends a request
# into a connection that is just being closed.
_IDLE = "1s"


def bootstrap(port: int, folder: Path) -> dict[str, Any]:
    """What Envoy is started with; `clusters.json` and `routes.json` in the same folder are followed."""
    return {
        "node": {"id": "local", "cluster": "xptasks"},
        "admin": {"address": {"pipe": {"path": "admin.sock", "mode": 0o600}}},
        "stats_flush_interval": "0.250s",  # histograms are as old as the last flush
        "stats_config": {
            "histogram_bucket_settings": [
                {"match": {"suffix": "upstream_rq_time"}, "buckets": DURATIONS},
                {"match": {"suffix": "upstream_cx_length_ms"}, "buckets": [BROKEN_AT_ONCE]},
            ]
        },
        "dynamic_resources": {"cds_config": _followed(folder / "clusters.json")},
        "static_resources": {"listeners": [_listener(port, folder / "routes.json")]},
    }


def _followed(path: Path) -> dict[str, Any]:
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}


def _listener(port: int, routes: Path) -> dict[str, Any]:
    """The public entrance. It cuts nothing off by time: how long an answer may take is the service's affair."""
    manager = {
        "@type": f"{_TYPE}extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": ROUTES,
        "use_remote_address": True,
        "server_header_transformation": "PASS_THROUGH",
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "rds": {"route_config_name": ROUTES, "config_source": _followed(routes)},
        "http_filters": [_extension("router", "filters.http.router.v3.Router", suppress_envoy_headers=True)],
    }
    return {
        "name": ROUTES,
        "enable_reuse_port": False,  # otherwise a second proxy on the same port would not be noticed
        "address": _address(port),
        "filter_chains": [{"filters": [{"name": "manager", "typed_config": manager}]}],
    }


def _extension(name: str, kind: str, **settings: object) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": f"{_TYPE}extensions.{kind}", **settings}}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": HOST, "port_value": port}}


def clusters(traffic: Traffic) -> dict[str, Any]:
    """The file of clusters: those of every release that was started."""
    found = []
    for kind in (REQUESTS, WEBSOCKETS):
        found += [_cluster(f"{kind}/{release}", port) for release, port in sorted(traffic.ports.items())]
        found += [_pair(kind, first, second) for first, second in permutations(sorted(traffic.ports), 2)]
    return {"version_info": versions(traffic)[0], "resources": found}


def _cluster(name: str, port: int) -> dict[str, Any]:
    kind = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    protocol = {
        "@type": f"type.googleapis.com/{kind}",
        "common_http_protocol_options": {"idle_timeout": _IDLE},
        "explicit_http_config": {"http_protocol_options": {}},
    }
    return {
        "@type": f"{_TYPE}config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "circuit_breakers": {"thresholds": [_LIMITS]},
        "typed_extension_protocol_options": {kind: protocol},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}],
        },
    }


def _pair(kind: str, first: str, second: str) -> dict[str, Any]:
    members = [f"{kind}/{first}", f"{kind}/{second}"]
    return {
        "@type": f"{_TYPE}config.cluster.v3.Cluster",
        "name": f"{kind}/{first}/{second}",
        "connect_timeout": "1s",
        "lb_policy": "CLUSTER_PROVIDED",
        "circuit_breakers": {"thresholds": [_LIMITS]},
        "cluster_type": _extension("envoy.clusters.aggregate", "clusters.aggregate.v3.ClusterConfig", clusters=members),
    }


def routes(traffic: Traffic) -> dict[str, Any]:
    """The file of routes: the weights, and who stands in for whom. Only releases with a share stand in."""
    host = {"name": "everybody", "domains": ["*"], "routes": list(_routes(traffic))}
    resource = {"@type": f"{_TYPE}config.route.v3.RouteConfiguration", "name": ROUTES, "virtual_hosts": [host]}
    return {"version_info": versions(traffic)[1], "resources": [resource]}


def versions(traffic: Traffic) -> tuple[str, str]:
    """What Envoy reports when it follows the files: of the clusters, of the routes."""
    ports = " ".join(f"{release}={port}" for release, port in sorted(traffic.ports.items()))
    return f"ports {ports}", f"split {traffic.version}"


def _routes(traffic: Traffic) -> Iterable[dict[str, Any]]:
    if not traffic.shares:
        answer = {"status": 503, "body": {"inline_string": "no release serves\n"}}
        yield {"match": {"prefix": "/"}, "direct_response": answer}
        return
    upgrade = _header("upgrade", exact="websocket", ignore_case=True)
    safe = _header(":method", safe_regex={"regex": _SAFE_METHODS})
    yield from _dealt(traffic, WEBSOCKETS, [upgrade], _UNSENT)
    yield from _dealt(traffic, REQUESTS, [safe], f"{_UNSENT},reset")
    yield from _dealt(traffic, REQUESTS, [], _UNSENT)


def _header(name: str, **match: object) -> dict[str, Any]:
    return {"name": name, "string_match": match}


def _dealt(traffic: Traffic, kind: str, matches: list[dict[str, Any]], retry: str) -> Iterable[dict[str, Any]]:
    """Callers who have a bucket go to its release; all others by weight, and get a bucket where callers stick."""
    for release in sorted(set(traffic.buckets)):
        numbers = "|".join(str(bucket) for bucket, owner in enumerate(traffic.buckets) if owner == release)
        cookie = _header("cookie", safe_regex={"regex": rf"(?:.*;\s*)?{COOKIE}=(?:{numbers})(?:;.*)?"})
        yield _route([*matches, cookie], retry, cluster=_target(kind, release, traffic.shares))
    yield _route(matches, retry, weighted_clusters={"clusters": list(_weights(traffic, kind))})


def _weights(traffic: Traffic, kind: str) -> Iterable[dict[str, Any]]:
    for bucket, release in enumerate(traffic.buckets):
        cookie = {"key": "set-cookie", "value": f"{COOKIE}={bucket}; Path=/; HttpOnly; SameSite=Lax"}
        name = _target(kind, release, traffic.shares)
        yield {"name": name, "weight": 1, "response_headers_to_add": [{"header": cookie}]}
    for release, share in sorted(traffic.shares.items()) if not traffic.buckets else ():
        yield {"name": _target(kind, release, traffic.shares), "weight": share}


def _target(kind: str, release: str, shares: Mapping[str, int]) -> str:
    """The cluster of a release that has the largest of the others behind it."""
    others = {share: other for other, share in sorted(shares.items()) if other != release}
    return f"{kind}/{release}/{others[max(others)]}" if others else f"{kind}/{release}"


def _route(matches: list[dict[str, Any]], retry: str, **target: object) -> dict[str, Any]:
    policy = {
        "retry_on": retry,
        "num_retries": 3,
        "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.050s"},
        "retry_priority": _extension(
            "envoy.retry_priorities.previous_priorities",
            "retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
            update_frequency=1,
        ),
    }
    return {
        "match": {"prefix": "/", "headers": matches},
        "route": {"timeout": "0s", "retry_policy": policy, **target},
    }


def split_of(dump: Mapping[str, Any]) -> dict[str, int]:
    """The percentages in Envoy's own description of its routes (`/config_dump`).

    Raises:
        LookupError: it has no routes yet.
    """
    hosts = dump["configs"][0]["route_config"]["virtual_hosts"]
    last = hosts[0]["routes"][-1]
    split: dict[str, int] = {}
    for target in last["route"]["weighted_clusters"]["clusters"] if "route" in last else ():
        release = target["name"].split("/")[1]
        split[release] = split.get(release, 0) + target["weight"]
    return split
