import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.document import load
from xptasks.contracts.model import Model, build_model
from xptasks.contracts.model.types import AliasType, Declaration, EnumType, ObjectType, UnionType, Use

Json = dict[str, Any]


def _http(schemas: Json, request: Json | None = None, response: Json | None = None, **more: Any) -> Json:  # noqa: ANN401
    operation: Json = {"operationId": "putThing", "responses": {"200": {"description": "ok"}}, **more}
    if request is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": request}}}
    if response is not None:
        operation["responses"]["200"]["content"] = {"application/json": {"schema": response}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/thing": {"put": operation}},
        "components": {"schemas": schemas},
    }


def _by_name(model: Model) -> dict[str, Declaration]:
    return {item.name: item for item in model.types.values()}


THING: Json = {
    "type": "object",
    "required": ["id", "name", "password"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "name": {"type": "string"},
        "password": {"type": "string", "writeOnly": True},
    },
}
REF: Json = {"$ref": "#/components/schemas/Thing"}


def test_required_holds_only_where_a_property_travels(model_of: Callable[..., Model]) -> None:
    model = model_of(_http({"Thing": THING, "Box": {"type": "object", "properties": {"thing": REF}}}, REF, REF))
    found = _by_name(model)
    required = {
        name: {field.wire for field in found[name].fields if field.required}  # type: ignore[union-attr] # objects
        for name in ("Thing", "Thing_Input")
    }
    assert required == {"Thing": {"id", "name"}, "Thing_Input": {"name", "password"}}
    body = model.operations[0].body
    assert body is not None
    assert str(body.contents[0].type).endswith("Thing/input')")
    assert str(model.operations[0].responses[0].contents[0].type).endswith("Thing')")


def test_what_contains_a_changed_shape_is_changed_too(model_of: Callable[..., Model]) -> None:
    box = {"type": "object", "properties": {"thing": REF, "box": {"$ref": "#/components/schemas/Box"}}}
    model = model_of(_http({"Thing": THING, "Box": box}, {"$ref": "#/components/schemas/Box"}))
    found = _by_name(model)
    assert set(found) == {"Thing", "Thing_Input", "Box", "Box_Input"}
    assert "Thing/input" in str(found["Box_Input"])
    assert "Box/input" in str(found["Box_Input"])
    assert "/input" not in str(found["Box"])


@pytest.mark.parametrize(
    ("request_", "response", "uses"),
    [
        (REF, None, {Use.REQUEST}),
        (None, REF, {Use.RESPONSE}),
        (REF, {"type": "array", "items": REF}, {Use.REQUEST, Use.RESPONSE}),
        (None, None, set()),
    ],
)
def test_uses_reach_what_is_mentioned(
    request_: Json | None, response: Json | None, uses: set[Use], model_of: Callable[..., Model]
) -> None:
    thing = {"type": "object", "properties": {"kind": {"type": "string", "enum": ["a", "b"]}}}
    found = _by_name(model_of(_http({"Thing": thing}, request_, response)))
    assert found["Thing_Kind"].uses == uses


def test_a_callback_is_written_by_the_service(model_of: Callable[..., Model]) -> None:
    call = {"post": {"requestBody": {"content": {"application/json": {"schema": REF}}}, "responses": {}}}
    thing = {"type": "object", "properties": {"x": {"type": "string"}}}
    model = model_of(_http({"Thing": thing}, callbacks={"done": {"{$request.body#/url}": call}}))
    assert _by_name(model)["Thing"].uses == {Use.RESPONSE}
    assert [operation.reverse for operation in model.operations] == [False, True]


@pytest.mark.parametrize(
    ("schema", "request_name", "response_name"),
    [
        ({"type": "object", "properties": {"a": {"type": "string"}}}, "PutThing_Request", "PutThing_Response200"),
        ({"type": "array", "items": {"type": "string"}}, "PutThing_Request", "PutThing_Response200"),
    ],
)
def test_inline_bodies_are_named_by_their_operation(
    schema: Json, request_name: str, response_name: str, model_of: Callable[..., Model]
) -> None:
    assert set(_by_name(model_of(_http({}, schema, schema)))) == {request_name, response_name}


def _events(version: str) -> Json:
    def message(tag: str) -> Json:
        properties = {"type": {"const": tag}, "at": {"type": "string", "format": "date-time"}}
        return {"name": tag, "payload": {"type": "object", "required": ["type"], "properties": properties}}

    info = {"title": "T", "version": "1"}
    components = {"messages": {"made": message("made"), "gone": message("gone"), "ask": message("ask")}}
    refs = {name: {"$ref": f"#/components/messages/{name}"} for name in components["messages"]}
    if version.startswith("2"):
        both = {"oneOf": [refs["made"], refs["gone"]]}
        channel = {"subscribe": {"message": both}, "publish": {"message": refs["ask"]}}
        return {"asyncapi": version, "info": info, "channels": {"events": channel}, "components": components}
    at = {name: {"$ref": f"#/channels/events/messages/{name}"} for name in refs}
    channel_ref = {"$ref": "#/channels/events"}
    operations = {
        "tell": {"action": "send", "channel": channel_ref, "messages": [at["made"], at["gone"]]},
        "hear": {"action": "receive", "channel": channel_ref, "messages": [at["ask"]]},
    }
    channels = {"events": {"address": "/ws", "messages": refs}}
    return {"asyncapi": version, "info": info, "channels": channels, "operations": operations, "components": components}


@pytest.mark.parametrize(("version", "union"), [("2.6.0", "Events_Subscribe_Message"), ("3.0.0", "Tell_Message")])
def test_messages_of_both_versions_are_seen_from_the_application(
    version: str, union: str, model_of: Callable[..., Model]
) -> None:
    model = model_of(_events(version))
    assert sorted(one.action for one in model.exchanges) == ["receive", "send"]
    found = _by_name(model)
    told = found[union]
    assert isinstance(told, UnionType)
    assert told.discriminator == "type"
    assert sorted(tag for variant in told.variants for tag in variant.tags) == ["gone", "made"]
    assert found["Made_Payload"].uses == {Use.SENT}
    assert found["Ask_Payload"].uses == {Use.RECEIVED}


def test_several_files_and_contracts_are_one_model(tmp_path: Path) -> None:
    shared = {"Owner": {"type": "object", "properties": {"name": {"type": "string"}}}}
    owner = {"$ref": "shared.json#/Owner"}
    http = _http({"Thing": {"type": "object", "properties": {"owner": owner}}})
    events = _events("3.0.0")
    events["components"]["messages"]["made"]["payload"] = owner
    for name, value in {"shared.json": shared, "http.json": http, "events.json": events}.items():
        (tmp_path / name).write_text(json.dumps(value), encoding="utf-8")
    model = build_model([load(tmp_path / "http.json"), load(tmp_path / "events.json")])
    assert [item.name for item in model.types.values()].count("Owner") == 1
    assert {item.at.file.rpartition("/")[2] for item in model.types.values()} == {
        "shared.json",
        "http.json",
        "events.json",
    }


def test_draft_7_words_of_asyncapi(model_of: Callable[..., Model]) -> None:
    contract = _events("2.6.0")
    contract["components"]["schemas"] = {
        "Pair": {"type": "array", "items": [{"type": "string"}, {"type": "integer"}], "additionalItems": False},
        "Card": {
            "type": "object",
            "definitions": {"Inner": {"type": "object", "properties": {"x": {"type": "string"}}}},
            "properties": {"inner": {"$ref": "#/components/schemas/Card/definitions/Inner"}},
            "dependencies": {"a": ["b"], "c": {"required": ["d"]}},
        },
    }
    found = _by_name(model_of(contract))
    pair, card = found["Pair"], found["Card"]
    assert isinstance(pair, AliasType)
    assert "prefix=(Scalar(kind='string'" in str(pair.type)
    assert "rest=None" in str(pair.type)
    assert isinstance(card, ObjectType)
    assert [check.keyword for check in card.checks] == ["dependentRequired", "dependentSchemas"]
    assert "Card_Inner" in found


def test_a_payload_in_another_language_is_any_value_and_said_to_be(model_of: Callable[..., Model]) -> None:
    contract = _events("3.0.0")
    avro = {"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": {"type": "record"}}
    contract["components"]["messages"]["ask"]["payload"] = avro
    model = model_of(contract)
    assert {trouble.rule for trouble in model.troubles} == {"schema-format"}


def test_the_same_contract_in_another_order_gives_the_same_types(model_of: Callable[..., Model]) -> None:
    schemas = {name: {"type": "object", "properties": {"a": {"enum": ["x", "y"]}}} for name in ("B", "A", "C-c", "c_c")}
    one = model_of(_http(schemas), "one.json")
    other = model_of(_http(dict(reversed(schemas.items()))), "one.json")
    assert list(one.types.values()) == list(other.types.values())
    assert all(isinstance(item, ObjectType | EnumType) for item in one.types.values())
