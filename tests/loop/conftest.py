import shutil
from pathlib import Path

import pytest

from tests.repository import QUIET, Project


@pytest.fixture(autouse=True)
def quiet_git(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_EXEC_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copying a repository takes a fraction of the time that git needs to make it."""
    project = Project(tmp_path_factory.mktemp("template") / "small")
    project.init("--template=")
    (project.path / ".git" / "info").mkdir()
    project.fill().commit()
    return project.path


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Project:
    shutil.copytree(template, tmp_path / "small")
    return Project(tmp_path / "small")
