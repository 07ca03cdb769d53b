"""What the step `contracts` runs: are the contracts valid, and is what is generated from them fresh?

    python -m xptasks.contracts.gate [--out LANGUAGE=FILE]... CONTRACT...

A contract with mistakes is not compared with its types: they could only be wrong, too.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xptasks.contracts import generation, validate
from xptasks.errors import XpError


def main(argv: Sequence[str] | None = None) -> int:
    """The command line, run in the project's folder; prints one report as JSON."""
    parser = argparse.ArgumentParser("contracts")
    parser.add_argument("contracts", nargs="+", metavar="CONTRACT")
    parser.add_argument("--out", action="append", default=[], metavar="LANGUAGE=FILE")
    parser.add_argument("--closed-enums", action="store_true")
    parser.add_argument("--thorough", action="store_true")
    parser.add_argument("--timeout", type=float, required=True)
    parser.add_argument("--memory", type=int, required=True)
    options = parser.parse_args(argv)
    files = dict(item.split("=", 1) for item in options.out)
    request = generation.Request(tuple(options.contracts), files, tolerant_enums=not options.closed_enums)
    try:
        report = check(request, validate.Bounds(options.timeout, options.memory), thorough=options.thorough)
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(validate.as_json(report))
    return report.exit_code


def check(request: generation.Request, bounds: validate.Bounds, *, thorough: bool) -> validate.Report:
    """Validate, then compare what is generated.

    Raises:
        XpError: one of them could not run.
    """
    report = validate.check(request.contracts, bounds=bounds, thorough=thorough)
    if report.exit_code or not request.files:
        return report
    outcome = generation.check(Path(), request)
    return replace(report, findings=(*report.findings, *outcome.findings))


if __name__ == "__main__":
    raise SystemExit(main())
