"""Landing through pull requests, against the fake GitHub: what is armed, what never is, and what is said."""

import pytest

from tests.fakes.github.server import Fault
from tests.fakes.github.world import MERGE_QUEUE, Check, Conclusion, Pull, World, approvals, requires
from tests.landing.github.conftest import Place

pytestmark = pytest.mark.pr  # each asks a server, and git

ARMING = {"Arm", "Enqueue", "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge"}


def armed(place: Place) -> list[str]:
    """What was sent that makes something merge."""
    return [name for name in place.github.wrote() if name in ARMING]


def only(place: Place) -> Pull:
    (pull,) = place.world.pulls.values()
    return pull


def push_green(world: World) -> None:
    """Somebody pushes, and what they pushed is green at once."""
    world.checks[world.push("feature", {"evil.txt": "x\n"})] = {"gate": Check("gate")}


def events(place: Place) -> list[str]:
    """What has happened to the pull request."""
    return [each["event"] for each in only(place).timeline]


def test_a_change_is_proposed_and_lands_once_its_check_is_green(place: Place) -> None:
    proposal = place.change(body="What it does.", labels=("auto-merge", "small"))
    standing = place.forge().submit(proposal)

    assert (standing.state, standing.reason) == ("testing", "waits for gate; gate did not begin yet")
    pull = only(place)
    assert pull.armed
    assert (pull.armed.head, pull.armed.method) == (proposal.head, "SQUASH")
    assert pull.labels == ["auto-merge", "small"]
    assert armed(place) == ["Arm"]

    place.world.check(proposal.head, Check("gate", "PENDING"))
    assert place.forge().standing("feature").reason == "waits for gate"
    place.world.check(proposal.head, Check("gate"))
    landed = place.forge().standing("feature")
    assert (landed.state, landed.landed) == ("landed", place.trunk())
    assert place.world.git("show", "main:feature.txt") == "new"


def test_what_is_green_already_is_merged_with_its_head(place: Place) -> None:
    proposal = place.change()
    place.forge().submit(proposal)
    place.world.pulls.clear()  # as if it were proposed for the first time
    place.world.check(proposal.head, Check("gate"))
    standing = place.forge(method="merge").submit(proposal)

    assert standing.state == "landed"
    assert armed(place) == ["Arm", "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge"]
    assert place.github.asked[-1].operation != "Arm"
    merge = next(each for each in place.github.asked if each.method == "PUT")
    assert merge.body == {"sha": proposal.head, "merge_method": "merge"}
    assert place.world.git("rev-list", "--parents", "-1", "main").split()[1:] != []


def test_rules_are_read_before_anything_is_armed_and_again_after(place: Place) -> None:
    place.forge().submit(place.change())
    names = place.github.operations()
    reads = [index for index, name in enumerate(names) if "rules/branches" in name]
    arm = names.index("Arm")
    assert reads[0] < arm < reads[-1]
    assert names.index("Pull") < arm < len(names) - 1 - names[::-1].index("Pull")


REFUSED = [
    ([], None, "no rule requires a check, so that it would merge at once and unchecked"),
    ([requires("lint")], None, "no rule requires the check gate (only lint)"),
    ([MERGE_QUEUE], None, "no rule requires a check"),
    ([approvals(1)], None, "no rule requires a check"),
    ([], {"enabled": True, "required_status_checks": {"enforcement_level": "off", "contexts": ["gate"], "checks": []}},
     "no rule requires a check"),
]  # fmt: skip


@pytest.mark.parametrize("green", [True, False])
@pytest.mark.parametrize(("rules", "protection", "why"), REFUSED)
def test_nothing_is_armed_on_a_trunk_that_nothing_guards(
    rules: list[dict[str, object]], protection: dict[str, object] | None, why: str, place: Place, *, green: bool
) -> None:
    place.world.rules, place.world.protection = rules, protection
    proposal = place.change()
    if green:
        place.world.checks[proposal.head] = {"gate": Check("gate")}
    standing = place.forge().submit(proposal)
    assert standing.state == "open"
    assert why in standing.reason
    assert armed(place) == []
    assert place.trunk() != proposal.head
    assert only(place).state == "OPEN"


@pytest.mark.parametrize("form", ["contexts", "checks"])
def test_classic_protection_guards_as_well(form: str, place: Place) -> None:
    required: dict[str, object] = {"enforcement_level": "everyone", "contexts": ["gate"], "checks": []}
    if form == "checks":
        required["checks"] = [{"context": "gate", "app_id": None}]
    place.world.rules = []
    place.world.protection = {"enabled": True, "required_status_checks": required}
    assert place.forge().submit(place.change()).state == "testing"
    assert armed(place) == ["Arm"]


def test_what_happens_when_a_ruleset_goes_while_we_arm(place: Place) -> None:
    def removed(world: World) -> None:
        world.protection = {"enabled": True, "required_status_checks": {"contexts": ["x"], "checks": []}}
        world.rules = [requires("other")]

    place.github.faults = [Fault("Arm", act=removed)]
    standing = place.forge().submit(place.change())
    assert standing.state == "open"
    assert "no rule requires the check gate" in standing.reason
    assert only(place).armed is None
    assert place.github.wrote()[-1] == "Disarm"


def moved(place: Place) -> Fault:
    """Somebody pushes at the moment at which we arm."""
    return Fault("Arm", act=lambda world: world.push("feature", {"evil.txt": "x\n"}))


def test_a_head_that_moves_before_it_is_armed_is_not_armed(place: Place) -> None:
    place.github.faults = [moved(place)]
    proposal = place.change()
    standing = place.forge().submit(proposal)
    assert standing.state == "rejected"
    assert standing.reason.startswith("somebody pushed: its head is ")
    assert proposal.head[:12] in standing.reason
    assert only(place).armed is None
    assert "auto_merge_enabled" not in events(place)


def test_a_head_that_moves_after_it_was_armed_is_taken_back(place: Place) -> None:
    # The first look is the decision, the second one the check of what was done.
    place.github.faults = [
        Fault("POST /graphql Pull$", act=lambda world: None, times=2),
        Fault("POST /graphql Pull$", act=lambda world: world.push("feature", {"evil.txt": "x\n"})),
    ]
    standing = place.forge().submit(place.change())
    assert standing.state == "rejected"
    assert "somebody pushed" in standing.reason
    assert only(place).armed is None
    assert place.github.wrote()[-1] == "Disarm"


def test_a_head_that_moves_before_it_is_merged_is_not_merged(place: Place) -> None:
    proposal = place.change()
    place.world.checks[proposal.head] = {"gate": Check("gate")}
    place.github.faults = [Fault("PUT .*/merge", act=push_green)]
    trunk = place.trunk()
    standing = place.forge().submit(proposal)
    assert standing.state == "rejected"
    assert "somebody pushed" in standing.reason
    assert place.trunk() == trunk


def test_a_label_that_is_set_while_we_arm_holds(place: Place) -> None:
    place.github.faults = [Fault("Arm", act=lambda world: world.people_label(only(place), "do-not-merge"))]
    standing = place.forge().submit(place.change())
    assert standing.reason == "the label do-not-merge was set meanwhile"
    assert only(place).armed is None


def test_a_pull_request_that_is_closed_while_we_arm_is_told(place: Place) -> None:
    def close(_: World) -> None:
        only(place).state = "CLOSED"

    place.github.faults = [Fault("Arm", act=close)]
    standing = place.forge().submit(place.change())
    assert standing.state == "rejected"
    assert "it was closed" in standing.reason


def test_what_becomes_clean_while_we_arm_is_merged_instead(place: Place) -> None:
    proposal = place.change()
    place.github.faults = [Fault("Arm", act=lambda world: world.check(proposal.head, Check("gate")))]
    assert place.forge().submit(proposal).state == "landed"
    assert armed(place) == ["Arm", "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge"]


def test_whoever_may_bypass_the_rules_does_not(place: Place) -> None:
    place.world.bypass = "always"
    proposal = place.change()
    trunk = place.trunk()
    assert place.forge().submit(proposal).state == "testing"
    assert armed(place) == ["Arm"]
    assert place.trunk() == trunk


@pytest.mark.parametrize("conclusion", ["SKIPPED", "NEUTRAL"])
def test_a_check_that_was_skipped_is_no_green_one(conclusion: Conclusion, place: Place) -> None:
    proposal = place.change()
    place.world.checks[proposal.head] = {"gate": Check("gate", conclusion)}
    standing = place.forge().submit(proposal)
    assert standing.state == "rejected"
    assert "skipped" in standing.reason
    assert armed(place) == []


def test_a_red_check_is_told_with_its_places(place: Place) -> None:
    proposal = place.change()
    unit = Check("unit", "FAILURE", "run", (("app.py", 3, "assert 1 == 2"),), "https://log.example/1", "1 failed")
    place.world.checks[proposal.head] = {"gate": Check("gate", "FAILURE"), "unit": unit}
    standing = place.forge().submit(proposal)
    assert standing.state == "rejected"
    assert standing.reason.splitlines() == [
        "red: gate",
        "unit: 1 failed (https://log.example/1)",
        "  app.py:3: assert 1 == 2",
        "gate (https://github.example/logs/gate)",
    ]
    assert armed(place) == []


def test_a_conflict_is_told_and_nothing_armed(place: Place) -> None:
    proposal = place.change(files={"app.py": "x = 2\n"})
    place.world.push("main", {"app.py": "x = 3\n"})
    standing = place.forge().submit(proposal)
    assert standing.state == "rejected"
    assert standing.reason.startswith("it conflicts with main: rebase onto it")
    assert armed(place) == []


def test_what_is_behind_is_told_where_rules_want_it_up_to_date(place: Place) -> None:
    place.world.rules = [requires("gate", strict=True)]
    proposal = place.change()
    place.world.checks[proposal.head] = {"gate": Check("gate")}
    place.world.push("main", {"other.txt": "x\n"})
    standing = place.forge().submit(proposal)
    assert standing.state == "rejected"
    assert "it is behind main" in standing.reason
    assert armed(place) == []


@pytest.mark.parametrize("label", ["do-not-merge", "hold"])
def test_a_held_pull_request_is_not_armed_and_disarmed_if_it_was(label: str, place: Place) -> None:
    proposal = place.change()
    place.forge().submit(proposal)
    place.world.people_label(only(place), label)
    standing = place.forge().submit(proposal)
    assert standing.state == "open"
    assert standing.reason == f"the label {label} keeps it from landing; whoever set it takes it away"
    assert only(place).armed is None
    place.world.people_label(only(place), label, add=False)
    assert place.forge().submit(proposal).state == "testing"


def test_a_draft_is_not_armed(place: Place) -> None:
    proposal = place.change()
    place.forge().submit(proposal)
    only(place).draft, only(place).armed = True, None
    assert "it is a draft" in place.forge().submit(proposal).reason


def test_what_comes_from_a_fork_is_never_armed(place: Place) -> None:
    """A branch of the same name in a fork is another one; and should GitHub ever mix them up, it is seen."""
    proposal = place.change()
    place.forge().submit(proposal)
    pull = only(place)
    pull.armed = None
    place.github.faults = [Fault("POST /graphql Pull$", act=lambda _: setattr(pull, "fork", True))]
    standing = place.forge().submit(proposal)
    assert standing.state == "open"
    assert "fork" in standing.reason
    assert armed(place) == ["Arm"]


@pytest.mark.slow
def test_a_forks_branch_of_the_same_name_is_not_ours(place: Place) -> None:
    place.world.pulls[5] = Pull(5, "feature", "main", "theirs", "", "stranger", fork=True, head="1" * 40)
    place.forge().submit(place.change())
    assert place.world.pulls[5].armed is None
    assert place.world.pulls[5].labels == []
    assert len(place.world.pulls) == 2


def test_auto_merge_that_the_repository_does_not_allow(place: Place) -> None:
    place.world.auto_merge = False
    proposal = place.change()
    standing = place.forge().submit(proposal)
    assert standing.state == "open"
    assert "does not allow auto-merge: switch it on" in standing.reason
    place.world.checks[proposal.head] = {"gate": Check("gate")}
    assert place.forge().submit(proposal).state == "landed"


def test_reviews_are_waited_for(place: Place) -> None:
    place.world.rules = [requires("gate"), approvals(1)]
    proposal = place.change()
    place.world.checks[proposal.head] = {"gate": Check("gate")}
    standing = place.forge().submit(proposal)
    assert (standing.state, standing.reason) == ("queued", "waits for an approval")
    assert armed(place) == ["Arm"]


def test_what_is_proposed_without_the_label_waits_for_a_human(place: Place) -> None:
    proposal = place.change(labels=())
    standing = place.forge().submit(proposal)
    assert standing.state == "open"
    assert standing.reason == "it does not have the label auto-merge, which lets it land by itself"
    assert only(place).labels == []
    assert armed(place) == []
    place.world.people_label(only(place), "auto-merge")
    assert place.forge().arm(only(place).number, proposal.head).state == "testing"


def test_approvals_are_those_of_people_who_have_no_part_in_it(place: Place) -> None:
    proposal = place.change()
    place.forge().submit(proposal)
    pull = only(place)
    assert place.forge().number_of("feature") == pull.number
    assert place.forge().number_of("other") is None
    pull.authors = ["cleo", ""]
    pull.reviews = [
        ("ann", "APPROVED", proposal.head),
        ("bob", "APPROVED", "1" * 40),  # of an earlier commit: policy compares
        ("cleo", "APPROVED", proposal.head),  # wrote a part of it
        ("coder-bot", "APPROVED", proposal.head),  # opened it
        ("helper[bot]", "APPROVED", proposal.head),
        ("dan", "CHANGES_REQUESTED", proposal.head),
    ]
    found = place.forge().approvals(pull.number)
    assert [(each.approver, each.change_head) for each in found] == [
        ("ann@users.noreply.github.com", proposal.head),
        ("bob@users.noreply.github.com", "1" * 40),
    ]
    pull.more_commits = 1  # by nobody knows whom
    assert place.forge().approvals(pull.number) == ()
