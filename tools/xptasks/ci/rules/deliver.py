"""Rules about delivery: the caller, the workflow that is called, and the way back."""

import re
from itertools import pairwise

from xptasks.ci import github
from xptasks.ci.github import DELIVERY, REQUIRED
from xptasks.ci.reading import Parsed
from xptasks.ci.request import Delivery, Request
from xptasks.ci.rules._rule import Found, Rule, commands, condition, needs, plain, run_of, steps, table, text, uses

_JOBS = ("canary", "observe", "promote")
_CALLER = ("deliver", "rollback")
_FOLLOW = {"canary": "canary", "observe": "observed", "promote": "promoted"}


def _wanted(parsed: Parsed, request: Request) -> Found:
    for name in _CALLER:
        if (request.delivery is not None) != (name in parsed.jobs):
            said = "is missing" if request.delivery else "is there, and the configuration does not ask for it"
            yield ("jobs",), f"the job {name} {said}"


def _gated(parsed: Parsed, request: Request) -> Found:
    job = parsed.jobs.get("deliver")
    if job is None or request.delivery is None:
        return
    found, place = condition(job), ("jobs", "deliver")
    if REQUIRED not in needs(job) or re.search(r"always\(\)|cancelled\(\)|failure\(\)", found):
        yield place, "a commit that did not pass would be delivered"
    trunk = f"github.event_name == 'push' && github.ref == 'refs/heads/{request.trunk}'"
    if not found.startswith(trunk) or "||" in found:
        yield place, "something else than the trunk would be delivered"
    variable = request.delivery.variable
    if variable and f"&& vars.{variable} == 'true'" not in found:
        yield place, f"the switch {variable} does not switch it off"
    if job.get("uses") != DELIVERY:
        yield place, f"it calls something else than {DELIVERY}"


def _alone(parsed: Parsed, _: Request) -> Found:
    job = parsed.jobs.get("deliver")
    if job is None:
        return
    rule = table(job.get("concurrency"))
    if "${{" in text(rule.get("group", "${{")):
        yield ("jobs", "deliver"), "two commits may be delivered at the same time"
    if rule.get("cancel-in-progress") is not False:
        yield ("jobs", "deliver"), "the next commit cuts off a delivery that is under way"
    for name, other in parsed.jobs.items():
        if name != "deliver" and "concurrency" in other:
            yield ("jobs", name, "concurrency"), f"the job {name} may be cancelled while it waits for its group"


def _back(parsed: Parsed, request: Request) -> Found:
    job, place = parsed.jobs.get("rollback"), ("jobs", "rollback")
    if job is None or request.delivery is None:
        return
    found = condition(job)
    wanted = ["always()", *github.delivers(request, request.delivery).split(" && ")]
    *parts, ended = found.split(" && ")
    if "always()" not in parts or "deliver" not in needs(job):
        yield place, "it does not run when the delivery was cancelled or took too long"
    for result in ("failure", "cancelled"):
        if f"needs.deliver.result == '{result}'" not in ended.strip("()").split(" || "):
            yield place, f"it does not run after a delivery that ended with {result}"
    for part in parts:
        if part not in wanted:
            yield place, f"it runs only if also `{part}`"
    for part in set(wanted) - {"always()", *parts}:
        yield place, f"it also runs without `{part}`"
    if 'deploy-undo --rev "$GITHUB_SHA"' not in run_of(parsed, "rollback"):
        yield (*place, "steps"), "it does not take back the commit of this run"
    if any("if" in step for _, step in parsed.steps("rollback")):
        yield (*place, "steps"), "it takes back only sometimes"
    yield from _placed("rollback", parsed, request.delivery, request.delivery.rollback)


def _placed(name: str, parsed: Parsed, delivery: Delivery, environment: str) -> Found:
    """A job's machine, environment and time limit."""
    job, place = parsed.jobs[name], ("jobs", name)
    found = job.get("environment")
    if (table(found).get("name") if isinstance(found, dict) else found) != environment:
        yield place, f"the job {name} is not held by the environment {environment} and its rules"
    if job.get("runs-on") != list(delivery.runner):
        yield (*place, "runs-on"), f"the job {name} does not run where releases and journal are"
    limit = job.get("timeout-minutes")
    if limit != delivery.minutes[name]:
        yield place, f"the job {name} may take {limit} minutes, and what it waits for takes {delivery.minutes[name]}"


def _cached(parsed: Parsed, _: Request) -> Found:
    for place, job, step in steps(parsed):
        if job in {"plan", "gate", "scan", "history", "failures", "land", REQUIRED}:
            continue
        if uses(step, "actions/cache") or "cache" in table(step.get("with")):
            yield place, "what an earlier run left in a cache would get into a release"
        if uses(step, "actions/download-artifact"):
            yield place, "what a run with fewer rights left would get into a release"


def _checkout(parsed: Parsed, _: Request) -> Found:
    for place, job, step in steps(parsed):
        given = table(step.get("with"))
        if job in {*_JOBS, "rollback"} and uses(step, "actions/checkout"):
            if {"ref", "repository"} & given.keys():
                yield place, "what is delivered is not the commit that passed"
            if given.get("clean") is not False:
                yield place, "cleaning deletes the environment that the watcher on this machine runs in"


def _called(parsed: Parsed, request: Request) -> Found:
    if request.delivery is None:
        yield (), "the configuration does not ask for a delivery"
        return
    if list(parsed.events) != ["workflow_call"]:
        yield ("on",), "it is started by something else than a commit that passed"
    for name in _JOBS:
        if name not in parsed.jobs:
            yield ("jobs",), f"the job {name} is missing"
    for name in parsed.jobs:
        if name not in _JOBS:
            yield ("jobs", name), f"nobody generates a job {name}"


def _order(parsed: Parsed, _: Request) -> Found:
    for before, name in pairwise(_JOBS):
        if name in parsed.jobs and needs(parsed.jobs[name]) != [before]:
            yield ("jobs", name), f"the job {name} does not wait for {before}"
    for name, job in parsed.jobs.items():
        if "if" in job or any("if" in step for _, step in parsed.steps(name)):
            yield ("jobs", name), f"the job {name} runs although the one before it failed, or not although it passed"


def _stages(parsed: Parsed, request: Request) -> Found:
    delivery = request.delivery
    if delivery is None:
        return
    for name in (name for name in _JOBS if name in parsed.jobs):
        environment = delivery.production if name == "promote" else delivery.canary
        yield from _placed(name, parsed, delivery, environment)
        follow = f'deploy-follow --rev "$GITHUB_SHA" --until {_FOLLOW[name]}'
        if follow not in run_of(parsed, name):
            yield ("jobs", name, "steps"), f"the job {name} does not wait until this commit is {_FOLLOW[name]}"
    start = f'deploy-{delivery.strategy} --rev "$GITHUB_SHA" --detach --confirm'
    if "canary" in parsed.jobs and start not in run_of(parsed, "canary"):
        yield (
            ("jobs", "canary", "steps"),
            f"it does not start a {delivery.strategy} of this commit that waits to be promoted",
        )


def _rights(parsed: Parsed, request: Request) -> Found:
    allowed = plain(github.delivering_permissions(request))
    for name, job in parsed.jobs.items():
        if table(job.get("permissions")) != allowed:
            yield ("jobs", name), f"the job {name} may do more or less than {text(allowed)}"
    if parsed.data.get("permissions") != {}:
        yield ("permissions",), "rights at the top are rights of every job"


def _installed(parsed: Parsed, request: Request) -> Found:
    expected = github.install(request).run
    for name in parsed.jobs:
        runs = commands(parsed, name)
        if not runs or runs[0] != expected:
            yield ("jobs", name, "steps"), "xptasks is not installed as the configuration says"


def _python(parsed: Parsed, request: Request) -> Found:
    for place, _job, step in steps(parsed):
        given = table(step.get("with")).get("python-version")
        if uses(step, "actions/setup-python") and given != request.python:
            yield place, f"the Python is {text(given)}, not {request.python}"


def _handed(parsed: Parsed, request: Request) -> Found:
    names = request.delivery.secrets if request.delivery else ()
    wanted = {name: {"required": False} for name in names}
    if table(table(parsed.events.get("workflow_call")).get("secrets")) != wanted:
        yield ("on",), "the secrets that it takes are not those of `[ci.deploy] secrets`"


def _secrets(parsed: Parsed, request: Request) -> Found:
    names = set(request.delivery.secrets) if request.delivery else set()
    for name, job in parsed.jobs.items():
        found = set(re.findall(r"secrets\.(\w+)", text(job)))
        if name in {*_JOBS, *_CALLER} and found - names:
            yield ("jobs", name), f"the configuration hands no secret {min(found - names)} to a delivery"


CALLER = (
    Rule("deliver", "`[ci.deploy]` says whether anything is delivered", _wanted),
    Rule("deliver-gated", "deliver commits of the trunk that passed, and nothing else", _gated),
    Rule("deliver-alone", "one group for the whole delivery, and nothing in it is cancelled", _alone),
    Rule("rollback", "always, after failure and cancellation, for the commit of the run", _back),
    Rule("deliver-cache", "build releases from the commit alone", _cached),
    Rule("deliver-checkout", "check out the commit that started the run, without cleaning", _checkout),
    Rule("deliver-secrets", "`[ci.deploy] secrets` names them", _secrets),
)
CALLED = (
    Rule("deliver-called", "it is called by autonomous.yml, and has canary, observe and promote", _called),
    Rule("deliver-order", "canary, then observe, then promote", _order),
    Rule("deliver-stages", "let xptasks deploy this commit, and wait for it", _stages),
    Rule("deliver-rights", "contents: read, and id-token: write where `[ci.deploy] oidc` says so", _rights),
    Rule("deliver-cache", "build releases from the commit alone", _cached),
    Rule("deliver-checkout", "check out the commit that started the run, without cleaning", _checkout),
    Rule("deliver-setup", "`[ci] setup` says how xptasks is installed", _installed),
    Rule("deliver-python", "the newest of `[project] python`", _python),
    Rule("deliver-handed", "take each of them, none required", _handed),
    Rule("deliver-secrets", "`[ci.deploy] secrets` names them", _secrets),
)
