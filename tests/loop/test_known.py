"""The baseline of the merge base counts, in a real repository."""

from pathlib import Path

import pytest

from tests.repository import CONFIG, Repository
from xptasks.errors import ConfigError
from xptasks.loop import known
from xptasks.quality import baseline
from xptasks.quality.baseline import Baseline
from xptasks.results import Outcome, Reading, Status
from xptasks.system import change
from xptasks.tiers import select


def knows(**tests: int) -> Baseline:
    return Baseline({"check": {(f"{name}.py", "E1"): count for name, count in tests.items()}})


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "small").init("--template=")
    made.write("a.py")
    made.commit()
    return made


def counts(repository: Repository) -> Baseline:
    return known.of(repository.path, change.merge_base(repository.path)).counts


def adopt(repository: Repository, baseline: Baseline) -> None:
    repository.write("xpconfig.toml", CONFIG)
    known.write(repository.path, baseline)
    repository.commit()
    repository.git("checkout", "-q", "-b", "change")


def test_without_a_trunk_and_in_the_adoption_the_own_baseline_counts(repository: Repository, tmp_path: Path) -> None:
    known.write(tmp_path, knows(a=1))
    assert known.of(tmp_path, None).counts == knows(a=1)
    repository.write("xpconfig.toml", CONFIG)
    known.write(repository.path, knows(a=2))
    assert counts(repository) == knows(a=2)


def test_a_change_may_take_out_and_not_put_in(repository: Repository) -> None:
    adopt(repository, knows(a=2, b=1))
    known.write(repository.path, knows(a=3, c=9))
    assert counts(repository) == knows(a=2)
    known.write(repository.path, knows(a=1, b=1))
    assert counts(repository) == knows(a=1, b=1)
    (repository.path / known.NAME).unlink()
    assert not counts(repository)


def test_a_baseline_where_there_was_none_counts_for_new_steps_only(repository: Repository) -> None:
    repository.write("xpconfig.toml", CONFIG)
    repository.commit()
    repository.git("checkout", "-q", "-b", "change")
    added = Baseline({**knows(a=1).findings, "types": {("a.py", "arg-type"): 4}}, {"t.py::a": "no"})
    known.write(repository.path, added)
    assert counts(repository) == Baseline({"types": {("a.py", "arg-type"): 4}})


def test_a_damaged_baseline_is_one_message(repository: Repository) -> None:
    repository.write(known.NAME, "=")
    with pytest.raises(ConfigError, match="this is no baseline"):
        counts(repository)
    repository.write(known.NAME, b"\xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        counts(repository)


def test_both_say_the_same_of_a_test_that_was_stopped() -> None:
    assert baseline.TOO_LONG == select.TOO_LONG


def test_what_pytest_is_told(tmp_path: Path) -> None:
    own = Baseline(failing={"t.py": "no"}, left_out={"t.py::a": "hangs"}, slow={"t.py::b": 30.0})
    mine = known.Known(tmp_path, own, own)
    assert mine.told(quick=True) == {"left_out": ["t.py::a", "t.py::b"], "go_on": True}
    assert mine.told(quick=False) == {"left_out": ["t.py::a"], "go_on": True, "limit": known.PATIENCE}
    assert known.Known(tmp_path).told(quick=True) == {}
    late = Baseline(unmeasured={"t.py": 2})
    assert known.Known(tmp_path, late, late).told(quick=True) == {"go_on": True, "limit": known.LIMIT}
    assert known.Known(tmp_path, late, late).told(quick=False) == {}
    assert mine.key("unit", tests=True) != known.Known(tmp_path).key("unit", tests=True)
    assert mine.key("lint", tests=False) == ""


def test_tests_are_told_from_other_steps_by_their_report(tmp_path: Path) -> None:
    own = Baseline(left_out={"t.py::a": "hangs"})
    report = tmp_path / "tests.json"
    report.write_text('{"left_out": ["t.py::a", "t.py::b"]}')
    judged = known.Known(tmp_path, own, own).judge(
        "unit", Reading(Status.PASSED, "9 passed"), Outcome(0, "", "", tmp_path, (report,))
    )
    assert (judged.status, len(judged.findings)) == (Status.FAILED, 1)
    report.write_text("[]")
    green = Reading(Status.PASSED, "9 passed")
    assert known.Known(tmp_path, own, own).judge("unit", green, Outcome(0, "", "", tmp_path, (report,))) == green
