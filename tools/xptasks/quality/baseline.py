"""What was wrong already when a project was adopted: counted per step, file and rule, so that only what is new fails.

Counts, not lines: a line moves with every edit above it. What was fixed is taken out with `tightened`, and nothing
ever puts it back. Tests that failed already are named; they run, and whatever they do is never called passed.
Pure: files, git and the clock are elsewhere.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import tomli_w

from xptasks.errors import ConfigError
from xptasks.results import Finding, Measurement, Reading, Status

NAME = ".xptasks/baseline.toml"
ALL = "."
"""Stands for every file, where nothing could be measured."""

TOO_LONG = "did not end within"
"""The beginning of what a test that was stopped is said to have done; `tiers.select` has the same for its plugin."""

LEFT_OUT = "left-out-test"
"""The rule of the finding that says how many tests were not run."""

_HEAD = """\
# What was wrong when xptasks came here: known findings by file and rule, and tests that failed already.
# Written by `xptasks init`; `inv baseline --tighten` takes out what was fixed. Nothing puts anything back.
"""
_REST = "(no file)"

Counts = Mapping[tuple[str, str], int]
"""How many findings of a rule (second) a file (first) has."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known.

    Attributes:
        findings: counts by step.
        failing: tests, or modules that cannot be imported, that failed, each with how.
        left_out: tests that do not end, each with why; they never run.
        slow: tests that take too long for `unit`, each with its seconds; they run with all others.
        unmeasured: files with tests that found no time when it was measured, and how many: whether they fail is not
            known, so that their failures count as known until somebody measures again.
    """

    findings: Mapping[str, Counts] = field(default_factory=dict)
    failing: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    slow: Mapping[str, float] = field(default_factory=dict)
    unmeasured: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return any((any(self.findings.values()), self.failing, self.left_out, self.slow, self.unmeasured))

    def of(self, step: str) -> Counts:
        """What is known of a step."""
        return self.findings.get(step, {})


def parse(text: str, where: str = NAME) -> Baseline:
    """What a file says.

    Raises:
        ConfigError: it is not what we write.
    """
    try:
        tables = tomllib.loads(text)
        tests = tables.get("tests", {})
        return Baseline(
            {
                step: {_pair(key): int(count) for key, count in counts.items()}
                for step, counts in tables.get("findings", {}).items()
            },
            {str(name): str(why) for name, why in tests.get("failing", {}).items()},
            {str(name): str(why) for name, why in tests.get("left_out", {}).items()},
            {str(name): float(seconds) for name, seconds in tests.get("slow", {}).items()},
            {str(name): int(count) for name, count in tests.get("unmeasured", {}).items()},
        )
    except (ValueError, TypeError, AttributeError) as problem:
        hint = f"take the trunk's version: git checkout TRUNK -- {NAME}"
        raise ConfigError(f"this is no baseline: {problem}", where=where, hint=hint) from None


def _pair(key: str) -> tuple[str, str]:
    file, _, rule = key.rpartition(": ")
    return file, rule


def render(known: Baseline) -> str:
    """The file's content: sorted, one key a line."""
    findings = {
        step: {f"{file}: {rule}": count for (file, rule), count in sorted(counts.items()) if count}
        for step, counts in sorted(known.findings.items())
    }
    tests = {
        "failing": dict(sorted(known.failing.items())),
        "left_out": dict(sorted(known.left_out.items())),
        "slow": dict(sorted(known.slow.items())),
        "unmeasured": dict(sorted(known.unmeasured.items())),
    }
    tables = {
        "findings": {step: counts for step, counts in findings.items() if counts},
        "tests": {kind: table for kind, table in tests.items() if table},
    }
    return f"{_HEAD}\n{tomli_w.dumps({name: table for name, table in tables.items() if table})}"


def counted(findings: Iterable[Finding]) -> Counts:
    """The findings that make a step fail, by file and rule."""
    return Counter(_key(finding) for finding in findings if finding.severity == "error")


def _key(finding: Finding) -> tuple[str, str]:
    return finding.position.file if finding.position else _REST, finding.rule or "finding"


def smaller(one: Baseline, other: Baseline) -> Baseline:
    """What both know: nobody may add to a baseline, everybody may take from it."""
    findings = {}
    for step in one.findings.keys() & other.findings.keys():
        mine, theirs = one.findings[step], other.findings[step]
        findings[step] = {key: min(mine[key], theirs[key]) for key in mine.keys() & theirs.keys()}
    return Baseline(
        findings,
        {name: why for name, why in one.failing.items() if name in other.failing or _unmeasured(name, other)},
        {name: why for name, why in one.left_out.items() if name in other.left_out},
        {name: why for name, why in one.slow.items() if name in other.slow},
        {name: count for name, count in one.unmeasured.items() if name in other.unmeasured},
    )


def with_steps(known: Baseline, other: Baseline, steps: Collection[str]) -> Baseline:
    """What is known, but of some steps what another baseline knows: they are new, so that nothing could be known."""
    return replace(known, findings={**known.findings, **{step: other.of(step) for step in steps}})


def judged(step: str, reading: Reading, known: Baseline, exists: Callable[[str], bool]) -> Reading:
    """A reading in which only what is new counts.

    Args:
        step: the step's name.
        reading: what its tool said.
        known: what counts as known.
        exists: whether a file is there; what is known of a file that is gone may have moved to a new one.
    """
    counts = known.of(step)
    if not counts or reading.status is not Status.FAILED:
        return reading
    allowed = _moved(counts, counted(reading.findings), exists)
    new = {key for key, count in counted(reading.findings).items() if count > allowed.get(key, 0)}
    errors = [finding for finding in reading.findings if finding.severity == "error"]
    kept = tuple(finding for finding in reading.findings if finding.severity != "error" or _key(finding) in new)
    old = len(errors) - sum(finding.severity == "error" for finding in kept)
    measured = (*reading.measurements, Measurement(f"known_{step}", old))
    if not errors or not new:
        return Reading(Status.PASSED, f"nothing new ({old} known)", kept, measured, reading.deferred)
    said = f"{len(errors) - old} findings more than known, {old} known"
    return Reading(Status.FAILED, said, tuple(_explained(each, allowed) for each in kept), measured, reading.deferred)


def _explained(finding: Finding, allowed: Counts) -> Finding:
    """Where some of a file's findings are known, nobody can tell which: that is said."""
    count = allowed.get(_key(finding), 0)
    if finding.severity != "error" or not count:
        return finding
    said = f"{count} of these were known in this file; one more is one too many"
    return replace(finding, hint=f"{finding.hint}; {said}" if finding.hint else said)


def _moved(known: Counts, now: Counts, exists: Callable[[str], bool]) -> dict[tuple[str, str], int]:
    """What is known, with the share of files that are gone given to files of which nothing is known, rule by rule."""
    allowed = dict(known)
    spare: Counter[str] = Counter()
    for (file, rule), count in known.items():
        if file != _REST and not exists(file):
            spare[rule] += count
    files = {file for file, _ in known}
    for (file, rule), count in sorted(now.items()):
        if file not in files and spare[rule]:
            allowed[file, rule] = min(count, spare[rule])
            spare[rule] -= allowed[file, rule]
    return allowed


def judged_tests(reading: Reading, known: Baseline, left_out: Collection[str]) -> Reading:
    """A reading of tests in which those that failed already do not count, and are never called passed.

    Args:
        reading: what the tests did; the rule of each finding is a test's node id.
        known: what counts as known.
        left_out: the tests that were not run though they are there.
    """
    errors = [finding for finding in reading.findings if finding.severity == "error"]
    quarantined = [each for each in errors if _expected(each, known)]
    unknown = [test for test in left_out if not _is_known(test, known)]
    findings = [finding for finding in reading.findings if finding not in quarantined]
    findings += [Finding(f"{test} is left out, and nobody allowed that", LEFT_OUT) for test in unknown]
    words = [f"{len(quarantined)} quarantined" if quarantined else "", f"{len(left_out)} left out" if left_out else ""]
    said = ", ".join(word for word in words if word)
    if not said:
        return reading
    summary = f"{reading.summary}; {said} ({NAME})"
    status = reading.status
    if unknown:
        status = Status.FAILED
    elif status in {Status.PASSED, Status.FAILED} and len(quarantined) == len(errors):
        status = Status.PARTIAL
    return replace(reading, status=status, summary=summary, findings=tuple(findings))


def _expected(finding: Finding, known: Baseline) -> bool:
    """A test that failed before, of which nothing is known, or that is slow and was stopped for it."""
    stopped = finding.rule in known.slow and TOO_LONG in finding.message
    return finding.rule in known.failing or _unmeasured(finding.rule, known) or stopped


def _unmeasured(test: str, known: Baseline) -> bool:
    return ALL in known.unmeasured or test.partition("::")[0] in known.unmeasured


def _is_known(test: str, known: Baseline) -> bool:
    names = (*known.left_out, *known.slow)
    return any(test == name or test.startswith((f"{name}::", f"{name}[")) for name in names)


def tightened(known: Baseline, measured: Mapping[str, Counts], passed: Collection[str] = ()) -> Baseline:
    """What is still wrong of what was known.

    Args:
        known: what was.
        measured: the counts of the steps that ran; of a step that did not, everything stays.
        passed: the tests that passed.
    """
    findings = {
        step: {key: min(count, measured[step].get(key, 0)) for key, count in counts.items()}
        if step in measured
        else counts
        for step, counts in known.findings.items()
    }
    kept = {step: {key: count for key, count in counts.items() if count} for step, counts in findings.items()}
    failing = {name: why for name, why in known.failing.items() if name not in passed}
    return replace(known, findings={step: counts for step, counts in kept.items() if counts}, failing=failing)
