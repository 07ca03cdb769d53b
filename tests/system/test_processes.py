import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.trees import Trees
from xptasks.system.process_table import mark, myself
from xptasks.system.processes import Ended, Exit, Happening, Output, Signalled, Spec, Supervisor

pytestmark = pytest.mark.pr

KINDS = ("plain", "setsid", "daemonised", "ignoring", "holding", "scrubbed", "respawning", "hopping")
FAST = {
    ("exit", "daemonised"),
    ("exit", "holding"),
    ("timeout", "setsid"),
    ("timeout", "respawning"),
    ("idle", "scrubbed"),
    ("SIGTERM", "daemonised"),
    ("SIGINT", "plain"),
    ("exit", "hopping"),
}
LINUX_ONLY = {"scrubbed", "hopping"}


def _cases() -> list[Any]:
    cases = []
    for ending in ("exit", "timeout", "idle", "SIGTERM", "SIGINT", "SIGHUP"):
        for kind in KINDS:
            marks = [] if (ending, kind) in FAST else [pytest.mark.slow]
            if kind in LINUX_ONLY and sys.platform != "linux":
                marks.append(pytest.mark.skip(reason="needs a Linux subreaper"))
            cases.append(pytest.param(ending, kind, marks=marks, id=f"{ending}-{kind}"))
    return cases


@pytest.mark.parametrize(("ending", "kind"), _cases())
def test_nothing_survives(trees: Trees, tmp_path: Path, ending: str, kind: str) -> None:
    if ending.startswith("SIG"):
        ended = _ended_by_signal(trees, tmp_path, getattr(signal, ending), kind)
        expected = Ended.INTERRUPTED if ending == "SIGINT" else Ended.TERMINATED
    else:
        ended = _ended_by_itself(trees, tmp_path, ending, kind)
        expected = {"exit": Ended.EXITED, "timeout": Ended.TIMED_OUT, "idle": Ended.IDLE}[ending]

    assert trees.alive() == []
    assert ended["ended"] == expected
    assert ended["left"] in ([], ())
    assert list((tmp_path / "runs").glob("*.json")) == []


def _ended_by_signal(trees: Trees, tmp_path: Path, signum: signal.Signals, kind: str) -> dict[str, Any]:
    with trees.supervised(tmp_path / "runs", "r1", kind) as process:
        process.send_signal(signum)
        out, _ = process.communicate(timeout=20)
    return dict(json.loads(out.splitlines()[-1]))


def _ended_by_itself(trees: Trees, tmp_path: Path, ending: str, kind: str) -> dict[str, Any]:
    spec = Spec(
        "tree",
        trees.argv(kind, "exit" if ending == "exit" else "sleep"),
        tmp_path,
        {},
        timeout=0.3 if ending == "timeout" else None,
        idle_timeout=0.3 if ending == "idle" else None,
    )
    (ended,) = run_all(tmp_path, spec, grace=0.2)
    return {name: getattr(ended, name) for name in ("ended", "left")}


def run_all(tmp_path: Path, *specs: Spec, grace: float = 1.0) -> list[Exit]:
    return [happening for happening in happenings(tmp_path, *specs, grace=grace) if isinstance(happening, Exit)]


def happenings(tmp_path: Path, *specs: Spec, grace: float = 1.0) -> list[Happening]:
    found: list[Happening] = []
    with Supervisor("r1", tmp_path / "runs", grace=grace) as supervisor:
        for spec in specs:
            supervisor.start(spec)
        while sum(isinstance(happening, Exit) for happening in found) < len(specs):
            new = supervisor.wait(20)
            assert new, "nothing happened for 20 s"
            found += new
    return found


def python(
    tmp_path: Path, code: str, key: str = "step", log: Path | None = None, idle_timeout: float | None = None
) -> Spec:
    argv = (sys.executable, "-S", "-c", code)
    return Spec(key, argv, tmp_path, {"PATH": os.environ["PATH"]}, idle_timeout=idle_timeout, log=log)


def test_both_streams_are_kept_apart_and_logged_together(tmp_path: Path) -> None:
    code = "import os; os.write(1, b'one\\n'); os.write(2, b'two\\n'); os.write(1, b'\\xffthree')"
    log = tmp_path / "logs" / "step.log"
    found = happenings(tmp_path, python(tmp_path, code, log=log))
    (ended,) = (happening for happening in found if isinstance(happening, Exit))

    assert (ended.stdout, ended.stderr, ended.code) == ("one\n\ufffdthree", "two\n", 0)
    logged = log.read_bytes()
    assert len(logged) == len(b"one\ntwo\n\xffthree")
    assert all(text in logged for text in (b"one\n", b"two\n", b"\xffthree"))
    lines = [line for happening in found if isinstance(happening, Output) for line in happening.lines]
    assert sorted(lines) == ["one", "two", "\ufffdthree"]
    assert sorted(ended.tail) == ["one", "two", "\ufffdthree"]


def test_standard_input_is_closed_and_the_environment_is_the_given_one(tmp_path: Path) -> None:
    code = "import os, sys; print(repr(sys.stdin.read()), sorted(os.environ))"
    (ended,) = run_all(tmp_path, python(tmp_path, code))
    names = ["PATH", "XPTASKS_RUN_ID"]
    assert ended.stdout.replace(", 'LC_CTYPE'", "").replace("'LC_CTYPE', ", "") == f"'' {names}\n"


def test_a_child_of_a_run_inside_a_run_carries_both_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XPTASKS_RUN_ID", "outer/4")
    (ended,) = run_all(tmp_path, python(tmp_path, "import os; print(os.environ['XPTASKS_RUN_ID'])"))
    assert ended.stdout == f"outer/4 {mark('r1', myself())}/0\n"


@pytest.mark.parametrize("code", [0, 1, 7])
def test_the_exit_code_is_the_childs(tmp_path: Path, code: int) -> None:
    (ended,) = run_all(tmp_path, python(tmp_path, f"raise SystemExit({code})"))
    assert (ended.ended, ended.code) == (Ended.EXITED, code)


def test_a_signal_is_a_negative_exit_code(tmp_path: Path) -> None:
    (ended,) = run_all(tmp_path, python(tmp_path, "import os; os.kill(os.getpid(), 9)"))
    assert (ended.ended, ended.code) == (Ended.EXITED, -9)


def test_cpu_time_counts_the_whole_tree(tmp_path: Path) -> None:
    burn = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    code = f"import os\nif os.fork(): os.wait()\nelse:\n exec({burn!r})"
    (ended,) = run_all(tmp_path, python(tmp_path, code))
    assert ended.cpu_seconds >= 0.3


@pytest.mark.parametrize(
    ("argv", "missing", "error"),
    [
        (("no-such-program-here",), True, "No such file or directory"),
        ((os.devnull,), False, "Permission denied"),
        ((sys.executable, "nul\0"), False, "null byte"),
    ],
)
def test_what_cannot_start_is_told_like_every_other_end(
    tmp_path: Path, argv: tuple[str, ...], *, missing: bool, error: str
) -> None:
    (ended,) = run_all(tmp_path, Spec("step", argv, tmp_path, {"PATH": os.defpath}, log=tmp_path / "step.log"))
    assert (ended.ended, ended.code, ended.missing) == (Ended.NOT_STARTED, None, missing)
    assert error in ended.error


def test_a_missing_folder_is_not_a_missing_program(tmp_path: Path) -> None:
    (ended,) = run_all(tmp_path, Spec("step", (sys.executable,), tmp_path / "gone", {}))
    assert (ended.ended, ended.missing) == (Ended.NOT_STARTED, False)
    assert "gone" in ended.error


def test_a_log_that_cannot_be_opened_is_a_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (ended,) = run_all(tmp_path, python(tmp_path, "pass", log=tmp_path / "file" / "step.log"))
    assert ended.ended is Ended.NOT_STARTED


def test_a_chatty_child_is_not_idle(tmp_path: Path) -> None:
    code = "import time\nfor _ in range(8): print('.', flush=True); time.sleep(.1)"
    (ended,) = run_all(tmp_path, python(tmp_path, code, idle_timeout=0.6))
    assert ended.ended is Ended.EXITED


def test_many_children_end_with_their_own_results(tmp_path: Path) -> None:
    specs = [python(tmp_path, f"print({number}); raise SystemExit({number})", key=str(number)) for number in range(12)]
    ended = run_all(tmp_path, *specs)
    assert {end.key: (end.code, end.stdout) for end in ended} == {str(n): (n, f"{n}\n") for n in range(12)}


def test_a_daemon_ends_with_its_own_step_and_the_neighbour_goes_on(trees: Trees, tmp_path: Path) -> None:
    code = "import os, time\nwhile not os.path.exists('go'): time.sleep(.01)\nprint('done')"
    neighbour = python(tmp_path, code, key="neighbour")
    tree = Spec("tree", trees.argv("daemonised", "exit"), tmp_path, {})
    with Supervisor("r1", tmp_path / "runs") as supervisor:
        for spec in (neighbour, tree):
            supervisor.start(spec)
        happening = told(supervisor)
        first = next_exit(happening)
        assert (first.key, first.killed, trees.alive()) == ("tree", 1, []), first
        (tmp_path / "go").touch()
        second = next_exit(happening)
    assert (second.key, second.code, second.stdout) == ("neighbour", 0, "done\n")


def test_a_daemon_lives_as_long_as_its_step(trees: Trees, tmp_path: Path) -> None:
    with Supervisor("r1", tmp_path / "runs") as supervisor:
        supervisor.start(Spec("tree", trees.argv("daemonised", "sleep"), tmp_path, {}))
        happening = told(supervisor)
        wait_for_output(happening, "tree")
        supervisor.start(python(tmp_path, "pass", key="neighbour"))
        assert next_exit(happening).key == "neighbour"
        assert len(trees.alive()) == 2
    assert trees.alive() == []


def told(supervisor: Supervisor) -> Iterator[Happening]:
    while True:
        found = supervisor.wait(20)
        assert found, "nothing happened for 20 s"
        yield from found


def wait_for_output(happening: Iterator[Happening], key: str) -> None:
    next(one for one in happening if isinstance(one, Output) and one.key == key)


def next_exit(happening: Iterator[Happening]) -> Exit:
    return next(one for one in happening if isinstance(one, Exit))


def test_a_supervisor_that_is_left_early_ends_its_children(trees: Trees, tmp_path: Path) -> None:
    def leave() -> None:
        with Supervisor("r1", tmp_path / "runs") as supervisor:
            supervisor.start(Spec("tree", trees.argv("ignoring"), tmp_path, {}))
            wait_for_output(told(supervisor), "tree")
            raise RuntimeError("a mistake elsewhere")

    with pytest.raises(RuntimeError, match="a mistake elsewhere"):
        leave()
    assert trees.alive() == []


def test_what_ran_before_is_left_alone(trees: Trees, tmp_path: Path) -> None:
    with subprocess.Popen(trees.argv("plain"), stdout=subprocess.PIPE, start_new_session=True) as other:
        assert other.stdout
        other.stdout.readline()
        run_all(tmp_path, python(tmp_path, "pass"))
        assert len(trees.alive()) == 2
        os.killpg(other.pid, signal.SIGKILL)


def test_what_is_deployed_on_purpose_is_left_alone(trees: Trees, tmp_path: Path) -> None:
    code = (
        "import os, subprocess\n"
        f"child = subprocess.Popen({trees.argv('nothing')!r}, stdout=subprocess.PIPE, start_new_session=True,"
        " env={'XPTASKS_RUN_ID': ''})\n"
        "child.stdout.readline()"
    )
    (ended,) = run_all(tmp_path, python(tmp_path, code))
    assert (ended.code, ended.killed, len(trees.alive())) == (0, 0, 1)


def test_the_first_interrupt_asks(tmp_path: Path) -> None:
    code = "import time\ntry: print(flush=True); time.sleep(20)\nexcept KeyboardInterrupt: print('saved')"
    with Supervisor("r1", tmp_path / "runs") as supervisor:
        supervisor.start(python(tmp_path, code))
        happening = told(supervisor)
        wait_for_output(happening, "step")
        os.kill(os.getpid(), signal.SIGINT)
        assert Signalled(signal.SIGINT) in happening
        ended = next_exit(happening)
    assert (ended.ended, ended.stdout) == (Ended.INTERRUPTED, "\nsaved\n")


def test_the_second_interrupt_kills(tmp_path: Path) -> None:
    code = "import signal, time\nsignal.signal(2, signal.SIG_IGN); print(flush=True); time.sleep(20)"
    with Supervisor("r1", tmp_path / "runs", grace=60) as supervisor:
        supervisor.start(python(tmp_path, code))
        happening = told(supervisor)
        wait_for_output(happening, "step")
        os.kill(os.getpid(), signal.SIGINT)
        assert Signalled(signal.SIGINT) in happening
        os.kill(os.getpid(), signal.SIGINT)
        ended = next_exit(happening)
    assert (ended.ended, ended.code) == (Ended.INTERRUPTED, -9)


def test_signal_handlers_are_given_back(tmp_path: Path) -> None:
    before = [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
    run_all(tmp_path, python(tmp_path, "pass"))
    after = [signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
    assert after == before


def test_a_killed_parent_takes_the_supervisor_along(trees: Trees, tmp_path: Path) -> None:
    argv = [sys.executable, str(Path(__file__).with_name("supervised.py")), str(tmp_path / "runs"), "r1", "setsid"]
    code = f"import subprocess; subprocess.run({[*argv, trees.token]!r})"
    env = {"PYTHONPATH": str(Path(__file__).parents[2] / "tools")}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=env) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "ready\n"
        parent.kill()
        ended = json.loads(parent.stdout.readline())
    assert ended["ended"] == "terminated"
    assert trees.alive() == []
