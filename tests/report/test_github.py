from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.report.conftest import CACHED, DEFERRED, RED, events, findings, run_of
from xptasks.report.github import command, harmless, markdown, summary
from xptasks.results import Finding, Position, Reading, Status, StepResult


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (
            Finding("unused import", "F401", position=Position("a.py", 3, 8), hint="remove it"),
            "::error file=a.py,line=3,col=8,title=F401::unused import%0Aremove it",
        ),
        (Finding("no place", severity="warning"), "::warning::no place"),
        (Finding("whole file", severity="info", position=Position("a.py")), "::notice file=a.py::whole file"),
        (
            Finding("50%\r\n::set-env::x", "a:b,c", position=Position("x,line=1::y\n.py", 1)),
            "::error file=x%2Cline=1%3A%3Ay%0A.py,line=1,title=a%3Ab%2Cc::50%25%0A::set-env::x",
        ),
    ],
)
def test_command(finding: Finding, expected: str) -> None:
    assert command(finding) == expected


@settings(deadline=None)
@given(findings)
def test_a_command_is_one_line_and_its_properties_cannot_be_left(finding: Finding) -> None:
    shown = command(finding)
    assert shown.splitlines() == [shown]
    properties = shown.removeprefix("::").partition("::")[0]
    assert properties.split(" ")[0] in ("error", "warning", "notice")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a::b", "a::b"),
        ("::error::x", "| ::error::x"),
        ("  ::stop-commands::x", "|   ::stop-commands::x"),
        ("a ##[error]x", "a ## [error]x"),
    ],
)
def test_what_tools_print_is_no_command(line: str, expected: str) -> None:
    assert harmless(line) == expected


def test_summary_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n", encoding="utf-8")
    told = events(CACHED, RED, DEFERRED)
    summary(path)(told[-1], run_of(told))
    assert (
        path.read_text(encoding="utf-8")
        == """\
before
### fast: failed in 6.5 s

1 passed (1 cached), 1 partial, 1 failed; exit code 1

| step | verdict | time | what it said |
|---|---|---|---|
| lint | cached | 0.3 s | no findings |
| unit | **failed** | 4.2 s | 1 failed, 311 passed in 4.10s |
| unit | **partial** | 55.0 s | 12 of 15 run, 3 deferred: 12 passed |

**unit**, again with <code>nox -s fast -- unit</code>

- <code>tests/test\\_a.py:12:5</code>: assert 1 == 2 where 1 = one() [test\\_one]

"""
    )


def test_hostile_text_breaks_no_table() -> None:
    evil = "a|b\n<script>`*x*`@team #1 [l](u)"
    result = StepResult("unit", Reading(Status.FAILED, evil, (Finding(evil),)))
    rows = [line for line in markdown(run_of(events(result))) if line.startswith("| unit")]
    assert rows == [
        r"| unit | **failed** | 0.0 s | a\|b &lt;script&gt;\`\*x\*\`\@team \#1 \[l\](u) |",
    ]
