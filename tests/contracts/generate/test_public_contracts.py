"""Public contracts as Python that `mypy --strict` has nothing to say about."""

import subprocess
import sys
from pathlib import Path

import pytest

from xptasks.contracts.document import load
from xptasks.contracts.generate import python
from xptasks.contracts.model import build_model
from xptasks.contracts.writing.language import Options

SPECS = Path(__file__).resolve().parents[4] / "shared" / "data" / "specs"


@pytest.mark.slow
def test_all_public_contracts_pass_mypy_strict(tmp_path: Path) -> None:
    paths = sorted(SPECS.glob("*/*"))
    if not paths:
        pytest.skip("public contracts are absent: ../shared/data/specs")
    for index, path in enumerate(paths):
        model = build_model([load(path)])
        assert [trouble for trouble in model.troubles if trouble.fatal] == []
        (tmp_path / f"models_{index}.py").write_text(python.emit(model, Options()), encoding="utf-8")
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = True\n", encoding="utf-8")
    argv = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--cache-dir", ".cache", "."]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout
    assert f"in {len(paths)} source files" in done.stdout
