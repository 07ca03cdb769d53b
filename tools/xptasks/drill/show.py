"""`inv demo`: the edge that plays the story and prints it."""

import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from xptasks.delivery.supervisor import WallClock
from xptasks.drill import story
from xptasks.drill.theatre import Theatre
from xptasks.errors import ExitCode


def run(  # noqa: PLR0913 - where it plays, and the ways out
    folder: Path, source: Path, caller: Mapping[str, str], out: TextIO, error: TextIO, *, as_json: bool
) -> int:
    """Play it; exit code 1 when something did not go as it should."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ExitCode.TERMINATED))  # so that what was started ends, too
    theatre = Theatre(folder, source, caller)

    def tell(text: str) -> None:
        error.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
        error.flush()

    tell(f"everything lies below {folder}")
    told = story.play(theatre, tell, WallClock())
    out.write(story.as_json(told) if as_json else story.as_text(told))
    if not as_json:
        out.write(theatre.xp("metrics").out)
    return ExitCode.OK if told.right else ExitCode.GATE_FAILED
