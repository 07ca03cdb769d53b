"""The contracts contradict neither themselves nor what the service says of itself."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pytest
import yaml

from app.main import create_app
from tests.app.conftest import PROJECT, settings

# A base that nobody can fetch: the reference from one contract to the other resolves against it.
BASE = "https://contracts.invalid/"
CONTRACTS = {
    BASE + name: yaml.safe_load((PROJECT / "contracts" / name).read_text(encoding="utf-8"))
    for name in ("openapi.yaml", "asyncapi.yaml")
}
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def pieces(node: object, pointer: str) -> Iterator[tuple[str, Any]]:
    yield pointer, node
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in members:
        if key == "examples":
            continue
        yield from pieces(value, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")


def examples() -> Iterator[tuple[str, str, Any]]:
    """(pointer of the example, reference of its schema, value) for every example of both contracts."""
    for name, document in CONTRACTS.items():
        for pointer, node in pieces(document, f"{name}#"):
            if not isinstance(node, dict):
                continue
            if isinstance(node.get("examples"), dict):
                for key, example in node["examples"].items():
                    yield f"{pointer}/examples/{key}", f"{pointer}/schema", example["value"]
            elif isinstance(node.get("examples"), list):
                payload = "payload" in node
                for number, example in enumerate(node["examples"]):
                    schema = f"{pointer}/payload" if payload else pointer
                    yield f"{pointer}/examples/{number}", schema, example["payload"] if payload else example
            if "default" in node:
                yield f"{pointer}/default", pointer, node["default"]


@pytest.mark.parametrize(
    ("reference", "value"),
    [pytest.param(schema, value, id=name.removeprefix(BASE)) for name, schema, value in examples()],
)
def test_every_example_is_valid(reference: str, value: object) -> None:
    schema = {"$ref": quote(reference, safe=":/#~")}
    registry = jsonschema_rs.Registry(list(CONTRACTS.items()))
    jsonschema_rs.Draft202012Validator(schema, registry=registry, validate_formats=True).validate(value)


def test_everything_that_can_have_an_example_has_one() -> None:
    missing = [
        pointer.removeprefix(BASE)
        for name, document in CONTRACTS.items()
        for pointer, node in pieces(document, f"{name}#")
        if isinstance(node, dict) and wants_example(pointer, node) and "examples" not in node
    ]
    assert missing == []


def wants_example(pointer: str, node: dict[str, Any]) -> bool:
    if "/properties/" in pointer and pointer.split("/")[-2] == "properties":
        return not {"$ref", "const", "items"} & node.keys()
    return "payload" in node or ("schema" in node and "in" not in node) or node.get("in") in ("query", "path", "header")


WORDS_FOR_PEOPLE = {"title", "description", "summary", "examples", "example", "tags", "discriminator"}


def meaning(node: object, document: dict[str, Any]) -> object:
    """A document without words for people, with references, nullable forms and open objects written in one way."""
    if isinstance(node, list):
        return sorted((meaning(part, document) for part in node), key=lambda part: json.dumps(part, sort_keys=True))
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return meaning(target | {key: value for key, value in node.items() if key != "$ref"}, document)
    if "anyOf" in node and {"type": "null"} in node["anyOf"]:
        (other,) = (part for part in node["anyOf"] if part != {"type": "null"})
        nullable = node | other | {"type": [other["type"], "null"]}
        del nullable["anyOf"]
        return meaning(nullable, document)
    kept = {key: value for key, value in node.items() if key not in WORDS_FOR_PEOPLE or is_property(value)}
    if kept.get("additionalProperties") is True:
        del kept["additionalProperties"]
    return {key: meaning(value, document) for key, value in kept.items()}


def is_property(value: object) -> bool:
    """`description` may be a property of a project; then its value says what type it has."""
    return isinstance(value, dict) and bool({"type", "anyOf", "$ref"} & value.keys())


def operations(document: dict[str, Any]) -> dict[str, Any]:
    """Every operation, with what it inherits from its path and from the document."""
    found = {}
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            operation = {"security": document.get("security", []), "parameters": []} | item[method]
            operation["parameters"] = [*item.get("parameters", []), *operation["parameters"]]
            found[f"{method} {path}"] = meaning(operation, document)
    return found


def test_served_document_means_the_same_as_the_contract(openapi: dict[str, Any]) -> None:
    served = create_app(settings()).openapi()
    expected, actual = operations(openapi), operations(served)
    assert actual.keys() == expected.keys()
    for name, operation in expected.items():
        assert actual[name] == operation, name
    schemes = ({"type": s["type"], "scheme": s["scheme"]} for s in served["components"]["securitySchemes"].values())
    assert list(schemes) == [{"type": "http", "scheme": "bearer"}]
    assert served["components"]["securitySchemes"].keys() == openapi["components"]["securitySchemes"].keys()
