"""How the queue runs a tier: what it passes on, what it makes of the answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.loop.landing import gate as fake
from xptasks.landing.queue import Outcome
from xptasks.loop.landing import gate
from xptasks.system.processes import Ended, Exit


def test_nothing_is_passed_on_that_makes_another_gate() -> None:
    environ = {
        "PATH": "/bin",
        "HOME": "/home/ann",
        "UV_INDEX_URL": "http://index",
        "CI": "1",
        "XPTASKS_TIERS__PR__STEPS": "[]",
        "XPTASKS_PROFILE": "demo",
        "XPTASKS_ACTOR": "human:ann",
        "XPTASKS_CHANGES": "another",
        "NOXSESSION": "fast",
        "GIT_DIR": "/x",
        "PYTEST_ADDOPTS": "-k nothing",
        "PYTHONPATH": "/x",
        "PYTHONOPTIMIZE": "2",
        "MYPYPATH": "/x",
    }
    assert gate.environment(environ) == {
        "PATH": "/bin",
        "HOME": "/home/ann",
        "UV_INDEX_URL": "http://index",
        "CI": "1",
        "XPTASKS_OUTPUT": "plain",
        "XPTASKS_ACTOR": "machine:queue",
    }


def run(code: object = 0, *steps: dict[str, Any]) -> dict[str, Any]:
    return {"schema": 1, "tier": "pr", "exit_code": code, "steps": list(steps)}


@pytest.mark.parametrize(
    ("told", "code", "outcome"),
    [
        (run(0), 0, "green"),
        (run(0), 1, "broken"),  # Nox itself failed afterwards
        (run(1), 1, "red"),
        (run(2), 1, "red"),
        (run(3), 1, "broken"),
        (run(4), 1, "broken"),
        (run(5), 1, "broken"),
        (run(130), 1, "broken"),
        (run(143), 1, "broken"),
        (run(None), 1, "broken"),
        ({}, 0, "broken"),  # it says that all is well, but nobody knows of what
        ({}, 1, "broken"),
        ({}, -9, "broken"),
        ({}, None, "broken"),
    ],
)
def test_what_the_answer_means(told: dict[str, Any], code: int | None, outcome: Outcome) -> None:
    assert gate.judged(Exit("gate", Ended.EXITED, code=code), told).outcome == outcome


def test_what_failed_tells_one_failure_from_another() -> None:
    wrong = [{**fake.finding("x", "F401"), "position": {"file": "a.py", "line": 1, "column": 2}}]
    lint, types, unit = fake.step("lint", wrong), fake.step("types", [], "timed out"), fake.step("unit", [])
    size = fake.step("size", [], "skipped")
    assert gate.words_of(run(1, lint, types, unit, size)) == {"lint F401 a.py", "types timed out"}
    assert gate.words_of(run(2)) == {"exit code 2"}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", json.dumps({"schema": 2, "tier": "pr"}), json.dumps({"schema": 1, "tier": "fast"})]
)
def test_what_is_no_result_of_ours_says_nothing(text: str, tmp_path: Path) -> None:
    assert gate.last_run(tmp_path, "pr") == {}
    (tmp_path / ".xp").mkdir()
    (tmp_path / ".xp" / "last-run.json").write_text(text)
    assert gate.last_run(tmp_path, "pr") == {}


def test_the_command(tmp_path: Path) -> None:
    assert gate.nox(tmp_path, "pr", ())[1:] == ("-P", "-m", "xptasks", "run", "pr")
    (tmp_path / "noxfile.py").touch()
    assert gate.nox(tmp_path, "pr", ())[1:] == ("-P", "-m", "nox", "-s", "pr")
    assert gate.nox(tmp_path, "pr", ("lint", "unit"))[-3:] == ("--", "lint", "unit")
