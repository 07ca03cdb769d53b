"""Two contracts as values, and what is said about them."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.compat import compare
from xptasks.contracts.compat.change import Change
from xptasks.contracts.document import load

Contract = dict[str, Any]
Alarms = Callable[[Contract, Contract], dict[str, str]]


@pytest.fixture
def found(tmp_path: Path) -> Callable[[Contract, Contract], list[Change]]:
    """The changes between two contracts for who reads JSON and for who decodes it strictly."""

    def find(before: Contract, after: Contract) -> list[Change]:
        documents = []
        for name, value in (("before.json", before), ("after.json", after)):
            (tmp_path / name).write_text(json.dumps(value), encoding="utf-8")
            documents.append(load(tmp_path / name))
        return compare(*documents, profiles=("wire", "client"), today=date(2026, 1, 1))

    return find


@pytest.fixture
def alarms(found: Callable[[Contract, Contract], list[Change]]) -> Alarms:
    """The severity of each rule that is more than information."""

    def find(before: Contract, after: Contract) -> dict[str, str]:
        return {change.rule: change.severity for change in found(before, after) if change.severity != "info"}

    return find
