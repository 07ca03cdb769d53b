"""One issue for each thing that fails in the night: what is opened, updated, opened again and closed. Pure.

A failure is known by a fingerprint that no line number and no number in a message changes. An issue is closed only
when the step that found its failure has run to a verdict again, in as many results as before: what did not run proves
nothing. What people closed as not planned stays closed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from xptasks.history.runs import fingerprint, is_test
from xptasks.landing.github import body
from xptasks.markup import clean

MOST = 10  # findings of one step that get an issue each; more are one failure with many places
_TITLE = 120
_FENCE = re.compile(r"`{3,}")
_NO_VERDICT = frozenset({"error", "timed out", "cancelled"})
_VERDICT = frozenset({"passed", "failed"})


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that fails.

    Attributes:
        fingerprint: what it is known by.
        tier, step: where it was found.
        title: of its issue.
        message: what is wrong, as the step said it.
        place: `file:line`, empty without one.
        rerun: the command that shows it again.
    """

    fingerprint: str
    tier: str
    step: str
    title: str
    message: str
    place: str = ""
    rerun: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """What a night showed.

    Attributes:
        failures: by fingerprint, those that get an issue.
        seen: the fingerprints of everything that fails.
        verdicts: in how many results each step of a tier came to a verdict.
        commits: that were checked.
        runs: the ids of the runs.
    """

    failures: Mapping[str, Failure]
    seen: frozenset[str]
    verdicts: Mapping[tuple[str, str], int]
    commits: tuple[str, ...]
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """An issue with our label.

    Attributes:
        number: its number.
        open: whether it is open.
        planned: False when people closed it as not planned.
        text: its description.
    """

    number: int
    open: bool
    planned: bool
    text: str

    @property
    def facts(self) -> Mapping[str, object]:
        """What we wrote into it; empty when it is not ours."""
        return body.facts_of(self.text)


What = Literal["open", "update", "reopen", "close", "leave"]


@dataclass(frozen=True, slots=True)
class Act:
    """What to do with one issue.

    Attributes:
        what: to do.
        why: in words.
        number: of the issue; 0 for a new one.
        title, text: of the issue, empty where they stay.
        comment: to be added; empty for none.
    """

    what: What
    why: str
    number: int = 0
    title: str = ""
    text: str = ""
    comment: str = ""


def observed(results: Iterable[Mapping[str, Any]]) -> Observed:
    """What the results of a night show together.

    Args:
        results: the content of several `.xp/last-run.json`, of several tiers, Pythons or machines.
    """
    failures: dict[str, Failure] = {}
    seen: set[str] = set()
    verdicts: dict[tuple[str, str], int] = {}
    commits, runs = [], []
    for result in results:
        commits.append(str(result["commit"]))
        runs.append(str(result["run_id"]))
        for step in result["steps"]:
            found = list(_of_step(str(result["tier"]), step))
            seen |= {each.fingerprint for each in found}
            if step["reading"]["status"] in _VERDICT:
                key = (str(result["tier"]), str(step["step"]))
                verdicts[key] = verdicts.get(key, 0) + 1
            for each in _grouped(str(result["tier"]), step, found):
                failures.setdefault(each.fingerprint, each)
                seen.add(each.fingerprint)
    return Observed(failures, frozenset(seen), verdicts, _unique(commits), _unique(runs))


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _of_step(tier: str, step: Mapping[str, Any]) -> Iterator[Failure]:
    reading, name = step["reading"], str(step["step"])
    if reading["status"] in _NO_VERDICT:
        yield _whole(tier, step, f"{name} gives no verdict: {reading['status']}")
        return
    if reading["status"] != "failed":
        return
    findings = [each for each in reading["findings"] if each["severity"] == "error"]
    if not findings:
        yield _whole(tier, step, f"{name} fails")
    for finding in findings:
        yield _finding(tier, step, finding)


def _finding(tier: str, step: Mapping[str, Any], finding: Mapping[str, Any]) -> Failure:
    position = finding["position"] or {}
    file, line = str(position.get("file", "")), position.get("line")
    rule, message = str(finding["rule"]), str(finding["message"])
    known = fingerprint(rule, file, message)
    told = rule if is_test(rule) else f"{rule}: {message}" if rule else message
    place = f"{file}:{line}" if file and line else file
    return Failure(
        _within(tier, step, known), tier, str(step["step"]), _title(tier, told), message, place, str(step["rerun"])
    )


def _whole(tier: str, step: Mapping[str, Any], told: str) -> Failure:
    known = fingerprint("", str(step["step"]), told)
    said = str(step["reading"]["summary"])
    return Failure(
        _within(tier, step, known), tier, str(step["step"]), _title(tier, told), said, rerun=str(step["rerun"])
    )


def _within(tier: str, step: Mapping[str, Any], known: str) -> str:
    """The same finding of another tier or step is another failure: either may be mended alone."""
    return fingerprint(tier, str(step["step"]), known)


def _title(tier: str, told: str) -> str:
    line = " ".join(clean(f"{tier}: {told}").split())
    return line if len(line) <= _TITLE else f"{line[:_TITLE]}..."


def _grouped(tier: str, step: Mapping[str, Any], found: Sequence[Failure]) -> Sequence[Failure]:
    if len({each.fingerprint for each in found}) <= MOST:
        return found
    whole = _whole(tier, step, f"{step['step']} fails in more than {MOST} places")
    listed = "\n".join(f"{each.place}: {each.message}".strip(": ") for each in found[:MOST])
    return [Failure(whole.fingerprint, tier, whole.step, whole.title, f"{listed}\n...", rerun=whole.rerun)]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When and where it was seen.

    Attributes:
        day: as `2026-11-02`.
        link: where the run can be looked at; empty without such a place.
    """

    day: str
    link: str = ""


def decide(night: Observed, issues: Sequence[Known], now: Circumstances) -> list[Act]:
    """What to do, in order: new failures first, then what is still there, then what is gone.

    Args:
        night: what was seen.
        issues: every issue with our label.
        now: when, and where.
    """
    ours: dict[str, list[Known]] = {}
    for issue in sorted(issues, key=lambda each: each.number):
        ours.setdefault(str(issue.facts.get("fingerprint", "")), []).append(issue)
    acts = [act for failure in night.failures.values() for act in _still(failure, ours, night, now)]
    gone = [
        act for known, listed in ours.items() if known and known not in night.seen for act in _gone(listed, night, now)
    ]
    order = {"open": 0, "reopen": 1, "update": 2, "leave": 3, "close": 4}
    return sorted([*acts, *gone], key=lambda act: (order[act.what], act.number))


def _still(failure: Failure, ours: Mapping[str, list[Known]], night: Observed, now: Circumstances) -> Iterator[Act]:
    known = ours.get(failure.fingerprint, [])
    opened = [each for each in known if each.open]
    for double in opened[1:]:
        yield Act("close", "told twice", double.number, comment=f"The same as #{opened[0].number}.")
    if opened:
        yield _updated("update", opened[0], failure, night, now)
    elif any(not each.planned for each in known):
        yield Act("leave", "closed as not planned", next(each.number for each in known if not each.planned))
    elif known:
        yield _updated("reopen", known[-1], failure, night, now)
    else:
        text = body.with_section("", _text(failure, night, now, 1, now.day), _facts(failure, night, now.day, 1))
        yield Act("open", "new", title=failure.title, text=text)


def _updated(what: What, issue: Known, failure: Failure, night: Observed, now: Circumstances) -> Act:
    facts = issue.facts
    if what == "update" and facts.get("runs") == list(night.runs):
        return Act("leave", "told already", issue.number)
    times, first = int(str(facts.get("times") or 0)) + 1, str(facts.get("first") or now.day)
    text = body.with_section(issue.text, _text(failure, night, now, times, first), _facts(failure, night, first, times))
    comment = f"It fails again, {_where(night, now)}." if what == "reopen" else ""
    return Act(what, f"seen {times} times", issue.number, text=text, comment=comment)


def _gone(listed: Sequence[Known], night: Observed, now: Circumstances) -> Iterator[Act]:
    for issue in listed:
        facts = issue.facts
        key = (str(facts.get("tier")), str(facts.get("step")))
        enough = night.verdicts.get(key, 0) >= max(1, int(str(facts.get("results") or 1)))
        if issue.open and enough:
            yield Act("close", "gone", issue.number, comment=f"It is gone, {_where(night, now)}.")
        elif issue.open:
            yield Act("leave", f"{key[1]} came to no verdict everywhere, so nobody knows", issue.number)


def _facts(failure: Failure, night: Observed, first: str, times: int) -> dict[str, object]:
    return {
        "fingerprint": failure.fingerprint,
        "tier": failure.tier,
        "step": failure.step,
        "results": night.verdicts.get((failure.tier, failure.step), 1),
        "first": first,
        "times": times,
        "runs": list(night.runs),
    }


def _where(night: Observed, now: Circumstances) -> str:
    commits = ", ".join(commit[:12] for commit in night.commits) or "files that were not committed"
    return f"on {now.day} at {commits}{f' ({now.link})' if now.link else ''}"


def _text(failure: Failure, night: Observed, now: Circumstances, times: int, first: str) -> str:
    said = clean(failure.message)
    fence = "`" * max(3, *(len(found) + 1 for found in _FENCE.findall(said)), 3)
    often = f"{times} times since {first}, last" if times > 1 else "once,"
    seen = f"Seen {often} {_where(night, now)}."
    parts = [
        f"The step `{failure.step}` of the tier `{failure.tier}` fails.",
        f"{fence}text\n{failure.place}{': ' if failure.place else ''}{said[:4000]}\n{fence}",
        f"To see it: `{failure.rerun}`" if failure.rerun else "",
        f"{seen} This issue closes by itself once it is gone; closed as not planned, it stays closed.",
    ]
    return "\n\n".join(part for part in parts if part)
