"""How a judgement is written. A format is a module here: its file name is its name, and its `show` makes the text."""

import importlib
from functools import cache
from pathlib import Path

from xptasks.contracts.compat.judgement import Judgement
from xptasks.errors import UsageError


@cache
def names() -> tuple[str, ...]:
    """All formats."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))


def check(name: str) -> None:
    """Refuse what is no format.

    Raises:
        UsageError: it is none.
    """
    if name not in names():
        raise UsageError(f"there is no format {name!r}", hint=f"There are {', '.join(names())}.")


def show(name: str, judgement: Judgement) -> str:
    """The judgement in a format.

    Raises:
        UsageError: there is no such format.
    """
    check(name)
    text: str = importlib.import_module(f"{__name__}.{name}").show(judgement)
    return text
