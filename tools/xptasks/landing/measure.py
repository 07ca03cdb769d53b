"""What the step `size` runs: `python -m xptasks.landing.measure --limit N [--base COMMIT] [--exclude GLOB]...`."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from xptasks.errors import XpError
from xptasks.landing import size, waivers
from xptasks.results import Reading, Status
from xptasks.system import change


def main(argv: Sequence[str] | None = None) -> int:
    """The command line, run in the project's folder; prints a reading as JSON."""
    parser = argparse.ArgumentParser("size")
    parser.add_argument("--base", default="")
    parser.add_argument("--limit", type=int, required=True)
    parser.add_argument("--exclude", action="append", default=[])
    options = parser.parse_args(argv)
    try:
        reading = _judge(options.base, options.limit, options.exclude)
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(asdict(reading)))
    return 0


def _judge(base: str, limit: int, exclude: Sequence[str]) -> Reading:
    if not base:
        return Reading(Status.SKIPPED, "no change to judge: there is no trunk to compare with")
    files = change.files(Path(), base, exclude)
    return size.judge(files, limit, change.trailers(Path(), base, waivers.SIZE[0]))


if __name__ == "__main__":
    raise SystemExit(main())
