import os
from pathlib import Path

import pytest

from xptasks.system.files import atomic_write, atomic_write_all


def test_writes_a_new_file_and_its_folders(tmp_path: Path) -> None:
    atomic_write(tmp_path / "a/b/c.txt", "käse\r\n")
    assert (tmp_path / "a/b/c.txt").read_bytes() == "käse\r\n".encode()
    assert os.listdir(tmp_path / "a/b") == ["c.txt"]  # noqa: PTH208


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    atomic_write(tmp_path / "a", os.fsdecode(b"\xff"))
    assert (tmp_path / "a").read_bytes() == b"\xff"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_keeps_the_mode_of_what_it_replaces(mode: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "a").chmod(mode)
    atomic_write(tmp_path / "a", "new")
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode
    assert (tmp_path / "a").read_text() == "new"


def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        atomic_write(tmp_path / "a", "")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_what_goes_wrong_leaves_the_old_file(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(OSError, match="No space"):
        atomic_write(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_several_files_change_together_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    atomic_write_all({tmp_path / "a": "one", tmp_path / "b": "one"})
    calls = iter([None, OSError(28, "No space left on device")])

    def second_fails(_handle: int) -> None:
        problem = next(calls)
        if problem:
            raise problem

    monkeypatch.setattr(os, "fsync", second_fails)
    with pytest.raises(OSError, match="No space"):
        atomic_write_all({tmp_path / "a": "two", tmp_path / "b": "two"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "one", "b": "one"}
