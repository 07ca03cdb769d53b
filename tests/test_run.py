"""`xptasks run TIER` from end to end: a child process in a real repository, with commands as steps."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from tests.repository import QUIET, WITHOUT_GIT, Repository
from xptasks.history import outbox, runs
from xptasks.history.events import Kind

TOOLS = Path(__file__).parents[1] / "tools"
HEAD = (
    'version = 1\n[project]\nname = "small"\nsources = ["."]\ntests = "tests"\n[tiers.fast]\nsteps = ["one", "two"]\n'
)
GREEN = HEAD + '[steps.one]\nrun = ["true"]\n[steps.two]\nrun = ["true"]\ninputs = ["docs/**"]\n'
SPY = """
import atexit, sys
heavy = {"sqlalchemy", "alembic", "psycopg", "sqlite3"}
atexit.register(lambda: print("loaded:", sorted(heavy & sys.modules.keys()), file=sys.stderr))
"""


@pytest.fixture
def project(tmp_path: Path) -> Repository:
    project = Repository(tmp_path / "small").init("--template=")
    project.write(".gitignore", ".xp/\n")
    project.write("xpconfig.toml", GREEN)
    project.commit()
    return project


def start(folder: Path, *words: str, **environ: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "xptasks", "run", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**WITHOUT_GIT, **QUIET, "PYTHONPATH": str(TOOLS), "XPTASKS_OUTPUT": "plain", **environ},
    )


def run(project: Repository, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    with start(project.path, *words, **environ) as child:
        out, err = child.communicate(timeout=60)
    assert "Traceback" not in out + err
    return subprocess.CompletedProcess(words, child.returncode, out, err)


def results(project: Repository) -> dict[str, str]:
    """Each step's status, or "cached", as the run's own report says."""
    report = json.loads((project.path / ".xp/last-run.json").read_text())
    return {step["step"]: "cached" if step["cached"] else step["reading"]["status"] for step in report["steps"]}


def last_words(done: "subprocess.CompletedProcess[str]") -> str:
    return done.stderr.strip().split("\n", 1)[0]


def test_green_then_cached_then_only_what_changed(project: Repository) -> None:
    assert run(project, "fast").returncode == 0
    assert results(project) == {"one": "passed", "two": "passed"}
    assert run(project, "fast").returncode == 0
    assert results(project) == {"one": "cached", "two": "cached"}
    project.write("new.txt")
    assert run(project, "fast", "two").returncode == 0
    assert results(project) == {"two": "cached"}
    assert run(project, "fast").returncode == 0
    assert results(project) == {"one": "passed", "two": "cached"}


def test_a_run_is_recorded_and_neither_loads_nor_opens_a_database(project: Repository) -> None:
    spy = project.write("spy/sitecustomize.py", SPY)
    environ = {"PYTHONPATH": f"{TOOLS}:{spy.parent}", "COVERAGE_PROCESS_CONFIG": ""}  # coverage's own data is SQLite
    done = run(project, "fast", "--set", "tiers.fast.jobs=1", XPTASKS_ACTOR="human:ann", **environ)
    assert done.returncode == 0
    assert "loaded: []" in done.stderr
    (file,) = outbox.waiting(project.path / ".git" / "xptasks", "small")
    found = outbox.read(file)
    assert [(each.kind, each.data.get("step"), each.actor) for each in found] == [
        (Kind.RUN_FINISHED, None, "human:ann"),
        (Kind.STEP_FINISHED, "one", "human:ann"),
        (Kind.STEP_FINISHED, "two", "human:ann"),
        (Kind.INTERVENTION, None, "human:ann"),
    ]
    assert found[0].data["overrides"] == ["tiers.fast.jobs"]
    assert found == runs.events(json.loads((project.path / ".xp/last-run.json").read_text()))


def test_a_history_that_cannot_be_written_is_told_and_fails_no_run(project: Repository) -> None:
    project.write(".git/xptasks", "a file where a folder should be")
    done = run(project, "fast")
    assert done.returncode == 0
    assert done.stderr.count("the history cannot be written") == 1


@pytest.mark.slow
def test_without_the_cache_from_a_subfolder(project: Repository) -> None:
    run(project, "fast")
    project.write("docs/guide.md")
    with start(project.path / "docs", "fast", "--no-cache", "one") as child:
        child.communicate(timeout=60)
    assert child.returncode == 0
    assert results(project) == {"one": "passed"}


SLEEP = 'run = ["sleep", "60"]'


TWO = '[steps.two]\nrun = ["true"]\n'
NO_TOOL = GREEN.replace('"true"', '"no-such-program-here"', 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "code"),
    [
        pytest.param(GREEN.replace('"true"', '"false"', 1), 1, id="red"),
        pytest.param(GREEN + "broken", 2, id="not TOML"),
        pytest.param(GREEN + "odd = 1", 2, id="not a configuration", marks=pytest.mark.slow),
        pytest.param(NO_TOOL, 3, id="no tool", marks=pytest.mark.slow),
        pytest.param(
            NO_TOOL.replace("[tiers.fast]", "[tiers.fast]\nallow_partial = true"),
            0,
            id="no tool, allowed",
            marks=pytest.mark.slow,
        ),
        pytest.param(HEAD + f'[steps.one]\n{SLEEP}\ntimeout = "200ms"\n{TWO}', 5, id="time limit"),
        pytest.param(
            HEAD.replace("[tiers.fast]", '[tiers.fast]\nbudget = "300ms"') + f"[steps.one]\n{SLEEP}\n{TWO}",
            5,
            id="budget",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_exit_codes(config: str, code: int, project: Repository) -> None:
    project.write("xpconfig.toml", config)
    assert run(project, "fast").returncode == code
    assert json.loads((project.path / ".xp/last-run.json").read_text(encoding="utf-8"))["exit_code"] == code


@pytest.mark.slow
def test_a_refused_run_leaves_no_older_verdict(project: Repository) -> None:
    assert run(project, "fast").returncode == 0
    done = run(project, "fast", "three")
    kept = json.loads((project.path / ".xp/last-run.json").read_text(encoding="utf-8"))
    assert (done.returncode, kept["exit_code"], kept["status"]) == (2, 2, "error")
    assert "has no step named 'three'" in kept["notices"][0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("fsat",), "xpconfig.toml has no tier 'fsat'\n  did you mean 'fast'?"),
        (("fast", "three"), "this tier has no step named 'three'\n  its steps are: one, two"),
        ((), "the name of a tier is missing"),
        (("fast", "--odd"), "unrecognized arguments: --odd"),
        (("fast", "--set", "tiers.fast.jobs=0"), "tiers.fast.jobs"),
        (("--profile", "demo", "fast"), "demo"),
    ],
)
def test_a_command_line_that_cannot_be_used(words: tuple[str, ...], says: str, project: Repository) -> None:
    done = run(project, *words)
    assert done.returncode == 2
    assert says in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--json", "fast", "one"), ("fast", "--json", "one")])
def test_options_before_and_after_the_tier(words: tuple[str, ...], project: Repository) -> None:
    done = run(project, *words)
    assert done.returncode == 0
    assert [step["step"] for step in json.loads(done.stdout)["steps"]] == ["one"]


@pytest.mark.slow
def test_outside_a_project(tmp_path: Path) -> None:
    done = run(Repository(tmp_path), "fast")
    assert done.returncode == 2
    assert "there is no xpconfig.toml here or above" in last_words(done)


@pytest.mark.slow
def test_one_run_a_tier_and_worktree_at_a_time(project: Repository, tmp_path: Path) -> None:
    project.git("worktree", "add", "-q", str(tmp_path / "other"))
    folder = project.path / ".xp/tiers/fast"
    folder.mkdir(parents=True)
    (folder / "holder").write_text("process 7, since 11:12:13")
    with FileLock(folder / "lock"):
        done = run(project, "fast")
        assert run(Repository(tmp_path / "other"), "fast").returncode == 0
    assert done.returncode == 4
    assert done.stderr == (
        "fast is running in this worktree already: process 7, since 11:12:13\n  wait for it, or stop it\n"
    )
    assert not (project.path / ".xp/last-run.json").exists()


@pytest.mark.slow
def test_a_folder_that_cannot_be_made(project: Repository) -> None:
    project.write(".xp", "a file where the folder should be")
    done = run(project, "fast")
    assert done.returncode == 3
    assert last_words(done).startswith("nothing can be written to .xp: ")


@pytest.mark.slow
def test_our_folder_is_removed_while_a_step_runs(project: Repository) -> None:
    script = "import shutil; shutil.rmtree('.xp', ignore_errors=True)"
    project.write(
        "xpconfig.toml", HEAD + f'[steps.one]\nrun = ["python", "-S", "-c", "{script}"]\n[steps.two]\nrun = ["true"]\n'
    )
    assert run(project, "fast").returncode == 0


@pytest.mark.slow
def test_undeclared_variables_do_not_reach_a_step(project: Repository) -> None:
    script = "import os; print(*sorted(os.environ))"
    project.write(
        "xpconfig.toml",
        HEAD
        + f'[steps.one]\nenv = ["DECLARED"]\nrun = ["python", "-S", "-c", "{script}"]\n[steps.two]\nrun = ["true"]\n',
    )
    assert (
        run(project, "fast", DECLARED="1", SECRET="2", GIT_INDEX_FILE=".git/index", LD_LIBRARY_PATH="/x").returncode
        == 0
    )
    seen = set((project.path / ".xp/tiers/fast/one/log").read_text().split())
    assert "DECLARED" in seen
    assert not seen & {"SECRET", "PYTHONPATH", "LD_LIBRARY_PATH"}
    assert not {name for name in seen if name.startswith("GIT_")}


# -- signals ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def sleeping(project: Repository) -> Iterator[tuple[Repository, "subprocess.Popen[str]", psutil.Process]]:
    """A run whose first step sleeps, and that step's process."""
    project.write("xpconfig.toml", HEAD + f'[steps.one]\n{SLEEP}\n[steps.two]\nrun = ["true"]\n')
    with start(project.path, "fast") as runner:
        yield project, runner, _sleeper(runner.pid)
        runner.kill()


def _sleeper(runner: int) -> psutil.Process:
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        for child in psutil.Process(runner).children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # git and others come and go
                if child.name() == "sleep":
                    return child
        time.sleep(0.02)
    raise AssertionError("the step did not start")


def _gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_and_its_steps(
    signum: signal.Signals, code: int, sleeping: tuple[Repository, "subprocess.Popen[str]", psutil.Process]
) -> None:
    project, runner, step = sleeping
    runner.send_signal(signum)
    runner.communicate(timeout=30)
    assert runner.returncode == code
    assert _gone(step)
    assert results(project)["one"] == "cancelled"
    assert not (project.path / ".xp/tiers/fast/green").exists()


@pytest.mark.slow
def test_what_a_killed_run_left_is_ended_by_the_next(
    sleeping: tuple[Repository, "subprocess.Popen[str]", psutil.Process],
) -> None:
    project, runner, step = sleeping
    os.kill(runner.pid, signal.SIGKILL)
    runner.communicate(timeout=30)
    project.write("xpconfig.toml", GREEN)
    assert run(project, "fast").returncode == 0
    step.wait(timeout=10)
    assert _gone(step)
    assert not list((project.path / ".xp/runs").glob("*.json"))
