"""What a raw run teaches, and how an environment may be made."""

import json
import sys
import tomllib
from typing import Any

import pytest

from tests.adopt.layouts import LAYOUTS
from tests.adopt.test_detect import files
from xptasks.adopt import detect, measure
from xptasks.adopt.compose import Choices, configuration
from xptasks.quality import baseline
from xptasks.system.commands import Done

pytestmark = pytest.mark.pr

HERE = f"3.{sys.version_info.minor}"


def step(name: str, status: str, *findings: tuple[str, str, str], summary: str = "said", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    told = [
        {
            "message": message,
            "rule": rule,
            "severity": "error",
            "position": {"file": file} if file else None,
            "hint": "",
        }
        for file, rule, message in findings
    ]
    reading = {"status": status, "summary": summary, "findings": told, "measurements": [], "deferred": [], **more}
    return {"step": name, "reading": reading, "seconds": 3.0}


def learnt(*steps: dict[str, Any], **reports: str) -> measure.Tried:
    return measure.learnt(list(steps), lambda _, name: reports.get(name.partition(".")[0].replace("-", "_"), ""))


def test_findings_are_counted_and_what_cannot_run_is_left_out() -> None:
    tried = learnt(
        step("lint", "failed", ("a.py", "E1", "x"), ("a.py", "E1", "y"), ("", "", "z")),
        step("format", "passed"),
        step("types", "error", summary="mypy: no"),
        step("layers", "unavailable"),
        step("contracts", "timed out", summary="stopped after 9 s: the tier's budget of 9 s is used up"),
    )
    assert tried.known.findings == {"lint": {("a.py", "E1"): 2, ("(no file)", "finding"): 1}}
    assert list(tried.dropped) == ["types", "layers", "contracts"]
    assert measure.LATE in tried.dropped["contracts"]


def test_tests_that_fail_hang_or_take_long() -> None:
    slow = json.dumps({"slow": {"t.py::d": 30.0, "t.py::e": 2.0, "t.py::b": 40.0}})
    tried = learnt(
        step(
            "unit",
            "failed",
            ("t.py", "t.py::a", "AssertionError: no\nE  more"),
            ("t.py", "t.py::b", "xptasks.X: did not end within 10 s"),
        ),
        tests=slow,
    )
    assert tried.known.failing == {"t.py::a": "more"}
    assert list(tried.known.left_out) == ["t.py::b"]
    assert tried.known.slow == {"t.py::d": 30.0}
    assert tried.seconds == 3.0


def test_a_test_that_was_stopped_early_is_slow_and_not_hanging() -> None:
    tried = learnt(step("unit", "failed", ("t.py", "t.py::b", "xptasks.X: did not end within 4 s")))
    assert (tried.known.left_out, tried.known.failing, list(tried.known.slow)) == ({}, {}, ["t.py::b"])


def test_what_found_no_time_is_not_known() -> None:
    tried = learnt(step("unit", "partial", deferred=["t.py::a", "t.py::b[1]", "u.py::C::d"]))
    assert tried.known.unmeasured == {"t.py": 2, "u.py": 1}
    assert len(tried.deferred) == 3


def test_a_test_that_was_at_hand_at_the_end_is_not_known() -> None:
    tried = learnt(
        step("unit", "failed", ("t.py", "t.py::b", "xptasks.X: was stopped because the run had no more time"))
    )
    assert (tried.known.failing, tried.known.slow, tried.known.left_out) == ({}, {}, {})
    assert (tried.known.unmeasured, tried.deferred) == ({"t.py": 1}, ("t.py::b",))


def test_a_test_that_nothing_can_stop() -> None:
    late = learnt(step("unit", "timed out"), at_hand="t.py::c")
    assert (late.known.left_out, late.known.unmeasured, late.dropped) == ({}, {baseline.ALL: 0}, {})
    tried = measure.learnt([step("unit", "timed out")], lambda *_: "t.py::c", hangs=True)
    assert measure.ENDED in tried.known.left_out["t.py::c"]
    assert not tried.dropped
    assert baseline.ALL in tried.known.unmeasured
    assert list(learnt(step("unit", "timed out")).dropped) == ["unit"]


@pytest.mark.parametrize("status", ["error", "failed", "unavailable"])
def test_tests_that_cannot_even_begin(status: str) -> None:
    assert list(learnt(step("unit", status, summary="conftest")).dropped) == ["unit"]


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("ModuleNotFoundError: No module named 'pkg_resources'", ("setuptools<81",)),
        ("fixture 'mocker' not found", ("pytest-mock",)),
        ("error: unrecognized arguments: --cov=app", ("pytest-cov",)),
        ("No module named 'mine'", ()),
        ("", ()),
    ],
)
def test_remedies(said: str, remedy: tuple[str, ...]) -> None:
    assert measure.remedies(said, ()) == remedy
    assert measure.remedies(said, remedy) == ()


BUILDING = """
nox > uv pip install -e .
error: Failed to build `small`
cause: exit status: 1
Traceback (most recent call last):
  File "/x/builder.py", line 70, in _module
    return Module(
           ^^^^^^^
poetry.core.masonry.utils.module.ModuleOrPackageNotFoundError: No file/folder found for package small
hint: Build failures usually indicate a problem with the package or the build environment
"""


def test_why_a_build_failed_is_what_was_raised() -> None:
    said = measure.reason(Done(1, "", BUILDING))
    assert said.startswith("poetry.core.masonry.utils.module.ModuleOrPackageNotFoundError: No file/folder found")
    assert "builder.py" not in said
    assert measure.reason(Done(1, "", "Traceback (most recent call last):\n  killed\n")).endswith("killed")
    assert measure.reason(Done(3, "", "")) == "exit code 3"
    long = "'a>=1'\nerror: Failed to build `x`\n  cause: gcc\n" + "more\n" * 1000
    assert measure.reason(Done(1, "", long)).startswith("error: Failed to build `x` cause: gcc more")
    assert len(measure.reason(Done(1, "", long))) == 600
    cut = "x.c: no y.h\nerror: Command '['gcc', '-c']' failed\nhint: `x` (v1) was included because `y` needs it\n"
    assert measure.reason(Done(1, "", cut)) == "hint: `x` (v1) was included because `y` needs it"
    assert measure.reason(Done(1, "nox > Running\nnox > Session fast aborted: no lock\n", "")) == (
        "Session fast aborted: no lock"
    )


def test_an_index_that_cannot_be_reached_ends_it() -> None:
    assert measure.is_out_of_reach("cause: Failed to fetch: https://index.invalid/pypi/simple/ruff/ cause: dns error")
    assert not measure.is_out_of_reach("error: Failed to build `x` cause: Failed to fetch: https://git.invalid/a.git")


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            "ruff failed\n  Cause: Failed to parse a.toml\n  Cause: TOML error",
            "ruff failed: Failed to parse a.toml: TOML error",
        ),
        ("one\ntwo", "one"),
        ("usage: mypy [-h] [-v]\n\nmypy: error: Missing target module", "mypy: error: Missing target module"),
        (
            'thon3.11/rewrite.py", line 162, in exec_module\n    exec(co)\nValueError: no URL\nmore',
            "ValueError: no URL",
        ),
        ("x\nE   ImportError\nE   more", "more"),
        ("", "failed"),
    ],
)
def test_the_line_that_says_most(said: str, line: str) -> None:
    assert measure.first(said) == line


@pytest.mark.parametrize(
    ("said", "is_warning"),
    [
        ("E   DeprecationWarning: old", True),
        ("pytest.PytestConfigWarning: x", True),
        ("NameError: Warning", False),
        ("", False),
    ],
)
def test_a_warning_that_stops_everything(said: str, is_warning: bool) -> None:  # noqa: FBT001
    assert measure.is_warning(said) is is_warning


def test_interpreters() -> None:
    assert measure.interpreters("")[0] == ""
    assert measure.interpreters(f">={HERE}")[0] == ""
    assert measure.interpreters("not a version") == [""]
    assert measure.interpreters(">=3.99") == []
    assert "" not in measure.interpreters(f"!={HERE}.*")


def test_tests_that_take_too_long_to_collect_are_left_to_pr() -> None:
    late = learnt(step("unit", "timed out", summary="stopped after 15 s: the tier's budget of 15 s is used up"))
    assert (list(late.dropped), late.known.unmeasured) == (["unit"], {baseline.ALL: 0})
    found = detect.project(files(LAYOUTS["src"]), ".", "x")
    text = configuration(found, Choices(dropped=late.dropped, only_pr=True, quarantined=True))
    tiers = tomllib.loads(text)["tiers"]
    assert "unit" not in tiers["fast"]["steps"]
    assert tiers["pr"]["steps"] == ["coverage"]
    assert "is used up; pr runs the tests" in text


def test_what_cannot_be_installed_leaves_the_tools() -> None:
    found = detect.project(files(LAYOUTS["requirements"]), ".", "x")
    last = list(measure.ways(found, Choices(), [""]))[-1]
    assert (last.install, last.bare) == ("none", True)
    fast = tomllib.loads(configuration(found, last))["tiers"]["fast"]
    assert "requirements" not in fast
    whole = tomllib.loads(configuration(found, Choices()))["tiers"]["fast"]
    assert whole["requirements"]


def test_ways() -> None:
    def ways(layout: str, pythons: list[str]) -> list[tuple[str, bool, str]]:
        found = detect.project(files(LAYOUTS[layout]), ".", "x")
        return [(each.install, each.lock, each.python) for each in measure.ways(found, Choices(), pythons)]

    assert ways("src", [""]) == [("editable", False, ""), ("dependencies", False, ""), ("none", False, "")]
    assert ways("uv_groups", ["", "3.12"])[:5] == [
        ("editable", True, ""),
        ("dependencies", True, ""),
        ("editable", True, "3.12"),
        ("dependencies", True, "3.12"),
        ("editable", False, ""),
    ]
    assert ways("uv_groups", []) == [("dependencies", False, ""), ("none", False, ""), ("none", False, "")]


def test_what_was_learnt_is_in_the_configuration() -> None:
    found = detect.project(files(LAYOUTS["extras"]), ".", "x")
    choices = Choices(
        install="dependencies",
        lock=False,
        python="3.12",
        dropped={"lint": "no\nway"},
        coverage=91.26,
        quarantined=True,
        packages=("setuptools<81",),
        text=True,
        args=("-W", "default"),
        env=("URL",),
        contract="openapi.yaml",
    )
    text = configuration(found, choices)
    for line in (
        'python = "3.12"',
        'install = "dependencies"',
        "# lint is left out: no way",
        'steps = ["types", "contracts", "unit"]',
        "start = 90.7",
        "text = true",
        'args = ["-W", "default", "tests"]',
        'env = ["URL"]',
        'packages = ["setuptools<81"]',
        'openapi = "openapi.yaml"',
    ):
        assert line in text
    assert text.count("allow_partial = true") == 2
