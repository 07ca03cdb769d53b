"""Pairs of AsyncAPI documents, 2.x, 3.x and across, with what the specification says about each, in both directions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.contracts.compat.conftest import Contract
from xptasks.contracts.compat.change import Change
from xptasks.contracts.source import Limits
from xptasks.contracts.yaml_text import parse

FOLDER = Path(__file__).parent / "asyncapi"
LEAST = 100


class Pair(NamedTuple):
    name: str
    before: Contract
    after: Contract
    alarms: list[str]


def patched(value: Any, patch: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A value with a merge patch put onto it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for key, inner in patch.items():
        if inner is None:
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key), inner)
    return result


def _pairs() -> list[Pair]:
    files = {path.stem: parse(path.read_text(encoding="utf-8"), Limits())[0] for path in sorted(FOLDER.glob("*.yaml"))}
    documents = {name: file["document"] for name, file in files.items() if "document" in file}
    return [
        pair for name, file in files.items() for case in file["cases"] for pair in _both_ways(name, case, documents)
    ]


def _both_ways(file: str, case: Contract, documents: dict[str, Contract]) -> list[Pair]:
    assert case.keys() <= {"name", "because", "from", "to", "before", "after", "there", "back"}, case
    assert case["because"]
    before = patched(documents[case.get("from", file)], case.get("before", {}))
    after = patched(documents[case.get("to", file)], case.get("after", {}))
    name = f"{file}: {case['name']}"
    return [
        Pair(name, before, after, case.get("there", [])),
        Pair(f"{name}, the other way round", after, before, case.get("back", [])),
    ]


PAIRS = _pairs()


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.name for pair in PAIRS])
def test_what_breaks_is_said(pair: Pair, found: Callable[[Contract, Contract], list[Change]]) -> None:
    alarms = [
        f"{change.severity} {change.rule} {change.at}"
        for change in found(pair.before, pair.after)
        if change.severity != "info"
    ]
    assert sorted(alarms) == sorted(pair.alarms)


def test_there_are_enough_of_both_kinds() -> None:
    broken = [pair for pair in PAIRS if pair.alarms]
    assert len(PAIRS) >= LEAST
    assert len(broken) >= LEAST // 3
    assert len(PAIRS) - len(broken) >= LEAST // 3
