"""`generated/ratchets.toml`: the recorded floors, written only on the trunk, by compare-and-swap under a lock."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import tomli_w
from filelock import FileLock, Timeout

from xptasks.errors import ConfigError, LockBusyError
from xptasks.quality.ratchets import Floor, Floors
from xptasks.system.files import atomic_write

NAME = "generated/ratchets.toml"
_LOCK = ".xp/ratchets.lock"
_PATIENCE = 60.0
_HEAD = """\
# The floors of the ratchets. `inv ratchet --tighten` writes this file on the trunk; a branch never does.
# A floor is loosened by an entry [[ratchets.NAME.loosen]] in xpconfig.toml.
"""


def parse(text: str, where: str = NAME) -> dict[str, Floor]:
    """The floors that a file holds.

    Raises:
        ConfigError: it is not what we write.
    """
    try:
        tables = tomllib.loads(text)
        windows = tables.get("windows", {})
        return {str(name): Floor(float(value), str(windows.get(name, ""))) for name, value in tables["floors"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        hint = f"take the trunk's version: git checkout TRUNK -- {NAME}"
        raise ConfigError(f"these are no floors: {problem}", where=where, hint=hint) from None


def render(floors: Floors) -> str:
    """The file's content: sorted, one key a line."""
    values = {name: floors[name].value for name in sorted(floors)}
    windows = {name: floors[name].window for name in sorted(floors) if floors[name].window}
    return f"{_HEAD}\n{tomli_w.dumps({'floors': values, **({'windows': windows} if windows else {})})}"


def read(project: Path) -> dict[str, Floor]:
    """The floors of a working tree; none when there is no file.

    Raises:
        ConfigError: the file cannot be used.
    """
    path = project / NAME
    try:
        return parse(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"cannot be read: {problem}", where=NAME) from None


def update(project: Path, change: Callable[[Floors], Floors]) -> tuple[Floors, Floors]:
    """Replace the floors by what `change` makes of them; nobody else writes between reading and writing.

    Returns:
        The floors before and after. The file is untouched when they are the same.

    Raises:
        LockBusyError: another process holds the lock for a minute.
        ConfigError: the file cannot be used.
    """
    lock = project / _LOCK
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=_PATIENCE):
            before = read(project)
            after = change(before)
            if after != before:
                atomic_write(project / NAME, render(after))
    except Timeout as busy:
        raise LockBusyError("another process is changing the floors", hint="try again") from busy
    return before, after
