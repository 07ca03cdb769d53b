"""For CI servers: a test case for each change and for each baseline, in the dialect that they share."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET  # we write XML here and never read any

from xptasks.contracts.compat.formats import _words
from xptasks.contracts.compat.judgement import Judged, Judgement
from xptasks.markup import legal_xml
from xptasks.results import Finding


def show(judgement: Judgement) -> str:
    """The document: an error that is not allowed is a failure, one that is allowed counts as skipped."""
    cases = list(_cases(judgement))
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": 0,
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    suites = ET.Element("testsuites", _legal(name="contracts", **counts))
    suite = ET.SubElement(suites, "testsuite", _legal(name="contracts", **counts))
    suite.extend(cases)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _cases(judgement: Judgement) -> Iterator[ET.Element]:
    for baseline in judgement.baselines:
        yield ET.Element("testcase", _legal(classname="contracts", name=f"compared with {baseline}"))
    yield from map(_change, judgement.changes)
    yield from map(_problem, judgement.problems)


def _change(one: Judged) -> ET.Element:
    change = one.change
    case = ET.Element("testcase", _legal(classname=f"contracts.{change.area}", name=f"{change.rule} at {change.at}"))
    said = [f"{change.head or change.base}: {change.message}", _words.sentence(change), _words.proof(change)]
    kind, text = "system-out", "\n".join(filter(None, said))
    if one.allowed:
        ET.SubElement(case, "skipped", _legal(message=_words.permission(one.allowed)))
    elif change.severity == "error":
        kind = "failure"
    element = ET.SubElement(case, kind, _legal(type=change.rule, message=change.message) if kind == "failure" else {})
    element.text = legal_xml(text)
    return case


def _problem(problem: Finding) -> ET.Element:
    case = ET.Element("testcase", _legal(classname="contracts.allow", name=problem.message))
    text = f"{problem.position}: {problem.message}\n{problem.hint}"
    if problem.severity == "error":
        ET.SubElement(case, "failure", _legal(type=problem.rule, message=problem.message)).text = legal_xml(text)
    else:
        ET.SubElement(case, "system-out").text = legal_xml(text)
    return case


def _legal(**values: object) -> dict[str, str]:
    return {name: legal_xml(str(value)) for name, value in values.items()}
