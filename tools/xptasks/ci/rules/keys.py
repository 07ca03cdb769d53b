"""Rules about keys: whatever is added to a workflow of ours is seen, whether another rule knows what it does or not."""

from collections.abc import Iterable

from xptasks.ci import delivering, github
from xptasks.ci.reading import Parsed, Path
from xptasks.ci.request import Request
from xptasks.ci.rules._rule import Found, Rule, steps, table

_WORKFLOW = ("name", "on", "permissions", "concurrency", "defaults", "jobs")
_EVENTS = {
    "pull_request": ("branches", "types"),
    "push": ("branches",),
    "merge_group": (),
    "workflow_dispatch": ("inputs",),
    "workflow_call": ("secrets",),
}
_LISTED = "schedule"
_OF_FILE = {github.FILE: {*_EVENTS, _LISTED} - {"workflow_call"}, delivering.FILE: {"workflow_call"}}
_JOB = (
    "name", "needs", "if", "runs-on", "permissions", "environment", "concurrency", "timeout-minutes", "strategy",
    "outputs", "env", "uses", "secrets", "steps",
)  # fmt: skip
_ONLY = {
    "outputs": ("plan",),
    "strategy": ("gate",),
    "uses": ("deliver",),
    "secrets": ("deliver",),
    "environment": ("history", "land", "rollback", "canary", "observe", "promote"),
}
"""Keys that some jobs alone have."""

_MAPPINGS = ("permissions", "concurrency", "strategy", "outputs", "env", "secrets")
_NEEDS: dict[str, tuple[str, ...]] = {
    "plan": (),
    "gate": ("plan",),
    github.REQUIRED: ("plan", "gate"),
    "scan": ("gate",),
    "history": ("gate",),
    "failures": ("gate",),
    "land": (),
    "deliver": (github.REQUIRED,),
    "rollback": ("deliver",),
    "canary": (),
    "observe": ("canary",),
    "promote": ("observe",),
}
_STEP = ("name", "id", "if", "uses", "with", "env", "run")


def _added(owner: object, known: Iterable[str], place: Path) -> Found:
    for key in table(owner):
        if key not in known:
            yield (*place, key), f"nobody generates `{key}` here"


def _top(parsed: Parsed, _: Request) -> Found:
    yield from _added(parsed.data, _WORKFLOW, ())
    yield from _added(parsed.data.get("defaults"), ("run",), ("defaults",))
    yield from _added(table(parsed.data.get("defaults")).get("run"), ("shell",), ("defaults", "run"))
    yield from _added(parsed.data.get("concurrency"), ("group", "cancel-in-progress"), ("concurrency",))


def _events(parsed: Parsed, _: Request) -> Found:
    known = _OF_FILE[parsed.file]
    for event, settings in parsed.events.items():
        if event not in known:
            yield ("on", event), f"the workflow is not for {event}"
        yield from _added(settings, _EVENTS.get(event, ()), ("on", event))


def _jobs(parsed: Parsed, _: Request) -> Found:
    for name, job in parsed.jobs.items():
        place = ("jobs", name)
        yield from _added(job, _JOB, place)
        yield from _added(job.get("strategy"), ("fail-fast", "matrix"), (*place, "strategy"))
        yield from _added(job.get("outputs"), ("matrix",), (*place, "outputs"))
        yield from _added(job.get("concurrency"), ("group", "cancel-in-progress"), (*place, "concurrency"))
        for key, only in _ONLY.items():
            if key in job and name not in only:
                yield (*place, key), f"the job {name} has no `{key}`"


def _steps(parsed: Parsed, _: Request) -> Found:
    conditional = ("gate", "actions/upload-artifact")
    for place, job, step in steps(parsed):
        yield from _added(step, _STEP, place)
        if "if" in step and (job, str(step.get("uses")).partition("@")[0]) != conditional:
            yield (*place, "if"), "the step runs only sometimes"


def _waits(parsed: Parsed, _: Request) -> Found:
    for name, wanted in _NEEDS.items():
        found = parsed.jobs.get(name, {}).get("needs", [])
        if name in parsed.jobs and found != list(wanted):
            yield ("jobs", name), f"the job {name} does not wait for {' and '.join(wanted) or 'nothing'}"


def _mappings(parsed: Parsed, _: Request) -> Found:
    """What must be a mapping or a list and is none: an expression there is read by no rule."""
    jobs = table(parsed.data.get("jobs"))
    for name, job in jobs.items():
        place: Path = ("jobs", name)
        if not isinstance(job, dict):
            yield place, "is no job"
        yield from _tables(job, _MAPPINGS, place)
        for number, step in enumerate(table(job).get("steps") or ()):
            if not isinstance(step, dict):
                yield (*place, "steps", number), "is no step"
            yield from _tables(step, ("with", "env"), (*place, "steps", number))


def _tables(owner: object, names: Iterable[str], place: Path) -> Found:
    for name in names:
        if name in table(owner) and not isinstance(table(owner)[name], dict):
            yield (*place, name), f"`{name}` is no mapping"


RULES = (
    Rule("keys-at-the-top", "change the generator, where it is reviewed", _top),
    Rule("events", "a workflow for something else is a file of its own", _events),
    Rule("job-keys", "change the generator, where it is reviewed", _jobs),
    Rule("step-keys", "change the generator, where it is reviewed", _steps),
    Rule("job-order", "every job waits for what it needs, and for nothing else", _waits),
    Rule("no-job", "write it as a mapping", _mappings),
)
