"""One module a step: what to run and how to read its output. The file name is the step's name in `xpconfig.toml`.

The folder is the registry: it is listed without importing anything, and a module is imported when it is named.
Other distributions add steps through the entry point group `xptasks.steps`.
"""

import os
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from xptasks.results import Step

GROUP = "xptasks.steps"
_COMMAND = "command"  # what a table with `run` is; not a step by its own name


@cache
def builtin() -> tuple[str, ...]:
    """The names of the steps that come with xptasks, sorted."""
    files = (name for name in os.listdir(Path(__file__).parent) if name.endswith(".py") and name[0] != "_")  # noqa: PTH208
    return tuple(sorted(name.removesuffix(".py") for name in files if name != f"{_COMMAND}.py"))


def names() -> tuple[str, ...]:
    """The names of all steps, those of installed plugins included."""
    return tuple(sorted({*builtin(), *_plugins()}))


@cache
def _plugins() -> dict[str, str]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import, and rarely needed

    return {entry.name: entry.value for entry in entry_points(group=GROUP)}


def load(name: str) -> "Step":
    """The step of that name; any name that is not a step's is a user's command.

    The kind of step that runs a user's command has the name `command`.
    """
    if name in builtin():
        return cast("Step", import_module(f"{__name__}.{name}"))
    if name in _plugins():
        return cast("Step", import_module(_plugins()[name]))
    return cast("Step", import_module(f"{__name__}.{_COMMAND}"))
