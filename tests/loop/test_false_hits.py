"""Whatever a result depends on: when it changes, neither the cache nor the hook's record may vouch for the old result.

Every change is tried on a real repository, twice: is the step that reads everything taken from the cache, and would the
hook let the commit pass? The other half of the table are changes of form only, after which both must still say yes.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.supervisor import FakeSupervisor
from tests.repository import CONFIG, Project, Repository
from xptasks.results import Status

pytestmark = pytest.mark.pr

Action = Callable[[Project], object]


@dataclass(frozen=True)
class Case:
    name: str
    change: Action
    before: Action = lambda _: None


def edited_with_old_times(project: Project) -> None:
    path = project.path / "app/main.py"
    times = path.stat()
    path.write_text("x = 2\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def flagged(flag: str) -> Action:
    return lambda project: project.git("update-index", flag, "app/main.py")


def config(*pairs: tuple[str, str]) -> Action:
    def act(project: Project) -> None:
        for name, value in pairs:
            project.git("config", name, value)

    return act


def write(name: str, content: str | bytes = "two\n") -> Action:
    return lambda project: project.write(name, content)


def committed(*actions: Action) -> Action:
    def act(project: Project) -> None:
        for action in actions:
            action(project)
        project.commit()

    return act


def each(*actions: Action) -> Action:
    def act(project: Project) -> None:
        for action in actions:
            action(project)

    return act


def link(name: str, target: str) -> Action:
    def act(project: Project) -> None:
        path = project.path / name
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    return act


def outside(name: str, content: str) -> Action:
    def act(project: Project) -> None:
        path = project.path.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    return act


def remove(name: str) -> Action:
    return lambda project: (project.path / name).unlink()


def rename(old: str, new: str) -> Action:
    return lambda project: (project.path / old).rename(project.path / new)


def chmod(name: str, mode: int) -> Action:
    return lambda project: (project.path / name).chmod(mode)


def file_to_folder(project: Project) -> None:
    (project.path / "app/main.py").unlink()
    project.write("app/main.py/__init__.py", "x = 1\n")


def with_submodule(project: Project) -> None:
    inner = Repository(project.path.parent / "inner").init()
    inner.write("inner.txt")
    inner.commit()
    project.git("submodule", "--quiet", "add", str(inner.path), "vendored")
    project.commit()


def with_nested(project: Project) -> None:
    inner = Repository(project.path / "nested").init()
    inner.write("inner.txt")
    inner.commit()


def within(name: str) -> Action:
    """A commit in the repository that lies within."""
    return lambda project: Repository(project.path / name).commit()


def unmerged(project: Project) -> None:
    project.git("checkout", "-q", "-b", "side")
    committed(write("app/main.py", "x = 2\n"))(project)
    project.git("checkout", "-q", "main")
    committed(write("app/main.py", "x = 3\n"))(project)
    with pytest.raises(Exception, match="merge"):
        project.git("merge", "side")


def name_in_bytes(raw: bytes) -> Action:
    return lambda project: Path(os.fsdecode(os.fsencode(project.path) + b"/app/" + raw)).write_text("odd\n")


def rewritten(project: Project) -> None:
    path = project.path / "app/main.py"
    path.write_bytes(path.read_bytes())
    os.utime(path, (1, 1))


def package(name: str) -> Action:
    return lambda project: (project.environment() / "lib/python3.12/site-packages" / name).mkdir()


def without_package(project: Project) -> None:
    shutil.rmtree(project.environment() / "lib/python3.12/site-packages/tool-1.0.dist-info")


def package_reinstalled(project: Project) -> None:
    os.utime(project.environment() / "lib/python3.12/site-packages/tool-1.0.dist-info", (1, 1))


def module_dropped_in(project: Project) -> None:
    (project.environment() / "lib/python3.12/site-packages/sitecustomize.py").write_text("")


def other_python(project: Project) -> None:
    (project.environment() / "bin/python").write_text("#!/bin/su\n")


def variable(name: str, value: str | None) -> Action:
    def act(project: Project) -> None:
        if value is None:
            project.environ.pop(name, None)
        else:
            project.environ[name] = value

    return act


def tool(name: str, content: str) -> Action:
    def act(project: Project) -> None:
        path = project.environment() / "bin" / name
        path.write_text(content)
        path.chmod(0o755)
        os.utime(path, (5, 5))

    return act


DECLARES = write("xpconfig.toml", CONFIG.replace('"check.py"]', '"check.py"]\nenv = ["DATABASE_URL"]'))
RUNS_TOOL = write("xpconfig.toml", CONFIG.replace('"python", "check.py"', '"mytool"'))
RUNS_SCRIPT = write("xpconfig.toml", CONFIG.replace('"python", "check.py"]', '"./check.sh"]\ninputs = ["docs/**"]'))
NAMES_IGNORED = write("xpconfig.toml", CONFIG.replace('"check.py"]', '"check.py"]\ninputs = ["build/**", ".secret"]'))
IGNORES_SECRET = write(".gitignore", ".xp/\nbuild/\n*.log\n.secret\n")
CRLF_ATTRIBUTES = committed(write(".gitattributes", "* text=auto\n"))
UPPER_FILTER = each(
    config(("filter.low.clean", "tr A-Z a-z"), ("filter.low.smudge", "cat")),
    committed(write(".gitattributes", "*.txt filter=low\n"), write("a.txt", "abc\n")),
)
ADDED: Action = lambda project: project.git("add", "-A")  # noqa: E731 - one of the words above

NO_HIT = [
    Case("edited", write("app/main.py", "x = 2\n")),
    Case("same size, old times", edited_with_old_times),
    Case("edited and staged", each(write("app/main.py", "x = 2\n"), ADDED)),
    Case("edited and committed", committed(write("app/main.py", "x = 2\n"))),
    Case("untracked file added", write("app/new.py")),
    Case("untracked file edited", write("app/new.py", "three\n"), write("app/new.py")),
    Case("untracked file removed", remove("app/new.py"), write("app/new.py")),
    Case("tracked file removed", remove("app/main.py")),
    Case("empty file added", write("app/__init__.py", "")),
    Case("made executable", chmod("app/main.py", 0o755)),
    Case("renamed", rename("app/main.py", "app/moved.py")),
    Case("file became a folder", file_to_folder),
    Case("file became a link", each(remove("app/main.py"), link("app/main.py", "../docs/guide.md"))),
    Case("assumed unchanged", write("app/main.py", "x = 2\n"), flagged("--assume-unchanged")),
    Case("worktree skipped", write("app/main.py", "x = 2\n"), flagged("--skip-worktree")),
    Case("an input hidden by .gitignore", write(".gitignore", ".xp/\nbuild/\n*.log\nnew.py\n"), write("app/new.py")),
    Case("line ends, staged", each(write("app/main.py", "x = 1\r\n"), ADDED), CRLF_ATTRIBUTES),
    Case(
        "line ends by configuration, staged",
        each(write("app/main.py", "x = 1\r\n"), ADDED),
        config(("core.autocrlf", "input")),
    ),
    Case("configuration", write("xpconfig.toml", CONFIG + "# a comment\n")),
    Case("distribution added", package("more-2.0.dist-info")),
    Case("distribution of another version", each(without_package, package("tool-1.1.dist-info"))),
    Case("distribution removed", without_package),
    Case("module dropped into the environment", module_dropped_in),
    Case("interpreter", other_python),
    Case("declared variable set", variable("DATABASE_URL", "a"), DECLARES),
    Case("declared variable changed", variable("DATABASE_URL", "b"), each(DECLARES, variable("DATABASE_URL", "a"))),
    Case("declared variable removed", variable("DATABASE_URL", None), each(DECLARES, variable("DATABASE_URL", "a"))),
    Case("search path", variable("PATH", "/usr/bin:/elsewhere")),
    Case("program of the environment, same size and age", tool("mytool", "b"), each(RUNS_TOOL, tool("mytool", "a"))),
    Case("program appeared", tool("mytool", "a"), RUNS_TOOL),
    Case("script that is no input", write("check.sh", "b"), each(RUNS_SCRIPT, write("check.sh", "a"))),
]

NO_HIT_EITHER = [
    Case("staged, then edited again", write("app/main.py", "x = 3\n"), each(write("app/main.py", "x = 2\n"), ADDED)),
    Case("removed from the index and the disk", lambda project: project.git("rm", "-q", "app/main.py")),
    Case("added with intent", each(write("app/new.py"), lambda project: project.git("add", "-N", "."))),
    Case("made executable, modes ignored", chmod("app/main.py", 0o755), config(("core.fileMode", "false"))),
    Case("renamed by git", lambda project: project.git("mv", "app/main.py", "app/moved.py")),
    Case("case of a name", rename("app/main.py", "app/Main.py")),
    Case("case of a name, case ignored", rename("app/main.py", "app/Main.py"), config(("core.ignoreCase", "true"))),
    Case(
        "edited after its case changed, case ignored",
        write("app/Main.py", "x = 5\n"),
        each(config(("core.ignoreCase", "true")), rename("app/main.py", "app/Main.py")),
    ),
    Case("link retargeted", link("link", "app"), committed(link("link", "docs"))),
    Case("link's target edited", outside("far.txt", "2"), each(outside("far.txt", "1"), link("link", "../far.txt"))),
    Case("link's target appeared", outside("far.txt", "1"), link("link", "../far.txt")),
    Case(
        "file in a linked folder edited",
        outside("far/deep/a.txt", "2"),
        each(outside("far/deep/a.txt", "1"), link("link", "../far")),
    ),
    Case(
        "folder behind two links edited",
        outside("further/a.txt", "2"),
        each(
            outside("far/a.txt", "1"),
            outside("further/a.txt", "1"),
            lambda project: (project.path.parent / "far/more").symlink_to(project.path.parent / "further"),
            link("link", "../far"),
        ),
    ),
    Case("assumed unchanged and removed", remove("app/main.py"), flagged("--assume-unchanged")),
    Case(
        "stat made inexact", edited_with_old_times, config(("core.trustctime", "false"), ("core.checkStat", "minimal"))
    ),
    Case("submodule edited", write("vendored/inner.txt"), with_submodule),
    Case("file added to a submodule", write("vendored/new.txt"), with_submodule),
    Case(
        "submodule of unseen changes",
        write("vendored/inner.txt"),
        each(with_submodule, config(("diff.ignoreSubmodules", "all"))),
    ),
    Case("repository within edited", write("nested/inner.txt"), with_nested),
    Case("file added to a repository within", write("nested/new.txt"), with_nested),
    Case("repository within committed edit", each(write("nested/inner.txt"), within("nested")), with_nested),
    Case("unmerged, edited", write("app/main.py", "x = 4\n"), unmerged),
    Case("unmerged", unmerged),
    Case("an input hidden by git's own exclusions", write(".git/info/exclude", "new.py\n"), write("app/new.py")),
    Case("ignored folder that inputs name, file added", write("build/a.bin"), NAMES_IGNORED),
    Case(
        "ignored folder that inputs name, file edited",
        write("build/a.bin", "3"),
        each(NAMES_IGNORED, write("build/a.bin")),
    ),
    Case(
        "ignored folder that inputs name, file removed",
        remove("build/a.bin"),
        each(NAMES_IGNORED, write("build/a.bin")),
    ),
    Case("ignored file that inputs name", write(".secret", "3"), each(NAMES_IGNORED, IGNORES_SECRET, write(".secret"))),
    Case("name that is not UTF-8", name_in_bytes(b"\xff.py")),
    Case("name with a line feed", name_in_bytes(b"a\nb.py")),
    Case("name with a tab", name_in_bytes(b"a\tb.py")),
    Case("name with spaces and quotes", name_in_bytes(b" \"a' \\b")),
    Case("line ends, edited", write("app/main.py", "x = 1\r\n"), CRLF_ATTRIBUTES),
    Case("cleaned away by a filter, staged", each(write("a.txt", "ABC\n"), ADDED), UPPER_FILTER),
    Case("distribution installed again", package_reinstalled),
    Case("declared variable emptied", variable("DATABASE_URL", ""), each(DECLARES, variable("DATABASE_URL", "a"))),
    Case("language", variable("LC_ALL", "de_DE.UTF-8")),
]

HIT = [
    Case("nothing", lambda _: None),
    Case("touched", lambda project: os.utime(project.path / "app/main.py", (1, 1))),
    Case("edited and edited back", each(write("app/main.py", "y\n"), write("app/main.py", "x = 1\n"))),
    Case("staged", ADDED, each(write("app/new.py"), write("app/main.py", "x = 2\n"))),
    Case("committed", committed(), each(write("app/new.py"), write("app/main.py", "x = 2\n"), remove("docs/guide.md"))),
    Case("ignored file", write("app/debug.log")),
    Case("our own folder, though not ignored", write(".xp/anything"), write(".gitignore", "")),
    Case(
        "undeclared variables",
        each(variable("DATABASE_URL", "b"), variable("PYTHONPATH", "/evil"), variable("GIT_DIR", "x")),
    ),
    Case(
        "in a hook of git", lambda project: project.environ.update(PATH="/usr/lib/git-core:" + project.environ["PATH"])
    ),
]

HIT_TOO = [
    Case("written again", rewritten),
    Case("amended", lambda project: project.git("commit", "-q", "--amend", "-m", "other words")),
    Case("on another branch", lambda project: project.git("checkout", "-q", "-b", "other")),
    Case("removed from the index only", lambda project: project.git("rm", "-q", "--cached", "app/main.py")),
    Case("ignored folder", write("build/out.bin")),
    Case(
        "in another environment",
        lambda project: project.environ.update(VIRTUAL_ENV="/v", PATH="/v/bin:" + project.environ["PATH"]),
    ),
    Case(
        "caches behind a link",
        outside("far/__pycache__/a.pyc", "2"),
        each(outside("far/a.py", "1"), link("link", "../far")),
    ),
    Case("submodule committed", within("vendored"), each(with_submodule, write("vendored/inner.txt"))),
    Case("repository within committed", within("nested"), each(with_nested, write("nested/new.txt"))),
]


def recorded(project: Project, case: Case) -> Project:
    """A project that was found green in the state before the change."""
    case.before(project)
    status, _ = project.run()
    assert status is Status.PASSED
    assert project.green()
    return project


def cases(usual: list[Case], rare: list[Case]) -> pytest.MarkDecorator:
    """A test for each; the rarer ones run at night."""
    marked = [pytest.param(case, marks=pytest.mark.slow) for case in rare]
    return pytest.mark.parametrize("case", [*usual, *marked], ids=lambda case: case.name)


@cases(NO_HIT, NO_HIT_EITHER)
def test_never_a_hit_after(case: Case, project: Project) -> None:
    recorded(project, case)
    case.change(project)
    assert not project.green()
    assert "check" not in project.cached()


@cases(HIT, HIT_TOO)
def test_still_a_hit_after(case: Case, project: Project) -> None:
    recorded(project, case)
    case.change(project)
    assert project.green()
    assert project.cached() == {"check", "other"}


def test_the_way_back_is_a_hit(project: Project) -> None:
    """Both states were green, so going back to the first needs no run of a step."""
    recorded(project, Case("", lambda _: None))
    project.write("app/main.py", "x = 2\n")
    assert project.run()[0] is Status.PASSED
    project.git("checkout", "-q", "app/main.py")
    assert project.cached() == {"check", "other"}


def test_platform(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(project, Case("", lambda _: None))
    real = os.uname()
    monkeypatch.setattr(os, "uname", lambda: (real.sysname, real.nodename, "other", real.version, real.machine))
    assert not project.green()
    assert project.cached() == set()


def test_the_name_of_the_host_does_not_count(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(project, Case("", lambda _: None))
    real = os.uname()
    monkeypatch.setattr(os, "uname", lambda: (real.sysname, "other", real.release, real.version, real.machine))
    assert project.green()


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("CI", "", "1"), ("CI", "1", "0"), ("XPTASKS_PROFILE", "", "demo"), ("XPTASKS_TIERS__FAST__JOBS", "", "1")],
)
def test_overrides_of_the_configuration(name: str, before: str, after: str, project: Project) -> None:
    """The record stands for one configuration; a step's key holds its own options."""
    project.environ[name] = before
    recorded(project, Case("", lambda _: None))
    project.environ[name] = after
    assert not project.green()


def test_how_results_are_shown_does_not_count(project: Project) -> None:
    recorded(project, Case("", lambda _: None))
    project.environ["XPTASKS_OUTPUT"] = "agent"
    assert project.green()


def test_a_step_runs_only_when_its_own_inputs_changed(project: Project) -> None:
    recorded(project, Case("", lambda _: None))
    project.write("app/main.py", "x = 2\n")
    assert project.cached() == {"other"}
    supervisor = FakeSupervisor()
    project.run(supervisor=supervisor)
    assert [spec.key for spec in supervisor.started] == ["check"]


@pytest.mark.parametrize("words", [("-k", "name"), ("--verbose",)])
def test_words_for_a_step_are_part_of_its_key(words: tuple[str, ...], project: Project) -> None:
    recorded(project, Case("", lambda _: None))
    assert project.prepare("check", *words).ready[0].planned.cached is None
    project.run("check", *words)
    assert project.prepare("check", *words).ready[0].planned.cached is not None


def test_options_are_part_of_the_key(project: Project) -> None:
    recorded(project, Case("", lambda _: None))
    with_limit = CONFIG.replace('inputs = ["docs/**"]', 'inputs = ["docs/**"]\ntimeout = "9s"')
    project.write("xpconfig.toml", with_limit)
    assert project.cached() == set()


@pytest.mark.parametrize("folder", [".", "part/of/it"])
def test_a_linked_worktree_has_its_own_results(folder: str, tmp_path: Path) -> None:
    main = Project(tmp_path / "repo" / folder)
    Repository(tmp_path / "repo").init()
    main.fill().commit()
    recorded(main, Case("", lambda _: None))
    Repository(tmp_path / "repo").git("worktree", "add", "-q", str(tmp_path / "tree"))
    tree = Project(tmp_path / "tree" / folder)
    assert not tree.green()
    assert tree.cached() == set()
    recorded(tree, Case("", lambda _: None))
    tree.write("app/main.py", "x = 2\n")
    assert not tree.green()
    assert main.green()


@pytest.mark.parametrize("folder", [".", "part/of/it"])
@pytest.mark.parametrize("index", [".git/index", ".git/next-index-1.lock", "absolute"])
def test_in_a_hook_git_names_another_index(
    folder: str, index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`git commit FILE` shows its hooks an index that holds only what is committed; the files on the disk count."""
    outer = Repository(tmp_path / "repo").init()
    project = Project(outer.path / folder)
    project.fill().commit()
    recorded(project, Case("", lambda _: None))
    monkeypatch.setenv("GIT_DIR", ".git" if index != "absolute" else str(outer.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", index if index != "absolute" else str(outer.path / ".git/other-index"))
    assert project.green()
    project.write("app/main.py", "x = 2\n")
    assert not project.green()
    assert "check" not in project.cached()


def test_a_hook_sees_into_submodules(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(project, Case("", lambda _: None, with_submodule))
    monkeypatch.setenv("GIT_DIR", str(project.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert project.green()
    project.write("vendored/inner.txt", "two\n")
    assert not project.green()
