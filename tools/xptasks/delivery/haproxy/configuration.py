"""HAProxy's configuration file. It is for the start alone: all that changes later goes through the runtime socket."""

from collections.abc import Mapping, Sequence

from xptasks.delivery.haproxy.slots import OWN, Slot, Slots
from xptasks.system.http import HOST

BUCKETS_FILE = "xptasks-buckets.map"
SOCKET = "admin.sock"
COOKIE = "xptasks-bucket"
CHECK = "check inter 200ms fall 1 rise 1 pool-purge-delay 500ms"
"""Checks only whether somebody listens: whether a release is well is the driver's matter, and not decided twice. A
connection is not kept longer than any usual server keeps it, so that no request runs into one that is being closed."""

_GLOBAL = f"""\
global
    stats socket unix@{SOCKET} mode 600 level admin
    noreuseport
    nbthread 2
"""
_DEFAULTS = """\
defaults
    mode http
    timeout connect 2s
    timeout http-request 30s
    timeout client 1h
    timeout server 1h
    timeout queue 10s
    timeout client-fin 30s
    timeout tunnel 7d
"""


def websockets(backend: str) -> str:
    """The name of the backend for websockets: apart, so that draining can wait for requests alone."""
    return f"{backend}-websockets"


def complete(port: int, backend: str, slots: Slots) -> str:
    """The whole configuration of a HAProxy of ours.

    Args:
        port: the public port.
        backend: the name of the backend with the slots.
        slots: what they do from the start.
    """
    return f"{_GLOBAL}{_DEFAULTS}{proxies(port, backend, slots)}"


def proxies(port: int, backend: str, slots: Slots, folder: str = "") -> str:
    """The frontend and both backends, also for the configuration of somebody else's HAProxy.

    Args:
        port: the public port.
        backend: the name of the backend with the slots.
        slots: what they do from the start.
        folder: where the file with sticky callers' buckets is, with a `/` at its end.
    """
    buckets = f"{folder}{BUCKETS_FILE}"
    sticky = f'"{COOKIE}=%[var(txn.bucket)]; Path=/; HttpOnly; SameSite=Lax"'
    return f"""\
frontend public
    bind {HOST}:{port}
    option forwardfor
    option idle-close-on-response
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Request-ID %[uuid()] unless {{ req.hdr(X-Request-ID) -m found }}
    http-request set-var(txn.slot) req.cook({COOKIE}),map({buckets})
    http-request set-var(txn.bucket) rand(100) unless {{ var(txn.slot) -m found }}
    http-request set-var(txn.slot) var(txn.bucket),map({buckets}) if {{ var(txn.bucket) -m found }}
    http-response add-header Set-Cookie {sticky} if {{ var(txn.bucket) -m found }} {{ var(txn.slot) -m found }}
    use_backend {websockets(backend)} if {{ req.hdr(Upgrade) -i websocket }}
    default_backend {backend}
backend {backend}
    http-request disable-l7-retry unless {{ method GET HEAD OPTIONS }}
    retry-on conn-failure empty-response
{_backend(slots)}backend {websockets(backend)}
{_backend(slots)}"""


def _backend(slots: Slots) -> str:
    servers = "".join(f"    server {name} {_server(slot)}\n" for name, slot in slots.items())
    return f"""\
    balance roundrobin
    option redispatch 1
    use-server %[var(txn.slot)] if {{ var(txn.slot) -m found }}
    default-server {CHECK}
{servers}"""


def _server(slot: Slot) -> str:
    return f"{slot.address}:{slot.port} weight {slot.weight}{'' if slot.ready else ' disabled'}"


def buckets(dealt: Sequence[str], slot_of: Mapping[str, str]) -> dict[str, str]:
    """The slot of each bucket of sticky callers, as the file of buckets has it."""
    return {str(number): slot_of[release] for number, release in enumerate(dealt)}


def buckets_file(slot_of_bucket: Mapping[str, str]) -> str:
    """The text of the file of buckets."""
    return "".join(f"{bucket} {slot}\n" for bucket, slot in slot_of_bucket.items())


def empty() -> dict[str, Slot]:
    """The slots of a HAProxy of ours before anything was started."""
    return dict.fromkeys(OWN, Slot())
