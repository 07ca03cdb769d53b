"""What a finished run of a tier says to the history: from its result file, or from the run itself. Pure."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from xptasks.history.events import Actor, HistoryEvent, Intervention, Kind, event

_MOST = 100  # findings of a step that are told; more of them are one mistake with many places
_CHANGING = re.compile(r"0x[0-9a-fA-F]+|\d+(\.\d+)?")
_RED = frozenset({"failed", "error", "timed out"})


def events(run: Mapping[str, Any]) -> list[HistoryEvent]:
    """The events of a run; the same run gives the same ids, whoever tells it.

    Args:
        run: a `report.result_json.LastRun` as a dictionary, which is what `.xp/last-run.json` holds.

    Raises:
        ValueError: it could not begin, or it does not say of which project it is.
    """
    under = run["circumstances"]
    if not run["run_id"]:
        raise ValueError("the run could not begin, so nothing happened")
    if not under["project"] or not under["began"]:
        raise ValueError("it does not say of which project it is, and when: an older version of xptasks has written it")
    of = _Of(under["began"] + run["seconds"], under["project"], run["run_id"], run["commit"])
    return [
        of.event(Kind.RUN_FINISHED, under["actor"], **_run(run, under)),
        *(of.event(Kind.STEP_FINISHED, under["actor"], step["step"], **_step(run, step)) for step in run["steps"]),
        *_interventions(run, under, of),
    ]


def is_red(status: str) -> bool:
    """Whether a run of this status asked for work: the check said no, or could not say anything."""
    return status in _RED


def fingerprint(rule: str, file: str, message: str) -> str:
    """What a finding is known by, from run to run: neither its line nor numbers in its message count.

    A failed test is known by its name alone; what it says changes with the failure.
    """
    words = (rule,) if is_test(rule) else (rule, file, _CHANGING.sub("0", message))
    return hashlib.sha256("\0".join(words).encode(errors="surrogatepass")).hexdigest()[:16]


def is_test(rule: str) -> bool:
    """Whether a finding's rule is the name of a test, `tests/test_one.py::test_two`."""
    return "::" in rule


@dataclass(frozen=True, slots=True)
class _Of:
    """What all events of a run have."""

    at: float
    project: str
    run: str
    commit: str

    def event(self, kind: Kind, actor: str, *key: object, **data: Any) -> HistoryEvent:  # noqa: ANN401 - JSON
        """An event of the run."""
        return event(kind, self.at, self.project, self.run, *key, commit=self.commit, actor=actor, run=self.run, **data)

    def intervention(self, kind: Intervention, actor: str, why: str) -> HistoryEvent:
        """Somebody stepped in."""
        return self.event(Kind.INTERVENTION, actor, kind, intervention=str(kind), why=why)


def _run(run: Mapping[str, Any], under: Mapping[str, Any]) -> dict[str, Any]:
    told = {
        "tier": run["tier"],
        "status": run["status"],
        "exit_code": run["exit_code"],
        "seconds": round(run["seconds"], 3),
        "attempt": under["attempt"],
        "environment": under["environment"],
    }
    more = {
        "words": list(under["words"]),
        "profile": under["profile"],
        "overrides": list(under["overrides"]),
        "changes": list(under.get("changes", ())),
        "edited": run.get("edited", ""),
    }
    return {**told, **{name: value for name, value in more.items() if value}}


def _step(run: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    reading = step["reading"]
    found = {}
    for finding in [each for each in reading["findings"] if each["severity"] == "error"][:_MOST]:
        file = (finding["position"] or {}).get("file", "")
        found[fingerprint(finding["rule"], file, finding["message"])] = finding["rule"] or file
    told = {
        "tier": run["tier"],
        "step": step["step"],
        "status": reading["status"],
        "seconds": round(step["seconds"], 3),
        "cached": step["cached"],
    }
    measured = {each["name"]: each["value"] for each in reading["measurements"] if isfinite(each["value"])}
    more = {"measurements": measured, "fingerprints": found}
    return {**told, **{name: value for name, value in more.items() if value}}


def _interventions(run: Mapping[str, Any], under: Mapping[str, Any], of: _Of) -> Iterator[HistoryEvent]:
    actor, again = under["actor"], under["again"]
    if under["overrides"] and Actor.parse(actor).kind == "human":
        why = f"{run['tier']} ran with {', '.join(under['overrides'])} overridden"
        yield of.intervention(Intervention.OVERRIDE, actor, why)
    if under["attempt"] > 1 and again and Actor.parse(again).kind == "human":
        yield of.intervention(Intervention.RERUN, again, f"attempt {under['attempt']} of {run['tier']}")


def rerun(run: HistoryEvent, before: HistoryEvent) -> HistoryEvent:
    """The intervention of a person who ran a red tier again."""
    why = f"{run.data['tier']} was {before.data['status']} ({before.data['run']})"
    of = _Of(run.at, run.project, run.data["run"], run.commit)
    return of.intervention(Intervention.RERUN, run.actor, why)
