import os
import signal
import sys
import time
from pathlib import Path

import pytest

from xptasks.system.commands import Done, run

PYTHON = sys.executable


def test_what_a_command_says_and_how_it_ends(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), dict(os.environ).get('A')); print('no', file=sys.stderr); sys.exit(3)"
    done = run([PYTHON, "-c", code], tmp_path, {"A": "b"}, 20)
    assert done == Done(3, f"{tmp_path} b\n", "no")


def test_it_has_no_input(tmp_path: Path) -> None:
    assert run([PYTHON, "-c", "print(repr(input()))"], tmp_path, {}, 20).error.endswith(
        "EOFError: EOF when reading a line"
    )


@pytest.mark.parametrize("program", ["no-such-program", "/", "nul\0"])
def test_what_cannot_start_says_so(program: str, tmp_path: Path) -> None:
    done = run([program], tmp_path, {}, 20)
    assert (done.code, done.out) == (None, "")
    assert done.error.startswith(f"{program} cannot be started: ")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert run([PYTHON, "-c", ""], tmp_path / "x", {}, 20).code is None


def test_after_its_time_the_whole_group_is_killed(tmp_path: Path) -> None:
    done = run(["sh", "-c", "sleep 60 & echo $!; echo tail >&2; wait"], tmp_path, dict(os.environ), 0.5)
    assert (done.code, done.error) == (None, "tail\nsh did not end within 0.5 s")
    assert not _lives(int(done.out))


def test_what_a_command_leaves_behind_may_keep_its_output_open(tmp_path: Path) -> None:
    done = run(["sh", "-c", "sleep 60 & echo $!"], tmp_path, dict(os.environ), 20)
    assert done.code == 0
    os.kill(int(done.out), signal.SIGKILL)


def test_much_output_is_cut(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.write('a' * 2**21); sys.stderr.write('b' * 5000 + 'c')"
    done = run([PYTHON, "-c", code], tmp_path, {}, 20)
    assert len(done.out) == 2**20
    assert len(done.error) == 2000
    assert done.error.endswith("bc")


def _lives(pid: int) -> bool:
    """Whether a process runs; who inherits a killed one may take a moment to bury it."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.02)
    return True
