"""`/ws` against `contracts/asyncapi.yaml`, over real sockets."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import jsonschema_rs
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app.events import CloseCode, Hub, Subscriber, now
from app.main import create_app
from generated.python.models import ProjectDeleted
from tests.app.conftest import AUTH, TOKEN, served, settings
from tests.app.test_contracts import BASE, CONTRACTS

ONE, TWO = UUID(int=1), UUID(int=2)
Checked = Callable[[ClientConnection], dict[str, Any]]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(create_app(settings(websocket_subscriptions=2))) as address:
        yield address


@pytest.fixture
def socket(address: str, receive: Checked) -> Iterator[ClientConnection]:
    with connect(f"ws://{address}/ws", additional_headers=AUTH) as socket:
        assert receive(socket)["type"] == "hello"
        yield socket


@pytest.fixture(scope="module")
def receive() -> Checked:
    """Receive one message that the contract allows."""
    validator = jsonschema_rs.Draft202012Validator(
        {"$ref": f"{BASE}asyncapi.yaml#/components/schemas/ServerMessage"},
        registry=jsonschema_rs.Registry(list(CONTRACTS.items())),
        validate_formats=True,
    )

    def receive(socket: ClientConnection) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(socket.recv(timeout=5))
        validator.validate(message)
        return message

    return receive


def test_events_of_everything(address: str, socket: ClientConnection, receive: Checked) -> None:
    socket.send('{"type": "subscribe", "ref": "a"}')
    assert receive(socket) == {"type": "subscribed", "ref": "a", "all": True, "project_ids": []}
    with httpx.Client(base_url=f"http://{address}", headers=AUTH) as client:
        project = client.post("/api/projects", json={"name": "Apollo"}).json()
        path = f"/api/projects/{project['id']}"
        changed = client.patch(path, json={"status": "paused"}).json()
        client.patch(path, json={})
        client.delete(path)
    created, updated, deleted = receive(socket), receive(socket), receive(socket)
    assert (created["type"], created["project"]) == ("project.created", project)
    assert (updated["type"], updated["project"]) == ("project.updated", changed)
    assert (deleted["type"], deleted["project_id"]) == ("project.deleted", project["id"])
    assert len({event["id"] for event in (created, updated, deleted)}) == 3


def test_events_of_one_project(address: str, socket: ClientConnection, receive: Checked) -> None:
    with httpx.Client(base_url=f"http://{address}", headers=AUTH) as client:
        first, second = (client.post("/api/projects", json={"name": str(uuid4())}).json() for _ in range(2))
        socket.send(json.dumps({"type": "subscribe", "project_id": second["id"]}))
        assert receive(socket)["project_ids"] == [second["id"]]
        for project in (first, second):
            client.delete(f"/api/projects/{project['id']}")
    assert receive(socket)["project_id"] == second["id"]


@pytest.mark.parametrize(
    ("message", "ref", "code"),
    [
        pytest.param("", None, "invalid_json", id="empty"),
        pytest.param("{", None, "invalid_json", id="no JSON"),
        pytest.param("[" * 50_000, None, "invalid_json", id="deep"),
        pytest.param("[]", None, "invalid_json", id="no object"),
        pytest.param(b"{}", None, "invalid_json", id="bytes"),
        pytest.param('{"type": "ping", "ref": "\\ud800"}', None, "invalid_json", id="half a character"),
        pytest.param("{}", None, "invalid_message", id="no type"),
        pytest.param('{"type": "pong", "ref": "a"}', "a", "invalid_message", id="a type that only we send"),
        pytest.param('{"type": "ping", "ref": 1}', None, "invalid_message", id="ref is a number"),
        pytest.param('{"type": "ping", "ref": null}', None, "invalid_message", id="ref is null"),
        pytest.param(json.dumps({"type": "ping", "ref": "x" * 65}), None, "invalid_message", id="long ref"),
        pytest.param('{"type": "ping", "ref": "a", "x": 1}', "a", "invalid_message", id="unknown property"),
        pytest.param('{"type": "subscribe", "ref": "a", "project_id": "x"}', "a", "invalid_message", id="no id"),
        pytest.param('{"type": "subscribe", "project_id": null}', None, "invalid_message", id="id is null"),
    ],
)
def test_refused_message_leaves_the_socket_open(
    socket: ClientConnection, receive: Checked, message: str | bytes, ref: str | None, code: str
) -> None:
    socket.send(message)
    answer = receive(socket)
    assert (answer["type"], answer["ref"], answer["code"]) == ("error", ref, code)
    socket.send('{"type": "ping", "ref": "still here"}')
    pong = receive(socket)
    assert (pong["type"], pong["ref"]) == ("pong", "still here")


def test_subscriptions_by_id_are_limited(socket: ClientConnection, receive: Checked) -> None:
    for project_id in (ONE, TWO):
        socket.send(json.dumps({"type": "subscribe", "project_id": str(project_id)}))
        assert receive(socket)["type"] == "subscribed"
    socket.send(json.dumps({"type": "subscribe", "ref": "b", "project_id": str(UUID(int=3))}))
    answer = receive(socket)
    assert (answer["code"], answer["ref"]) == ("too_many_subscriptions", "b")


@pytest.mark.parametrize(
    ("headers", "offered", "selected"),
    [
        (AUTH, None, None),
        (AUTH, ["projects.v1"], "projects.v1"),
        ({}, ["projects.v1", f"bearer.{TOKEN}"], "projects.v1"),
    ],
)
def test_ways_to_show_the_token(
    address: str, receive: Checked, headers: dict[str, str], offered: list[Subprotocol] | None, selected: str | None
) -> None:
    with connect(f"ws://{address}/ws", additional_headers=headers, subprotocols=offered) as socket:
        assert (socket.subprotocol, receive(socket)["type"]) == (selected, "hello")


@pytest.mark.parametrize(
    ("headers", "offered"),
    [
        ({}, None),
        ({"Authorization": "Bearer wrong"}, None),
        ({"Authorization": f"Basic {TOKEN}"}, None),
        ({}, ["projects.v1", "bearer.wrong"]),
    ],
)
def test_closed_without_a_token(address: str, headers: dict[str, str], offered: list[Subprotocol] | None) -> None:
    with (
        connect(f"ws://{address}/ws", additional_headers=headers, subprotocols=offered) as socket,
        pytest.raises(ConnectionClosed) as closed,
    ):
        socket.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_large_message_closes(socket: ClientConnection) -> None:
    socket.send(json.dumps({"type": "ping", "ref": "x" * 70_000}))
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize(
    ("steps", "everything", "ids"),
    [
        ([], False, set()),
        (["+"], True, set()),
        (["+1"], False, {ONE}),
        (["+1", "+1"], False, {ONE}),
        (["+1", "+2", "-1"], False, {TWO}),
        (["+1", "+"], True, {ONE}),
        (["+", "-1"], True, set()),
        (["+", "+1", "-"], False, set()),
        (["-2"], False, set()),
        (["+1", "+2", "+3"], False, {ONE, TWO}),
    ],
)
def test_subscriptions(steps: list[str], everything: bool, ids: set[UUID]) -> None:  # noqa: FBT001 - a table
    subscriber = Subscriber(size=1)
    for step in steps:
        project_id = UUID(int=int(step[1:])) if step[1:] else None
        if step[0] == "+":
            subscriber.subscribe(project_id, limit=2)
        else:
            subscriber.unsubscribe(project_id)
    assert (subscriber.all, subscriber.project_ids) == (everything, ids)


@pytest.mark.anyio
async def test_a_slow_client_is_marked_and_the_others_hear_everything() -> None:
    hub = Hub(queue_size=3)
    slow, quick = hub.join(), hub.join()
    heard = []
    for subscriber in (slow, quick):
        subscriber.subscribe(None, limit=1)
    for number in range(5):
        hub.publish(ProjectDeleted(type="project.deleted", id=UUID(int=number), at=now(), project_id=ONE))
        heard.append(await quick.next())
    assert [event.id.int for event in heard if isinstance(event, ProjectDeleted)] == [0, 1, 2, 3, 4]
    assert (slow.too_slow.is_set(), quick.too_slow.is_set()) == (True, False)


@pytest.mark.anyio
async def test_closing_sends_what_waits_first_and_turns_newcomers_away() -> None:
    hub = Hub(queue_size=3)
    subscriber = hub.join()
    subscriber.subscribe(ONE, limit=1)
    event = ProjectDeleted(type="project.deleted", id=TWO, at=now(), project_id=ONE)
    hub.publish(event)
    closing = asyncio.create_task(hub.close(5))
    assert [await subscriber.next(), await subscriber.next()] == [event, CloseCode.GOING_AWAY]
    newcomer = hub.join()
    assert await newcomer.next() is CloseCode.GOING_AWAY
    hub.leave(newcomer)
    assert not closing.done()
    hub.leave(subscriber)
    await closing


@pytest.mark.anyio
async def test_slow_client_is_dropped_with_1013() -> None:
    """A fake socket whose network is full from the first event on."""
    app = create_app(settings(websocket_queue=4))
    incoming: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    sent: list[dict[str, Any]] = []
    subscribed = asyncio.Event()

    async def send(message: Any) -> None:  # noqa: ANN401 - what ASGI says
        sent.append(message)
        if '"subscribed"' in message.get("text", ""):
            subscribed.set()
        if '"project.deleted"' in message.get("text", ""):
            await asyncio.Event().wait()

    headers = [(b"authorization", AUTH["Authorization"].encode())]
    scope = {"type": "websocket", "path": "/ws", "query_string": b"", "headers": headers, "subprotocols": []}
    incoming.put_nowait({"type": "websocket.connect"})
    incoming.put_nowait({"type": "websocket.receive", "text": '{"type": "subscribe"}'})
    conversation = asyncio.create_task(app(scope, incoming.get, send))
    await asyncio.wait_for(subscribed.wait(), 5)
    hub = app.state.service.hub
    for _ in range(6):
        hub.publish(ProjectDeleted(type="project.deleted", id=uuid4(), at=now(), project_id=ONE))
    await asyncio.wait_for(conversation, 5)
    assert (sent[-1]["type"], sent[-1]["code"]) == ("websocket.close", 1013)
    assert len(hub) == 0
    assert b"projects_websocket_dropped_total 1.0" in app.state.service.metrics.exposition()
    assert b"projects_websocket_connections 0.0" in app.state.service.metrics.exposition()
