"""Which test comes first: pure decisions over names.

The order never leaves a test out. Where the budget ends before the tests do, the rest is deferred, which is said and
makes the run partial; what was deferred comes first the next time.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath

TOO_LONG = "did not end within"
"""The beginning of what a test that was stopped at its limit is said to have done."""

NO_TIME = "was stopped because the run had no more time"
"""What is said of a test that was at hand shortly before the budget was used up: how long it takes, nobody knows."""

DEFERRED, FAILED, CHANGED, NEAR, REST = range(5)
_GENERIC = frozenset({"", ".", "src", "tests", "test", "tools", "lib", "__init__", "conftest"})


def ordered(
    tests: Sequence[str], *, deferred: Collection[str], failed: Collection[str], changed: Collection[str]
) -> list[int]:
    """The indices of the tests, likely failures first; within a rank the given order stays.

    Args:
        tests: node ids, `path::name`, as collected.
        deferred: node ids that the last run did not reach.
        failed: node ids that failed the last time they ran.
        changed: paths of files that changed since the last green run.
    """
    near = words_of(path for path in changed if path.endswith(".py"))
    ranks = [_rank(test, deferred, failed, changed, near) for test in tests]
    return sorted(range(len(tests)), key=ranks.__getitem__)


def _rank(
    test: str, deferred: Collection[str], failed: Collection[str], changed: Collection[str], near: Collection[str]
) -> int:
    path = test.partition("::")[0]
    if test in deferred:
        return DEFERRED
    if test in failed:
        return FAILED
    if path in changed:
        return CHANGED
    return NEAR if words_of([path]) & set(near) else REST


def words_of(paths: Iterable[str]) -> set[str]:
    """The words that tell where a file belongs: its stem without `test_`, and the folder that it lies in."""
    words: set[str] = set()
    for path in map(PurePosixPath, paths):
        words |= {path.stem.removeprefix("test_").removesuffix("_test"), path.parent.name}
    return words - _GENERIC
