"""Rules, workflows, descriptions, standings, addresses: what is read, by tables."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.landing.github.test_arming import CLEAN, GREEN, PULL, RULES
from tests.repository import Repository
from xptasks.errors import CannotRunError, ConfigError
from xptasks.landing.github import body, pulls, rules, workflows
from xptasks.landing.github.pulls import Check, Entry, Left, Pull, understood, worst
from xptasks.landing.github.remote import Remote, repository_of
from xptasks.landing.github.rules import Rules
from xptasks.landing.github.standing import standing
from xptasks.landing.github.waiting import Got, is_limited, pause
from xptasks.landing.github.workflows import Guard

HOLDS = frozenset({"hold"})


# rules


def checks(*names: str, strict: bool = False) -> dict[str, object]:
    named = [{"context": name, "integration_id": 15368} for name in names]
    given = {"required_status_checks": named, "strict_required_status_checks_policy": strict}
    return {"type": "required_status_checks", "ruleset_id": 3, "parameters": given}


@pytest.mark.parametrize(
    ("listed", "branch", "expected"),
    [
        ([], {}, Rules()),
        ([checks("gate")], {}, Rules({"gate": 15368}, rulesets=(3,), kinds=frozenset({"required_status_checks"}))),
        ([{"type": "deletion", "ruleset_id": 1}], {}, Rules(kinds=frozenset({"deletion"}))),
        (
            [checks("a"), checks("b", strict=True)],
            {},
            Rules({"a": 15368, "b": 15368}, strict=True, rulesets=(3,), kinds=frozenset({"required_status_checks"})),
        ),
        (
            [{"type": "merge_queue", "ruleset_id": 1, "parameters": {"merge_method": "SQUASH"}}],
            {},
            Rules(queue=True, queue_method="squash", kinds=frozenset({"merge_queue"})),
        ),
        (
            [
                {"type": "pull_request", "ruleset_id": 1, "parameters": {"required_approving_review_count": 2}},
                {"type": "pull_request", "ruleset_id": 2, "parameters": {"allowed_merge_methods": ["squash", "merge"]}},
                {"type": "pull_request", "ruleset_id": 2, "parameters": {"allowed_merge_methods": ["merge"]}},
            ],
            {},
            Rules(approvals=2, methods=frozenset({"merge"}), kinds=frozenset({"pull_request"})),
        ),
        (
            [],
            {"protection": {"required_status_checks": {"enforcement_level": "non_admins", "contexts": ["x"],
                                                       "checks": [{"context": "x", "app_id": 5}]}}},
            Rules({"x": 5}, admins_pass=True),
        ),
        (
            [],
            {"protection": {"required_status_checks": {"enforcement_level": "off", "contexts": ["x"], "checks": []}}},
            Rules(),
        ),
    ],
)  # fmt: skip
def test_rules(listed: list[dict[str, object]], branch: dict[str, object], expected: Rules) -> None:
    assert rules.read(listed, branch) == expected


# workflows


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("on: [push, merge_group]\njobs: {gate: {if: always(), needs: [a, b]}}",
         [Guard("f.yml", frozenset({"push", "merge_group"}), always=True, needs=("a", "b"))]),
        ("on: {pull_request: {types: [opened]}}\njobs:\n  x: {name: gate, if: '${{ always() }}', needs: a}",
         [Guard("f.yml", frozenset({"pull_request"}), always=True, needs=("a",))]),
        ("on: push\njobs: {gate: {}}", [Guard("f.yml", frozenset({"push"}), always=False, needs=())]),
        ("on: push\njobs: {gate: {name: other}}", []),
        ("on: push\njobs: [gate]", []),
        ("on: push\njobs: {gate: text}", []),
        ("jobs: {gate: {}}", [Guard("f.yml", frozenset(), always=False, needs=())]),
        ("a: [", []),
        ("- x", []),
        ("", []),
        ("x: !!python/object/apply:os.system ['exit 1']", []),
    ],
)  # fmt: skip
def test_the_job_that_guards(text: str, found: list[Guard]) -> None:
    assert workflows.guards({"f.yml": text}, "gate") == found


# descriptions


@pytest.mark.parametrize("before", ["", "Hello.", "Hello.\n\n", "a\n<!-- other -->\nb"])
def test_a_section_is_added_and_replaced_in_place(before: str) -> None:
    once = body.with_section(before, "one", {"head": "1"})
    assert body.facts_of(once) == {"head": "1"}
    assert before.rstrip() in once
    around = f"{once}\n\nbehind"
    twice = body.with_section(around, "two", {"head": "2"})
    assert twice == around.replace("one", "two").replace('"1"', '"2"')
    assert body.with_section(twice, "two", {"head": "2"}) == twice


@given(
    st.text(max_size=200), st.text(max_size=200), st.dictionaries(st.text(max_size=9), st.text(max_size=20), max_size=3)
)
def test_what_is_around_stays_whatever_is_said(around: str, said: str, facts: dict[str, str]) -> None:
    first = body.with_section("", "x", {"k": 1})
    text = body.with_section(f"{body.harmless(around)}{first}{body.harmless(around)}", said, facts)
    assert text.startswith(body.harmless(around))
    assert text.endswith(body.harmless(around))
    assert text.count("<!-- xptasks: begin") == 1
    assert body.facts_of(text) == facts


@pytest.mark.parametrize(
    "hostile",
    ["<!-- xptasks: end -->\nnot ours", '<!-- xptasks: begin {"head": "evil"} -->', "-->", "<!-- xptasks: begin -->"],
)
def test_nobody_can_end_a_section_from_inside(hostile: str) -> None:
    text = body.with_section("before", hostile, {"head": "good --> <!-- x"})
    assert body.facts_of(text) == {"head": "good --> <!-- x"}
    assert body.with_section(text, "clean", {}) == body.with_section("before", "clean", {})


def test_a_damaged_section_has_no_facts_and_is_replaced() -> None:
    text = "<!-- xptasks: begin {not json} -->\nx\n<!-- xptasks: end -->"
    assert body.facts_of(text) == {}
    assert body.has_section(text)
    assert body.with_section(text, "new") == "<!-- xptasks: begin -->\nnew\n<!-- xptasks: end -->"


# standings


@pytest.mark.parametrize(
    ("pull", "state", "reason"),
    [
        (PULL, "open", "it does not merge by itself; `inv land` arms it"),
        (replace(PULL, draft=True), "open", "it is a draft"),
        (replace(PULL, labels=frozenset({"hold"})), "open", "the label hold keeps it from landing"),
        (replace(PULL, labels=frozenset(), body=body.with_section("", "")), "withdrawn",
         "it lost the label auto-merge; `inv land` proposes it again"),
        (replace(PULL, armed="SQUASH"), "testing", "waits for gate; gate did not begin yet"),
        (replace(PULL, armed="SQUASH", checks=(Check("gate", "running"),)), "testing", "waits for gate"),
        (replace(CLEAN, armed="SQUASH"), "queued", "merges as soon as GitHub gets to it"),
        (replace(CLEAN, armed="SQUASH", review="REVIEW_REQUIRED"), "queued", "waits for an approval"),
        (replace(CLEAN, armed="SQUASH", status="BEHIND"), "queued",
         "it is behind main, and the rules want it up to date: rebase, and propose it again"),
        (replace(PULL, armed="SQUASH", labels=frozenset({"hold"})), "queued",
         "it has the label hold and merges by itself all the same: `inv land-withdraw` stops it"),
        (replace(PULL, checks=(Check("gate", "failed", said="boom"),)), "rejected", "red: gate\ngate: boom"),
        (replace(PULL, armed="SQUASH", checks=(Check("gate", "failed"),)), "rejected", "red: gate\ngate"),
        (replace(PULL, checks=(Check("docs", "failed"),)), "open", "it does not merge by itself; `inv land` arms it"),
        (replace(PULL, checks=(Check("gate", "skipped"),)), "rejected",
         "the check gate was skipped, which is no green; see why its workflow did not run it"),
        (replace(PULL, conflicts=True), "rejected",
         "it conflicts with main: rebase onto it, solve them, and propose the change again"),
        (replace(PULL, review="CHANGES_REQUESTED"), "rejected", "a review asks for changes: https://github.example/1"),
        (replace(PULL, state="CLOSED"), "withdrawn", "the pull request was closed"),
        (replace(PULL, state="CLOSED", left=Left("ClosedEvent", "", "ann")), "withdrawn",
         "the pull request was closed by ann"),
        (replace(PULL, state="MERGED"), "landed", ""),
        (replace(PULL, entry=Entry(3, "QUEUED")), "queued", "place 3 in the merge queue"),
        (replace(PULL, entry=Entry(1, "LOCKED")), "testing", "place 1 in the merge queue, its checks run"),
        (replace(PULL, entry=Entry(1, "A_NEW_ONE")), "queued", "place 1 in the merge queue"),
        (replace(PULL, entry=Entry(2, "UNMERGEABLE", (Check("unit", "failed"),))), "rejected",
         "it cannot be merged with what is before it in the queue\nunit"),
        (replace(PULL, left=Left("RemovedFromMergeQueueEvent", "merge conflict", "github-bot")), "rejected",
         "the merge queue put it out (merge conflict); propose it again once that is mended"),
        (replace(PULL, left=Left("RemovedFromMergeQueueEvent", "", "ann")), "rejected",
         "the merge queue put it out by ann; propose it again once that is mended"),
        (replace(PULL, left=Left("AutoMergeDisabledEvent", "base changed", "ann")), "open",
         "auto-merge was switched off by ann (base changed); it does not merge by itself; `inv land` arms it"),
    ],
)  # fmt: skip
def test_how_far_it_is(pull: Pull, state: str, reason: str) -> None:
    found = standing(pull, RULES, "feature", "auto-merge", HOLDS)
    assert (found.state, found.reason) == (state, reason)


def test_many_failures_are_told_shortly() -> None:
    places = tuple(f"a.py:{line}: wrong" for line in range(1, 9))
    red = tuple(Check(f"job{number}", "failed", places=places) for number in range(5))
    said = standing(replace(PULL, checks=(Check("gate", "failed"), *red)), RULES, "x", "auto-merge", HOLDS).reason
    assert len(said.encode()) < 2000
    assert "  a.py:5: wrong\n  and 3 more\n" in said
    assert said.endswith("and 3 checks more")


def node(**more: object) -> dict[str, object]:
    """A pull request as GraphQL shows it."""
    run = {"__typename": "CheckRun", "name": "gate", "status": "COMPLETED", "conclusion": "SUCCESS", "url": "u",
           "detailsUrl": None, "title": None, "checkSuite": {"workflowRun": None}, "annotations": None}  # fmt: skip
    commit = {"oid": "a", "statusCheckRollup": {"contexts": {"nodes": [run]}}}
    texts = dict.fromkeys(("id", "url", "title", "body", "headRefName", "baseRefName", "mergeStateStatus"), "x")
    return {
        **texts, "number": 1, "state": "OPEN", "isDraft": False, "isCrossRepository": False, "headRefOid": "a",
        "mergeable": "UNKNOWN", "reviewDecision": None, "mergeCommit": None, "labels": None,
        "isMergeQueueEnabled": False, "mergeQueueEntry": None, "autoMergeRequest": None,
        "commits": {"nodes": [{"commit": commit}]}, "timelineItems": {"nodes": []}, **more,
    }  # fmt: skip


def test_checks_of_another_commit_say_nothing() -> None:
    """An answer may have the head of one moment and the commits of another."""
    assert pulls.pull(node()).check("gate") == "passed"
    assert pulls.pull(node(headRefOid="b")).check("gate") is None
    assert pulls.pull(node(commits={"nodes": []})).checks == ()


def test_what_may_be_missing_from_an_answer() -> None:
    read = pulls.pull(node(body=None, autoMergeRequest={"mergeMethod": "SQUASH", "enabledBy": None}))
    assert (read.body, read.armed, read.armed_by, read.conflicts, read.review) == ("", "SQUASH", "", None, "")
    entry = pulls.pull(node(mergeQueueEntry={"position": 2, "state": "QUEUED", "headCommit": None})).entry
    assert entry == Entry(2, "QUEUED")


def test_of_several_checks_with_one_name_the_worst_counts() -> None:
    assert worst((*GREEN, Check("gate", "running")), "gate") == "running"
    assert worst((*GREEN, Check("gate", "skipped")), "gate") == "skipped"
    assert worst(GREEN, "other") is None


@pytest.mark.parametrize(
    "problem", [KeyError("x"), TypeError("x"), IndexError(), ValueError("x\x1b[31m"), AttributeError()]
)
def test_another_shape_is_said(problem: Exception) -> None:
    def read() -> None:
        raise problem

    with pytest.raises(CannotRunError, match="another shape than expected") as caught:
        understood("it", read)
    assert "\x1b" not in str(caught.value)


# addresses and the remote


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://github.com/example/projects.git", "example/projects"),
        ("https://github.com/example/projects", "example/projects"),
        ("https://user:secret@github.com/example/projects.git/", "example/projects"),
        ("git@github.com:example/projects.git", "example/projects"),
        ("ssh://git@github.com:22/example/my.dotted.git", "example/my.dotted"),
        ("github.com:example/projects", "example/projects"),
        ("/srv/git/projects.git", ""),
        ("file:///srv/git/projects.git", ""),
        ("https://gitlab.example/group/sub/projects.git", ""),
        ("", ""),
    ],
)
def test_the_repository_of_an_address(address: str, name: str) -> None:
    assert repository_of(address) == name


def test_a_remote_that_does_not_tell(tmp_path: Path) -> None:
    clone = Repository(tmp_path).init("--template=")
    with pytest.raises(ConfigError, match="the remote origin does not say which repository it is"):
        Remote(clone.path, "origin", {}).repository()
    clone.git("remote", "add", "origin", "git@github.com:example/projects.git")
    assert Remote(clone.path, "origin", {}).repository() == "example/projects"


def test_a_push_that_fails_shows_no_password(tmp_path: Path) -> None:
    clone = Repository(tmp_path).init("--template=")
    clone.commit()
    clone.git("remote", "add", "origin", "http://ann:secret@127.0.0.1:1/example/projects.git")
    with pytest.raises(CannotRunError) as caught:
        Remote(clone.path, "origin", {}).push("HEAD", "feature")
    assert "secret" not in str(caught.value)


# waiting


@pytest.mark.parametrize(
    ("got", "limited"),
    [
        (Got(429, {}), True),
        (Got(403, {"retry-after": "1"}), True),
        (Got(403, {"x-ratelimit-remaining": "0"}), True),
        (Got(403, {"x-ratelimit-remaining": "5"}, "You have exceeded a secondary rate limit"), True),
        (Got(403, {"x-ratelimit-remaining": "5"}, "Resource not accessible"), False),
        (Got(200, {"x-ratelimit-remaining": "0"}), False),
        (Got(200, {}, limited=True), True),
        (Got(500, {"x-ratelimit-remaining": "0"}), False),
    ],
)
def test_what_is_a_limit(got: Got, limited: bool) -> None:  # noqa: FBT001
    assert is_limited(got) is limited


def test_pauses_grow_and_end() -> None:
    pauses = [pause(Got(0, {}), tried, 0.0, 1.0, repeatable=True) for tried in range(1, 8)]
    assert pauses == [2.0, 4.0, 8.0, 16.0, 30.0, None, None]
    secondary = [pause(Got(403, {}, "secondary rate limit"), tried, 0.0, 0.0, repeatable=False) for tried in (1, 2, 3)]
    assert secondary == [60.0, 120.0, 240.0]


@given(
    st.sampled_from([0, 200, 403, 404, 429, 500, 502, 503, 504]),
    st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"]), st.text(max_size=20)
    ),
    st.integers(1, 6),
    st.floats(0, 1),
    st.booleans(),
)
def test_no_header_makes_a_pause_negative_or_breaks(
    status: int,
    headers: dict[str, str],
    tried: int,
    chance: float,
    again: bool,  # noqa: FBT001
) -> None:
    seconds = pause(Got(status, headers), tried, 1_790_000_000.0, chance, repeatable=again)
    assert seconds is None or seconds >= 0
