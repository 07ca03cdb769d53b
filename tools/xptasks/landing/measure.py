"""What the step `size` runs: `python -m xptasks.landing.measure --limit N [--base COMMIT] [--exclude GLOB]...`."""

import argparse
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from xptasks.errors import XpError
from xptasks.landing import size, waivers
from xptasks.results import Reading, Status
from xptasks.system import change

_CONFIG = "xpconfig.toml"


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
    trunk = _edited_terms(base)
    if trunk is not None:
        limit, exclude = trunk.get("max_lines", size.LIMIT), (*size.EXCLUDE, *_left_out(trunk))
    files = change.files(Path(), base, exclude)
    reading = size.judge(files, limit, change.trailers(Path(), base, waivers.SIZE[0]))
    note = "; the merge base's limits count, the change edits them" if trunk is not None else ""
    return replace(reading, summary=f"{reading.summary}{note}")


def _edited_terms(base: str) -> Mapping[str, Any] | None:
    """`[steps.size]` of the merge base, with the generated files, where the change edits them; None where it does not.

    No change widens its own limit. The options as they were given count otherwise: they know of profiles and overrides.
    """
    before = change.file_at(Path(), base, _CONFIG)
    own = Path(_CONFIG)
    if before is None or not own.is_file():
        return None
    old, new = (_terms(text.decode("utf-8", "replace")) for text in (before, own.read_bytes()))
    return old["plain"] if old is not None and old != new else None


def _terms(text: str) -> dict[str, Any] | None:
    try:
        tables = tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
        profiles = {name: _of_size(table) for name, table in tables.get("profiles", {}).items()}
        return {"plain": _of_size(tables), "profiles": profiles}
    except (ValueError, AttributeError, TypeError):
        return None


def _of_size(tables: Mapping[str, Any]) -> dict[str, Any]:
    return {**tables.get("steps", {}).get("size", {}), "generate": tables.get("generate", {})}


def _left_out(terms: Mapping[str, Any]) -> list[str]:
    generated = [value for value in terms["generate"].values() if isinstance(value, str)]
    return [*generated, *terms.get("exclude", ())]


if __name__ == "__main__":
    raise SystemExit(main())
