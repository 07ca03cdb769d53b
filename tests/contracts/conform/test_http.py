"""Responses against OpenAPI documents."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.conform.conftest import Http, answers, exchange
from xptasks.contracts.conform import HttpContract, Violation
from xptasks.errors import ConfigError

PROJECT = Path(__file__).parents[3]


def told(violations: tuple[Violation, ...]) -> list[tuple[str, str]]:
    return [(violation.rule, violation.pointer) for violation in violations]


@pytest.mark.parametrize(
    ("schema", "good", "bad", "pointer"),
    [
        ({"type": "integer"}, 1, "1", ""),
        ({"type": "object", "required": ["a"]}, {"a": 1}, {}, ""),
        ({"type": "object", "additionalProperties": False}, {}, {"a~/b": 1}, "/a~0~1b"),
        ({"properties": {"a": {"items": {"enum": ["x", "y"]}}}}, {"a": ["x"]}, {"a": ["x", "z"]}, "/a/1"),
        ({"type": "string", "format": "uuid"}, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810", ""),
        ({"type": "string", "format": "date-time"}, "2026-01-31T09:30:00Z", "2026-01-31 09:30", ""),
        ({"type": ["string", "null"]}, None, 1, ""),
        (
            {"oneOf": [{"type": "object", "properties": {"t": {"const": "a"}}}, {"type": "null"}]},
            None,
            {"t": "b"},
            "/t",
        ),
        ({"$ref": "#/components/schemas/Deep"}, {"in": {"in": {}}}, {"in": {"in": 1}}, "/in/in"),
        ({"properties": {"p": {"writeOnly": True}}, "required": ["p", "q"]}, {"q": 1}, {"q": 1, "p": 1}, "/p"),
        ({"properties": {"p": {"$ref": "#/components/schemas/Secret"}}, "required": ["p"]}, {}, {"p": "x"}, "/p"),
        ({"properties": {"p": {"readOnly": True}}, "required": ["p"]}, {"p": 1}, {}, ""),
    ],
)
def test_bodies_of_31(http: Http, schema: Any, good: Any, bad: Any, pointer: str) -> None:  # noqa: ANN401 - JSON
    shared: dict[str, Any] = {"Deep": {"properties": {"in": {"$ref": "#/components/schemas/Deep"}}, "type": "object"}}
    shared |= {"Secret": {"type": "string", "writeOnly": True}}
    contract = http({"/": answers(schema)}, components={"schemas": shared})
    assert contract.check(exchange(good)) == ()
    assert told(contract.check(exchange(bad))) == [("body", pointer)]


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string", "nullable": True}, None, 1),
        ({"type": "string", "nullable": True, "enum": ["a"]}, None, "b"),
        ({"allOf": [{"type": "string"}], "nullable": True}, None, 1),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 2, 1),
        ({"type": "integer", "maximum": 1, "exclusiveMaximum": False}, 1, 2),
        ({"type": "string", "format": "uuid"}, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "x"),
        ({"$ref": "#/components/schemas/Name", "nullable": True}, "x", None),
    ],
)
def test_bodies_of_30(http: Http, schema: Any, good: Any, bad: Any) -> None:  # noqa: ANN401 - JSON
    contract = http({"/": answers(schema)}, "3.0.3", components={"schemas": {"Name": {"type": "string"}}})
    assert contract.check(exchange(good)) == ()
    assert told(contract.check(exchange(bad))) == [("body", "")]


@pytest.mark.parametrize(
    ("documented", "status", "passes"),
    [
        (["200"], 200, True),
        (["200"], 201, False),
        (["2XX"], 204, True),
        (["4XX"], 500, False),
        (["200", "default"], 500, True),
        ([], 200, False),
    ],
)
def test_statuses(http: Http, documented: list[str], status: int, passes: bool) -> None:  # noqa: FBT001 - a table
    responses = {key: {"description": ""} for key in documented}
    contract = http({"/a/{b}": {"get": {"responses": responses}}})
    found = contract.check(exchange(b"", status, "/a/1"))
    assert told(found) == ([] if passes else [("status", "")])
    assert all(violation.operation == f"GET /a/{{b}} {status}" for violation in found)


def test_the_exact_status_counts_before_the_range(http: Http) -> None:
    responses = {"2XX": answers({"type": "string"})["get"]["responses"]["200"], "204": {"description": ""}}
    contract = http({"/": {"get": {"responses": responses}}})
    assert contract.check(exchange(b"", 204)) == ()
    assert told(contract.check(exchange(b"x", 204))) == [("body", "")]
    assert told(contract.check(exchange(1, 203))) == [("body", "")]


@pytest.mark.parametrize(
    ("documented", "sent", "rule"),
    [
        ("application/json", "application/json", None),
        ("application/json", "Application/JSON; charset=utf-8", None),
        ("application/json; version=1", "application/json;version=1", None),
        ("application/json; version=1", "application/json", "media-type"),
        ("application/*", "application/problem+json", None),
        ("*/*", "application/json", None),
        ("application/json", "text/html", "media-type"),
        ("application/json", "", "media-type"),
        ("text/*", "application/json", "media-type"),
    ],
)
def test_media_types(http: Http, documented: str, sent: str, rule: str | None) -> None:
    contract = http({"/": answers({"type": "integer"}, documented)})
    assert told(contract.check(exchange(1, headers={"content-type": sent}))) == ([(rule, "")] if rule else [])


def test_the_most_concrete_media_type_decides(http: Http) -> None:
    content = {"*/*": {"schema": {"type": "string"}}, "application/json": {"schema": {"type": "integer"}}}
    contract = http({"/": {"get": {"responses": {"200": {"description": "", "content": content}}}}})
    assert contract.check(exchange(1)) == ()
    assert told(contract.check(exchange("x"))) == [("body", "")]


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json(http: Http, body: bytes) -> None:
    assert told(http({"/": answers({})}).check(exchange(body))) == [("body", "")]


def test_text_is_held_against_a_schema_of_a_string(http: Http) -> None:
    contract = http({"/": answers({"type": "string", "maxLength": 2}, "text/plain")})
    plain = {"content-type": "text/plain; charset=utf-8"}
    assert contract.check(exchange(b"ab", headers=plain)) == ()
    assert told(contract.check(exchange(b"abc", headers=plain))) == [("body", "")]


def test_a_body_that_was_not_kept_is_not_judged(http: Http) -> None:
    contract = http({"/": answers({"type": "integer"})})
    seen = exchange("x")
    assert contract.check(type(seen)("GET", "/", 200, {}, None)) == ()


@pytest.mark.parametrize(("method", "body", "count"), [("HEAD", b"", 0), ("HEAD", b"1", 1), ("GET", b"1", 0)])
def test_head_is_get_without_a_body(http: Http, method: str, body: bytes, count: int) -> None:
    assert len(http({"/": answers({"type": "integer"})}).check(exchange(body, method=method))) == count


@pytest.mark.parametrize(
    ("schema", "sent", "passes"),
    [
        ({"type": "integer"}, "12", True),
        ({"type": "integer"}, "1_2", False),
        ({"type": "integer"}, "x", False),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "yes", False),
        ({"type": "string", "maxLength": 3}, "123", True),
        ({"type": "string", "maxLength": 3}, "1234", False),
        ({"type": "array", "items": {"type": "integer"}}, "1, 2", True),
        ({"type": "array", "items": {"type": "integer"}}, "1, x", False),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, "a,1", True),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, "a,x", False),
        ({"$ref": "#/components/schemas/Count"}, "0", False),
    ],
)
def test_headers(http: Http, schema: Any, sent: str, passes: bool) -> None:  # noqa: ANN401, FBT001 - a table
    headers = {"X-Count": {"required": True, "schema": schema}, "Content-Type": {"required": True}}
    shared = {"schemas": {"Count": {"type": "integer", "minimum": 1}}}
    contract = http({"/": answers({}, headers=headers)}, components=shared)
    json_type = {"content-type": "application/json"}
    assert (
        told(contract.check(exchange(1, headers=json_type | {"x-count": sent}))) == [] if passes else [("header", "")]
    )
    assert told(contract.check(exchange(1, headers=json_type))) == [("header", "")]


def test_a_header_with_content_is_json(http: Http) -> None:
    headers = {"X-List": {"content": {"application/json": {"schema": {"type": "array"}}}}}
    contract = http({"/": answers({}, headers=headers)})
    typed = {"content-type": "application/json"}
    assert contract.check(exchange(1, headers=typed | {"x-list": "[1]"})) == ()
    assert told(contract.check(exchange(1, headers=typed | {"x-list": "1,2"}))) == [("header", "")]
    assert contract.check(exchange(1, headers=typed)) == ()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/users/me", "GET /users/me"),
        ("/users/7", "GET /users/{id}"),
        ("/users/7.json", "GET /users/{id}.json"),
        ("/users/a%2Fb", "GET /users/{id}"),
        ("/users/a%20b/keys", "GET /users/{other}/keys"),
        ("/v2/users/7", "GET /users/{id}"),
        ("/v2", "GET "),
        ("/users/", None),
        ("/users/7/", None),
        ("/other/users/7", None),
        ("/v22/users/7", None),
    ],
)
def test_paths(http: Http, path: str, name: str | None) -> None:
    templates = ["/users/{id}", "/users/{id}.json", "/users/me", "/users/{other}/keys", ""]
    servers = [
        {"url": "https://{host}/{version}/", "variables": {"host": {"default": "h"}, "version": {"default": "v2"}}}
    ]
    contract = http({template: answers({}) for template in templates}, servers=servers)
    found = contract.find("GET", path)
    assert (found and found.name) == name


def test_a_concrete_path_without_the_method_leaves_it_to_the_template(http: Http) -> None:
    contract = http({"/users/me": answers({}), "/users/{id}": {"delete": answers({})["get"]}})
    found = contract.find("DELETE", "/users/me")
    assert found is not None
    assert found.name == "DELETE /users/{id}"


@pytest.mark.parametrize(
    ("method", "path", "status", "passes"),
    [
        ("GET", "/nowhere", 404, True),
        ("GET", "/nowhere", 200, False),
        ("GET", "/nowhere", 500, False),
        ("GET", "/nowhere", 307, True),
        ("POST", "/", 405, True),
        ("POST", "/", 201, False),
        ("OPTIONS", "/", 200, True),
    ],
)
def test_operations_that_the_contract_has_not(
    http: Http,
    method: str,
    path: str,
    status: int,
    passes: bool,  # noqa: FBT001 - a table
) -> None:
    found = http({"/": answers({})}).check(exchange(1, status, path, method))
    assert told(found) == ([] if passes else [("operation", "")])


def test_a_schema_that_no_validator_accepts_is_said_and_not_passed(http: Http) -> None:
    found = http({"/": answers({"type": "string", "pattern": "["})}).check(exchange("x"))
    assert told(found) == [("body", "")]
    assert "cannot be used" in found[0].message


def test_what_a_violation_says() -> None:
    contract = HttpContract.load(PROJECT / "contracts/openapi.yaml")
    page = json.dumps({"items": [], "next_cursor": 3}).encode()
    (violation,) = contract.check(exchange(page, path="/api/projects"))
    line = violation.position.line or 0
    text = (PROJECT / "contracts/openapi.yaml").read_text(encoding="utf-8").splitlines()
    assert text[line - 1].strip() == 'type: [string, "null"]'
    assert str(violation).splitlines() == [
        "GET /api/projects 200: body at /next_cursor: 3 must be of the type null, string",
        "  expected  null or string",
        "  got       3",
        f"  contract  {violation.position}",
    ]


def test_the_other_kind_of_contract_is_refused() -> None:
    with pytest.raises(ConfigError, match="AsyncAPI"):
        HttpContract.load(PROJECT / "contracts/asyncapi.yaml")


def test_a_service_can_import_it_cheaply() -> None:
    code = "import sys, xptasks.contracts.conform; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT / "tools")},
    )
    heavy = {"jsonschema_rs", "yaml", "pydantic", "rich", "nox", "invoke", "httpx", "pytest", "asyncio", "subprocess"}
    assert heavy & set(done.stdout.split()) == set()
