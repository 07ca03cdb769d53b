"""What the step `test_first` runs: the tests of a change, on its merge base and on itself.

python -m xptasks.landing.rehearse --scratch FOLDER [--base COMMIT] --source FOLDER... --tests FOLDER...
"""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from xptasks.errors import XpError
from xptasks.landing import at_hand, test_first, trial, waivers
from xptasks.landing.at_hand import Scope
from xptasks.landing.trial import Bench
from xptasks.results import Reading, Status
from xptasks.system import change


def main(argv: Sequence[str] | None = None) -> int:
    """The command line, run in the project's folder; prints a reading as JSON."""
    parser = argparse.ArgumentParser("test_first")
    parser.add_argument("--base", default="")
    parser.add_argument("--source", action="append", default=[])
    parser.add_argument("--tests", action="append", default=[])
    parser.add_argument("--scratch", type=Path, required=True)
    options = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the scratch folder goes, too
    bench = Bench(Scope(tuple(options.source), tuple(options.tests)), options.scratch.resolve())
    try:
        reading = rehearse(options.base, bench)
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(asdict(reading)))
    return 0


def rehearse(base: str, bench: Bench) -> Reading:
    """The verdict on the change in the current folder.

    Raises:
        CannotRunError: git, the disk or pytest refuses.
    """
    if not base:
        return Reading(Status.SKIPPED, "no change to judge: there is no trunk to compare with")
    found = at_hand.look(base, bench.scope)
    if not found.files:
        return Reading(Status.SKIPPED, "no change to judge")
    plain = at_hand.without_behaviour(found, bench.scope)
    if plain is not None:
        return Reading(Status.PASSED, plain)
    trailers = change.trailers(Path(), base, waivers.TEST_FIRST[0])
    tests = trial.tested(found.chosen, found.files, base, bench)
    return test_first.judge(tests, found.added, found.changing, trailers)


if __name__ == "__main__":
    raise SystemExit(main())
