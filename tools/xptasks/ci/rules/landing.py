"""Rules about the job that arms a change to land: it holds a token that may write."""

from xptasks.ci import github
from xptasks.ci.reading import Parsed
from xptasks.ci.request import Request
from xptasks.ci.rules._rule import Found, Rule, guarded, run_of, table, uses

_JOB = "land"
_BASE = "${{ github.event.pull_request.base.sha }}"


def _wanted(parsed: Parsed, request: Request) -> Found:
    if request.auto_merge != (_JOB in parsed.jobs):
        said = "is missing" if request.auto_merge else "is there, and the configuration does not ask for it"
        yield ("jobs",), f"the job {_JOB} {said}"


def _app(parsed: Parsed, request: Request) -> Found:
    if _JOB not in parsed.jobs:
        return
    environment = github.APP_ENVIRONMENT if request.app else None
    if parsed.jobs[_JOB].get("environment") != environment:
        yield ("jobs", _JOB), f"the app's key is held by the environment {environment}, and by nothing else"
    if "labeled" not in table(parsed.events.get("pull_request")).get("types", []):
        yield ("on", "pull_request"), "a change is not armed when it gets its label"


def _guard(parsed: Parsed, _: Request) -> Found:
    if _JOB in parsed.jobs and not guarded(parsed.jobs[_JOB]):
        yield ("jobs", _JOB), "a change from a fork could be armed to land"


def _base(parsed: Parsed, _: Request) -> Found:
    for number, step in parsed.steps(_JOB) if _JOB in parsed.jobs else []:
        if uses(step, "actions/checkout") and table(step.get("with")).get("ref") != _BASE:
            yield ("jobs", _JOB, "steps", number), "the change's own code would run with a token that may write"
        if uses(step, "actions/checkout") and table(step.get("with")).get("fetch-depth") != 0:
            yield ("jobs", _JOB, "steps", number), "without its history the change cannot be judged"


def _head(parsed: Parsed, _: Request) -> Found:
    if _JOB not in parsed.jobs:
        return
    run = run_of(parsed, _JOB)
    if '--head "$HEAD"' not in run or '--number "$NUMBER"' not in run:
        yield ("jobs", _JOB, "steps"), "what is armed is not the commit that was looked at"
    env = [table(step.get("env")) for _, step in parsed.steps(_JOB) if "--head" in str(step.get("run"))]
    if env and env[0].get("HEAD") != "${{ github.event.pull_request.head.sha }}":
        yield ("jobs", _JOB, "steps"), "what is armed is not the commit that started the run"


RULES = (
    Rule("land", "`[landing] forge` says whether changes are armed", _wanted),
    Rule("land-app", "the key of an app belongs to an environment; labels start the job", _app),
    Rule("land-guard", "`github.event.pull_request.head.repo.full_name == github.repository`", _guard),
    Rule("land-checkout", "check out github.event.pull_request.base.sha", _base),
    Rule("land-head", "name pull request and head, so that a later push is not armed with it", _head),
)
