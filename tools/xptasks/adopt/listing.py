"""A repository as values: the names of its files, and what they say. Whatever only looks gets one of these."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Listing:
    """The files of a folder.

    Attributes:
        names: their paths, relative to the folder, sorted.
        read: the text of one; empty for one that is not there or no text.
    """

    names: tuple[str, ...]
    read: Callable[[str], str] = field(repr=False)

    def has(self, name: str) -> bool:
        """Whether there is a file of that path."""
        return name in self._known

    def first(self, *names: str) -> str:
        """The first of the given paths that is there; empty without one."""
        return next((name for name in names if self.has(name)), "")

    def text(self, name: str) -> str:
        """What a file says; empty where there is none."""
        return self.read(name) if self.has(name) else ""

    def matching(self, *globs: str) -> list[str]:
        """The paths that match one of the globs; a `*` crosses folders."""
        return [name for name in self.names if any(fnmatchcase(name, glob) for glob in globs)]

    def below(self, folder: str) -> "Listing":
        """The files of a folder inside, with paths relative to that one."""
        if folder in {"", "."}:
            return self
        head = f"{folder}/"
        inside = tuple(name.removeprefix(head) for name in self.names if name.startswith(head))
        return Listing(inside, lambda name: self.read(f"{head}{name}"))

    def folders(self) -> list[str]:
        """The names of the folders at the top."""
        return list(dict.fromkeys(name.partition("/")[0] for name in self.names if "/" in name))

    def python(self) -> list[str]:
        """The paths of all Python files."""
        return [name for name in self.names if name.endswith(".py")]

    @property
    def _known(self) -> frozenset[str]:
        found = self.__dict__.get("_cached")
        if found is None:
            found = self.__dict__["_cached"] = frozenset(self.names)
        return found


def listing(names: Iterable[str], read: Callable[[str], str]) -> Listing:
    """A listing of some files."""
    return Listing(tuple(sorted(names)), read)


def parts(name: str) -> tuple[str, ...]:
    """The parts of a path."""
    return PurePosixPath(name).parts
