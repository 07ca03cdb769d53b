"""The OpenAPI document of an application, made in a process of its own: an edge.

    python -m xptasks.contracts.drift.served MODULE:ATTRIBUTE

The child imports the application, which may do anything; the parent waits so long and no longer.
"""

import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from typing import Any

from xptasks.errors import CannotRunError
from xptasks.system.limits import run_limited
from xptasks.system.machine import project_python

MARK = "xptasks-openapi "
"""The beginning of the line with the document."""

_LAST = 10  # lines of what the child said


def of_application(name: str, seconds: float) -> dict[str, Any]:
    """What `openapi()` of the application returns.

    Args:
        name: as uvicorn is told, `app.main:app`.
        seconds: how long that may take.

    Raises:
        CannotRunError: it cannot be imported or makes no document, or takes too long.
    """
    found: list[str] = []

    def take(line: str) -> None:
        if line.startswith(MARK):
            found.append(line.removeprefix(MARK))

    ending = run_limited((project_python(), "-m", __name__, name), seconds, take)
    if not found:
        why = f"it took longer than {seconds:g} s" if ending.timed_out else "its last words:"
        said = "\n".join(ending.errors.strip().splitlines()[-_LAST:])
        hint = "[contracts] served names the application, and [service] environment holds the variables that it needs"
        raise CannotRunError(f"{name} gives no OpenAPI document; {why}\n{said}".rstrip(), hint=hint)
    document: dict[str, Any] = json.loads(found[-1])
    return document


def main(argv: Sequence[str] | None = None) -> None:
    """The child: whatever the application prints goes to stderr."""
    (name,) = sys.argv[1:] if argv is None else argv
    module, _, attribute = name.partition(":")
    with redirect_stdout(sys.stderr):
        found: Any = import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
        if not hasattr(found, "openapi") and callable(found):
            found = found()  # a factory
        document = json.dumps(found.openapi())
    sys.stdout.write(f"{MARK}{document}\n")


if __name__ == "__main__":
    main()
