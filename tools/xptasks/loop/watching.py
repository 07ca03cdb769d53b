"""The watcher as a process: started when none runs, one for each target, kept alive by systemd or cron."""

import shlex
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

import anyio

from xptasks.config.settings import Config
from xptasks.errors import CannotRunError, LockBusyError, XpError
from xptasks.loop import chronicle
from xptasks.loop.diary import Diary
from xptasks.loop.recording import Recorder
from xptasks.loop.target import Place
from xptasks.probes.alerts import Alerts
from xptasks.probes.exposition import Exposition
from xptasks.probes.result import ProbeResult
from xptasks.system import detached
from xptasks.system.detached import Order
from xptasks.system.files import atomic_write

_NOTHING: Mapping[str, str] = MappingProxyType({})
_DELIVERY = 600.0  # seconds between two deliveries of what waits in the outbox
_GRACE = 5.0  # seconds that a watcher may take to end
_MOMENT = 0.5  # seconds for which the lock may be taken by somebody who only looks whether a watcher runs

_UNIT = """\
# Written by `inv watch --install`: keeps the watcher of {name} alive.
[Unit]
Description=xptasks: watcher of {name}
After=network.target
# It is tried for ever, also while a watcher that a deployment started runs.
StartLimitIntervalSec=0

[Service]
Type=simple
WorkingDirectory={folder}
{environment}ExecStart={command}
Restart=always
RestartSec=5
# Releases and proxy that it started again live on.
KillMode=process

[Install]
WantedBy=default.target
"""
_CARRIED = ("XDG_STATE_HOME", "PYTHONPATH")
"""Variables without which it would not find us, or would look at another place."""


def run(place: Place, metrics_port: int | None) -> int:
    """Watch until SIGTERM or Ctrl-C; 0 then.

    Raises:
        LockBusyError: another watcher is at this target.
        CannotRunError: the port is taken.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415

    place.target.home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place.target.home / "watch.lock", timeout=_MOMENT, poll_interval=0.01)
    try:
        with lock, _exposed(metrics_port) as exposition:
            if exposition.port:
                sys.stderr.write(f"metrics: http://127.0.0.1:{exposition.port}/metrics\n")
            anyio.run(_until_told, place, exposition)
    except Timeout:
        raise LockBusyError("another watcher is at this target", hint="`inv deploy-status` says so, too") from None
    return 0


@contextmanager
def _exposed(port: int | None) -> Iterator[Exposition]:
    with ExitStack() as stack:
        try:
            exposition = stack.enter_context(Exposition(port))
        except (OSError, OverflowError) as error:
            problem = f"/metrics cannot be served on port {port}: {error}"
            raise CannotRunError(problem, hint="name another --metrics-port; 0 takes a free one") from error
        yield exposition


async def _until_told(place: Place, exposition: Exposition) -> None:
    from xptasks.loop.watch import Watcher  # noqa: PLC0415

    config = place.config
    labels = {"project": config.project.name, "target": config.deploy.target}
    alerts = Alerts(config.alerts, labels, place.environ, place.project)
    memory = place.target.home / "watch.json"
    record = Recorder(place.project)
    watcher = Watcher(
        place.target,
        sorted(config.probes),
        _looking(place),
        config.probe_policy,
        alerts,
        exposition,
        memory,
        diary=Diary(record, config.project.name, place.name, place.target.home / "incident.json"),
        chores=_Chores(place, record),
    )
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with anyio.create_task_group() as group:
            group.start_soon(watcher.run)
            async for _ in signals:
                group.cancel_scope.cancel()


class _Chores:
    """Keeps the history up to date: what deployments do is recorded at once, and all that waits is delivered in time.

    Delivery is a process of its own: a database that does not answer must not hold up the watch.
    """

    def __init__(self, place: Place, record: Recorder) -> None:
        self._place = place
        self._record = record
        self._delivered = time.monotonic()

    def __call__(self) -> None:
        """What is due."""
        place = self._place
        chronicle.carry(self._record, place.config.project.name, place.name, place.target.journal)
        if time.monotonic() - self._delivered >= _DELIVERY:
            self._delivered = time.monotonic()
            with suppress(XpError):  # it is due again
                if not detached.is_alive(place.target.home / "processes" / "delivery.json"):
                    start(place, "delivery", ["history-deliver"])


class _looking:  # noqa: N801 - reads like a function where it is used
    """Looks at the public entrance with one shared client, and at releases past the split with one each."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._public = place.looker()

    async def __call__(self, name: str, *, fresh: bool = False, release: str = "") -> ProbeResult:
        """One look."""
        probes = {name: self._place.config.probes[name]}
        if not release:
            [result] = await self._public.look(probes, fresh=fresh)
            return result
        async with self._place.looker(release) as looker:
            [result] = await looker.look(probes, fresh=fresh)
            return result


def is_alive(place: Place) -> bool:
    """Whether a watcher runs at this target."""
    from filelock import FileLock, Timeout  # noqa: PLC0415

    path = place.target.home / "watch.lock"
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True


def ensure(place: Place, profile: str) -> str:
    """Start a watcher that outlives this command unless one runs; says which of the two."""
    if is_alive(place):
        return "a watcher runs"
    log = start(place, "watcher", ["watch", *(["--profile", profile] if profile else [])])
    return f"a watcher was started; its log: {log}"


def start(place: Place, name: str, words: Sequence[str], more: Mapping[str, str] = _NOTHING) -> Path:
    """Start one of our own commands in a process that outlives this one; returns its log.

    Args:
        place: the target that it works on.
        name: what the process is called among those of the target.
        words: the command.
        more: variables besides ours.
    """
    home = place.target.home
    log = home / "logs" / f"{name}.log"
    argv = (sys.executable, "-m", "xptasks", *words)
    detached.start(Order(argv, place.project, {**place.environ, **more}, log, home / "processes" / f"{name}.json"))
    return log


def stop(place: Place) -> None:
    """End the watcher that we started."""
    detached.stop(place.target.home / "processes" / "watcher.json", _GRACE)


def install(config: Config, folder: Path, profile: str, environ: Mapping[str, str]) -> str:
    """Write the systemd user unit, and say how it is switched on, and the cron line where there is no systemd."""
    words = [sys.executable, "-m", "xptasks", "watch", *(["--profile", profile] if profile else [])]
    carried = [f"{name}={environ[name]}" for name in _CARRIED if environ.get(name)]
    base = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    name = f"xptasks-{config.project.name}-{config.deploy.target}.service"
    unit = base / "systemd" / "user" / name
    text = _UNIT.format(
        name=config.project.name,
        folder=str(folder).replace("%", "%%"),
        environment="".join(f"Environment={_quoted(variable)}\n" for variable in carried),
        command=" ".join(_quoted(word).replace("$", "$$") for word in words),
    )
    atomic_write(unit, text)
    command = shlex.join(["env", *carried, *words, "--detach"])
    line = f"* * * * * cd {shlex.quote(str(folder))} && {command}".replace("%", "\\%")  # crontab(5)
    return (
        f"wrote {unit}\n"
        f"with systemd:    systemctl --user daemon-reload && systemctl --user enable --now {name}\n"
        f"                 loginctl enable-linger   # so that it runs while nobody is logged in\n"
        f"without systemd: crontab -e, and add: {line}\n"
    )


def _quoted(word: str) -> str:
    """A word of a unit, where `%` and the backslash mean something (systemd.syntax(7))."""
    escaped = word.replace("\\", "\\\\").replace("%", "%%").replace('"', '\\"')
    return f'"{escaped}"' if any(char in word for char in " \t'\"") else escaped
