"""The golden vectors of this repository's contracts, and of public ones, through generated TypeScript."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from xptasks.contracts.document import load
from xptasks.contracts.generate import typescript
from xptasks.contracts.model import build_model
from xptasks.contracts.vectors import Vector, vectors
from xptasks.contracts.writing.language import Options

ROOT = Path(__file__).resolve().parents[3]
SPECS = ROOT.parent / "shared" / "data" / "specs"
Tsc = Callable[..., str]
Faults = Callable[..., list[str | None]]


def _written(folder: Path, name: str, *paths: Path) -> list[tuple[str, Vector]]:
    """Generate a module from these contracts; its vectors."""
    documents = [load(path) for path in paths]
    model = build_model(documents)
    assert [trouble for trouble in model.troubles if trouble.fatal] == []
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.ts").write_text(typescript.emit(model, Options()), encoding="utf-8")
    return [(name, vector) for vector in vectors(documents, model)]


def _wrong(compiled: Path, found: list[tuple[str, Vector]], faults: Faults) -> list[tuple[Vector, str | None]]:
    """What the decoders see in another way than the vectors say."""
    answers = faults(compiled, [(name, vector.type, json.dumps(vector.value)) for name, vector in found])
    return [
        (vector, fault)
        for (_, vector), fault in zip(found, answers, strict=True)
        if (fault is None) is not vector.valid
    ]


def test_typescript_agrees_with_the_golden_vectors(tmp_path: Path, tsc: Tsc, faults: Faults) -> None:
    found = _written(tmp_path / "src", "own", ROOT / "contracts/openapi.yaml", ROOT / "contracts/asyncapi.yaml")
    assert {vector.keyword for _, vector in found} >= {"", "required", "type", "enum", "additionalProperties"}
    assert tsc(tmp_path / "src", out=tmp_path / "out") == ""
    assert _wrong(tmp_path / "out", found, faults) == []
    lies = [(name, Vector(it.type, not it.valid, it.keyword, it.value, it.origin)) for name, it in found]
    assert len(_wrong(tmp_path / "out", lies, faults)) == len(lies)


@pytest.mark.slow
def test_all_public_contracts_pass_tsc_strict_and_agree_with_their_vectors(
    tmp_path: Path, tsc: Tsc, faults: Faults
) -> None:
    paths = sorted(SPECS.glob("*/*"))
    if not paths:
        pytest.skip("public contracts are absent: ../shared/data/specs")
    found = [item for index, path in enumerate(paths) for item in _written(tmp_path / "src", f"types{index}", path)]
    assert tsc(tmp_path / "src", out=tmp_path / "out") == ""
    assert _wrong(tmp_path / "out", found, faults) == []
