import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.system.trees import Trees
from xptasks.system import process_table
from xptasks.system.orphans import Register, Sweep, sweep
from xptasks.system.process_table import Identity

KINDS = ("plain", "setsid", "daemonised", "ignoring", "holding", "scrubbed", "respawning")
ME = os.getpid()


def _slow_but(*fast: str) -> list[Any]:
    return [pytest.param(kind, marks=[] if kind in fast else [pytest.mark.slow]) for kind in KINDS]


@pytest.mark.parametrize("kind", _slow_but("daemonised", "scrubbed"))
def test_the_next_start_ends_what_a_killed_run_left(trees: Trees, tmp_path: Path, kind: str) -> None:
    with trees.supervised(tmp_path, "r1", kind) as process:
        if kind == "scrubbed":  # only the record knows it, and that is written every half second
            time.sleep(0.8)
        process.send_signal(signal.SIGKILL)
    assert trees.alive()
    swept = sweep(tmp_path)
    assert trees.alive() == []
    assert (swept.left, swept.problems) == ((), ())
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_lives_is_left_alone(trees: Trees, tmp_path: Path) -> None:
    with trees.supervised(tmp_path, "r1", "setsid") as process:
        assert sweep(tmp_path) == Sweep()
        assert len(trees.alive()) == 2
        process.send_signal(signal.SIGTERM)


def test_two_runs_at_once_do_not_disturb_each_other(trees: Trees, tmp_path: Path) -> None:
    with (
        trees.supervised(tmp_path / "one", "r1", "setsid") as killed,
        trees.supervised(tmp_path / "two", "r2", "setsid") as other,
    ):
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert sweep(tmp_path / "two") == Sweep()
        assert len(trees.alive()) == 4
        assert len(sweep(tmp_path / "one").killed) == 2
        assert len(trees.alive()) == 2
        other.send_signal(signal.SIGTERM)
        assert json.loads((other.communicate()[0]).splitlines()[-1])["ended"] == "terminated"
    assert trees.alive() == []


def test_another_run_of_the_same_name_is_left_alone(trees: Trees, tmp_path: Path) -> None:
    with trees.supervised(tmp_path / "one", "r1", "setsid") as other:
        (tmp_path / "two").mkdir()
        _write(tmp_path / "two", runner=[ME, 1], processes=[])
        assert sweep(tmp_path / "two") == Sweep()
        assert len(trees.alive()) == 2
        other.send_signal(signal.SIGTERM)


def test_what_carries_no_mark_survives_a_sweep(trees: Trees, tmp_path: Path) -> None:
    with subprocess.Popen(trees.argv("daemonised"), stdout=subprocess.PIPE) as outsider:
        assert outsider.stdout
        outsider.stdout.readline()
        _write(tmp_path, runner=[ME, 1], processes=[[process.pid, 1] for process in trees.alive()])
        assert sweep(tmp_path) == Sweep()
        assert len(trees.alive()) == 2
        outsider.kill()


def test_what_is_deployed_on_purpose_survives_a_sweep(trees: Trees, tmp_path: Path) -> None:
    with subprocess.Popen(trees.argv("nothing"), stdout=subprocess.PIPE, env={"XPTASKS_RUN_ID": ""}) as service:
        assert service.stdout
        service.stdout.readline()
        _write(tmp_path, runner=[ME, 1], processes=[[service.pid, process_table.start_of(service.pid)]])
        assert sweep(tmp_path) == Sweep()
        assert service.poll() is None
        service.kill()


def test_a_sweep_inside_the_dead_run_spares_itself(tmp_path: Path) -> None:
    """A run inside a run carries the outer run's mark; when the outer one is killed, the inner one still sweeps."""
    _write(tmp_path, runner=[ME, 1], processes=[])
    code = f"from xptasks.system.orphans import sweep; from pathlib import Path; print(sweep(Path({str(tmp_path)!r})))"
    env = {"XPTASKS_RUN_ID": f"r1@{ME}.1/0", "PYTHONPATH": str(Path(process_table.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == f"{Sweep()}\n"


def test_a_record_of_another_boot_is_only_removed(tmp_path: Path) -> None:
    start = process_table.start_of(ME)
    path = _write(tmp_path, boot="another", runner=[ME, start], processes=[[ME, start]])
    assert sweep(tmp_path) == Sweep()
    assert not path.exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"version": 2}',
        '{"version": 1, "run": "", "boot": "b", "runner": [1, 2], "processes": []}',
        '{"version": 1, "run": "r1", "boot": "b", "runner": [1], "processes": []}',
        '{"version": 1, "run": "r1", "boot": "b", "runner": [1, 2], "processes": [["x", 2]]}',
        '{"version": 1, "run": "r1", "boot": "b", "runner": [1, 2], "processes": 3}',
        "\udcff",
    ],
)
def test_an_unreadable_record_is_reported_and_removed(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r1.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    (problem,) = sweep(tmp_path).problems
    assert problem.startswith(f"{path}: removed this unreadable record of a run (")
    assert not path.exists()


def test_nothing_to_sweep(tmp_path: Path) -> None:
    assert sweep(tmp_path / "never made") == Sweep()


def test_half_written_records_are_removed_when_they_are_old(tmp_path: Path) -> None:
    old, new = tmp_path / ".r1.json.a.tmp", tmp_path / ".r2.json.b.tmp"
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    _write(tmp_path, runner=[ME, 1], processes=[])
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [new.name]


def test_the_register_writes_only_when_something_changed(tmp_path: Path) -> None:
    register = Register(tmp_path, "r1")
    register.update([Identity(7, 2.0)])
    (path,) = tmp_path.iterdir()
    content = json.loads(path.read_text())
    assert content["runner"] == [ME, process_table.start_of(ME)]
    assert content["processes"] == [[7, 2.0]]
    before = path.stat().st_ino
    register.update([Identity(7, 2.0)])
    assert path.stat().st_ino == before
    register.update([])
    assert path.stat().st_ino != before
    register.remove()
    assert list(tmp_path.iterdir()) == []


def _write(folder: Path, *, boot: str | None = None, **content: object) -> Path:
    path = folder / "r1.json"
    path.write_text(json.dumps({"version": 1, "run": "r1", "boot": boot or process_table.boot(), **content}))
    return path
