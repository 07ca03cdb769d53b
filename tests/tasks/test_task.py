"""What Invoke makes of our functions."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from invoke.collection import Collection
from invoke.program import Program

from xptasks.tasks._task import task

GIVEN: list[object] = []


@task(iterable=["name"])
def collect(name: tuple[str, ...] = (), other: str = "plain") -> int:
    """Take several names."""
    GIVEN.extend([list(name), other])
    return 0


@pytest.mark.parametrize(
    ("words", "given"),
    [([], [[], "plain"]), (["--name", "one", "--name", "two", "--other", "x"], [["one", "two"], "x"])],
)
def test_an_option_may_be_given_several_times(words: list[str], given: list[object]) -> None:
    GIVEN.clear()
    Program(namespace=Collection(collect), version="1").run(["inv", "collect", *words], exit=False)
    assert given == GIVEN


def test_who_has_read_enough_gets_no_traceback(tmp_path: Path) -> None:
    """`inv config | head`: the reader goes away in the middle, or before anything was written."""
    project = Path(__file__).parents[2]
    words = f"{shlex.quote(sys.executable)} -m xptasks config --json"
    for reader in ("head -c 1", "true"):
        script = f"set -o pipefail; (sleep 0.2; {words}) 2> {tmp_path}/said | {reader} > {os.devnull}"
        done = subprocess.run(["bash", "-c", script], cwd=project, check=False)
        assert (tmp_path / "said").read_text() == ""
        assert done.returncode in {0, 141}
