"""What releases say of themselves, asked past the split while they are compared: an edge."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from xptasks.delivery.driver import Capability, Counters, Driver
from xptasks.delivery.exposition import counters_of, together
from xptasks.delivery.settings import MetricsSettings
from xptasks.errors import CannotRunError

_EVERY = 1.0  # seconds between two looks: each costs a release some work
_ANSWER = 0.5  # seconds that one may take; meanwhile nobody decides anything
_ACCEPT = "text/plain; version=0.0.4"


class Measured:
    """The counters of a driver with the releases' own; a context manager, whose end closes connections.

    A release that does not answer has only what the proxy counted. That it does not answer is the probes' matter.

    Args:
        driver: of the target.
        settings: what the metrics are called.
        every: seconds between two looks; in between the last one counts.
    """

    def __init__(self, driver: Driver, settings: MetricsSettings, every: float = _EVERY) -> None:
        import httpx  # noqa: PLC0415 - only a deployment needs it

        self._driver = driver
        self._settings = settings
        self._every = every
        self._client = httpx.Client(timeout=_ANSWER, headers={"Accept": _ACCEPT})
        self._last: dict[str, Counters] = {}
        self._looked = -every
        self._lives: dict[str, int] = {}
        self._highest: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def __call__(self, releases: Iterable[str]) -> Mapping[str, Counters]:
        """By release."""
        if time.monotonic() - self._looked >= self._every:
            self._last = self._look(releases)
            self._looked = time.monotonic()
        return self._last

    def _look(self, releases: Iterable[str]) -> dict[str, Counters]:
        counting = Capability.COUNTERS in self._driver.capabilities
        counted = dict(self._driver.counters()) if counting else {}
        for release in releases:
            said = self._own(release)
            if said is not None:
                counted[release] = together(counted.get(release), said, instead=self._settings.instead)
        return counted

    def _own(self, release: str) -> Counters | None:
        """What a release says; None when it says nothing that can be read."""
        import httpx  # noqa: PLC0415

        try:
            answer = self._client.get(self._driver.address(release) + self._settings.path)
            answer.raise_for_status()
            said = counters_of(answer.text, self._settings)
        except (httpx.HTTPError, CannotRunError, ValueError):
            return None
        return replace(said, epoch=self._life(release, max(said.requests, *said.durations[-1:], 0)))

    def _life(self, release: str, requests: int) -> str:
        """Which start of the release this is: one that counts less than before was started again."""
        lives = self._lives.get(release, 0) + (requests < self._highest.get(release, 0))
        self._lives[release], self._highest[release] = lives, requests
        return str(lives)
