"""The relation beside jsonsubschema, where that is installed: each disagreement is argued by the validator."""

import copy
import signal
import warnings
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.contracts.compat.test_oracle import INSTANCES, accepts, pair, verdict

SECONDS = 2  # for an answer of the peer, which may not come back
FEWEST = 300  # pairs that both decide
# Words that the peer does not read, or not as JSON Schema 2020-12 has them.
UNREAD = {
    "if",
    "contains",
    "unevaluatedProperties",
    "unevaluatedItems",
    "dependentSchemas",
    "dependentRequired",
    "propertyNames",
    "prefixItems",
    "format",
}


def words(schema: Any) -> set[str]:  # noqa: ANN401
    """Every key in a schema."""
    if isinstance(schema, list):
        return set().union(*map(words, schema))
    return set(schema).union(*map(words, schema.values())) if isinstance(schema, dict) else set()


def _stop(_: int, __: FrameType | None) -> None:
    raise TimeoutError


def peer_says(one: Any, two: Any) -> bool | None:  # noqa: ANN401
    """The peer's answer; None where it has none."""
    peer = pytest.importorskip("jsonsubschema", reason="jsonsubschema is not installed")
    before = signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with warnings.catch_warnings(action="ignore"):
            return bool(peer.isSubschema(copy.deepcopy(one), copy.deepcopy(two)))
    except Exception:  # noqa: BLE001 - it raises whatever comes to its mind
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.slow
def test_a_disagreement_with_the_peer_is_argued(tmp_path: Path) -> None:
    decided: Counter[tuple[bool, str]] = Counter()
    for seed in range(1_500):
        one, two = pair(seed)
        if words([one, two]) & UNREAD:
            continue
        theirs = peer_says(one, two)
        if theirs is None:
            continue
        ours = verdict(one, two, tmp_path)
        decided[theirs, ours.answer] += 1
        in_one, in_two = accepts(one), accepts(two)
        if theirs and ours.answer == "no":
            assert in_one(ours.witness), seed
            assert not in_two(ours.witness), seed
        if not theirs and ours.answer == "yes":
            assert [value for value in INSTANCES if in_one(value) and not in_two(value)] == [], seed
    assert decided.total() >= FEWEST
    assert decided[False, "yes"] + decided[True, "no"] <= decided.total() * 0.05, decided
