"""The target `local`: releases are processes of this machine, Envoy splits their traffic."""

from xptasks.delivery.driver import Driver
from xptasks.delivery.drivers import Setup
from xptasks.delivery.envoy.proxy import EnvoyProxy
from xptasks.delivery.host import HostDriver


def driver(setup: Setup) -> Driver:
    """The driver of this machine."""
    folder = setup.home / "local"
    return HostDriver(setup, folder, EnvoyProxy(folder / "envoy"))
