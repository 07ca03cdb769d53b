import json

import pytest

from xptasks.ci import matrix
from xptasks.ci.matrix import Occasion, Row
from xptasks.errors import UsageError

MINUTES = {"fast": 11, "pr": 15, "nightly": 40, "weekly": 130}
SCHEDULES = {"nightly": "17 2 * * *", "weekly": "23 3 * * 0"}


def rows(occasion: Occasion, schedules: dict[str, str] = SCHEDULES) -> tuple[Row, ...]:
    return matrix.rows(occasion, gate="pr", minutes=MINUTES, schedules=schedules, pythons=("3.11", "3.13"))


@pytest.mark.parametrize(
    ("occasion", "tiers"),
    [
        (Occasion("pull_request"), {"pr"}),
        (Occasion("push"), {"pr"}),
        (Occasion("merge_group"), {"pr"}),
        (Occasion("workflow_dispatch"), {"pr"}),
        (Occasion("workflow_dispatch", tier="nightly"), {"nightly"}),
        (Occasion("schedule", "17 2 * * *"), {"nightly"}),
        (Occasion("schedule", "23 3 * * 0"), {"weekly"}),
    ],
)
def test_the_event_chooses_the_tier(occasion: Occasion, tiers: set[str]) -> None:
    found = rows(occasion)
    assert {row.tier for row in found} == tiers
    assert [row.python for row in found] == ["3.11", "3.13"]
    assert {row.minutes for row in found} == {MINUTES[tier] for tier in tiers}


def test_two_tiers_may_have_one_schedule() -> None:
    found = rows(Occasion("schedule", "1 1 * * *"), {"nightly": "1 1 * * *", "weekly": "1 1 * * *"})
    assert [row.tier for row in found] == ["nightly", "nightly", "weekly", "weekly"]


@pytest.mark.parametrize(
    ("occasion", "message"),
    [
        (Occasion("schedule", "0 0 * * *"), "no tier runs at '0 0 [*] [*] [*]'"),
        (Occasion("schedule"), "no tier runs at ''"),
        (Occasion(tier="nihgtly"), "there is no tier 'nihgtly'"),
    ],
)
def test_what_is_not_known_is_refused(occasion: Occasion, message: str) -> None:
    """An empty matrix would be a gate that checks nothing."""
    with pytest.raises(UsageError, match=message):
        rows(occasion)


def test_json_is_one_line_that_github_takes_for_a_matrix() -> None:
    line = matrix.as_json(rows(Occasion()))
    assert "\n" not in line
    assert json.loads(line)["include"][0] == {"tier": "pr", "python": "3.11", "minutes": 15}


def test_text() -> None:
    assert matrix.as_text(rows(Occasion())).splitlines()[0] == "pr  Python 3.11  at most 15 min"
