"""How a judgement is written: each format holds everything, whatever a contract's author writes into names."""

import datetime as dt
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests import sarif_schema
from xptasks.contracts.compat import formats
from xptasks.contracts.compat.change import Change, Witness
from xptasks.contracts.compat.judgement import Judged, Judgement, Permission
from xptasks.contracts.compat.publishing import Options, options, publish
from xptasks.errors import CannotRunError, ExitCode, UsageError
from xptasks.results import Finding, Position

NAMES = ("github", "html", "json", "junit", "markdown", "sarif", "text")
EVIL = "<script>alert(1)</script> %0A::error::x \x1b[31m\x00 ]]> & | `*_[x](y)"
OLD, NEW = Position("v1:api/o.yaml", 3, 5), Position("api/o.yaml", 4, 7)
REMOVED = Change("path-removed", "error", "operation", "none", "GET /gone", "the path was removed", OLD, None)
NARROWED = Change(
    "request-type-narrowed",
    "error",
    "body",
    "request",
    "POST /a /b",
    "the type of `/b` changed",
    OLD,
    NEW,
    Witness({"b": 1}),
)
CHANGES = (
    Judged(REMOVED, ("v1",)),
    Judged(NARROWED, ("v1", "v2"), Permission("nobody did", dt.date(2027, 1, 31), Position("xpconfig.toml", 9, 3))),
    Judged(Change("parameter-removed", "warning", "parameter", "request", "GET /a query:q", "gone", OLD, NEW), ("v1",)),
    Judged(
        Change("operation-deprecated", "info", "operation", "none", "GET /a", "it was deprecated", OLD, NEW), ("v1",)
    ),
    Judged(Change("operation-added", "info", "operation", "none", "GET /new", "it was added", None, NEW), ("v1",)),
    Judged(Change("operation-tags-changed", "info", "operation", "none", "GET /a", "the tags changed", OLD, NEW), ()),
)
UNUSED = Finding("nothing needs it", "allow-unused", "error", Position("xpconfig.toml", 20, 3), "Remove the entry.")
WHOLE = Judgement(CHANGES, ("v1", "v2"), (UNUSED,), ("one is new",))
HOSTILE = Judgement(
    (Judged(Change("path-removed", "error", "operation", "request", EVIL, EVIL, OLD, NEW, Witness(EVIL)), (EVIL,)),),
    (EVIL,),
    (Finding(EVIL, "allow-unused", "warning", Position("xpconfig.toml", 1, 1), EVIL),),
    (EVIL,),
)
EMPTY = Judgement((), ("v1",))


def test_a_format_is_a_file() -> None:
    assert formats.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("judgement", [WHOLE, HOSTILE, EMPTY], ids=["whole", "hostile", "empty"])
def test_every_format_writes_every_judgement_the_same_way_twice(name: str, judgement: Judgement) -> None:
    text = formats.show(name, judgement)
    assert text == formats.show(name, judgement)
    assert not text or text.endswith("\n")
    if name not in {"json", "sarif"}:  # these escape what they hold
        assert not re.search("[\x00\x1b]", text)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "markdown"])
def test_nothing_is_left_out(name: str) -> None:
    text = formats.show(name, WHOLE)
    for needed in ("path-removed", "request-type-narrowed", "operation-tags-changed", "nobody did", "nothing needs it"):
        assert needed in text
    for place in ("GET /gone", "POST /a", "2027-01-31"):
        assert place in text


def test_text_is_read_at_a_terminal() -> None:
    assert formats.show("text", WHOLE).splitlines() == [
        "v1:api/o.yaml:3:5: error: GET /gone: the path was removed [path-removed]",
        "  A path is gone without having been deprecated.",
        "  since: v1",
        "api/o.yaml:4:7: error, allowed: POST /a /b: the type of `/b` changed [request-type-narrowed]",
        "  Requests that were right are refused: the types that are allowed changed.",
        "  before: v1:api/o.yaml:3:5",
        '  for example, {"b": 1} was accepted and is refused now',
        "  since: v1, v2",
        "  allowed until 2027-01-31: nobody did (xpconfig.toml:9:3)",
        "api/o.yaml:4:7: warning: GET /a query:q: gone [parameter-removed]",
        "  The service no longer looks at a parameter.",
        "  before: v1:api/o.yaml:3:5",
        "  since: v1",
        "api/o.yaml:4:7: info: GET /a: it was deprecated [operation-deprecated]",
        "  It is announced to go.",
        "  before: v1:api/o.yaml:3:5",
        "  since: v1",
        "api/o.yaml:4:7: info: GET /new: it was added [operation-added]",
        "  There is one operation more.",
        "  since: v1",
        "api/o.yaml:4:7: info: GET /a: the tags changed [operation-tags-changed]",
        "  Generated code may move to another class.",
        "  before: v1:api/o.yaml:3:5",
        "  since: ",
        "xpconfig.toml:20:3: error: nothing needs it [allow-unused]",
        "  Remove the entry.",
        "note: one is new",
        "6 changes: 2 error, 1 warning, 3 info, 1 of them allowed",
    ]


def test_json_has_the_shape_that_programs_read() -> None:
    whole = json.loads(formats.show("json", WHOLE))
    assert [(change["rule"], change["severity"]) for change in whole["changes"][:2]] == [
        ("path-removed", "error"),
        ("request-type-narrowed", "error"),
    ]
    assert whole["changes"][0]["base"] == "v1:api/o.yaml:3:5"
    assert whole["changes"][0]["head"] is None
    assert "witness" not in whole["changes"][0]
    assert whole["changes"][1]["witness"] == {"b": 1}
    assert whole["changes"][1]["allowed"] == {
        "reason": "nobody did",
        "expires": "2027-01-31",
        "at": "xpconfig.toml:9:3",
    }
    assert whole["problems"] == [
        {
            "rule": "allow-unused",
            "severity": "error",
            "message": "nothing needs it",
            "at": "xpconfig.toml:20:3",
            "hint": "Remove the entry.",
        }
    ]
    assert json.loads(formats.show("json", EMPTY))["changes"] == []


def test_markdown_is_a_changelog() -> None:
    text = formats.show("markdown", WHOLE)
    assert re.findall("^## (.*)$", text, re.MULTILINE) == ["Breaking", "May break", "Deprecated", "Added", "Changed"]
    assert "### GET /gone\n\n- the path was removed. A path is gone" in text
    assert "- **/b**: the type of `/b` changed. " in text
    assert 'For example, <code>{"b": 1}</code> was accepted and is refused now. This is meant: nobody did.' in text
    for jargon in ("request-type-narrowed", "xpconfig", "allow-unused", "v1:api"):
        assert jargon not in text
    assert formats.show("markdown", EMPTY) == "# Changes of the contract\n\nNothing changed.\n"


def test_markdown_keeps_what_authors_write_as_text() -> None:
    text = formats.show("markdown", HOSTILE)
    assert "<script>" not in text
    assert "[x](y)" not in text


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("judgement", [WHOLE, HOSTILE, EMPTY], ids=["whole", "hostile", "empty"])
def test_html_is_one_whole_file_without_scripts_or_addresses(judgement: Judgement) -> None:
    page = _Page()
    text = formats.show("html", judgement)
    page.feed(text)
    assert page.open == []
    assert not page.tags & {"script", "link", "img", "iframe"}
    assert not {name for name, _ in page.attributes} & {"src", "href", "onload"}
    assert "://" not in text


def test_junit_counts_what_it_holds() -> None:
    suites = ET.fromstring(formats.show("junit", WHOLE))  # noqa: S314 - we wrote it
    cases = suites.findall(".//testcase")
    assert suites.get("tests") == str(len(cases)) == "9"
    failures = [case.get("name") for case in cases if case.find("failure") is not None]
    assert failures == ["path-removed at GET /gone", "nothing needs it"]
    assert suites.get("failures") == "2"
    skipped = [case.find("skipped") for case in cases if case.find("skipped") is not None]
    assert [each.get("message") for each in skipped if each is not None] == [
        "allowed until 2027-01-31: nobody did (xpconfig.toml:9:3)"
    ]
    assert suites.get("skipped") == "1"
    ET.fromstring(formats.show("junit", HOSTILE))  # noqa: S314


def _sarif(judgement: Judgement) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(formats.show("sarif", judgement))
    return log


@pytest.mark.parametrize("judgement", [WHOLE, HOSTILE, EMPTY], ids=["whole", "hostile", "empty"])
def test_sarif_has_what_its_standard_requires(judgement: Judgement) -> None:
    """What SARIF 2.1.0 requires of a log, a run, a rule, a result, a location, a region and a suppression."""
    log = _sarif(judgement)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "xptasks"
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert all(rule["shortDescription"]["text"] for rule in rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        for location in (*result["locations"], *result.get("relatedLocations", ())):
            physical = location["physicalLocation"]
            assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", physical["artifactLocation"]["uri"])
            assert all(number >= 1 for number in physical.get("region", {}).values())
        for suppression in result.get("suppressions", ()):
            assert suppression["kind"] in {"external", "inSource"}
            assert suppression["status"] in {"accepted", "underReview", "rejected"}


@sarif_schema.needed
@pytest.mark.parametrize("judgement", [WHOLE, HOSTILE, EMPTY], ids=["whole", "hostile", "empty"])
def test_sarif_is_valid_by_the_official_schema(judgement: Judgement) -> None:
    sarif_schema.validate(_sarif(judgement))


def test_sarif_marks_lines_of_files_that_are_there() -> None:
    results = {result["ruleId"]: result for result in _sarif(WHOLE)["runs"][0]["results"]}
    removed, narrowed = results["path-removed"], results["request-type-narrowed"]
    assert removed["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "api/o.yaml"}}}]
    assert narrowed["locations"][0]["physicalLocation"]["region"] == {"startLine": 4, "startColumn": 7}
    assert narrowed["relatedLocations"][0]["message"] == {"text": "before: v1:api/o.yaml:3:5"}
    assert "nobody did" in narrowed["suppressions"][0]["justification"]
    assert results["allow-unused"]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "xpconfig.toml"


def test_annotations_are_commands_of_github() -> None:
    lines = formats.show("github", WHOLE).splitlines()
    assert lines[0] == (
        "::error file=api/o.yaml,title=path-removed::GET /gone: the path was removed"
        "%0AA path is gone without having been deprecated."
    )
    assert lines[1].startswith("::notice file=api/o.yaml,line=4,col=7,title=request-type-narrowed::POST /a /b: ")
    assert [line.split(" ")[0] for line in lines[2:]] == ["::warning", "::notice", "::notice", "::notice", "::error"]


def test_no_name_can_start_a_command_of_its_own() -> None:
    text = formats.show("github", HOSTILE)
    assert all(line.startswith(("::error ", "::warning ")) for line in text.splitlines())
    assert "%250A::error::x" in text


def test_a_file_is_written_whole_and_the_exit_code_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "reports" / "changes.html"
    assert publish(WHOLE, options("html", "error", target)) is ExitCode.GATE_FAILED
    assert target.read_text(encoding="utf-8") == formats.show("html", WHOLE)
    assert [path.name for path in target.parent.iterdir()] == ["changes.html"]
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"6 changes: 2 error, 1 warning, 3 info, 1 of them allowed; see {target}\n"
    assert publish(WHOLE, Options("json", "never")) is ExitCode.OK
    assert capsys.readouterr().out == formats.show("json", WHOLE)


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CannotRunError, match="cannot be written"):
        publish(WHOLE, Options("text", "error", tmp_path / "file" / "below"))


@pytest.mark.parametrize(
    ("format_name", "fail_on", "message"),
    [("yaml", "error", "there is no format 'yaml'"), ("text", "info", "--fail-on cannot be 'info'")],
)
def test_options_that_do_not_exist_are_refused(format_name: str, fail_on: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        options(format_name, fail_on, None)
