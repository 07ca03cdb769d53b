"""What a probe sees, as plain frozen values."""

from dataclasses import dataclass
from enum import StrEnum

from xptasks.results import Position


class Trouble(StrEnum):
    """Why a probe failed."""

    CONNECT = "connect"  # nobody listens, the name is unknown, the connection broke
    TIMEOUT = "timeout"
    TLS = "tls"  # the certificate is wrong, or ends too soon
    STATUS = "status"  # another HTTP status, or another close code of a websocket
    CONTRACT = "contract"  # what came is not what the contract describes
    ASSERTION = "assertion"  # a check of the probe's own, or its latency limit
    SETUP = "setup"  # it could not look: a secret, a library or a contract is missing


@dataclass(frozen=True, slots=True)
class Seen:
    """A look that went well.

    Attributes:
        seconds: from the first byte sent to the last byte that was asked for, monotonic; a new connection included.
        certificate_end: when the certificate ends, in seconds since 1970; None without TLS.
    """

    seconds: float
    certificate_end: float | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """How one probe went.

    Attributes:
        name: the probe's name in `xpconfig.toml`.
        kind: its kind.
        ok: whether all was as expected.
        latency: seconds that it took.
        trouble: why it failed; None when it did not.
        detail: what was expected and what came, with secrets masked; empty when all is well.
        evidence: the line of the contract that was broken.
    """

    name: str
    kind: str
    ok: bool
    latency: float
    trouble: Trouble | None = None
    detail: str = ""
    evidence: Position | None = None


class ProbeError(Exception):
    """A look that did not go well; caught by whoever runs probes and turned into a `ProbeResult`."""

    def __init__(self, trouble: Trouble, detail: str, evidence: Position | None = None) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail
        self.evidence = evidence
