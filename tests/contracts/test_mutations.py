"""Contracts with a value replaced by one that does not belong there: whatever it is, the check ends with findings."""

import copy
import importlib.util
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.examine import examine
from xptasks.contracts.source import Limits
from xptasks.contracts.yaml_text import parse

JUNK: list[Any] = [
    None, True, 5, -1.5, "", "x", "#/", "#/paths", "$ref", "{", "{a}", "..", [], [None], [5], ["x"], {}, {"x": 5},
    {"$ref": 5}, {"$ref": ""}, {"$ref": "#"}, {"$ref": "#/info"}, {"$ref": "#/components"}, {"type": "x"}, {"": {}},
    [[]], {"type": ["string", 5]}, {"properties": {"a": {"$ref": "#/components/schemas/Thing"}}},
    {"x": {"x": {"x": [{}]}}},
]  # fmt: skip
KEYS = [
    "",
    "x",
    "/",
    "~",
    "$ref",
    "$id",
    "$schema",
    "$dynamicRef",
    "allOf",
    "discriminator",
    "schemaFormat",
    "200",
    "5.5",
    "get",
]


def contracts() -> list[dict[str, Any]]:
    """The good contracts of the tests of rules."""
    spec = importlib.util.spec_from_file_location("rules_cases", Path(__file__).with_name("test_rules.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [parse(text, Limits())[0] for text in (module.OPENAPI, module.OPENAPI_30, module.ASYNC_2, module.ASYNC_3)]


def collections(value: Any) -> Iterator[Any]:  # noqa: ANN401
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from collections(inner)


def mutate(value: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A copy with one to three values replaced, added, removed or moved."""
    value = copy.deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        everything = [item for item in collections(value) if item]
        target = chance.choice(everything)
        junk = copy.deepcopy(chance.choice([*JUNK, chance.choice(everything)]))
        if isinstance(target, list):
            target[chance.randrange(len(target))] = junk
            continue
        key = chance.choice(list(target))
        action = chance.choice(["replace", "replace", "remove", "rename", "add"])
        if action == "remove":
            del target[key]
        elif action == "rename":
            target[chance.choice(KEYS)] = target.pop(key)
        else:
            target[key if action == "replace" else chance.choice(KEYS)] = junk
    return value


@pytest.mark.parametrize("seed", range(40))
def test_a_mutated_contract_ends_with_findings(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable
    for number, contract in enumerate(contracts()):
        mutant = mutate(contract, chance)
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(mutant))
        findings, _ = examine(path, None, thorough=False)
        for finding in findings:
            assert finding.message
            assert finding.position is not None
