from pathlib import Path

import pytest

from tests.repository import QUIET, Repository
from xptasks.landing.remote import Remote
from xptasks.system.plumbing import Git


@pytest.fixture(autouse=True)
def _quiet_git(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bare(tmp_path: Path) -> Repository:
    """A remote with one commit on its trunk."""
    Repository(tmp_path / "remote.git").init("--template=", "--bare")
    return Repository(tmp_path / "remote.git")


@pytest.fixture
def clone(bare: Repository, tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "clone").init("--template=")
    made.git("remote", "add", "origin", str(bare.path))
    made.write("a.txt", "a\n")
    made.commit()
    made.git("push", "-q", "origin", "main")
    return made


@pytest.fixture
def remote(clone: Repository) -> Remote:
    return Remote(Git(clone.path), "origin", "main")
