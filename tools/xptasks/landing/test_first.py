"""The verdict on a change: did its tests fail before it, and do they pass now? Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from xptasks.landing import waivers
from xptasks.results import Finding, Measurement, Position, Reading, Status

Outcome = Literal["passed", "failed", "skipped"]
Verdict = Literal[
    "red then green", "green before", "broken before", "fails on the change", "not run", "touched, green before"
]


@dataclass(frozen=True, slots=True)
class Ran:
    """How one case of a test ended.

    Attributes:
        outcome: in setup, call and teardown together.
        message: the error in one line.
        missing: the name of a module, an import, a module's attribute or a fixture that was not there, if that is why.
        line: where the test stands.
    """

    outcome: Outcome
    message: str = ""
    missing: str = ""
    line: int | None = None


Cases = Mapping[str, Ran]
"""The cases of one test function by their ids; a test without parameters has one with an empty id."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A test function of the change.

    Attributes:
        file, name: where it is; `Class::name` in a class.
        own: whether it is new or its own code changed; otherwise something that it uses did.
        before, after: its cases on the merge base with the change's tests, and on the change.
    """

    file: str
    name: str
    own: bool
    before: Cases
    after: Cases


@dataclass(frozen=True, slots=True)
class Judged:
    """A test with its verdict, and why."""

    test: Rehearsed
    verdict: Verdict
    why: str = ""


def judge_test(test: Rehearsed, added: Collection[str]) -> Judged:
    """The verdict on one test function: all of its cases together.

    Args:
        test: what happened.
        added: the names that the change adds.
    """
    failing = [ran for ran in test.after.values() if ran.outcome == "failed"]
    if failing:
        return Judged(test, "fails on the change", failing[0].message)
    green = [case for case, ran in test.after.items() if ran.outcome == "passed"]
    if not green:
        return Judged(test, "not run", "skipped on the change" if test.after else "not collected on the change")
    whole = test.before.get("")  # of a file that could not be imported
    befores = [test.before.get(case, whole) for case in green]
    red = [ran for ran in befores if ran is None or (ran.outcome == "failed" and _counts(ran, added))]
    if red:
        return Judged(test, "red then green", red[0].message if red[0] else "the case did not exist")
    broken = next((ran for ran in befores if ran and ran.outcome == "failed"), None)
    if broken:
        return Judged(test, "broken before", f"{broken.missing} is missing there, and the change does not add it")
    if all(ran and ran.outcome == "skipped" for ran in befores):
        return Judged(test, "not run", "skipped on the merge base")
    return Judged(test, "green before" if test.own else "touched, green before")


def _counts(ran: Ran, added: Collection[str]) -> bool:
    """A test that fails because something is not there is red only when the change adds just that."""
    return not ran.missing or ran.missing in added or any(ran.missing.startswith(f"{name}.") for name in added)


_WRONG: Mapping[Verdict, tuple[str, str]] = {
    "green before": (
        "passes on the merge base too: it does not show what this change does",
        "let it test what is new; a test of what was there already lands in a change of its own",
    ),
    "broken before": (
        "fails on the merge base for another reason than the change",
        "let it fail for want of the change",
    ),
    "fails on the change": ("fails on the change itself", "make it pass"),
}


def judge(
    tests: Iterable[Rehearsed], added: Collection[str], sources: Sequence[str], trailers: Sequence[str]
) -> Reading:
    """The verdict on a change that changes behaviour.

    Args:
        tests: its tests, after both runs.
        added: the names that the change adds.
        sources: the files whose behaviour changes.
        trailers: the trailers `Test-First` of its commits.
    """
    judged = sorted((judge_test(test, added) for test in tests), key=lambda each: (each.test.file, each.test.name))
    good = [each for each in judged if each.verdict == "red then green"]
    wrong = [each for each in judged if each.verdict in _WRONG]
    findings = [_finding(each) for each in judged]
    measured = (Measurement("tests_red_then_green", len(good)),)
    said = f"{len(good)} of {len(judged)} tests failed before the change and pass now"
    if not wrong and good:
        return Reading(Status.PASSED, said, tuple(findings), measured)
    if not good and not any(each.verdict == "fails on the change" for each in judged):
        findings = [*(_untested(source) for source in sources), *findings]
    reason = waivers.reason(trailers, waivers.TEST_FIRST[1])
    if reason and not any(each.verdict == "fails on the change" for each in judged):
        note = Finding(f"not test-first: let pass, because {reason}", "test-first-waived", "warning")
        mild = (_milder(finding) for finding in findings)
        return Reading(Status.PASSED, f"{said}; let pass by a trailer", (note, *mild), measured)
    return Reading(Status.FAILED, said, tuple(findings), measured)


def _milder(finding: Finding) -> Finding:
    severity = "info" if finding.severity == "info" else "warning"
    return Finding(finding.message, finding.rule, severity, finding.position)  # type: ignore[arg-type]


def _finding(each: Judged) -> Finding:
    runs = [*each.test.after.values(), *each.test.before.values()]
    position = Position(each.test.file, next((ran.line for ran in runs if ran.line), None))
    why = f": {each.why}" if each.why else ""
    rule = each.verdict.replace(",", "").replace(" ", "-")
    if each.verdict not in _WRONG:
        severity: Literal["warning", "info"] = "warning" if each.verdict == "not run" else "info"
        return Finding(
            f"{each.test.name}: {each.verdict}{why}",
            rule,
            severity,
            position,
        )
    what, hint = _WRONG[each.verdict]
    return Finding(f"{each.test.name} {what}{why}", rule, "error", position, hint)


def _untested(source: str) -> Finding:
    hint = f"write the test first, let it fail, then make it pass; else {waivers.advice(waivers.TEST_FIRST)}"
    message = "what this file does has changed, and no test of the change failed before it"
    return Finding(message, "no-test-first", "error", Position(source), hint)
