"""The git hook as git starts it: a bare interpreter, no environment, a script of the standard library."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.repository import QUIET, Project

HOOK = Path(__file__).parents[1] / "tools" / "xptasks" / "hook.py"
GIT = shutil.which("git") or ""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "small")
    project.init("--template=")
    project.fill().commit()
    project.environ = environ(project)
    return project


def environ(project: Project) -> dict[str, str]:
    """A search path on which there is git, and a nox that says how it was called.

    Python itself sets LC_CTYPE where no language is set, here as in Nox.
    """
    bin_ = project.path.parent / "bin"
    bin_.mkdir(exist_ok=True)
    if not (bin_ / "git").exists():
        (bin_ / "git").symlink_to(GIT)
        script(bin_ / "nox", 'echo "nox $* in $(pwd)"')
    return {"PATH": f"{bin_}:/usr/bin:/bin", "HOME": "/nowhere", "LC_ALL": "C.UTF-8", **QUIET}


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def hook(
    folder: Path, *words: str, environ: Mapping[str, str], options: tuple[str, ...] = ("-I", "-S")
) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, *options, str(HOOK), *words],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("options", [("-I", "-S"), ()])
def test_nothing_changed(options: tuple[str, ...], project: Project) -> None:
    project.run()
    expected = (0, "fast: unchanged since it was green (2 steps passed)\n", "")
    assert hook(project.path, "fast", environ=project.environ, options=options) == expected


def test_something_changed(project: Project) -> None:
    project.run()
    project.write("app/main.py", "x = 2\n")
    assert hook(project.path, "fast", environ=project.environ) == (0, f"nox -s fast in {project.path}\n", "")


@pytest.mark.parametrize("start", ["docs", "app/new/deep"])
def test_in_a_subfolder(start: str, project: Project) -> None:
    project.run()
    (project.path / start).mkdir(parents=True, exist_ok=True)
    assert hook(project.path / start, "fast", environ=project.environ)[1].startswith("fast: unchanged")
    project.write("app/main.py", "x = 2\n")
    assert hook(project.path / start, "fast", environ=project.environ)[1] == f"nox -s fast in {project.path}\n"


def test_another_tier_knows_nothing_of_this_one(project: Project) -> None:
    project.run()
    for tier in ("pr", "no-such-tier", "../fast"):
        assert hook(project.path, tier, environ=project.environ)[1] == f"nox -s {tier} in {project.path}\n"


@pytest.mark.parametrize("record", [b"", b"\0", b"\xff\xfe", b"1\nenvironment /e\n", b"x" * 100_000])
def test_a_damaged_record(record: bytes, project: Project) -> None:
    project.write(".xp/tiers/fast/green", record)
    assert hook(project.path, "fast", environ=project.environ)[1] == f"nox -s fast in {project.path}\n"


def test_outside_a_project(project: Project, tmp_path: Path) -> None:
    assert hook(tmp_path, "fast", environ=project.environ) == (0, f"nox -s fast in {tmp_path}\n", "")


@pytest.mark.parametrize("words", [(), ("-h",), ("fast", "a", "b", "c")])
def test_a_wrong_call(words: tuple[str, ...], project: Project) -> None:
    assert hook(project.path, *words, environ=project.environ) == (2, "", "usage: hook.py TIER [FOLDER [SESSION]]\n")


def test_the_exit_code_is_that_of_nox(project: Project) -> None:
    script(project.path.parent / "bin/nox", "exit 7")
    assert hook(project.path, "fast", environ=project.environ)[0] == 7


def test_there_is_no_nox(project: Project) -> None:
    (project.path.parent / "bin/nox").unlink()
    code, out, err = hook(project.path, "fast", environ=project.environ)
    assert (code, out) == (3, "")
    assert err == "nox is not installed here\n  install the project's tools first; CONTRIBUTING.md says how\n"


def test_a_nox_that_cannot_be_started(project: Project) -> None:
    nox = project.path / ".venv/bin/nox"
    script(nox, "")
    nox.write_text("#!/nowhere/python\n")
    code, out, err = hook(project.path, "fast", environ=project.environ)
    assert (code, out) == (3, "")
    assert err.startswith(f"{nox} cannot be started: No such file or directory\n  ")


def test_which_nox(project: Project, tmp_path: Path) -> None:
    """That of the active environment, of the project's own, or the first on the search path."""
    script(project.path / "venv/bin/nox", "echo its own")
    assert hook(project.path, "fast", environ=project.environ)[1] == "its own\n"
    script(tmp_path / "active/bin/nox", "echo active")
    active = {**project.environ, "VIRTUAL_ENV": str(tmp_path / "active")}
    assert hook(project.path, "fast", environ=active)[1] == "active\n"


@pytest.mark.slow
@pytest.mark.parametrize("runner", ["prek", "pre-commit"])
def test_a_commit_through_a_hook_runner(runner: str, project: Project, tmp_path: Path) -> None:
    """What was green in the terminal passes the hook, what was not starts nox; a red nox stops the commit."""
    program = shutil.which(runner, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip(f"{runner} is not installed")
    project.write(
        ".pre-commit-config.yaml",
        "repos:\n- repo: local\n  hooks:\n  - id: fast\n    name: fast\n    language: system\n    verbose: true\n"
        f"    entry: {sys.executable} -I -S {HOOK} fast\n    pass_filenames: false\n    always_run: true\n",
    )
    project.environ |= {
        "HOME": str(tmp_path),
        "PRE_COMMIT_HOME": str(tmp_path / "kept"),
        "PREK_HOME": str(tmp_path / "prek"),
    }
    commit(project, "add", "-A")
    subprocess.run([program, "install"], cwd=project.path, env=project.environ, check=True, capture_output=True)

    project.run()  # green in the terminal, with everything staged
    assert "fast: unchanged since it was green" in commit(project, "commit", "-m", "green")

    project.write("app/main.py", "x = 2\n")
    assert "nox -s fast" in commit(project, "commit", "-a", "-m", "changed")

    project.run()
    project.write("app/main.py", "x = 3\n")
    project.write("docs/guide.md", "staged\n")
    commit(project, "add", "docs/guide.md")
    assert "nox -s fast" in commit(project, "commit", "-m", "the rest is set aside by the runner")

    script(tmp_path / "bin/nox", "exit 1")
    with pytest.raises(subprocess.CalledProcessError):
        commit(project, "commit", "-a", "-m", "red")
    project.run()
    assert "fast: unchanged since it was green" in commit(project, "commit", "-a", "-m", "green again")
    project.write("app/main.py", "x = 4\n")
    project.run()
    assert "fast: unchanged" in commit(project, "commit", "-m", "one file", "app/main.py")


def commit(project: Project, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=project.path, env={**project.environ}, check=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.stdout


def test_a_project_below_the_top_of_the_repository(project: Project, tmp_path: Path) -> None:
    project.run()
    told = hook(tmp_path, "fast", "small", "fast-small", environ=project.environ)
    assert told == (0, "fast: unchanged since it was green (2 steps passed)\n", "")
    project.write("app/main.py", "x = 2\n")
    expected = (0, f"nox -s fast-small in {tmp_path}\n", "")
    assert hook(tmp_path, "fast", "small", "fast-small", environ=project.environ) == expected
