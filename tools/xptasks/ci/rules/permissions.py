"""Rules about what a job may do: its token, secrets, machine and time."""

import re

from xptasks.ci import github
from xptasks.ci.reading import Parsed
from xptasks.ci.request import Request
from xptasks.ci.rules._rule import Found, Rule, for_changes, guarded, plain, table, text

_SECRET = re.compile(r"secrets\s*(\.\s*([A-Za-z_][A-Za-z0-9_]*)|\[)|toJSON\(\s*secrets\s*\)", re.IGNORECASE)
_LONGEST = 360  # minutes: what GitHub takes when nothing is said
_HOSTED = re.compile(r"(ubuntu|windows|macos)-[a-z0-9.-]+")


def _missing(parsed: Parsed, _: Request) -> Found:
    if "permissions" not in parsed.data:
        yield ("jobs",), "no permissions are set, so jobs get whatever the repository's settings say"


def _all(parsed: Parsed, _: Request) -> Found:
    places = [((), parsed.data), *((("jobs", name), job) for name, job in parsed.jobs.items())]
    for place, owner in places:
        if isinstance(owner.get("permissions"), str):
            yield (*place, "permissions"), f"`{owner['permissions']}` is far more than any job needs"


def _at_the_top(parsed: Parsed, _: Request) -> Found:
    rights = parsed.data.get("permissions")
    if "permissions" in parsed.data and rights != {}:
        yield ("permissions",), "rights at the top are rights of every job"


def _more(parsed: Parsed, request: Request) -> Found:
    for name, job in parsed.jobs.items():
        allowed = _allowed(name, request)
        for right, level in table(job.get("permissions")).items():
            if level != "none" and (right not in allowed or (level, allowed[right]) == ("write", "read")):
                yield ("jobs", name, "permissions", right), f"the job {name} has no use for `{right}: {level}`"
        if "permissions" not in job:
            yield ("jobs", name), f"the job {name} does not say what it may do"


def _allowed(name: str, request: Request) -> dict[str, str]:
    read = {"contents": "read"}
    delivering = plain(github.delivering_permissions(request))
    arming = {"contents": "write", "pull-requests": "write"}
    allowed = {
        "plan": read,
        "gate": read,
        "scan": {"actions": "read", **read, "security-events": "write"},
        "history": read,
        "failures": {**read, "issues": "write"},
        "land": read if request.app else {**read, "checks": "read", "statuses": "read", **arming},
        "deliver": delivering,
        "rollback": delivering,
    }
    return allowed.get(name, {})


def _token(parsed: Parsed, _: Request) -> Found:
    for name, job in parsed.jobs.items():
        rights = table(job.get("permissions"))
        if rights.get("id-token") == "write" and for_changes(parsed, name):
            yield ("jobs", name, "permissions"), "a change that nobody looked at may ask for an OIDC token"


def _secrets(parsed: Parsed, _: Request) -> Found:
    for name, job in parsed.jobs.items():
        named = [found[0] for found in _SECRET.finditer(text(job)) if (found[2] or "") != "GITHUB_TOKEN"]
        if named and for_changes(parsed, name) and not guarded(job):
            yield ("jobs", name), f"`{named[0]}` is handed to a job that runs the code of changes"
    if _SECRET.search(text(parsed.data.get("env", {}))):
        yield ("env",), "a secret at the top is handed to every job"


def _inherit(parsed: Parsed, _: Request) -> Found:
    for name, job in parsed.jobs.items():
        if job.get("secrets") == "inherit":
            yield ("jobs", name, "secrets"), "every secret there is, is handed on"
        if "toJSON(secrets)" in text(job).replace(" ", ""):
            yield ("jobs", name), "every secret there is, is written down"


def _timeout(parsed: Parsed, request: Request) -> Found:
    for name, job in parsed.jobs.items():
        limit = job.get("timeout-minutes")
        if "uses" in job:
            continue
        if limit is None:
            yield ("jobs", name), f"the job {name} has no time limit, so it may hang for six hours"
        elif isinstance(limit, int) and limit >= max(_LONGEST, *request.minutes.values()):
            yield ("jobs", name, "timeout-minutes"), f"{limit} minutes are no limit"


def _machine(parsed: Parsed, _: Request) -> Found:
    for name, job in parsed.jobs.items():
        labels = text(job.get("runs-on", "")).strip()
        if "uses" in job or not for_changes(parsed, name):
            continue
        if "self-hosted" in labels or "group" in table(job.get("runs-on")):
            yield ("jobs", name, "runs-on"), "a machine of your own runs the code of whoever proposes a change"
        if "${{" in labels:
            yield ("jobs", name, "runs-on"), "the machine is chosen by an expression, so a change may choose it"


def _runner(parsed: Parsed, request: Request) -> Found:
    for name, job in parsed.jobs.items():
        expected = request.runner if name != github.REQUIRED else "ubuntu-24.04"
        ours = name in {"plan", "gate", "scan", "history", "failures", "land", github.REQUIRED}
        if ours and job.get("runs-on") != expected:
            yield ("jobs", name, "runs-on"), f"the configuration says {expected}, not {text(job.get('runs-on'))}"


def _container(parsed: Parsed, _: Request) -> Found:
    for name, job in parsed.jobs.items():
        for key in ("container", "services"):
            if key in job:
                yield ("jobs", name, key), "the job runs in or beside an image that nobody pinned"


RULES = (
    Rule("permissions-missing", "`permissions: {}` at the top, and in each job what it needs", _missing),
    Rule("permissions-all", "name the rights that the job needs", _all),
    Rule("oidc-for-changes", "`id-token: write` belongs to the jobs that deploy the trunk", _token),
    Rule("secret-for-changes", "hand secrets to jobs of the trunk only, or guard the job by the repository", _secrets),
    Rule("secrets-inherited", "name the secrets that are needed", _inherit),
    Rule("timeout-missing", "`timeout-minutes`", _timeout),
    Rule("machine-for-changes", "run changes on machines that are new for every job", _machine),
)
OURS = (
    Rule("permissions-at-the-top", "`permissions: {}`", _at_the_top),
    Rule("permissions-more", "leave the right out", _more),
    Rule("machine-changed", "`[ci] runner` says where jobs run", _runner),
    Rule("container", "jobs run on the machine itself", _container),
)
