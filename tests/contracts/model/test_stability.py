"""Names stay what they are when something is added or moved elsewhere."""

import copy
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from xptasks.contracts.document import load
from xptasks.contracts.model import build_model

Json = dict[str, Any]

STATE: Json = {"type": "string", "enum": ["on", "off"]}
INLINE: list[Json] = [
    {"type": "object", "properties": {"state": STATE}},
    STATE,
    {"oneOf": [{"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}, {"type": "integer"}]},
    {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
    {"type": "object", "additionalProperties": {"type": "object", "properties": {"k": STATE}}},
]
WORDS = [
    "status",
    "Status",
    "item",
    "value",
    "project",
    "Project",
    "list",
    "kind",
    "owner_id",
    "ownerId",
    "response200",
]


def _contract() -> Json:
    def body(schema: Json) -> Json:
        return {"content": {"application/json": {"schema": schema}}}

    def operation(name: str) -> Json:
        responses = {"200": {"description": "ok", **body(copy.deepcopy(INLINE[3]))}}
        return {"operationId": name, "requestBody": body(copy.deepcopy(INLINE[0])), "responses": responses}

    schemas: Json = {}
    for index, name in enumerate(["Project", "Owner", "simple-user", "http_event", "Result"]):
        properties = {word: copy.deepcopy(INLINE[(index + at) % 5]) for at, word in enumerate(WORDS[:4])}
        properties.pop("Status")
        schemas[name] = {"type": "object", "properties": properties}
    return {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/projects": {"get": operation("listProjects")}, "/owners/{id}": {"put": operation("putOwner")}},
        "components": {"schemas": schemas},
    }


def _names(contract: Json, path: Path) -> dict[str, str]:
    path.write_text(json.dumps(contract), encoding="utf-8")
    return {key.partition("#")[2]: item.name for key, item in build_model([load(path)]).types.items()}


def _add_component(contract: Json, random: Random) -> str:
    name = (
        f"{random.choice(['Project', 'Owner', 'New', 'ProjectStatus', 'ListProjects'])}{random.choice(WORDS).title()}"
    )
    contract["components"]["schemas"].setdefault(name, copy.deepcopy(random.choice(INLINE)))
    return f"/components/schemas/{name}"


def _add_property(contract: Json, random: Random) -> str:
    component = random.choice(list(contract["components"]["schemas"]))
    schema = contract["components"]["schemas"][component]
    name = f"{random.choice(WORDS)}{random.randrange(100)}"
    if schema.get("type") == "object":
        schema.setdefault("properties", {})[name] = copy.deepcopy(random.choice(INLINE))
    return f"/components/schemas/{component}/properties/{name}"


def _add_operation(contract: Json, random: Random) -> str:
    operation = copy.deepcopy(contract["paths"]["/projects"]["get"])
    operation["operationId"] = f"{random.choice(['list', 'get', 'project'])}{random.randrange(1000)}"
    path = f"/{random.choice(WORDS)}{random.randrange(1000)}"
    contract["paths"][path] = {"get": operation}
    return f"/paths/~1{path[1:]}"


def _reorder(contract: Json, random: Random) -> str:
    for holder in [contract["paths"], contract["components"]["schemas"]]:
        items = list(holder.items())
        random.shuffle(items)
        holder.clear()
        holder.update(items)
    for schema in contract["components"]["schemas"].values():
        items = list(schema.get("properties", {}).items())
        random.shuffle(items)
        if items:
            schema["properties"] = dict(items)
        for value in dict(items).values():
            if "oneOf" in value:
                random.shuffle(value["oneOf"])
    return ""


EDITS = [_add_component, _add_property, _add_operation, _reorder]


@pytest.mark.parametrize("seed", range(10))
def test_ten_edits_rename_nothing_that_they_do_not_touch(seed: int, tmp_path: Path) -> None:
    random = Random(seed)  # noqa: S311 - repeatable on purpose
    contract = _contract()
    before = _names(contract, tmp_path / "contract.json")
    for _ in range(10):
        edit = random.choice(EDITS)
        touched = edit(contract, random)
        after = _names(contract, tmp_path / "contract.json")
        moved = "/oneOf/" if edit is _reorder else None
        for pointer, name in before.items():
            if moved is None or moved not in pointer:
                assert after[pointer] == name, (seed, edit.__name__, touched)
        if moved is not None:
            assert sorted(after.values()) == sorted(before.values())
        before = after
