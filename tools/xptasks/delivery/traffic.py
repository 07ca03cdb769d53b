"""What a target's proxy is to do, in a file that is written before the proxy is told; after a crash the file counts."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from xptasks.delivery.sticky import deal
from xptasks.errors import CannotRunError

_FORMAT = 1
_STEP = 37  # shares no divisor with the number of buckets, so that every bucket is the first once in a hundred times


@dataclass(frozen=True, slots=True)
class Traffic:
    """The intention for one target.

    Attributes:
        version: grows with every other split; the proxy reports the one that it follows.
        running: whether a proxy is to run.
        port: the public port; 0 before the first start.
        ports: of the releases that were started and not stopped.
        checks: the paths of their health checks.
        shares: percent of the requests by release, without those that get nothing.
        buckets: the release of each bucket of sticky callers; empty when callers do not stick.
    """

    version: int = 0
    running: bool = False
    port: int = 0
    ports: Mapping[str, int] = field(default_factory=dict)
    checks: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)
    buckets: tuple[str, ...] = ()

    def split(self, shares: Mapping[str, int], *, sticky: bool) -> "Traffic":
        """With other shares; itself when they are these already.

        Raises:
            CannotRunError: a release was not started, or the shares are not 100 in all.
        """
        given = {release: share for release, share in shares.items() if share}
        unknown = given.keys() - self.ports.keys()
        if unknown:
            raise CannotRunError(f"{', '.join(sorted(unknown))} gets a share of the traffic but was not started")
        if given and (sum(given.values()) != 100 or min(given.values()) < 0):  # noqa: PLR2004 - percent
            raise CannotRunError(f"the shares of the traffic must be 100 percent in all: {given}")
        buckets = deal(self.buckets, given, self.version * _STEP) if sticky and given else ()
        if (given, buckets) == (self.shares, self.buckets):
            return self
        return replace(self, version=self.version + 1, shares=given, buckets=buckets)

    def started(self, release: str, port: int, check: str) -> "Traffic":
        """With one more release, or with the same one elsewhere."""
        return replace(self, running=True, ports={**self.ports, release: port}, checks={**self.checks, release: check})

    def stopped(self, release: str) -> "Traffic":
        """Without a release.

        Raises:
            CannotRunError: it has a share.
        """
        if self.shares.get(release):
            raise CannotRunError(f"{release} has a share of the traffic, so it cannot leave")
        ports = {other: port for other, port in self.ports.items() if other != release}
        checks = {other: check for other, check in self.checks.items() if other != release}
        return replace(self, ports=ports, checks=checks)

    def dump(self) -> str:
        """As the text of its file."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=1) + "\n"


def load(path: Path) -> Traffic:
    """Read the file; nothing is intended when there is none.

    Raises:
        CannotRunError: it cannot be read, or is damaged.
    """
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Traffic()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        hint = "the proxy goes on as it is; `inv deploy-down` ends everything, and the next deployment begins anew"
        raise CannotRunError(f"what the proxy is to do cannot be read: {error}", where=str(path), hint=hint) from error


def _parse(text: str) -> Traffic:
    content = json.loads(text)
    if content.pop("format") != _FORMAT:
        raise ValueError("it was written by another version of xptasks")
    return Traffic(**{**content, "buckets": tuple(content["buckets"])})
