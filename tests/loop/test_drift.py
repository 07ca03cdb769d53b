"""Drift as a command: for a service by its address, and for an application with everything around it."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.probes.conftest import PROJECT, reply, server
from tests.repository import Project
from xptasks import config
from xptasks.loop import drift
from xptasks.steps.drift import order

pytestmark = pytest.mark.pr

OURS = config.load(PROJECT, environ={}).config
ORDER = order(OURS.contracts, OURS.generate, OURS.service)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(PROJECT)
    monkeypatch.setattr(drift, "_FOLDER", tmp_path / "drift")


def served(document: Any) -> Any:  # noqa: ANN401 - a handler
    return reply(json.dumps(document).encode(), "200 OK", "Content-Type: application/json")


def document() -> Any:  # noqa: ANN401 - any JSON
    from app.main import create_app  # noqa: PLC0415
    from app.settings import Settings  # noqa: PLC0415

    return create_app(Settings.model_validate({"database_url": "sqlite://"})).openapi()


def test_a_running_service_that_keeps_its_contract(capsys: pytest.CaptureFixture[str]) -> None:
    with server(served(document())) as address:
        assert drift.main([f"--url=http://{address}", ORDER]) == 0
    out = capsys.readouterr().out
    assert "note: contracts/asyncapi.yaml: nothing serves AsyncAPI" in out
    assert out.endswith("no drift: 7 operations compared\n")


def test_a_running_service_that_drifted(capsys: pytest.CaptureFixture[str]) -> None:
    found = document()
    found["paths"]["/health"]["post"] = {"responses": {"204": {"description": "done"}}}
    del found["paths"]["/metrics"]

    def handler(connection: socket.socket, request: bytes) -> None:
        assert request.startswith(b"GET /v1/openapi.json ")
        served(found)(connection, request)

    with server(handler) as address:
        assert drift.main([f"--url=http://{address}", "--path=/v1/openapi.json", "--json", ORDER]) == 1
    report = json.loads(capsys.readouterr().out)
    assert {finding["rule"] for finding in report["findings"]} == {"drift-path-removed", "drift-operation-added"}
    place = next(finding["position"] for finding in report["findings"] if finding["position"])
    assert place["file"] == "contracts/openapi.yaml"


@pytest.mark.parametrize(
    ("handler", "says"),
    [
        (reply(b"no", "404 Not Found"), "serves no OpenAPI document: expected 200, got 404 'no'"),
        (reply(b"<html>"), "the body is not JSON"),
        (reply(b"[1]"), "serves JSON that is no OpenAPI document"),
        (reply(b"{}"), "served-0.json"),
    ],
)
def test_an_address_that_serves_no_document(handler: Any, says: str, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    with server(handler) as address:
        assert drift.main([f"--url=http://{address}", ORDER]) in {2, 3}
    assert says in capsys.readouterr().err


def test_nothing_to_compare_with_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = OURS.contracts.model_copy(update={"served": ""})
    assert drift.main([order(nothing, OURS.generate, OURS.service)]) == 2
    assert "it is not known what serves the contract" in capsys.readouterr().err
    nothing = OURS.contracts.model_copy(update={"openapi": ()})
    with server(served(document())) as address:
        assert drift.main([f"--url=http://{address}", order(nothing, OURS.generate, OURS.service)]) == 2
    assert "there is no OpenAPI contract" in capsys.readouterr().err


CONTRACT = """
openapi: 3.1.0
info: { title: Small, version: "1" }
paths:
  /a:
    get:
      responses:
        "200":
          description: ok
          content: { application/json: { schema: { type: string } } }
"""
SERVICE = """
class App:
    def openapi(self):
        schema = {"type": "string"}
        content = {"application/json": {"schema": schema}}
        responses = {"200": {"description": "ok", "content": content}}
        paths = {"/a": {"get": {"responses": responses}}}
        return {"openapi": "3.1.0", "info": {"title": "S", "version": "1"}, "paths": paths}
app = App()
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path / "small")
    made.init()
    made.write("contract.yaml", CONTRACT)
    made.write("service.py", SERVICE)
    made.commit()
    monkeypatch.chdir(made.path)
    monkeypatch.setenv("PYTHONPATH", str(PROJECT / "tools"))
    return made


def small_order(served: str = "service:app") -> str:
    contracts = OURS.contracts.model_copy(
        update={"openapi": ("contract.yaml",), "asyncapi": (), "served": served, "allow": ()}
    )
    nothing = OURS.generate.model_copy(update=dict.fromkeys(OURS.generate.files()))
    return order(contracts, nothing, OURS.service.model_copy(update={"environment": {}}))


def test_a_break_of_the_contract_itself_is_drift_too(small: Project, capsys: pytest.CaptureFixture[str]) -> None:
    small.git("switch", "-q", "-c", "change")
    assert drift.main(["--json", small_order()]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["findings"], report["broken"], report["judgement"]["changes"]) == ([], False, [])
    for name in ("contract.yaml", "service.py"):
        small.write(name, (small.path / name).read_text().replace("string", "integer"))
    assert drift.main(["--json", small_order()]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["findings"] == []
    assert report["broken"]
    assert report["judgement"]["changes"][0]["rule"] == "response-type-changed"
