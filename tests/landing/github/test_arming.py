"""Whether a pull request may merge by itself: every state by tables, and laws over all of them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.landing.github.arming import Act, Terms, decide, held_meanwhile, verify
from xptasks.landing.github.pulls import Check, Entry, Pull
from xptasks.landing.github.rules import ACTIONS, Rules

HEAD, OTHER = "a" * 40, "b" * 40
GREEN = (Check("gate", "passed"),)
PULL = Pull(
    id="PR_1",
    number=1,
    url="https://github.example/1",
    title="A change",
    body="",
    state="OPEN",
    draft=False,
    fork=False,
    branch="feature",
    head=HEAD,
    base="main",
    status="BLOCKED",
    conflicts=False,
    labels=frozenset({"auto-merge"}),
)
TERMS = Terms(HEAD, "main", "auto-merge", frozenset({"hold", "do-not-merge"}), "gate", "squash")
RULES = Rules({"gate": ACTIONS})
CLEAN = replace(PULL, status="CLEAN", checks=GREEN)


@pytest.mark.parametrize(
    ("pull", "rules", "terms", "act"),
    [
        # GitHub's states of an open pull request that nothing speaks against
        (PULL, RULES, TERMS, "arm"),
        (CLEAN, RULES, TERMS, "merge"),
        (replace(CLEAN, status="UNSTABLE"), RULES, TERMS, "merge"),
        (replace(CLEAN, status="HAS_HOOKS"), RULES, TERMS, "merge"),
        (replace(PULL, status="UNKNOWN"), RULES, TERMS, "look again"),
        (replace(CLEAN, conflicts=None), RULES, TERMS, "look again"),
        (replace(PULL, status="BEHIND"), RULES, TERMS, "refuse"),
        (replace(PULL, status="DIRTY", conflicts=True), RULES, TERMS, "refuse"),
        # what GitHub calls clean because we may bypass the rules
        (replace(PULL, status="CLEAN"), RULES, TERMS, "arm"),
        (replace(CLEAN, checks=(Check("gate", "running"),)), RULES, TERMS, "arm"),
        (CLEAN, replace(RULES, required={"gate": None, "other": None}), TERMS, "arm"),
        (CLEAN, replace(RULES, approvals=1), TERMS, "arm"),
        (replace(CLEAN, review="APPROVED"), replace(RULES, approvals=1), TERMS, "merge"),
        (replace(CLEAN, review="REVIEW_REQUIRED"), RULES, TERMS, "arm"),
        (replace(CLEAN, review="CHANGES_REQUESTED"), RULES, TERMS, "refuse"),
        # it is on its way, or has ended
        (replace(PULL, armed="SQUASH"), RULES, TERMS, "nothing"),
        (replace(PULL, entry=Entry(1, "QUEUED")), RULES, TERMS, "nothing"),
        (replace(PULL, state="MERGED"), RULES, TERMS, "nothing"),
        (replace(PULL, state="MERGED", head=OTHER), RULES, TERMS, "refuse"),
        (replace(PULL, state="CLOSED"), RULES, TERMS, "refuse"),
        # the merge queue
        (CLEAN, replace(RULES, queue=True), TERMS, "enqueue"),
        (replace(CLEAN, queue=True), RULES, TERMS, "enqueue"),
        (PULL, replace(RULES, queue=True), TERMS, "arm"),
        (PULL, replace(RULES, queue=True), replace(TERMS, merge_groups=False), "refuse"),
        (CLEAN, replace(RULES, queue=True, required={}), TERMS, "refuse"),
        (PULL, RULES, replace(TERMS, merge_groups=False), "arm"),
        # what speaks against it
        (replace(PULL, fork=True), RULES, TERMS, "refuse"),
        (replace(PULL, draft=True), RULES, TERMS, "refuse"),
        (replace(PULL, head=OTHER), RULES, TERMS, "refuse"),
        (replace(PULL, base="stable"), RULES, TERMS, "refuse"),
        (replace(PULL, labels=frozenset()), RULES, TERMS, "refuse"),
        (replace(PULL, labels=PULL.labels | {"hold"}), RULES, TERMS, "refuse"),
        (PULL, Rules(), TERMS, "refuse"),
        (CLEAN, Rules(), TERMS, "refuse"),
        (CLEAN, Rules({"lint": None}), TERMS, "refuse"),
        (replace(PULL, checks=(Check("gate", "failed"),)), RULES, TERMS, "refuse"),
        (replace(PULL, checks=(Check("gate", "skipped"),)), RULES, TERMS, "refuse"),
        (replace(CLEAN, checks=(*GREEN, Check("gate", "failed"))), RULES, TERMS, "refuse"),
        (replace(CLEAN, checks=(*GREEN, Check("docs", "failed"))), RULES, TERMS, "merge"),
        (PULL, RULES, replace(TERMS, automatic=False), "refuse"),
        (CLEAN, RULES, replace(TERMS, automatic=False), "merge"),
        (PULL, replace(RULES, methods=frozenset({"merge"})), TERMS, "refuse"),
        (PULL, replace(RULES, methods=frozenset({"squash"})), TERMS, "arm"),
    ],
)
def test_what_is_done(pull: Pull, rules: Rules, terms: Terms, act: Act) -> None:
    assert decide(pull, rules, terms).act == act


@pytest.mark.parametrize(
    ("change", "disarm"),
    [
        ({"labels": frozenset({"auto-merge", "hold"})}, True),
        ({"draft": True}, True),
        ({"fork": True}, True),
        ({"labels": frozenset()}, True),
        ({"head": OTHER}, False),  # whoever pushed may have armed it, and looked at it
        ({"state": "CLOSED"}, False),
    ],
)
def test_what_is_armed_and_must_not_land_is_disarmed(change: dict[str, Any], disarm: bool) -> None:  # noqa: FBT001
    decision = decide(replace(PULL, armed="SQUASH", **change), RULES, TERMS)
    assert (decision.act, decision.disarm) == ("refuse", disarm)
    assert decide(replace(PULL, **change), RULES, TERMS).disarm is False


@pytest.mark.parametrize(
    ("pull", "did", "problem"),
    [
        (replace(PULL, armed="SQUASH"), "arm", ""),
        (replace(PULL, entry=Entry(1, "QUEUED")), "arm", ""),
        (replace(PULL, entry=Entry(1, "QUEUED")), "enqueue", ""),
        (replace(PULL, state="MERGED"), "merge", ""),
        (replace(PULL, state="MERGED"), "arm", ""),
        (PULL, "arm", "GitHub does not show what it was told to do"),
        (PULL, "merge", "GitHub does not show what it was told to do"),
        (replace(PULL, armed="SQUASH"), "enqueue", "GitHub does not show what it was told to do"),
        (replace(PULL, state="CLOSED"), "arm", "it was closed meanwhile"),
        (replace(PULL, state="MERGED", labels=frozenset({"hold"})), "arm", ""),
    ],
)
def test_what_is_seen_afterwards(pull: Pull, did: Act, problem: str) -> None:
    assert verify(pull, TERMS, did) == problem


def test_a_label_that_is_set_meanwhile_is_seen_afterwards() -> None:
    held = replace(PULL, armed="SQUASH", labels=frozenset({"hold"}))
    assert held_meanwhile(held, TERMS) == "the label hold was set meanwhile"
    assert held_meanwhile(replace(held, state="MERGED"), TERMS) == ""
    assert held_meanwhile(PULL, TERMS) == ""


HUMAN = [
    (replace(PULL, fork=True), RULES, TERMS, True),
    (replace(PULL, draft=True), RULES, TERMS, True),
    (replace(PULL, labels=frozenset()), RULES, TERMS, True),
    (PULL, Rules(), TERMS, True),
    (PULL, replace(RULES, queue=True), replace(TERMS, merge_groups=False), True),
    (PULL, RULES, replace(TERMS, automatic=False), True),
    (PULL, replace(RULES, methods=frozenset({"merge"})), TERMS, True),
    (replace(PULL, head=OTHER), RULES, TERMS, False),
    (replace(PULL, conflicts=True), RULES, TERMS, False),
    (replace(PULL, checks=(Check("gate", "failed"),)), RULES, TERMS, False),
    (replace(PULL, state="CLOSED"), RULES, TERMS, False),
]


@pytest.mark.parametrize(("pull", "rules", "terms", "human"), HUMAN)
def test_who_has_to_do_something(pull: Pull, rules: Rules, terms: Terms, human: bool) -> None:  # noqa: FBT001
    decision = decide(pull, rules, terms)
    assert (decision.act, decision.human) == ("refuse", human)


def test_another_head_is_seen_afterwards() -> None:
    for state in ("OPEN", "MERGED", "CLOSED"):
        assert verify(replace(PULL, head=OTHER, armed="SQUASH", state=state), TERMS, "arm").startswith(
            "somebody pushed"
        )


_states = st.sampled_from(["passed", "failed", "skipped", "running"])
_checks = st.lists(st.builds(Check, st.sampled_from(["gate", "lint"]), _states), max_size=4).map(tuple)
_pulls = st.builds(
    replace,
    st.just(PULL),
    state=st.sampled_from(["OPEN", "OPEN", "OPEN", "CLOSED", "MERGED"]),
    draft=st.booleans(),
    fork=st.booleans(),
    head=st.sampled_from([HEAD, HEAD, OTHER]),
    base=st.sampled_from(["main", "main", "stable"]),
    status=st.sampled_from(["CLEAN", "UNSTABLE", "BLOCKED", "BEHIND", "DIRTY", "UNKNOWN", "HAS_HOOKS", "DRAFT", "NEW"]),
    conflicts=st.sampled_from([None, False, False, True]),
    labels=st.sets(st.sampled_from(["auto-merge", "hold", "x"])).map(frozenset),
    review=st.sampled_from(["", "APPROVED", "REVIEW_REQUIRED", "CHANGES_REQUESTED"]),
    armed=st.sampled_from(["", "SQUASH"]),
    queue=st.booleans(),
    checks=_checks,
)
_rules = st.builds(
    Rules,
    required=st.sampled_from([{}, {"gate": None}, {"gate": 1, "lint": 2}, {"lint": None}]),
    queue=st.booleans(),
    approvals=st.integers(0, 2),
    methods=st.sampled_from([None, frozenset({"squash"}), frozenset({"rebase"})]),
)
_terms = st.builds(replace, st.just(TERMS), automatic=st.booleans(), merge_groups=st.booleans())


@given(_pulls, _rules, _terms)
def test_nothing_lands_that_must_not(pull: Pull, rules: Rules, terms: Terms) -> None:
    decision = decide(pull, rules, terms)
    if decision.act in {"merge", "enqueue", "arm"}:
        assert pull.state == "OPEN"
        assert not any((pull.fork, pull.draft, pull.conflicts, pull.armed))
        assert (pull.head, pull.base) == (terms.head, terms.trunk)
        assert "gate" in rules.required
        assert "auto-merge" in pull.labels
        assert not pull.labels & terms.holds
        assert not any(pull.check(name) in {"failed", "skipped"} for name in rules.required)
    if decision.act in {"merge", "enqueue"}:
        assert all(pull.check(name) == "passed" for name in rules.required)
        assert pull.review != "REVIEW_REQUIRED"
        assert (decision.act == "enqueue") == (rules.queue or pull.queue)
    if decision.act == "refuse":
        assert decision.why


@given(_pulls, _rules, _terms)
def test_a_decision_is_one_sentence_without_a_stop(pull: Pull, rules: Rules, terms: Terms) -> None:
    why = decide(pull, rules, terms).why
    assert why
    assert "\n" not in why
    assert not why.endswith(".")
