"""How large a change may be: small ones are reviewed, reverted and understood. Pure."""

from collections.abc import Sequence

from xptasks.landing import waivers
from xptasks.results import Finding, Measurement, Position, Reading, Status
from xptasks.system.change import ChangedFile

EXCLUDE = (
    "generated/**",
    "requirements/*.txt",
    "**/*.lock",
    "**/pylock*.toml",
    "**/package-lock.json",
    "**/npm-shrinkwrap.json",
    "**/pnpm-lock.yaml",
    "**/go.sum",
    "**/__snapshots__/**",
    "**/snapshots/**",
    "**/*.snap",
    "**/*.ambr",
)
"""What nobody writes by hand, pins, and snapshots: globs of files that do not count."""

LIMIT = 300
"""A change has fewer lines, unless it is told otherwise."""

_NAMED = 5  # of the biggest files


def lines(file: ChangedFile) -> int:
    """Added and deleted lines; none of a binary file."""
    return (file.added or 0) + (file.deleted or 0)


def judge(files: Sequence[ChangedFile], limit: int, trailers: Sequence[str] = ()) -> Reading:
    """Whether a change has fewer lines than the limit.

    Args:
        files: what counts of the change.
        limit: the number of lines from which on it is too large.
        trailers: the trailers `Size` of its commits.
    """
    if not files:
        return Reading(Status.SKIPPED, "no change to judge")
    total = sum(map(lines, files))
    measured = (Measurement("change_lines", total),)
    said = f"{total} changed lines in {len(files)} files, allowed are fewer than {limit}"
    if total < limit:
        return Reading(Status.PASSED, said, measurements=measured)
    reason = waivers.reason(trailers, waivers.SIZE[1])
    if reason:
        waived = Finding(f"{said}; let pass, because {reason}", "size-waived", "warning")
        return Reading(Status.PASSED, said, (waived,), measured)
    return Reading(Status.FAILED, said, tuple(_biggest(files, said)), measured)


def _biggest(files: Sequence[ChangedFile], said: str) -> list[Finding]:
    hint = (
        f"land it in parts that each stand alone: what prepares, then what uses it; else {waivers.advice(waivers.SIZE)}"
    )
    biggest = sorted(files, key=lambda file: (-lines(file), file.path))[:_NAMED]
    return [
        Finding(said, "size", hint=hint),
        *(Finding(f"{lines(each)} changed lines", "size", "info", Position(each.path)) for each in biggest),
    ]
