import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from xptasks.system.foreground import run_in_foreground


@pytest.mark.parametrize(
    ("code", "expected"), [("", 0), ("raise SystemExit(5)", 5), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_the_exit_code(code: str, expected: int) -> None:
    assert run_in_foreground([sys.executable, "-S", "-c", code]) == expected


def test_the_child_has_no_input(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = f"import sys, pathlib; pathlib.Path({str(out)!r}).write_text(repr(sys.stdin.read()))"
    assert run_in_foreground([sys.executable, "-S", "-c", code]) == 0
    assert out.read_text() == "''"


def test_outside_the_main_thread() -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(run_in_foreground([sys.executable, "-S", "-c", ""])))
    thread.start()
    thread.join(10)
    assert codes == [0]


CHILD = """
import os, signal, sys, time
def note(signum, _):
    print(signal.Signals(signum).name, flush=True)
    time.sleep(0.2)
    print("cleaned up", flush=True)
    raise SystemExit(9)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, note)
print("ready", flush=True)
time.sleep(20)
"""

PARENT = """
import sys
from xptasks.system.foreground import run_in_foreground
try:
    run_in_foreground([sys.executable, "-S", "-c", sys.argv[1]])
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise SystemExit(130)
"""


@pytest.mark.parametrize(
    ("signum", "code", "last"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, -signal.SIGTERM, "cleaned up"),
        (signal.SIGHUP, -signal.SIGHUP, "cleaned up"),
    ],
)
def test_a_signal_reaches_the_child_once_and_is_obeyed_when_it_has_cleaned_up(
    signum: signal.Signals, code: int, last: str
) -> None:
    tools = Path(__file__).parents[2] / "tools"
    parent = subprocess.Popen(
        [sys.executable, "-S", "-c", PARENT, CHILD],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(tools)},
    )
    assert parent.stdout is not None
    with parent:
        assert parent.stdout.readline() == "ready\n"
        began = time.monotonic()
        os.killpg(parent.pid, signum)  # as a terminal does
        said = parent.stdout.read().split("\n")
    assert said[:2] == [signum.name, "cleaned up"]
    assert said[-2] == last
    assert parent.returncode == code
    assert time.monotonic() - began < 15
