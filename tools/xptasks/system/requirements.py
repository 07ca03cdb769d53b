"""Requirements files and the files that they include."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

_INCLUDE = re.compile(r"^(?:-r|-c|--requirement|--constraint)[ =]*(\S+)", re.MULTILINE)


def with_included(folder: Path, names: Sequence[str]) -> list[str]:
    """The requirements files and those that they include with `-r` or `-c`, relative to the folder."""
    found: list[str] = []
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            included = _INCLUDE.findall(text(folder / name))
            waiting += [os.path.normpath(Path(name).parent / other) for other in included]
    return found


def text(path: Path) -> str:
    """What a file says; nothing where it is missing or not text, which the installer reports better."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
