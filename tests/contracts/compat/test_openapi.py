"""OpenAPI beyond schemas: each row is two contracts, and what is said in either direction about them."""

from typing import Any

import pytest

from tests.contracts.compat.conftest import Alarms, Contract
from xptasks.contracts.compat.sample import OK, answer, contract, header, hook, operation, parameter

TEXT = {"type": "string"}
LIST = {"type": "array", "items": TEXT}
OBJECT = {"type": "object", "properties": {"a": TEXT}}
JSON = {"application/json": {"schema": TEXT}}


def _servers(*servers: Contract) -> Contract:
    return contract(paths={"/a": {"get": {"responses": OK}}}, servers=list(servers))


def _placed(default: str, *values: str) -> Contract:
    variable = {"default": default} | ({"enum": list(values)} if values else {})
    return {"url": "https://{place}.example", "variables": {"place": variable}}


def _at(level: str, url: str) -> Contract:
    """The same server for the only operation, said at one of three places."""
    servers = {"servers": [{"url": url}]}
    get = {"responses": OK} | (servers if level == "operation" else {})
    item = {"get": get} | (servers if level == "path" else {})
    return contract(paths={"/a": item}) | (servers if level == "document" else {})


def _linked(**link: Any) -> Contract:  # noqa: ANN401
    named = {f"/{name}/{{id}}": {"get": {"operationId": name, "responses": OK}} for name in ("a", "b")}
    first = {"post": {"responses": {"200": {"description": "fine", "links": {"next": link}}}}}
    return contract(paths={"/things": first, **named})


def _secured(security: list[Contract], **schemes: Contract) -> Contract:
    known = {"one": {"type": "http", "scheme": "basic"}, "two": {"type": "apiKey", "in": "header", "name": "K"}}
    return contract(
        components={"securitySchemes": {**known, **schemes}},
        paths={"/a": {"get": {"responses": OK, "security": security}}},
    )


def _flows(**flow: Any) -> Contract:  # noqa: ANN401
    scheme = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://a.example", "scopes": {}, **flow}}}
    return _secured([{"three": []}], three=scheme)


def _statuses(**statuses: Any) -> Contract:  # noqa: ANN401
    content = {"application/json": {"schema": OBJECT}}
    responses = {name.strip("_"): {"description": "x", "content": content} | more for name, more in statuses.items()}
    return operation(responses=responses)


def _form(**encoding: Contract) -> Contract:
    schema = {"type": "object", "properties": {"a": TEXT, "b": OBJECT, "c": {"type": "array", "items": TEXT}}}
    return operation(requestBody={"content": {"multipart/form-data": {"schema": schema, "encoding": encoding}}})


def _in(where: str, **more: Any) -> Contract:  # noqa: ANN401
    return parameter(**{"in": where, **more})


def _path(template: str, *names: str, level: str = "get") -> Contract:
    listed = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]
    item: Contract = {"get": {"responses": OK}}
    (item if level == "item" else item["get"])["parameters"] = listed
    return contract(paths={template: item})


def _overridden(inner: Contract) -> Contract:
    outer = {"name": "q", "in": "query", "schema": {"type": "integer"}}
    get = {"responses": OK, "parameters": [{"name": "q", "in": "query", "schema": inner}]}
    return contract(paths={"/a": {"parameters": [outer], "get": get}})


def _called(inner: Contract, *, shared: bool = False) -> Contract:
    """An operation that is called back with a body, written out or by way of components."""
    item = {"post": {"requestBody": {"required": True, "content": {"application/json": {"schema": inner}}}}}
    item["post"]["responses"] = OK
    if not shared:
        return operation(callbacks={"done": {"{$request.query.u}": item}})
    components = {
        "callbacks": {"done": {"{$request.query.u}": {"$ref": "#/components/pathItems/done"}}},
        "pathItems": {"done": item},
    }
    return operation(callbacks={"done": {"$ref": "#/components/callbacks/done"}}) | {"components": components}


def _in_hook(**more: Any) -> Contract:  # noqa: ANN401
    return hook(parameters=[{"name": "q", "in": "query", "schema": TEXT, **more}])


NONE: dict[str, str] = {}
TIGHTER = {"security-tightened": "error"}
NARROWED = {"server-variable-narrowed": "warning"}
REMOVED = {"server-removed": "warning"}
STYLE = {"parameter-style-changed": "error"}
LINKED = {"response-link-changed": "warning"}
ENCODED = {"request-encoding-changed": "warning"}
SAME_TWO = ("/{a}/{b}", "/{x}/{y}")
CASES: list[tuple[str, Contract, Contract, dict[str, str], dict[str, str]]] = [
    ("server variable: a value", _servers(_placed("a", "a", "b")), _servers(_placed("a", "a")), NARROWED, NONE),
    ("server variable: listed", _servers(_placed("a")), _servers(_placed("a", "a")), NARROWED, NONE),
    (
        "server variable: default",
        _servers(_placed("a", "a", "b")),
        _servers(_placed("b", "a", "b")),
        {"server-variable-default-changed": "warning"},
        {"server-variable-default-changed": "warning"},
    ),
    (
        "server variable: renamed",
        _servers(_placed("a", "a")),
        _servers({"url": "https://{p}.example", "variables": {"p": {"default": "a", "enum": ["a"]}}}),
        NONE,
        NONE,
    ),
    ("server: written out", _servers(_placed("a", "a")), _servers({"url": "https://a.example"}), NONE, NONE),
    ("server: one of a template", _servers(_placed("a")), _servers({"url": "https://a.example"}), REMOVED, NONE),
    ("server: other", _at("document", "/v1"), _at("document", "/v2"), REMOVED, REMOVED),
    ("server: moved to the path", _at("document", "/v1"), _at("path", "/v1"), NONE, NONE),
    ("server: moved to the operation", _at("document", "/v1"), _at("operation", "/v1/"), NONE, NONE),
    ("server: other on the path", _at("path", "/v1"), _at("path", "/v2"), REMOVED, REMOVED),
    ("server: hidden by the operation", _at("document", "/v1"), _at("operation", "/v2"), REMOVED, REMOVED),
    (
        "header: object exploded",
        header(schema=OBJECT),
        header(schema=OBJECT, explode=True),
        {"response-header-style-changed": "error"},
        {"response-header-style-changed": "error"},
    ),
    ("header: list exploded is the same", header(schema=LIST), header(schema=LIST, explode=True), NONE, NONE),
    ("header: number exploded is the same", header(), header(explode=True), NONE, NONE),
    (
        "header: as content",
        header(),
        answer(headers={"X-Rest": {"content": {"application/json": {"schema": {"type": "integer"}}}}}),
        {"response-header-style-changed": "error"},
        {"response-header-style-changed": "error"},
    ),
    ("link: another operation", _linked(operationId="a"), _linked(operationId="b"), LINKED, LINKED),
    (
        "link: the same operation by reference",
        _linked(operationId="a"),
        _linked(operationRef="#/paths/~1a~1{id}/get"),
        NONE,
        NONE,
    ),
    (
        "link: a parameter more",
        _linked(operationId="a"),
        _linked(operationId="a", parameters={"id": "$response.body#/id"}),
        NONE,
        LINKED,
    ),
    (
        "link: a parameter from elsewhere",
        _linked(operationId="a", parameters={"id": "$response.body#/id"}),
        _linked(operationId="a", parameters={"id": "$response.body#/a"}),
        LINKED,
        LINKED,
    ),
    ("link: words", _linked(operationId="a"), _linked(operationId="a", description="next"), NONE, NONE),
    ("callback: by reference", _called(OBJECT), _called(OBJECT, shared=True), NONE, NONE),
    (
        "callback: less is sent",
        _called(OBJECT | {"required": ["a"]}, shared=True),
        _called(OBJECT, shared=True),
        {"response-required-widened": "error"},
        NONE,
    ),
    (
        "statuses: one instead of a range",
        _statuses(_2XX={}),
        _statuses(_200={}),
        NONE,
        NONE,
    ),
    ("statuses: small letters", _statuses(_2XX={}), _statuses(_2xx={}), NONE, NONE),
    (
        "statuses: the body in a range",
        _statuses(_200={}),
        _statuses(_2XX={"content": {"application/json": {"schema": OBJECT | {"required": ["a"]}}}}),
        NONE,
        {"response-required-widened": "error"},
    ),
    (
        "statuses: the body of all others",
        _statuses(_200={}, default={"content": {"application/json": {"schema": OBJECT | {"required": ["a"]}}}}),
        _statuses(_200={}, default={}),
        {"response-required-widened": "error"},
        NONE,
    ),
    (
        "statuses: all others are not described",
        _statuses(_200={}, default={}),
        _statuses(_200={}),
        {"response-default-removed": "warning"},
        NONE,
    ),
    (
        "statuses: all others are told apart",
        _statuses(_200={}, default={}),
        _statuses(_200={}, _4XX={}, _5XX={}),
        NONE,
        NONE,
    ),
    (
        "parameter: required, moved",
        _in("query", required=True),
        _in("header", required=True),
        {"parameter-moved": "error"},
        {"parameter-moved": "error"},
    ),
    (
        "parameter: optional, moved",
        _in("query"),
        _in("cookie"),
        {"parameter-moved": "warning"},
        {"parameter-moved": "warning"},
    ),
    ("parameter: list exploded", parameter(schema=LIST), parameter(schema=LIST, explode=False), STYLE, STYLE),
    ("parameter: text exploded is the same", parameter(), parameter(explode=False), NONE, NONE),
    ("parameter: default said", parameter(schema=LIST), parameter(schema=LIST, style="form", explode=True), NONE, NONE),
    (
        "parameter: with pipes",
        parameter(schema=LIST, explode=False),
        parameter(schema=LIST, explode=False, style="pipeDelimited"),
        STYLE,
        STYLE,
    ),
    (
        "parameter: header list exploded is the same",
        _in("header", schema=LIST),
        _in("header", schema=LIST, explode=True),
        NONE,
        NONE,
    ),
    ("parameter: reserved", parameter(), parameter(allowReserved=True), STYLE, STYLE),
    (
        "parameter: empty",
        parameter(allowEmptyValue=True),
        parameter(),
        {"parameter-empty-refused": "error"},
        NONE,
    ),
    (
        "parameter: schema to content",
        parameter(),
        operation(parameters=[{"name": "q", "in": "query", "content": JSON}]),
        {"parameter-content-changed": "error"},
        {"parameter-content-changed": "error"},
    ),
    ("path: renamed", _path("/{a}/{b}", "a", "b"), _path("/{x}/{y}", "x", "y"), NONE, NONE),
    ("path: listed in another order", _path("/{a}/{b}", "a", "b"), _path("/{a}/{b}", "b", "a"), NONE, NONE),
    ("path: parameters of all methods", _path("/{a}", "a"), _path("/{a}", "a", level="item"), NONE, NONE),
    (
        "path: overridden",
        _overridden({"type": "integer", "minimum": 1}),
        _overridden({"type": "integer", "minimum": 2}),
        {"request-minimum-narrowed": "error"},
        NONE,
    ),
    (
        "path: only what overrides counts",
        _overridden({"type": "integer"}),
        _overridden({"type": "integer"}),
        NONE,
        NONE,
    ),
    ("encoding: default said", _form(), _form(a={"contentType": "text/plain"}), NONE, NONE),
    ("encoding: default of an object said", _form(), _form(b={"contentType": "application/json"}), NONE, NONE),
    ("encoding: default of a list said", _form(), _form(c={"contentType": "text/plain"}), NONE, NONE),
    ("encoding: another type", _form(), _form(a={"contentType": "image/png"}), ENCODED, ENCODED),
    ("encoding: of no property", _form(), _form(z={"contentType": "image/png"}), NONE, NONE),
    (
        "encoding: a header is needed",
        _form(),
        _form(a={"headers": {"X": {"required": True, "schema": TEXT}}}),
        ENCODED,
        ENCODED,
    ),
    (
        "webhook: a parameter is required",
        _in_hook(),
        _in_hook(required=True),
        NONE,
        {"sent-parameter-optional": "error"},
    ),
    (
        "webhook: a parameter has gone",
        _in_hook(),
        hook(),
        {"sent-optional-parameter-removed": "warning"},
        NONE,
    ),
    (
        "webhook: a narrower parameter",
        _in_hook(schema={"type": "integer"}),
        _in_hook(schema={"type": "integer", "minimum": 3}),
        NONE,
        {"response-minimum-widened": "error"},
    ),
    (
        "webhook: what clients answer",
        hook(responses={"200": {"description": "x", "content": {"application/json": {"schema": OBJECT}}}}),
        hook(
            responses={
                "200": {"description": "x", "content": {"application/json": {"schema": OBJECT | {"required": ["a"]}}}}
            }
        ),
        {"request-required-narrowed": "error"},
        NONE,
    ),
    ("security: anonymous as well", _secured([{"one": []}]), _secured([{"one": []}, {}]), NONE, TIGHTER),
    ("security: one more way", _secured([{"one": []}]), _secured([{"one": []}, {"two": []}]), NONE, TIGHTER),
    ("security: both at once", _secured([{"one": []}]), _secured([{"one": [], "two": []}]), TIGHTER, NONE),
    (
        "security: both instead of either",
        _secured([{"one": []}, {"two": []}]),
        _secured([{"one": [], "two": []}]),
        TIGHTER,
        NONE,
    ),
    (
        "security: in another order",
        _secured([{"one": []}, {"two": []}]),
        _secured([{"two": []}, {"one": []}]),
        NONE,
        NONE,
    ),
    ("security: another scheme", _secured([{"one": []}]), _secured([{"two": []}]), TIGHTER, TIGHTER),
    (
        "security: the scheme is called otherwise",
        _secured([{"x": []}], x={"type": "http", "scheme": "bearer"}),
        _secured([{"y": []}], y={"type": "http", "scheme": "Bearer", "description": "a token"}),
        NONE,
        NONE,
    ),
    (
        "security: the scheme is another kind",
        _secured([{"x": []}], x={"type": "http", "scheme": "bearer"}),
        _secured([{"x": []}], x={"type": "apiKey", "in": "query", "name": "k"}),
        {"security-scheme-changed": "error"},
        {"security-scheme-changed": "error"},
    ),
    ("security: tokens from elsewhere", _flows(), _flows(tokenUrl="https://b.example"), NONE, NONE),
]


@pytest.mark.parametrize(
    ("before", "after", "there", "back"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_is_said_in_either_direction(
    alarms: Alarms, before: Contract, after: Contract, there: dict[str, str], back: dict[str, str]
) -> None:
    assert alarms(before, after) == there
    assert alarms(after, before) == back
