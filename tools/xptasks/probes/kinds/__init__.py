"""One module a kind of probe: its options, and how it looks. The file name is the kind's name in `xpconfig.toml`.

Other distributions add kinds through the entry point group `xptasks.probes`.
"""

from typing import Protocol, cast

from xptasks.probes.result import Seen
from xptasks.probes.settings import ProbeOptions
from xptasks.probes.target import Target
from xptasks.registry import Registry

REGISTRY = Registry(__name__, __file__, group="xptasks.probes")


class Kind(Protocol):
    """What a module of this folder has.

    `NEEDS` lists the distributions that it needs, `IMPORTS` the modules that are imported before it looks; `Options` is
    the model of the table `[probes.NAME]`, `EXAMPLE` such a table without its header.
    """

    NEEDS: tuple[str, ...]
    IMPORTS: tuple[str, ...]
    Options: type[ProbeOptions]
    EXAMPLE: str

    async def look(self, options: ProbeOptions, target: Target) -> Seen:
        """Look once.

        Raises:
            ProbeError: what was seen is not what was expected.
        """
        ...


def load(name: str) -> Kind:
    """The kind of that name, which must exist."""
    return cast("Kind", REGISTRY.load(name))
