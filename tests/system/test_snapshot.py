"""A commit of the working tree that changes nothing."""

from pathlib import Path

import pytest

from tests.repository import Repository
from xptasks.errors import UsageError
from xptasks.system.snapshot import snapshot


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "small").init()
    repository.write(".gitignore", "*.log\n")
    repository.write("app/a.py")
    repository.write("app/b.py")
    repository.commit()
    return repository


def test_everything_is_in_it_and_nothing_has_changed(repository: Repository) -> None:
    repository.write("app/a.py", "two\n")
    repository.git("add", "app/a.py")
    repository.write("app/a.py", "three\n")
    repository.write("new/c.py")
    repository.write("x.log")
    (repository.path / "app/b.py").unlink()
    before = (repository.git("status", "--porcelain"), repository.git("diff", "--cached"))
    commit = snapshot(repository.path / "app")
    assert repository.git("ls-tree", "-r", "--name-only", commit).split() == [".gitignore", "app/a.py", "new/c.py"]
    assert repository.git("show", f"{commit}:app/a.py") == "three\n"
    assert repository.git("rev-parse", f"{commit}^") == repository.git("rev-parse", "HEAD")
    assert (repository.git("status", "--porcelain"), repository.git("diff", "--cached")) == before
    assert repository.git("for-each-ref", "--contains", commit) == ""


def test_what_was_added_by_force_is_in_it(repository: Repository) -> None:
    repository.write("x.log")
    repository.git("add", "--force", "x.log")
    assert "x.log" in repository.git("ls-tree", "-r", "--name-only", snapshot(repository.path))


def test_in_a_worktree(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "-q", str(tmp_path / "other"))
    (tmp_path / "other" / "d.py").write_text("x\n")
    assert "d.py" in repository.git("ls-tree", "-r", "--name-only", snapshot(tmp_path / "other"))


def test_without_a_commit(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no commit yet"):
        snapshot(Repository(tmp_path / "empty").init().path)
