import errno
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.supervisor import FakeSupervisor
from tests.repository import CONFIG, Project
from xptasks.errors import UsageError
from xptasks.loop import gate
from xptasks.results import Event, Status
from xptasks.system.processes import Ended, Exit, Spec
from xptasks.tiers import fingerprint, quick

pytestmark = pytest.mark.pr

RED = {"check": Exit("check", Ended.EXITED, code=1)}


def notices(events: list[Event]) -> list[str]:
    return [event.data["message"] for event in events if event.kind == "notice"]


# -- only green is kept --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (Exit("check", Ended.EXITED, code=1), Status.FAILED),
        (Exit("check", Ended.EXITED, code=-9), Status.FAILED),
        (Exit("check", Ended.NOT_STARTED, missing=True), Status.UNAVAILABLE),
        (Exit("check", Ended.NOT_STARTED, error="no"), Status.ERROR),
        (Exit("check", Ended.TIMED_OUT, code=-15), Status.TIMED_OUT),
        (Exit("check", Ended.INTERRUPTED, code=-2), Status.CANCELLED),
        (Exit("check", Ended.TERMINATED, code=-15), Status.CANCELLED),
    ],
)
def test_only_green_is_kept(end: Exit, status: Status, project: Project) -> None:
    _, events = project.run(supervisor=FakeSupervisor(ends={"check": end}))
    results = {event.step: event.data["result"] for event in events if event.kind == "step-finished"}
    assert results["check"]["reading"]["status"] == status
    assert project.cached() == {"other"}
    assert not project.green()


def test_a_cached_result_says_so_and_keeps_its_figures(project: Project) -> None:
    project.run(supervisor=FakeSupervisor(takes={"check": 2.5}))
    _, events = project.run()
    results = {event.step: event.data["result"] for event in events if event.kind == "step-finished"}
    assert results["check"]["cached"]
    assert results["check"]["seconds"] == 2.5
    assert results["check"]["rerun"] == "nox -s fast -- check"


def test_when_all_is_cached_nothing_starts_and_the_record_comes_back(project: Project) -> None:
    project.run()
    Path(quick.path_of(str(project.path), "fast")).unlink()
    supervisor = FakeSupervisor()
    assert project.run(supervisor=supervisor)[0] is Status.PASSED
    assert not supervisor.entered
    assert project.green()


def test_what_a_later_run_contradicts_is_forgotten(project: Project) -> None:
    """A flaky step was green here once; after it was red nothing vouches for it any more."""
    project.run()
    project.run(use_cache=False, supervisor=FakeSupervisor(ends=RED))
    assert project.cached() == {"other"}
    assert not project.green()


def test_a_red_run_of_one_step_takes_the_record_away(project: Project) -> None:
    project.run()
    project.run("check", use_cache=False, supervisor=FakeSupervisor(ends=RED))
    assert not project.green()


def test_a_green_run_of_one_step_leaves_no_record(project: Project) -> None:
    project.run("check")
    assert not project.green()
    assert project.cached() == {"check"}


def test_a_green_run_with_overrides_leaves_no_record(project: Project) -> None:
    project.run(ordinary=False)
    assert not project.green()


def test_without_the_cache_everything_runs_and_is_kept(project: Project) -> None:
    project.run()
    supervisor = FakeSupervisor()
    project.run(use_cache=False, supervisor=supervisor)
    assert {spec.key for spec in supervisor.started} == {"check", "other"}
    assert project.green()


def test_a_step_that_is_never_cached_always_runs_and_prevents_the_record(project: Project) -> None:
    project.write("xpconfig.toml", CONFIG.replace('"check.py"]', '"check.py"]\ncache = false'))
    project.run()
    assert project.cached() == {"other"}
    assert not project.green()
    assert [item.verdict for item in project.prepare("check").ready] == ["runs: it is never cached"]


# -- what is written while it runs ---------------------------------------------------------------------------------


@dataclass(eq=False)
class Meddler(FakeSupervisor):
    """Somebody edits files while the steps run."""

    meddle: Callable[[], object] = lambda: None

    def start(self, spec: Spec) -> None:
        super().start(spec)
        if spec.key == "check":
            self.meddle()


def edit_and_edit_back(project: Project) -> None:
    path = project.path / "app/main.py"
    before, times = path.read_bytes(), path.stat()
    path.write_text("x = 2\n")
    path.write_bytes(before)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize(
    ("meddle", "why"),
    [
        (lambda project: project.write("app/main.py", "x = 2\n"), "app/main.py was written while it ran"),
        (edit_and_edit_back, "app/main.py was written while it ran"),
        (lambda project: project.write("app/new.py"), "app/new.py was written while it ran"),
        (lambda project: (project.path / "app/main.py").unlink(), "its inputs changed while it ran"),
        (lambda project: (project.path / ".git/HEAD").unlink(), "the state of its inputs cannot be told any more"),
        (
            lambda project: (project.environment() / "lib/python3.12/site-packages/late-1.0.dist-info").mkdir(),
            "its inputs changed while it ran",
        ),
    ],
    ids=["edited", "edited and back", "added", "removed", "no repository any more", "installed"],
)
def test_what_was_written_meanwhile_is_not_vouched_for(
    meddle: Callable[[Project], object], why: str, project: Project
) -> None:
    status, events = project.run(supervisor=Meddler(meddle=lambda: meddle(project)))
    assert status is Status.PASSED
    assert f"check is not kept in the cache: {why}" in notices(events)
    assert "check" not in project.cached()
    assert not project.green()


@pytest.mark.parametrize(
    ("meddle", "edited"),
    [
        (lambda _: None, ""),
        (lambda project: project.write("app/main.py", "x = 2\n"), "app/main.py"),
        (edit_and_edit_back, "app/main.py"),
        (lambda project: project.write("app/new.py"), "app/new.py"),
        (lambda project: (project.path / "app/main.py").unlink(), "app/main.py"),
    ],
    ids=["left alone", "edited", "edited and back", "added", "removed"],
)
@pytest.mark.parametrize("red", [False, True], ids=["green", "red"])
def test_a_run_says_which_file_of_its_commit_was_edited_meanwhile(
    meddle: Callable[[Project], object],
    edited: str,
    red: bool,  # noqa: FBT001
    project: Project,
) -> None:
    ends = {"other": Exit("other", Ended.EXITED, code=1)} if red else {}
    _, events = project.run(supervisor=Meddler(ends=ends, meddle=lambda: meddle(project)))
    assert events[0].data["commit"]
    assert events[-1].data.get("edited", "") == edited


def test_a_run_says_what_is_in_no_commit(project: Project) -> None:
    assert project.run()[1][0].data["dirty"] == []
    project.write("app/new.py")
    project.write("app/main.py", "x = 2\n")
    started = project.run()[1][0].data
    assert started["commit"] == ""
    assert started["dirty"] == [" M app/main.py", "?? app/new.py"]


def test_a_run_says_in_what_kind_of_environment_it_was(project: Project) -> None:
    def environment() -> str:
        return str(project.run("other")[1][0].data["circumstances"]["environment"])

    packages = project.environment() / "lib/python3.12/site-packages"
    first = environment()
    assert len(first) == 16
    os.utime(packages / "tool-1.0.dist-info", (0, 0))
    assert environment() == first, "another machine, set up alike"
    (packages / "tool-1.0.dist-info").rename(packages / "tool-1.1.dist-info")
    assert environment() != first


def test_who_runs_a_tier_makes_no_difference_to_what_is_green(project: Project) -> None:
    project.run()
    project.environ["XPTASKS_ACTOR"] = "human:ann"
    assert project.green()
    assert project.cached() == {"check", "other"}


def test_a_file_that_no_step_reads_spoils_only_the_record(project: Project) -> None:
    project.write("xpconfig.toml", CONFIG.replace('"check.py"]', '"check.py"]\ninputs = ["app/**"]'))
    project.run(supervisor=Meddler(meddle=lambda: project.write("unread.txt")))
    assert project.cached() == {"check", "other"}
    assert not project.green()
    project.run()
    assert project.green()


# -- what the children see -----------------------------------------------------------------------------------------


def test_undeclared_variables_never_reach_a_child(project: Project) -> None:
    project.write("xpconfig.toml", CONFIG.replace('"check.py"]', '"check.py"]\nenv = ["DECLARED", "ABSENT"]'))
    project.environ |= {
        "DECLARED": "yes",
        "SECRET": "no",
        "PYTHONPATH": "/evil",
        "PYTHONSTARTUP": "/evil",
        "GIT_DIR": "/evil",
        "GIT_INDEX_FILE": "/evil",
        "VIRTUAL_ENV": "/evil",
        "LD_PRELOAD": "/evil.so",
        "XPTASKS_PROFILE": "demo",
        "PATH": "/evil/bin:relative::/usr/libexec/git-core:/usr/bin:/usr/bin",
    }
    supervisor = FakeSupervisor()
    project.run(supervisor=supervisor)
    seen = {spec.key: dict(spec.env or {}) for spec in supervisor.started}
    environment = str(project.environment())
    common = {
        "PATH": f"{environment}/bin:/usr/bin",
        "HOME": "/nowhere",
        "VIRTUAL_ENV": environment,
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "COLUMNS": "120",
    }
    assert seen == {"check": {**common, "DECLARED": "yes"}, "other": common}


def test_a_variable_that_the_project_declares_reaches_every_step(project: Project) -> None:
    project.write("xpconfig.toml", CONFIG.replace('tests = "tests"', 'tests = "tests"\nenv = ["EVERYWHERE"]'))
    project.environ["EVERYWHERE"] = "1"
    supervisor = FakeSupervisor()
    project.run(supervisor=supervisor)
    assert [dict(spec.env or {})["EVERYWHERE"] for spec in supervisor.started] == ["1", "1"]


# -- where nothing can be cached -----------------------------------------------------------------------------------


def no_repository(tmp_path: Path) -> Project:
    project = Project(tmp_path / "plain")
    project.path.mkdir()
    return project.fill()


def ignored_by_the_repository_around(tmp_path: Path) -> Project:
    Project(tmp_path / "outer").init().write(".gitignore", "inner/\n")
    project = Project(tmp_path / "outer/inner")
    return project.fill()


def broken_repository(tmp_path: Path) -> Project:
    project = no_repository(tmp_path)
    project.write(".git", "gitdir: /nowhere\n")
    return project


def unreadable_editable(tmp_path: Path) -> Project:
    project = Project(tmp_path / "small")
    project.init()
    info = project.environment() / "lib/python3.12/site-packages/loose-1.0.dist-info"
    info.mkdir()
    (tmp_path / "loose").mkdir()
    url = {"url": (tmp_path / "loose").as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(url))
    return project.fill()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (no_repository, "is not in a git repository, or git cannot list it"),
        (broken_repository, "is not in a git repository, or git cannot list it"),
        (ignored_by_the_repository_around, "git ignores"),
        (unreadable_editable, "loose is not in a git repository"),
    ],
)
def test_where_nothing_can_be_cached_everything_runs_and_says_why(
    make: Callable[[Path], Project], why: str, tmp_path: Path
) -> None:
    project = make(tmp_path)
    prepared = project.prepare()
    assert prepared.notice.startswith("nothing can be cached: ")
    assert why in prepared.notice
    assert {item.verdict for item in prepared.ready} == {"runs: nothing can be cached"}
    assert project.run()[0] is Status.PASSED
    assert project.cached() == set()
    assert not project.green()


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    project = Project(tmp_path / "new")
    project.init()
    project.fill().run()
    assert project.green()
    project.write("app/main.py", "x = 2\n")
    assert not project.green()


def test_a_git_that_is_not_installed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "git cannot list it" in project.prepare().notice


# -- what is remembered may be damaged or missing ------------------------------------------------------------------


def damaged(project: Project, text: str) -> None:
    kept = [path for path in (project.path / ".xp").rglob("*") if path.is_file()]
    assert len(kept) >= 4
    for path in kept:
        path.write_text(text)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "7", '"text"', '{"format": 1}', '{"format": 1, "reading": 3}', "\0"],
)
def test_damaged_state_costs_time_only(text: str, project: Project) -> None:
    project.run()
    damaged(project, text)
    assert not project.green()
    assert project.cached() == set()
    assert project.run()[0] is Status.PASSED
    assert project.green()


@pytest.mark.parametrize(
    ("key", "value"),
    [("status", "failed"), ("status", "odd"), ("findings", ["text"]), ("measurements", [{"odd": 1}]), ("findings", 3)],
)
def test_a_kept_result_that_is_not_one_is_no_hit(key: str, value: object, project: Project) -> None:
    project.run()
    (path,) = (project.path / ".xp/cache/fast/check").iterdir()
    stored: dict[str, Any] = json.loads(path.read_text())
    stored["reading"][key] = value
    path.write_text(json.dumps(stored))
    assert project.cached() == {"other"}


def test_a_deleted_folder_costs_time_only(project: Project) -> None:
    project.run()
    for path in sorted((project.path / ".xp").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert not project.green()
    assert project.run()[0] is Status.PASSED
    assert project.green()


def test_a_full_disk_costs_time_only(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    project.run()
    project.write("app/main.py", "x = 2\n")
    monkeypatch.setattr(os, "fsync", full)
    assert project.run()[0] is Status.PASSED
    assert not project.green()
    assert project.cached() == {"other"}
    assert not list((project.path / ".xp").rglob("*.tmp"))


# -- what is asked for ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "steps", "argv"),
    [
        ((), {"check", "other"}, ("check.py",)),
        (("check",), {"check"}, ("check.py",)),
        (("other", "check"), {"check", "other"}, ("check.py",)),
        (("check", "-k", "name"), {"check"}, ("check.py", "-k", "name")),
        (("other", "check", "other"), {"check", "other"}, ("check.py",)),
        (("check", "-k", "other"), {"check"}, ("check.py", "-k", "other")),
    ],
)
def test_words_choose_steps_and_reach_the_last(
    words: tuple[str, ...], steps: set[str], argv: tuple[str, ...], project: Project
) -> None:
    ready = {item.planned.name: item for item in project.prepare(*words).ready}
    assert set(ready) == steps
    assert ready["check"].planned.command.argv[1:] == argv


@pytest.mark.parametrize(
    ("tier", "words", "message"),
    [
        ("fsat", (), "xpconfig.toml has no tier 'fsat'\n  did you mean 'fast'?"),
        ("zzz", (), "xpconfig.toml has no tier 'zzz'\n  its tiers are: fast"),
        ("fast", ("lint",), "this tier has no step named 'lint'\n  its steps are: check, other"),
        ("fast", ("-k", "name"), "this tier has no step named '-k'\n  its steps are: check, other"),
    ],
)
def test_what_does_not_exist(tier: str, words: tuple[str, ...], message: str, project: Project) -> None:
    with pytest.raises(UsageError) as caught:
        project.prepare(*words, tier=tier)
    assert str(caught.value) == message


def test_the_slowest_step_starts_first(project: Project) -> None:
    assert [item.planned.name for item in project.prepare().ready] == ["check", "other"]
    project.run(supervisor=FakeSupervisor(takes={"check": 1, "other": 2}))
    assert [item.planned.name for item in project.prepare().ready] == ["other", "check"]


def test_the_files_that_changed_since_the_last_green_run(project: Project) -> None:
    project.run()
    project.write("app/main.py", "x = 2\n")
    project.write("app/new.py")
    (project.path / "docs/guide.md").unlink()
    found = gate._changed(project.request(), fingerprint.tree(str(project.path)))
    assert found == ("app/main.py", "app/new.py", "docs/guide.md")


def test_where_the_project_is_the_library_its_code_is_an_input_of_every_step() -> None:
    root = Path(gate.__file__).parents[3]
    assert gate.own_globs(root) == ("tools/xptasks/**",)
    assert gate.own_globs(Path("/elsewhere")) == ()


# -- values for tests, and what is known -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["test.env", "build/test.env"])  # git ignores the second one
def test_a_file_of_values_is_seen_by_every_step_and_counts(name: str, project: Project) -> None:
    project.write("xpconfig.toml", CONFIG.replace("[tiers.fast]", f'env_file = "{name}"\n[tiers.fast]'))
    project.write(name, "A_URL=sqlite://\nHOME=/elsewhere\n")
    project.run()
    assert all(item.planned.env["A_URL"] == "sqlite://" for item in project.prepare().ready)
    assert all(item.planned.env["HOME"] == "/nowhere" for item in project.prepare().ready)  # what is set goes first
    assert project.cached() == {"check", "other"}
    assert project.green()
    project.write(name, "A_URL=postgresql://\n")
    assert not project.green()
    assert project.cached() == set()


def test_a_baseline_counts_for_its_step_alone(project: Project) -> None:
    project.run()
    project.write(".xptasks/baseline.toml", '[findings.check]\n"a.py: E1" = 2\n')
    assert project.cached() == {"check", "other"}  # nobody may add to the merge base's
    project.commit()
    assert project.cached() == {"other"}
    assert not project.green()


def test_a_raw_run_takes_nothing_for_known(project: Project) -> None:
    project.write(".xptasks/baseline.toml", '[findings.check]\n"a.py: E1" = 2\n[tests.left_out]\n"t.py::a" = "hangs"\n')
    ready = project.prepare(measure=True, use_cache=False).ready
    assert all(item.key for item in ready)
    assert project.prepare(measure=True).terms.judge is None


def test_outside_the_projects_processes_find_the_library(project: Project) -> None:
    ready = project.prepare(own="/usr/bin/python-of-xptasks", path="/a/folder").ready
    assert {item.planned.env["PYTHONPATH"] for item in ready} == {"/a/folder"}
    assert {item.planned.env["XPTASKS_PYTHON"] for item in ready} == {project.request().python}
