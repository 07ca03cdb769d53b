"""The step smoke, with small services and with what its child may say."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.steps.conftest import Play
from xptasks import steps
from xptasks.probes.kinds import health
from xptasks.results import Outcome, Reading, Status
from xptasks.service.settings import ServiceSettings

pytestmark = pytest.mark.pr

SERVICE = """
import http.server, os, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status": "%s"}' % os.environ.get("STATUS", "ok").encode())
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()
"""
CONFIG = """
version = 1
[probes.well]
kind = "health"
"""


def play_smoke(play: Play, script: str, context: Any, **environment: str) -> Reading:  # noqa: ANN401
    service = ServiceSettings(command=(sys.executable, "-c", script, "{port}"), environment=environment)
    probe = health.Options.model_validate({"kind": "health", "checks": [{"pointer": "/status", "equals": "ok"}]})
    slices = {**context.slices, "service": service, "probes": {"well": probe}}
    return play("smoke", {"xpconfig.toml": CONFIG}, slices=slices)


def test_a_service_that_is_well(play: Play, context: Any) -> None:  # noqa: ANN401
    reading = play_smoke(play, SERVICE, context)
    assert reading.status is Status.PASSED
    assert reading.summary == "1 probes passed"
    (measured,) = reading.measurements
    assert (measured.name, measured.unit) == ("probe_well_latency", "s")
    assert measured.value > 0


def test_a_service_that_is_not(play: Play, context: Any) -> None:  # noqa: ANN401
    reading = play_smoke(play, SERVICE, context, STATUS="ill")
    assert reading.status is Status.FAILED
    assert reading.summary == "1 of 1 probes failed: well"
    (finding,) = reading.findings
    assert finding.message == 'well: assertion: /status: expected "ok", got "ill"'
    assert str(finding.position) == "xpconfig.toml:3:1"
    assert "`inv probe --name well`" in finding.hint


def test_a_service_that_does_not_start(play: Play, context: Any) -> None:  # noqa: ANN401
    reading = play_smoke(play, "raise SystemExit('no database')", context)
    assert reading.status is Status.ERROR
    assert reading.summary.startswith("the service did not start: it ended with exit code 1")
    assert "no database" in reading.findings[0].message


@pytest.mark.parametrize(
    ("troubles", "status"),
    [
        (["setup"], Status.ERROR),
        (["setup", None], Status.ERROR),
        (["setup", "status"], Status.FAILED),
        (["contract"], Status.FAILED),
        ([None], Status.PASSED),
    ],
)
def test_a_probe_that_could_not_look_is_an_error(troubles: list[str | None], status: Status) -> None:
    place = {"file": "contract.yaml", "line": 3, "column": 4}
    rows = [
        {
            "name": "a", "kind": "api", "ok": not trouble, "latency": 0.1, "trouble": trouble, "detail": "what",
            "evidence": place, "place": None,
        }
        for trouble in troubles
    ]  # fmt: skip
    step = steps.load("smoke")
    code = int(any(troubles))
    reading = step.read(step.Options(), Outcome(code, json.dumps({"probes": rows}), "", Path()))
    assert reading.status is status
    assert all(str(finding.position) == "contract.yaml:3:4" for finding in reading.findings)


def test_the_child_sees_the_variables_of_secrets_only(context: Any) -> None:  # noqa: ANN401
    step = steps.load("smoke")
    auth = {"scheme": "bearer", "token": "env:TOKEN"}
    probes = {
        "a": health.Options.model_validate({"kind": "health", "auth": auth, "headers": {"X": "env:OTHER", "Y": "y"}}),
        "b": health.Options.model_validate({"kind": "health", "auth": {**auth, "token": "env:GIVEN"}}),
        "c": health.Options.model_validate({"kind": "health", "auth": {**auth, "token": "file:secret"}}),
    }
    service = ServiceSettings(command=("x",), environment={"GIVEN": "plain", "DATABASE": "env:DATABASE_URL"})
    context.slices.update({"service": service, "probes": probes})
    assert step.command(step.Options(), context).passes == ("DATABASE_URL", "OTHER", "TOKEN")
