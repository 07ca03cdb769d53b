"""The reference service's contract beside a served document that a test may change."""

import copy
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.settings import Settings
from xptasks.contracts.document import load
from xptasks.contracts.drift import differences, normal
from xptasks.results import Finding

PROJECT = Path(__file__).parents[3]
Json = dict[str, Any]
Compare = Callable[[Json], list[Finding]]


@pytest.fixture(scope="session")
def original() -> Json:
    return create_app(Settings(database_url="sqlite://")).openapi()


@pytest.fixture
def served(original: Json) -> Json:
    return copy.deepcopy(original)


def against(contract: Path, served: Json, folder: Path) -> list[Finding]:
    document = load(contract)
    file = folder / "served.json"
    file.write_text(differences.written(normal.normalised(served, document.value)))
    return differences.find(document, load(file), date(2026, 11, 22))


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    return lambda served: against(PROJECT / "contracts/openapi.yaml", served, tmp_path)


@pytest.fixture
def compare_with(tmp_path: Path) -> Callable[[Json, Json], list[Finding]]:
    def compare(contract: Json, served: Json) -> list[Finding]:
        path = tmp_path / "contract.json"
        path.write_text(json.dumps(contract, indent=2))
        return against(path, served, tmp_path)

    return compare
