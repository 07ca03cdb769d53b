"""What a probe looks at, and with what: the address, shared connections, secrets, contracts."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xptasks.probes.contracts import Contracts
from xptasks.probes.settings import Auth, ProbeOptions
from xptasks.settings import Secret, mask, resolved

if TYPE_CHECKING:
    import ssl

    import httpx

_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Vault:
    """Resolves references to secrets, and hides in every text what it has resolved."""

    environ: Mapping[str, str]
    project: Path
    _known: set[str] = field(default_factory=set, repr=False)

    def open(self, options: ProbeOptions) -> dict[str, str]:
        """The headers of a probe, with the one that says who it is.

        Raises:
            CannotRunError: a secret is not there.
        """
        headers = resolved(options.headers, self.environ, self.project)
        self._known.update(headers[name] for name, value in options.headers.items() if isinstance(value, Secret))
        return headers | (self._authorization(options.auth) if options.auth else {})

    def _authorization(self, auth: Auth) -> dict[str, str]:
        token = auth.token.resolve(self.environ, self.project)
        encoded = base64.b64encode(token.encode()).decode()
        self._known.update((token, encoded) if auth.scheme == "basic" else (token,))
        if auth.scheme == "header":
            return {auth.header: token}
        return {"Authorization": f"Bearer {token}" if auth.scheme == "bearer" else f"Basic {encoded}"}

    def hide(self, text: str) -> str:
        """The text without secrets."""
        return mask(text, self._known)


@dataclass(frozen=True, slots=True)
class Target:
    """A running service.

    Attributes:
        url: where it listens, `http://` or `https://`, without a path at the end or with one that comes before all.
        client: the HTTP client that all probes share.
        tls: the TLS context that everything shares; to make one costs more than a probe.
        vault: the secrets.
        contracts: what answers and messages are held against.
    """

    url: str
    client: "httpx.AsyncClient"
    tls: "ssl.SSLContext"
    vault: Vault
    contracts: Contracts
    _waiting: list[str] = field(default_factory=list, repr=False)

    def waits(self, words: str) -> None:
        """Note what the probe waits for, to be told when its time runs out."""
        self._waiting[:] = [words]

    @property
    def waiting(self) -> str:
        """What the probe waits for."""
        return "".join(self._waiting)

    @property
    def websocket_url(self) -> str:
        """The same address for websockets."""
        return "ws" + self.url.removeprefix("http")

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, where no proxy may come between."""
        return is_local(self.url)


def is_local(url: str) -> bool:
    """Whether an address is on this machine."""
    return urlsplit(url).hostname in _LOCAL
