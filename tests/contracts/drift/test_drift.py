"""Every seeded drift is found and named, and what a framework adds by itself is none."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Header
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from tests.contracts.drift.conftest import PROJECT, Compare, Json
from xptasks.contracts.drift.differences import written
from xptasks.contracts.drift.normal import normalised, pointers, shares
from xptasks.results import Finding

pytestmark = pytest.mark.pr

CompareWith = Callable[[Json, Json], list[Finding]]
LIST, ONE = "/api/projects", "/api/projects/{project_id}"


def test_the_reference_service_serves_what_its_contract_says(compare: Compare, served: Json) -> None:
    assert compare(served) == []


def schema(name: str, *keys: str) -> Callable[[Json], Json]:
    def find(served: Json) -> Json:
        here: Any = served["components"]["schemas"][name]
        for key in keys:
            here = here[key]
        found: Json = here
        return found

    return find


def put(find: Callable[[Json], Json], **values: object) -> Callable[[Json], None]:
    return lambda served: find(served).update(values)


def operation(path: str, method: str) -> Callable[[Json], Json]:
    return lambda served: served["paths"][path][method]


def drop(find: Callable[[Json], Any], key: Any) -> Callable[[Json], None]:  # noqa: ANN401
    def change(served: Json) -> None:
        del find(served)[key]

    return change


SEEDS: dict[str, tuple[Callable[[Json], None], str, str, str]] = {
    # name: change, the place in the message, a word of the contract's line, the served pointer
    "field type": (
        put(schema("Project", "properties", "name"), type="integer"),
        "GET /api/projects 200",
        "name:",
        "#/components/schemas/Project/properties/name",
    ),
    "field no longer nullable": (
        lambda served: served["components"]["schemas"]["Project"]["properties"].update(description={"type": "string"}),
        "GET /api/projects 200",
        "description:",
        "#/components/schemas/Project/properties/description",
    ),
    "field nullable": (
        put(schema("Project", "properties", "name"), type=["string", "null"]),
        "GET /api/projects 200",
        "name:",
        "#/components/schemas/Project/properties/name",
    ),
    "enum value more": (
        lambda served: schema("ProjectStatus")(served)["enum"].append("secret"),
        "GET /api/projects 200",
        "ProjectStatus:",
        "#/components/schemas/ProjectStatus",
    ),
    "enum value less": (
        lambda served: schema("ProjectStatus")(served)["enum"].remove("paused"),
        "POST /api/projects",
        "ProjectStatus:",
        "#/components/schemas/ProjectStatus",
    ),
    "limit": (
        put(schema("ProjectCreate", "properties", "name"), maxLength=50),
        "POST /api/projects",
        "name:",
        "#/components/schemas/ProjectCreate/properties/name",
    ),
    "required field": (
        lambda served: schema("ProjectPage")(served)["required"].remove("next_cursor"),
        "GET /api/projects 200",
        "ProjectPage:",
        "#/components/schemas/ProjectPage",
    ),
    "optional field more": (
        lambda served: schema("Project", "properties")(served).update(owner={"type": "string"}),
        "GET /api/projects 200",
        "",
        "#/components/schemas/Project/properties/owner",
    ),
    "optional field less": (
        drop(schema("ProjectCreate", "properties"), "description"),
        "POST /api/projects",
        "description:",
        "#/components/schemas/ProjectCreate",
    ),
    "operation less": (
        drop(lambda served: served["paths"][ONE], "delete"),
        "DELETE /api/projects/{project_id}",
        "delete:",
        "",
    ),
    "path less": (drop(lambda served: served["paths"], "/metrics"), "GET /metrics", "get:", ""),
    "operation more": (
        lambda served: served["paths"][ONE].update(put={"responses": {"204": {"description": "done"}}}),
        "PUT /api/projects/{project_id}",
        "",
        "#/paths/~1api~1projects~1{project_id}/put",
    ),
    "status more": (
        lambda served: operation(LIST, "get")(served)["responses"].update({"202": {"description": "later"}}),
        "GET /api/projects 202",
        "",
        "#/paths/~1api~1projects/get/responses/202",
    ),
    "status less": (
        drop(lambda served: operation(LIST, "post")(served)["responses"], "409"),
        "POST /api/projects 409",
        "NameTaken:",
        "",
    ),
    "header less": (
        drop(lambda served: operation(LIST, "get")(served)["responses"]["401"], "headers"),
        "GET /api/projects 401",
        "WWW-Authenticate:",
        "",
    ),
    "media type": (
        lambda served: operation("/health", "get")(served)["responses"]["200"].update(
            content={"application/xml": {"schema": {"type": "string"}}}
        ),
        "GET /health 200",
        "application/json:",
        "",
    ),
    "parameter more": (
        lambda served: operation(LIST, "get")(served)["parameters"].append(
            {"name": "owner", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        "GET /api/projects",
        "",
        "#/paths/~1api~1projects/get/parameters/3",
    ),
    "parameter less": (
        drop(lambda served: operation(LIST, "get")(served)["parameters"], 0),
        "GET /api/projects",
        "",
        "",
    ),
    "security": (drop(operation(LIST, "get"), "security"), "all operations", "security:", ""),
    "another 422": (
        lambda served: operation(LIST, "get")(served)["responses"].update(
            {"422": {"description": "x", "content": {"application/json": {"schema": {"type": "string"}}}}}
        ),
        "GET /api/projects 422",
        "application/problem+json:",
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEDS)
def test_a_drift_is_found_with_both_places(name: str, compare: Compare, served: Json) -> None:
    change, at, line, pointer = SEEDS[name]
    change(served)
    findings = compare(served)
    shown = "\n".join(f"{finding.severity} {finding.position} {finding.message}" for finding in findings)
    named = [finding for finding in findings if finding.message.startswith(at)]
    assert named, shown
    assert any(finding.severity == "error" for finding in named), shown
    lines = (PROJECT / "contracts/openapi.yaml").read_text().splitlines()
    places = [lines[(finding.position.line or 0) - 1] for finding in named if finding.position]
    assert not line or any(line in place for place in places), (places, shown)
    assert not pointer or any(f"served at {pointer}" in finding.message for finding in named), shown
    assert all(finding.position.file.endswith("openapi.yaml") for finding in named if finding.position)


# -- what is no drift ------------------------------------------------------------------------------------------------


class Item(BaseModel):
    name: str
    tags: list[str] = []
    note: str | None = None
    price: float = Field(default=1.0, ge=0)


def noisy() -> FastAPI:
    """Defaults make pydantic's input and output differ; every operation gets a 422, titles and a made-up id."""
    app = FastAPI()

    @app.get("/items")
    def list_items(q: str | None = None, limit: int = 10, token: Annotated[str | None, Header()] = None) -> list[Item]:
        raise NotImplementedError

    @app.post("/items", status_code=201)
    def make(item: Item) -> Item:
        raise NotImplementedError

    @app.delete("/items/{item_id}", status_code=204)
    def drop(item_id: int) -> None:
        raise NotImplementedError

    return app


def contract_item(*, given: bool) -> Json:
    properties: Json = {
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}, "default": []},
        "note": {"type": ["string", "null"]},
        "price": {"type": "number", "minimum": 0, "default": 1.0},
    }
    return {"type": "object", "required": ["name"] if given else list(properties)[:1], "properties": properties}


def json_of(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def quiet() -> Json:
    """The same by hand, without anything that FastAPI adds; the parameter of the path has another name."""
    item = contract_item(given=True)
    query = [
        {"name": "q", "in": "query", "schema": {"type": "string"}},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 10}},
        {"name": "token", "in": "header", "schema": {"type": "string"}},
    ]
    listed = {"200": {"description": "all", "content": json_of({"type": "array", "items": item})}}
    made = {"201": {"description": "made", "content": json_of(item)}}
    at = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Items", "version": "7"},
        "servers": [{"url": "https://items.example"}],
        "paths": {
            "/items": {
                "get": {"operationId": "list", "tags": ["items"], "parameters": query, "responses": listed},
                "post": {"requestBody": {"required": True, "content": json_of(item)}, "responses": made},
            },
            "/items/{id}": {"delete": {"parameters": [at], "responses": {"204": {"description": "gone"}}}},
        },
    }


def test_what_fastapi_adds_by_itself_is_no_drift(compare_with: CompareWith) -> None:
    assert compare_with(quiet(), noisy().openapi()) == []


def test_a_422_that_the_contract_describes_otherwise_is_a_drift(compare_with: CompareWith) -> None:
    contract = quiet()
    contract["paths"]["/items"]["post"]["responses"]["422"] = {
        "description": "no",
        "content": json_of({"type": "string"}),
    }
    assert [finding.message[:15] for finding in compare_with(contract, noisy().openapi())] == ["POST /items 422"]


def test_the_other_way_round_is_found_too(compare_with: CompareWith) -> None:
    """A drift does not depend on which side was changed."""
    changed = quiet()
    changed["paths"]["/items"]["get"]["responses"]["202"] = {"description": "later"}
    del changed["paths"]["/items/{id}"]
    messages = [finding.message for finding in compare_with(changed, noisy().openapi())]
    assert any(message.startswith("GET /items 202") for message in messages)
    assert any("DELETE /items/{item_id}" in message for message in messages)


# -- the parts -------------------------------------------------------------------------------------------------------


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=12,
    )
)
def test_a_pointer_for_every_line(value: Any) -> None:  # noqa: ANN401
    text = json.dumps(value, indent=1, ensure_ascii=True)
    assert len(list(pointers(value))) == len(text.splitlines())


def test_the_pointers_lead_to_their_lines() -> None:
    value = {"a/b": {"c": [1, {}]}, "d": "e"}
    lines = written(value).splitlines()
    found = dict(zip(pointers(value), lines, strict=False))
    assert found["/a~1b/c/0"].strip() == "1,"
    assert found["/d"].strip() == '"d": "e"'


def test_several_contracts_share_what_is_served() -> None:
    served = {"paths": {"/a/{x}": 1, "/b": 2, "/c": 3}}
    contracts: list[Json] = [{"paths": {"/b": {}}}, {"paths": {"/a/{y}": {}, "/b": {}}}]
    assert [share["paths"] for share in shares(served, contracts)] == [{"/b": 2, "/c": 3}, {"/a/{x}": 1}]


@pytest.mark.parametrize("served", [{}, {"paths": None}, {"paths": {"/a": None}}, {"paths": {"/a": {"get": None}}}])
def test_what_is_no_document_is_left_for_the_reader_to_refuse(served: Json) -> None:
    assert "paths" in normalised(served, {"paths": {"/a": {"get": {}}}})
    assert "paths" in normalised({"paths": {"/a": {"get": {}}}}, served)
