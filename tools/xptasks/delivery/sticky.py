"""Sticky sessions: a caller keeps a bucket for good, and buckets are dealt to releases.

So the share of the callers is the weight of the release at every stage, and a caller moves only when weights do:
towards the release that grows, and back when it is aborted. An abort has nothing to undo elsewhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

BUCKETS = 100


def deal(before: Sequence[str], shares: Mapping[str, int], turn: int) -> tuple[str, ...]:
    """The release of each bucket, moving as few as possible.

    Args:
        before: how they were dealt; empty at first.
        shares: percent by release, 100 in all.
        turn: which bucket is the first to move; another number each time, so that not always the same callers try
            what is new.
    """
    dealt = list(before) or [max(shares, key=lambda release: shares[release])] * BUCKETS
    have = Counter(dealt)
    missing = [release for release, share in sorted(shares.items()) for _ in range(share - have[release])]
    for step in range(BUCKETS):
        bucket = (turn + step) % BUCKETS
        if missing and have[dealt[bucket]] > shares.get(dealt[bucket], 0):
            have[dealt[bucket]] -= 1
            dealt[bucket] = missing.pop()
    return tuple(dealt)
