"""oasdiff's ignore files: what a line allows, and that a line which is not understood allows nothing and is named."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from xptasks.contracts.compat import DEFAULT_PROFILES, compare
from xptasks.contracts.compat.change import Change
from xptasks.contracts.compat.oasdiff import IgnoreFile
from xptasks.contracts.document import read
from xptasks.results import Severity

PAIRS = Path(__file__).resolve().parents[4] / "shared" / "data" / "openapi-pairs"


def change(rule: str, at: str, message: str = "", severity: Severity = "error") -> Change:
    return Change(rule, severity, "operation", "none", at, message, None, None)


@pytest.mark.parametrize(
    ("line", "rule", "at", "message"),
    [
        ("GET /a api path removed without deprecation", "path-removed", "GET /a", ""),
        (
            "- 12.01.2023 In GET /a we removed the success response with the status '200'",
            "response-success-status-removed",
            "GET /a 200",
            "",
        ),
        ("get /a deleted the `header` request parameter `X-Id`", "parameter-removed", "GET /a header:X-Id", ""),
        ("POST /a added required request body", "request-body-required-added", "POST /a", ""),
        (
            "GET /a for the `query` request parameter `n`, the max was decreased from `10.00` to `5.00`",
            "request-maximum-narrowed",
            "GET /a query:n",
            "the largest number went from 10 to 5",
        ),
        (
            "GET /a removed the enum value `x` from the `query` request parameter `n`",
            "request-enum-narrowed",
            "GET /a query:n",
            'the values of the parameter lost "x"',
        ),
        (
            "GET /a the response property `data/name` became optional for the status `200`",
            "response-required-widened",
            "GET /a 200 /data",
            "`/data/name` may be missing now",
        ),
        ("components removed the schema 'Rules'", "component-removed", "Rules", ""),
        (
            "GET /a endpoint stability level decreased from `stable` to `beta`",
            "operation-stability-decreased",
            "GET /a",
            "",
        ),
    ],
)
def test_a_line_allows_what_it_describes(line: str, rule: str, at: str, message: str) -> None:
    ignored = IgnoreFile("ignore.md", f"# Our breaks\n\n{line}\n")
    permission = ignored.permission(change(rule, at, message))
    assert permission is not None
    assert str(permission.position) == "ignore.md:3:1"
    assert permission.expires is None
    assert ignored.problems() == []


@pytest.mark.parametrize(
    ("line", "rule", "at", "message"),
    [
        ("GET /a api path removed without deprecation", "path-removed", "GET /ab", ""),
        ("GET /a api path removed without deprecation", "path-removed", "POST /a", ""),
        ("GET /a api path removed without deprecation", "parameter-removed", "GET /a query:n", ""),
        ("GET /a deleted the `query` request parameter `n`", "parameter-removed", "GET /a query:m", ""),
        ("GET /a something that nobody has a rule for", "path-removed", "GET /a", ""),
        ("/a api path removed without deprecation and no method", "path-removed", "GET /a", ""),
        (
            "GET /a removed the enum value `x` from the `query` request parameter `n`",
            "request-enum-narrowed",
            "GET /a query:n",
            'the values of the parameter lost "y"',
        ),
    ],
)
def test_a_line_allows_nothing_else(line: str, rule: str, at: str, message: str) -> None:
    assert IgnoreFile("ignore.txt", line).permission(change(rule, at, message)) is None


def test_only_what_alarms_needs_a_line() -> None:
    ignored = IgnoreFile("ignore.txt", "GET /a api path removed without deprecation")
    assert ignored.permission(change("path-removed", "GET /a", severity="info")) is None
    assert ignored.permission(change("path-removed", "GET /a", severity="warning")) is not None


def test_lines_that_allowed_nothing_are_named_with_their_place() -> None:
    lines = ("# Breaks", "GET /a api path removed without deprecation", "GET /a we like it", "prose")
    ignored = IgnoreFile("ignore.txt", "\n".join((*lines, "GET /b removed the request body")))
    assert ignored.permission(change("request-body-removed", "GET /b")) is not None
    assert [(str(each.position), each.severity, each.message) for each in ignored.problems()] == [
        (
            "ignore.txt:2:1",
            "warning",
            "the line 'get /a api path removed without deprecation' describes no change that was found",
        ),
        ("ignore.txt:3:1", "warning", "the line 'get /a we like it' says nothing that has a rule here"),
    ]


@pytest.mark.slow
@pytest.mark.skipif(not PAIRS.is_dir(), reason="the public pairs of contracts are not at ../shared/data/openapi-pairs")
def test_most_sentences_of_oasdiff_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    """For each pair: what oasdiff says of it as an ignore file, against what is found here."""
    counts: Counter[str] = Counter()
    for name, item in json.loads((PAIRS / "INDEX.json").read_text(encoding="utf-8")).items():
        said = [one for one in item["oasdiff"] or () if one["level"] != "info" and one["operation"]]
        base, head = (read(PAIRS / f"{name}.{side}.json")[0] for side in ("base", "rev"))
        if not said or base is None or head is None:
            continue
        found = compare(base, head, profiles=DEFAULT_PROFILES, today=date(2026, 11, 22))
        ignored = IgnoreFile("x", "\n".join(f"{one['operation']} {one['path']} {one['text']}" for one in said))
        allowed = [ignored.permission(one) is not None for one in found if one.severity != "info"]
        counts["all" if all(allowed) else "some" if any(allowed) else "none"] += bool(allowed)
    with capsys.disabled():
        print(f"\nalarms of pairs that their ignore file allows: {dict(counts)}")  # noqa: T201 - the figures are the point
    assert counts["all"] > 0.7 * counts.total()
