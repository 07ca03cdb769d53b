"""The ratchets at the end of a run, and after a landing: real repositories, made-up measurements."""

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.repository import Repository
from xptasks import config
from xptasks.errors import CannotRunError, UsageError, XpError
from xptasks.history import outbox
from xptasks.loop import ratcheting, tightening
from xptasks.quality import floors
from xptasks.quality.ratchets import Floor
from xptasks.results import Finding, Measurement, Position, Reading, Status, StepResult
from xptasks.system import change

pytestmark = pytest.mark.pr

TODAY = dt.date(2026, 11, 22)
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
HEAD = 'version = 1\n[project]\nname = "small"\n[tiers.pr]\nsteps = ["coverage", "lint"]\n'
COVERAGE = "[ratchets.coverage]\nstart = 75\ntarget = 80\n"
LOOSEN = '[[ratchets.coverage.loosen]]\nvalue = 60\nreason = "a move"\nowner = "ada"\nexpires = 2026-12-31\n'


class Story(Repository):
    """A project with ratchets, on the branch `work` that left the trunk after its first commit."""

    def begin(self, ratchets: str = COVERAGE, **recorded: float) -> "Story":
        self.init()
        self.write(".gitignore", ".xp/\n")
        self.write("xpconfig.toml", HEAD + ratchets)
        if recorded:
            self.write(floors.NAME, floors.render({name: Floor(value) for name, value in recorded.items()}))
        self.commit()
        self.git("checkout", "-q", "-b", "work")
        return self

    def judge(
        self,
        status: Status = Status.PASSED,
        findings: tuple[Finding, ...] = (),
        today: dt.date = TODAY,
        **measured: float,
    ) -> StepResult | None:
        named = tuple(Measurement(name.replace("__", ":"), value, "percent") for name, value in measured.items())
        step = StepResult(
            "coverage", Reading(status, measurements=named, findings=findings), rerun="nox -s pr -- coverage"
        )
        loaded = config.load(self.path, environ={}).config
        return ratcheting.gate(self.path, loaded, today)([StepResult("lint", Reading(Status.PASSED)), step])

    def ran(self, exit_code: int = 0, commit: str | None = None, *, folder: float = 0, **measured: float) -> None:
        values = {**measured, "coverage:app": folder}
        reading = {"status": "passed", "measurements": [{"name": n, "value": v} for n, v in values.items()]}
        head = change.head(self.path) if commit is None else commit
        status = "failed" if exit_code else "passed"
        run: dict[str, Any] = {"schema": 1, "tier": "pr", "commit": head, "status": status, "exit_code": exit_code}
        self.write(".xp/last-run.json", json.dumps({**run, "steps": [{"reading": reading}]}))

    def tighten(self, now: dt.datetime = NOW) -> dict[str, tuple[float, float]]:
        moves = tightening.tighten(self.path, config.load(self.path, environ={}).config, now)
        return {move.ratchet: (move.before, move.floor.value) for move in moves}


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "project")


def rules(result: StepResult | None) -> list[tuple[str, str]]:
    assert result is not None
    return [(finding.rule, finding.severity) for finding in result.reading.findings]


def test_a_measurement_is_compared_with_the_start_until_a_floor_is_recorded(story: Story) -> None:
    story.begin()
    good, bad = story.judge(coverage=75.5), story.judge(coverage=74.9)
    assert good is not None
    assert bad is not None
    assert (good.status, good.reading.summary) == (Status.PASSED, "coverage 75.5 (floor 75)")
    assert bad.status is Status.FAILED
    assert bad.reading.findings[0].message == "coverage is 74.9, below its floor 75"
    assert "[[ratchets.coverage.loosen]]" in bad.reading.findings[0].hint
    assert bad.rerun == "nox -s pr -- coverage"


def test_the_merge_bases_floor_counts(story: Story) -> None:
    story.begin(coverage=78)
    assert rules(story.judge(coverage=77.9)) == [("ratchet", "error")]
    assert rules(story.judge(coverage=78)) == []


@pytest.mark.parametrize(
    "cheat",
    [
        HEAD,  # the ratchet is gone
        HEAD + COVERAGE.replace("75", "10"),
        HEAD + "[ratchets.coverage]\nstart = 80\ntarget = 10\n",  # turned round
        HEAD + COVERAGE + LOOSEN,
    ],
)
@pytest.mark.parametrize("committed", [True, False])
def test_a_change_cannot_loosen_its_own_gate(cheat: str, committed: bool, story: Story) -> None:  # noqa: FBT001
    story.begin(coverage=78)
    story.write("xpconfig.toml", cheat)
    if committed:
        story.commit()
    result = story.judge(coverage=70)
    assert result is not None
    assert result.status is Status.FAILED
    assert result.reading.findings[0].message == "coverage is 70, below its floor 78"


def test_a_floor_edited_on_a_branch_is_named(story: Story) -> None:
    story.begin(coverage=78)
    for value in (10, 79):
        story.write(floors.NAME, floors.render({"coverage": Floor(value)}))
        result = story.judge(coverage=79)
        assert rules(result) == [("floors-edited", "error")]
        assert result is not None
        assert f"git checkout {change.head(story.path)[:12]} -- {floors.NAME}" in result.reading.findings[0].hint
    (story.path / floors.NAME).unlink()
    assert rules(story.judge(coverage=79)) == [("floors-edited", "error")]
    story.write(floors.NAME, "<<<<<<< ours\n")
    broken = story.judge(coverage=79)
    assert broken is not None
    assert broken.status is Status.ERROR


def test_on_the_trunk_floors_rise_and_are_not_lowered(story: Story) -> None:
    story.begin(coverage=78).git("checkout", "-q", "main")
    story.write(floors.NAME, floors.render({"coverage": Floor(79)}))
    assert rules(story.judge(coverage=79)) == []
    story.write(floors.NAME, floors.render({"coverage": Floor(77)}))
    assert rules(story.judge(coverage=79)) == [("floor-lowered", "error")]


def test_an_exception_of_the_merge_base_counts_and_is_listed_until_it_expires(story: Story) -> None:
    story.begin(COVERAGE + LOOSEN, coverage=78)
    result = story.judge(coverage=61)
    assert result is not None
    assert result.status is Status.PASSED
    assert result.reading.summary == "coverage 61 (loosened to 60)"
    (finding,) = result.reading.findings
    assert finding.message == "coverage may be 60 until 2026-12-31: a move (ada)"
    assert finding.position == Position("xpconfig.toml", 9, 3)
    late = story.judge(coverage=61, today=dt.date(2027, 1, 1))
    assert rules(late) == [("ratchet", "error"), ("expired-loosening", "error")]
    assert rules(story.judge(coverage=79, today=dt.date(2027, 1, 1))) == [("expired-loosening", "error")]


def test_a_new_exception_counts_from_the_next_change_on(story: Story) -> None:
    story.begin(coverage=78)
    story.write("xpconfig.toml", HEAD + COVERAGE + LOOSEN)
    result = story.judge(coverage=79)
    assert result is not None
    assert result.reading.findings[0].message.endswith("it counts from the next change on")
    assert result.status is Status.PASSED


@pytest.mark.parametrize(
    ("status", "expected"),
    [(Status.PASSED, Status.FAILED), (Status.FAILED, Status.SKIPPED), (Status.PARTIAL, Status.SKIPPED)],
)
def test_what_ought_to_be_measured_and_is_not_never_passes(status: Status, expected: Status, story: Story) -> None:
    result = story.begin().judge(status)
    assert result is not None
    assert result.status is expected
    assert "coverage not measured" in result.reading.summary


def test_a_change_without_lines_that_run_has_no_patch_coverage(story: Story) -> None:
    story.begin(COVERAGE + "[ratchets.patch_coverage]\nstart = 90\ntarget = 90\ndirection = 'up'\n")
    result = story.judge(coverage=80)
    assert result is not None
    assert result.status is Status.PASSED
    assert result.reading.summary.endswith("patch_coverage not measured (nothing to measure in this change)")


def test_uncovered_lines_of_the_change_are_repeated_when_they_are_too_many(story: Story) -> None:
    story.begin("[ratchets.patch_coverage]\nstart = 90\ntarget = 95\nunit = 'percent'\n")
    uncovered = (Finding("this line is new and no test runs it", "uncovered-change", "info", Position("app/a.py", 3)),)
    result = story.judge(findings=uncovered, patch_coverage=50)
    assert result is not None
    assert result.reading.findings[0].message == "patch_coverage is 50 percent, below its floor 90 percent"
    assert rules(result)[1:] == [("uncovered-change", "warning")]
    assert rules(story.judge(findings=uncovered, patch_coverage=95)) == []


def test_a_folder_has_a_floor_of_its_own(story: Story) -> None:
    story.begin('[ratchets."coverage:app/api"]\nstart = 90\ntarget = 95\n')
    result = story.judge(coverage=99, coverage__app_api=99)
    assert rules(result) == [("not-measured", "error")]
    step = StepResult("coverage", Reading(Status.PASSED, measurements=(Measurement("coverage:app/api", 80),)))
    judged = ratcheting.gate(story.path, config.load(story.path, environ={}).config, TODAY)([step])
    assert rules(judged) == [("ratchet", "error")]


def test_a_tier_that_measures_nothing_is_not_concerned(story: Story) -> None:
    story.begin()
    loaded = config.load(story.path, environ={}).config
    assert ratcheting.gate(story.path, loaded, TODAY)([StepResult("lint", Reading(Status.PASSED))]) is None


def test_a_first_adoption_is_said(story: Story) -> None:
    story.init().write("README.md")
    story.commit()
    story.git("checkout", "-q", "-b", "adopt")
    story.write("xpconfig.toml", HEAD + COVERAGE)
    story.write(floors.NAME, floors.render({"coverage": Floor(75)}))
    result = story.judge(coverage=76)
    assert result is not None
    assert result.status is Status.PASSED
    assert result.reading.summary.startswith("first adoption: the merge base has no xpconfig.toml")


def test_without_a_trunk_the_working_trees_floors_count(story: Story) -> None:
    story.begin(coverage=78).git("branch", "-q", "-D", "main")
    result = story.judge(coverage=77)
    assert rules(result) == [("ratchet", "error")]
    assert result is not None
    assert result.reading.summary.startswith("there is no trunk to compare with")


# -- after landing ---------------------------------------------------------------------------------------------------


def test_what_moved_and_what_was_loosened_is_recorded_once(story: Story) -> None:
    story.begin(COVERAGE + 'unit = "percent"\n' + LOOSEN)
    story.git("checkout", "-q", "main")
    story.ran(coverage=90)
    for _ in range(2):
        story.tighten()
    files = outbox.waiting(story.path / ".git" / "xptasks", "small")
    found = {event.id: event for file in reversed(files) for event in outbox.read(file)}
    moved, loosened, stepped_in = sorted(
        found.values(), key=lambda each: (str(each.kind) == "intervention", bool(each.actor))
    )
    head = change.head(story.path)
    assert [each.commit for each in found.values()] == [head] * 3
    assert moved.data == {"ratchet": "coverage", "before": 75, "after": 76, "unit": "percent", "loosened": False}
    assert loosened.data == {"ratchet": "coverage", "before": 75, "after": 60, "unit": "percent", "loosened": True}
    assert (stepped_in.actor, stepped_in.data["intervention"]) == ("human:ada", "loosened")
    assert stepped_in.data["why"] == "coverage may be 60 until 2026-12-31: a move"


def test_tightening_moves_a_floor_once(story: Story) -> None:
    story.begin().git("checkout", "-q", "main")
    story.ran(coverage=90)
    assert story.tighten() == {"coverage": (75, 76)}
    assert story.tighten() == {"coverage": (76, 76)}
    story.commit()
    story.ran(coverage=90)
    assert story.tighten() == {"coverage": (76, 76)}, "the commit that moves floors is no landing of its own"
    story.write("a.py")
    story.commit()
    story.ran(coverage=90)
    assert story.tighten() == {"coverage": (76, 77)}


def test_a_measurement_that_moves_nothing_does_not_use_up_the_window(story: Story) -> None:
    story.begin(COVERAGE + "every = 'week'\n").git("checkout", "-q", "main")
    story.ran(coverage=70)
    assert story.tighten() == {"coverage": (75, 75)}
    story.ran(coverage=90)
    assert story.tighten() == {"coverage": (75, 76)}
    story.commit()
    story.write("a.py")
    story.commit()
    story.ran(coverage=90)
    assert story.tighten() == {"coverage": (76, 76)}
    assert story.tighten(NOW + dt.timedelta(days=1)) == {"coverage": (76, 77)}, "a Monday"


@pytest.mark.parametrize(
    ("prepare", "says", "kind"),
    [
        (
            lambda s: s.git("checkout", "-q", "-b", "ahead") or (s.write("b.py") and s.commit()),
            "on the trunk",
            UsageError,
        ),
        (lambda s: (s.path / ".xp/last-run.json").unlink(), "there is no .xp/last-run.json", CannotRunError),
        (lambda s: s.ran(exit_code=1, coverage=90), "the last run was not green: pr failed", CannotRunError),
        (lambda s: s.ran(commit="", coverage=90), "files that were not committed", CannotRunError),
        (lambda s: s.write("b.py") and s.commit(), "is checked out", CannotRunError),
        (lambda s: s.write("b.py"), "the files differ", CannotRunError),
    ],
)
def test_only_a_green_run_of_this_very_commit_on_the_trunk_counts(
    prepare: Any,  # noqa: ANN401
    says: str,
    kind: type[XpError],
    story: Story,
) -> None:
    story.begin().git("checkout", "-q", "main")
    story.ran(coverage=90)
    prepare(story)
    with pytest.raises(kind, match=says):
        story.tighten()
    assert not (story.path / floors.NAME).exists()


def test_what_inv_ratchet_shows(story: Story) -> None:
    story.begin(COVERAGE + LOOSEN).git("checkout", "-q", "main")
    for number in range(2):
        story.write(f"a{number}.py")
        story.commit()
        story.ran(coverage=90)
        story.tighten()
        story.commit()
    loaded = config.load(story.path, environ={}).config
    (standing,) = tightening.standings(story.path, loaded, NOW)
    assert (standing.floor, standing.target, standing.measured, standing.next) == (77, 80, 90, None)
    assert [value for _, _, value in standing.history] == [77, 76]
    assert standing.loosened == ("xpconfig.toml:9:3: 60 until 2026-12-31: a move (ada)",)
    assert json.loads(tightening.as_json([standing]))["ratchets"][0]["floor"] == 77
    assert tightening.as_text([standing]).startswith("coverage >= 77, target 80; measured 90\n  once a pr: ")


@pytest.mark.parametrize("branches", [12, pytest.param(100, marks=pytest.mark.slow)])
def test_branches_landed_in_random_order_never_lower_a_floor_and_never_conflict(branches: int, story: Story) -> None:
    rng = random.Random(4)  # noqa: S311 - the same story every time
    story.begin('[ratchets.coverage]\nstart = 50\ntarget = 99\n[ratchets."coverage:app"]\nstart = 9\ntarget = 1\n')
    for number in range(branches):
        story.git("checkout", "-q", "-b", f"b{number}", "main")
        story.write(f"app/m{number}.py")
        story.commit()
    waiting = rng.sample(range(branches), branches)
    known: dict[str, Floor] = {}
    for number in waiting:
        story.git("checkout", "-q", f"b{number}")
        if rng.random() < 0.3:  # somebody takes the trunk in before landing
            story.git("merge", "-q", "-m", "take in", "main")
        story.git("checkout", "-q", "main")
        story.git("merge", "-q", "--no-ff", "-m", "land", f"b{number}")
        story.ran(coverage=rng.uniform(40, 100), folder=rng.uniform(0, 10))
        story.tighten()
        after = floors.read(story.path)
        assert ratchets_hold(known, after)
        known = after
        story.commit()
    assert known["coverage"].value > 50
    assert known["coverage:app"].value < 9
    assert len([line for line in story.git("log", "--format=%s").splitlines() if line == "land"]) == branches


def ratchets_hold(before: dict[str, Floor], after: dict[str, Floor]) -> bool:
    up = after["coverage"].value >= before.get("coverage", after["coverage"]).value
    return up and after["coverage:app"].value <= before.get("coverage:app", after["coverage:app"]).value


def test_deleting_the_last_ratchet_is_judged_too(story: Story) -> None:
    story.begin()
    story.write("xpconfig.toml", HEAD)
    assert rules(story.judge(coverage=70)) == [("ratchet", "error")]
