"""A program that supervises one tree of processes, for the tests that kill the supervisor.

Usage: supervised.py RUNS RUN KIND TOKEN. Prints `ready` when the tree stands, and how it ended as JSON.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from xptasks.system.parentage import die_with_parent
from xptasks.system.processes import Exit, Output, Spec, Supervisor


def main() -> None:
    die_with_parent()
    runs, run, kind, token = sys.argv[1:5]
    tree = str(Path(__file__).with_name("process_tree.py"))
    argv = (sys.executable, "-S", tree, kind, token, "sleep")
    with Supervisor(run, Path(runs)) as supervisor:
        supervisor.start(Spec("tree", argv, Path.cwd(), dict(os.environ)))
        while True:
            for happening in supervisor.wait(60):
                if isinstance(happening, Output):
                    _say(*happening.lines)
                if isinstance(happening, Exit):
                    _say(json.dumps(asdict(happening)))
                    return


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
