"""The pool with the real supervisor: a handful of steps as a tier runs them."""

import os
import signal
import sys
from pathlib import Path

from xptasks.results import Command, Event, Outcome, Reading, Status
from xptasks.system.processes import Supervisor
from xptasks.tiers.run import Finished, Planned, Terms, run


def read(outcome: Outcome) -> Reading:
    return Reading(Status.FAILED if outcome.exit_code else Status.PASSED, outcome.stdout.strip())


def play(project: Path, *commands: Command, budget: float | None = None, on_start: int = 0) -> Finished:
    def emit(event: Event) -> None:
        if on_start and event.kind == "step-output":
            os.kill(os.getpid(), on_start)

    planned = [
        Planned(str(number), command, read, {}, project / "logs" / f"{number}.log")
        for number, command in enumerate(commands)
    ]
    supervisor = Supervisor("r1", project / "runs", grace=0.2)
    return run(planned, Terms(project, jobs=4, budget=budget), supervisor, emit)


def python(code: str, timeout: float | None = None) -> Command:
    return Command((sys.executable, "-S", "-c", code), timeout=timeout)


def test_one_of_each(tmp_path: Path) -> None:
    finished = play(
        tmp_path,
        python("print('fine')"),
        python("raise SystemExit('no')"),
        Command(("no-such-program-here",)),
        python("import time; time.sleep(30)", timeout=0.2),
        python("print('fifth')"),
    )
    expected = [Status.PASSED, Status.FAILED, Status.UNAVAILABLE, Status.TIMED_OUT, Status.PASSED]
    assert [result.status for result in finished.results] == expected
    assert finished.results[0].reading.summary == "fine"
    assert (tmp_path / finished.results[1].log).read_text() == "no\n"
    assert finished.results[0].cpu_seconds > 0


def test_a_budget_ends_the_run(tmp_path: Path) -> None:
    finished = play(tmp_path, *[python("import time; time.sleep(30)")] * 5, budget=0.3)
    assert [result.status for result in finished.results] == [*[Status.TIMED_OUT] * 4, Status.CANCELLED]


def test_a_signal_ends_the_run_and_keeps_its_results(tmp_path: Path) -> None:
    code = "import time; print('up', flush=True); time.sleep(30)"
    finished = play(tmp_path, python(code), on_start=signal.SIGTERM)
    assert (finished.status, finished.signum) == (Status.CANCELLED, signal.SIGTERM)
    assert finished.results[0].reading.findings[0].hint == "its last output was:\n  up"
