"""Rules about the actions that a workflow uses, and how they are used."""

import re

from xptasks.ci.reading import Parsed
from xptasks.ci.request import Request
from xptasks.ci.rules._rule import Found, Rule, for_changes, steps, table, uses

_OWN = ("./", "$/", "../")
_FIRST = ("actions/", "github/")
_SHA = re.compile(r"[0-9a-f]{40}")
_TAG = re.compile(r"#\s*(\S+)")
_HEAD = re.compile(r"github\.(head_ref|event\.pull_request\.head|event\.workflow_run\.head)|refs/pull/")


def _used(parsed: Parsed) -> Found:
    """Every `uses` that is no file of this repository."""
    for place, _, step in steps(parsed):
        if "uses" in step:
            yield (*place, "uses"), str(step["uses"])
    for name, job in parsed.jobs.items():
        if "uses" in job:
            yield ("jobs", name, "uses"), str(job["uses"])


def _foreign(parsed: Parsed) -> Found:
    yield from ((place, used) for place, used in _used(parsed) if not used.startswith(_OWN))


def _third_party(parsed: Parsed, _: Request) -> Found:
    for place, used in _foreign(parsed):
        if not used.startswith(_FIRST):
            yield place, f"{used.partition('@')[0]} is not GitHub's own action"


def _not_pinned(parsed: Parsed, _: Request) -> Found:
    for place, used in _foreign(parsed):
        version = used.partition("@")[2]
        if not _SHA.fullmatch(version):
            yield place, f"{used} is not pinned to a commit; whoever may move {version or 'its branch'} runs code here"


def _not_in_record(parsed: Parsed, request: Request) -> Found:
    for place, used in _foreign(parsed):
        action, _, version = used.partition("@")
        pin = request.pins.get("/".join(action.split("/")[:2]))
        if _SHA.fullmatch(version) and action.startswith(_FIRST) and (pin is None or pin.commit != version):
            known = f"; it has {pin.commit} ({pin.tag})" if pin else ""
            yield place, f"{action} is at a commit that the record does not have{known}"


def _tag(parsed: Parsed, request: Request) -> Found:
    for place, used in _foreign(parsed):
        pin = request.pins.get("/".join(used.partition("@")[0].split("/")[:2]))
        if pin is None or not used.endswith(pin.commit):
            continue
        found = _TAG.search(parsed.line(parsed.at(*place)).partition(pin.commit)[2])
        if found is None or found[1] != pin.tag:
            said = f"says {found[1]}" if found else "says no tag"
            yield place, f"the comment {said}, and the record knows this commit as {pin.tag}"


def _elsewhere(parsed: Parsed, _: Request) -> Found:
    for place, used in _used(parsed):
        called = place[-2] == place[1] and used.startswith("$/.github/workflows/") and ".." not in used
        if used.startswith(_OWN) and not called:
            yield place, f"{used} is code of the change that is checked"


def _credentials(parsed: Parsed, _: Request) -> Found:
    for place, _job, step in steps(parsed):
        if uses(step, "actions/checkout") and table(step.get("with")).get("persist-credentials") is not False:
            yield place, "the token stays in .git/config, where every later command can read it"


def _checkout(parsed: Parsed, _: Request) -> Found:
    for place, job, step in steps(parsed):
        ref = str(table(step.get("with")).get("ref", "")) + str(table(step.get("with")).get("repository", ""))
        powers = [right for right, level in table(parsed.jobs[job].get("permissions")).items() if level == "write"]
        if uses(step, "actions/checkout") and _HEAD.search(ref) and (powers or "environment" in parsed.jobs[job]):
            yield place, f"code of a change is checked out in a job that may write {', '.join(powers) or 'there'}"


def _unsafe(parsed: Parsed, _: Request) -> Found:
    for place, _job, step in steps(parsed):
        if uses(step, "actions/checkout") and "allow-unsafe-pr-checkout" in table(step.get("with")):
            yield place, "the guard against running a fork's code with this repository's rights is switched off"
        if uses(step, "actions/github-script"):
            yield place, "a script in a workflow is checked by nobody"


def _secret_cache(parsed: Parsed, _: Request) -> Found:
    for place, job, step in steps(parsed):
        paths = str(table(step.get("with")).get("path", ""))
        if uses(step, "actions/cache") and for_changes(parsed, job) and re.search(r"\.(xp|venv|nox|git)\b", paths):
            yield place, "what a change wrote there is taken over by later runs, those of the trunk included"


RULES = (
    Rule("action-third-party", "do it with a command, or with an action of actions/* or github/*", _third_party),
    Rule("action-not-pinned", "pin it to a full commit id that is in the record (`inv ci-pins`)", _not_pinned),
    Rule("action-not-in-record", "look the commit up in the action's own repository: `inv ci-pins --refresh`",
         _not_in_record),
    Rule("action-tag", "write the tag that the record has as a comment behind the commit", _tag),
    Rule("action-local", "call a workflow of this repository as a job, and nothing else", _elsewhere),
    Rule("credentials-kept", "`persist-credentials: false`", _credentials),
    Rule("checkout-of-change", "check out the trunk there, or take the rights away", _checkout),
    Rule("action-unsafe", "leave it out", _unsafe),
    Rule("cache-of-results", "cache downloads only, which are checked against hashes", _secret_cache),
)  # fmt: skip
