"""Every layout: fresh, twice, update after edits, uninstall; files are compared byte by byte."""

import ast
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.adopt.conftest import Make, snapshot
from tests.adopt.layouts import LAYOUTS
from tests.repository import Repository
from xptasks import config
from xptasks.adopt import commands, compose, writing
from xptasks.adopt.commands import Options
from xptasks.errors import UsageError
from xptasks.system import files

pytestmark = pytest.mark.pr

NOW = Options(yes=True, measure=0)
layouts = pytest.mark.parametrize("layout", LAYOUTS)


@pytest.fixture
def repository(layout: str, make: Make) -> Repository:
    return make(LAYOUTS[layout])


def adopted(repository: Repository) -> dict[str, tuple[int, bytes]]:
    assert commands.init(repository.path, NOW) == 0
    return snapshot(repository.path)


@layouts
def test_fresh(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    before = snapshot(repository.path)
    after = adopted(repository)
    for name, (mode, content) in before.items():
        assert after[name][0] == mode
        if after[name][1] != content:  # extended, never replaced
            assert name in {".gitignore", ".pre-commit-config.yaml", "AGENTS.md", "noxfile.py"}
    said = capsys.readouterr()
    new = sorted(after.keys() - before.keys())
    assert all(f"+++ b/{name}" in said.out for name in new if not name.startswith(".xptasks"))
    ast.parse(after["noxfile.py"][1])
    yaml.safe_load(after[".pre-commit-config.yaml"][1])
    found = [name for name in after if name.endswith("xpconfig.toml")]
    for name in found:
        loaded = config.load((repository.path / name).parent, environ={})
        assert loaded.config.tiers["fast"].runner == "outside"
        assert len(tomllib.loads(after[name][1].decode())["tiers"]) == 2
    block = after["AGENTS.md"][1].decode(errors="replace")
    assert len(block[block.index(">>> xptasks") :].splitlines()) <= 40


@layouts
def test_twice(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    first = adopted(repository)
    capsys.readouterr()
    assert adopted(repository) == first
    said = capsys.readouterr()
    assert "nothing to do" in said.err
    assert said.out == ""


@layouts
def test_update_after_edits(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    adopted(repository)
    names = [name for name in ("AGENTS.md", "noxfile.py", "README.md") if (repository.path / name).exists()]
    for name in names:
        path = repository.path / name
        path.write_bytes(b"# mine\n" + path.read_bytes())
    repository.commit()
    edited = snapshot(repository.path)
    assert commands.update(repository.path, NOW) == 0
    assert snapshot(repository.path) == edited  # there is no news
    monkeypatch.setattr(compose, "agents", lambda _: ["what a newer version says"])
    assert commands.update(repository.path, NOW) == 0
    now = (repository.path / "AGENTS.md").read_bytes()
    assert b"what a newer version says" in now
    assert now.startswith(b"# mine\n")
    assert {name for name, each in snapshot(repository.path).items() if each != edited[name]} == {
        "AGENTS.md",
        ".xptasks/adoption.json",
    }


@layouts
def test_uninstall(repository: Repository) -> None:
    before = snapshot(repository.path)
    adopted(repository)
    repository.commit()
    assert commands.uninstall(repository.path, NOW) == 0
    assert snapshot(repository.path) == before
    folders = {path.name for path in repository.path.iterdir() if path.is_dir()}
    assert folders == {".git", *(name.partition("/")[0] for name in before if "/" in name)}


@layouts
def test_uninstall_after_an_update_after_edits(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(repository.path)
    adopted(repository)
    path = repository.path / "AGENTS.md"
    path.write_bytes(path.read_bytes() + b"mine\n")
    (repository.path / "tasks.py").write_text("mine = 1\n")
    repository.commit()
    monkeypatch.setattr(compose, "agents", lambda _: ["what a newer version says"])
    assert commands.update(repository.path, NOW) == 0
    repository.commit()
    assert commands.uninstall(repository.path, NOW) == 0
    after = snapshot(repository.path)
    for name, each in before.items():
        if name not in {"AGENTS.md", "tasks.py"}:
            assert after[name] == each
    assert b">>> xptasks" not in after["AGENTS.md"][1] or "AGENTS.md" not in before
    assert b"mine" in after["AGENTS.md"][1]
    assert after["tasks.py"][1] == b"mine = 1\n"
    assert after.keys() - before.keys() <= {"AGENTS.md", "tasks.py"}


def test_nothing_is_written_without_leave(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    repository = make(LAYOUTS["src"])
    before = snapshot(repository.path)
    assert commands.init(repository.path, Options(measure=0)) == 0
    assert commands.init(repository.path, Options(measure=0, ask=lambda _: False)) == 0
    assert snapshot(repository.path) == before
    said = capsys.readouterr()
    assert "nothing was written" in said.err
    assert "+++ b/xpconfig.toml" in said.out
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question)
        return True

    assert commands.init(repository.path, Options(measure=0, ask=ask)) == 0
    assert asked == ["write 6 files?"]


def test_a_conflict_is_told_and_the_file_left_alone(
    make: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = make(LAYOUTS["src"])
    adopted(repository)
    path = repository.path / "tasks.py"
    path.write_text(path.read_text().replace("from xptasks.tasks import ns", "from mine import ns"))
    edited = path.read_bytes()
    repository.commit()
    monkeypatch.setattr(compose, "TASKS", compose.TASKS.replace("import ns", "import ns  # newer"))
    monkeypatch.setattr(compose, "agents", lambda _: ["newer"])
    assert commands.update(repository.path, NOW) == 1
    assert path.read_bytes() == edited
    assert "newer" in (repository.path / "AGENTS.md").read_text()
    said = capsys.readouterr().err
    assert "left  tasks.py: your changes and ours are in the same lines" in said
    assert "+from xptasks.tasks import ns  # newer" in said


def test_a_dirty_file_that_would_be_touched_is_refused(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    repository = make(LAYOUTS["agents"])
    repository.write("small/__init__.py", "x = 1\n")
    repository.write("AGENTS.md", "# Ours\n")
    with pytest.raises(UsageError, match=r"AGENTS\.md has changes that are not committed"):
        commands.init(repository.path, NOW)
    assert not (repository.path / ".xptasks").exists()
    repository.git("checkout", "AGENTS.md")
    adopted(repository)
    assert "1 other files have changes" in capsys.readouterr().err


def test_update_and_uninstall_need_an_adoption(make: Make) -> None:
    repository = make(LAYOUTS["src"])
    for call in (commands.update, commands.uninstall):
        with pytest.raises(UsageError, match="xptasks init was not here"):
            call(repository.path, NOW)


def test_what_was_deleted_stays_deleted(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    repository = make(LAYOUTS["src"])
    adopted(repository)
    (repository.path / "tasks.py").unlink()
    assert commands.update(repository.path, NOW) == 0
    assert "left  tasks.py: it was deleted" in capsys.readouterr().err
    assert not (repository.path / "tasks.py").exists()
    assert commands.uninstall(repository.path, NOW) == 0
    assert not (repository.path / "tasks.py").exists()


@pytest.mark.pr
@pytest.mark.parametrize(
    "layout",
    ["src", *(pytest.param(name, marks=pytest.mark.slow) for name in ("crlf", "pre_commit", "monorepo_two", "agents"))],
)
def test_whoever_is_killed_anywhere_may_go_on_or_back(layout: str, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every write is a place to be killed at: afterwards `init` finishes, and `uninstall` takes back everything."""
    whole = make(LAYOUTS[layout], "whole")
    wanted = adopted(whole)
    real = files.atomic_write
    for again in ("init", "uninstall"):
        for count in range(12):
            repository = make(LAYOUTS[layout], f"{again}-{count}")
            before = snapshot(repository.path)
            left = [count]

            def dying(path: Path, text: str, left: list[int] = left) -> None:
                left[0] -= 1
                if left[0] < 0:
                    raise KeyboardInterrupt
                real(path, text)

            monkeypatch.setattr(writing, "atomic_write", dying)
            try:
                commands.init(repository.path, NOW)
            except KeyboardInterrupt:
                pass
            else:
                assert count >= 8
            monkeypatch.setattr(writing, "atomic_write", real)
            if again == "init":
                assert {**adopted(repository)}.keys() == wanted.keys()
                same = {name for name in wanted if snapshot(repository.path)[name] == wanted[name]}
                named = {name for name in wanted if name.endswith("xpconfig.toml")} | {".xptasks/adoption.json"}
                assert wanted.keys() - same <= named  # those say the folder's name
            elif (repository.path / ".xptasks" / "adoption.json").exists():
                assert commands.uninstall(repository.path, NOW) == 0
                assert snapshot(repository.path) == before
            else:
                assert snapshot(repository.path) == before
