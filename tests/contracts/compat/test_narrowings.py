"""One keyword more or less in a real schema: the direction is judged right, and every witness is one."""

import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import jsonschema_rs
import pytest

from tests.contracts.compat.narrowings import narrowed, places
from tests.contracts.compat.refactorings import to_3_1
from tests.contracts.compat.slots import Value, copied, target
from tests.contracts.compat.test_refactorings import CONTRACTS, SPECS, needs_contracts
from xptasks.contracts.compat import DEFAULT_PROFILES, compare
from xptasks.contracts.compat.change import Change
from xptasks.contracts.compat.sample import schemas
from xptasks.contracts.document import load

TODAY = date(2026, 1, 1)
AT_LEAST = 1_000  # cases that the seeds of the slow test make
RIGHT = 0.99  # of all that are judged


class Case(NamedTuple):
    """A schema of a real contract, and the same with one keyword more."""

    title: str
    direction: str
    wide: Value
    narrow: Value
    breaking: bool  # whether the one side is compared with the other in the direction that breaks


@cache
def components(name: str) -> Value:
    """The schemas of a contract in the words of 3.1; all travel in both directions."""
    contract = copied(load(SPECS / name).value)
    to_3_1(Random(), contract)  # noqa: S311 - not used
    return _visible(contract["components"]["schemas"])


def _visible(value: Value) -> Value:
    if isinstance(value, dict):
        hiding = [word for word in ("readOnly", "writeOnly") if value.get(word) is True]
        return {key: _visible(inner) for key, inner in value.items() if key not in hiding}
    return [_visible(inner) for inner in value] if isinstance(value, list) else value


def used(parts: Value, name: str) -> Value:
    """A schema with all that it refers to."""
    found: Value = {}
    pending = [name]
    while pending:
        here = pending.pop()
        if here not in found:
            found[here] = parts[here]
            text = json.dumps(parts[here])
            pending += [other for other in parts if f'"#/components/schemas/{other}"' in text]
    return found


def case(seed: int) -> Case | None:
    """The case of a seed; None where the schema that it drew has no place for one more keyword."""
    chance = Random(seed)  # noqa: S311 - not for security
    contract = chance.choice(CONTRACTS)
    name = chance.choice(sorted(components(contract)))
    parts = copied(used(components(contract), name))
    whole = {"components": {"schemas": parts}}
    listed = [*places({"$ref": f"#/components/schemas/{name}"}, lambda ref: target(whole, ref)), (parts, name)]
    holder, key = chance.choice(listed)
    found = narrowed(chance, holder[key])
    if found is None:
        return None
    wide = copied(parts)
    holder[key] = found[1]
    title = f"{seed}: {contract} {name} {key}: {found[0]}"
    return Case(title, chance.choice(("request", "response")), _whole(name, wide), _whole(name, parts), seed % 2 == 0)


def _whole(name: str, parts: Value) -> Value:
    return {"$ref": f"#/components/schemas/{name}", "components": {"schemas": parts}}


def judged(one: Case, folder: Path) -> list[Change]:
    """The changes, in the direction that breaks or in the other one."""
    towards_narrow = (one.direction == "request") == one.breaking
    sides = (one.wide, one.narrow) if towards_narrow else (one.narrow, one.wide)
    documents = []
    for name, side in zip(("base.json", "head.json"), sides, strict=True):
        contract = schemas(one.direction, {"$ref": side["$ref"]}) | {"components": side["components"]}
        (folder / name).write_text(json.dumps(contract), encoding="utf-8")
        documents.append(load(folder / name))
    return compare(*documents, profiles=DEFAULT_PROFILES, today=TODAY)


def accepts(schema: Value, instance: Any) -> bool:  # noqa: ANN401
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True).is_valid(instance)


def inner(whole: Value, pointer: str) -> Value:
    """The schema that a change is about, with all that it refers to."""
    here: Value = {"$ref": whole["$ref"]}
    for token in pointer.split("/")[1:]:
        here = next(_steps(whole, here, token.replace("~1", "/").replace("~0", "~")))
    return {**here, "components": whole["components"]}


def _steps(whole: Value, schema: Value, token: str) -> Iterator[Value]:
    while "$ref" in schema:
        schema = target(whole, schema["$ref"])
    for word in ("properties", "patternProperties"):
        if token in schema.get(word, {}):
            yield schema[word][token]
    if token.isdigit() and "prefixItems" in schema:
        yield schema["prefixItems"][int(token)]
    inside = {"*": "additionalProperties", "items": "items"}.get(token, "")
    if inside in schema:
        yield schema[inside]
    for branches in (schema.get(word, ()) for word in ("allOf", "anyOf", "oneOf")):
        for branch in branches:
            yield from _steps(whole, branch, token)


def wrongly_judged(seeds: range, folder: Path) -> tuple[int, list[str], list[str]]:
    """How many cases there were; those whose direction, and those whose witness is wrong."""
    count = 0
    wrong: list[str] = []
    unconfirmed: list[str] = []
    for seed in seeds:
        one = case(seed)
        if one is None:
            continue
        count += 1
        errors = [change for change in judged(one, folder) if change.severity == "error"]
        if bool(errors) != one.breaking:
            wrong.append(f"{one.title} {one.direction} {one.breaking}")
        unconfirmed += [
            f"{one.title} {change.at} {change.witness}"[:300] for change in errors if not proves(change, one)
        ]
    return count, wrong, unconfirmed


def proves(change: Change, one: Case) -> bool:
    """Whether the validator accepts the witness under the wider schema only."""
    pointer = change.at[change.at.index(" /", change.at.index("/")) + 1 :] if change.at.count(" /") > 1 else ""
    if change.witness is None:
        return False
    wide, narrow = (inner(whole, pointer) for whole in (one.wide, one.narrow))
    return accepts(wide, change.witness.instance) and not accepts(narrow, change.witness.instance)


def check(seeds: range, folder: Path) -> int:
    count, wrong, unconfirmed = wrongly_judged(seeds, folder)
    assert len(wrong) <= count * (1 - RIGHT), wrong
    assert unconfirmed == []
    return count


@needs_contracts
def test_some_narrowings_and_widenings_are_judged_right(tmp_path: Path) -> None:
    assert check(range(40), tmp_path)


@pytest.mark.slow
@needs_contracts
def test_narrowings_and_widenings_are_judged_right(tmp_path: Path) -> None:
    assert check(range(2_000), tmp_path) >= AT_LEAST
