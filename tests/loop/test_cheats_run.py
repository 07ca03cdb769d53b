"""Cheats that only a run can catch, with real runs: whatever code of the tests does, the gate is not green."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loop.change import HEAD, LANDING, Change, Files
from tests.repository import QUIET, WITHOUT_GIT
from xptasks.landing.policy import Verdict
from xptasks.loop import judging

pytestmark = pytest.mark.pr

CONFIG = f'{HEAD}[tiers.pr]\nsteps = ["unit", "size"]\n{LANDING}'
TEST = "tests/test_prices.py"
NIGHT = pytest.mark.slow
HIDDEN = 'import os\n\ngetattr(os, "_ex" + "it")(0)\n'
SKIP = "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef quiet():\n    raise pytest.skip.Exception('no')\n"
CLEAR = "def pytest_collection_modifyitems(items):\n    items.clear()\n"


@pytest.fixture
def change(tmp_path: Path) -> Change:
    return Change(tmp_path / "small").begin({"xpconfig.toml": CONFIG})


def run(change: Change) -> Verdict:
    """The tier pr on the change, as the queue runs it, and what that is worth."""
    environ = {**WITHOUT_GIT, **QUIET, "XPTASKS_OUTPUT": "plain"}
    words = (sys.executable, "-P", "-m", "xptasks", "run", "pr")
    subprocess.run(words, cwd=change.project, env=environ, check=False, stdin=subprocess.DEVNULL, capture_output=True)
    told = json.loads((change.project / ".xp" / "last-run.json").read_text(encoding="utf-8"))
    return judging.after_gate(change.project, "main", change.head(), told)


def test_a_good_change_is_green(change: Change) -> None:
    change.change({"app/prices.py": "def gross(net):\n    return net * 120 // 100\n"})
    assert run(change) == Verdict("may land")


@pytest.mark.parametrize(
    ("files", "rule", "words"),
    [
        pytest.param({"tests/conftest.py": HIDDEN}, "step-error", "unit error", id="an end while tests are collected"),
        pytest.param({TEST: HIDDEN}, "step-error", "unit error", id="an end in a module of tests", marks=NIGHT),
        pytest.param(
            {TEST: f"def test_end():\n    {HIDDEN.replace(chr(10), chr(10) + '    ')}\n"},
            "step-error",
            "unit error",
            id="an end in a test",
            marks=NIGHT,
        ),
        pytest.param({"tests/conftest.py": CLEAR}, "step-failed", "no test was found", id="nothing collected"),
        pytest.param({TEST: None}, "step-failed", "no test was found", id="no tests at all", marks=NIGHT),
        pytest.param({"tests/conftest.py": SKIP}, "step-skipped", "no test passed", id="everything skipped"),
        pytest.param(
            {"pytest.py": "print('2 passed')\n"}, "step-error", "unit error", id="a false pytest", marks=NIGHT
        ),
        pytest.param(
            {"pytest.ini": "[pytest]\naddopts = -k unheard\n"},
            "step-failed",
            "no test",
            id="all deselected",
            marks=NIGHT,
        ),
        pytest.param(
            {"xpconfig.toml": CONFIG.replace('"unit"', '"units"') + '[steps.units]\nrun = ["true"]\n'},
            "step-missing",
            "the step unit did not run",
            id="unit replaced by true",
        ),
        pytest.param(
            {"xpconfig.toml": CONFIG.replace('"size"]', '"size"]\nallow_partial = true\nbudget = "1ms"')},
            "step-cancelled",
            "not started",
            id="no time for anything",
            marks=NIGHT,
        ),
        pytest.param(
            {"xpconfig.toml": CONFIG.replace("tiers.pr", "tiers.all")},
            "run-failed",
            "2",
            id="no such tier",
            marks=NIGHT,
        ),
    ],
)
def test_what_is_not_green(files: Files, rule: str, words: str, change: Change) -> None:
    verdict = run(change.change(files))
    assert verdict.outcome == "rejected"
    found = {reason.rule: reason.message for reason in verdict.against}
    assert rule in found
    assert words in found[rule]


@pytest.mark.slow
def test_an_older_result_is_none_of_this_commit(change: Change) -> None:
    change.change({"app/more.py": "x = 1\n"})
    assert run(change).outcome == "may land"
    told = json.loads((change.project / ".xp" / "last-run.json").read_text(encoding="utf-8"))
    change.change({"app/more.py": "x = 2\n"})
    assert [reason.rule for reason in judging.after_gate(change.project, "main", change.head(), told).against] == [
        "run-commit"
    ]


@pytest.mark.slow
def test_a_working_tree_that_is_no_commit(change: Change) -> None:
    change.change({"app/more.py": "x = 1\n"})
    change.put({"app/more.py": "x = 2\n"})
    assert [reason.rule for reason in run(change).against] == ["run-commit"]


@NIGHT
def test_a_chosen_step_is_not_the_whole_tier(change: Change) -> None:
    change.change({"app/more.py": "x = 1\n"})
    words = (sys.executable, "-P", "-m", "xptasks", "run", "pr", "size")
    environ = {**WITHOUT_GIT, **QUIET}
    subprocess.run(words, cwd=change.project, env=environ, check=False, stdin=subprocess.DEVNULL, capture_output=True)
    told = json.loads((change.project / ".xp" / "last-run.json").read_text(encoding="utf-8"))
    assert [reason.rule for reason in judging.after_gate(change.project, "main", change.head(), told).against] == [
        "step-missing"
    ]
    assert judging.after_gate(change.project, "main", change.head(), told, ("size",)).outcome == "may land"
