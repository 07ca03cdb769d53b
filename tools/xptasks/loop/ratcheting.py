"""The gate of the ratchets: a run's measurements against the floors of the merge base, after the last step has ended.

Policy (rules, floors, exceptions) is what the merge base says, so that a change cannot loosen its own gate.
"""

import datetime as dt
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import ValidationError

from xptasks import steps
from xptasks.config.document import NAME as CONFIG
from xptasks.config.layers import frozen
from xptasks.config.settings import Config
from xptasks.errors import ConfigError
from xptasks.quality import floors, ratchets
from xptasks.quality.ratchets import Exemption, Floors, Verdict
from xptasks.quality.settings import RatchetSettings
from xptasks.results import Finding, Position, Reading, Status, StepResult
from xptasks.steps.coverage import UNCOVERED
from xptasks.system import change

STEP = "ratchets"
"""What the verdict is called among the results; it is no step that a tier could name."""

Rules = Mapping[str, RatchetSettings]


@dataclass(frozen=True, slots=True)
class Policy:
    """What counts for a change.

    Attributes:
        rules: the ratchets, as the merge base has them where it has them.
        floors: the recorded floors of the merge base.
        base: the merge base, None without one.
        note: what a reader has to know when there is no ordinary merge base.
    """

    rules: Rules
    floors: Floors
    base: str | None
    note: str = ""


def policy(project: Path, own: Rules) -> Policy:
    """The ratchets and floors that count for the change in a working tree.

    Args:
        project: the project's folder.
        own: the ratchets of the working tree's configuration.

    Raises:
        ConfigError: floors cannot be read.
    """
    base = change.merge_base(project)
    if base is None:
        note = "there is no trunk to compare with: the floors of this working tree count"
        return Policy(own, floors.read(project), None, note)
    recorded = change.file_at(project, base, floors.NAME)
    known = floors.parse(recorded.decode(), f"{base[:12]}:{floors.NAME}") if recorded is not None else {}
    config = change.file_at(project, base, CONFIG)
    if config is None:
        note = f"first adoption: the merge base has no {CONFIG}, so that this change's own ratchets count"
        return Policy(own, known, base, note)
    return Policy({**own, **_rules(config)}, known, base)


def _rules(config: bytes) -> dict[str, RatchetSettings]:
    """The ratchets of an older configuration, as far as they mean something to this version."""
    try:
        tables = tomllib.loads(config.decode()).get("ratchets", {})
    except (ValueError, AttributeError):
        return {}
    found = {}
    for name, table in tables.items() if isinstance(tables, dict) else ():
        try:
            found[name] = RatchetSettings.model_validate(frozen(table), strict=True)
        except ValidationError:
            continue
    return found


def gate(project: Path, config: Config, today: dt.date) -> Callable[[Sequence[StepResult]], StepResult | None]:
    """The judge of a run: from the results of all steps to one more result, None when no ratchet is concerned."""

    def judge(results: Sequence[StepResult]) -> StepResult | None:
        try:
            return _judge(project, config, today, results)
        except ConfigError as error:
            position = Position(error.where or floors.NAME)
            finding = Finding(error.message, "floors", position=position, hint=error.hint or "")
            return StepResult(STEP, Reading(Status.ERROR, error.message, (finding,)))

    return judge


def _judge(project: Path, config: Config, today: dt.date, results: Sequence[StepResult]) -> StepResult | None:
    counts = policy(project, config.ratchets)
    measuring = {name: _measuring(name, results) for name in counts.rules}
    concerned = {name: step for name, step in measuring.items() if step is not None}
    if not concerned:
        return None
    exempt = [item for item in ratchets.exemptions(counts.rules, today) if not item.expired]
    verdicts = [_verdict(name, step, counts, exempt) for name, step in sorted(concerned.items())]
    findings = [*_edited(project, counts, config.ratchets)]
    for verdict in verdicts:
        findings += _complaints(verdict, counts.rules[verdict.ratchet], concerned[verdict.ratchet])
    findings += _exempted(project, config, concerned, counts, today)
    return StepResult(STEP, _reading(verdicts, findings, counts, concerned), rerun=_rerun(concerned.values()))


def _measuring(name: str, results: Iterable[StepResult]) -> StepResult | None:
    """The step of the run that measures, or ought to measure, what a ratchet names."""
    for result in results:
        if any(measurement.name == name for measurement in result.reading.measurements):
            return result
    return next((result for result in results if ought(result.step, name) or _may(result.step, name)), None)


def ought(step: str, name: str) -> bool:
    """Whether a step always measures what a ratchet names."""
    return any(fnmatchcase(name, pattern) for pattern in getattr(steps.load(step), "MEASURES", ()))


def _may(step: str, name: str) -> bool:
    return name in getattr(steps.load(step), "SOMETIMES", ())


def _verdict(name: str, step: StepResult, counts: Policy, exempt: Iterable[Exemption]) -> Verdict:
    values = (measured.value for measured in step.reading.measurements if measured.name == name)
    mine = [item for item in exempt if item.ratchet == name]
    return ratchets.judge(name, counts.rules[name], counts.floors.get(name), next(values, None), mine)


def _complaints(verdict: Verdict, rule: RatchetSettings, step: StepResult) -> Iterator[Finding]:
    if verdict.outcome == "broken":
        yield _broken(verdict, rule)
        if verdict.ratchet == "patch_coverage":
            uncovered = [finding for finding in step.reading.findings if finding.rule == UNCOVERED]
            yield from (Finding(each.message, UNCOVERED, "warning", each.position) for each in uncovered)
    elif verdict.outcome == "not measured" and step.status is Status.PASSED and ought(step.step, verdict.ratchet):
        message = f"{verdict.ratchet} was not measured, though {step.step} passed"
        yield Finding(message, "not-measured", hint=f"let {step.step} measure it again, or delete the ratchet")


def _broken(verdict: Verdict, rule: RatchetSettings) -> Finding:
    side, unit = ("below", "above")[rule.sign < 0], f" {rule.unit}" if rule.unit else ""
    message = f"{verdict.ratchet} is {_number(verdict.measured)}{unit}, {side} its floor {verdict.floor:g}{unit}"
    advice = {"coverage": "test what the change adds", "patch_coverage": "test the lines listed here"}
    first = advice.get(verdict.ratchet.partition(":")[0], "undo what made it worse")
    hint = f"{first}; if it must get worse for a while, land an entry [[ratchets.{_key(verdict.ratchet)}.loosen]] first"
    return Finding(message, "ratchet", position=Position(CONFIG), hint=hint)


def _key(name: str) -> str:
    return f'"{name}"' if ":" in name else name


def _number(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def _edited(project: Path, counts: Policy, own: Rules) -> Iterator[Finding]:
    """A branch that writes floors; on the trunk itself, one that lowers them."""
    if counts.base is None or (not counts.floors and change.file_at(project, counts.base, floors.NAME) is None):
        return
    now = floors.read(project)
    position = Position(floors.NAME)
    undo = f"git checkout {counts.base[:12]} -- {floors.NAME}"
    if change.on_trunk(project):
        for name in ratchets.lowered({**own, **counts.rules}, counts.floors, now):
            yield Finding(f"the floor of {name} was lowered", "floor-lowered", position=position, hint=undo)
    elif now != counts.floors:
        message = "the floors differ from those of the merge base: only `inv ratchet --tighten` on the trunk moves them"
        yield Finding(message, "floors-edited", position=position, hint=undo)


def _exempted(
    project: Path, config: Config, concerned: Iterable[str], counts: Policy, today: dt.date
) -> Iterator[Finding]:
    """Every entry that loosens a ratchet is in every report; one that has expired fails."""
    entries = [item for item in ratchets.exemptions(config.ratchets, today) if item.ratchet in concerned]
    places = places_of(project, entries)
    for item, position in zip(entries, places, strict=True):
        entry = item.entry
        said = f"{item.ratchet} may be {entry.value:g} until {entry.expires}: {entry.reason} ({entry.owner})"
        if item.expired:
            message = f"the exception of {item.ratchet} expired on {entry.expires}: {entry.reason} ({entry.owner})"
            yield Finding(message, "expired-loosening", position=position, hint="delete the entry, or renew it")
        elif entry not in counts.rules[item.ratchet].loosen:
            said = f"{said}; it counts from the next change on"
            yield Finding(said, "loosened", "warning", position)
        else:
            yield Finding(said, "loosened", "warning", position)


def places_of(project: Path, entries: Sequence[Exemption]) -> list[Position]:
    """Where the entries stand in the configuration; the parser is loaded only when there are some."""
    if not entries:
        return []
    from xptasks.config.positions import locate  # noqa: PLC0415 - as above

    found = locate((project / CONFIG).read_text(encoding="utf-8"))
    spans = [found.key(("ratchets", item.ratchet, "loosen", item.number)) for item in entries]
    return [Position(CONFIG, span.line, span.column) for span in spans]


def _reading(
    verdicts: Sequence[Verdict], findings: Sequence[Finding], counts: Policy, concerned: Mapping[str, StepResult]
) -> Reading:
    words = [counts.note, *(_say(verdict, counts, concerned[verdict.ratchet]) for verdict in verdicts)]
    said = "; ".join(word for word in words if word)
    if any(finding.severity == "error" for finding in findings):
        return Reading(Status.FAILED, said, tuple(findings))
    # What was not measured is all right only where there was nothing to measure.
    unknown = {verdict.ratchet for verdict in verdicts if verdict.outcome == "not measured"}
    missing = any(concerned[name].status is not Status.PASSED for name in unknown)
    held = len(unknown) < len(verdicts) and not missing
    return Reading(Status.PASSED if held else Status.SKIPPED, said, tuple(findings))


def _say(verdict: Verdict, counts: Policy, step: StepResult) -> str:
    if verdict.outcome == "not measured":
        why = "nothing to measure in this change" if step.status is Status.PASSED else f"{step.step} {step.status}"
        return f"{verdict.ratchet} not measured ({why})"
    word = "loosened to" if verdict.exempt else "floor"
    unit = counts.rules[verdict.ratchet].unit
    measured = f"{_number(verdict.measured)}{f' {unit}' if unit else ''}"
    return f"{verdict.ratchet} {measured} ({word} {verdict.floor:g})"


def _rerun(results: Iterable[StepResult]) -> str:
    return next((result.rerun for result in results if result.rerun), "")
