"""Rules about what starts a workflow, and what ends it early."""

from xptasks.ci.reading import Parsed
from xptasks.ci.request import Request
from xptasks.ci.rules._rule import Found, Rule, table, text

_DANGEROUS = {
    "pull_request_target": "it runs with this repository's rights for whoever proposes a change",
    "workflow_run": "it runs with this repository's rights after a run of whoever proposed a change",
    "issue_comment": "anybody who may comment starts it with this repository's rights",
}
_FILTERS = ("paths", "paths-ignore", "branches-ignore", "tags", "tags-ignore")
_NEEDED = ("opened", "synchronize", "reopened")


def _dangerous(parsed: Parsed, _: Request) -> Found:
    for event in parsed.events:
        if event in _DANGEROUS:
            yield ("on", event), f"{event}: {_DANGEROUS[event]}"


def _missing(parsed: Parsed, request: Request) -> Found:
    events = parsed.events
    why = {
        "pull_request": "changes are not checked",
        "push": "the trunk is not checked, and nothing is delivered",
        "merge_group": "a merge queue waits for ever for a check that does not start",
        "workflow_dispatch": "nobody can start a tier by hand",
    }
    for event, what in why.items():
        if event not in events:
            yield ("on",), f"the event {event} is missing: {what}"
    for event in ("pull_request", "push"):
        branches = table(events.get(event)).get("branches")
        if event in events and branches is not None and request.trunk not in branches:
            yield ("on", event), f"{event} leaves out the trunk, {request.trunk}"
    if events.get("pull_request") is None:
        return
    types = table(events["pull_request"]).get("types")
    lacking = [name for name in _NEEDED if types is not None and name not in types]
    if lacking:
        yield ("on", "pull_request", "types"), f"changes are not checked when they are {lacking[0]}"


def _filtered(parsed: Parsed, request: Request) -> Found:
    for event in ("pull_request", "push", "merge_group"):
        for key in _FILTERS:
            if key in table(parsed.events.get(event)):
                yield ("on", event, key), f"{event} is filtered by {key}, so a required check may never start"
    branches = table(parsed.events.get("push")).get("branches")
    if "push" in parsed.events and branches != [request.trunk]:
        yield ("on", "push"), "push is for the trunk only; other branches would run as if they were the trunk"


def _schedule(parsed: Parsed, request: Request) -> Found:
    found = parsed.events.get("schedule")
    there = {text(table(entry).get("cron", "")) for entry in found} if isinstance(found, list) else set()
    for tier, cron in request.schedules.items():
        if cron not in there:
            yield ("on",), f"the schedule of the tier {tier} is missing: {cron}"
    for cron in there - set(request.schedules.values()):
        yield ("on", "schedule"), f"no tier runs at {cron}"


def _cancels(parsed: Parsed, _: Request) -> Found:
    rule = table(parsed.data.get("concurrency"))
    cancels, group = text(rule.get("cancel-in-progress", False)), text(rule.get("group", ""))
    if cancels.replace(" ", "") not in {"false", "${{github.event_name=='pull_request'}}"}:
        yield ("concurrency",), "runs of the trunk, and with them deliveries, are cancelled by the next one"
    if "github.run_id" not in group or "github.event_name == 'pull_request'" not in group:
        yield ("concurrency",), "runs of the trunk share a group, so all but the newest waiting one are cancelled"
    if cancels == "false" or "pull_request.number" not in group:
        yield ("concurrency",), "a change that was pushed again is checked twice at the same time"


def _by_hand(parsed: Parsed, request: Request) -> Found:
    inputs = table(table(parsed.events.get("workflow_dispatch")).get("inputs"))
    tier = table(inputs.get("tier"))
    if tier.get("type") != "choice" or tier.get("options") != sorted(request.minutes) or len(inputs) != 1:
        yield ("on", "workflow_dispatch"), "by hand, one of the tiers is chosen, and nothing else is typed in"
    elif tier.get("default") != request.gate:
        yield ("on", "workflow_dispatch"), f"what is started by hand without a choice is {request.gate}"


RULES = (Rule("trigger-dangerous", "use pull_request; what needs rights belongs to the trunk", _dangerous),)
OURS = (
    Rule("trigger-missing", "start it for changes, the trunk, the merge queue, and by hand", _missing),
    Rule("trigger-by-hand", "the choice of a tier, all of them", _by_hand),
    Rule("trigger-filtered", "start it for every change", _filtered),
    Rule("schedule", "`[ci.schedules]` says when tiers run; every one of them is here", _schedule),
    Rule("concurrency", "one group a pull request, cancelled; one a run for everything else", _cancels),
)
