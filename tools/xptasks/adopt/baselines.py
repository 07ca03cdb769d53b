"""`inv baseline`: what is known to be wrong, less of it after a repair, all of it for a new step: an edge."""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xptasks.adopt import measure, writing
from xptasks.errors import CannotRunError, UsageError
from xptasks.loop import known as baselines
from xptasks.quality import baseline
from xptasks.quality.baseline import Baseline
from xptasks.results import LAST_RUN
from xptasks.system.commands import run

_PATIENCE = 3600.0


@dataclass(frozen=True, slots=True)
class Changed:
    """A baseline before and after."""

    before: Baseline
    after: Baseline


def shown(project: Path) -> Mapping[str, Any]:
    """How much is known, by step, and the tests."""
    return summary(baselines.read(project))


def summary(known: Baseline) -> Mapping[str, Any]:
    """The numbers of a baseline."""
    return {
        "findings": {step: sum(counts.values()) for step, counts in sorted(known.findings.items())},
        "failing": len(known.failing),
        "left_out": len(known.left_out),
        "slow": len(known.slow),
        "unmeasured": sum(known.unmeasured.values()),
    }


def tighten(project: Path, tier: str) -> Changed:
    """Take out what is not wrong any more, by a raw run of the tier.

    Raises:
        CannotRunError: the tier cannot be run.
    """
    before = baselines.read(project)
    raw = _raw(project, tier, ())
    tried = measure.learnt(raw, lambda _step, _name: "")
    ran = {step["step"] for step in raw if step["reading"]["status"] in {"passed", "failed", "partial"}}
    measured: dict[str, Mapping[tuple[str, str], int]] = {
        step: tried.known.findings.get(step, Counter()) for step in ran if step in before.findings
    }
    after = baseline.tightened(before, measured)
    if tried.seconds is not None and not tried.deferred:
        passed = set(before.failing) - set(tried.known.failing)
        after = _measured_now(baseline.tightened(before, measured, passed), tried)
    baselines.write(project, after)
    return Changed(before, after)


def _measured_now(known: Baseline, tried: measure.Tried) -> Baseline:
    """What was never measured is now: what fails of it is known by name from here on."""
    new = {name: why for name, why in tried.known.failing.items() if name.partition("::")[0] in known.unmeasured}
    return replace(known, failing={**known.failing, **new}, unmeasured={})


def take_in(project: Path, tier: str, step: str) -> Changed:
    """Count what a step that is new to the project finds today.

    Raises:
        UsageError: something is known of it already, or it is a step of tests.
        CannotRunError: the step cannot be run.
    """
    before = baselines.read(project)
    if before.of(step):
        raise UsageError(f"there is a baseline of {step} already", hint="`inv baseline --tighten` makes it smaller")
    tried = measure.learnt(_raw(project, tier, (step,)), lambda _step, _name: "")
    if step in tried.dropped:
        raise CannotRunError(f"{step} cannot run: {tried.dropped[step]}")
    after = replace(before, findings={**before.findings, step: tried.known.findings.get(step, {})})
    baselines.write(project, after)
    return Changed(before, after)


def _raw(project: Path, tier: str, steps: Sequence[str]) -> list[dict[str, Any]]:
    """The steps of a run in which nothing counts as known, through Nox, which makes the environment."""
    top = next((folder for folder in (project, *project.parents) if (folder / "noxfile.py").exists()), project)
    record = writing.read(top)
    several = record is not None and len(record.projects) > 1
    session = f"{tier}-{project.relative_to(top).as_posix().replace('/', '-')}" if several else tier
    (project / LAST_RUN).unlink(missing_ok=True)
    argv = [sys.executable, "-m", "nox", "-s", session, "--", "--measure", "--set", f"tiers.{tier}.budget=1h", *steps]
    done = run(argv, top, measure.environ(), _PATIENCE)
    try:
        found: list[dict[str, Any]] = json.loads((project / LAST_RUN).read_text(encoding="utf-8"))["steps"]
    except (OSError, ValueError, KeyError):
        raise CannotRunError(f"the tier {tier} cannot be run: {measure.reason(done)}") from None
    return found


def as_text(found: Mapping[str, Any]) -> str:
    """For people."""
    lines = [f"{step}: {count} known findings" for step, count in found["findings"].items()]
    lines += [f"{found['failing']} tests failed already and are quarantined"] if found["failing"] else []
    lines += [f"{found['left_out']} tests do not end and are left out"] if found["left_out"] else []
    lines += [f"{found['slow']} tests are too slow for fast"] if found["slow"] else []
    lines += [f"{found['unmeasured']} tests were never measured: tighten does it"] if found["unmeasured"] else []
    return "".join(f"{line}\n" for line in lines or ["nothing is known to be wrong"])
