"""What git says about the change at hand, in real repositories."""

from pathlib import Path

import pytest

from tests.repository import Repository
from xptasks.errors import CannotRunError
from xptasks.system import change


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "project").init()
    made.write("a.py", "one\ntwo\nthree\n")
    made.write("old name.py", "".join(f"line {number}\n" for number in range(20)))
    made.write("picture.png", b"\0\1\2")
    made.write("gone.txt", "x\n")
    made.commit()
    made.git("checkout", "-q", "-b", "work")
    return made


def changed(repo: Repository, folder: str = "") -> dict[str, tuple[str | None, bool, int | None, int | None]]:
    base = change.merge_base(repo.path)
    assert base is not None
    found = change.files(repo.path / folder, base)
    return {file.path: (file.before, file.exists, file.added, file.deleted) for file in found}


def test_committed_staged_unstaged_and_unknown_files_all_count(repo: Repository) -> None:
    repo.write("a.py", "one\n2\nthree\nfour\n")
    repo.commit()
    repo.git("mv", "old name.py", "new ü.py")
    repo.write("picture.png", b"\0\3")
    (repo.path / "gone.txt").unlink()
    repo.write("fresh.py", "a\nb")
    repo.write("fresh.bin", b"\0")
    repo.write("staged.py", "a\n")
    repo.git("add", "staged.py")
    assert changed(repo) == {
        "a.py": ("a.py", True, 2, 1),
        "new ü.py": ("old name.py", True, 0, 0),
        "picture.png": ("picture.png", True, None, None),
        "gone.txt": ("gone.txt", False, 0, 1),
        "fresh.py": (None, True, 2, 0),
        "fresh.bin": (None, True, None, None),
        "staged.py": (None, True, 1, 0),
    }


def test_what_a_user_configures_changes_nothing(repo: Repository) -> None:
    repo.git("config", "diff.noprefix", "true")
    repo.git("config", "diff.renames", "false")
    repo.git("config", "color.diff", "always")
    repo.git("config", "diff.external", "false")
    repo.git("mv", "old name.py", "new name.py")
    repo.write("a.py", "one\n2\nthree\n")
    assert changed(repo)["new name.py"][0] == "old name.py"
    base = change.merge_base(repo.path)
    assert base
    assert change.changed_lines(repo.path, base) == {"a.py": {2}}


def test_changed_lines(repo: Repository) -> None:
    repo.write("a.py", "zero\none\nthree\nfour\nfive\n")
    repo.write("sub/b.py", "1\n2\n")
    base = change.merge_base(repo.path)
    assert base
    assert change.changed_lines(repo.path, base) == {"a.py": {1, 4, 5}, "sub/b.py": {1, 2}}


def test_a_project_in_a_folder_sees_only_itself(repo: Repository) -> None:
    repo.write("inner/x.py", "1\n")
    repo.commit()
    repo.git("checkout", "-q", "-B", "main")
    repo.git("checkout", "-q", "-b", "next")
    repo.write("inner/x.py", "2\n")
    repo.write("a.py", "2\n")
    assert changed(repo, "inner") == {"x.py": ("x.py", True, 1, 1)}
    base = change.merge_base(repo.path)
    assert base
    assert change.file_at(repo.path / "inner", base, "x.py") == b"1\n"
    project = change.export(repo.path / "inner", base, repo.path.parent / "export")
    assert (project / "x.py").read_text() == "1\n"
    assert (project.parent / "a.py").read_text() == "one\ntwo\nthree\n"
    assert repo.git("status", "--porcelain").splitlines() == [" M a.py", " M inner/x.py"], "nothing was touched"


def test_the_trunk_and_its_commits(repo: Repository) -> None:
    assert not change.on_trunk(repo.path), "a branch is a branch even before its first commit"
    repo.git("checkout", "-q", "main")
    assert change.on_trunk(repo.path)
    repo.git("checkout", "-q", "--detach")
    assert change.on_trunk(repo.path)
    first = change.head(repo.path)
    repo.write("floors", "1\n")
    repo.commit()
    assert not change.on_trunk(repo.path)
    assert change.last_commit(repo.path, but="floors") == first
    assert [commit for _, commit in change.commits_of(repo.path, "floors")] == [change.head(repo.path)]


def test_clean(repo: Repository) -> None:
    assert change.is_clean(repo.path)
    repo.write("floors")
    assert not change.is_clean(repo.path)
    assert change.is_clean(repo.path, but="floors")


def test_what_is_not_committed(repo: Repository) -> None:
    repo.write("old", "1\n" * 20)
    repo.write("stays", "1\n")
    repo.commit()
    assert change.uncommitted(repo.path) == ()
    repo.git("mv", "old", "now")
    repo.write("stays", "2\n")
    repo.write("new dir/a")
    repo.write("new dir/b")
    assert change.uncommitted(repo.path) == ("R  now", " M stays", "?? new dir/")
    assert change.uncommitted(repo.path, but="stays") == ("R  now", "?? new dir/")


def test_trailers(repo: Repository) -> None:
    repo.git("commit", "-q", "--allow-empty", "-m", "one\n\nTest-First: no, because it is\n a move\nOther: x")
    repo.git("commit", "-q", "--allow-empty", "-m", "two\n\nno trailer: here")
    assert change.trailers(repo.path, "main", "Test-First") == ["no, because it is a move"]


def test_no_repository_no_trunk_no_such_commit(repo: Repository, tmp_path: Path) -> None:
    assert change.merge_base(tmp_path) is None
    assert change.head(tmp_path) == ""
    assert not change.is_clean(tmp_path)
    assert change.uncommitted(tmp_path) is None
    with pytest.raises(CannotRunError, match="git cannot compare with 1234"):
        change.files(repo.path, "1234")
    with pytest.raises(CannotRunError, match="git read-tree failed"):
        change.export(repo.path, "1234", tmp_path / "x")
