"""One module a target: what runs releases and splits their traffic. The file name is the target's name in `[deploy]`.

The folder is the registry: it is listed without importing anything, and a module is imported when it is named.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from xptasks.delivery.driver import Driver
from xptasks.delivery.launch import Launch
from xptasks.delivery.settings import ExecSettings, HaproxySettings


@dataclass(frozen=True, slots=True)
class Setup:
    """What a driver is made from.

    Attributes:
        home: the target's folder, which outlives every worktree.
        launch_of: how a release is started; it raises CannotRunError for one that does not exist.
        port: the public port; 0 takes a free one and keeps it.
        drain_timeout: seconds that requests and websockets of a leaving release may take to end.
        stop_timeout: seconds between SIGTERM and SIGKILL.
        commands: the user's own, for the target `exec`.
        project, environ: where they run, and with which variables.
        haproxy: which HAProxy, for the target `haproxy`.
    """

    home: Path
    launch_of: Callable[[str], Launch]
    port: int = 0
    drain_timeout: float = 30.0
    stop_timeout: float = 5.0
    commands: ExecSettings = field(default_factory=ExecSettings)
    project: Path = Path()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    haproxy: HaproxySettings = field(default_factory=HaproxySettings)


class Target(Protocol):
    """A module of this folder."""

    def driver(self, setup: Setup) -> Driver:
        """The driver; making it touches nothing."""
        ...


@cache
def names() -> tuple[str, ...]:
    """The names of all targets, sorted."""
    files = (name for name in os.listdir(Path(__file__).parent) if name.endswith(".py") and name[0] != "_")  # noqa: PTH208
    return tuple(sorted(name.removesuffix(".py") for name in files))


def load(name: str) -> Target:
    """The target of that name."""
    return cast("Target", import_module(f"{__name__}.{name}"))
