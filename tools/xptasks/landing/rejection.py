"""Why a change does not land, in words that its author, as a rule an agent, can act on: at most 2,000 bytes. Pure.

What failed, where, why, where the whole log lies, and which command comes next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xptasks.landing.merging import Unmergeable
from xptasks.landing.policy import Reason
from xptasks.markup import clean
from xptasks.results import Status

MOST = 2000
"""Bytes of a text."""

_LINE = 300  # bytes of one line
_FINDINGS = 12
_TAIL = 8  # lines of output where no finding says more
_MILD = (Status.PASSED, Status.SKIPPED)


@dataclass(frozen=True, slots=True)
class Why:
    """Why a change does not land.

    Attributes:
        rule: a stable name for what stops it.
        text: for its author.
        fingerprint: the same for failures that look the same, whoever's they are.
    """

    rule: str
    text: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where it happened.

    Attributes:
        remote: the remote's name, as developers call it.
        trunk: the branch.
        tip: the commit of the trunk that it was tested on.
        tier: the tier.
        host: the machine.
    """

    remote: str
    trunk: str
    tip: str
    tier: str
    host: str = ""

    @property
    def rebase(self) -> str:
        """How a change gets the trunk's state."""
        return f"git fetch {self.remote} && git rebase {self.remote}/{self.trunk}"


def unmergeable(found: Unmergeable, setting: Setting) -> Why:
    """A change that cannot be merged."""
    tip = f"{setting.trunk} ({setting.tip[:12]})"
    body = [f"  {file}" for file in found.files]
    match found.rule:
        case "conflict":
            head, after = f"it is in conflict with {tip}:", f"{setting.rebase}, mend the conflicts, `inv land`"
        case "unrelated":
            head = f"it has no commit in common with {tip}"
            after = f"make the change on a branch of {setting.remote}/{setting.trunk}, then `inv land`"
        case "nothing":
            head, after = f"there is nothing to land: {tip} has all of it", "nothing; it is done"
        case "no-commit":
            head = "what was pushed to the queue is no commit"
            after = f"git push {setting.remote} HEAD:refs/xp/queue/NAME, or `inv land`"
    return Why(found.rule, _fitted([head], body, [f"next: {after}"]), " ".join((found.rule, *sorted(found.files))))


def policy(reasons: Sequence[Reason], after: str = "mend it, commit, `inv land`") -> Why:
    """A change that the trunk's rules keep from landing; `after` is what comes next."""
    rule = reasons[0].rule if reasons else "policy"
    text = [line for reason in reasons for line in str(reason).splitlines()]
    return Why(
        rule, _fitted(text[:1], text[1:], [f"next: {after}"]), " ".join(sorted({reason.rule for reason in reasons}))
    )


def gate(run: Mapping[str, Any], words: Iterable[str], setting: Setting, logs: str, tail: Sequence[str] = ()) -> Why:
    """A change with which the gate is red, and without which it is green.

    Args:
        run: `.xp/last-run.json`.
        words: what failed, see `xptasks.landing.queue.Ran`.
        setting: where it happened.
        logs: the folder with the logs.
        tail: the last lines that were printed, for a run that wrote no result.
    """
    failed = [step for step in run.get("steps", ()) if step["reading"]["status"] not in _MILD]
    names = ", ".join(step["step"] for step in failed) or "the gate"
    head = f"{names} failed on {setting.trunk} ({setting.tip[:12]}) with this change, twice, and not without it"
    body = [line for step in failed for line in _step(step)]
    if not failed:
        body = [f"  {notice}" for notice in run.get("notices", ())] or [f"  | {line}" for line in tail[-_TAIL:]]
    again = next((step["rerun"] for step in failed if step["rerun"]), f"nox -s {setting.tier}")
    return Why("gate", _fitted([head], body, _last(setting, logs, again)), " ".join(sorted(words)))


def broken(words: Iterable[str], setting: Setting, logs: str, tail: Sequence[str]) -> Why:
    """A change with which the gate cannot run, while it can without it."""
    head = f"the gate cannot run on {setting.trunk} ({setting.tip[:12]}) with this change, and can without it"
    body = [f"  | {line}" for line in tail[-_TAIL:]]
    human = "a human has to look; a new state of the change is tried again by itself"
    return Why(
        "gate-broken",
        _fitted([head], body, [human, *_last(setting, logs, f"nox -s {setting.tier}")]),
        " ".join(sorted(words)),
    )


def _step(step: Mapping[str, Any]) -> Iterable[str]:
    """The step, then a line a finding."""
    reading = step["reading"]
    yield f"{step['step']} {reading['status']}: {reading['summary']}"
    errors = [finding for finding in reading["findings"] if finding["severity"] == "error"]
    for finding in errors[:_FINDINGS]:
        yield f"  {_place(finding['position'])}{finding['message']}{_rule(finding['rule'])}"
        if finding["hint"]:
            yield f"    {finding['hint'].splitlines()[0]}"
    if len(errors) > _FINDINGS:
        yield f"  and {len(errors) - _FINDINGS} more"


def _place(found: Mapping[str, Any] | None) -> str:
    parts = (found["file"], found["line"], found["column"]) if found else ()
    place = ":".join(str(part) for part in parts if part is not None)
    return f"{place}: " if place else ""


def _rule(rule: str) -> str:
    return f" [{rule}]" if rule else ""


def _last(setting: Setting, logs: str, again: str) -> list[str]:
    where = f" on {setting.host}" if setting.host else ""
    return [f"logs: {logs}{where}", f"next: {setting.rebase}, then `{again}`; mend it, commit, `inv land`"]


def _fitted(head: Iterable[str], body: Iterable[str] = (), last: Iterable[str] = ()) -> str:
    """At most `MOST` bytes: the end is kept, of the middle what fits."""
    first, end = [_clip(line) for line in head], [_clip(line) for line in last]
    lines = [_clip(line) for line in body]
    kept: list[str] = []
    room = MOST - 40 - _size([*first, *end])
    for number, line in enumerate(lines):
        if _size([*kept, line]) > room:
            kept.append(f"  ... {len(lines) - number} more lines")
            break
        kept.append(line)
    return _cut("\n".join([*first, *kept, *end]), MOST)


def _clip(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip(" "))]
    return _cut(indent + " ".join(clean(line).split()), _LINE)


def _cut(text: str, size: int) -> str:
    content = text.encode()
    return text if len(content) <= size else content[: size - 3].decode(errors="ignore") + "…"


def _size(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)
