"""Folders that are registries: a module's file name is its name in `xpconfig.toml`; entry points add outsiders."""

import os
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType


class Registry:
    """The modules of one package, listed without importing anything and imported when they are named.

    Args:
        package: the package, e.g. `xptasks.probes.kinds`; also the entry point group unless one is given.
        file: the `__file__` of its `__init__.py`.
        group: the entry point group through which other distributions add modules.
        leave_out: modules of the package that are no entries.
    """

    def __init__(self, package: str, file: str, *, group: str, leave_out: tuple[str, ...] = ()) -> None:
        self._package = package
        self._folder = str(Path(file).parent)
        self._group = group
        self._leave_out = leave_out

    @cached_property
    def builtin(self) -> tuple[str, ...]:
        """The names that come with xptasks, sorted; a name that begins with `_` is none."""
        files = (name for name in os.listdir(self._folder) if name.endswith(".py") and name[0] != "_")  # noqa: PTH208
        return tuple(sorted({name.removesuffix(".py") for name in files} - {*self._leave_out}))

    @cached_property
    def _plugins(self) -> dict[str, str]:
        from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import, and rarely needed

        return {entry.name: entry.value for entry in entry_points(group=self._group)}

    def names(self) -> tuple[str, ...]:
        """All names, those of installed plugins included."""
        return tuple(sorted({*self.builtin, *self._plugins}))

    def has(self, name: str) -> bool:
        """Whether there is such a module; plugins, which take longer to find, are looked for last."""
        return name in self.builtin or name in self._plugins

    def load(self, name: str) -> ModuleType:
        """The module of that name, which must exist."""
        return import_module(f"{self._package}.{name}" if name in self.builtin else self._plugins[name])
