"""Where one is in red, green, refactor, commit: facts of the working tree in, a state and the next step out. Pure.

The facts speak of what differs from the last commit. Red before green is shown as the step `test_first` shows it: by
running the new tests on the last commit.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from xptasks.landing.test_first import Judged, Ran, Rehearsed, judge_test

Name = Literal["nothing to do", "red", "green", "refactor", "test missing"]
_BROKEN = ("SyntaxError", "IndentationError", "TabError", "NameError", "FixtureLookupError")
"""What makes a test fail for want of the test itself, and not of the code."""


@dataclass(frozen=True, slots=True)
class Case:
    """A test that did not pass, and why.

    Attributes:
        file, name, line: where it is.
        message: the error in one line.
        right: whether it fails for a reason that code can take away.
    """

    file: str
    name: str
    line: int | None
    message: str
    right: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the working tree.

    Attributes:
        differs: whether anything differs from the last commit.
        plain: why nothing changes behaviour, in words; empty when something does.
        changing: the files whose behaviour changes.
        tests: the tests that are new or changed, here and, once they pass here, on the last commit.
        failed: other tests near the change that fail.
        passed: how many near the change pass.
        left: how many files with tests that import the change were not run.
        cut: how many tests of the others were not, because there was time enough for the rest.
        unseen: changed lines that no test runs, by file; None when nobody knows.
        added: the names that the change adds.
        packages: the names by which the project's own code is imported.
    """

    differs: bool
    plain: str = ""
    changing: tuple[str, ...] = ()
    tests: tuple[Rehearsed, ...] = ()
    failed: tuple[Case, ...] = ()
    passed: int = 0
    left: int = 0
    cut: int = 0
    unseen: Mapping[str, Sequence[tuple[int, int]]] | None = None
    added: Collection[str] = ()
    packages: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Where the working tree is.

    Attributes:
        name: the state.
        message: what is so, in one line.
        next: the next step.
        may_commit: whether it is one to commit.
        cases: the tests that matter for it.
        places: the lines that matter for it, as `file:line`.
    """

    name: Name
    message: str
    next: str
    may_commit: bool = False
    cases: tuple[Case, ...] = ()
    places: tuple[str, ...] = field(default=())


_AGAIN = "then `inv tdd`"


def state(facts: Facts) -> State:
    """The state of a working tree."""
    if not facts.differs:
        return State("nothing to do", "nothing differs from the last commit", "write the next test, and let it fail")
    red = failing(facts.tests, facts.packages)
    if red:
        return _red(red, facts)
    if facts.failed:
        what = f"{_count(len(facts.failed), 'test')} that use{'s' if len(facts.failed) == 1 else ''} the edit"
        said = f"{what} fail{'s' if len(facts.failed) == 1 else ''}"
        return State("red", said, f"mend the code, or take the edit back; {_AGAIN}", cases=facts.failed)
    if facts.plain:
        return _without_behaviour(facts)
    own = [test for test in facts.tests if test.own]
    return _with_tests(facts) if own else _without_tests(facts)


def failing(tests: Sequence[Rehearsed], packages: Collection[str]) -> tuple[Case, ...]:
    """The new and changed tests that do not pass."""
    found = []
    for test in sorted(tests, key=lambda each: (each.file, each.name)):
        bad = [ran for ran in test.after.values() if ran.outcome == "failed"]
        if bad:
            found.append(Case(test.file, test.name, bad[0].line, bad[0].message, is_right(bad[0], packages)))
    return tuple(found)


def is_right(ran: Ran, packages: Collection[str]) -> bool:
    """Whether a test fails for want of code: not of an import, a fixture or a library that nobody writes next."""
    kind = ran.message.partition(":")[0]
    if kind in _BROKEN:
        return False
    return kind != "ModuleNotFoundError" or ran.missing.partition(".")[0] in packages


def _red(red: tuple[Case, ...], facts: Facts) -> State:
    total = len(facts.tests)
    said = f"{len(red)} of {_count(total, 'new or changed test')} fail{'s' if len(red) == 1 else ''}"
    wrong = [case for case in red if not case.right]
    if wrong:
        first = wrong[0]
        what = f"mend the test: {first.name} fails for another reason than the code that is missing"
        return State("red", said, f"{what}; {_AGAIN}", cases=red)
    how = "make it pass with the smallest change" if len(red) == 1 else "make them pass, one after the other"
    return State("red", said, f"{how}; {_AGAIN}", cases=red)


def _without_behaviour(facts: Facts) -> State:
    own = [test for test in facts.tests if test.own]
    said = facts.plain
    if own:
        said = f"{_count(len(own), 'new or changed test')} pass{'es' if len(own) == 1 else ''}, and {facts.plain}"
    more = f"; {_near(facts)}" if facts.passed else ""
    return State("green", f"{said}{more}", _COMMIT, may_commit=True)


_COMMIT = '`inv tdd --commit "MESSAGE"`'


def _with_tests(facts: Facts) -> State:
    """Behaviour and tests have changed, and all of them pass: did they fail before?"""
    judged = [judge_test(test, facts.added) for test in facts.tests]
    good = [each for each in judged if each.verdict == "red then green"]
    idle = [each for each in judged if each.verdict in {"green before", "broken before"}]
    cases = tuple(_case(each) for each in idle)
    if not good:
        said = "behaviour has changed, and no test failed before that"
        how = "let a test fail without the change: take the change back for a moment, or test what is new about it"
        return State("test missing", said, f"{how}; {_AGAIN}", cases=cases, places=facts.changing)
    said = f"{_count(len(good), 'test')} failed before the change and pass{'es' if len(good) == 1 else ''} now"
    if idle:
        how = "let the tests that are named test what is new, or commit them before the change, alone"
        return State("test missing", f"{said}, {len(idle)} showed nothing", f"{how}; {_AGAIN}", cases=cases)
    more = f"; {_near(facts)}" if facts.passed or facts.cut else ""
    return State("green", f"{said}{more}", _COMMIT, may_commit=True)


def _case(each: Judged) -> Case:
    runs = [*each.test.after.values(), *each.test.before.values()]
    line = next((ran.line for ran in runs if ran.line), None)
    why = f": {each.why}" if each.why else " (it passes without the change, too)"
    return Case(each.test.file, each.test.name, line, f"{each.verdict}{why}")


def _without_tests(facts: Facts) -> State:
    """Only code has changed: that is refactoring where tests run every line of it."""
    if not facts.passed:
        return State(
            "test missing",
            "code has changed, and no test that uses it was found",
            f"write a test that fails without the change; {_AGAIN}",
            places=facts.changing,
        )
    if facts.unseen:
        places = tuple(f"{file}:{first}" for file, runs in facts.unseen.items() for first, _ in runs)
        lines = sum(last - first + 1 for runs in facts.unseen.values() for first, last in runs)
        said = f"code has changed, and no test runs {_count(lines, 'line')} of that"
        return State("test missing", said, f"write a test that fails without the change; {_AGAIN}", places=places)
    known = (
        "and run every changed line" if facts.unseen is not None else "whether they run the changed lines is not known"
    )
    return State("refactor", f"no test has changed; {_near(facts)}, {known}", f"go on, or {_COMMIT}", may_commit=True)


def _near(facts: Facts) -> str:
    said = f"{_count(facts.passed, 'test')} near the change pass{'es' if facts.passed == 1 else ''}"
    rest = [_count(facts.cut, "test")] if facts.cut else []
    rest += [f"{_count(facts.left, 'file')} of tests"] if facts.left else []
    return f"{said} ({' and '.join(rest)} left for the gate)" if rest else said


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
