"""Every rule has an example in which it, and it only where it matters, is found."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.compat import compare
from xptasks.contracts.compat.change import PROFILES, Change, Policy, Rule
from xptasks.contracts.compat.rules import RULES
from xptasks.contracts.compat.sample import parameter, schemas
from xptasks.contracts.document import Document, load

TODAY = date(2026, 1, 1)
Comparison = Callable[[Any, Any, Policy], list[Change]]


def _written(path: Path, value: Any) -> Document:  # noqa: ANN401 - contracts are plain values
    path.write_text(json.dumps(value), encoding="utf-8")
    return load(path)


@pytest.fixture
def changes(tmp_path: Path) -> Comparison:
    def find(before: Any, after: Any, policy: Policy) -> list[Change]:  # noqa: ANN401 - contracts are plain values
        one = _written(tmp_path / "before.json", before)
        other = None if after is None else _written(tmp_path / "after.json", after)
        return compare(one, other, profiles=PROFILES, today=TODAY, policy=policy)

    return find


def _contracts(rule: Rule) -> tuple[Any, Any]:
    both = (rule.example.before, rule.example.after)
    if rule.area != "schema":
        return both
    before, after = (schemas(rule.direction, schema) for schema in both)
    return before, after


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_the_example_of_a_rule_shows_its_change_and_nothing_worse(rule: Rule, changes: Comparison) -> None:
    found = changes(*_contracts(rule), rule.example.policy)
    named = [change for change in found if change.rule == rule.id]
    assert named, [change.rule for change in found]
    worst = rule.severity_for(PROFILES)
    assert {change.severity for change in named} <= {worst, "warning"}
    assert {change.severity for change in found} <= {worst, "warning", "info"}


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_nothing_changed_between_a_contract_and_itself(rule: Rule, changes: Comparison) -> None:
    for contract in filter(None, _contracts(rule)):
        assert changes(contract, contract, rule.example.policy) == []


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.area == "schema"], ids=lambda rule: rule.id)
def test_an_error_about_a_schema_has_a_witness(rule: Rule, changes: Comparison) -> None:
    for change in changes(*_contracts(rule), rule.example.policy):
        if change.severity == "error" and not change.rule.endswith("-invalid"):
            assert change.witness is not None


def test_rules_are_named_and_explained() -> None:
    for rule in RULES.values():
        assert rule.id == rule.id.lower()
        assert rule.sentence.endswith(".")
        assert set(rule.severity) <= set(PROFILES)


def test_a_default_of_a_parameter_that_is_only_wrapped_alarms_nobody(changes: Comparison) -> None:
    plain = {"type": "integer", "default": 3}
    for wrapped in ({"allOf": [plain]}, {"anyOf": [plain]}):
        found = changes(parameter(schema=plain), parameter(schema=wrapped), Policy())
        assert {change.severity for change in found} <= {"info"}
