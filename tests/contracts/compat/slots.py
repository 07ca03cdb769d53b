"""Where an OpenAPI document holds its operations and its schemas."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

Value = Any  # JSON

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_ONE = ("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else")
_SEVERAL = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "dependentSchemas", "$defs")


class Slot(NamedTuple):
    """A place that holds a schema."""

    holder: Any
    key: Any
    named: bool  # a branch of a union with a discriminator: its name has a meaning

    @property
    def schema(self) -> Any:  # noqa: ANN401
        return self.holder[self.key]

    def put(self, schema: Value) -> None:
        self.holder[self.key] = schema


def copied(value: Value) -> Value:
    """A copy in which nothing is shared."""
    return json.loads(json.dumps(value))


def is_old(contract: Value) -> bool:
    """Whether the contract is OpenAPI 3.0."""
    return str(contract["openapi"]).startswith("3.0")


def operations(contract: Value) -> Iterator[tuple[Value, Value]]:
    """Every operation with its path item."""
    for item in contract.get("paths", {}).values():
        for method in METHODS:
            if isinstance(item.get(method), dict):
                yield item, item[method]


def slots(contract: Value) -> list[Slot]:
    """Every place that holds a schema."""
    found: list[Slot] = []
    for schemas in _holders(contract):
        for key in list(schemas):
            _collect(Slot(schemas, key, named=False), found)
    return found


def _holders(contract: Value) -> Iterator[dict[str, Any]]:
    """Mappings whose values are schemas."""
    parts = contract.get("components", {})
    yield parts.get("schemas", {})
    carriers = [*parts.get("parameters", {}).values(), *parts.get("headers", {}).values()]
    messages = [*parts.get("requestBodies", {}).values(), *parts.get("responses", {}).values()]
    for item in contract.get("paths", {}).values():
        carriers += item.get("parameters", [])
    for _, operation in operations(contract):
        carriers += operation.get("parameters", [])
        messages += [operation.get("requestBody", {}), *operation.get("responses", {}).values()]
    for message in messages:
        carriers += message.get("content", {}).values()
        carriers += message.get("headers", {}).values()
    for carrier in carriers:
        if isinstance(carrier.get("schema"), dict):
            yield _Only(carrier)
        carriers.extend(carrier.get("content", {}).values())


class _Only(dict[str, Any]):
    """A mapping that shows nothing but the schema of what carries it, and writes through."""

    def __init__(self, carrier: Value) -> None:
        super().__init__(schema=carrier["schema"])
        self._carrier = carrier

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401
        return self._carrier[key]

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401
        self._carrier[key] = value


def _collect(slot: Slot, found: list[Slot]) -> None:
    schema = slot.schema
    if not isinstance(schema, dict):
        return
    found.append(slot)
    named = "discriminator" in schema
    for word in _ONE:
        if word in schema:
            _collect(Slot(schema, word, named=False), found)
    for word in _SEVERAL:
        if isinstance(schema.get(word), list):
            for index in range(len(schema[word])):
                _collect(Slot(schema[word], index, named), found)
    for word in _NAMED:
        if isinstance(schema.get(word), dict):
            for name in schema[word]:
                _collect(Slot(schema[word], name, named=False), found)


def target(contract: Value, ref: str) -> Value:
    """What a `$ref` leads to."""
    here = contract
    for token in ref[2:].split("/"):
        here = here[token.replace("~1", "/").replace("~0", "~")]
    return here


def new_name(chance: Random) -> str:
    """A name that no contract has."""
    return f"New{chance.getrandbits(40):x}"
