"""The lock ends with its holder, and names it."""

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from xptasks.delivery.lock import held, holder, is_free
from xptasks.errors import CannotRunError, LockBusyError

HOLDER = """
import sys, time
from pathlib import Path
from xptasks.delivery.lock import held
with held(Path(sys.argv[1]), "inv deploy-canary"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_is_told_who_is_first(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    try:
        assert not is_free(tmp_path)
        with (
            pytest.raises(LockBusyError, match=rf"`inv deploy-canary` \(process {other.pid}, since"),
            held(tmp_path, "x"),
        ):
            pytest.fail("held twice")
    finally:
        other.kill()
        other.communicate()


def test_a_killed_holder_holds_nothing(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    other.send_signal(signal.SIGKILL)
    other.communicate()
    assert is_free(tmp_path)
    with held(tmp_path, "inv rollback", wait=1.0):
        assert "`inv rollback`" in holder(tmp_path)
    assert holder(tmp_path) == ""


def test_whoever_only_looks_is_in_nobodys_way(tmp_path: Path) -> None:
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            is_free(tmp_path)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(50):
            with held(tmp_path, "inv deploy-canary"):
                pass
    finally:
        ended.set()
        for looker in lookers:
            looker.join()


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(CannotRunError, match=r"file/home cannot be used: Not a directory\n  free the disk"),
        held(tmp_path / "file" / "home", "inv deploy-canary"),
    ):
        pytest.fail("held")


def test_without_room_for_its_name_a_holder_still_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("xptasks.delivery.lock.atomic_write", full)
    with held(tmp_path, "inv deploy-canary"):
        assert holder(tmp_path) == ""
        with pytest.raises(LockBusyError, match="another process is at this target"), held(tmp_path, "inv rollback"):
            pytest.fail("held twice")
