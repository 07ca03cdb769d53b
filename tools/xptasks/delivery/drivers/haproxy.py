"""The target `haproxy`: releases are processes of this machine, HAProxy splits their traffic.

It is a process of ours, or one that runs already and is only told what to do.
"""

from pathlib import Path

from xptasks.delivery.driver import Driver
from xptasks.delivery.drivers import Setup
from xptasks.delivery.haproxy.proxy import OwnHaproxy, RunningHaproxy
from xptasks.delivery.haproxy.runtime import Runtime
from xptasks.delivery.host import HostDriver


def driver(setup: Setup) -> Driver:
    """The driver of this machine with HAProxy."""
    folder, options = setup.home / "haproxy", setup.haproxy
    if options.socket:
        return HostDriver(setup, folder, RunningHaproxy(Runtime(Path(options.socket), options.backend)))
    return HostDriver(setup, folder, OwnHaproxy(folder / "haproxy", options.backend))
