"""The torture set in Python: everything valid is accepted and comes back unchanged, everything invalid is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import pytest
from pydantic import TypeAdapter, ValidationError

from xptasks.contracts.model import Model

TORTURE = sorted(Path(__file__).with_name("torture").glob("*.json"))
# What JSON Schema leaves to OpenAPI, or what jsonschema-rs takes for a comment.
_NOT_JSON_SCHEMA = {"discriminator", "false"}
_FORMATS_IT_KNOWS = {"date-time", "date", "time", "uuid", "email", "uri", "duration", "ipv4"}


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _contract(case: dict[str, Any]) -> dict[str, Any]:
    info = {"title": "Torture", "version": "1"}
    return {"openapi": case["openapi"], "info": info, "paths": {}, "components": {"schemas": case["schemas"]}}


def _accepts(validate: Callable[[Any], Any], value: object) -> bool:
    try:
        validate(value)
    except ValidationError:
        return False
    return True


@pytest.fixture(params=TORTURE, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    return _read(request.param)


def test_python_accepts_and_refuses_what_the_contract_does(
    case: dict[str, Any], model_of: Callable[..., Model], module_of: Callable[[Model], ModuleType]
) -> None:
    model = model_of(_contract(case))
    assert [trouble for trouble in model.troubles if trouble.fatal] == []
    module = module_of(model)
    adapter: TypeAdapter[Any] = TypeAdapter(module.Subject)
    for value in case["valid"]:
        found = adapter.validate_python(value)
        assert adapter.validate_json(json.dumps(value)) == found
        written = adapter.dump_python(found, mode="json")
        if "roundtrip" not in case:
            assert written == value
        assert json.loads(adapter.dump_json(found)) == written
        assert adapter.validate_python(written) == found or "roundtrip" in case
    for entry in case["invalid"]:
        assert not _accepts(adapter.validate_python, entry["value"]), entry
        assert not _accepts(adapter.validate_json, json.dumps(entry["value"])), entry
    adapter.json_schema()
    adapter.json_schema(mode="serialization")


def test_defaults_have_their_own_type(model_of: Callable[..., Model], module_of: Callable[[Model], ModuleType]) -> None:
    case = _read(Path(__file__).with_name("torture") / "defaults.json")
    module = module_of(model_of(_contract(case)))
    found = module.Subject()
    assert found.when.isoformat() == "2026-01-02T03:04:05+00:00"
    assert found.e is module.Subject_E.B
    assert found.o.x == 1
    assert found.model_dump(mode="json", exclude={"n"}) == {**case["defaults"]}


def test_the_torture_set_agrees_with_json_schema(case: dict[str, Any]) -> None:
    """The set itself is checked by an independent implementation, where JSON Schema has an opinion."""
    if not case["openapi"].startswith("3.1") or case.get("oracle") is False:
        return
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": "#/components/schemas/Subject",
        "components": {"schemas": case["schemas"]},
    }
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    for value in case["valid"]:
        assert validator.is_valid(value), (value, list(map(str, validator.iter_errors(value))))
    for entry in case["invalid"]:
        if entry["keyword"] not in _NOT_JSON_SCHEMA and not _beyond_json_schema(case, entry):
            assert not validator.is_valid(entry["value"]), entry


def _beyond_json_schema(case: dict[str, Any], entry: dict[str, Any]) -> bool:
    if "oracle_reads_more" in case or "unique" in case:
        return True
    if entry["keyword"] != "format":
        return False
    formats = {case["schemas"]["Subject"]["properties"][name].get("format") for name in entry["value"]}
    return not formats <= _FORMATS_IT_KNOWS
