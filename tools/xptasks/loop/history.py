"""The history at hand: the configured database with what waited in the outbox, and what is said when it is away."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from xptasks.config.settings import Config
from xptasks.errors import CannotRunError
from xptasks.history import outbox
from xptasks.history.outbox import Delivered
from xptasks.loop.recording import Recorder
from xptasks.settings import Secret

if TYPE_CHECKING:
    from sqlalchemy import URL

    from xptasks.history.store import Store

_SECONDS = 20.0  # that a delivery may take before whoever reads gets an answer
FILE = "history.db"
"""The database of a clone that names none, in the history's folder."""


@contextmanager
def opened(
    config: Config,
    project: Path,
    environ: Mapping[str, str],
    tell: Callable[[str], object] = lambda text: sys.stderr.write(f"{text}\n"),
) -> Iterator["Store"]:
    """The project's history, after what waits in the outbox was delivered as far as that goes.

    Args:
        config: the configuration; `[history]` names the database.
        project: the project's folder.
        environ: the environment, for secrets.
        tell: gets what was not delivered, and why.

    Raises:
        CannotRunError: the database cannot be used; what waits keeps waiting.
    """
    _carry(config, project, environ)
    with store_of(config, project, environ) as store:
        try:
            left = delivered(store, project).left
            why = "the rest is delivered next time"
        except CannotRunError as error:
            left, why = waits(project, store.project), str(error)
        if left:
            tell(f"{left} files wait in the outbox and are not shown: {why}")
        yield store


def _carry(config: Config, project: Path, environ: Mapping[str, str]) -> None:
    """What deployments on this host did belongs to it, also where no watcher has recorded it yet."""
    from xptasks.delivery.journal import Journal  # noqa: PLC0415 - only where something was deployed
    from xptasks.loop import chronicle  # noqa: PLC0415
    from xptasks.loop.releases import JOURNAL, releases_of  # noqa: PLC0415

    path = releases_of(config, environ).home / JOURNAL
    if path.exists():
        with suppress(CannotRunError), closing(Journal(path)) as journal:
            target = chronicle.name_of(config.deploy.target)
            chronicle.carry(Recorder(project), config.project.name, target, journal)


@contextmanager
def store_of(config: Config, project: Path, environ: Mapping[str, str]) -> Iterator["Store"]:
    """The project's history as it is in the database.

    Raises:
        CannotRunError: the database cannot be used; what waits keeps waiting.
    """
    try:
        from xptasks.history.store import Store  # noqa: PLC0415 - SQLAlchemy is loaded for whoever reads
    except ImportError as missing:
        problem = f"the history needs {missing.name}, which is not installed"
        raise CannotRunError(problem, hint="install xptasks[history] where `inv` runs") from None
    store = Store(_url(config, project, environ), config.project.name)
    try:
        yield store
    finally:
        store.close()


def _url(config: Config, project: Path, environ: Mapping[str, str]) -> "URL":
    from xptasks.history.database import file_url, url_of  # noqa: PLC0415

    configured = config.history.url
    if isinstance(configured, Secret):
        return url_of(configured.resolve(environ, project), project)
    return url_of(configured, project) if configured else file_url(outbox.folder(project) / FILE)


def delivered(store: "Store", project: Path, seconds: float = _SECONDS) -> Delivered:
    """Take what waits to the database; after `seconds` the rest stays.

    Raises:
        CannotRunError: the database cannot be used; what was not delivered waits.
    """
    until = time.monotonic() + seconds
    return outbox.deliver(outbox.folder(project), store.project, store.add, lambda: time.monotonic() < until)


def waits(project: Path, name: str) -> int:
    """How many files wait."""
    return len(outbox.waiting(outbox.folder(project), name))
