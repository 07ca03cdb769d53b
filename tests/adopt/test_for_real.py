"""The two commands, with a real Nox and real tools, in a repository that was not perfect."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.adopt.conftest import Make, snapshot
from tests.adopt.layouts import APP, NAMED
from tests.repository import QUIET, Repository

TESTS = """
import time

import pytest


def test_passes() -> None:
    assert True


def test_failed_before() -> None:
    assert False


def test_hangs() -> None:
    time.sleep(300)
"""
FILES = {
    "pyproject.toml": f'{NAMED}[dependency-groups]\ntests = ["pytest"]\n',
    "small/__init__.py": "import os\n",
    "tests/test_it.py": TESTS,
    "tests/test_broken.py": "import nothing_like_this\n",
}


def call(repository: Repository, *words: str) -> tuple[int, str]:
    programs = str(Path(sys.executable).parent)
    environ = {**os.environ, **QUIET, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "XPTASKS_OUTPUT": "plain"}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=repository.path, env=environ, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, check=False, timeout=600,
    )  # fmt: skip
    assert "Traceback (most recent call last)" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def last(repository: Repository) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((repository.path / ".xp" / "last-run.json").read_text())
    return {step["step"]: step["reading"] for step in loaded["steps"]}


@pytest.mark.slow
def test_from_a_stranger_to_green_and_back(make: Make) -> None:
    repository = make(FILES)
    before = snapshot(repository.path)
    code, said = call(repository, "xptasks", "init", "--yes")
    if "no environment can be made" in said:
        pytest.skip("no package index")
    assert code == 0, said
    assert "2 tests FAILED and are quarantined" in said
    assert "tests/test_it.py::test_hangs" in (repository.path / ".xptasks" / "baseline.toml").read_text()

    code, said = call(repository, "nox", "-s", "fast")
    assert code == 0, said
    steps = last(repository)
    assert steps["unit"]["status"] == "partial"
    assert "2 quarantined, 1 left out" in steps["unit"]["summary"]
    assert steps["lint"]["status"] == "passed"
    assert "xptasks" not in {path.name for path in (repository.path / ".nox/fast/lib").glob("*/site-packages/*")}

    repository.commit()
    repository.write("small/new.py", "import os\n")
    repository.write("tests/test_new.py", "def test_new() -> None:\n    assert len('a') == 2\n")
    code, said = call(repository, "nox", "-s", "fast")
    steps = last(repository)
    assert code == 1, said
    assert [each["rule"] for each in steps["lint"]["findings"]] == ["F401"]
    assert [each["rule"] for each in steps["unit"]["findings"]] == ["tests/test_new.py::test_new"]

    repository.git("clean", "-fdq", "small", "tests")
    repository.write("small/__init__.py", "")
    assert call(repository, "xptasks", "baseline", "--tighten")[0] == 0
    assert "small/__init__.py" not in (repository.path / ".xptasks" / "baseline.toml").read_text()
    repository.git("checkout", "-q", "--", ".")

    assert call(repository, "xptasks", "uninstall", "--yes")[0] == 0
    after = snapshot(repository.path)
    assert {name: each for name, each in after.items() if "__pycache__" not in name} == before


@pytest.mark.slow
def test_a_service_gets_its_contract_and_a_monorepo_its_sessions(make: Make) -> None:
    service = f'{NAMED}dependencies = ["fastapi"]\n'
    files = {
        "api/pyproject.toml": service,
        "api/small/main.py": APP,
        "api/tests/test_it.py": "from small.main import app\n\n\ndef test_it() -> None:\n    assert app\n",
        "jobs/requirements.txt": "",
        "jobs/main.py": "x = 1\n",
    }
    repository = make(files)
    code, said = call(repository, "xptasks", "init", "--yes")
    if "no environment can be made" in said:
        pytest.skip("no package index")
    assert code == 0, said
    assert "contracts/openapi.yaml: what small.main:app serves" in said
    assert "/health" in (repository.path / "api" / "contracts" / "openapi.yaml").read_text()
    code, said = call(repository, "nox", "-s", "fast")
    assert code == 0, said
    for folder in ("api", "jobs"):
        assert json.loads((repository.path / folder / ".xp" / "last-run.json").read_text())["exit_code"] == 0
