"""A watcher that is started again goes on where it was, whatever the clocks did meanwhile."""

from pathlib import Path

import pytest

from xptasks.probes.memory import load, save
from xptasks.probes.window import Policy, Record, Turn


def test_a_restart_does_not_forget_failures(tmp_path: Path) -> None:
    path = tmp_path / "watch.json"
    save(path, {"health": Record((900.0, 960.0), alerted=True)}, now=960.0, wall=5000.0)
    record = load(path, now=10.0, wall=5060.0)["health"]  # the machine was booted: its clock began anew
    assert record.failures == (-110.0, -50.0)
    assert record.after(10.0, ok=False, policy=Policy())[1] is Turn.ROLLBACK


def test_time_that_passed_meanwhile_counts(tmp_path: Path) -> None:
    path = tmp_path / "watch.json"
    save(path, {"health": Record((960.0,))}, now=960.0, wall=5000.0)
    record = load(path, now=960.0, wall=5301.0)["health"]
    assert record.after(960.0, ok=False, policy=Policy())[1] is Turn.NOTHING


def test_a_wall_clock_that_went_back_makes_nothing_younger_than_it_was(tmp_path: Path) -> None:
    path = tmp_path / "watch.json"
    save(path, {"health": Record((960.0,), good=1)}, now=1000.0, wall=5000.0)
    assert load(path, now=1000.0, wall=1400.0) == {"health": Record((960.0,), good=1)}


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", '{"saved": 1}', '{"saved": 1, "probes": {"a": {"failures": 3}}}']
)
def test_a_file_that_cannot_be_read_is_no_memory(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "watch.json"
    if text is not None:
        path.write_text(text)
    assert load(path, now=0.0, wall=0.0) == {}
