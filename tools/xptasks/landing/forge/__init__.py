"""Forges: one module each; its name is its name in `xpconfig.toml`.

A module has a function `forge(settings, project, environ)`, see `Maker`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from xptasks.registry import Registry

if TYPE_CHECKING:
    from xptasks.landing.proposal import Forge
    from xptasks.landing.settings import LandingSettings

REGISTRY = Registry("xptasks.landing.forge", __file__, group="xptasks.forges")


class Maker(Protocol):
    """What every module of this folder offers."""

    def forge(self, settings: "LandingSettings", project: Path, environ: Mapping[str, str]) -> "Forge":
        """The forge.

        Args:
            settings: the table `[landing]`.
            project: the project's folder, in a git repository.
            environ: where secrets by reference are looked up.

        Raises:
            XpError: what it needs is not there.
        """
        ...
