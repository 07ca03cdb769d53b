"""The workflow `autonomous.yml`: plan, gate, one verdict that branch rules ask for, and what follows from it.

Whatever comes from an event reaches a command through a variable, and no command is built from text.
"""

import shlex
from collections.abc import Iterator

from xptasks.ci.request import Delivery, Request, Words
from xptasks.ci.workflow import Job, Step, Table, Workflow
from xptasks.ci.writing import Noted

FILE = ".github/workflows/autonomous.yml"
REQUIRED = "required"
"""The job that stands for all others; a branch rule names it by `[landing.github] check`."""

RESULTS = (".xp/last-run.json", ".xp/junit.xml", ".xp/results.sarif")
DELIVERY = "$/.github/workflows/deliver.yml"
"""In this repository, at the commit that runs; no checkout is needed for that."""
APP_ID, APP_KEY, APP_ENVIRONMENT = "XPTASKS_APP_ID", "XPTASKS_APP_KEY", "landing"
HISTORY_ENVIRONMENT = "history"
MATRIX = "${{ fromJSON(needs.plan.outputs.matrix) }}"
SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"
VERDICT = """\
jq -nr 'env.NEEDS | fromjson | to_entries[] | "\\(.key): \\(.value.result)"'
jq -en 'env.NEEDS | fromjson | length > 0 and all(.[]; .result == "success")' > /dev/null"""
"""Fails unless every job that is needed ended with exactly `success`; `skipped` is none, nor is an empty text."""

_ARMING: Table = {
    "checks": Noted("read", beside="what its checks say"),
    "contents": Noted("write", beside="to merge"),
    "pull-requests": Noted("write", beside="to arm, label and comment"),
    "statuses": Noted("read", beside="as checks"),
}
_FOUND = ".xp/found"
_READ: Table = {"contents": "read"}
_FEW = 10  # minutes for a job that installs, asks and ends
_HEADER = """\
Written by `inv generate-ci` from xpconfig.toml. Do not edit: the step `ci` of the tiers compares, and says what a
weaker file would let through. Every action is pinned to a commit that was looked up in its own repository."""


def build(request: Request) -> Workflow:
    """The workflow of a project. What is not configured leaves no job behind."""
    jobs = {"plan": _plan(request), "gate": _gate(request), REQUIRED: _required(request)}
    jobs |= {name: job for name, job in _after(request).items() if job}
    return Workflow(
        name="autonomous",
        header=_HEADER,
        on=_events(request),
        concurrency={
            "group": "autonomous-${{ github.event_name == 'pull_request' && github.event.pull_request.number"
            " || github.run_id }}",
            "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
        },
        jobs=jobs,
    )


def _after(request: Request) -> dict[str, Job | None]:
    return {
        "scan": _scan(request) if request.scanning else None,
        "history": _history(request) if request.history else None,
        "failures": _failures(request) if request.schedules else None,
        "land": _land(request) if request.auto_merge else None,
        "deliver": _deliver(request),
        "rollback": _rollback(request),
    }


def _events(request: Request) -> Table:
    types = ["opened", "synchronize", "reopened", "ready_for_review"]
    found: dict[str, object] = {
        "pull_request": {"branches": [request.trunk], "types": [*types, "labeled"] if request.auto_merge else types},
        "push": {"branches": [request.trunk]},
        "merge_group": None,
    }
    crons = sorted(set(request.schedules.values()))
    if crons:
        found["schedule"] = [{"cron": cron} for cron in crons]
    tier = {"description": "The tier", "type": "choice", "options": sorted(request.minutes), "default": request.gate}
    return {**found, "workflow_dispatch": {"inputs": {"tier": tier}}}


def shell(*commands: Words) -> str:
    """Commands as lines of bash; a word with `$` is quoted so that only variables are replaced in it."""
    return "\n".join(" ".join(map(_word, words)) for words in commands)


def _word(word: str) -> str:
    return f'"{word}"' if word.startswith("$") and word[1:].isidentifier() else shlex.quote(word)


def checkout(*, whole: bool = False, clean: bool = True, ref: str = "") -> Step:
    """The repository, without the token; with its whole history where changes are compared with the trunk."""
    inputs: dict[str, object] = {"persist-credentials": False}
    if ref:
        inputs["ref"] = ref
    if whole:
        inputs["fetch-depth"] = 0
    if not clean:
        inputs["clean"] = False
    return Step(name="Check out", uses="actions/checkout", inputs=inputs)


def python(version: str) -> Step:
    """An interpreter; without the cache that this action offers."""
    return Step(name="Python", uses="actions/setup-python", inputs={"python-version": version})


def install(request: Request) -> Step:
    """Whatever makes `nox` and `inv` callable."""
    return Step(name="Set up", run=shell(*request.install.commands))


def invoke(request: Request, *words: str) -> str:
    """A call of Invoke."""
    return shell((*request.install.inv, *words))


def _ready(request: Request, *, whole: bool = False) -> tuple[Step, ...]:
    return checkout(whole=whole), python(request.python), install(request)


def plan_command(request: Request) -> str:
    """What the plan asks."""
    words = ("--event", "$GITHUB_EVENT_NAME", "--schedule", "$SCHEDULE", "--tier", "$TIER", "--output")
    return invoke(request, "ci-matrix", *words)


def _plan(request: Request) -> Job:
    env = {"SCHEDULE": "${{ github.event.schedule }}", "TIER": "${{ inputs.tier }}"}
    return Job(
        name="plan",
        note="Which tiers run on which Pythons.",
        runner=request.runner,
        permissions=_READ,
        minutes=_FEW,
        outputs={"matrix": "${{ steps.matrix.outputs.matrix }}"},
        steps=(
            *_ready(request),
            Step(name="Tiers and Pythons", id="matrix", env=env, run=plan_command(request)),
        ),
    )


def _gate(request: Request) -> Job:
    return Job(
        name="${{ matrix.tier }}, Python ${{ matrix.python }}",
        note="The tiers themselves. They write annotations and the job's summary.",
        runner=request.runner,
        needs=("plan",),
        permissions=_READ,
        minutes="${{ matrix.minutes }}",
        strategy={"fail-fast": False, "matrix": MATRIX},
        steps=(
            checkout(whole=True),
            python("${{ matrix.python }}"),
            _packages(),
            install(request),
            Step(
                name="The tier",
                env={"TIER": "${{ matrix.tier }}"},
                run=shell((*request.install.nox, "-s", "$TIER")),
            ),
            _results(request),
        ),
    )


def _packages() -> Step:
    pins = "hashFiles('requirements/*.txt', 'requirements*.txt', 'uv.lock', 'pyproject.toml')"
    inputs = {
        "path": "~/.cache/uv\n~/.cache/pip",
        "key": "packages-${{ runner.os }}-${{ matrix.python }}-${{ " + pins + " }}",
        "restore-keys": "packages-${{ runner.os }}-${{ matrix.python }}-",
    }
    note = "Downloads only: uv and pip check hashes again, and no result of a run is kept."
    return Step(name="Packages", uses="actions/cache", inputs=inputs, note=note)


def _results(request: Request) -> Step:
    inputs = {
        "name": "gate-${{ matrix.tier }}-${{ matrix.python }}-${{ github.run_attempt }}",
        "path": "\n".join(RESULTS),
        "include-hidden-files": True,
        "if-no-files-found": "error",
        "retention-days": request.retention,
    }
    return Step(name="Results", condition="${{ !cancelled() }}", uses="actions/upload-artifact", inputs=inputs)


def _required(request: Request) -> Job:
    return Job(
        name=request.check,
        note="The one check that a branch rule asks for. A job that was skipped or cancelled is not green.",
        runner="ubuntu-24.04",
        needs=("plan", "gate"),
        condition="${{ always() }}",
        minutes=_FEW // 2,
        steps=(Step(name="All of them", env={"NEEDS": "${{ toJSON(needs) }}"}, run=VERDICT),),
    )


def _download(pattern: str) -> Step:
    inputs = {"pattern": pattern, "path": _FOUND}
    return Step(name="Results", uses="actions/download-artifact", inputs=inputs)


def _scan(request: Request) -> Job:
    return Job(
        name="scan",
        note="Findings of one Python for code scanning; a fork's token may not write there.",
        runner=request.runner,
        needs=("gate",),
        condition="${{ !cancelled() && (github.event_name != 'pull_request' || " + SAME_REPOSITORY + ") }}",
        permissions={
            "actions": Noted("read", beside="a private repository's artifacts"),
            **_READ,
            "security-events": Noted("write", beside="findings"),
        },
        minutes=_FEW,
        steps=(
            _download(f"gate-*-{request.python}-*"),
            Step(name="Upload", uses="github/codeql-action/upload-sarif", inputs={"sarif_file": _FOUND}),
        ),
    )


def _history(request: Request) -> Job:
    run = invoke(request, "history-import", "--file", _FOUND)
    return Job(
        name="history",
        note="What the gate said about the trunk, red or green, goes into the history.",
        runner=request.runner,
        needs=("gate",),
        condition="${{ !cancelled() && github.event_name == 'push' }}",
        permissions=_READ,
        environment=HISTORY_ENVIRONMENT,
        minutes=_FEW,
        steps=(
            *_ready(request),
            _download("gate-*"),
            Step(name="Import", env={request.history: secret(request.history)}, run=run),
        ),
    )


def secret(name: str) -> str:
    """The expression for a secret."""
    return "${{ secrets." + name + " }}"


def _failures(request: Request) -> Job:
    env = {"GITHUB_TOKEN": "${{ github.token }}"}
    return Job(
        name="failures",
        note="Of what runs by schedule: one issue a failure, opened when it comes and closed when it is gone.",
        runner=request.runner,
        needs=("gate",),
        condition="${{ !cancelled() && github.event_name == 'schedule' }}",
        permissions={**_READ, "issues": Noted("write", beside="one a failure")},
        minutes=_FEW,
        steps=(
            *_ready(request),
            _download("gate-*"),
            Step(name="Issues", env=env, run=invoke(request, "report-failures", "--folder", _FOUND)),
        ),
    )


def _land(request: Request) -> Job:
    """It runs what the trunk has, never what the change brings, and only for changes from this repository."""
    return Job(
        name="land",
        note="Arms a change of this repository to land. What runs here is the trunk's, never the change's.",
        runner=request.runner,
        condition="${{ github.event_name == 'pull_request' && " + SAME_REPOSITORY + " }}",
        permissions=_READ if request.app else _ARMING,
        environment=APP_ENVIRONMENT if request.app else "",
        minutes=_FEW,
        steps=tuple(_landing_steps(request)),
    )


def _landing_steps(request: Request) -> Iterator[Step]:
    yield checkout(whole=True, ref="${{ github.event.pull_request.base.sha }}")
    yield python(request.python)
    yield install(request)
    if request.app:
        yield Step(
            name="Token",
            id="app",
            uses="actions/create-github-app-token",
            inputs={
                "client-id": "${{ vars." + APP_ID + " }}",
                "private-key": secret(APP_KEY),
                "permission-checks": "read",
                "permission-contents": "write",
                "permission-pull-requests": "write",
                "permission-statuses": "read",
            },
        )
    env = {
        "GITHUB_TOKEN": "${{ steps.app.outputs.token }}" if request.app else "${{ github.token }}",
        "NUMBER": "${{ github.event.pull_request.number }}",
        "HEAD": "${{ github.event.pull_request.head.sha }}",
    }
    yield Step(name="Arm", env=env, run=invoke(request, "land-pull-request", "--number", "$NUMBER", "--head", "$HEAD"))


def _deliver(request: Request) -> Job | None:
    delivery = request.delivery
    if delivery is None:
        return None
    return Job(
        name="deliver",
        note="Canary, observation, promotion: one commit at a time, and none is cut off by the next one.",
        needs=(REQUIRED,),
        condition="${{ " + delivers(request, delivery) + " }}",
        permissions=delivering_permissions(request),
        concurrency={"group": "deliver", "cancel-in-progress": False},
        calls=DELIVERY,
        secrets={name: secret(name) for name in delivery.secrets},
    )


def delivers(request: Request, delivery: Delivery) -> str:
    """When anything is delivered at all: the trunk, while the switch is on."""
    switch = f" && vars.{delivery.variable} == 'true'" if delivery.variable else ""
    return f"github.event_name == 'push' && github.ref == 'refs/heads/{request.trunk}'{switch}"


def delivering_permissions(request: Request) -> Table:
    """What the deploying jobs may do; the only place where an OIDC token may be asked for."""
    delivery = request.delivery
    return {**_READ, "id-token": Noted("write", beside="OIDC")} if delivery is not None and delivery.oidc else _READ


def _rollback(request: Request) -> Job | None:
    delivery = request.delivery
    if delivery is None:
        return None
    ended = "needs.deliver.result == 'failure' || needs.deliver.result == 'cancelled'"
    return Job(
        name="rollback",
        note="Takes back what a delivery left half done: it failed, was cancelled, or took too long.",
        runner=list(delivery.runner),
        needs=("deliver",),
        condition="${{ always() && " + delivers(request, delivery) + f" && ({ended}) }}}}",
        permissions=delivering_permissions(request),
        environment=delivery.rollback,
        minutes=delivery.minutes["rollback"],
        env={name: secret(name) for name in delivery.secrets},
        steps=(
            checkout(clean=False),
            python(request.python),
            install(request),
            Step(name="Back", run=invoke(request, "deploy-undo", "--rev", "$GITHUB_SHA")),
        ),
    )
