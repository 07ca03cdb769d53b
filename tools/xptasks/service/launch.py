"""Start the project's service on a free port, wait until it is healthy, end it: an edge.

    with running(settings, folder) as service:
        httpx.get(service.url + "/health")

It may be used in any thread, many at a time; nothing of the service outlives the block, nor a kill of this process.
"""

import os
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from xptasks.errors import CannotRunError, ConfigError
from xptasks.service.settings import PORT, ServiceSettings
from xptasks.settings import Secret, mask
from xptasks.system.guard import Guarded, Order, guarded
from xptasks.system.http import HOST, health, is_taken
from xptasks.system.machine import project_python

_PYTHON = frozenset({"python", "python3"})
_ATTEMPTS = 3  # another process may take the port between our choice and the service's start
_TICK = 0.02
_ANSWER = 2.0  # seconds that one answer of the health check may take
_TAIL = 2000  # characters of the log in an error


@dataclass(frozen=True, slots=True)
class Running:
    """A service that is ready.

    Attributes:
        url, websocket_url: where it listens, without a path: `http://127.0.0.1:PORT`, `ws://127.0.0.1:PORT`.
        port: the port.
        log_path: the file with its output.
    """

    url: str
    websocket_url: str
    port: int
    log_path: Path


@dataclass(frozen=True, slots=True)
class _Attempt:
    running: Running | None = None
    problem: str = ""
    port_taken: bool = False


@contextmanager
def running(
    settings: ServiceSettings,
    project: Path,
    *,
    python: str = "",
    environ: Mapping[str, str] = os.environ,
    log: Path | None = None,
) -> Iterator[Running]:
    """The service, ready, for the length of the block; then SIGTERM, and SIGKILL after `stop_timeout`.

    Args:
        settings: the table `[service]`.
        project: the project's folder, in which the service runs.
        python: what `python` means in the command; the interpreter that has the project without it.
        environ: the caller's environment, which the service gets, too.
        log: the file that gets its output; a temporary one without it.

    Raises:
        ConfigError: `[service]` has no command.
        CannotRunError: it ended, or was not ready in time; the message has the end of its log.
    """
    if not settings.command:
        hint = 'say how it starts: [service] command = ["python", "-m", "app", "--port", "{port}"]'
        raise ConfigError("there is no service to start", where="xpconfig.toml", hint=hint)
    own = settings.variables(environ, project)
    runs = project / ".xp" / "runs"
    with ExitStack() as stack:
        path = log or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xptasks-"))) / "service.log"
        words = _words(settings.command, python or project_python())
        order = Order("service", words, project, {**environ, **own}, path, runs, settings.stop_timeout)
        attempt = _start(stack, settings, order)
        if attempt.running is None:
            secrets = [own[name] for name, value in settings.environment.items() if isinstance(value, Secret)]
            problem = f"the service {attempt.problem}{mask(_tail(path), secrets)}"
            raise CannotRunError(problem, hint=_hint(settings, words))
        yield attempt.running


def _start(stack: ExitStack, settings: ServiceSettings, order: Order) -> _Attempt:
    """The running service, which is stopped with the stack, or why it does not run."""
    attempt = _Attempt()
    for _ in range(_ATTEMPTS):
        port = _free_port()
        argv = tuple(word.replace(PORT, str(port)) for word in order.argv)
        with ExitStack() as own:
            child = own.enter_context(guarded(replace(order, argv=argv)))
            attempt = _wait(child, settings, port, order.log)
            if attempt.running:
                stack.push(own.pop_all())
        if not attempt.port_taken:
            break
    return attempt


def _words(command: tuple[str, ...], python: str) -> tuple[str, ...]:
    first, *rest = command
    return (python if first in _PYTHON else first, *rest)


def _hint(settings: ServiceSettings, words: tuple[str, ...]) -> str:
    return (
        f"start it by hand to see why: {' '.join(words)}; it must listen on {HOST}:{PORT} and answer 2xx at "
        f"{settings.health} ([service] in xpconfig.toml)"
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(child: Guarded, settings: ServiceSettings, port: int, log: Path) -> _Attempt:
    """Ask for its health until it is ready, has ended, or time is up."""
    give_up = time.monotonic() + settings.start_timeout
    answer = "nothing listens on its port"
    while (left := give_up - time.monotonic()) > 0:
        if end := child.ended():
            said = end.error or f"it ended with exit code {end.code}"
            return _Attempt(problem=f"did not start: {said}", port_taken=is_taken(port))
        status, said = health(port, settings.health, min(left, _ANSWER))
        if status // 100 == 2 and not child.ended():  # noqa: PLR2004 - 2xx
            return _Attempt(Running(f"http://{HOST}:{port}", f"ws://{HOST}:{port}", port, log))
        answer = said or answer
        time.sleep(_TICK)
    return _Attempt(problem=f"was not ready after {settings.start_timeout:g} s: {answer}")


def _tail(log: Path) -> str:
    with suppress(OSError):
        text = log.read_bytes()[-_TAIL:].decode("utf-8", "replace").strip()
        if text:
            return f"; the end of its log:\n{text}"
    return "; it printed nothing"
