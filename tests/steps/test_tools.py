"""What the steps make of their real tools' output."""

import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from tests.repository import Repository
from tests.steps.conftest import Play
from xptasks import steps
from xptasks.results import Outcome, Position, Reading, Status, StepContext
from xptasks.system import change

PASSED, FAILED, ERROR, PARTIAL = Status.PASSED, Status.FAILED, Status.ERROR, Status.PARTIAL


def places(reading: Reading) -> list[tuple[object, ...]]:
    return [(finding.rule, *astuple(finding.position or Position(""))) for finding in reading.findings]


def test_lint(play: Play) -> None:
    files = {"a.py": "import os\n", "b/c.py": "x = 1\ny = undefined\n"}
    reading = play("lint", files)
    assert reading.status is FAILED
    assert reading.summary == "2 findings in 2 files"
    assert places(reading) == [("F401", "a.py", 1, 8), ("F821", "b/c.py", 2, 5)]
    assert [finding.hint for finding in reading.findings] == ["run `inv fix`", ""]
    assert play("lint", {"a.py": "", "b/c.py": ""}) == Reading(PASSED, "no findings")


@pytest.mark.slow
def test_lint_of_what_is_no_python(play: Play) -> None:
    reading = play("lint", {"a.py": "def (:\n"})
    assert reading.status is FAILED
    assert places(reading)[0][1:3] == ("a.py", 1)


def test_lint_that_cannot_run(play: Play) -> None:
    reading = play("lint", {"ruff.toml": "odd = 1\n"})
    assert reading.status is ERROR
    assert "odd" in reading.summary


@pytest.mark.slow
def test_format(play: Play) -> None:
    reading = play("format", {"a.py": "x=1\n", "b.py": "y = 1\n"})
    assert reading.status is FAILED
    assert [place[1] for place in places(reading)] == ["a.py"]
    assert play("format", {"a.py": "x = 1\n"}).status is PASSED


@pytest.mark.slow
def test_types(play: Play) -> None:
    reading = play("types", {"a.py": 'x: int = "one"\n\n\ndef f() -> int:\n    return x + y\n'}, extra=("a.py",))
    assert reading.status is FAILED
    assert reading.summary == "2 type errors"
    assert places(reading) == [("assignment", "a.py", 1, 10), ("name-defined", "a.py", 5, 16)]
    assert play("types", {"a.py": "x: int = 1\n"}, {"paths": ["a.py"]}).status is PASSED
    assert play("types", {"a.py": "def (:\n"}, {"paths": ["a.py"]}).status in {FAILED, ERROR}
    reading = play("types", {}, {"paths": ["missing.py"]})
    assert reading.status is ERROR
    assert "missing.py" in reading.summary


LAYERS = """
[tool.importlinter]
root_packages = ["pkg"]
[[tool.importlinter.contracts]]
name = "layers"
type = "layers"
layers = ["pkg.high", "pkg.low"]
"""


@pytest.mark.slow
def test_layers(play: Play) -> None:
    files = {"pyproject.toml": LAYERS, "pkg/__init__.py": "", "pkg/high.py": "", "pkg/low.py": "\nimport pkg.high\n"}
    reading = play("layers", files)
    assert reading.status is FAILED
    assert reading.summary == "Contracts: 0 kept, 1 broken."
    assert places(reading) == [("layers", "pkg/low.py", 2, None)]
    assert reading.findings[0].message == "pkg.low may not import pkg.high"
    assert play("layers", {"pkg/low.py": ""}).summary == "Contracts: 1 kept, 0 broken."


@pytest.mark.parametrize(
    ("pyproject", "says"), [("", "Could not read any configuration"), (LAYERS, "Could not find package 'pkg'")]
)
@pytest.mark.slow
def test_layers_that_cannot_be_checked(pyproject: str, says: str, play: Play) -> None:
    reading = play("layers", {"pyproject.toml": pyproject})
    assert reading.status is ERROR
    assert says in reading.summary


def test_a_command_of_the_user(play: Play) -> None:
    ok = {"run": ["python", "-S", "-c", "print('one'); print(' two ')"]}
    assert play("mine", {}, ok) == Reading(PASSED, "two")
    assert play("mine", {}, {"run": ["python3", "-S", "-c", "raise SystemExit('no')"]}) == Reading(FAILED, "no")
    assert play("mine", {}, {"run": ["false"]}) == Reading(FAILED, "exit code 1")
    assert play("mine", {}, {"run": ["echo"]}, extra=("a", "b")).summary == "a b"


# -- tests -----------------------------------------------------------------------------------------------------------

TESTS = """
import pytest

def test_green(): pass

def test_red():
    value = 1
    assert value == 2

@pytest.mark.parametrize("name", ["a b", "x::y", "ü"])
def test_each(name): assert name != "x::y"

@pytest.mark.skip
def test_skipped(): pass

@pytest.mark.xfail
def test_expected(): assert False

@pytest.mark.slow
def test_slow(): pass
"""
INI = {"pytest.ini": "[pytest]\nmarkers = slow\n"}


def test_unit(play: Play) -> None:
    reading = play("unit", {**INI, "tests/test_a.py": TESTS})
    assert reading.status is FAILED
    assert reading.summary.startswith("2 failed, 3 passed, 1 skipped, 1 deselected, 1 xfailed")
    assert sorted(places(reading)) == [
        ("tests/test_a.py::test_each[x::y]", "tests/test_a.py", 11, None),
        ("tests/test_a.py::test_red", "tests/test_a.py", 8, None),
    ]
    assert any("assert 1 == 2" in finding.message for finding in reading.findings)


@pytest.mark.slow
def test_slow(play: Play) -> None:
    reading = play("slow", {**INI, "tests/test_a.py": TESTS})
    assert reading.status is PASSED
    assert reading.summary.startswith("1 passed, 7 deselected")


BROKEN = {
    "import": ("import missing_module\n", "missing_module", "tests/test_a.py"),
    "syntax": ("def (:\n", "SyntaxError", "tests/test_a.py"),
    "setup": (
        "import pytest\n@pytest.fixture\ndef broken(): raise ValueError('odd')\ndef test_x(broken): pass\n",
        "odd",
        "tests/test_a.py::test_x",
    ),
    "teardown": (
        "import pytest\n@pytest.fixture\ndef broken():\n  yield\n  raise ValueError('odd')\ndef test_x(broken): pass\n",
        "odd",
        "tests/test_a.py::test_x",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow) if kind != "import" else kind for kind in BROKEN]
)
def test_tests_that_break(kind: str, play: Play) -> None:
    text, says, rule = BROKEN[kind]
    reading = play("unit", {**INI, "tests/test_a.py": text, "tests/test_b.py": "def test_b(): pass\n"})
    assert reading.status is FAILED
    (finding,) = reading.findings
    assert says in finding.message
    assert finding.rule == rule
    assert finding.position is not None
    assert finding.position.file == "tests/test_a.py"


@pytest.mark.slow
def test_no_test_at_all_is_not_green(play: Play) -> None:
    assert play("unit", INI) == Reading(FAILED, "no test was found")


@pytest.mark.slow
def test_a_wrong_word_for_pytest(play: Play) -> None:
    reading = play("unit", {**INI, "tests/test_a.py": TESTS}, extra=("--no-such-option",))
    assert reading.status is ERROR
    assert "--no-such-option" in reading.summary


@pytest.mark.slow
def test_a_test_that_prints_bytes_and_one_that_ends_the_interpreter(play: Play) -> None:
    binary = "import os\ndef test_x(capfd):\n  with capfd.disabled(): os.write(1, b'\\xff\\0\\n')\n"
    assert play("unit", {**INI, "tests/test_a.py": binary}).status is PASSED
    crash = "import os\ndef test_x(): os._exit(0)\n"
    reading = play("unit", {**INI, "tests/test_a.py": crash})
    assert reading.status is ERROR, "exit code 0 without a report is not green"


@pytest.mark.slow
def test_coverage(play: Play) -> None:
    files = {
        **INI,
        "pyproject.toml": '[tool.coverage.run]\nbranch = true\nsource = ["pkg"]\n',
        "pkg/__init__.py": "def f(x):\n    if x:\n        return 1\n    return 2\n",
        "tests/test_a.py": "import sys; sys.path.insert(0, '.')\nfrom pkg import f\ndef test_f(): assert f(1)\n",
    }
    reading = play("coverage", files)
    assert reading.status is PASSED
    assert reading.summary.endswith("coverage 66.7 %")
    found = {measurement.name: round(measurement.value, 1) for measurement in reading.measurements}
    assert found == {"coverage": 66.7, "coverage_lines": 75.0, "coverage_branches": 50.0}


@pytest.mark.slow
def test_coverage_of_a_red_run(play: Play) -> None:
    reading = play("coverage", {**INI, "tests/test_a.py": "def test_x(): assert 0\n"})
    assert reading.status is FAILED
    assert reading.measurements


@pytest.mark.slow
def test_what_the_budget_does_not_allow_is_partial(play: Play) -> None:
    files = {**INI, "tests/test_a.py": "def test_a(): pass\ndef test_b(): pass\n"}
    reading = play("unit", files, {"args": ["-p", "no:randomly"]}, budget=0.01)
    assert reading.status is PARTIAL
    assert reading.summary.startswith("0 of 2 run, 2 deferred")
    assert reading.deferred == ("tests/test_a.py::test_a", "tests/test_a.py::test_b")
    assert play("unit", files, {"defer": False}, budget=0.01).status is PASSED


@pytest.mark.slow
def test_coverage_of_folders_and_of_the_change(play: Play, context: StepContext) -> None:
    repo = Repository(context.project).init()
    repo.write("pyproject.toml", '[tool.coverage.run]\nrelative_files = true\nsource = ["pkg"]\n')
    repo.write("pkg/__init__.py", "def f(x):\n    if x:\n        return 1\n    return 2\n")
    repo.write("pkg/sub/__init__.py", "A = 1\n")
    repo.write("tests/test_a.py", "import sys; sys.path.insert(0, '.')\nfrom pkg import f\ndef test_f(): assert f(1)\n")
    repo.commit()
    more = "def f(x):\n    if x:\n        return 1\n    # not run\n    x += 1\n    return 2\n"
    named = {"base": change.head(repo.path), "slices": {"ratchets": ("coverage", "coverage:pkg/sub", "coverage:gone")}}
    reading = play("coverage", {"pkg/__init__.py": more}, **named)
    found = {measurement.name: round(measurement.value, 1) for measurement in reading.measurements}
    assert found == {"coverage": 50.0, "coverage_lines": 50.0, "coverage:pkg/sub": 0.0, "patch_coverage": 0.0}
    assert places(reading) == [("uncovered-change", "pkg/__init__.py", 5, None)]
    assert reading.status is PASSED
    unchanged = play("coverage", {"pkg/__init__.py": "def f(x):\n    if x:\n        return 1\n    return 2\n"}, **named)
    assert unchanged.summary.endswith(", the change has no lines that run")
    assert "patch_coverage" not in {measurement.name for measurement in unchanged.measurements}


def test_when_everything_is_skipped_nothing_has_passed(play: Play) -> None:
    reading = play("unit", {"tests/test_a.py": "import pytest\n\n@pytest.mark.skip\ndef test_a(): pass\n"})
    assert (reading.status, reading.summary[:26]) == (Status.SKIPPED, "no test passed: 1 skipped ")


def said(step: str, options: dict[str, Any], code: int, out: str, err: str = "") -> Reading:
    """What a step makes of words that a tool of another version said."""
    module = steps.load(step)
    return module.read(module.Options(**options), Outcome(code, out, err, Path("/project")))


def test_a_ruff_that_formats_without_json() -> None:
    reading = said("format", {}, 1, "Would reformat: a.py\nWould reformat: b c.py\n2 files would be reformatted\n")
    assert places(reading) == [("unformatted", "a.py", None, None), ("unformatted", "b c.py", None, None)]


def test_a_ruff_that_cannot_read_a_file_says_so_as_a_finding() -> None:
    item = '[{"code": "invalid-syntax", "message": "no", "filename": "/project/a.py", "location": {"row": 1}}]'
    reading = said("format", {}, 2, item)
    assert (reading.status, places(reading)) == (FAILED, [("invalid-syntax", "a.py", 1, None)])
    assert said("format", {}, 2, "", "no such option").status is ERROR


def test_a_mypy_that_knows_no_json() -> None:
    text = (
        'a.py:1:10: error: Incompatible types [x]  [assignment]\na.py:2: error: Name "y"\na.py:3:1: note: see\nnone\n'
    )
    reading = said("types", {"text": True}, 1, text)
    assert places(reading) == [("assignment", "a.py", 1, 10), ("", "a.py", 2, 1), ("", "a.py", 3, 1)]
    assert [finding.severity for finding in reading.findings] == ["error", "error", "info"]


def test_a_mypy_that_cannot_begin_says_why_in_its_own_words() -> None:
    item = {"file": "a.py", "line": -1, "column": -1, "message": "Duplicate module", "code": None, "severity": "error"}
    reading = said("types", {}, 2, json.dumps({**item, "hint": "see there"}))
    assert (reading.status, reading.summary) == (ERROR, "Duplicate module")


@pytest.mark.parametrize(
    ("reads", "out", "expected"),
    [
        ("flake8", "./a.py:3:80: E501 line too long (90 > 79 characters)\n", ("E501", "a.py", 3, 80)),
        ("black", "would reformat /project/a.py\nOh no!\n", ("black", "a.py", None, None)),
        (
            "isort",
            "ERROR: /project/a.py Imports are incorrectly sorted\n",
            ("isort", "a.py", None, None),
        ),
        ("pyright", "/project/a.py\n  /project/a.py:1:5 - error: no (reportX)\n", ("reportX", "a.py", 1, 5)),
    ],
)
def test_commands_whose_lines_are_read(reads: str, out: str, expected: tuple[object, ...]) -> None:
    options = {"run": ("tool",), "reads": reads}
    reading = said("mine", options, 1, "", out)
    assert (reading.status, places(reading)) == (FAILED, [expected])
    assert said("mine", options, 0, "").status is PASSED
    assert said("mine", options, 1, "Traceback").status is ERROR
