"""The target `exec`: a command of the user's own for each verb, for whatever runs releases where we have no driver.

Every command runs in the project's folder with the caller's environment, has a time limit, and must be as idempotent
as the verb it stands for. `{release}` in a word is the release's name, `{path}` the folder with its files, `{python}`
the interpreter of its environment.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from xptasks.delivery.driver import Capability, Counters, Driver
from xptasks.delivery.drivers import Setup
from xptasks.delivery.launch import Launch
from xptasks.delivery.plan import Condition, World
from xptasks.delivery.settings import ExecSettings
from xptasks.errors import CannotRunError
from xptasks.system.commands import run

_LOOKS = 3  # looks at the world before it counts as not to be seen: one that fails is no reason to end a deployment
_BETWEEN = 0.5
_SHOWN = 200  # characters of an answer in a message


def driver(setup: Setup) -> Driver:
    """The driver of the configured commands."""
    return ExecDriver(setup.commands, setup.project, setup.environ, setup.launch_of, setup.drain_timeout)


@dataclass
class ExecDriver:
    """See `xptasks.delivery.driver.Driver`.

    Args:
        commands: the table `[deploy.exec]`.
        project: the folder that the commands run in.
        environ: their environment.
        launch_of: how a release is started; asked only for a command that wants to know.
        drain_timeout: seconds that a release may take to finish.
    """

    commands: ExecSettings
    project: Path
    environ: Mapping[str, str] = field(repr=False)
    launch_of: Callable[[str], Launch]
    drain_timeout: float = 30.0
    capabilities: frozenset[Capability] = field(init=False)
    _drained: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        can = {
            Capability.WEIGHTS: self.commands.weights,
            Capability.STICKY: any("{sticky}" in word for word in self.commands.split),
            Capability.WEBSOCKETS: self.commands.websockets,
            Capability.COUNTERS: bool(self.commands.counters),
            Capability.DIRECT: bool(self.commands.release_address),
        }
        self.capabilities = frozenset(capability for capability, there in can.items() if there)

    def observe(self) -> World:
        """What the command `observe` prints."""
        for _ in range(_LOOKS - 1):
            try:
                return self._look()
            except CannotRunError:
                time.sleep(_BETWEEN)
        return self._look()

    def _look(self) -> World:
        said = self._json("observe", self.commands.observe)
        try:
            conditions = {str(name): _condition(said["releases"][name]) for name in said["releases"]}
            split = said["split"] if said["split"] is None else _shares(said["split"])
            drained = frozenset(map(str, said["drained"])) if "drained" in said else None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _not_understood("observe", said, error) from error
        return World(conditions, split, self._finished(conditions, split or {}) if drained is None else drained)

    def _finished(self, conditions: Mapping[str, Condition], split: Mapping[str, int]) -> frozenset[str]:
        """Where the command does not say what is drained: what was, and all that has no share if nothing drains."""
        idle = conditions.keys() - split.keys()
        return frozenset(idle & self._drained if self.commands.drain else idle)

    def start(self, release: str) -> None:
        """Run the command `start`."""
        self._drained.discard(release)
        self._run("start", self._words(self.commands.start, release))

    def split(self, shares: Mapping[str, int], *, sticky: bool = False) -> None:
        """Run the command `split` once, with all shares."""
        self._drained -= shares.keys()
        words = [
            word.replace("{release}", release).replace("{weight}", str(weight))
            for given in self.commands.split
            for release, weight in (shares.items() if "{weight}" in given else [("", 0)])
            for word in [given.replace("{sticky}", str(sticky).lower())]
        ]
        self._run("split", words)

    def drain(self, release: str) -> None:
        """Run the command `drain`, if there is one."""
        if self.commands.drain:
            words = self._words(self.commands.drain, release)
            self._run("drain", words, self.drain_timeout + self.commands.timeout)
        self._drained.add(release)

    def stop(self, release: str) -> None:
        """Run the command `stop`."""
        self._run("stop", self._words(self.commands.stop, release))

    def counters(self) -> Mapping[str, Counters]:
        """What the command `counters` prints."""
        if not self.commands.counters:
            return {}
        said = self._json("counters", self.commands.counters)
        try:
            return {str(name): _counters(each) for name, each in said.items()}
        except (TypeError, ValueError, AttributeError) as error:
            raise _not_understood("counters", said, error) from error

    def address(self, release: str = "") -> str:
        """The configured base URL."""
        found = self.commands.release_address.replace("{release}", release) if release else self.commands.address
        if not found:
            key = "release_address" if release else "address"
            raise CannotRunError("the target exec has no such address", hint=f"name it: [deploy.exec] {key}")
        return found

    def memory(self, release: str) -> int:  # noqa: ARG002 - no command tells it
        """Not known."""
        return 0

    def repair(self, *, releases: bool = True) -> tuple[str, ...]:
        """The lines that the command `repair` prints; nothing without one, nor while a deployment is driven.

        What the command does to releases is not known, and a canary that died is its supervisor's matter.
        """
        wanted = releases and self.commands.repair
        return tuple(self._run("repair", self.commands.repair).splitlines()) if wanted else ()

    def down(self) -> None:
        """Run the command `down`; without one, stop each release."""
        if self.commands.down:
            self._run("down", self.commands.down)
            return
        for release in self.observe().conditions:
            self.stop(release)

    def _words(self, command: Sequence[str], release: str) -> list[str]:
        values = {"{release}": release}
        if any("{path}" in word or "{python}" in word for word in command):
            launch = self.launch_of(release)
            python = Path(launch.environment["VIRTUAL_ENV"]) / "bin" / "python"
            values |= {"{path}": str(launch.cwd), "{python}": str(python)}
        words = list(command)
        for placeholder, value in values.items():
            words = [word.replace(placeholder, value) for word in words]
        return words

    def _run(self, verb: str, words: Sequence[str], seconds: float = 0.0) -> str:
        done = run(words, self.project, self.environ, seconds or self.commands.timeout)
        if done.code != 0:
            ended = "" if done.code is None else f" (exit code {done.code})"
            said = done.error or "it said nothing on standard error"
            raise CannotRunError(f"the command `{verb}`{ended}: {said}", hint=f"run it by hand: {' '.join(words)}")
        return done.out

    def _json(self, verb: str, words: Sequence[str]) -> Any:  # noqa: ANN401 - what it should be is checked by the caller
        out = self._run(verb, words)
        try:
            return json.loads(out)
        except ValueError as error:
            raise _not_understood(verb, out, error) from error


def _condition(value: object) -> Condition:
    for condition in get_args(Condition):
        if value == condition:
            return condition  # type: ignore[no-any-return]
    raise ValueError(f"a condition is one of {', '.join(get_args(Condition))}")


def _shares(said: Mapping[str, Any]) -> dict[str, int]:
    shares = {str(name): _whole(share) for name, share in said.items()}
    if shares and sum(shares.values()) != 100:  # noqa: PLR2004 - percent
        raise ValueError("the shares of a split add up to 100")
    return {name: share for name, share in shares.items() if share}


def _counters(said: Mapping[str, Any]) -> Counters:
    unknown = said.keys() - {each.name for each in fields(Counters)}
    if unknown:
        raise ValueError(f"there is no counter {min(unknown)}")
    bounds, durations = tuple(map(float, said.get("bounds", ()))), tuple(map(_whole, said.get("durations", ())))
    if (bounds or durations) and len(durations) != len(bounds) + 1:
        raise ValueError("durations has one number for each of bounds, and one for all")
    return Counters(
        requests=_whole(said.get("requests", 0)),
        errors=_whole(said.get("errors", 0)),
        websockets=_whole(said.get("websockets", 0)),
        websocket_errors=_whole(said.get("websocket_errors", 0)),
        bounds=bounds,
        durations=durations,
        epoch=str(said.get("epoch", "")),
    )


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no whole number from 0")
    return value


def _not_understood(verb: str, said: object, error: Exception) -> CannotRunError:
    shown = said if isinstance(said, str) else json.dumps(said)
    what = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
    return CannotRunError(
        f"the command `{verb}` prints what is not understood: {what}: {shown.strip()[:_SHOWN] or 'nothing'}",
        hint="docs/guides/releases.md shows what it has to print",
    )
