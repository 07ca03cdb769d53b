"""Documents that say the same in other words raise no alarm, also from one major version of AsyncAPI to the other."""

import copy
import json
import shutil
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.contracts.compat.async_refactoring import REFACTORINGS, Contract, to_second, to_third
from xptasks.contracts.compat import compare
from xptasks.contracts.document import Document, load

ROOT = Path(__file__).resolve().parents[3]
OWN = ROOT / "contracts" / "asyncapi.yaml"
SPECS = ROOT.parent / "shared" / "data" / "specs"
PUBLIC = sorted(SPECS.glob("asyncapi?/*.yml"))
STEPS = 6
needs_public = pytest.mark.skipif(not PUBLIC, reason="the public AsyncAPI documents are not at ../shared/data/specs")


def _written(value: Any, folder: Path, name: str) -> Document:  # noqa: ANN401
    folder.mkdir(exist_ok=True)
    shutil.copy(OWN.parent / "openapi.yaml", folder)
    (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return load(folder / f"{name}.json")


def _alarms(base: Contract, head: Contract, folder: Path) -> list[str]:
    documents = (_written(base, folder, "base"), _written(head, folder, "head"))
    changes = compare(*documents, profiles=("wire", "client"), today=date(2026, 1, 1))
    return [f"{change.rule} {change.at}: {change.message}" for change in changes if change.severity != "info"]


def _refactored(value: Contract, seed: int) -> Contract:
    random = Random(seed)  # noqa: S311 - to repeat a test, not to keep a secret
    for _ in range(STEPS):
        value = random.choice(REFACTORINGS)(copy.deepcopy(value), random)
    return value


def _check(path: Path, folder: Path, seeds: range) -> None:
    value = load(path).value
    others = {json.dumps(other): other for other in (_refactored(value, seed) for seed in seeds)}
    assert others.keys() != {json.dumps(value)}
    for other in others.values():
        assert _alarms(value, other, folder) == []
        assert _alarms(other, value, folder) == []


@pytest.mark.parametrize("path", [OWN, *PUBLIC], ids=lambda path: path.stem)
def test_a_refactoring_raises_no_alarm(path: Path, tmp_path: Path) -> None:
    _check(path, tmp_path, range(1))


@pytest.mark.slow
@pytest.mark.parametrize("path", [OWN, *PUBLIC], ids=lambda path: path.stem)
def test_many_refactorings_raise_no_alarm(path: Path, tmp_path: Path) -> None:
    _check(path, tmp_path, range(1, 21))


@needs_public
@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.stem)
def test_a_document_is_like_itself(path: Path, tmp_path: Path) -> None:
    value = load(path).value
    spaced = dict(reversed(value.items())) | {"x-other": True}
    documents = (_written(value, tmp_path, "base"), _written(spaced, tmp_path, "head"))
    assert compare(*documents, profiles=("wire", "client", "source"), today=date(2026, 1, 1)) == []


@needs_public
@pytest.mark.parametrize("path", [path for path in PUBLIC if "asyncapi2" in str(path)], ids=lambda path: path.stem)
def test_a_translation_to_3_raises_no_alarm(path: Path, tmp_path: Path) -> None:
    value = load(path).value
    new = to_third(value)
    assert _alarms(value, new, tmp_path) == []
    assert _alarms(to_second(new), new, tmp_path) == []


@pytest.mark.parametrize(
    "path", [OWN, *(path for path in PUBLIC if "asyncapi3" in str(path))], ids=lambda path: path.stem
)
def test_a_translation_to_2_raises_no_alarm(path: Path, tmp_path: Path) -> None:
    value = load(path).value
    old = to_second(value)
    assert _alarms(value, old, tmp_path) == []
    assert _alarms(old, value, tmp_path) == []
