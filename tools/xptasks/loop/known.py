"""What a project knew to be wrong when it was adopted, as it counts for the change at hand: the baseline of its base.

As with the ratchets' floors, the merge base says what counts; the change itself may only take things out. Where the
merge base has no configuration the change is the adoption, and of a step that is new the change itself says what is
known.
"""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xptasks.config.document import NAME as CONFIG
from xptasks.errors import ConfigError
from xptasks.quality import baseline
from xptasks.quality.baseline import Baseline
from xptasks.results import Outcome, Reading
from xptasks.system import change
from xptasks.system.files import atomic_write

NAME = baseline.NAME
_NOTHING = Baseline()
PATIENCE = 60.0
"""The same where all tests run, and some of them were found to be slow; whoever needs longer is quarantined."""
LIMIT = 10.0
"""Seconds that one phase of a test may take where nobody knows yet whether it ends."""


def read(project: Path) -> Baseline:
    """The baseline of a working tree; empty when there is no file.

    Raises:
        ConfigError: the file cannot be used.
    """
    path = project / NAME
    try:
        return baseline.parse(path.read_text(encoding="utf-8")) if path.exists() else Baseline()
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"cannot be read: {problem}", where=NAME) from None


def write(project: Path, known: Baseline) -> None:
    """Write it."""
    atomic_write(project / NAME, baseline.render(known))


@dataclass(frozen=True, slots=True)
class Known:
    """What counts as known for a run.

    Attributes:
        project: the project's folder.
        counts: what is known.
        own: what this working tree says, which decides what is left out.
    """

    project: Path
    counts: Baseline = _NOTHING
    own: Baseline = _NOTHING

    def judge(self, step: str, reading: Reading, outcome: Outcome) -> Reading:
        """A reading in which only what is new counts."""
        report = next((path for path in outcome.artifacts if path.name == "tests.json"), None)
        if report is None:
            return baseline.judged(step, reading, self.counts, lambda file: (self.project / file).exists())
        return baseline.judged_tests(reading, self.counts, _left_out(report))

    def told(self, *, quick: bool) -> dict[str, Any]:
        """What pytest is told: which tests are not run, and whether to go on behind a module that cannot be imported.

        Args:
            quick: whether slow tests are left out, too.
        """
        left_out = [*self.own.left_out, *(self.own.slow if quick else ())]
        go_on = any("::" not in name for name in self.own.failing)
        told: dict[str, Any] = {**({"left_out": left_out} if left_out else {}), **({"go_on": True} if go_on else {})}
        if quick and self.own.unmeasured:  # one of them may not end
            told |= {"go_on": True, "limit": LIMIT}
        if not quick and self.own.slow:
            told["limit"] = PATIENCE
        return told

    def key(self, step: str, *, tests: bool) -> str:
        """All of it that a step's result depends on, as text."""
        both = (self.counts, self.own)
        if tests:
            kinds = ("failing", "left_out", "slow", "unmeasured")
            return repr([[sorted(getattr(each, kind)) for kind in kinds] for each in both])
        counts = sorted(self.counts.of(step).items())
        return repr(counts) if counts else ""


def _left_out(report: Path) -> Collection[str]:
    import json  # noqa: PLC0415 - only test steps have such a report

    try:
        return tuple(json.loads(report.read_text(encoding="utf-8")).get("left_out", ()))
    except (OSError, ValueError, AttributeError):
        return ()


def raw(project: Path) -> Known:
    """Nothing counts as known; only what does not end is not tried again."""
    left_out = Baseline(left_out=read(project).left_out)
    return Known(project, left_out, left_out)


def of(project: Path, base: str | None) -> Known:
    """What counts for the change in a working tree.

    Args:
        project: the project's folder.
        base: the commit at which the change left the trunk, if it is known.

    Raises:
        ConfigError: the baseline cannot be used.
    """
    own = read(project)
    before = change.file_at(project, base, CONFIG) if base else None
    if before is None or base is None:  # no trunk, or the adoption itself
        return Known(project, own, own)
    recorded = change.file_at(project, base, NAME)
    if not own and recorded is None:
        return Known(project)
    theirs = baseline.parse(recorded.decode(errors="replace"), f"{base[:12]}:{NAME}") if recorded else Baseline()
    new = own.findings.keys() - _steps(before)
    return Known(project, baseline.with_steps(baseline.smaller(own, theirs), own, new), own)


def _steps(config: bytes) -> set[str]:
    """The steps that the tiers of an older configuration name."""
    try:
        tiers = tomllib.loads(config.decode()).get("tiers", {})
    except (ValueError, AttributeError):
        return set()
    return set(_named(tiers)) if isinstance(tiers, dict) else set()


def _named(tiers: Mapping[str, Any]) -> Iterator[str]:
    for table in tiers.values():
        yield from map(str, table.get("steps", ()) if isinstance(table, dict) else ())
