"""A project whose releases start in a moment, through the real commands, with the real watcher."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.delivery.drivers.conftest import SERVICE
from tests.loop.safety.conftest import PROJECT, Caller, ask
from tests.repository import QUIET, WITHOUT_GIT, Repository
from xptasks.errors import ExitCode
from xptasks.system import machine

pytestmark = pytest.mark.pr

CONFIG = """
version = 1
[project]
name = "tiny"
sources = ["web"]
[service]
command = ["python", "-m", "web", "{port}"]
[deploy]
requirements = ["requirements.txt"]
drain_timeout = "2s"
stages = [{ weight = 50, hold = "10m" }, { weight = 100, hold = "100ms" }]
analysis = { min_requests = 0 }
sticky = true
[probes.health]
kind = "health"
[probe_policy]
interval = "1s"
"""


@dataclass
class Tiny:
    """The project, its home and its commands."""

    repository: Repository
    home: Path
    environ: dict[str, str]
    number: int = 0

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "xptasks", *words],
            cwd=self.repository.path,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def do(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def change(self) -> str:
        """Commit another release; the name that it answers with."""
        self.number += 1
        name = f"release{self.number}"
        self.repository.write("web/name.py", f'NAME = "{name}"\n')
        self.repository.commit()
        return name

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.do("deploy-status", "--json"))
        return told

    @property
    def port(self) -> int:
        return int(json.loads((self.home / "local" / "traffic.json").read_text())["port"])

    def shares(self) -> list[int]:
        """What the proxy is to follow, the largest share first."""
        content = json.loads((self.home / "local" / "traffic.json").read_text())
        return sorted(content["shares"].values(), reverse=True)

    def until(self, true: Callable[[], bool], what: str = "") -> None:
        give_up = time.monotonic() + 40
        while not true():
            assert time.monotonic() < give_up, (what, self.said())
            time.sleep(0.01)

    def said(self) -> str:
        return "".join(path.read_text() for path in (self.home / "logs").glob("*.log"))

    def pid(self, record: str) -> int:
        return int(json.loads((self.home / record).read_text())["pid"])

    def canary(self) -> str:
        """A deployment that goes on by itself, when its canary has its share."""
        name = self.change()
        told = json.loads(self.do("deploy-canary", "--detach", "--json"))
        assert told["log"].endswith("deployment.log")
        self.repository.commit()  # what comes later is not meant
        self.until(lambda: self.shares() == [50, 50], "the canary has its share")
        assert self.status()["deployment"]["new"] == told["release"]
        self.until(lambda: {ask(self.port) for _ in range(20)} > {name})
        return name

    def events(self) -> list[list[dict[str, Any]]]:
        """What the history says of each deployment, oldest first."""
        found: dict[str, list[dict[str, Any]]] = {}
        for each in json.loads(self.do("history-list", "--last", "0", "--json"))["events"]:
            if each["deployment"]:
                found.setdefault(each["deployment"], []).append(each)
        return list(found.values())

    def kill(self, record: str) -> float:
        """Kill a process; when. It is gone when this returns."""
        process = psutil.Process(self.pid(record))
        process.kill()
        at = time.monotonic()
        self.until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
        return at

    def ended(self) -> str:
        self.until(lambda: self.status()["deployment"]["outcome"] is not None)
        return str(self.status()["deployment"]["outcome"])

    def processes(self) -> dict[str, int]:
        found = {}
        for process in psutil.process_iter():
            try:
                record = process.environ().get("XPTASKS_DETACHED", "")
            except psutil.Error:
                continue
            if record.startswith(str(self.home)) and process.status() != psutil.STATUS_ZOMBIE:
                found[Path(record).stem] = process.pid
        return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    if machine.find("envoy") is None:
        pytest.skip("envoy is not installed (extra `deploy`)")
    folder = tmp_path_factory.mktemp("tiny")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environ = WITHOUT_GIT | QUIET | {"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")}
    environ |= {"PATH": path, "PYTHONPATH": str(PROJECT / "tools"), "XPTASKS_ACTOR": "human:ann"}
    repository = Repository(folder / "tiny").init("--template=")
    before = "NAME, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])\n"
    text = SERVICE.read_text()
    assert before in text
    after = f"from web.name import NAME\n\nPORT, FOLDER = int(sys.argv[1]), Path({str(folder)!r})\n"
    repository.write("web/__main__.py", text.replace(before, after))
    repository.write("web/__init__.py", "")
    repository.write("requirements.txt", "")
    repository.write("xpconfig.toml", CONFIG)
    repository.write(".gitignore", "*.log\n")
    tiny = Tiny(repository, folder / "state" / "xptasks" / "tiny" / "local", environ)
    tiny.change()
    try:
        tiny.do("deploy-canary")
        yield tiny
    finally:
        tiny.do("deploy-down")
        assert tiny.processes() == {}


@pytest.fixture
def tiny(made: Tiny) -> Iterator[Tiny]:
    """With one release that serves, and nothing under way."""
    yield made
    made.run("abort")
    made.do("watch", "--detach")


@pytest.mark.slow
def test_people_steer_a_canary(tiny: Tiny) -> None:
    old, release = ask(tiny.port), tiny.status()["serving"]
    with Caller(tiny.port) as caller:
        new = tiny.canary()
        told = tiny.status()
        assert told["deployment"]["stage"] == 1
        assert 0 < told["deployment"]["left"] <= 600
        assert re.match(r"`inv deploy-canary` \(process \d+, since", told["supervisor"])
        assert told["watcher"] is True
        assert "50 %, paused" in tiny.do("pause")
        assert "50 %, 5" in tiny.do("resume")
        busy = tiny.run("deploy-canary")
        assert busy.returncode == ExitCode.LOCK_BUSY
        assert "`inv deploy-canary` (process " in busy.stderr
        tiny.do("promote")
        assert tiny.ended() == "promoted"
        assert {ask(tiny.port) for _ in range(5)} == {new}
        tiny.do("rollback", "--to", release)
        assert {ask(tiny.port) for _ in range(5)} == {old}
    assert caller.lost == []
    promoted, gone = tiny.events()[-2:]
    kinds = [each["kind"] for each in promoted]
    assert kinds[:7] == ["deploy-started", "deploy-canary", *["intervention"] * 3, "deploy-canary", "deploy-full"]
    assert sorted(kinds[7:]) == ["incident-closed", "incident-opened", "rollback"]
    assert [each["data"]["intervention"] for each in promoted if each["kind"] == "intervention"] == [
        "pause",
        "resume",
        "promote",
    ]
    assert {each["actor"] for each in promoted} == {"human:ann", ""}
    assert promoted[0]["commit"] == tiny.repository.git("rev-parse", "HEAD~1").strip()
    assert promoted[0]["data"]["committed"] <= promoted[0]["at"]
    assert [each["kind"] for each in gone] == ["deploy-started", "intervention"]


@pytest.mark.slow
def test_an_abort_undoes_sticky_callers_and_closes_websockets_with_1001(tiny: Tiny) -> None:
    old = ask(tiny.port)
    new = tiny.canary()
    url = f"http://127.0.0.1:{tiny.port}/"
    answers = [httpx.get(url, trust_env=False) for _ in range(30)]
    assert {answer.text for answer in answers} == {old, new}
    cookies = {answer.headers["set-cookie"].split(";")[0]: answer.text for answer in answers}
    sticky = next(cookie for cookie, name in cookies.items() if name == new)
    again = {httpx.get(url, headers={"cookie": sticky}, trust_env=False).text for _ in range(5)}
    assert again == {new}
    with connect(url.replace("http:", "ws:"), additional_headers={"cookie": sticky}) as websocket:
        websocket.send("who?")
        assert websocket.recv(timeout=5) == new
        assert "rolled back (human:ann asked for it)" in tiny.do("abort")
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    assert {httpx.get(url, headers={"cookie": sticky}, trust_env=False).text for _ in range(5)} == {old}


@pytest.mark.slow
def test_the_watcher_brings_a_killed_proxy_back_with_the_same_weights(tiny: Tiny) -> None:
    tiny.canary()
    version = tiny.status()["split"]
    tiny.kill("processes/deployment.json")
    tiny.until(lambda: tiny.shares() == [100], "the dead man's switch")
    assert tiny.ended() == "rolled back"
    tiny.kill("local/envoy/envoy.json")
    tiny.until(lambda: not ask(tiny.port).startswith("!"))
    assert tiny.status()["split"] == {release: 100 for release in version if release == tiny.status()["serving"]}


@pytest.mark.slow
def test_a_killed_proxy_comes_back_with_the_canary_s_share(tiny: Tiny) -> None:
    tiny.canary()
    split = tiny.status()["split"]
    assert sorted(split.values()) == [50, 50]
    tiny.kill("local/envoy/envoy.json")
    tiny.until(lambda: not ask(tiny.port).startswith("!"))
    assert tiny.status()["split"] == split


@pytest.mark.slow
def test_the_watcher_starts_a_killed_release_again_and_ensure_a_killed_watcher(tiny: Tiny) -> None:
    serving = tiny.status()["serving"]
    assert "a watcher runs" in tiny.do("watch", "--detach")
    before = tiny.pid("processes/watcher.json")
    tiny.kill("processes/watcher.json")
    tiny.until(lambda: not tiny.status()["watcher"])
    assert "a watcher was started; its log: " in tiny.do("watch", "--detach")
    tiny.until(lambda: tiny.status()["watcher"] and tiny.pid("processes/watcher.json") != before)
    tiny.kill(f"local/processes/{serving}.json")
    tiny.until(lambda: not ask(tiny.port).startswith("!"))
    assert f"{serving} had died and was started again" in tiny.said()


@pytest.mark.slow
def test_git_clean_during_a_canary_touches_nothing(tiny: Tiny) -> None:
    with Caller(tiny.port) as caller:
        new = tiny.canary()
        tiny.repository.write("some.log")
        assert "some.log" in tiny.repository.git("clean", "-xfd")
        assert tiny.status()["deployment"]["stage"] == 1
        tiny.do("promote")
        assert tiny.ended() == "promoted"
        assert {ask(tiny.port) for _ in range(5)} == {new}
    assert caller.lost == []


@pytest.mark.slow
def test_deploy_down_waits_for_nobody_and_ends_everything_else(tiny: Tiny) -> None:
    tiny.canary()
    refused = tiny.run("deploy-down")
    assert refused.returncode == ExitCode.LOCK_BUSY
    assert {"watcher", "deployment", "envoy"} < set(tiny.processes())
    tiny.do("abort")
    tiny.until(lambda: "deployment" not in tiny.processes())
    tiny.do("deploy-down")
    assert tiny.processes() == {}
    assert "serving   nothing" in tiny.do("deploy-status")
    tiny.do("deploy-canary")
    assert ask(tiny.port) == f"release{tiny.number}"


@pytest.mark.slow
def test_the_watcher_s_own_figures(tiny: Tiny) -> None:
    serving = tiny.status()["serving"]
    command = [sys.executable, "-m", "xptasks", "watch", "--metrics-port"]
    tiny.kill("processes/watcher.json")
    with subprocess.Popen(
        [*command, "0"], cwd=tiny.repository.path, env=tiny.environ, stderr=subprocess.PIPE, text=True
    ) as watcher:
        assert watcher.stderr is not None
        url = watcher.stderr.readline().removeprefix("metrics: ").strip()
        tiny.until(lambda: ("probe_success", "health") in scraped(url))
        tiny.kill(f"local/processes/{serving}.json")
        tiny.until(lambda: scraped(url).get(("xptasks_watch_restarts_total", serving)) == 1)
        tiny.until(lambda: scraped(url)["probe_success", "health"] == 1)
        figures = scraped(url)
        assert 0 < figures["probe_duration_seconds", "health"] < 10
        assert figures["xptasks_probe_looks_total", "health", "good"] >= 1
        assert figures["xptasks_watch_rollbacks_total",] == 0
        taken = tiny.run("watch", "--metrics-port", url.split(":")[2].split("/")[0])
        assert (taken.returncode, taken.stderr) == (
            ExitCode.LOCK_BUSY,
            "another watcher is at this target\n  `inv deploy-status` says so, too\n",
        )
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(10) == 0
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = tiny.run("watch", "--metrics-port", str(port))
    assert refused.returncode == ExitCode.CANNOT_RUN
    assert refused.stderr.startswith(f"/metrics cannot be served on port {port}: ")
    assert tiny.run("watch", "--metrics-port", "http").stderr.startswith("--metrics-port is no number: http\n")


def scraped(url: str) -> dict[tuple[str, ...], float]:
    """Each sample, by its name and the values of its labels."""
    text = httpx.get(url, trust_env=False).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value for sample in samples}


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Whoever starts tests in the background of a shell has them, and all that they start, ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_status_can_be_watched(tiny: Tiny) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "xptasks", "deploy-status", "--watch", "--json"],
        cwd=tiny.repository.path,
        env=tiny.environ,
        stdout=subprocess.PIPE,
    ) as watching:
        assert watching.stdout is not None
        lines = [json.loads(watching.stdout.readline()) for _ in range(2)]
        watching.send_signal(signal.SIGINT)
        assert watching.wait(10) == ExitCode.INTERRUPTED
    assert all(line["serving"] for line in lines)
