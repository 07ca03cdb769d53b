"""Alerts reach a real server, and one that does not answer holds nobody up."""

import errno
import io
import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from xptasks.errors import CannotRunError
from xptasks.probes.alerts import Alert, Alerts, AlertSettings

LABELS = {"project": "projects", "target": "local"}
FIRING = Alert("firing", "health", "health answers 503", 1_800_000_000.0, "critical", {"release": "abc"})
RESOLVED = Alert("resolved", "health", "health is well again", 1_800_000_060.0)


class Inbox(HTTPServer):
    """Keeps what is posted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Post)
        self.received: list[tuple[str, Any]] = []
        self.status = 200


class Post(BaseHTTPRequestHandler):
    server: Inbox

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append((self.path, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def sender(tmp_path: Path, environ: dict[str, str] | None = None, **settings: object) -> Alerts:
    return Alerts(AlertSettings.model_validate({"stdout": False, **settings}), LABELS, environ or {}, tmp_path)


def test_a_line_of_json_on_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sender(tmp_path, stdout=True).send(FIRING) == []
    told = json.loads(capsys.readouterr().out)["alert"]
    assert (told["state"], told["name"], told["severity"]) == ("firing", "health", "critical")
    assert told["labels"] == {**LABELS, "release": "abc"}


def test_alertmanager_gets_the_same_alert_with_a_beginning_and_an_end(tmp_path: Path, inbox: Inbox) -> None:
    alerts = sender(tmp_path, alertmanager=f"http://127.0.0.1:{inbox.server_port}/")
    assert [alerts.send(alert) for alert in (FIRING, RESOLVED)] == [[], []]
    (path, [fired]), (_, [ended]) = inbox.received
    assert path == "/api/v2/alerts"
    assert fired["labels"] == {"alertname": "health", "severity": "critical", **LABELS, "release": "abc"}
    assert fired["startsAt"] == "2027-01-15T08:00:00+00:00"
    assert "endsAt" not in fired
    assert ended["endsAt"] == "2027-01-15T08:01:00+00:00"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its own plugins
def test_apprise_gets_its_addresses_by_reference(tmp_path: Path, inbox: Inbox) -> None:
    pytest.importorskip("apprise")
    environ = {"HOOK": f"json://127.0.0.1:{inbox.server_port}/hook"}
    assert sender(tmp_path, environ, apprise=["env:HOOK"]).send(FIRING) == []
    [(path, body)] = inbox.received
    assert (path, body["title"], body["message"]) == ("/hook", "firing: health", "health answers 503")


def test_an_address_that_is_missing_is_said_before_it_is_needed(tmp_path: Path) -> None:
    with pytest.raises(CannotRunError, match="HOOK"):
        sender(tmp_path, apprise=["env:HOOK"])


def test_a_sink_that_fails_is_named_and_the_others_are_told(
    tmp_path: Path, inbox: Inbox, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox.status = 500
    alerts = sender(tmp_path, stdout=True, alertmanager=f"http://127.0.0.1:{inbox.server_port}")
    assert alerts.send(FIRING) == ["alertmanager"]
    said = capsys.readouterr()
    assert "alert not sent by alertmanager: HTTPStatusError" in said.err
    assert json.loads(said.out)["alert"]["name"] == "health"


class Full(io.StringIO):
    """A log on a disk without room."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_written_ends_no_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Full())
    monkeypatch.setattr(sys, "stderr", Full())
    assert sender(tmp_path, stdout=True).send(FIRING) == ["stdout"]
