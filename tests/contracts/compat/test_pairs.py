"""The score on a public set of pairs of contracts, each labelled by another tool's verdict."""

import json
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from xptasks.contracts.compat import DEFAULT_PROFILES, compare
from xptasks.contracts.document import read

PAIRS = Path(__file__).resolve().parents[4] / "shared" / "data" / "openapi-pairs"
ALARM = ("error", "warning")


class _Score(NamedTuple):
    positives: int
    missed: list[str]
    negatives: int
    alarms: list[str]
    unproven: int


def _score() -> _Score:
    counts = {True: 0, False: 0}
    wrong: dict[bool, list[str]] = {True: [], False: []}
    unproven = 0
    for name, entry in json.loads((PAIRS / "INDEX.json").read_text(encoding="utf-8")).items():
        if entry["oasdiff"] is None:
            continue
        expected = any(found["level"] in ALARM for found in entry["oasdiff"])
        base, head = (read(PAIRS / f"{name}.{side}.json")[0] for side in ("base", "rev"))
        assert base is not None
        assert head is not None
        changes = compare(base, head, profiles=DEFAULT_PROFILES, today=date(2026, 11, 22))
        unproven += sum("not proven" in change.message for change in changes)
        counts[expected] += 1
        if any(change.severity in ALARM for change in changes) != expected:
            wrong[expected].append(name)
    return _Score(counts[True], wrong[True], counts[False], wrong[False], unproven)


@pytest.mark.slow
@pytest.mark.skipif(not PAIRS.is_dir(), reason="the public pairs of contracts are not at ../shared/data/openapi-pairs")
def test_the_score_on_public_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    score = _score()
    with capsys.disabled():
        found = score.positives - len(score.missed)
        sound = f"{found} of {score.positives} found, {len(score.alarms)} alarms on {score.negatives}"
        print(f"\n{sound}, {score.unproven} changes not proven")  # noqa: T201 - the figures are the point
    assert len(score.missed) <= score.positives * 0.05, score.missed
    assert len(score.alarms) <= score.negatives * 0.05, score.alarms
