import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from xptasks.system import process_table
from xptasks.system.process_table import Row, Table, mark_of, parse_stat, scan, scan_below, start_of

_FIELDS = b" 5 7 7 0 -1 4194560 100 0 0 0 1 2 3 4 20 0 1 0 12345 1000 10 18446744073709551615"


@pytest.mark.parametrize("name", [b"sleep", b"a b", b"", b") R 1 1", b"((("])
@pytest.mark.parametrize(("state", "zombie"), [(b"S", False), (b"Z", True), (b"X", True)])
def test_a_program_may_have_any_name(name: bytes, state: bytes, *, zombie: bool) -> None:
    assert parse_stat(b"42 (" + name + b") " + state + _FIELDS) == Row(42, 5, 7, 12345.0, zombie)


def test_we_see_ourselves_and_our_child() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        table = scan()
        assert table.rows[child.pid].parent == os.getpid()
        assert child.pid in [row.pid for row in table.below([os.getpid()])]
        assert table.above(child.pid)[0] == os.getpid()
        assert start_of(child.pid) == table.rows[child.pid].start
        child.communicate(b"\n")
    assert start_of(child.pid) is None


def test_both_ways_to_look_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of other systems works here too, so it is tried here."""
    env = {process_table.MARK: "r1/0"}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=env) as child:
        mine, marks = scan(), mark_of(child.pid)
        monkeypatch.setattr(process_table, "_LINUX", False)
        other = scan().rows[child.pid]
        assert (other.parent, other.group) == (mine.rows[child.pid].parent, mine.rows[child.pid].group)
        assert start_of(child.pid) == pytest.approx(psutil.Process(child.pid).create_time(), abs=1)
        assert mark_of(child.pid) == marks == "r1/0"
        child.communicate(b"\n")
    assert mark_of(child.pid) is None


def test_nobody_has_a_mark_that_we_may_not_see() -> None:
    assert mark_of(2**30) is None
    assert start_of(0) is None


def test_a_name_of_this_boot() -> None:
    assert process_table.boot() == process_table.boot() != ""


def test_relations_in_a_table() -> None:
    rows = [Row(1, 0, 1, 1), Row(2, 1, 2, 2), Row(3, 2, 2, 3), Row(4, 3, 2, 4), Row(5, 1, 5, 5)]
    table = Table({row.pid: row for row in rows})
    assert sorted(row.pid for row in table.below([2])) == [3, 4]
    assert sorted(row.pid for row in table.below([2, 3])) == [3, 4]
    assert table.above(4) == [3, 2, 1]
    assert table.below([9]) == []
    assert table.above(9) == []


def test_our_descendants_alone() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    argv = [sys.executable, "-c", code]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        below, everything = scan_below(), scan()
        expected = {row.pid for row in everything.below([os.getpid()])}
        assert {row.pid for row in below.below([os.getpid()])} == expected
        assert below.complete
        assert len(expected) >= 2
        child.communicate(b"\n")


@pytest.mark.skipif(not Path("/proc/thread-self/children").exists(), reason="a kernel that does not tell children")
def test_children_that_come_faster_than_we_look_make_a_look_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = iter(range(2**30, 2**30 + 100))
    monkeypatch.setattr(process_table, "_children_of", lambda _: {next(fresh)})
    assert not scan_below().complete


def test_a_kernel_that_does_not_tell_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_table, "_tells_children", lambda: False)
    assert os.getpid() in scan_below().rows


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_a_process_that_ends_while_it_is_looked_at_has_no_children() -> None:
    """Its folder may go between any two looks."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        for _ in range(2000):
            process_table._children_of(child.pid)
            if child.poll() is not None:
                break
    assert process_table._children_of(child.pid) == set()
