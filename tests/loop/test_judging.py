"""Whether a change may land, before anything runs: size, labels, authors, protected files, waivers, approvals."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.loop.change import AGENT, CONFIG, HEAD, LANDING, TIERS, Change, rules
from xptasks.landing.policy import Verdict
from xptasks.loop import judging
from xptasks.results import Reading, Status, StepResult

pytestmark = pytest.mark.pr

ANN = "ann@example.com"
SMALL = {"app/prices.py": "VAT = 19\n"}
LARGE = {"app/large.py": "x = 1\n" * 300}


@pytest.fixture
def change(tmp_path: Path) -> Change:
    return Change(tmp_path / "small")


def test_a_small_change_may_land(change: Change) -> None:
    verdict = change.begin().change(SMALL).verdict()
    assert (verdict.outcome, verdict.reasons, verdict.trailers) == ("may land", (), ())


def test_a_large_change_needs_an_approval_that_its_message_repeats(change: Change) -> None:
    change.begin().change(LARGE)
    (reason,) = change.verdict().reasons
    assert (reason.rule, reason.outcome) == ("size", "needs approval")
    assert reason.message.startswith(
        "300 changed lines in 1 files, fewer than 300 land by themselves: app/large.py (300)"
    )
    assert "land it in parts" in reason.hint
    verdict = change.verdict(ANN)
    assert (verdict.outcome, rules(verdict)) == ("may land", [("size", "")])
    assert verdict.trailers == (
        "Approved-by: ann@example.com",
        "Size: large, because it was approved by ann@example.com",
    )


@pytest.mark.parametrize(
    ("approver", "why"),
    [
        (AGENT, "his own"),
        ("Coder+other@Example.com", "his own"),
        ("eve@example.com", "does not name them"),
    ],
)
def test_whose_approval_does_not_count(approver: str, why: str, change: Change) -> None:
    change.begin({"xpconfig.toml": CONFIG.replace("ben", "coder*")}).change(LARGE)
    verdict = change.verdict(approver)
    assert verdict.outcome == "needs approval"
    assert why in verdict.notes[0].message


def test_an_approval_is_for_one_commit(change: Change) -> None:
    old = change.begin().change(LARGE).head()
    change.change({"app/more.py": "x = 1\n"})
    verdict = change.verdict(ANN, at=old)
    assert verdict.outcome == "needs approval"
    assert f"it was given for {old[:12]}" in verdict.notes[0].message


def test_who_only_committed_or_helped_does_not_approve_either(change: Change) -> None:
    change.begin().change(LARGE, f"help\n\nCo-authored-by: Ann <{ANN}>\n")
    assert change.verdict(ANN).outcome == "needs approval"
    assert change.verdict("ben@example.com").outcome == "may land"


def test_without_approvers_nobody_may_approve(change: Change) -> None:
    change.begin({"xpconfig.toml": HEAD + TIERS}).change(LARGE)
    verdict = change.verdict(ANN)
    assert verdict.outcome == "needs approval"
    assert "a human lands [landing] approvers first" in verdict.against[0].hint


@pytest.mark.parametrize(("labels", "outcome"), [((), "may land"), (("fine",), "may land"), (("hold",), "wait")])
def test_a_label_holds(labels: tuple[str, ...], outcome: str, change: Change) -> None:
    assert change.begin().change(SMALL).verdict(labels=labels).outcome == outcome


def test_a_pull_request_needs_its_label(change: Change) -> None:
    change.begin({"xpconfig.toml": CONFIG + 'forge = "github"\n'}).change(SMALL)
    assert rules(change.verdict()) == [("label", "")]
    assert change.verdict(labels=("auto-merge",)).outcome == "may land"


def test_only_named_authors_land_by_themselves(change: Change) -> None:
    change.begin({"xpconfig.toml": CONFIG + 'authors = ["*@example.com"]\n'}).change(SMALL)
    assert change.verdict().outcome == "may land"
    change.change({"app/other.py": "x = 1\n"}, author="eve@other.example")
    assert rules(change.verdict()) == [("author", "")]
    assert change.verdict(ANN).outcome == "may land"


def test_a_mailmap_renames_nobody(change: Change) -> None:
    change.begin({"xpconfig.toml": CONFIG + 'authors = ["*@example.com"]\n'})
    change.change({**SMALL, ".mailmap": "Ann <ann@example.com> <eve@other.example>\n"}, author="eve@other.example")
    assert ("author", "") in rules(change.verdict())


@pytest.mark.parametrize(
    "files",
    [
        {"app/billing/rates.py": "RATE = 3\n"},
        {"app/billing/rates.py": None},
        {"app/billing/rates.py": None, "app/rates.py": "RATE = 2\n"},
    ],
)
def test_a_protected_file_needs_an_approval(files: dict[str, str | None], change: Change) -> None:
    protected = CONFIG + 'protected = ["app/billing/**"]\n'
    change.begin({"xpconfig.toml": protected, "app/billing/rates.py": "RATE = 2\n"}).change(files)
    assert rules(change.verdict()) == [("protected", "app/billing/rates.py")]
    assert change.verdict(ANN).outcome == "may land"


@pytest.mark.parametrize("message", ["large\n\nSize: large, because a client comes in", "large"])
def test_a_waiver_counts_only_where_the_trunk_allows_it(message: str, change: Change) -> None:
    change.begin().change(LARGE, message)
    body = "" if "Size" in message else "Text.\n\nSize: large, because a client comes in\n"
    assert rules(change.verdict(body=body)) == [("size", ""), ("waiver", "")]


def test_a_waiver_that_the_trunk_allows(change: Change) -> None:
    change.begin({"xpconfig.toml": CONFIG + 'waivers = ["size"]\n'})
    change.change(LARGE, "large\n\nSize: large, because a client comes in\nTest-First: no, because a client comes in")
    verdict = change.verdict()
    assert rules(verdict) == [("waiver", ""), ("size-waived", ""), ("waiver", "")]
    assert [reason.outcome for reason in verdict.reasons] == ["needs approval", "may land", "may land"]


def test_attributes_do_not_hide_lines(change: Change) -> None:
    change.begin({".gitattributes": "*.py -diff\n*.txt binary\n"}).change({**LARGE, "app/x.txt": "x\n" * 9})
    assert "309 changed lines in 2 files" in change.verdict().against[0].message


def test_real_binaries_and_renames_count_nothing(change: Change) -> None:
    change.begin({"app/old.py": "x = 1\n" * 400})
    change.change({"app/old.py": None, "app/new.py": "x = 1\n" * 400, "app/picture": b"\0\n" * 400})
    assert change.verdict().outcome == "may land"


def test_generated_files_and_what_the_trunk_leaves_out_count_nothing(change: Change) -> None:
    more = '[steps.size]\nexclude = ["docs/**"]\n[generate]\nswift = "ios/Models.swift"\n'
    change.begin({"xpconfig.toml": CONFIG + more})
    change.change({"docs/a.md": "x\n" * 300, "ios/Models.swift": "x\n" * 300, "generated/x": "x\n" * 300})
    assert change.verdict().outcome == "may land"


def test_moving_code_out_of_what_is_left_out_counts(change: Change) -> None:
    change.begin({"generated/x.py": "x = 1\n" * 300 + "y = 1\n" * 300})
    change.change({"generated/x.py": None, "app/x.py": "x = 1\n" * 300 + "y = 2\n" * 300})
    assert [reason.rule for reason in change.verdict().reasons] == ["size"]


def test_the_first_adoption_brings_its_own_rules(change: Change) -> None:
    change.init()
    change.put({"app/a.py": "x = 1\n"})
    change.commit_as()
    change.git("checkout", "-q", "-b", "adopting")
    change.change({"xpconfig.toml": f"{HEAD}{TIERS}{LANDING}max_lines = 400\n", **LARGE})
    verdict = change.verdict()
    assert (verdict.outcome, rules(verdict)) == ("may land", [("first-adoption", "")])
    assert "first adoption" in verdict.reasons[0].message


def test_leaving_the_trunk_before_it_adopted_is_no_adoption(change: Change) -> None:
    change.init()
    change.put({"app/a.py": "x = 1\n"})
    change.commit_as()
    change.git("branch", "work")
    change.put({"xpconfig.toml": CONFIG})
    change.commit_as()
    change.git("checkout", "-q", "work")
    change.change({**LARGE, "xpconfig.toml": f"{HEAD}{TIERS}{LANDING}max_lines = 4000\n"})
    assert ("size", "") in rules(change.verdict())


def test_no_common_history(change: Change) -> None:
    change.begin().git("checkout", "-q", "--orphan", "alone")
    change.commit_as()
    verdict = change.verdict()
    assert (verdict.outcome, rules(verdict)) == ("rejected", [("merge-base", "")])


def test_a_project_below_the_top(tmp_path: Path) -> None:
    change = Change(tmp_path / "mono", folder="services/shop/")
    change.begin({"xpconfig.toml": CONFIG + 'protected = ["app/billing/**"]\n'})
    change.change({"app/billing/a.py": "x = 1\n", **LARGE})
    assert rules(change.verdict()) == [("protected", "app/billing/a.py"), ("size", "")]


def test_a_trunk_that_cannot_be_read(change: Change) -> None:
    change.begin({"xpconfig.toml": HEAD + TIERS + '[landing]\nmax_lines = "few"\n'}).change(SMALL)
    (reason,) = change.verdict().reasons
    assert (reason.rule, reason.outcome) == ("config", "rejected")
    assert reason.message.startswith("landing.max_lines cannot be used")


# -- after the gate --------------------------------------------------------------------------------------------------


def ran(change: Change, *steps: str, **statuses: Status) -> dict[str, Any]:
    """A run of the tier pr on the change, green but for what is said."""
    readings = dict.fromkeys(steps or ("lint", "unit", "size", "test_first"), Status.PASSED) | statuses
    results = [asdict(StepResult(name, Reading(status))) for name, status in readings.items()]
    return {"schema": 1, "tier": "pr", "commit": change.head(), "status": "passed", "exit_code": 0, "steps": results}


def after(change: Change, run: dict[str, Any]) -> Verdict:
    return judging.after_gate(change.project, "main", change.head(), run)


def test_a_green_run_lets_a_change_land(change: Change) -> None:
    change.begin().change(SMALL)
    assert after(change, ran(change)) == Verdict("may land")


def test_the_trunks_steps_count_and_not_the_changes(change: Change) -> None:
    change.begin().change({**SMALL, "xpconfig.toml": CONFIG.replace('"lint", ', "")})
    assert rules(after(change, ran(change, "unit", "size", "test_first"))) == [("step-missing", "")]


def test_a_step_that_the_change_adds_has_to_pass_too(change: Change) -> None:
    change.begin().change(SMALL)
    assert rules(after(change, ran(change, audit=Status.FAILED))) == [("step-failed", "")]


def test_a_ratchet_of_the_trunk_has_to_be_judged(change: Change) -> None:
    ratchet = CONFIG.replace('"unit"', '"coverage"') + "[ratchets.coverage]\nstart = 75\ntarget = 80\n"
    change.begin({"xpconfig.toml": ratchet}).change(SMALL)
    steps = ("lint", "coverage", "size", "test_first")
    assert rules(after(change, ran(change, *steps))) == [("step-missing", "")]
    assert after(change, ran(change, *steps, "ratchets")).outcome == "may land"


def test_coverage_takes_the_place_of_unit(change: Change) -> None:
    change.begin({"xpconfig.toml": CONFIG.replace('"size"', '"coverage"')}).change(SMALL)
    assert after(change, ran(change, "lint", "coverage", "test_first")).outcome == "may land"


def test_a_trunk_without_the_tier(change: Change) -> None:
    change.begin({"xpconfig.toml": CONFIG + 'tier = "nightly"\n'}).change(SMALL)
    verdict = after(change, ran(change))
    assert (verdict.outcome, rules(verdict)) == ("rejected", [("config", "xpconfig.toml")])


def test_the_first_adoption_is_said_after_the_gate_too(change: Change) -> None:
    change.init()
    change.put({"app/a.py": "x = 1\n"})
    change.commit_as()
    change.git("checkout", "-q", "-b", "adopting")
    change.change({"xpconfig.toml": CONFIG})
    assert rules(after(change, ran(change))) == [("first-adoption", "")]
    assert rules(after(change, ran(change, "lint"))) == [
        ("step-missing", ""),
        ("step-missing", ""),
        ("step-missing", ""),
        ("first-adoption", ""),
    ]
