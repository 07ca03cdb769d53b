"""The relation on small random schemas, held against what the validator says about random instances."""

import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import jsonschema_rs
import pytest

from tests.contracts.compat.drawing import near, schema, value
from xptasks.contracts.compat.relation import Relation, Verdict
from xptasks.contracts.compat.schemas import Table
from xptasks.contracts.document import load

Value = Any  # JSON
_NONE = object()
UNKNOWN = 0.05  # of all pairs, most of them with conditions inside of conditions
PLACE = "#/components/schemas/X"
INSTANCES = [value(Random(seed)) for seed in range(400)]  # noqa: S311 - not for security


class Pair(NamedTuple):
    one: Value
    two: Value


def pair(seed: int) -> Pair:
    chance = Random(seed)  # noqa: S311 - not for security
    one = schema(chance)
    two = near(chance, one) if seed % 4 else schema(chance)
    return Pair(two, one) if chance.random() < 0.5 else Pair(one, two)


def verdict(one: Value, two: Value, folder: Path) -> Verdict:
    """The answer by the letter of both schemas."""
    documents = []
    for name, said in (("one.json", one), ("two.json", two)):
        parts = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "components": {"schemas": {"X": said}}}
        (folder / name).write_text(json.dumps(parts | {"paths": {}}), encoding="utf-8")
        documents.append(load(folder / name))
    table = Table(documents[0], documents[1], "request")
    left = table.schema("base", documents[0].resolve(PLACE))
    right = table.schema("head", documents[1].resolve(PLACE))
    return Relation(table, formal=True).compare(left, right)


def accepts(said: Value) -> Any:  # noqa: ANN401
    return jsonschema_rs.Draft202012Validator(said, validate_formats=True, offline=True).is_valid


def faults(seeds: range, folder: Path) -> tuple[Counter[str], list[str]]:
    """How often there was which answer, and the answers that an instance contradicts."""
    answers: Counter[str] = Counter()
    wrong: list[str] = []
    for seed in seeds:
        one, two = pair(seed)
        found = verdict(one, two, folder)
        in_one, in_two = accepts(one), accepts(two)
        apart = next((x for x in [found.witness, *INSTANCES] if in_one(x) and not in_two(x)), _NONE)
        answers[found.answer if found.answer != "unknown" or apart is _NONE else "missed"] += 1
        proven = in_one(found.witness) and not in_two(found.witness)
        if (found.answer == "yes" and apart is not _NONE) or (found.answer == "no" and not proven):
            wrong.append(f"{seed}: {found} {apart} {json.dumps(one)} {json.dumps(two)}")
    return answers, wrong


def check(seeds: range, folder: Path) -> None:
    answers, wrong = faults(seeds, folder)
    assert wrong == []
    assert answers["missed"] + answers["unknown"] <= answers.total() * UNKNOWN, answers


def test_no_instance_contradicts_the_relation(tmp_path: Path) -> None:
    check(range(300), tmp_path)


@pytest.mark.slow
def test_no_instance_contradicts_the_relation_on_many_pairs(tmp_path: Path) -> None:
    check(range(12_000), tmp_path)
