"""What every job of ours consists of: its actions with their inputs, its commands, variables, rights and condition.

Stated here apart from what generates it: an action, a variable or an `if` that is lost in the generator is found too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from xptasks.ci import github
from xptasks.ci.reading import Parsed
from xptasks.ci.request import Request
from xptasks.ci.rules._rule import SAME, Found, Rule, action, commands, condition, table, text

_CHECKOUT, _PYTHON, _RUN = "actions/checkout", "actions/setup-python", ""
_DOWNLOAD, _UPLOAD = "actions/download-artifact", "actions/upload-artifact"
_FOUND = ".xp/found"
_READ = {"contents": "read"}
_REV = '--rev "$GITHUB_SHA"'
_OWN_TOKEN = "${{ github.token }}"  # noqa: S105 - an expression


@dataclass(frozen=True, slots=True)
class Shape:
    """A job.

    Attributes:
        actions: of its steps, in order; empty for a command.
        commands: in order, without the set-up.
        inputs: of actions, by action.
        env: of the steps with commands, all together.
        own: variables of the whole job.
        rights: exactly what it may do.
        condition: when it runs; empty for none.
    """

    actions: tuple[str, ...]
    commands: tuple[str, ...]
    inputs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    rights: Mapping[str, str] = field(default_factory=lambda: _READ)
    condition: str = ""


def shapes(request: Request) -> dict[str, Shape]:
    """All jobs that there may be, by their ids."""
    inv = " ".join(request.install.inv)
    return {
        "plan": Shape(
            (_CHECKOUT, _PYTHON, _RUN, _RUN),
            (f'{inv} ci-matrix --event "$GITHUB_EVENT_NAME" --schedule "$SCHEDULE" --tier "$TIER" --output',),
            env={"SCHEDULE": "${{ github.event.schedule }}", "TIER": "${{ inputs.tier }}"},
        ),
        "gate": _gate(request),
        github.REQUIRED: Shape(
            (_RUN,), (github.VERDICT,), env={"NEEDS": "${{ toJSON(needs) }}"}, rights={}, condition="always()"
        ),
        "scan": _scan(request),
        **_tellers(request, inv),
        "land": _land(request, inv),
        **_deliveries(request, inv),
    }


def _gate(request: Request) -> Shape:
    names = "gate-${{ matrix.tier }}-${{ matrix.python }}-${{ github.run_attempt }}"
    upload = {
        "name": names,
        "path": ".xp/last-run.json\n.xp/junit.xml\n.xp/results.sarif\n",
        "include-hidden-files": True,
        "if-no-files-found": "error",
        "retention-days": request.retention,
    }
    pins = "${{ hashFiles('requirements/*.txt', 'requirements*.txt', 'uv.lock', 'pyproject.toml') }}"
    prefix = "packages-${{ runner.os }}-${{ matrix.python }}-"
    packages = {"path": "~/.cache/uv\n~/.cache/pip\n", "key": prefix + pins, "restore-keys": prefix}
    return Shape(
        (_CHECKOUT, _PYTHON, "actions/cache", _RUN, _RUN, _UPLOAD),
        (f'{" ".join(request.install.nox)} -s "$TIER"',),
        {"actions/cache": packages, _UPLOAD: upload},
        {"TIER": "${{ matrix.tier }}"},
    )


def _scan(request: Request) -> Shape:
    return Shape(
        (_DOWNLOAD, "github/codeql-action/upload-sarif"),
        (),
        {
            _DOWNLOAD: {"pattern": f"gate-*-{request.python}-*", "path": _FOUND},
            "github/codeql-action/upload-sarif": {"sarif_file": _FOUND},
        },
        rights={"actions": "read", **_READ, "security-events": "write"},
        condition=f"!cancelled() && (github.event_name != 'pull_request' || {SAME})",
    )


def _tellers(request: Request, inv: str) -> dict[str, Shape]:
    steps = (_CHECKOUT, _PYTHON, _RUN, _DOWNLOAD, _RUN)
    every = {_DOWNLOAD: {"pattern": "gate-*", "path": _FOUND}}
    url = {request.history: "${{ secrets." + request.history + " }}"}
    return {
        "history": Shape(
            steps,
            (f"{inv} history-import --file {_FOUND}",),
            every,
            url,
            condition="!cancelled() && github.event_name == 'push'",
        ),
        "failures": Shape(
            steps,
            (f"{inv} report-failures --folder {_FOUND}",),
            every,
            {"GITHUB_TOKEN": _OWN_TOKEN},
            rights={**_READ, "issues": "write"},
            condition="!cancelled() && github.event_name == 'schedule'",
        ),
    }


def _land(request: Request, inv: str) -> Shape:
    app = "actions/create-github-app-token"
    inputs = {
        "client-id": "${{ vars.XPTASKS_APP_ID }}",
        "private-key": "${{ secrets.XPTASKS_APP_KEY }}",
        "permission-checks": "read",
        "permission-contents": "write",
        "permission-pull-requests": "write",
        "permission-statuses": "read",
    }
    return Shape(
        (_CHECKOUT, _PYTHON, _RUN, *([app] if request.app else []), _RUN),
        (f'{inv} land-pull-request --number "$NUMBER" --head "$HEAD"',),
        {app: inputs},
        {
            "GITHUB_TOKEN": "${{ steps.app.outputs.token }}" if request.app else _OWN_TOKEN,
            "NUMBER": "${{ github.event.pull_request.number }}",
            "HEAD": "${{ github.event.pull_request.head.sha }}",
        },
        rights=_READ
        if request.app
        else {"checks": "read", "contents": "write", "pull-requests": "write", "statuses": "read"},
        condition=f"github.event_name == 'pull_request' && {SAME}",
    )


def _deliveries(request: Request, inv: str) -> dict[str, Shape]:
    delivery = request.delivery
    if delivery is None:
        return {}
    steps = (_CHECKOUT, _PYTHON, _RUN, _RUN)
    rights = {**_READ, "id-token": "write"} if delivery.oidc else _READ
    secrets = {name: "${{ secrets." + name + " }}" for name in delivery.secrets}
    switch = f" && vars.{delivery.variable} == 'true'" if delivery.variable else ""
    when = f"github.event_name == 'push' && github.ref == 'refs/heads/{request.trunk}'{switch}"
    ended = "(needs.deliver.result == 'failure' || needs.deliver.result == 'cancelled')"
    follow = f"{inv} deploy-follow {_REV} --until"
    start = f"{inv} deploy-{delivery.strategy} {_REV} --detach --confirm"
    return {
        "deliver": Shape((), (), rights=rights, condition=when),
        "rollback": Shape(
            steps,
            (f"{inv} deploy-undo {_REV}",),
            own=secrets,
            rights=rights,
            condition=f"always() && {when} && {ended}",
        ),
        "canary": Shape((*steps, _RUN), (start, f"{follow} canary"), own=secrets, rights=rights),
        "observe": Shape(steps, (f"{follow} observed",), own=secrets, rights=rights),
        "promote": Shape(steps, (f"{follow} promoted",), own=secrets, rights=rights),
    }


_BARE: Mapping[str, object] = {"persist-credentials": False}
_HISTORY: Mapping[str, object] = {**_BARE, "fetch-depth": 0}
_UNCLEANED: Mapping[str, object] = {**_BARE, "clean": False}


def _usual(name: str, request: Request) -> dict[str, Mapping[str, object]]:
    """The inputs of checkout and Python."""
    base = {**_BARE, "ref": "${{ github.event.pull_request.base.sha }}", "fetch-depth": 0}
    delivering = dict.fromkeys(("rollback", "canary", "observe", "promote"), _UNCLEANED)
    checkout = {"gate": _HISTORY, "land": base, **delivering}.get(name, _BARE)
    version = "${{ matrix.python }}" if name == "gate" else request.python
    return {_CHECKOUT: checkout, _PYTHON: {"python-version": version}}


def _known(parsed: Parsed, request: Request) -> Iterator[tuple[str, Shape]]:
    known = shapes(request)
    yield from ((name, known[name]) for name in parsed.jobs if name in known)


def _steps(parsed: Parsed, request: Request) -> Found:
    for name, shape in _known(parsed, request):
        there = tuple(action(step) for _, step in parsed.steps(name))
        if there != shape.actions:
            wanted = ", ".join(each or "a command" for each in shape.actions) or "none"
            yield ("jobs", name), f"the steps of {name} are not: {wanted}"


def _commands(parsed: Parsed, request: Request) -> Found:
    for name, shape in _known(parsed, request):
        given = commands(parsed, name)
        if tuple(given[-len(shape.commands) :] if shape.commands else given) != shape.commands:
            yield (
                ("jobs", name, "steps"),
                f"the job {name} does not run exactly: {'; '.join(shape.commands) or 'nothing'}",
            )
        ids = {step.get("id") for _, step in parsed.steps(name)} - {None}
        wanted = {"plan": {"matrix"}, "land": {"app"} if request.app else set()}.get(name, set())
        if ids != wanted:
            yield ("jobs", name, "steps"), f"the outputs that others read come from {', '.join(wanted) or 'no step'}"


def _inputs(parsed: Parsed, request: Request) -> Found:
    for name, shape in _known(parsed, request):
        for number, step in parsed.steps(name):
            wanted = {**_usual(name, request), **shape.inputs}.get(action(step), {})
            if table(step.get("with")) != wanted:
                yield ("jobs", name, "steps", number), f"{action(step)} is not called with {text(dict(wanted))}"


def _variables(parsed: Parsed, request: Request) -> Found:
    for name, shape in _known(parsed, request):
        given = {key: value for _, step in parsed.steps(name) for key, value in table(step.get("env")).items()}
        if given != shape.env or table(parsed.jobs[name].get("env")) != shape.own:
            wanted = ", ".join({**shape.env, **shape.own}) or "none"
            yield ("jobs", name), f"the variables of {name} are not what they should be: {wanted}"
        names = request.delivery.secrets if request.delivery else ()
        handed = {each: "${{ secrets." + each + " }}" for each in names}
        if name == "deliver" and table(parsed.jobs[name].get("secrets")) != handed:
            yield ("jobs", name), "the secrets that it hands on are not those of `[ci.deploy] secrets`"


def _rights(parsed: Parsed, request: Request) -> Found:
    for name, shape in _known(parsed, request):
        if table(parsed.jobs[name].get("permissions")) != shape.rights:
            yield ("jobs", name), f"the job {name} may do more or less than {text(dict(shape.rights))}"


def _conditions(parsed: Parsed, request: Request) -> Found:
    for name, shape in _known(parsed, request):
        if condition(parsed.jobs[name]) != shape.condition:
            yield ("jobs", name), f"the job {name} runs when: {shape.condition or 'always what it needs is green'}"


RULES = (
    Rule("job-steps", "the generator says what a job consists of; change it there", _steps),
    Rule("job-commands", "let xptasks do the work, with these words", _commands),
    Rule("job-inputs", "call the action as it is meant", _inputs),
    Rule("job-variables", "hand over these values and no others", _variables),
    Rule("job-rights", "what the job does needs exactly these", _rights),
    Rule("job-condition", "this condition and no other", _conditions),
)
