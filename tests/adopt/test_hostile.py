"""Repositories that are not as one would wish."""

import json
import os
from pathlib import Path

import pytest

from tests.adopt.conftest import Make, snapshot
from tests.adopt.layouts import LAYOUTS
from tests.repository import Repository
from xptasks.adopt import blocks, commands, compose, manifest
from xptasks.adopt.commands import Options
from xptasks.errors import ConfigError, UsageError, XpError

NOW = Options(yes=True, measure=0)


def test_no_git(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make(LAYOUTS["src"], git=False).path
    before = snapshot(folder)
    assert commands.init(folder, NOW) == 0
    assert "this is no git repository" in capsys.readouterr().err
    assert not (folder / ".pre-commit-config.yaml").exists()
    assert commands.uninstall(folder, NOW) == 0
    assert snapshot(folder) == before


def test_no_commits_and_a_detached_head(make: Make) -> None:
    repository = make(LAYOUTS["src"], git=False)
    repository.init("--template=")
    assert commands.init(repository.path, NOW) == 0
    other = make(LAYOUTS["agents"], "other")
    other.git("checkout", "-q", "--detach")
    assert commands.init(other.path, NOW) == 0


def test_links_are_never_written_through(make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "agents").write_text("theirs\n")
    repository = make(LAYOUTS["src"])
    (repository.path / "AGENTS.md").symlink_to(outside / "agents")
    (repository.path / "tasks.py").symlink_to("nowhere")
    (repository.path / ".gitignore").mkdir()
    assert commands.init(repository.path, NOW) == 0
    assert (outside / "agents").read_text() == "theirs\n"
    assert (repository.path / "tasks.py").is_symlink()
    said = capsys.readouterr().err
    assert "AGENTS.md is left alone: it is a link to" in said
    assert ".gitignore is left alone: it is no file" in said


def test_a_folder_that_is_a_link_out_of_the_repository(make: Make, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    repository = make(LAYOUTS["src"])
    (repository.path / ".xptasks").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(XpError):
        commands.init(repository.path, NOW)
    assert not any((tmp_path / "elsewhere").iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_nobody_may_write_to(make: Make) -> None:
    repository = make(LAYOUTS["src"])
    repository.path.chmod(0o500)
    try:
        with pytest.raises(XpError, match="cannot be written"):
            commands.init(repository.path, NOW)
    finally:
        repository.path.chmod(0o700)


def test_a_disk_that_is_full(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = make(LAYOUTS["src"])
    before = snapshot(repository.path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("xptasks.adopt.writing.atomic_write", full)
        with pytest.raises(XpError, match="No space left"):
            commands.init(repository.path, NOW)
    assert snapshot(repository.path) == before


def test_huge_and_binary_files(make: Make) -> None:
    files = {
        **LAYOUTS["src"],
        "pyproject.toml": b"\xff" * 100,
        "data.bin": b"\0" * (2 << 20),
        "AGENTS.md": b"x" * (5 << 20),
    }
    repository = make(files)
    before = snapshot(repository.path)
    assert commands.init(repository.path, NOW) == 0
    assert snapshot(repository.path)["AGENTS.md"] == before["AGENTS.md"]


def test_names_that_are_no_text(make: Make) -> None:
    repository = make(LAYOUTS["src"])
    (repository.path / os.fsdecode(b"caf\xe9.py")).write_text("x = 1\n")
    (repository.path / "two\nlines.py").write_text("x = 1\n")
    assert commands.init(repository.path, NOW) == 0


def test_a_configuration_that_is_there_is_kept(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    mine = 'version = 1\n[project]\nname = "mine"\n[tiers.fast]\nsteps = ["lint"]\n'
    repository = make({**LAYOUTS["src"], "xpconfig.toml": mine, "noxfile.py": "def broken(:\n"})
    assert commands.init(repository.path, NOW) == 0
    assert (repository.path / "xpconfig.toml").read_text() == mine
    assert (repository.path / "noxfile.py").read_text() == "def broken(:\n"
    said = capsys.readouterr().err
    assert "xpconfig.toml is there already" in said
    assert "noxfile.py cannot be read" in said
    assert commands.uninstall(repository.path, NOW) == 0
    assert (repository.path / "xpconfig.toml").read_text() == mine


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', json.dumps({"format": 1, "stage": "done"})])
def test_a_damaged_record_is_one_message(text: str, make: Make) -> None:
    repository = make({**LAYOUTS["src"], manifest.NAME: text})
    for call in (commands.init, commands.update, commands.uninstall):
        with pytest.raises(ConfigError, match="this is no record of an adoption"):
            call(repository.path, NOW)


def test_a_folder_that_is_not_there(make: Make) -> None:
    repository = make(LAYOUTS["src"])
    with pytest.raises(UsageError, match="there is no folder nowhere"):
        commands.init(repository.path, Options(yes=True, measure=0, projects=("nowhere",)))


def test_environments_in_the_repository_are_not_its_code(make: Make) -> None:
    litter = {".venv/pyvenv.cfg": "", ".venv/lib/x/tests/test_x.py": "", "env/pyvenv.cfg": "", "env/setup.py": ""}
    repository = make(LAYOUTS["src"])
    for name, content in litter.items():
        repository.write(name, content)
    assert commands.init(repository.path, NOW) == 0
    assert ".venv/\nenv/\n" in (repository.path / ".gitignore").read_text()


LEFT = (
    "small/__pycache__/x.pyc",
    ".coverage",
    ".coverage.host.1.x",
    ".hypothesis/examples/x",
    ".pytest_cache/x",
    ".mypy_cache/x",
    ".ruff_cache/x",
    ".import_linter_cache/x",
    ".xp/last-run.json",
)


def _block(repository: Repository) -> list[str]:
    return blocks.lines((repository.path / ".gitignore").read_bytes())


def test_what_runs_leave_is_ignored_and_goes_with_the_block(make: Make) -> None:
    repository = make(LAYOUTS["flat"])
    assert commands.init(repository.path, NOW) == 0
    repository.commit()
    for name in LEFT:
        repository.write(name, "")
    mine = ".venv/lib/__pycache__/x.pyc"
    repository.write(".venv/pyvenv.cfg", "")
    repository.write(mine, "")
    assert repository.git("status", "--porcelain") == "?? .venv/\n"
    assert commands.uninstall(repository.path, NOW) == 0
    assert repository.git("ls-files", "--others", "--exclude-standard").split() == [mine, ".venv/pyvenv.cfg"]
    assert not (repository.path / "small" / "__pycache__").exists()


def test_what_is_ignored_already_is_not_named_again(make: Make) -> None:
    most = "*.py[cod]\n.coverage*\n.hypothesis\n.*_cache\n"
    repository = make({**LAYOUTS["flat"], ".gitignore": most})
    assert commands.init(repository.path, NOW) == 0
    assert _block(repository) == [".xp/", ".nox/"]
    repository.commit()
    assert commands.update(repository.path, NOW) == 0
    assert repository.git("status", "--porcelain") == ""
    for name in LEFT:
        repository.write(name, "")
    assert commands.uninstall(repository.path, NOW) == 0
    assert (repository.path / ".coverage").exists()  # their own `.gitignore` hides it: not ours to clear


def test_what_only_one_machine_or_one_folder_ignores_is_named(make: Make) -> None:
    repository = make({**LAYOUTS["monorepo_two"], "api/.gitignore": "__pycache__/\n.ruff_cache/\n"})
    (repository.path / ".git" / "info").mkdir(exist_ok=True)
    (repository.path / ".git" / "info" / "exclude").write_text("__pycache__/\n.xp/\n")
    assert commands.init(repository.path, NOW) == 0
    assert _block(repository) == [*compose.IGNORED]
    one = make({**LAYOUTS["monorepo_two"], "api/.gitignore": "__pycache__/\n.ruff_cache/\n"}, "one")
    assert commands.init(one.path, Options(yes=True, measure=0, projects=("api",))) == 0
    assert not {"__pycache__/", ".ruff_cache/"} & {*_block(one)}


def test_a_folder_below_the_top_of_the_repository(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    repository = make({f"inner/{name}": content for name, content in LAYOUTS["src"].items()})
    assert commands.init(repository.path / "inner", NOW) == 0
    assert "the hooks belong to the top of the repository" in capsys.readouterr().err
    assert not (repository.path / ".pre-commit-config.yaml").exists()


def test_several_projects_or_one_that_is_shared(make: Make) -> None:
    repository = make(LAYOUTS["monorepo_two"])
    assert commands.init(repository.path, NOW) == 0
    assert (repository.path / "api" / "xpconfig.toml").exists()
    assert 'projects=["api", "jobs"]' in (repository.path / "noxfile.py").read_text()
    assert "xptasks hook fast jobs fast-jobs" in (repository.path / ".pre-commit-config.yaml").read_text()
    shared = make(LAYOUTS["monorepo_two"], "shared")
    assert commands.init(shared.path, Options(yes=True, measure=0, shared=True)) == 0
    assert (shared.path / "xpconfig.toml").exists()
    assert not (shared.path / "api" / "xpconfig.toml").exists()
    one = make(LAYOUTS["monorepo_two"], "one")
    assert commands.init(one.path, Options(yes=True, measure=0, projects=("jobs",))) == 0
    assert not (one.path / "api" / "xpconfig.toml").exists()


def test_the_workflow_of_ci_on_request(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    repository = make(LAYOUTS["src"])
    before = snapshot(repository.path)
    wanted = Options(yes=True, measure=0, ci=True)
    assert commands.init(repository.path, wanted) == 0
    assert (repository.path / ".github" / "workflows" / "autonomous.yml").exists()
    repository.commit()
    assert commands.uninstall(repository.path, NOW) == 0
    assert snapshot(repository.path) == before
    assert not (repository.path / ".github").exists()
    taken = make({**LAYOUTS["src"], ".github/workflows/autonomous.yml": "mine: true\n"}, "taken")
    assert commands.init(taken.path, wanted) == 0
    assert (taken.path / ".github/workflows/autonomous.yml").read_text() == "mine: true\n"
    several = make(LAYOUTS["monorepo_two"], "several")
    assert commands.init(several.path, wanted) == 0
    assert "no CI file for several projects" in capsys.readouterr().err
