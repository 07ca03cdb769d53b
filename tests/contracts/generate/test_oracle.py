"""datamodel-code-generator as a second opinion on the same vectors; every difference has its reason."""

import importlib.util
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import TypeAdapter, ValidationError

from xptasks.contracts.document import load
from xptasks.contracts.model import build_model
from xptasks.contracts.vectors import Vector, vectors

ROOT = Path(__file__).resolve().parents[3]
SPECS = ROOT.parent / "shared" / "data" / "specs" / "openapi"
PROGRAM = shutil.which("datamodel-codegen", path=str(Path(sys.executable).parent))
# What the peer accepts although the contract does not, by what an invalid vector breaks.
KNOWN = {
    "type": "an optional property that may not be null is None there, so that null passes",
}


def _peer(contract: Path, folder: Path) -> ModuleType:
    target = folder / "peer_models.py"
    kind = [
        "--input-file-type",
        "openapi",
        "--output-model-type",
        "pydantic_v2.BaseModel",
        "--target-python-version",
        "3.11",
    ]
    argv = [str(PROGRAM), "--input", str(contract), "--output", str(target), *kind]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    spec = importlib.util.spec_from_file_location("peer_models", target)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["peer_models"] = module
    spec.loader.exec_module(module)
    return module


def _accepts(module: ModuleType, vector: Vector) -> bool:
    try:
        TypeAdapter(getattr(module, vector.type)).validate_json(json.dumps(vector.value))
    except ValidationError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the peer's models warn about their own names
@pytest.mark.parametrize(
    "contract",
    [ROOT / "contracts" / "openapi.yaml", SPECS / "train-travel.yaml", SPECS / "learn-tictactoe.yaml"],
    ids=lambda p: p.stem,
)
def test_the_peer_sees_the_same_vectors_alike(contract: Path, tmp_path: Path) -> None:
    if PROGRAM is None:
        pytest.skip("datamodel-codegen is not installed")
    if not contract.exists():
        pytest.skip(f"public contracts are absent: {contract.name}")
    documents = [load(contract)]
    module = _peer(contract, tmp_path)
    shared = [vector for vector in vectors(documents, build_model(documents)) if hasattr(module, vector.type)]
    assert shared
    differences = Counter(vector.keyword for vector in shared if _accepts(module, vector) != vector.valid)
    assert set(differences) <= set(KNOWN), differences
