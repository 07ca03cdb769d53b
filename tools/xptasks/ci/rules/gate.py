"""Rules about the gate: the plan, the tiers, and the one verdict."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from xptasks.ci import github
from xptasks.ci.reading import Parsed, Path
from xptasks.ci.request import Request
from xptasks.ci.rules._rule import Found, Rule, action, commands, condition, needs, run_of, steps, table, text, uses

_AFTER = frozenset({"scan", "history", "failures", "deliver", "rollback", "land"})
_LOOSENING = re.compile(r"^(XPTASKS_|PYTEST_ADDOPTS$|MYPYPATH$|PYTHONPATH$|NOX|UV_|PIP_|CI$|GITHUB_)")
_QUIETENING = re.compile(r"--(set|profile|no-cache|tag|keywords?|exclude|list|install-only)\b|\s-(k|l|R|e|t)\b")


def _jobs(parsed: Parsed, _: Request) -> Found:
    for name in ("plan", "gate", github.REQUIRED):
        if name not in parsed.jobs:
            yield ("jobs",), f"the job {name} is missing"
    unknown = [name for name in parsed.jobs if name not in {"plan", "gate", github.REQUIRED, *_AFTER}]
    for name in unknown:
        yield ("jobs", name), f"nobody generates a job {name}"


def _planned(parsed: Parsed, request: Request) -> Found:
    if "plan" not in parsed.jobs:
        return
    expected = github.plan_command(request)
    job, run = parsed.jobs["plan"], run_of(parsed, "plan")
    if expected not in run:
        yield ("jobs", "plan", "steps"), "the plan does not ask `inv ci-matrix` about exactly this event"
    if table(job.get("outputs")).get("matrix") != "${{ steps.matrix.outputs.matrix }}":
        yield ("jobs", "plan", "outputs"), "the matrix is not what the plan found"
    if [step for _, step in parsed.steps("plan") if step.get("id") == "matrix" and "run" not in step]:
        yield ("jobs", "plan", "steps"), "the step `matrix` asks nobody"
    env = [table(step.get("env")) for _, step in parsed.steps("plan") if step.get("id") == "matrix"]
    if env and env[0] != {"SCHEDULE": "${{ github.event.schedule }}", "TIER": "${{ inputs.tier }}"}:
        yield ("jobs", "plan", "steps"), "the plan is asked about another schedule or tier than what started it"


def _matrix(parsed: Parsed, _: Request) -> Found:
    if "gate" not in parsed.jobs:
        return
    strategy = table(parsed.jobs["gate"].get("strategy"))
    if strategy.get("matrix") != github.MATRIX or "plan" not in needs(parsed.jobs["gate"]):
        yield ("jobs", "gate", "strategy"), "the tiers and Pythons are not those of the plan"
    if parsed.jobs["gate"].get("timeout-minutes") != "${{ matrix.minutes }}":
        yield ("jobs", "gate", "timeout-minutes"), "the time limit is not what follows from the tier's budget"


def _runs(parsed: Parsed, request: Request) -> Found:
    if "gate" not in parsed.jobs:
        return
    expected = github.shell((*request.install.nox, "-s", "$TIER"))
    found = [(number, step) for number, step in parsed.steps("gate") if str(step.get("run")).strip() == expected]
    if not found:
        yield ("jobs", "gate", "steps"), f"the gate does not run `{expected}` and nothing else"
        return
    [(number, step), *more] = found
    place = ("jobs", "gate", "steps", number)
    if table(step.get("env")) != {"TIER": "${{ matrix.tier }}"} or more:
        yield place, "the tier that runs is not the one that the plan asks for"
    if "if" in step or "if" in parsed.jobs["gate"]:
        yield place, "the tier runs only sometimes; what did not run cannot be red"


def _overridden(parsed: Parsed, _: Request) -> Found:
    owners: list[tuple[Path, Mapping[str, Any]]] = [(("env",), parsed.data)]
    owners += [(("jobs", name, "env"), job) for name, job in parsed.jobs.items()]
    owners += [((*place, "env"), step) for place, job, step in steps(parsed) if job in {"plan", "gate"}]
    for place, owner in owners:
        for name in table(owner.get("env")):
            if _LOOSENING.match(name) and place[:2] not in {("jobs", "deliver"), ("jobs", "rollback")}:
                yield (*place, name), f"{name} changes what the gate does"
    for place, job, step in steps(parsed):
        if job in {"plan", "gate"} and _QUIETENING.search(str(step.get("run", ""))):
            yield (*place, "run"), "an option makes the gate smaller than the configuration says"
        if "working-directory" in step:
            yield (*place, "working-directory"), "another folder may hold another configuration"


def _whole(parsed: Parsed, _: Request) -> Found:
    for name in ("plan", "gate"):
        for number, step in parsed.steps(name) if name in parsed.jobs else []:
            given = table(step.get("with"))
            place = ("jobs", name, "steps", number)
            if not uses(step, "actions/checkout"):
                continue
            if name == "gate" and given.get("fetch-depth") != 0:
                yield place, "without the history nothing is compared with the trunk: size, test-first, contracts"
            if {"ref", "repository", "path", "sparse-checkout"} & given.keys():
                yield place, "what is checked is not the change"


def _python(parsed: Parsed, request: Request) -> Found:
    for place, job, step in steps(parsed):
        if uses(step, "actions/setup-python"):
            given = table(step.get("with"))
            expected = "${{ matrix.python }}" if job == "gate" else request.python
            if given.get("python-version") != expected:
                yield place, f"the Python is {text(given.get('python-version'))}, not {expected}"
    if "gate" in parsed.jobs and not any(uses(step, "actions/setup-python") for _, step in parsed.steps("gate")):
        yield ("jobs", "gate", "steps"), "the tier runs on whatever Python the machine has"


def _installed(parsed: Parsed, request: Request) -> Found:
    expected = github.install(request).run
    for name in parsed.jobs:
        runs = commands(parsed, name)
        if name != github.REQUIRED and runs and runs[0] != expected:
            yield ("jobs", name, "steps"), "xptasks is not installed as the configuration says"


def _evidence(parsed: Parsed, _: Request) -> Found:
    if "gate" not in parsed.jobs:
        return
    uploads = [(number, step) for number, step in parsed.steps("gate") if uses(step, "actions/upload-artifact")]
    if not uploads:
        yield ("jobs", "gate", "steps"), "results are not kept: no history, no issues, no code scanning"
    for number, step in uploads:
        given, place = table(step.get("with")), ("jobs", "gate", "steps", number)
        if not set(github.RESULTS) <= set(str(given.get("path", "")).split()):
            yield place, "some results are not kept"
        if given.get("include-hidden-files") is not True or given.get("if-no-files-found") != "error":
            yield place, "what lies in .xp is hidden, and is silently left out"
        if step.get("if") != "${{ !cancelled() }}":
            yield place, "results of a red run are not kept"


def _verdict(parsed: Parsed, request: Request) -> Found:
    if github.REQUIRED not in parsed.jobs:
        return
    job, place = parsed.jobs[github.REQUIRED], ("jobs", github.REQUIRED)
    if condition(job) != "always()":
        yield place, "it must run always: a verdict that was skipped counts as green for a branch rule"
    if job.get("name") != request.check:
        yield (*place, "name"), f"the branch rule asks for a check called {request.check}"
    for name in _covered(parsed):
        if name not in needs(job):
            yield (*place, "needs"), f"the verdict does not wait for {name}"
    found = [step for _, step in parsed.steps(github.REQUIRED) if "run" in step]
    if commands(parsed, github.REQUIRED) != [github.VERDICT]:
        yield (*place, "steps"), "it is green although a job was not: only `success` of every job counts"
    if found and table(found[0].get("env")) != {"NEEDS": "${{ toJSON(needs) }}"}:
        yield (*place, "steps"), "it does not look at what the jobs said"
    if any("if" in step for step in found):
        yield (*place, "steps"), "it looks only sometimes"


def _covered(parsed: Parsed) -> Iterator[str]:
    """The jobs that say whether a change is good: all but the verdict and what follows from it."""
    yield from (name for name in parsed.jobs if name not in {github.REQUIRED, *_AFTER})


def _first(parsed: Parsed, _: Request) -> Found:
    """Nothing foreign between checkout and tier: what runs before it could change what it sees."""
    if "gate" not in parsed.jobs:
        return
    known = ["actions/checkout", "actions/setup-python", "actions/cache", "", "", "actions/upload-artifact"]
    found = [action(step) for _, step in parsed.steps("gate")]
    if found != known:
        yield (
            ("jobs", "gate", "steps"),
            "the steps of the gate are not checkout, Python, packages, set-up, tier, results",
        )


RULES = (
    Rule("jobs", "plan, gate and required are there; whatever else is generated has a key in `[ci]`", _jobs),
    Rule("plan", "let `inv ci-matrix` say what runs", _planned),
    Rule("gate-matrix", "take the matrix that the plan found, whole", _matrix),
    Rule("gate-tier", "run the tier's Nox session, always", _runs),
    Rule("gate-overridden", "change xpconfig.toml, where it is seen", _overridden),
    Rule("gate-checkout", "check out the change with its whole history", _whole),
    Rule("gate-python", "take the version from the matrix", _python),
    Rule("gate-setup", "`[ci] setup` says how xptasks is installed", _installed),
    Rule("gate-results", "keep .xp/last-run.json, JUnit and SARIF, also of a red run", _evidence),
    Rule("gate-steps", "change the generator, where it is reviewed", _first),
    Rule("required", "one job, always, that fails unless every other one ended with success", _verdict),
)
