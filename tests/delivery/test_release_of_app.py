"""The reference service, as this repository configures and pins it, from a commit to an answer."""

import os
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.delivery.conftest import environ
from tests.repository import Repository
from xptasks.delivery.release import Source, build
from xptasks.delivery.releases import Releases
from xptasks.loop.releases import recipe_reader
from xptasks.system.http import free_port

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("app", "generated", "contracts", "requirements", "xpconfig.toml", "pyproject.toml")


@pytest.mark.slow
def test_it_is_healthy_under_the_name_of_its_release(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "projects").init("--template=")
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, repository.path / part)
    repository.commit()
    releases = Releases(tmp_path / "home")
    release = build(releases, Source(repository.path, environ()), recipe_reader({}))
    assert set(release.contracts) == {"contracts/openapi.yaml", "contracts/asyncapi.yaml"}
    launch, port = releases.launch(release.id, os.environ, repository.path), free_port(os.getpid())
    before = snapshot(releases.home)
    with subprocess.Popen(launch.words(port), cwd=launch.cwd, env=dict(launch.environment)) as service:
        try:
            assert f'"release":"{release.id}"' in health(f"http://127.0.0.1:{port}{launch.health}", service)
        finally:
            service.terminate()
    assert snapshot(releases.home) == before, "a service that runs writes nothing into its release"


def snapshot(folder: Path) -> set[tuple[Path, int]]:
    return {(path, path.lstat().st_mtime_ns) for path in folder.rglob("*")}


def health(url: str, service: "subprocess.Popen[bytes]") -> str:
    for _ in range(600):
        assert service.poll() is None
        try:
            return str(urllib.request.urlopen(url, timeout=2).read().decode())  # noqa: S310 - our own server
        except OSError:
            time.sleep(0.05)
    raise AssertionError(url)
