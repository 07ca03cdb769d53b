"""For people at a terminal: a block for each change, what is out of order, and a line that counts."""

from collections.abc import Iterator, Sequence

from xptasks.contracts.compat.formats import _words
from xptasks.contracts.compat.judgement import Judged, Judgement
from xptasks.markup import clean

_SEVERITIES = ("error", "warning", "info")


def show(judgement: Judgement) -> str:
    """The judgement."""
    several = len(judgement.baselines) > 1
    lines = [line for one in judgement.changes for line in _block(one, several=several)]
    for problem in judgement.problems:
        lines.append(f"{problem.position}: {problem.severity}: {clean(problem.message)} [{problem.rule}]")
        lines.append(f"  {clean(problem.hint)}")
    lines += [f"note: {clean(note)}" for note in judgement.notes]
    return "\n".join([*lines, _counts(judgement.changes)]) + "\n"


def _block(one: Judged, *, several: bool) -> Iterator[str]:
    change = one.change
    word = f"{change.severity}, allowed" if one.allowed else change.severity
    yield f"{change.head or change.base}: {word}: {_words.title(one)} [{change.rule}]"
    yield f"  {_words.sentence(change)}"
    if change.base is not None and change.head is not None:
        yield f"  before: {change.base}"
    if change.witness is not None:
        yield f"  {_words.proof(change)}"
    if change.also:
        yield f"  {_words.elsewhere(change)}"
    if several:
        yield f"  since: {clean(', '.join(one.baselines))}"
    if one.allowed:
        yield f"  {_words.permission(one.allowed)}"


def _counts(changes: Sequence[Judged]) -> str:
    counts = [f"{sum(one.change.severity == word for one in changes)} {word}" for word in _SEVERITIES]
    allowed = sum(one.allowed is not None for one in changes)
    return f"{len(changes)} changes: {', '.join([*counts, *([f'{allowed} of them allowed'] if allowed else [])])}"
