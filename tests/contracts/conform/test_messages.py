"""Messages on websockets against AsyncAPI documents."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.conform.conftest import Messages
from xptasks.contracts.conform import MessageContract, Violation
from xptasks.errors import ConfigError

PROJECT = Path(__file__).parents[3]
AT = "2026-01-31T09:30:00Z"


@pytest.fixture(scope="module")
def projects() -> MessageContract:
    return MessageContract.load(PROJECT / "contracts/asyncapi.yaml")


def message(kind: str, **properties: object) -> dict[str, Any]:
    payload = {"type": "object", "required": ["type"], "properties": {"type": {"const": kind}} | properties}
    return {"name": kind, "payload": payload}


def told(violations: tuple[Violation, ...]) -> list[tuple[str, str, str]]:
    return [(violation.operation, violation.rule, violation.pointer) for violation in violations]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'{{"type": "hello", "at": "{AT}", "release": "1"}}', []),
        ('{"type": "hello", "at": "x", "release": "1"}', [("/ws sent hello", "message", "/at")]),
        ('{"type": "error", "ref": null, "code": "x", "detail": ""}', [("/ws sent error", "message", "/code")]),
        ('{"type": "ping"}', [("/ws sent", "message", "")]),
        ("[]", [("/ws sent", "message", "")]),
        ("{", [("/ws sent", "message", "")]),
        (b"\xff", [("/ws sent", "message", "")]),
    ],
)
def test_what_the_service_sends(projects: MessageContract, text: str | bytes, expected: list[Any]) -> None:
    assert told(projects.sent("/ws", text)) == expected


def test_directions(projects: MessageContract) -> None:
    assert projects.received("/ws", '{"type": "ping"}') == ()
    assert told(projects.received("/ws", '{"type": "pong"}')) == [("/ws received", "message", "")]
    assert told(projects.received("/ws", '{"type": "ping", "x": 1}')) == [("/ws received ping", "message", "/x")]
    assert "/ws sent project.created" in projects.messages
    assert "/ws received subscribe" in projects.messages
    assert len(projects.messages) == 10


def test_a_violation_points_into_the_file_that_is_meant(projects: MessageContract) -> None:
    project = {"id": "x", "name": "", "description": None, "status": "active", "created_at": AT, "updated_at": AT}
    event = {"type": "project.created", "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "at": AT, "project": project}
    (violation,) = projects.sent("/ws", json.dumps(event))
    assert violation.pointer == "/project/id"
    assert violation.position.file.endswith("openapi.yaml")
    unknown = projects.sent("/ws", '{"type": "nope"}')[0]
    assert 'type "hello" or type "project.created"' in unknown.expected


@pytest.mark.parametrize("version", ["2.0.0", "2.6.0"])
def test_version_2_speaks_from_the_clients_side(messages: Messages, version: str) -> None:
    channel = {"subscribe": {"message": {"oneOf": [message("a"), message("b")]}}, "publish": {"message": message("c")}}
    contract = messages({"/chat/{room}": channel}, version)
    assert contract.messages == ("/chat/{room} sent a", "/chat/{room} sent b", "/chat/{room} received c")
    assert contract.sent("/chat/1", '{"type": "b"}') == ()
    assert contract.received("/chat/1", '{"type": "c"}') == ()
    assert told(contract.sent("/chat/1", '{"type": "c"}')) == [("/chat/{room} sent", "message", "")]


def test_version_2_says_what_draft_7_means(messages: Messages) -> None:
    pair = {
        "items": [{"type": "integer"}, {"format": "uuid", "$ref": "#/components/schemas/Name"}],
        "additionalItems": False,
    }
    together = {"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}
    payload = {"properties": {"pair": pair, "together": together}}
    shared = {"schemas": {"Name": {"type": "string"}}}
    contract = messages({"/": {"subscribe": {"message": {"payload": payload}}}}, "2.6.0", components=shared)
    assert contract.sent("/", '{"pair": [1, "x"], "together": {"a": 1, "b": 2}}') == ()
    bad = [{"pair": ["x"]}, {"pair": [1, 2]}, {"pair": [1, "x", 3]}, {"together": {"a": 1}}, {"together": {"c": 1}}]
    assert [len(contract.sent("/", json.dumps(value))) for value in bad] == [1] * 5


def test_without_operations_a_message_may_go_either_way(messages: Messages) -> None:
    contract = messages({"c": {"address": "/c", "messages": {"a": message("a")}}})
    assert contract.sent("/c", '{"type": "a"}') == contract.received("/c", '{"type": "a"}') == ()
    assert told(contract.sent("/c", '{"type": "b"}')) == [("/c sent a", "message", "/type")]


def test_an_operation_without_messages_means_all_of_its_channel(messages: Messages) -> None:
    operations = {"send": {"action": "send", "channel": {"$ref": "#/channels/c"}}}
    contract = messages({"c": {"address": "c", "messages": {"a": message("a")}}}, operations=operations)
    assert contract.messages == ("c sent a",)
    assert told(contract.received("/c", '{"type": "a"}')) == [("c received", "message", "")]


def test_payloads_that_are_no_json_schema_are_not_judged(messages: Messages) -> None:
    avro = {"payload": {"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": {"type": "record"}}}
    schema = {"payload": {"schemaFormat": "application/schema+json;version=draft-07", "schema": {"type": "integer"}}}
    binary = {"contentType": "image/png", "payload": {"type": "string"}}
    found = {
        name: {"address": name, "messages": {"m": inner}} for name, inner in [("a", avro), ("s", schema), ("b", binary)]
    }
    contract = messages(found)
    assert contract.sent("/a", '{"type": 1}') == contract.sent("/a", b"\x00") == contract.sent("/b", b"\xff") == ()
    assert contract.sent("/s", "1") == ()
    assert len(contract.sent("/s", '"x"')) == 1


@pytest.mark.parametrize(
    ("offered", "chosen", "accepted", "rule"),
    [
        ([], None, True, None),
        (["v1"], "v1", True, None),
        (["v1", "secret"], "v1", True, None),
        (["v1", "secret"], "secret", True, "handshake"),
        (["v1"], None, True, "handshake"),
        (["other"], None, True, None),
        (["other"], "v1", True, "handshake"),
        ([], "v1", True, "handshake"),
        ([], "v1", False, None),
    ],
)
def test_handshakes(
    messages: Messages,
    offered: list[str],
    chosen: str | None,
    accepted: bool,  # noqa: FBT001 - a table
    rule: str | None,
) -> None:
    contract = messages({"c": {"address": "/c", "x-subprotocols": ["v1"]}})
    found = contract.handshake("/c", offered=offered, chosen=chosen, accepted=accepted)
    assert [violation.rule for violation in found] == ([rule] if rule else [])


def test_a_channel_that_the_contract_has_not(messages: Messages) -> None:
    servers = {"s": {"host": "h", "protocol": "ws", "pathname": "/live"}}
    contract = messages({"c": {"address": "/c"}, "later": {"address": None}}, servers=servers)
    assert contract.handshake("/live/c") == contract.handshake("/c") == ()
    assert told(contract.handshake("/d")) == [("/d handshake", "channel", "")]
    assert contract.handshake("/d", accepted=False) == ()
    assert contract.sent("/d", "1") == ()
    assert contract.conversation("/d").sent("1").violations == ()


def test_replies_fit_what_asked_for_them(projects: MessageContract) -> None:
    pong = json.dumps({"type": "pong", "ref": "a", "at": AT})
    done = json.dumps({"type": "subscribed", "ref": "a", "all": True, "project_ids": []})
    error = json.dumps({"type": "error", "ref": "a", "code": "invalid_message", "detail": ""})
    for request, answer, expected in [
        ('{"type": "ping", "ref": "a"}', pong, []),
        ('{"type": "ping", "ref": "a"}', error, []),
        ('{"type": "ping", "ref": "a"}', done, ["reply"]),
        ('{"type": "subscribe", "ref": "a"}', done, []),
        ('{"type": "subscribe", "ref": "a"}', pong, ["reply"]),
        ('{"type": "wrong", "ref": "a"}', error, []),
        ('{"type": "ping", "ref": "b"}', pong, ["reply"]),
        ('{"type": "ping"}', json.dumps({"type": "pong", "ref": None, "at": AT}), []),
    ]:
        conversation = projects.conversation("/ws")
        conversation.received(request)
        assert [found.rule for found in conversation.sent(answer).violations] == expected, (request, answer)


def test_one_id_for_two_requests_allows_either_reply(projects: MessageContract) -> None:
    conversation = projects.conversation("/ws")
    for kind in ("ping", "subscribe"):
        conversation.received(json.dumps({"type": kind, "ref": "a"}))
    assert conversation.sent(json.dumps({"type": "pong", "ref": "a", "at": AT})).violations == ()


def test_what_waits_for_an_answer_is_bounded(projects: MessageContract) -> None:
    conversation = projects.conversation("/ws")
    for number in range(2_000):
        conversation.received(json.dumps({"type": "ping", "ref": str(number)}))
    assert len(conversation._pending) == 1_000
    assert conversation.sent(json.dumps({"type": "pong", "ref": "0", "at": AT})).violations == ()


def test_the_other_kind_of_contract_is_refused() -> None:
    with pytest.raises(ConfigError, match="OpenAPI"):
        MessageContract.load(PROJECT / "contracts/openapi.yaml")
