"""The verdict from facts and rules, by tables and laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.landing import policy
from xptasks.landing.policy import Facts, Outcome, Reason, Rules, judge, verdict
from xptasks.landing.proposal import Approval
from xptasks.landing.settings import LandingSettings
from xptasks.results import Position
from xptasks.system.change import ChangedFile

HEAD = "c" * 40
ANN = "ann@example.com"
ORDER: tuple[Outcome, ...] = ("may land", "wait", "needs approval", "rejected")
RULES = Rules(LandingSettings(approvers=(ANN, "*@lead.example")))


def facts(*found: Reason, approvers: tuple[str, ...] = (), people: tuple[str, ...] = ("coder@example.com",)) -> Facts:
    approvals = tuple(Approval(HEAD, approver, 1.0) for approver in approvers)
    return Facts(HEAD, authors=people, people=people, approvals=approvals, found=found)


REASONS = st.builds(Reason, st.sampled_from(["a", "b"]), st.sampled_from(ORDER), st.sampled_from(["x", "y"]))


@given(st.lists(REASONS))
def test_the_worst_decides_and_comes_first(reasons: list[Reason]) -> None:
    found = verdict(reasons)
    places = [ORDER.index(reason.outcome) for reason in found.reasons]
    assert places == sorted(places, reverse=True)
    assert ORDER.index(found.outcome) == max(places, default=0)
    assert {*found.against, *found.notes} == set(reasons)


@given(st.lists(REASONS), REASONS)
def test_one_more_reason_never_helps(reasons: list[Reason], more: Reason) -> None:
    assert ORDER.index(verdict([*reasons, more]).outcome) >= ORDER.index(verdict(reasons).outcome)


@given(st.lists(REASONS), st.lists(st.sampled_from([ANN, "eve@example.com", "coder@example.com"])))
def test_an_approval_settles_what_needs_one_and_nothing_else(reasons: list[Reason], approvers: list[str]) -> None:
    found = judge(facts(*reasons, approvers=tuple(approvers)), RULES)
    worst = max((ORDER.index(reason.outcome) for reason in reasons), default=0)
    if worst == ORDER.index("needs approval") and ANN in approvers:
        left = [reason.outcome for reason in reasons if reason.outcome != "needs approval"]
        worst = max(map(ORDER.index, left), default=0)
    assert found.outcome == ORDER[worst]
    assert bool(found.trailers) == (ANN in approvers)


@pytest.mark.parametrize(
    ("approver", "people", "counts"),
    [
        (ANN, ("coder@example.com",), True),
        ("ANN@Example.com", ("coder@example.com",), True),
        ("ben@lead.example", ("coder@example.com",), True),
        ("ben@lead.example", ("ben+work@lead.example",), False),
        ("ben+other@lead.example", ("Ben@Lead.example",), False),
        ("eve@example.com", ("coder@example.com",), False),
        ("", ("coder@example.com",), False),
    ],
)
def test_who_may_approve(approver: str, people: tuple[str, ...], counts: bool) -> None:  # noqa: FBT001
    reason = Reason("a", "needs approval", "x")
    assert (judge(facts(reason, approvers=(approver,), people=people), RULES).outcome == "may land") is counts


def test_what_to_do_names_who_may_approve() -> None:
    (reason,) = judge(facts(Reason("a", "needs approval", "x", "undo it")), RULES).reasons
    assert reason.hint == f"undo it; else let somebody else approve this very commit: {ANN}, *@lead.example"
    (reason,) = judge(facts(Reason("a", "needs approval", "x")), Rules(LandingSettings())).reasons
    assert reason.hint.startswith("nobody may approve: a human lands [landing] approvers first")


@pytest.mark.parametrize(
    ("address", "globs", "named"),
    [
        ("a@example.com", (), False),
        ("A@Example.COM", ("a@example.com",), True),
        ("x[bot]@users.example", ("*[[]bot]@users.example",), True),
        ("x@sub.example.com", ("*@example.com",), False),
        ("", ("*",), True),
    ],
)
def test_globs_of_addresses(address: str, globs: tuple[str, ...], named: bool) -> None:  # noqa: FBT001
    assert policy.named(address, globs) is named


@pytest.mark.parametrize(("lines", "rules"), [(299, []), (300, ["size"]), (None, [])])
def test_the_size(lines: int | None, rules: list[str]) -> None:
    file = ChangedFile("a.py", None, exists=True, added=lines, deleted=0 if lines else None)
    found = judge(Facts(HEAD, files=(file,)), RULES)
    assert [reason.rule for reason in found.reasons] == rules


def test_a_reason_in_words() -> None:
    reason = Reason("a", "rejected", "it is wrong", "mend it", Position("a.py", 3))
    assert str(reason) == "a.py:3: it is wrong [a]\n  mend it"
    assert str(Reason("a", "wait", "it waits")) == "it waits [a]"
