"""Many probes at a time, on shared and on fresh connections; the kinds as a registry; what a command prints."""

import json
import re
import socket
import time
import tomllib
from pathlib import Path

import anyio
import pytest

from tests.probes.conftest import PROJECT, reply, server
from xptasks import config
from xptasks.contracts.settings import ContractsSettings
from xptasks.probes import kinds, once
from xptasks.probes.kinds import health
from xptasks.probes.look import Looker, look_once
from xptasks.probes.result import ProbeResult, Trouble
from xptasks.results import Position

pytestmark = pytest.mark.pr

NAMES = kinds.REGISTRY.builtin


@pytest.mark.parametrize("name", NAMES)
def test_a_kind_describes_itself(name: str) -> None:
    kind = kinds.load(name)
    assert (getattr(kind, "__doc__", "") or "").strip()
    assert kind.Options.__doc__
    assert all(kind.NEEDS)
    example = tomllib.loads(kind.EXAMPLE)
    assert kind.Options.model_validate(example).kind == name
    for key, field in kind.Options.model_fields.items():
        assert field.description, key
        assert field.examples, key
        for value in field.examples:
            kind.Options.model_validate({"path": "/", **example, key: value})


def test_the_kinds_are_those_of_the_folder() -> None:
    assert NAMES == ("api", "health", "metrics", "websocket")


def keep_alive(connection: socket.socket, request: bytes) -> None:
    while request:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        request = connection.recv(65536)


def test_connections_are_shared_until_a_fresh_one_is_wanted() -> None:
    accepted: list[int] = []

    def handler(connection: socket.socket, request: bytes) -> None:
        accepted.append(1)
        keep_alive(connection, request)

    async def looks(url: str) -> list[int]:
        counts = []
        async with Looker(url, ContractsSettings(), {}, PROJECT) as looker:
            for fresh in (False, False, True, True, False):
                (result,) = await looker.look({"it": health.Options(kind="health")}, fresh=fresh)
                assert result.ok
                counts.append(len(accepted))
        return counts

    with server(handler) as address:
        assert anyio.run(looks, f"http://{address}") == [1, 1, 2, 3, 3]


def test_probes_look_at_the_same_time_and_one_that_hangs_holds_up_no_other() -> None:
    def handler(connection: socket.socket, request: bytes) -> None:
        (reply(b"{}") if b"GET /health " in request else lambda *_: time.sleep(1))(connection, request)

    probes = {f"p{number}": health.Options(kind="health") for number in range(10)}
    probes["hangs"] = health.Options.model_validate({"kind": "health", "path": "/hang", "timeout": "200ms"})
    with server(handler) as address:
        results = look_once(f"http://{address}", probes, ContractsSettings(), {}, PROJECT)
    assert [result.name for result in results] == sorted(probes)
    assert [result.name for result in results if not result.ok] == ["hangs"]


def test_a_kind_that_breaks_is_a_result_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(health, "look", broken)
    (result,) = look_once("http://127.0.0.1:1", {"it": health.Options(kind="health")}, ContractsSettings(), {}, PROJECT)
    assert result.trouble is Trouble.SETUP
    assert result.detail == "the probe itself failed: ZeroDivisionError: odd"


# -- as a command ----------------------------------------------------------------------------------------------------


def test_the_reference_service_passes_its_probes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(PROJECT)
    monkeypatch.setattr(once, "LOG", tmp_path / "log")
    found = config.load(PROJECT, environ={}).config
    assert once.main(["--json", once.request(found.service, found.contracts, found.probes)]) == 0
    rows = json.loads(capsys.readouterr().out)["probes"]
    assert {row["name"]: row["kind"] for row in rows} == {
        "events": "websocket",
        "health": "health",
        "metrics": "metrics",
        "projects": "api",
    }
    lines = (PROJECT / "xpconfig.toml").read_text().splitlines()
    for row in rows:
        assert row["ok"]
        assert lines[row["place"]["line"] - 1] == f"[probes.{row['name']}]"


def test_a_command_that_fails_says_where(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    found = config.load(PROJECT, environ={}).config
    probe = {"projects": found.probes["projects"].model_copy(update={"auth": None})}
    request = once.request(found.service, found.contracts, probe)
    with server(reply(b"{}", "200 OK", "Content-Type: application/json")) as address:
        assert once.main([f"--url=http://{address}", request]) == 1
    text = capsys.readouterr().out
    assert re.match(r"FAILED  projects +\d+ ms  contract: GET /api/projects 200: body: .*\n +contract: ", text)
    assert re.search(r"contracts/openapi.yaml:\d+:\d+\n$", text)


def test_a_wrong_address_and_no_probes_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    found = config.load(PROJECT, environ={}).config
    assert once.main(["--url=localhost", once.request(found.service, found.contracts, found.probes)]) == 2
    assert "'localhost' is no address of a service" in capsys.readouterr().err
    with pytest.raises(Exception, match="there are no probes"):
        once.request(found.service, found.contracts, {})


def test_the_text_has_a_line_for_each_probe() -> None:
    results = [
        ProbeResult("a", "health", ok=True, latency=0.0123),
        ProbeResult("long", "api", False, 2.0, Trouble.CONTRACT, "what", Position("contract.yaml", 3, 4)),  # noqa: FBT003
    ]
    assert once.as_text(results) == (
        "ok      a         12 ms\nFAILED  long    2000 ms  contract: what\n        contract: contract.yaml:3:4\n"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[probes.a]", 1),
        ("x = 1\n\n  [ probes . a ]\n", 3),
        ("[probes.ab]\n[probes.a]", 2),
        ("# [probes.a]", None),
        ("probes.a = {}", None),
    ],
)
def test_the_place_of_a_probe(text: str, line: int | None) -> None:
    found = once.place_of(text, "a")
    assert (found.line if found else None) == line
