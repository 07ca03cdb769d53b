import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.adopt.layouts import Files
from tests.repository import Repository

Make = Callable[..., Repository]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A committed repository with some files."""

    def made(files: Files, name: str = "small", *, git: bool = True) -> Repository:
        repository = Repository(tmp_path / name)
        repository.path.mkdir()
        if git:
            repository.init("--template=")
        for path, content in files.items():
            repository.write(path, content)
        if git:
            repository.commit()
        return repository

    return made


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Be in a folder, with a git that nobody has configured."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return monkeypatch.chdir


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of every file outside of `.git`."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mode, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.relative_to(folder).parts[0] != ".git"
    }
