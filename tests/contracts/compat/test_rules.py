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
# What cannot change without something else: a day of removal comes with a deprecation, a version with what it is for.
COMPANIONS = {
    "event-operation-turned": ("event-operation-added",),
    "reply-removed": ("channel-removed",),
    "reply-added": ("channel-added",),
    "reply-expected": ("channel-added",),
    "channel-parameter-default-changed": ("request-default-changed",),
    "server-protocol-changed": ("server-added",),
    "operation-sunset-invalid": ("operation-deprecated",),
    "operation-sunset-missing": ("operation-deprecated",),
    "operation-notice-short": ("operation-deprecated",),
    "parameter-sunset-invalid": ("parameter-deprecated",),
    "parameter-sunset-missing": ("parameter-deprecated",),
    "parameter-notice-short": ("parameter-deprecated",),
    "parameter-default-changed": ("request-default-changed",),
    "request-sunset-invalid": ("request-property-deprecated",),
    "response-sunset-invalid": ("response-property-deprecated",),
    "version-major-missing": ("path-removed",),
    "version-minor-missing": ("operation-added",),
    "version-patch-missing": ("response-status-removed",),
}
# No instance is found for these, so they are warnings that say so.
UNPROVEN = {
    *("request-content-narrowed", "request-content-changed", "response-content-widened", "response-content-changed"),
}
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
def test_the_example_of_a_rule_shows_this_rule_and_no_other(rule: Rule, changes: Comparison) -> None:
    found = changes(*_contracts(rule), rule.example.policy)
    assert {change.rule for change in found} == {rule.id, *COMPANIONS.get(rule.id, ())}
    worst = rule.severity_for(PROFILES)
    named = {change.severity for change in found if change.rule == rule.id}
    assert named == {"warning" if rule.id in UNPROVEN else worst}
    told = [change.message for change in found if change.rule == rule.id]
    assert rule.id not in UNPROVEN or all("(not proven" in message for message in told)


def test_what_is_said_of_examples_is_about_rules() -> None:
    assert {*COMPANIONS, *UNPROVEN} <= RULES.keys()
    assert len(RULES) > 300


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
