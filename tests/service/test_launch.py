"""The service as a real process: it becomes ready, it does not, it ends with whoever started it."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.probes.conftest import Handler, reply, server
from xptasks.errors import CannotRunError, ConfigError
from xptasks.service import launch
from xptasks.service.settings import ServiceSettings
from xptasks.system import http

pytestmark = pytest.mark.pr

HEALTHY = """
import http.server, os, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(os.environ.get("STATUS", "200")))
        self.end_headers()
        self.wfile.write(os.environ.get("TOKEN", "").encode())
    def log_message(self, *words): pass
http.server.ThreadingHTTPServer.daemon_threads = True
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Health)
print("pid", os.getpid(), flush=True)
server.serve_forever()
"""


def settings(script: str, **more: object) -> ServiceSettings:
    given = {"start_timeout": "60s", "stop_timeout": "500ms"} | more
    return ServiceSettings.model_validate({"command": ("python", "-S", "-c", script, "{port}")} | given)


def failure(found: ServiceSettings, folder: Path) -> str:
    with pytest.raises(CannotRunError) as caught, launch.running(found, folder):
        pytest.fail("it was ready")
    return str(caught.value)


def gone(pid: int) -> bool:
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def test_it_is_ready_inside_the_block_and_gone_after_it(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    environ = {**os.environ, "SECRET": "s3cret"}
    given = settings(HEALTHY, environment={"TOKEN": "env:SECRET", "STATUS": "204"})
    with launch.running(given, tmp_path, environ=environ, log=log) as service:
        assert service.url == f"http://127.0.0.1:{service.port}"
        assert service.websocket_url == f"ws://127.0.0.1:{service.port}"
        assert urllib.request.urlopen(service.url).status == 204  # noqa: S310 - our own server
        pid = int(log.read_text().split()[1])
    assert gone(pid)
    assert not list((tmp_path / ".xp" / "runs").iterdir())


def test_the_reference_service_starts_as_this_project_says(repository_service: ServiceSettings, project: Path) -> None:
    with launch.running(repository_service, project) as service:
        answer = urllib.request.urlopen(f"{service.url}/health").read()  # noqa: S310 - our own server
    assert b'"release":"dev"' in answer
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", service.port)) != 0


def test_it_works_in_a_thread_and_many_at_a_time(tmp_path: Path) -> None:
    ports: list[int] = []

    def start() -> None:
        with launch.running(settings(HEALTHY), tmp_path) as service:
            ports.append(service.port)
            barrier.wait(10)

    barrier = threading.Barrier(2)
    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ports)) == 2


def test_without_a_command_nothing_can_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no service to start"), launch.running(ServiceSettings(), tmp_path):
        pass


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("raise SystemExit('no database')", ["it ended with exit code 1", "the end of its log:\nno database"]),
        ("import time; time.sleep(60)", ["was not ready after 0.4 s: nothing listens", "it printed nothing"]),
    ],
    ids=["ends", "never listens"],
)
def test_what_never_becomes_ready_is_told_with_the_end_of_its_log(script: str, says: list[str], tmp_path: Path) -> None:
    text = failure(settings(script, start_timeout="30s" if "SystemExit" in script else "400ms"), tmp_path)
    assert [word for word in says if word not in text] == []
    assert "[service] in xpconfig.toml" in text


def drip(connection: socket.socket, _: bytes) -> None:
    for _number in range(100):
        connection.sendall(b"H")
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("handler", "status", "says"),
    [
        (reply(status="204 No Content"), 204, "/health answers 204"),
        (reply(status="503 No"), 503, "/health answers 503"),
        (lambda connection, _: connection.recv(1), 0, "/health does not answer (timed out)"),
        (lambda connection, _: connection.sendall(b"hello" * 2000), 0, "/health does not answer in HTTP"),
        (drip, 0, "/health does not answer"),
        (lambda *_: None, 0, "/health does not answer"),
    ],
    ids=["well", "ill", "never answers", "no HTTP", "drips", "closes"],
)
def test_what_a_service_says_of_its_health(handler: Handler, status: int, says: str) -> None:
    with server(handler) as address:
        found, words = http.health(int(address.rpartition(":")[2]), "/health", 0.3 if not status else 20)
    assert found == status
    assert words.startswith(says)


def test_nobody_listens_yet() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert http.health(taken.getsockname()[1], "/health", 20) == (0, "")


def test_a_service_that_says_it_is_ill_is_not_ready(tmp_path: Path) -> None:
    given = settings(HEALTHY, start_timeout="300ms", environment={"STATUS": "503"})
    assert "was not ready after 0.3 s" in failure(given, tmp_path)


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    given = ServiceSettings(command=("no-such-program", "{port}"))
    assert "No such file or directory: 'no-such-program'" in failure(given, tmp_path)


def test_a_secret_in_the_log_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    script = "import os; raise SystemExit('bad token ' + os.environ['TOKEN'])"
    text = failure(settings(script, environment={"TOKEN": "file:token"}), tmp_path)
    assert "bad token ***" in text
    assert "s3cret" not in text


def test_a_secret_that_is_missing_is_told_before_anything_starts(tmp_path: Path) -> None:
    given = settings(HEALTHY, environment={"TOKEN": "env:XP_NOT_SET"})
    assert failure(given, tmp_path).startswith("the secret env:XP_NOT_SET is not set")


def test_a_port_that_somebody_took_meanwhile_is_chosen_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose = launch._free_port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ports = iter([taken.getsockname()[1]])
        monkeypatch.setattr(launch, "_free_port", lambda: next(ports, None) or choose())
        with launch.running(settings(HEALTHY), tmp_path) as service:
            assert service.port != taken.getsockname()[1]


STUBBORN = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"], start_new_session=True)
print("pid", child.pid, flush=True)
"""


def test_what_ignores_sigterm_and_what_it_started_are_killed(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    with launch.running(settings(STUBBORN + HEALTHY, stop_timeout="100ms"), tmp_path, log=log):
        _, child, _, server = log.read_text().split()
    assert gone(int(child))
    assert gone(int(server))


OWNER = """
import sys, time
from pathlib import Path
from tests.service.test_launch import HEALTHY, settings
from xptasks.service.launch import running
with running(settings(HEALTHY), Path(sys.argv[1]), log=Path(sys.argv[1]) / "log"):
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_with_the_process_that_started_it(signum: signal.Signals, project: Path, tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": f"{project / 'tools'}:{project}"}
    argv = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        owner.send_signal(signum)
    assert gone(int((tmp_path / "log").read_text().split()[1]))


def test_a_guard_that_is_killed_leaves_nothing_either(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    with launch.running(settings(HEALTHY), tmp_path, log=log):
        pid = int(log.read_text().split()[1])
        guard = psutil.Process(pid).parent()
        assert guard is not None
        guard.kill()
    assert gone(pid)
