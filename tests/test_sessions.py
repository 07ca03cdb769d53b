"""The sessions in a real Nox, whose tier installs a stand-in for the runner from a wheel: no network is needed."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import psutil
import pytest

from tests.repository import CONFIG, QUIET, Project
from xptasks import sessions

TOOLS = Path(__file__).parents[1] / "tools"
RUNNER = """
import os, pathlib, sys, time
print("runner", *sys.argv[1:], flush=True)
pathlib.Path("runner.pid").write_text(str(os.getpid()))
if "sleep" in sys.argv: time.sleep(60)
raise SystemExit("red" in sys.argv)
"""


def wheel(path: Path, version: str) -> Path:
    """A distribution named xptasks that holds only a program."""
    file = path / f"xptasks-{version}-py3-none-any.whl"
    info = f"xptasks-{version}.dist-info"
    files = {
        "xptasks/__main__.py": RUNNER,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: xptasks\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "small")
    project.init("--template=")
    project.fill()
    project.write(".gitignore", ".xp/\n.nox/\nrunner.pid\n")
    project.write("noxfile.py", "from xptasks import sessions\n\nsessions.register()\n")
    project.write("xpconfig.toml", CONFIG.replace("[tiers.fast]", '[tiers.fast]\ndescription = "before a commit"'))
    project.write("requirements/fast.txt", f"xptasks @ {wheel(tmp_path, '9').as_uri()}\n")
    project.environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(TOOLS),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_OFFLINE": "1",
        **QUIET,
    }
    return project


def start(project: Project, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "nox", *words],
        cwd=project.path, env=project.environ, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def nox(project: Project, *words: str) -> tuple[int, str]:
    with start(project, *words) as child:
        said, _ = child.communicate(timeout=120)
    assert "Traceback" not in said
    return child.returncode, said


@pytest.mark.slow
def test_installs_once_and_again_when_the_pins_change(project: Project, tmp_path: Path) -> None:
    code, said = nox(project, "-s", "fast")
    assert code == 0, said
    assert "pip install -r requirements/fast.txt" in said
    assert "runner run fast\n" in said

    code, said = nox(project, "-s", "fast", "--", "check", "-k", "name")
    assert "pip install" not in said
    assert "runner run fast check -k name\n" in said

    project.write("requirements/fast.txt", f"xptasks @ {wheel(tmp_path, '10').as_uri()}\n")
    assert "pip install" in nox(project, "-s", "fast")[1]
    assert "pip install" not in nox(project, "-s", "fast")[1]

    project.write("pyproject.toml", "[tool.ruff]\nline-length = 99\n")
    assert "pip install" in nox(project, "-s", "fast")[1]


@pytest.mark.pr
def test_install_only_installs_and_runs_nothing(project: Project) -> None:
    code, said = nox(project, "-s", "fast", "--install-only")
    assert code == 0
    assert "runner" not in said
    assert (project.path / ".nox" / "fast" / ".xptasks-installed").exists()


@pytest.mark.slow
def test_an_interrupted_installation_is_done_again(project: Project) -> None:
    project.write("requirements/fast.txt", "xptasks @ file:///nowhere/xptasks-9-py3-none-any.whl\n")
    assert nox(project, "-s", "fast")[0] == 1
    assert "pip install" in nox(project, "-s", "fast")[1]


@pytest.mark.slow
def test_what_was_green_starts_no_runner(project: Project) -> None:
    assert nox(project, "-s", "fast")[0] == 0
    environment = project.path / ".nox/fast"
    project.run(environment=environment, python=str(environment / "bin/python"))
    code, said = nox(project, "-s", "fast")
    assert code == 0
    assert "fast: unchanged since it was green (2 steps passed)" in said
    assert "runner run" not in said
    assert "runner run fast check" in nox(project, "-s", "fast", "--", "check")[1]
    project.write("app/main.py", "x = 2\n")
    assert "runner run fast\n" in nox(project, "-s", "fast")[1]


@pytest.mark.slow
def test_a_red_tier_is_a_red_session(project: Project) -> None:
    code, said = nox(project, "-s", "fast", "--", "red")
    assert code == 1
    assert "fast: exit code 1, details in .xp/last-run.json" in said


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_nox_leaves_nothing(signum: signal.Signals, project: Project) -> None:
    with start(project, "-s", "fast", "--", "sleep") as child:
        runner = _runner(project.path / "runner.pid")
        child.send_signal(signum)
        child.communicate(timeout=60)
        assert child.returncode != 0
        runner.wait(timeout=10)


def _runner(pid: Path) -> psutil.Process:
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        if pid.exists() and (text := pid.read_text()):
            return psutil.Process(int(text))
        time.sleep(0.05)
    raise AssertionError("the runner did not start")


@pytest.mark.slow
def test_the_list_describes_every_tier(project: Project) -> None:
    more = '\n[tiers.pr]\nincludes = ["fast"]\nsteps = ["lint"]\nbudget = "3m"\n'
    project.write("xpconfig.toml", (project.path / "xpconfig.toml").read_text() + more)
    code, said = nox(project, "-l")
    assert code == 0
    assert "* fast -> before a commit\n" in said
    assert "- pr -> all of fast, lint (budget 3m)\n" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("version = = 1", "xpconfig.toml: Invalid value (at line 1, column 11)"),
        ("\xff", "xpconfig.toml: "),
        (None, "xpconfig.toml: there is no such file beside noxfile.py"),
    ],
)
def test_a_file_that_cannot_be_used(text: str | None, says: str, project: Project) -> None:
    path = project.path / "xpconfig.toml"
    path.unlink() if text is None else path.write_bytes(text.encode("latin-1"))
    code, said = nox(project, "-l")
    assert code != 0
    assert says in said


@pytest.mark.parametrize(
    ("document", "needs"),
    [
        ({"tiers": {"fast": {"steps": ["lint", "format"]}}}, ("ruff",)),
        (
            {"tiers": {"fast": {"includes": ["base"], "steps": ["types"]}, "base": {"steps": ["lint"]}}},
            ("ruff", "mypy"),
        ),
        ({"tiers": {"fast": {"includes": ["fast", "gone"]}}}, ()),
        ({"tiers": {"fast": {"steps": ["mine"]}}, "steps": {"mine": {"needs": ["a>1"]}}}, ("a>1",)),
        ({"tiers": {"fast": {"steps": ["mine"]}}, "steps": 3}, ()),
        ({}, ()),
    ],
)
def test_what_a_project_without_pins_needs(document: dict[str, object], needs: tuple[str, ...]) -> None:
    assert sessions._needs(sessions._Tier(Path(), "fast", document)) == needs


class Origin:
    version = "1.2"

    def __init__(self, text: str | None) -> None:
        self._text = text

    def read_text(self, _: str) -> str | None:
        return self._text


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (None, ("xptasks==1.2",)),
        ('{"url": "https://localhost/x.whl"}', ("xptasks @ https://localhost/x.whl",)),
        ('{"url": "file:///a/x.whl", "archive_info": {}}', ("xptasks @ file:///a/x.whl",)),
        (
            '{"url": "https://localhost/x", "vcs_info": {"vcs": "git", "commit_id": "abc"}}',
            ("xptasks @ git+https://localhost/x@abc",),
        ),
        ('{"url": "file:///a%20b", "dir_info": {"editable": true}}', ("-e", "/a b")),
    ],
)
def test_where_the_library_comes_from(
    origin: str | None, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.distribution", lambda _: Origin(origin))
    assert sessions._own_requirement() == words
