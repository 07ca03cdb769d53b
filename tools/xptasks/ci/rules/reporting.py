"""Rules about the jobs that tell: code scanning, history, issues."""

from xptasks.ci import github
from xptasks.ci.reading import Parsed
from xptasks.ci.request import Request
from xptasks.ci.rules._rule import SAME, Found, Rule, condition, needs, run_of


def _wanted(parsed: Parsed, request: Request) -> Found:
    wanted = {"scan": request.scanning, "history": bool(request.history), "failures": bool(request.schedules)}
    for name, there in wanted.items():
        if there != (name in parsed.jobs):
            yield ("jobs",), f"the job {name} {'is missing' if there else 'has nothing that it was configured for'}"
        if name in parsed.jobs and "gate" not in needs(parsed.jobs[name]):
            yield ("jobs", name), f"the job {name} does not wait for what it tells"


def _red(parsed: Parsed, _: Request) -> Found:
    for name in ("scan", "history", "failures"):
        if name in parsed.jobs and "!cancelled()" not in condition(parsed.jobs[name]):
            yield ("jobs", name), f"the job {name} is left out when the gate is red, which is when it matters"


def _only(parsed: Parsed, _: Request) -> Found:
    events = {"history": "github.event_name == 'push'", "failures": "github.event_name == 'schedule'", "scan": SAME}
    for name, said in events.items():
        if name in parsed.jobs and said not in condition(parsed.jobs[name]):
            yield ("jobs", name), f"the job {name} runs for events that it is not for"


def _held(parsed: Parsed, _: Request) -> Found:
    job = parsed.jobs.get("history", {})
    if job and job.get("environment") != github.HISTORY_ENVIRONMENT:
        yield ("jobs", "history"), "the database's address lies open to every job of the repository"


def _does(parsed: Parsed, _: Request) -> Found:
    for name, command in {"history": "history-import", "failures": "report-failures"}.items():
        if name in parsed.jobs and command not in run_of(parsed, name):
            yield ("jobs", name, "steps"), f"the job {name} does not call `inv {command}`"


RULES = (
    Rule("report", "what `[ci]`, `[history]` and `[ci.schedules]` ask for, and nothing else", _wanted),
    Rule("report-red", "`!cancelled()`", _red),
    Rule("report-event", "name the event", _only),
    Rule("report-environment", f"`environment: {github.HISTORY_ENVIRONMENT}`", _held),
    Rule("report-command", "let xptasks do it", _does),
)
