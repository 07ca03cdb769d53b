"""`.xp/junit.xml`: a test case for each step, in the dialect that Jenkins, GitLab and GitHub's actions read."""

from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET  # we write XML here and never read any

from xptasks.markup import legal_xml
from xptasks.report.run import Run, is_green, said, verdict
from xptasks.report.terminal import finding_lines
from xptasks.results import Event, Status, StepResult
from xptasks.system.files import atomic_write

NAME = ".xp/junit.xml"
_ELEMENTS = {Status.FAILED: "failure", Status.ERROR: "error", Status.TIMED_OUT: "error"}


def junit(project: Path) -> Callable[[Event, Run], None]:
    """A sink that writes the file at the end; until then there is none."""
    path = project / NAME

    def sink(event: Event, run: Run) -> None:
        if event.kind == "run-started":
            path.unlink(missing_ok=True)
        if event.kind == "run-finished":
            atomic_write(path, text(run))

    return sink


def text(run: Run) -> str:
    """The document. Whatever is neither green nor red (partial, unavailable, cancelled) counts as skipped."""
    cases = [_case(run, result) for result in run.results]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    suite = ET.Element("testsuite", _attributes(name=run.tier, time=f"{run.seconds:.3f}", **counts))
    suite.extend(cases)
    suites = ET.Element("testsuites", _attributes(name="xptasks", time=f"{run.seconds:.3f}", **counts))
    suites.append(suite)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _case(run: Run, result: StepResult) -> ET.Element:
    case = ET.Element("testcase", _attributes(classname=run.tier, name=result.step, time=f"{result.seconds:.3f}"))
    case.extend(_outcomes(run, result))
    ET.SubElement(case, "system-out").text = legal_xml(f"{verdict(result)}: {said(result)}")
    return case


def _outcomes(run: Run, result: StepResult) -> Iterator[ET.Element]:
    """One element for each error that was found; one that says why when nothing was found."""
    if is_green(result):
        return
    kind = _ELEMENTS.get(result.status, "skipped")
    findings = [finding for finding in result.reading.findings if finding.severity == "error"]
    if kind == "skipped" or not findings:
        element = ET.Element(kind, _attributes(message=f"{verdict(result)}: {said(result)}"))
        element.text = legal_xml("\n".join(run.tails.get(result.step, ())))
        yield element
        return
    for finding in findings:
        element = ET.Element(kind, _attributes(type=finding.rule, message=finding.message))
        element.text = legal_xml("\n".join(finding_lines(finding)))
        yield element


def _attributes(**values: object) -> dict[str, str]:
    return {name: legal_xml(str(value)) for name, value in values.items()}
