"""Refactorings of real contracts raise no alarm: neither alone nor several at once."""

import json
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

import pytest

from tests.contracts.compat.refactorings import REFACTORINGS
from tests.contracts.compat.slots import Value, copied
from xptasks.contracts.compat import DEFAULT_PROFILES, compare
from xptasks.contracts.compat.change import Change
from xptasks.contracts.document import Document, load

pytestmark = pytest.mark.pr

SPECS = Path(__file__).resolve().parents[4] / "shared" / "data" / "specs" / "openapi"
CONTRACTS = ("adyen-CheckoutService-v71.yaml", "box.json", "figma.yaml", "museum.yaml", "train-travel.yaml")
TODAY = date(2026, 1, 1)
SINGLE = 200  # seeds of one refactoring, by contract
SEVERAL = 20  # seeds of several at once, by contract
AT_ONCE = 12
needs_contracts = pytest.mark.skipif(
    not SPECS.is_dir(), reason="the public contracts are not at ../shared/data/specs/openapi"
)


@cache
def original(name: str) -> Document:
    return load(SPECS / name)


def refactored(name: str, seed: int, times: int) -> tuple[list[str], Value]:
    """The contract after so many refactorings, and which they were: those with the number of the seed first."""
    contract = copied(original(name).value)
    chance = Random(f"{name} {seed}")  # noqa: S311 - not for security
    listed = list(REFACTORINGS)
    done: list[str] = []
    while len(done) < times:
        chosen = listed[seed % len(listed)] if times == 1 and not done else chance.choice(listed)
        seed += 1
        if REFACTORINGS[chosen](chance, contract):
            done.append(chosen)
    return done, contract


def alarms(name: str, contract: Value, folder: Path) -> list[Change]:
    path = folder / "contract.json"
    path.write_text(json.dumps(contract), encoding="utf-8")
    changes = compare(original(name), load(path), profiles=DEFAULT_PROFILES, today=TODAY)
    return [change for change in changes if change.severity != "info"]


def check(name: str, seeds: range, times: int, folder: Path) -> None:
    found = {}
    for seed in seeds:
        done, contract = refactored(name, seed, times)
        said = [(change.rule, change.at, change.message) for change in alarms(name, contract, folder)]
        if said:
            found[seed] = (done, said[:3])
    assert found == {}


@needs_contracts
@pytest.mark.parametrize("name", ["museum.yaml", "train-travel.yaml"])
def test_some_refactorings_raise_no_alarm(name: str, tmp_path: Path) -> None:
    check(name, range(len(REFACTORINGS)), 1, tmp_path)


@pytest.mark.slow
@needs_contracts
@pytest.mark.parametrize("name", CONTRACTS)
def test_refactorings_raise_no_alarm(name: str, tmp_path: Path) -> None:
    check(name, range(SINGLE), 1, tmp_path)


@pytest.mark.slow
@needs_contracts
@pytest.mark.parametrize("name", CONTRACTS)
def test_several_refactorings_at_once_raise_no_alarm(name: str, tmp_path: Path) -> None:
    check(name, range(SEVERAL), AT_ONCE, tmp_path)
