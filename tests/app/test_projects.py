"""`/api/projects`, `/health` and `/metrics` over ASGI."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from app.events import now
from app.storage import Store
from generated.python.models import Project, ProjectCreate, ProjectStatus

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}
UNKNOWN = "/api/projects/3f2b8c9e-5d1a-4c7b-9e2f-6a8d0b1c2d3e"


async def create(client: httpx.AsyncClient, **body: object) -> dict[str, Any]:
    answer = await client.post("/api/projects", json={"name": "Apollo"} | body)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def test_created_project_is_where_location_says(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/projects", json={"name": "Apollo", "description": "To the moon"})
    assert answer.status_code == 201
    again = await client.get(answer.headers["location"])
    assert again.json() == answer.json()
    assert answer.json() | {"id": 0, "created_at": 0, "updated_at": 0} == {
        "id": 0,
        "name": "Apollo",
        "description": "To the moon",
        "status": "active",
        "created_at": 0,
        "updated_at": 0,
    }
    assert answer.json()["created_at"].endswith("Z")


async def test_second_project_of_a_name_is_refused_and_changes_nothing(client: httpx.AsyncClient) -> None:
    await create(client)
    answer = await client.post("/api/projects", json={"name": "Apollo"})
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert answer.json()["type"] == "/problems/name-taken"
    assert len((await client.get("/api/projects")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, {}, id="absent stays"),
        pytest.param({"description": None}, {"description": None}, id="null removes"),
        pytest.param({"description": ""}, {"description": ""}, id="empty is not null"),
        pytest.param({"name": "Gemini"}, {"name": "Gemini"}, id="name"),
        pytest.param({"status": "archived"}, {"status": "archived"}, id="status"),
        pytest.param({"name": "Apollo"}, {}, id="its own name"),
    ],
)
async def test_update(client: httpx.AsyncClient, change: dict[str, Any], expected: dict[str, Any]) -> None:
    before = await create(client, description="To the moon")
    answer = await client.patch(f"/api/projects/{before['id']}", json=change)
    assert answer.status_code == 200
    after = answer.json()
    assert after | {"updated_at": 0} == before | expected | {"updated_at": 0}
    assert (after["updated_at"] == before["updated_at"]) is (change == {})
    assert (await client.get(f"/api/projects/{before['id']}")).json() == after


async def test_update_to_a_taken_name_is_refused(client: httpx.AsyncClient) -> None:
    await create(client)
    other = await create(client, name="Gemini")
    answer = await client.patch(f"/api/projects/{other['id']}", json={"name": "Apollo"})
    assert answer.status_code == 409


async def test_deleting_twice_leaves_it_deleted(client: httpx.AsyncClient) -> None:
    project = await create(client)
    first = await client.delete(f"/api/projects/{project['id']}")
    second = await client.delete(f"/api/projects/{project['id']}")
    assert (first.status_code, first.content, second.status_code) == (204, b"", 404)
    assert (await client.get(f"/api/projects/{project['id']}")).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_unknown_project(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, UNKNOWN, json={} if method == "PATCH" else None)
    assert answer.status_code == 404
    assert answer.json()["detail"] == f"there is no project {UNKNOWN.rpartition('/')[2]}"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        pytest.param({}, ["/name"], id="missing name"),
        pytest.param({"name": ""}, ["/name"], id="empty name"),
        pytest.param({"name": "x" * 101}, ["/name"], id="long name"),
        pytest.param({"name": "a\nb"}, ["/name"], id="control character"),
        pytest.param({"name": None}, ["/name"], id="null name"),
        pytest.param({"name": 7}, ["/name"], id="number"),
        pytest.param({"name": "a", "description": "\0"}, ["/description"], id="a zero, which no database keeps"),
        pytest.param({"name": "a", "description": "\ud800"}, ["/description"], id="half a character"),
        pytest.param({"name": "a", "status": "gone"}, ["/status"], id="unknown status"),
        pytest.param({"name": "a", "status": None}, ["/status"], id="null status"),
        pytest.param({"name": "a", "a/b~c": 1}, ["/a~1b~0c"], id="unknown property, escaped"),
        pytest.param({"name": "", "status": "gone", "x": 1}, ["/name", "/status", "/x"], id="all mistakes at once"),
        pytest.param([], [""], id="no object"),
    ],
)
async def test_invalid_body(client: httpx.AsyncClient, body: object, pointers: list[str]) -> None:
    answer = await client.post("/api/projects", content=json.dumps(body), headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert (await client.get("/api/projects")).json()["items"] == []


@pytest.mark.parametrize("body", [{"name": None}, {"status": None}, {"colour": "red"}])
async def test_invalid_update(client: httpx.AsyncClient, body: object) -> None:
    project = await create(client)
    answer = await client.patch(f"/api/projects/{project['id']}", json=body)
    assert answer.status_code == 422
    assert (await client.get(f"/api/projects/{project['id']}")).json() == project


async def test_unreadable_body(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/projects", content=b'{"name": ', headers=JSON)
    assert answer.json()["errors"] == [{"in": "body", "pointer": "", "detail": "the body is not JSON"}]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
        ("limit=x", "/limit"),
        ("status=gone", "/status"),
        ("cursor=", "/cursor"),
        ("cursor=!", "/cursor"),
        ("cursor=AAAA", "/cursor"),
        ("cursor=LTE", "/cursor"),
        pytest.param("cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "/cursor", id="more than 63 bits"),
    ],
)
async def test_invalid_query(client: httpx.AsyncClient, query: str, pointer: str) -> None:
    answer = await client.get(f"/api/projects?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        (None, "Bearer"),
        ("Basic dTpw", "Bearer"),
        ("Bearer", "Bearer"),
        ("Bearer wrong", 'Bearer error="invalid_token"'),
        ("Bearer tests-onl", 'Bearer error="invalid_token"'),
        ("Bearer täts", 'Bearer error="invalid_token"'),
    ],
)
async def test_who_is_not_let_in(client: httpx.AsyncClient, header: str | None, challenge: str) -> None:
    del client.headers["Authorization"]
    headers = [] if header is None else [(b"Authorization", header.encode())]
    answer = await client.get("/api/projects", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
    assert answer.json()["type"] == "/problems/unauthorized"


@pytest.mark.parametrize("path", ["/health", "/metrics"])
async def test_probes_need_no_token(client: httpx.AsyncClient, path: str) -> None:
    del client.headers["Authorization"]
    assert (await client.get(path)).status_code == 200


async def test_errors_of_the_framework_are_problems_too(client: httpx.AsyncClient) -> None:
    nowhere, method = await client.get("/nowhere"), await client.put("/api/projects")
    assert [nowhere.json()["type"], method.json()["type"]] == ["/problems/not-found", "/problems/method-not-allowed"]
    assert set(method.headers["allow"].split(", ")) >= {"GET"}


async def test_health_says_when_the_database_is_gone_and_when_it_drains(
    client: httpx.AsyncClient, service: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = service.state.service
    with monkeypatch.context() as patch:
        patch.setattr(parts.store, "_engine", Store("sqlite:////no/such/folder/x")._engine)
        gone = await client.get("/health")
    assert (gone.status_code, gone.json()["detail"]) == (503, "the database does not answer")
    parts.hub.closing = True
    draining = await client.get("/health")
    assert (draining.status_code, draining.json()["detail"]) == (503, "the service is shutting down")


@pytest.mark.no_contract("a contract does not promise mistakes")
async def test_unexpected_error_tells_nothing_private(
    client: httpx.AsyncClient, service: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.state.service.store, "_engine", Store("sqlite:////no/such/folder/x")._engine)
    answer = await client.get("/api/projects")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal-server-error")
    assert "folder" not in answer.text


async def test_metrics_count_by_template(client: httpx.AsyncClient) -> None:
    for path in (UNKNOWN, f"/api/projects/{uuid4()}", "/api/projects", "/nowhere", "/elsewhere"):
        await client.get(path)
    text = (await client.get("/metrics")).text
    assert 'projects_http_requests_total{method="GET",route="/api/projects/{project_id}",status="404"} 2.0' in text
    assert 'projects_http_requests_total{method="GET",route="/api/projects",status="200"} 1.0' in text
    assert 'projects_http_requests_total{method="GET",route="unmatched",status="404"} 2.0' in text
    assert 'projects_http_request_duration_seconds_count{method="GET",route="/api/projects"} 1.0' in text


@pytest.mark.parametrize(("given_id", "kept"), [("abc-1", True), ("a b", False), ("x" * 65, False), ("", False)])
async def test_request_id(client: httpx.AsyncClient, given_id: str, *, kept: bool) -> None:
    answer = await client.get("/health", headers={"X-Request-ID": given_id})
    assert (answer.headers["x-request-id"] == given_id) is kept
    assert answer.headers["x-request-id"]


@given(
    statuses=st.lists(st.sampled_from(ProjectStatus), max_size=12),
    limit=st.integers(1, 5),
    wanted=st.none() | st.sampled_from(ProjectStatus),
    data=st.data(),
)
@settings(max_examples=30, deadline=None)
def test_pages_neither_repeat_nor_hide(
    statuses: list[ProjectStatus], limit: int, wanted: ProjectStatus | None, data: st.DataObject
) -> None:
    """Whatever is deleted or created meanwhile: what stays is seen once, in order, in pages that are full."""
    store = Store("sqlite://")
    try:
        store.create_tables()
        made = [
            store.create(ProjectCreate(name=f"p{number}", status=status), now())
            for number, status in enumerate(statuses)
        ]
        seen: list[Project] = []
        deleted: set[object] = set()
        cursor = None
        while True:
            page = store.page(limit, cursor, wanted)
            seen += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
            assert len(page.items) == limit
            victim = data.draw(st.sampled_from(made))
            store.delete(victim.id)
            deleted.add(victim.id)
    finally:
        store.close()
    fitting = [project.id for project in made if wanted in (None, project.status)]
    ids = [project.id for project in seen]
    assert ids == [one for one in fitting if one in ids]
    assert set(fitting) - set(ids) <= deleted
