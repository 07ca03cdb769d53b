"""The score on a public set of pairs of contracts, each labelled by another tool's verdict."""

import pytest

from tests.contracts.compat.disagreements import ARGUMENTS, PAGE, PAIRS, Pair, page, pairs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PAIRS.is_dir(), reason="the public pairs of contracts are not at ../shared/data/openapi-pairs"
    ),
]


@pytest.fixture(scope="module")
def every() -> list[Pair]:
    return list(pairs())


def test_the_score_on_public_pairs(every: list[Pair], capsys: pytest.CaptureFixture[str]) -> None:
    positive = [pair for pair in every if pair.expected]
    negative = [pair for pair in every if not pair.expected]
    missed = [pair.name for pair in positive if not pair.found]
    alarms = [pair.name for pair in negative if pair.found]
    with capsys.disabled():
        found = len(positive) - len(missed)
        print(f"\n{found} of {len(positive)} found, {len(alarms)} alarms on {len(negative)}")  # noqa: T201 - the figures
    assert len(positive) > 300
    assert len(negative) > 240
    assert len(missed) <= len(positive) * 0.05, missed
    assert len(alarms) <= len(negative) * 0.05, alarms


def test_every_disagreement_has_an_argument(every: list[Pair]) -> None:
    assert sorted(ARGUMENTS) == sorted(pair.name for pair in every if pair.expected != pair.found)


def test_the_page_says_what_is_so(every: list[Pair]) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(every), "run python -m tests.contracts.compat.disagreements"
