"""Two commits, read from objects."""

from pathlib import Path

import pytest

from tests.repository import QUIET, Repository
from xptasks.errors import CannotRunError, UsageError
from xptasks.system.commits import ABSENT, LINK, Objects


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "small").init()
    repository.write("app/a.py", "one\ntwo\n")
    repository.write("old name.py", "x = 1\n" * 20)
    repository.write("gone", "went\n")
    repository.commit()
    return repository


def after(repository: Repository) -> dict[str, tuple[str | None, int | None, int | None, str]]:
    repository.commit()
    files = Objects.of(repository.path).differences("HEAD~", "HEAD")
    return {each.path: (each.file.before, each.file.added, each.file.deleted, each.mode) for each in files}


def test_what_differs(repository: Repository) -> None:
    repository.write("app/a.py", "one\nthree\nfour\n")
    repository.git("mv", "old name.py", "new\tname.py")
    repository.write(":odd", "x\n")
    repository.write("binary", b"\0\n\n")
    (repository.path / "gone").unlink()
    (repository.path / "link").symlink_to("app")
    assert after(repository) == {
        "app/a.py": ("app/a.py", 2, 1, "100644"),
        "new\tname.py": ("old name.py", 0, 0, "100644"),
        ":odd": (None, 1, 0, "100644"),
        "binary": (None, None, None, "100644"),
        "gone": ("gone", 0, 1, ABSENT),
        "link": (None, 1, 0, LINK),
    }


def test_what_git_is_told_to_call_binary_is_counted(repository: Repository) -> None:
    repository.write(".git/info/attributes", "*.py -diff\n")
    repository.write("app/a.py", "one\n")
    assert after(repository)["app/a.py"] == ("app/a.py", 1, 2, "100644")


def test_from_a_folder_and_from_a_bare_repository(repository: Repository, tmp_path: Path) -> None:
    repository.write("app/a.py", "one\n")
    repository.write("else", "x\n")
    repository.commit()
    project = Objects.of(repository.path / "app")
    assert project.prefix == "app/"
    assert [each.path for each in project.differences("HEAD~", "HEAD")] == ["a.py", "../else"]
    assert project.blobs([("HEAD", "a.py"), ("HEAD", "../else"), ("HEAD", "b.py")]) == [b"one\n", b"x\n", None]
    assert "../old name.py" in project.paths("HEAD")
    repository.git("clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    bare = Objects.of(tmp_path / "bare")
    assert bare.blob("main", "app/a.py") == b"one\n"
    assert [each.path for each in bare.differences("main~", "main")] == ["app/a.py", "else"]


def test_who_made_the_commits(repository: Repository) -> None:
    repository.write(".mailmap", "Somebody <somebody@example.com> <ada@localhost>\n")
    base = repository.git("rev-parse", "HEAD").strip()
    repository.git("add", "-A")
    message = (
        "x\n\nCo-authored-by: Ben <ben@example.com>\nCo-authored-by: Cleo <cleo@example.com>\nSize: large, because\n"
    )
    repository.git("commit", "-q", "-m", message, environ={"GIT_AUTHOR_EMAIL": "dora@example.com"})
    objects = Objects.of(repository.path)
    (signed,) = objects.signed(base, "HEAD")
    assert (signed.author, signed.committer) == ("dora@example.com", QUIET["GIT_COMMITTER_EMAIL"])
    assert signed.others == ("ben@example.com", "cleo@example.com")
    assert objects.trailers(base, "HEAD", "Size") == ["large, because"]
    assert objects.signed(base, base) == []


def test_replaced_objects_do_not_count(repository: Repository) -> None:
    head = repository.git("rev-parse", "HEAD").strip()
    repository.write("app/a.py", "other\n")
    repository.commit()
    repository.git("replace", head, "HEAD")
    assert Objects.of(repository.path).blob(head, "app/a.py") == b"one\ntwo\n"


def test_what_is_not_there(repository: Repository, tmp_path: Path) -> None:
    objects = Objects.of(repository.path)
    with pytest.raises(UsageError, match="there is no commit 'nothing'"):
        objects.commit("nothing")
    with pytest.raises(UsageError):
        objects.commit("--help")
    with pytest.raises(CannotRunError, match="cannot compare"):
        objects.differences("HEAD", "0" * 40)
    with pytest.raises(CannotRunError, match="no git repository"):
        Objects.of(tmp_path)
    assert not objects.has("nothing")
    assert objects.has("main")


def test_names_that_hold_anything(repository: Repository) -> None:
    names = ["a\nb", "ü", "\udcff", " x", "a:b"]
    for name in names:
        repository.write(name, f"{name.encode(errors='surrogateescape')!r}")
    repository.commit()
    found = Objects.of(repository.path).blobs([("HEAD", name) for name in [*names, "app", "a\nc"]])
    assert found == [*(repr(name.encode(errors="surrogateescape")).encode() for name in names), None, None]
