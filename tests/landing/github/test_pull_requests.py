"""The merge queue, the pull request itself, looking and withdrawing, against the fake GitHub."""

from dataclasses import replace

import pytest

from tests.fakes.github.server import Fault
from tests.fakes.github.world import MERGE_QUEUE, Check, Comment, Pull, requires
from tests.landing.github.conftest import Place
from tests.landing.github.test_forge import armed, events, only, push_green
from xptasks.errors import CannotRunError, ConfigError, GateFailedError, UsageError
from xptasks.landing.forge.github import forge
from xptasks.landing.github.refusals import RefusedError

pytestmark = pytest.mark.pr  # each asks a server, and git


# the merge queue


def queue(place: Place) -> None:
    place.world.rules = [requires("gate"), MERGE_QUEUE]


def test_the_merge_queue_gets_what_is_green(place: Place) -> None:
    queue(place)
    first, second = place.change("first"), place.change("second")
    for proposal in (first, second):
        place.world.checks[proposal.head] = {"gate": Check("gate")}
        standing = place.forge().submit(proposal)
        assert standing.state == "testing"
    assert standing.position == 2
    assert standing.reason == "place 2 in the merge queue, its checks run"
    asked = [each for each in place.github.asked if each.operation == "Enqueue"]
    assert [each.body["variables"]["head"] for each in asked] == [first.head, second.head]
    assert [each.id for each in place.forge().standings()] == ["first", "second"]

    for pull in place.world.queue():
        assert pull.queued
        place.world.check(pull.queued.group, Check("gate"))
    assert [each.state for each in place.forge().standings()] == ["landed", "landed"]


def test_the_merge_queue_gets_what_is_not_green_yet_by_auto_merge(place: Place) -> None:
    queue(place)
    proposal = place.change()
    assert place.forge().submit(proposal).state == "testing"
    assert armed(place) == ["Arm"]
    place.world.check(proposal.head, Check("gate"))
    assert only(place).queued


def test_a_head_that_moves_before_it_is_queued_is_not_queued(place: Place) -> None:
    queue(place)
    proposal = place.change()
    place.world.checks[proposal.head] = {"gate": Check("gate")}
    place.github.faults = [Fault("Enqueue", act=push_green)]
    standing = place.forge().submit(proposal)
    assert standing.state == "rejected"
    assert "somebody pushed" in standing.reason
    assert "added_to_merge_queue" not in events(place)


def test_what_the_merge_queue_puts_out_is_rejected_with_the_reason(place: Place) -> None:
    queue(place)
    proposal = place.change()
    place.world.checks[proposal.head] = {"gate": Check("gate")}
    place.forge().submit(proposal)
    entry = only(place).queued
    assert entry
    unit = Check("unit", "FAILURE", annotations=(("tests/test_app.py", 7, "boom"),), title="1 failed")
    place.world.check(entry.group, unit)
    standing = place.forge().standing("feature")
    assert standing.state == "rejected"
    assert standing.reason.splitlines() == [
        "the merge queue put it out (failed_checks)",
        "unit: 1 failed (https://github.example/logs/unit)",
        "  tests/test_app.py:7: boom",
    ]


@pytest.mark.parametrize(
    "workflow",
    ["on: [pull_request]\njobs: {gate: {}}\n", "on: merge_group\njobs: {other: {}}\n", ": {", ""],
)
def test_a_queue_that_would_wait_for_ever_is_not_used(workflow: str, place: Place) -> None:
    queue(place)
    place.world.push("main", {".github/workflows/autonomous.yml": workflow})
    standing = place.forge().submit(place.change())
    assert standing.state == "open"
    assert "the merge queue would wait for ever" in standing.reason
    assert armed(place) == []


def test_a_queue_whose_check_another_ci_reports_is_used(place: Place) -> None:
    place.world.rules = [requires("gate", app=99), MERGE_QUEUE]
    place.world.push("main", {".github/workflows/autonomous.yml": "on: push\njobs: {}\n"})
    assert place.forge().submit(place.change()).state == "testing"


# the pull request


def test_what_people_wrote_stays(place: Place) -> None:
    proposal = place.change(body="First words.")
    place.forge().submit(proposal)
    pull = only(place)
    pull.body = f"Before.\n\n{pull.body}\n\nAfter."
    pull.title = "A better title"
    pull.labels.append("theirs")

    again = place.change(files={"more.txt": "x\n"}, body="Other words.", title="Changed")
    place.forge().submit(again)
    assert pull.title == "A better title"
    assert pull.body.startswith("Before.\n\n<!-- xptasks: begin ")
    assert pull.body.endswith("\nOther words.\n<!-- xptasks: end -->\n\nAfter.")
    assert "First words." not in pull.body
    assert pull.labels == ["auto-merge", "theirs"]
    assert len(place.world.pulls) == 1


def test_a_title_of_ours_follows_the_change(place: Place) -> None:
    place.forge().submit(place.change())
    place.forge().submit(place.change(files={"more.txt": "x\n"}, title="Changed"))
    assert only(place).title == "Changed"


def test_one_comment_is_kept_up_to_date(place: Place) -> None:
    proposal = place.change(comment="# Changes of the contract\n\nAdded a field.")
    place.world.page_size = 2
    place.forge().submit(proposal)
    pull = only(place)
    quoted = Comment(1, "ann", pull.comments[0].body)
    pull.comments[:0] = [quoted, *(Comment(number, "ann", "words") for number in range(2, 6))]
    place.forge().submit(replace(proposal, comment="Nothing breaks."))
    place.forge().submit(replace(proposal, comment="Nothing breaks."))
    assert len(pull.comments) == 6
    assert "Added a field" in quoted.body
    assert "Nothing breaks." in pull.comments[-1].body
    assert "Added a field" not in pull.comments[-1].body
    assert sum("PATCH" in name and "comments" in name for name in place.github.operations()) == 1
    place.forge().submit(replace(proposal, comment=""))
    assert "Nothing to tell any more." in pull.comments[-1].body


def test_a_comment_that_is_too_long_is_cut(place: Place) -> None:
    place.forge().submit(place.change(comment="x" * 70_000, body="y" * 70_000))
    pull = only(place)
    assert len(pull.comments[0].body) < 65_536
    assert "cut off here" in pull.comments[0].body
    assert len(pull.body) < 65_536
    assert pull.body.endswith("<!-- xptasks: end -->")


def test_a_lost_answer_opens_no_second_pull_request(place: Place) -> None:
    place.github.faults = [Fault("POST .*/pulls POST", status=0, after=True)]
    assert place.forge().submit(place.change()).state == "testing"
    assert len(place.world.pulls) == 1


@pytest.mark.parametrize("operation", ["Arm", "PUT .*/merge"])
def test_a_lost_answer_while_arming_is_found_out(operation: str, place: Place) -> None:
    proposal = place.change()
    if operation != "Arm":
        place.world.checks[proposal.head] = {"gate": Check("gate")}
    place.github.faults = [Fault(operation, status=0, after=True)]
    standing = place.forge().submit(proposal)
    assert standing.state == ("testing" if operation == "Arm" else "landed")
    assert len(armed(place)) == 1


def test_a_lost_answer_and_a_push_leave_nothing_armed(place: Place) -> None:
    place.github.faults = [
        Fault("Arm", status=0, after=True),
        Fault("POST /graphql Pull$", act=lambda world: None),
        Fault("POST /graphql Pull$", act=lambda world: None),
        Fault("POST /graphql Pull$", act=lambda world: world.push("feature", {"evil.txt": "x\n"})),
    ]
    standing = place.forge().submit(place.change())
    assert "somebody pushed" in standing.reason
    assert only(place).armed is None


def test_a_branch_with_commits_of_others_is_not_overwritten(place: Place) -> None:
    place.forge().submit(place.change())
    place.world.push("feature", {"theirs.txt": "x\n"})
    with pytest.raises(GateFailedError, match="feature has commits at origin that are not here") as caught:
        place.forge().submit(place.change(files={"more.txt": "x\n"}))
    assert caught.value.hint == "take them in: git pull --rebase origin feature"
    assert place.world.git("show", "feature:theirs.txt") == "x"


def test_a_branch_that_was_rebased_here_is_pushed_again(place: Place) -> None:
    place.forge().submit(place.change())
    place.clone.git("commit", "-q", "--amend", "-m", "other words")
    again = replace(place.change(files={"more.txt": "x\n"}), head=place.head())
    assert place.forge().submit(again).head == again.head


def test_the_trunk_is_no_change(place: Place) -> None:
    with pytest.raises(UsageError, match="main is the trunk"):
        place.forge().submit(replace(place.change(), branch="main"))
    assert place.github.asked == []


def test_a_branch_without_commits_is_no_change(place: Place) -> None:
    proposal = place.change()
    with pytest.raises(UsageError, match="feature has no commit that main lacks"):
        place.forge().submit(replace(proposal, head=place.trunk()))


def test_the_lost_permission_is_named(place: Place) -> None:
    place.world.permissions["pull_requests"] = "read"
    with pytest.raises(RefusedError) as caught:
        place.forge().submit(place.change())
    assert str(caught.value).splitlines()[1].strip() == "give the token env:TOKEN the permission pull_requests: write"


# looking and withdrawing


def test_a_change_is_found_by_number_branch_and_id(place: Place) -> None:
    proposal = replace(place.change(), id="chosen")
    place.forge().submit(proposal)
    number = only(place).number
    for name in ("chosen", "feature", f"#{number}", str(number)):
        found = place.forge().standing(name)
        assert (found.id, found.head, found.state) == (name, proposal.head, "testing")
    assert [each.id for each in place.forge().standings()] == ["chosen"]


@pytest.mark.parametrize("name", ["nobody", "#999", "999"])
def test_nobody_knows_such_a_change(name: str, place: Place) -> None:
    with pytest.raises(UsageError, match="there is no pull request of"):
        place.forge().standing(name)


def test_withdrawing_switches_auto_merge_off_and_leaves_the_pull_request(place: Place) -> None:
    proposal = place.change()
    place.forge().submit(proposal)
    standing = place.forge().withdraw("feature", "human:ann")
    assert standing.state == "withdrawn"
    assert "stays open" in standing.reason
    pull = only(place)
    assert (pull.state, pull.armed, pull.labels) == ("OPEN", None, [])
    place.world.check(proposal.head, Check("gate"))
    assert pull.state == "OPEN"
    assert place.forge().standing("feature").state == "withdrawn"
    assert place.forge().withdraw("feature", "human:ann").state == "withdrawn"
    assert place.forge().submit(proposal).state == "landed"


def test_withdrawing_closes_when_asked(place: Place) -> None:
    place.forge().submit(place.change())
    assert place.forge().withdraw("feature", "human:ann", close=True).reason == "closed"
    assert only(place).state == "CLOSED"
    assert place.forge().standing("feature").reason == "the pull request was closed by coder-bot"


def test_withdrawing_takes_it_out_of_the_queue(place: Place) -> None:
    queue(place)
    proposal = place.change()
    place.world.checks[proposal.head] = {"gate": Check("gate")}
    place.forge().submit(proposal)
    assert place.forge().withdraw("feature", "agent:coder").state == "withdrawn"
    assert only(place).queued is None


def test_withdrawing_too_late_is_told(place: Place) -> None:
    proposal = place.change()
    place.world.checks[proposal.head] = {"gate": Check("gate")}
    place.forge().submit(proposal)
    found = place.forge().withdraw("#101", "human:ann")
    assert (found.state, found.reason) == ("landed", "it was too late: it has landed")


# what has to be there
def test_a_token_is_needed(place: Place) -> None:
    settings = place.settings()
    with pytest.raises(CannotRunError, match="is not set"):
        forge(settings, place.clone.path, {})
    with pytest.raises(CannotRunError, match="the secret env:TOKEN is empty"):
        forge(settings, place.clone.path, place.environ() | {"TOKEN": " "})
    bare = settings.model_copy(update={"github": settings.github.model_copy(update={"token": None})})
    with pytest.raises(CannotRunError, match="env:GITHUB_TOKEN is not set"):
        forge(bare, place.clone.path, place.environ())
    place.clone.git("remote", "set-url", "origin", "/srv/projects.git")
    with pytest.raises(ConfigError, match="does not say which repository"):
        place.forge(github={"repository": ""})


def test_a_pull_request_that_is_there_is_armed_without_a_push(place: Place) -> None:
    proposal = place.change()
    place.clone.git("push", "-q", "origin", "feature")
    place.world.pulls[7] = Pull(7, "feature", "main", "By hand", "words", "ann")
    standing = place.forge().arm(7, proposal.head)
    assert standing.state == "open"
    assert "does not have the label auto-merge" in standing.reason
    assert place.github.wrote() == []
    place.world.pulls[7].labels = ["auto-merge"]
    assert place.forge().arm(7, proposal.head).state == "testing"
    assert place.world.pulls[7].body == "words"
    assert place.github.wrote() == ["Arm"]
