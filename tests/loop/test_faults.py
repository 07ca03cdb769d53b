"""The reference service with a fault that nobody told the pipeline of: the real command, the real proxy, real traffic.

Each fault is a commit. It is deployed by `inv deploy-canary` while requests come in, and goes back by itself.
"""

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
import pytest

from tests.repository import QUIET, WITHOUT_GIT, Repository
from xptasks.loop import commands, watching
from xptasks.loop.commands import Deployment

PROJECT = Path(__file__).parents[2]
TOKEN = "only-for-tests"
CONFIG = """
version = 1
[project]
name = "projects"
sources = ["app"]
[contracts]
openapi = "contracts/openapi.yaml"
asyncapi = "contracts/asyncapi.yaml"
[service]
command = ["python", "-m", "app", "--port", "{port}"]
environment = { PROJECTS_TOKEN = "only-for-tests", PROJECTS_DATABASE_URL = "sqlite://", PROJECTS_LOG_LEVEL = "WARNING" }
[deploy]
requirements = ["requirements/app.txt"]
max_memory = "300MiB"
start_timeout = "20s"
drain_timeout = "2s"
stages = [{ weight = 20, hold = "25s" }, { weight = 100, hold = "1s" }]
analysis = { min_requests = 10 }
[probes.projects]
kind = "api"
path = "/api/projects?limit=1"
auth = { scheme = "bearer", token = "env:PROJECTS_TOKEN" }
timeout = "2s"
[probes.events]
kind = "websocket"
path = "/ws"
subprotocol = "projects.v1"
auth = { scheme = "bearer", token = "env:PROJECTS_TOKEN" }
exchange = [{ expect = { type = "hello" } }]
timeout = "2s"
"""
LIST = "        return service.store.page(limit, cursor, status)\n"
COUNT = "        _asked.append(1)\n        if len(_asked) % 3 == 0:\n            raise RuntimeError\n"
SOCKET = "    subscriber = service.hub.join()\n"
HEAD = 'router = APIRouter(prefix="/api/projects"'
FAULTS: dict[str, tuple[list[tuple[str, str, str]], str]] = {
    "answers 5xx to one in three": (
        [
            ("app/projects.py", HEAD, "_asked: list[int] = []\n" + HEAD),
            ("app/projects.py", LIST, COUNT + LIST),
        ],
        "errors: ",
    ),
    "is slow": (
        [("app/projects.py", LIST, "        __import__('time').sleep(0.3)\n" + LIST)],
        "slow: ",
    ),
    "crashes on start": (
        [("app/main.py", "app = create_app()", 'raise SystemExit("no such database")')],
        "ended by itself",
    ),
    "crashes later": (
        [
            (
                "app/main.py",
                "app = create_app()",
                "import threading\nthreading.Timer(4, os._exit, [3]).start()\napp = create_app()",
            )
        ],
        "ended by itself",
    ),
    "breaks websockets": (
        [("app/websocket.py", SOCKET, "    raise RuntimeError\n" + SOCKET)],
        "the probe events failed 3 times in a row",
    ),
    "breaks its contract": (
        [("app/projects.py", LIST, '        return Response(\'{"projects": []}\', media_type="application/json")\n')],
        "the probe projects failed 3 times in a row",
    ),
    "grows": (
        [
            ("app/projects.py", HEAD, "_kept: list[bytearray] = []\n" + HEAD),
            ("app/projects.py", LIST, "        _kept.append(bytearray(b'x' * 8_000_000))\n" + LIST),
        ],
        "MiB, allowed are 300",
    ),
}  # fmt: skip


@dataclass
class Callers:
    """Thirty requests a second at the public entrance, in a thread; counts every answer."""

    url: str
    answers: list[int] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._call) for _ in range(3)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=10, trust_env=False) as client:
            while not self._stop.wait(0.1):
                try:
                    self.answers.append(client.get("/api/projects").status_code)
                except httpx.HTTPError:
                    self.answers.append(0)


@dataclass
class Shop:
    """A repository of the service, with one good release that serves."""

    repository: Repository
    good: str

    def status(self) -> dict[str, object]:
        told: dict[str, object] = json.loads(commands.status("", as_json=True))
        return told

    def plant(self, changes: list[tuple[str, str, str]]) -> None:
        for name, before, after in changes:
            path = self.repository.path / name
            text = path.read_text(encoding="utf-8")
            assert before in text
            path.write_text(text.replace(before, after, 1), encoding="utf-8")
        self.repository.commit()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    if shutil.which("envoy", path=commands_path()) is None:
        pytest.skip("envoy is not installed: the extra `deploy` brings it")
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("shop")
        for name, value in (WITHOUT_GIT | QUIET | {"XDG_STATE_HOME": str(folder / "state")}).items():
            patch.setenv(name, value)
        patch.setenv("PATH", commands_path())
        patch.setattr(watching, "ensure", lambda *_: "")
        repository = Repository(folder / "projects")
        for name in ("app", "contracts", "generated", "requirements"):
            shutil.copytree(PROJECT / name, repository.path / name, ignore=shutil.ignore_patterns("__pycache__"))
        (repository.path / "xpconfig.toml").write_text(CONFIG)
        repository.init("--template=")
        repository.commit()
        patch.chdir(repository.path)
        try:
            assert commands.deploy(Deployment("canary")) == 0
            yield Shop(repository, str(json.loads(commands.status("", as_json=True))["serving"]))
        finally:
            commands.down("")


def commands_path() -> str:
    """Where the environment that the tests run in has its programs, too."""
    return os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_goes_back_by_itself(shop: Shop, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    changes, reason = FAULTS[fault]
    head = shop.repository.git("rev-parse", "HEAD").strip()
    shop.plant(changes)
    try:
        with Callers(str(shop.status()["url"])) as callers:
            time.sleep(1)
            began = time.monotonic()
            code = commands.deploy(Deployment("canary"))
            took = time.monotonic() - began
            calm = len(callers.answers)
            time.sleep(1)
    finally:
        shop.repository.git("reset", "--hard", head)
    said = capsys.readouterr()
    assert code == 1, said.err
    assert reason in said.out, said.out
    told = shop.status()
    assert (told["serving"], told["split"]) == (shop.good, {shop.good: 100})
    assert set(callers.answers[calm:]) == {200}
    assert took < 60
    lost = sum(answer == 0 for answer in callers.answers)
    assert lost == 0


@pytest.mark.slow
def test_a_good_change_is_promoted_without_a_lost_request(shop: Shop) -> None:
    shop.repository.write("README.md", "another release\n")
    shop.repository.commit()
    with Callers(str(shop.status()["url"])) as callers:
        assert commands.deploy(Deployment("canary")) == 0
    assert set(callers.answers) == {200}
    assert commands.rollback("", "", as_json=False) == 0
    assert shop.status()["serving"] == shop.good
