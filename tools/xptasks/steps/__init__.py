"""One module a step: what to run and how to read its output. The file name is the step's name in `xpconfig.toml`.

The folder is the registry: it is listed without importing anything, and a module is imported when it is named.
Other distributions add steps through the entry point group `xptasks.steps`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, cast

from xptasks.registry import Registry

if TYPE_CHECKING:
    from xptasks.results import Step

GROUP = "xptasks.steps"
_COMMAND = "command"  # what a table with `run` is; not a step by its own name
_registry = Registry(__name__, __file__, group=GROUP, leave_out=(_COMMAND,))


def builtin() -> tuple[str, ...]:
    """The names of the steps that come with xptasks, sorted."""
    return _registry.builtin


def names() -> tuple[str, ...]:
    """The names of all steps, those of installed plugins included."""
    return _registry.names()


def load(name: str) -> "Step":
    """The step of that name; any name that is not a step's is a user's command.

    The kind of step that runs a user's command has the name `command`.
    """
    return cast("Step", _registry.load(name) if _registry.has(name) else import_module(f"{__name__}.{_COMMAND}"))
