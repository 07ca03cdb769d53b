"""Every error shows what breaks: an instance, a request, an answer or a message; or its rule says why it cannot."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.contracts.compat.disagreements import PAIRS, pairs
from tests.contracts.compat.test_async_pairs import PAIRS as ASYNC_PAIRS
from tests.contracts.compat.test_async_pairs import Pair
from xptasks.contracts.compat import DEFAULT_PROFILES, compare
from xptasks.contracts.compat.change import PROFILES, Change, Policy
from xptasks.contracts.compat.formats import show
from xptasks.contracts.compat.judgement import Judged, Judgement
from xptasks.contracts.compat.rules import RULES
from xptasks.contracts.compat.rules.unshown import UNSHOWN
from xptasks.contracts.compat.sample import OK, contract, events, operation, schemas
from xptasks.contracts.document import load

pytestmark = pytest.mark.pr

TODAY = date(2026, 1, 1)
TEXT = {"type": "string"}
PRICE = {"type": "object", "properties": {"cents": {"type": "integer", "minimum": 5}}, "required": ["cents"]}
ORDER = {
    "parameters": [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
        {"name": "tags", "in": "query", "required": True, "schema": {"type": "array", "items": TEXT, "minItems": 2}},
        {"name": "X-Tenant", "in": "header", "required": True, "schema": {"enum": ["a&b"]}},
        {"name": "seen", "in": "cookie", "required": True, "schema": {"type": "integer", "minimum": 7}},
        {"name": "page", "in": "query", "schema": {"type": "integer"}},
    ],
    "requestBody": {"required": True, "content": {"application/json": {"schema": PRICE}}},
    "responses": OK,
    "security": [{"key": []}],
}
SCHEMES = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}
UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
Compare = Callable[..., list[Change]]


@pytest.fixture
def changes(tmp_path: Path) -> Compare:
    def find(before: Any, after: Any, profiles: Any = DEFAULT_PROFILES, policy: Policy = Policy()) -> list[Change]:  # noqa: ANN401, B008
        documents = []
        for name, value in (("old.json", before), ("new.json", after)):
            (tmp_path / name).write_text(json.dumps(value), encoding="utf-8")
            documents.append(load(tmp_path / name) if value is not None else None)
        base, head = documents
        assert base is not None
        return compare(base, head, profiles=profiles, today=TODAY, policy=policy)

    return find


def shown(found: list[Change], rule: str) -> Any:  # noqa: ANN401
    (change,) = (change for change in found if change.rule == rule)
    assert change.witness is not None
    return change.witness.plain


def orders(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    paths = {"/orders/{id}": {"put": {**ORDER, **more}}, "/other": {"get": {"responses": OK}}}
    return contract(paths=paths, components=SCHEMES)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_error_of_our_examples_has_a_witness(rule: Any, changes: Compare) -> None:  # noqa: ANN401
    both = (rule.example.before, rule.example.after)
    if rule.area == "schema":
        both = (schemas(rule.direction, both[0]), schemas(rule.direction, both[1]))
    for change in changes(*both, profiles=PROFILES, policy=rule.example.policy):
        if change.severity == "error":
            assert (change.witness is None) is (change.rule in UNSHOWN), change


def test_rules_without_a_witness_exist_and_are_errors_for_somebody() -> None:
    assert UNSHOWN.keys() <= RULES.keys()
    for name, reason in UNSHOWN.items():
        assert RULES[name].severity_for(PROFILES) != "info"
        assert reason.endswith(".")


@pytest.mark.parametrize("pair", ASYNC_PAIRS, ids=[pair.name for pair in ASYNC_PAIRS])
def test_every_error_about_messages_has_a_witness(pair: Pair, changes: Compare) -> None:
    for change in changes(pair.before, pair.after):
        if change.severity == "error":
            assert (change.witness is None) is (change.rule in UNSHOWN), change


@pytest.mark.slow
@pytest.mark.skipif(not PAIRS.is_dir(), reason="the public pairs of contracts are not at ../shared/data/openapi-pairs")
def test_every_error_on_public_pairs_has_a_witness() -> None:
    errors = [change for pair in pairs() for change in pair.ours if change.severity == "error"]
    assert len(errors) > 250
    assert [change for change in errors if (change.witness is None) is not (change.rule in UNSHOWN)] == []


def test_a_request_is_one_that_the_old_contract_takes(changes: Compare) -> None:
    other = contract(paths={"/other": {"get": {"responses": OK}}}, components=SCHEMES)
    witness = shown(changes(orders(), other), "path-removed")
    request = witness["request"]
    assert witness["is"] == "refused"
    assert (request["method"], request["path"]) == ("PUT", f"/orders/{UUID}")
    assert request["query"] == "tags=a&tags=b"
    headers = {"x-tenant": "a&b", "cookie": "seen=7", "x-key": "key", "content-type": "application/json"}
    assert request["headers"] == headers
    assert jsonschema_rs.is_valid(PRICE, request["body"])


def test_a_required_parameter_that_is_new_is_not_in_the_request(changes: Compare) -> None:
    added = {"name": "unit", "in": "query", "required": True, "schema": TEXT}
    after = orders(parameters=[*ORDER["parameters"], added])
    witness = shown(changes(orders(), after), "parameter-required-added")
    assert witness["request"]["query"] == "tags=a&tags=b"


def test_what_nothing_fits_has_no_witness(changes: Compare) -> None:
    body = {"required": True, "content": {"application/json": {"schema": False}}}
    found = changes(orders(requestBody=body), contract(paths={"/other": {"get": {"responses": OK}}}))
    (change,) = (change for change in found if change.rule == "path-removed")
    assert change.witness is None


@pytest.mark.parametrize(
    ("schema", "said", "query"),
    [
        ({"type": "array", "items": TEXT, "minItems": 2}, {}, "q=a&q=b"),
        ({"type": "array", "items": TEXT, "maxItems": 2}, {"explode": False}, "q=a,b"),
        ({"type": "array", "items": TEXT, "maxItems": 2}, {"style": "pipeDelimited"}, "q=a%7Cb"),
        (PRICE, {"style": "deepObject"}, "q[cents]=5"),
        (PRICE, {}, "cents=5"),
        (PRICE, {"explode": False}, "q=cents,5"),
    ],
)
def test_a_parameter_is_written_as_the_old_contract_says(
    changes: Compare, schema: dict[str, Any], said: dict[str, Any], query: str
) -> None:
    one = {"name": "q", "in": "query", "schema": schema, **said}
    two = {"name": "q", "in": "query", "content": {"application/json": {"schema": schema}}}
    found = changes(operation(parameters=[one]), operation(parameters=[two]))
    assert query in shown(found, "parameter-content-changed")["request"]["query"]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("200", "404"), {"response": {"status": 201}, "is": "ended"}),
        (("202",), {"response": {"status": 202}, "is": "new"}),
        (("2XX",), None),
    ],
)
def test_an_answer_is_one_that_is_new_or_that_ended(
    changes: Compare,
    statuses: tuple[str, ...],
    expected: Any,  # noqa: ANN401
) -> None:
    answers = {status: {"description": "a"} for status in (*statuses, "201", "200", "404")}
    before = operation(responses={status: answers[status] for status in ("200", "201", "404")})
    found = changes(before, operation(responses={status: answers[status] for status in statuses}))
    removed = [change for change in found if change.rule == "response-success-status-removed"]
    assert [change.witness.plain for change in removed if change.witness][-1:] == ([expected] if expected else [])


def test_a_message_has_its_payload_and_its_direction(changes: Compare) -> None:
    message = {"m": {"payload": PRICE, "headers": {"type": "object"}}}
    for action, what in (("send", "ended"), ("receive", "refused")):
        before, after = events(action, message), events(action, message, address="/elsewhere")
        after["channels"]["d"] = after["channels"].pop("c")
        after["operations"]["o"]["channel"]["$ref"] = "#/channels/d"
        witness = shown(changes(before, after), "channel-removed")
        assert witness["is"] == what
        assert (witness["message"]["address"], witness["message"]["action"]) == ("/events", action)
        assert jsonschema_rs.is_valid(PRICE, witness["message"]["payload"])


def test_a_reply_is_shown_where_it_went(changes: Compare) -> None:
    example = RULES["reply-address-changed"].example
    witness = shown(changes(example.before, example.after), "reply-address-changed")
    assert witness["message"]["address"] == "$message.header#/a"
    assert (witness["message"]["action"], witness["is"]) == ("send", "ended")


def test_of_a_removed_operation_the_lost_message_is_shown(changes: Compare) -> None:
    kept, lost = ({"payload": {"const": name}} for name in ("kept", "lost"))
    before, after = events("send", {"kept": kept, "lost": lost}), events("send", {"kept": kept})
    for document in (before, after):
        document["operations"]["o"]["messages"] = [{"$ref": "#/channels/c/messages/kept"}]
    named = [{"$ref": f"#/channels/c/messages/{name}"} for name in ("kept", "lost")]
    before["operations"]["both"] = {**before["operations"]["o"], "messages": named}
    witness = shown(changes(before, after), "event-operation-removed")
    assert witness["message"]["payload"] == "lost"


def test_all_formats_show_what_happens_to_an_exchange(changes: Compare) -> None:
    found = changes(orders(), contract(paths={"/other": {"get": {"responses": OK}}}))
    judgement = Judgement(tuple(Judged(change, ("v1",)) for change in found), ("v1",))
    for name in ("text", "markdown", "html"):
        assert "was accepted and is refused now" in show(name, judgement)
        assert UUID in show(name, judgement)
    told = json.loads(show("json", judgement))["changes"]
    assert [change["witness"]["is"] for change in told if change["rule"] == "path-removed"] == ["refused"]
