"""Red, green, refactor, commit, from facts."""

import pytest

from xptasks.landing.tdd import Case, Facts, is_right, state
from xptasks.landing.test_first import Ran, Rehearsed

PASSED, FAILED = Ran("passed"), Ran("failed", "assert 1 == 2", line=7)


def trial(after: Ran, before: Ran | None = None, *, own: bool = True, name: str = "test_a") -> Rehearsed:
    return Rehearsed("tests/test_a.py", name, own, {"": before} if before else {}, {"": after})


EDITED = Facts(differs=True, changing=("app/a.py",), packages=("app",), added=("net",))


def facts(**changes: object) -> Facts:
    names = EDITED.__dataclass_fields__
    return Facts(**{**{name: getattr(EDITED, name) for name in names}, **changes})


@pytest.mark.parametrize(
    ("known", "name", "may_commit", "words"),
    [
        (Facts(differs=False), "nothing to do", False, "nothing differs"),
        (facts(tests=(trial(FAILED),)), "red", False, "1 of 1 new or changed test fails"),
        (facts(tests=(trial(FAILED), trial(PASSED, name="b"))), "red", False, "1 of 2 new or changed tests fails"),
        (facts(tests=(trial(FAILED),), plain="no behaviour changed: 1 test"), "red", False, "1 of 1"),
        (facts(tests=(trial(PASSED, FAILED),), passed=3), "green", True, "1 test failed before the change and passes"),
        (facts(tests=(trial(PASSED, FAILED),), passed=3, left=2), "green", True, "2 files of tests left for the gate"),
        (facts(tests=(trial(PASSED, FAILED),), passed=3, cut=1), "green", True, "(1 test left for the gate)"),
        (facts(tests=(trial(PASSED, PASSED),)), "test missing", False, "no test failed before that"),
        (facts(tests=(trial(Ran("skipped")),)), "test missing", False, "no test failed before that"),
        (
            facts(tests=(trial(PASSED, FAILED), trial(PASSED, PASSED, name="test_b"))),
            "test missing",
            False,
            "1 showed nothing",
        ),
        (
            facts(tests=(trial(PASSED, FAILED),), failed=(Case("tests/b.py", "b", 1, "no"),)),
            "red",
            False,
            "1 test that uses the edit fails",
        ),
        (
            facts(failed=(Case("b", "b", 1, "no"), Case("c", "c", 1, "no"))),
            "red",
            False,
            "2 tests that use the edit fail",
        ),
        (facts(), "test missing", False, "no test that uses it was found"),
        (facts(passed=4, unseen={}), "refactor", True, "4 tests near the change pass, and run every changed line"),
        (facts(passed=1, unseen=None), "refactor", True, "1 test near the change passes, whether they run"),
        (facts(passed=4, unseen={"app/a.py": [(3, 4)]}), "test missing", False, "no test runs 2 lines of that"),
        (facts(tests=(trial(PASSED, own=False),), passed=1, unseen={}), "refactor", True, "no test has changed"),
        (facts(plain="no behaviour changed: documents"), "green", True, "no behaviour changed: documents"),
        (
            facts(plain="no behaviour changed", tests=(trial(PASSED),)),
            "green",
            True,
            "1 new or changed test passes, and",
        ),
    ],
)
def test_states(known: Facts, name: str, may_commit: bool, words: str) -> None:  # noqa: FBT001
    found = state(known)
    assert (found.name, found.may_commit) == (name, may_commit)
    assert words in found.message
    assert found.next


def test_places_and_cases_are_named() -> None:
    assert state(facts(passed=4, unseen={"app/a.py": [(3, 4), (9, 9)]})).places == ("app/a.py:3", "app/a.py:9")
    assert state(facts()).places == ("app/a.py",)
    assert state(facts(tests=(trial(FAILED),))).cases == (Case("tests/test_a.py", "test_a", 7, "assert 1 == 2"),)
    (case,) = state(facts(tests=(trial(PASSED, PASSED),))).cases
    assert case.message == "green before (it passes without the change, too)"


@pytest.mark.parametrize(
    ("ran", "right"),
    [
        (FAILED, True),
        (Ran("failed", "AttributeError: module 'app' has no attribute 'net'", "net"), True),
        (Ran("failed", "ImportError: cannot import name 'net' from 'app'", "net"), True),
        (Ran("failed", "ModuleNotFoundError: No module named 'app.net'", "app.net"), True),
        (Ran("failed", "ModuleNotFoundError: No module named 'requests'", "requests"), False),
        (Ran("failed", "NameError: name 'pytest' is not defined", "pytest"), False),
        (Ran("failed", "FixtureLookupError: ('shop', ...)", "shop"), False),
        (Ran("failed", "SyntaxError: invalid syntax"), False),
    ],
)
def test_the_right_reason(ran: Ran, right: bool) -> None:  # noqa: FBT001
    assert is_right(ran, {"app"}) is right
    found = state(facts(tests=(trial(ran),)))
    assert found.name == "red"
    assert found.next.startswith("make it pass" if right else "mend the test: test_a fails for another reason")
