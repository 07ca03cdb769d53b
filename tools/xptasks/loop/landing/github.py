"""Landing on GitHub, at the edge: what the tasks about it read, call and print."""

import datetime as dt
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xptasks.config.settings import Config
from xptasks.errors import CannotRunError, UsageError, XpError
from xptasks.landing.forge import github as forge
from xptasks.landing.forge.github import GithubForge
from xptasks.landing.github import doctor, failures, interventions, statuses
from xptasks.landing.github.api import Repository, workflows
from xptasks.landing.github.client import Time
from xptasks.landing.github.doctor import Facts, Point
from xptasks.landing.github.failures import Act, Circumstances, Known
from xptasks.landing.github.interventions import People
from xptasks.landing.github.pulls import understood
from xptasks.landing.github.workflows import guards
from xptasks.landing.proposal import Standing
from xptasks.loop.recording import Recorder
from xptasks.results import LAST_RUN

if TYPE_CHECKING:
    from xptasks.history.events import HistoryEvent

_PAGE = 25
_NAME = Path(LAST_RUN).name


def connected(config: Config, project: Path, environ: Mapping[str, str], machine: Time | None = None) -> GithubForge:
    """The project's repository on GitHub, also where the forge is another one; in a workflow it says itself which.

    Raises:
        XpError: nobody knows which repository it is, or there is no token.
    """
    github = config.landing.github
    told = environ.get("GITHUB_REPOSITORY", "") if environ.get("GITHUB_ACTIONS") else ""
    address = environ.get("GITHUB_API_URL", "") if told else ""
    changed = {"repository": github.repository or told, "api": github.api}
    if address and "api" not in github.model_fields_set:
        changed["api"] = address
    settings = config.landing.model_copy(update={"github": github.model_copy(update=changed)})
    return forge.of(settings, project, environ, machine or Time())


def land_pull_request(at: GithubForge, number: int, head: str, note: str = "") -> Standing:
    """Let a pull request that people or agents opened merge by itself, and keep its comment up to date.

    Args:
        at: the repository.
        number: of the pull request.
        head: the commit that was judged.
        note: what its comment says.
    """
    at.comment(number, note)
    return at.arm(number, head)


def contract_note(project: Path, config: Config, today: dt.date) -> str:
    """What the change at hand changes about the contracts, as Markdown; empty when nothing, or nothing can be said."""
    from xptasks.contracts.compat import formats  # noqa: PLC0415 - only who proposes a change pays for it
    from xptasks.loop.compatibility import judge  # noqa: PLC0415

    contracts = config.contracts
    if not (contracts.openapi or contracts.asyncapi):
        return ""
    try:
        judgement = judge(contracts, project, today=today)
    except XpError as error:  # the gate says it with all that belongs to it
        return f"What changes about the contracts could not be told: {error.message}."
    return formats.show("markdown", judgement) if judgement.changes else ""


# the doctor


def examine(at: GithubForge) -> list[Point]:
    """Look at the repository, its rules, its workflows and the token; nothing is changed.

    Raises:
        XpError: GitHub cannot be asked.
    """
    settings, repository = at.settings, at.repository
    said = repository.settings(settings.trunk)
    rules = repository.rules(settings.trunk)
    found = understood("settings", lambda: (said["repository"], str(said["viewer"]["login"]), workflows(said)))
    allows, viewer, files = found
    return doctor.examine(
        Facts(
            repository=repository.name,
            viewer=viewer,
            token=repository.client.token.reference,
            trunk=settings.trunk,
            check=settings.github.check,
            method=settings.method,
            automatic=bool(allows["autoMergeAllowed"]),
            squash=bool(allows["squashMergeAllowed"]),
            merges=bool(allows["mergeCommitAllowed"]),
            deletes=bool(allows["deleteBranchOnMerge"]),
            archived=bool(allows["isArchived"]),
            rules=rules,
            bypass={number: _bypass(repository, number) for number in rules.rulesets},
            guards=guards(files, settings.github.check),
            may={name: repository.may(name, settings.trunk) for name in doctor.NEEDED},
        )
    )


def _bypass(repository: Repository, number: int) -> str | None:
    found = repository.ruleset(number)
    return None if found is None else found.get("current_user_can_bypass")


def points_as_text(points: Sequence[Point]) -> str:
    """One line for each, and under what is not in order what to do."""
    width = max(len(point.name) for point in points)
    lines = []
    for point in points:
        lines.append(f"{point.verdict:<7}  {point.name:<{width}}  {point.found}")
        lines += [f"{'':<{width + 11}}{point.remedy}"] if point.remedy else []
    return "\n".join(lines) + "\n"


def points_as_json(points: Sequence[Point]) -> str:
    """For programs."""
    return json.dumps({"points": [asdict(point) for point in points]}, indent=2) + "\n"


# what failed in the night


def results(project: Path, given: Sequence[str]) -> list[dict[str, Any]]:
    """The results in files, or in folders at any depth; the last run's without any.

    Raises:
        UsageError: there is none, or one is no result.
    """
    paths: list[Path] = []
    for name in given or (LAST_RUN,):
        path = project / name
        paths += sorted(path.rglob(_NAME)) if path.is_dir() else [path]
    if not paths:
        raise UsageError(f"there is no {_NAME} in {', '.join(given)}", hint="give the folder that has the results")
    return [_result(path) for path in paths]


def _result(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no JSON"
        raise UsageError(f"{path} cannot be read: {reason}", hint="run a tier first: nox -s TIER") from None
    if not isinstance(loaded, dict) or loaded.get("schema") != 1:
        raise UsageError(f"{path} is no result of a run", hint=f"give a {_NAME}")
    return loaded


def decide_failures(at: GithubForge, found: Sequence[Mapping[str, Any]], now: Circumstances) -> list[Act]:
    """What is to be done about issues; nothing is changed."""
    label = at.settings.github.failure_label
    issues = at.repository.issues(label)
    known = understood("issues", lambda: [_known(each) for each in issues])
    night = understood("a result", lambda: failures.observed(found))
    return failures.decide(night, known, now)


def _known(node: Mapping[str, Any]) -> Known:
    return Known(
        int(node["number"]), node["state"] == "open", node.get("state_reason") != "not_planned", node["body"] or ""
    )


def perform(at: GithubForge, acts: Sequence[Act]) -> Iterator[Act]:
    """Do it, one after the other; each with its issue's number."""
    label = at.settings.github.failure_label
    for act in acts:
        number = act.number
        if act.what == "open":
            number = at.repository.open_issue(act.title, act.text, [label])
        elif act.what != "leave":
            _edit(at.repository, act)
        yield replace(act, number=number)


def _edit(repository: Repository, act: Act) -> None:
    changes: dict[str, object] = {"body": act.text} if act.text else {}
    if act.what == "reopen":
        changes |= {"state": "open", "state_reason": "reopened"}
    if act.what == "close":
        changes |= {"state": "closed", "state_reason": "completed"}
    if act.comment:
        repository.comment(act.number, act.comment)
    repository.edit_issue(act.number, **changes)


def acts_as_text(acts: Sequence[Act]) -> str:
    """One line an issue."""
    words = {"open": "opened", "update": "updated", "reopen": "opened again", "close": "closed", "leave": "left"}
    lines = [f"{words[act.what]} #{act.number or 'new'}: {act.title or act.why}" for act in acts]
    return "\n".join(lines or ["nothing fails, and no issue waits for it"]) + "\n"


def acts_as_json(acts: Sequence[Act]) -> str:
    """For programs."""
    return json.dumps({"issues": [asdict(act) for act in acts]}, indent=2) + "\n"


def circumstances(environ: Mapping[str, str], now: float) -> Circumstances:
    """The day, and where a workflow's run can be looked at."""
    return Circumstances(dt.datetime.fromtimestamp(now, dt.UTC).date().isoformat(), run_link(environ))


def run_link(environ: Mapping[str, str]) -> str:
    """The address of the workflow run that we are in; empty outside of one."""
    parts = [environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}" if all(parts) else ""


# statuses


def report_run(at: GithubForge, run: Mapping[str, Any], link: str) -> int:
    """Report every step of a run as a status of its commit; how many.

    Raises:
        CannotRunError: the run was of no commit.
    """
    commit = str(run.get("commit") or "")
    if not commit:
        hint = "commit what was changed, and run the tier again"
        raise CannotRunError("the run was of files that were not committed", hint=hint)
    found = understood("a result", lambda: list(statuses.statuses(run)))
    for each in found:
        if each.context != at.settings.github.check:  # whoever reports that one is the gate itself
            at.repository.status(commit, each.context, each.state, each.description, link)
    return len(found)


# history


def happened(at: GithubForge, project: str, since: float, *, reruns: bool) -> Iterator["HistoryEvent"]:
    """What happened to pull requests and at the trunk since a moment, as events; telling it again tells nothing new.

    Args:
        at: the repository.
        project: the project's name.
        since: seconds since the epoch.
        reruns: whether workflow runs that people started again are told: no, where results of runs are imported,
            because these tell it, too.
    """
    settings = at.settings
    people = People(settings.github.agents, settings.agents, settings.label, frozenset(settings.hold_labels))
    for node in _changed_since(at.repository, settings.trunk, since):
        yield from understood("a pull request", lambda node=node: interventions.of_pull(node, project, people))  # type: ignore[misc]
        if reruns:
            for attempt in at.repository.reruns(node["headRefOid"]):
                yield from interventions.rerun(attempt, project, people, str(node["headRefName"]))
    recent = takewhile(lambda each: _seconds(each["timestamp"]) >= since, at.repository.activity(settings.trunk))
    yield from interventions.pushed(list(recent), project, people)


def _changed_since(repository: Repository, trunk: str, since: float) -> Iterator[Mapping[str, Any]]:
    after: str | None = None
    while True:
        page = repository.happened(trunk, _PAGE, after)
        for node in page["nodes"]:
            if _seconds(node["updatedAt"]) < since:
                return
            yield node
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def _seconds(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def record(at: GithubForge, config: Config, project: Path, since: float, *, reruns: bool) -> int:
    """Write what happened into the outbox; how many events."""
    events = list(happened(at, config.project.name, since, reruns=reruns))
    Recorder(project)(*events)
    return len(events)


def here(profile: str) -> tuple[GithubForge, Config, Path]:
    """The repository of the project that the current folder is in."""
    from xptasks.loop.commands import configuration  # noqa: PLC0415 - what it needs is for deployments

    config, project = configuration(profile)
    return connected(config, project, os.environ), config, project


def now() -> float:
    """Seconds since the epoch."""
    return time.time()
