"""The rules as they are listed, and their page."""

import json
from pathlib import Path

import pytest

from xptasks.contracts.compat import listing
from xptasks.contracts.compat.rules import RULES
from xptasks.errors import UsageError

PROJECT = Path(__file__).resolve().parents[3]


def test_the_page_is_fresh() -> None:
    assert (PROJECT / listing.PAGE).read_text(encoding="utf-8") == listing.page(), "run inv reference"


def test_every_rule_has_one_line_in_the_page() -> None:
    lines = [line for line in listing.page().splitlines() if line.startswith("| `")]
    assert sorted(line.split("`")[1] for line in lines) == sorted(RULES)
    assert {line.count("|") for line in lines} == {7}


def test_all_rules_are_listed_with_an_example() -> None:
    assert len(json.loads(listing.as_json(listing.rules()))["rules"]) == len(RULES)
    text = listing.as_text(listing.rules())
    assert text.count("\n  before: ") == text.count("\n  after:  ") == len(RULES)


def test_one_rule_is_explained() -> None:
    text = listing.as_text(listing.rules("operation-notice-short"))
    assert text.splitlines()[0] == "operation-notice-short (operation, none; wire=error client=error source=error)"
    assert "`deprecation_days_stable`" in text


def test_a_rule_that_does_not_exist_is_told_with_its_neighbours() -> None:
    with pytest.raises(UsageError, match="there is no rule 'path-remove'") as caught:
        listing.rules("path-remove")
    assert "path-removed" in str(caught.value)
    with pytest.raises(UsageError, match="lists them"):
        listing.rules("???")
