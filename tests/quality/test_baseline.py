import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.errors import ConfigError
from xptasks.quality import baseline
from xptasks.quality.baseline import Baseline
from xptasks.results import Finding, Position, Reading, Status

KNOWN = Baseline({"lint": {("a.py", "E501"): 2, ("gone.py", "F401"): 1}})


def finding(file: str, rule: str = "E501") -> Finding:
    return Finding("said", rule, position=Position(file, 1))


def red(*findings: Finding) -> Reading:
    return Reading(Status.FAILED, "some", findings)


def judged(*findings: Finding, step: str = "lint") -> Reading:
    return baseline.judged(step, red(*findings), KNOWN, lambda file: file != "gone.py")


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ([finding("a.py")], Status.PASSED),
        ([finding("a.py")] * 2, Status.PASSED),
        ([finding("a.py")] * 3, Status.FAILED),
        ([finding("a.py", "F401")], Status.FAILED),
        ([finding("b.py")], Status.FAILED),
        ([finding("gone.py", "F401")], Status.PASSED),
        ([finding("new.py", "F401")], Status.PASSED),  # it moved
        ([finding("new.py", "F401")] * 2, Status.FAILED),
        ([finding("new.py", "F401"), finding("newer.py", "F401")], Status.FAILED),
        ([Finding("no place", "E501")], Status.FAILED),
        ([], Status.PASSED),
    ],
)
def test_only_what_is_new_fails(found: list[Finding], status: Status) -> None:
    assert judged(*found).status is (status if found else Status.PASSED)


def test_what_is_known_is_counted_and_not_shown() -> None:
    reading = judged(finding("a.py"), finding("b.py"), Finding("by the way", severity="info"))
    assert [each.position.file for each in reading.findings if each.position] == ["b.py"]
    assert [(each.name, each.value) for each in reading.measurements] == [("known_lint", 1)]
    assert reading.summary == "1 findings more than known, 1 known"
    assert all("2 of these were known" in each.hint for each in judged(*[finding("a.py")] * 3).findings)


def test_other_steps_and_other_endings_are_left_alone() -> None:
    assert judged(finding("a.py"), step="types") == red(finding("a.py"))
    broke = Reading(Status.ERROR, "no", (finding("a.py"),))
    assert baseline.judged("lint", broke, KNOWN, lambda _: True) == broke


TESTS = Baseline(failing={"t.py::a": "AssertionError", "u.py": "ImportError"}, left_out={"t.py::TestX": "hangs"})


def test_failures_that_are_known_are_quarantined_and_never_called_passed() -> None:
    reading = baseline.judged_tests(red(finding("t.py", "t.py::a"), finding("u.py", "u.py")), TESTS, [])
    assert reading.status is Status.PARTIAL
    assert reading.findings == ()
    assert reading.summary == "some; 2 quarantined (.xptasks/baseline.toml)"


def test_any_other_failure_fails() -> None:
    new = finding("t.py", "t.py::b")
    assert baseline.judged_tests(red(finding("t.py", "t.py::a"), new), TESTS, []).findings == (new,)
    assert baseline.judged_tests(red(new), TESTS, []) == red(new)


def test_left_out_is_not_passed_and_needs_leave() -> None:
    green = Reading(Status.PASSED, "9 passed")
    assert baseline.judged_tests(green, TESTS, []) == green
    assert baseline.judged_tests(green, TESTS, ["t.py::TestX::one"]).status is Status.PARTIAL
    taken = baseline.judged_tests(green, TESTS, ["t.py::b"])
    assert (taken.status, [each.rule for each in taken.findings]) == (Status.FAILED, [baseline.LEFT_OUT])


def test_a_file_is_read_as_it_was_written() -> None:
    known = Baseline(
        {"lint": {("a b.py", "E501"): 2, ("x: y.py", "D1"): 1}},
        {"t::a[\u00e9]": 'why "so"'},
        {"t::b": "hangs"},
        {"t::c": 21.5},
    )
    text = baseline.render(known)
    assert baseline.parse(text) == known
    assert text == baseline.render(baseline.parse(text))
    assert '"a b.py: E501" = 2' in text
    assert not Baseline()
    assert known


@pytest.mark.parametrize("text", ["=", "findings = 3", "findings = {lint = {a = 'x'}}", "tests = 3"])
def test_what_is_no_baseline(text: str) -> None:
    with pytest.raises(ConfigError, match="this is no baseline"):
        baseline.parse(text)


counts = st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), st.integers(1, 3))
baselines = st.builds(
    Baseline,
    st.dictionaries(st.sampled_from(["lint", "types"]), counts),
    st.dictionaries(st.sampled_from("tuv"), st.just("why")),
)


@given(baselines, baselines)
def test_what_two_know_is_never_more_than_what_one_knows(one: Baseline, other: Baseline) -> None:
    both = baseline.smaller(one, other)
    for step, found in both.findings.items():
        assert all(count <= one.of(step)[key] and count <= other.of(step)[key] for key, count in found.items())
    assert both.failing.keys() <= one.failing.keys() & other.failing.keys()
    assert baseline.smaller(one, one) == one


@given(baselines, counts)
def test_tightening_only_takes_away_and_twice_is_once(known: Baseline, measured: dict[tuple[str, str], int]) -> None:
    tight = baseline.tightened(known, {"lint": measured}, ["t"])
    assert baseline.smaller(tight, known) == tight or not tight.of("lint")
    assert all(count <= measured[key] for key, count in tight.of("lint").items())
    assert tight.of("types") == {key: count for key, count in known.of("types").items() if count}
    assert "t" not in tight.failing
    assert baseline.tightened(tight, {"lint": measured}, ["t"]) == tight


def test_failures_of_what_was_never_measured_are_quarantined_until_it_is() -> None:
    known = Baseline(unmeasured={"t.py": 3})
    assert baseline.judged_tests(red(finding("t.py", "t.py::a")), known, []).status is Status.PARTIAL
    assert baseline.judged_tests(red(finding("u.py", "u.py::a")), known, []).status is Status.FAILED
    nothing = Baseline(unmeasured={baseline.ALL: 0})
    assert baseline.judged_tests(red(finding("u.py", "u.py::a")), nothing, []).status is Status.PARTIAL
    assert baseline.parse(baseline.render(known)) == known


def test_a_slow_test_that_was_stopped_is_quarantined_and_one_that_fails_is_not() -> None:
    known = Baseline(slow={"t.py::a": 15.0})
    stopped = Finding("X: did not end within 60 s", "t.py::a", position=Position("t.py", 1))
    assert baseline.judged_tests(red(stopped), known, []).status is Status.PARTIAL
    assert baseline.judged_tests(red(finding("t.py", "t.py::a")), known, []).status is Status.FAILED


def test_what_turns_out_to_fail_may_be_named_where_it_was_not_measured() -> None:
    base, own = Baseline(unmeasured={"t.py": 3}), Baseline(failing={"t.py::a": "no", "u.py::a": "no"})
    assert baseline.smaller(own, base) == Baseline(failing={"t.py::a": "no"})
