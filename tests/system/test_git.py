import os
import signal
from pathlib import Path

import pytest

from tests.repository import Project, Repository
from xptasks.system import git


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repo").init("--template=")
    repository.write("a.py")
    repository.write("sub/b c.py")
    repository.commit()
    return repository


def listed(folder: Path) -> dict[str, str]:
    found = git.list_files(str(folder))
    assert found is not None
    return {path: tag for tag, _, _, path in found}


def test_files_and_their_tags(repository: Repository) -> None:
    repository.write("a.py", "two\n")
    repository.write("new\t\n.py")
    assert listed(repository.path) == {"a.py": "C", "sub/b c.py": "H", "new\t\n.py": "?"}
    (repository.path / "a.py").unlink()
    assert "a.py" not in listed(repository.path)


def test_paths_are_relative_to_the_folder(repository: Repository) -> None:
    assert listed(repository.path / "sub") == {"b c.py": "H"}


def test_mode_and_blob(repository: Repository) -> None:
    entries = git.list_files(str(repository.path)) or []
    blob = repository.git("hash-object", "a.py").strip()
    assert ("H", "100644", blob, "a.py") in entries


def test_what_git_converts_has_to_be_read(repository: Repository) -> None:
    repository.write(
        ".gitattributes", "a.py text\n*.bin -text\n*.c ident\n*.d filter=x\n*.e working-tree-encoding=UTF-16\n"
    )
    for name in "bcde":
        repository.write(f"{name}.{'bin' if name == 'b' else name}", "")
    repository.commit()
    unsure = {path for path, tag in listed(repository.path).items() if tag == git.READ}
    assert unsure == {"a.py", "b.bin", "c.c", "d.d", "e.e"}


@pytest.mark.parametrize(("value", "tag"), [("false", "H"), ("true", "C"), ("input", "C")])
def test_where_git_may_convert_line_ends_all_has_to_be_read(value: str, tag: str, repository: Repository) -> None:
    repository.git("config", "core.autocrlf", value)
    assert set(listed(repository.path).values()) == {tag}


def test_where_there_is_no_repository(tmp_path: Path) -> None:
    assert git.list_files(str(tmp_path)) is None
    assert git.list_files(str(tmp_path / "missing")) is None


def test_git_is_not_there(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository.path))
    assert git.list_files(str(repository.path)) is None


def test_where_children_are_reaped_by_nobody(repository: Repository) -> None:
    """Some supervisors start us with SIGCHLD ignored: then nobody knows how git ended."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert git.list_files(str(repository.path)) is None
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_no_descriptor_is_left_open(repository: Repository) -> None:
    git.list_files(str(repository.path))
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208
    git.list_files(str(repository.path))
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208


def test_more_output_than_a_pipe_holds(repository: Repository) -> None:
    repository.write(".gitattributes", "* text=auto\n")
    names = {f"{'long' * 20}/{number:04}.txt" for number in range(2000)}
    for name in names:
        repository.write(name, "")
    repository.git("add", "-A")
    assert set(listed(repository.path)) == names | {"a.py", "sub/b c.py", ".gitattributes"}


def test_where_posix_spawn_is_missing(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = git.list_files(str(repository.path))
    monkeypatch.delattr(os, "posix_spawnp")
    assert git.list_files(str(repository.path)) == usual
    assert git.list_files("/") is None


def test_sha256(tmp_path: Path) -> None:
    project = Project(tmp_path / "wide")
    project.init("--object-format=sha256")
    project.fill().commit()
    project.write("new.py")
    project.run()
    project.commit()
    assert project.green()
