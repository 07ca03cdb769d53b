"""What outlives the command: it survives its starter and every sweep, and ends with all that it started."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from xptasks.errors import CannotRunError
from xptasks.system import detached, orphans, process_table
from xptasks.system.detached import Order
from xptasks.system.processes import Exit, Spec, Supervisor

pytestmark = pytest.mark.pr

SAY = "import os, sys; print('pid', os.getpid(), os.environ.get('XPTASKS_RUN_ID'), sys.stdin.read(), flush=True);"
SLEEP = SAY + "import time; time.sleep(600)"
TOOLS = str(Path(detached.__file__).parents[2])


@pytest.fixture
def order(tmp_path: Path) -> Iterator[Callable[[str], Order]]:
    record = tmp_path / "records" / "one.json"

    def make(script: str) -> Order:
        argv = (sys.executable, "-S", "-c", script)
        return Order(argv, tmp_path, {"XPTASKS_RUN_ID": "r/1", "WORD": "x"}, tmp_path / "log" / "one", record)

    yield make
    detached.stop(record, 0)


def wait_for(path: Path, word: str) -> str:
    give_up = time.monotonic() + 10
    while word not in (text := path.read_text() if path.exists() else "") and time.monotonic() < give_up:
        time.sleep(0.01)
    assert word in text
    return text


def test_it_has_its_own_session_no_input_no_mark_and_no_parent_here(order: Callable[[str], Order]) -> None:
    one = order(SLEEP)
    identity = detached.start(one)
    assert wait_for(one.log, "pid").split() == ["pid", str(identity.pid)]  # an empty mark, and nothing to read
    assert detached.is_alive(one.record)
    assert detached.identity_of(one.record) == identity
    assert os.getsid(identity.pid) == identity.pid
    assert identity.pid not in [child.pid for child in psutil.Process().children()]
    assert process_table.mark_of(identity.pid) == process_table.RELEASED


def test_sigpipe_and_ctrl_c_mean_what_they_mean_to_every_process(order: Callable[[str], Order]) -> None:
    one = order("import signal; print('pid', [signal.getsignal(n) for n in (2, 15)], flush=True)" + ";" + SLEEP)
    script = f"""
import signal, sys
from pathlib import Path, PosixPath
from xptasks.system import detached
from xptasks.system.detached import Order
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
detached.start({one!r})
"""
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": TOOLS}, check=True)
    assert "IGN" not in wait_for(one.log, "pid")


def test_it_outlives_the_killed_process_that_started_it(order: Callable[[str], Order]) -> None:
    one = order(SLEEP)
    script = f"""
import os
from pathlib import PosixPath
from xptasks.system import detached
from xptasks.system.detached import Order
detached.start({one!r})
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": TOOLS}, check=False)
    assert done.returncode == -signal.SIGKILL
    wait_for(one.log, "pid")
    assert detached.is_alive(one.record)


def test_a_supervisor_and_a_sweep_leave_it_alone(order: Callable[[str], Order], tmp_path: Path) -> None:
    one = order(SLEEP)
    script = (
        "from pathlib import PosixPath; from xptasks.system import detached; from xptasks.system.detached import Order;"
        f"detached.start({one!r})"
    )
    with Supervisor("r1", tmp_path / "runs") as supervisor:
        env = {**os.environ, "PYTHONPATH": TOOLS}
        supervisor.start(Spec("deploy", (sys.executable, "-c", script), tmp_path, env))
        exits: list[Exit] = []
        while not exits:
            exits = [happening for happening in supervisor.wait(10) if isinstance(happening, Exit)]
    assert (exits[0].code, exits[0].killed) == (0, 0)
    orphans.sweep(tmp_path / "runs")
    assert detached.is_alive(one.record)


def test_what_ends_leaves_no_zombie_with_a_starter_that_lives_on(order: Callable[[str], Order]) -> None:
    identity = detached.start(order("pass"))
    give_up = time.monotonic() + 10
    while detached.is_alive(order("").record) and time.monotonic() < give_up:
        time.sleep(0.01)
    assert not detached.is_alive(order("").record)
    assert identity.pid not in [child.pid for child in psutil.Process().children()]


FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = "import os, signal, time; signal.signal(15, 1); print('child', os.getpid(), flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-S", "-c", child], start_new_session=True)
time.sleep(600)
"""


@pytest.mark.parametrize("leader_is_dead", [False, True])
def test_stop_ends_all_that_it_started(leader_is_dead: bool, order: Callable[[str], Order]) -> None:  # noqa: FBT001
    one = order(FAMILY)
    leader = detached.start(one).pid
    child = int(wait_for(one.log, "child").split()[1])
    if leader_is_dead:
        os.kill(leader, signal.SIGKILL)
    detached.stop(one.record, 0.05)
    rows = process_table.scan().rows
    assert [pid for pid in (leader, child) if pid in rows and not rows[pid].zombie] == []
    assert not one.record.exists()
    detached.stop(one.record, 0.05)  # once more changes nothing


def test_it_may_end_by_itself_when_asked(order: Callable[[str], Order]) -> None:
    one = order("import signal, sys; signal.signal(15, lambda *_: sys.exit(print('bye', flush=True)));" + SLEEP)
    detached.start(one)
    wait_for(one.log, "pid")
    detached.stop(one.record, 10)
    assert "bye" in one.log.read_text()


def test_a_pid_that_belongs_to_somebody_else_now_is_not_touched(tmp_path: Path) -> None:
    record = tmp_path / "one.json"
    with subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"]) as other:
        start = process_table.start_of(other.pid) or 0
        contents: list[object] = [
            {"boot": process_table.boot(), "pid": other.pid, "start": start - 1},
            {"boot": "another", "pid": other.pid, "start": start},
            {"pid": other.pid},
            [],
        ]
        for content in contents:
            record.write_text(json.dumps(content))
            assert not detached.is_alive(record)
            detached.stop(record, 0)
            assert other.poll() is None
        other.kill()


def test_what_is_killed_before_the_record_is_written_never_runs(order: Callable[[str], Order], tmp_path: Path) -> None:
    script = f"""
import os
from pathlib import PosixPath
from xptasks.system import detached
from xptasks.system.detached import Order
detached.atomic_write = lambda *_: os.kill(os.getpid(), 9)
detached.start({order(SLEEP)!r})
"""
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": TOOLS}, check=False)
    give_up = time.monotonic() + 10
    while detached._members(order("").record) and time.monotonic() < give_up:
        time.sleep(0.01)
    assert detached._members(order("").record) == []
    assert order("").log.read_text() == ""


def test_a_command_that_does_not_exist_and_a_folder_that_is_gone(tmp_path: Path) -> None:
    record = tmp_path / "one.json"
    with pytest.raises(CannotRunError, match="`no-such-program` cannot be started: No such file"):
        detached.start(Order(("no-such-program",), tmp_path, {}, tmp_path / "log", record))
    with pytest.raises(CannotRunError, match="gone: `true` cannot be started: No such file"):
        detached.start(Order(("true",), tmp_path / "gone", {}, tmp_path / "log", record))
    assert not record.exists()


def test_a_large_log_is_put_aside_at_the_next_start(
    order: Callable[[str], Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = order(SLEEP)
    one.log.parent.mkdir()
    for text in ("first", "second"):
        one.log.write_text(text * 100)
        monkeypatch.setattr(detached, "_LARGEST_LOG", 300)
        detached.start(one)
        detached.stop(one.record, 0)
        assert one.log.with_name("one.1").read_text() == text * 100
    monkeypatch.setattr(detached, "_LARGEST_LOG", 3000)
    one.log.write_text("kept ")
    detached.start(one)
    assert wait_for(one.log, "pid").startswith("kept pid")


def test_a_ci_server_does_not_find_it_when_it_clears_away_what_a_job_left(tmp_path: Path) -> None:
    """GitHub's runner ends every process that has the job's RUNNER_TRACKING_ID."""
    log = tmp_path / "log"
    environ = {**os.environ, "RUNNER_TRACKING_ID": "github_1", "KEPT": "yes"}
    argv = (sys.executable, "-c", "import os; print(os.environ.get('RUNNER_TRACKING_ID'), os.environ['KEPT'], 'end')")
    detached.start(Order(argv, tmp_path, environ, log, tmp_path / "record"))
    assert wait_for(log, "end").split() == ["None", "yes", "end"]
