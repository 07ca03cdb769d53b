"""Rules about commands: what gets into them, and what they swallow."""

import re

from xptasks.ci import delivering, github
from xptasks.ci.reading import Parsed
from xptasks.ci.request import Request
from xptasks.ci.rules._rule import Found, Rule, steps, table, text

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_SWALLOWED = re.compile(
    r"\|\|\s*(true\b|:|exit\s+0|echo\b|printf\b|/bin/true|\{)|;\s*(true|exit 0)\b"
    r"|\bset\s+\+[a-z]*e|\bset\s+\+o\s+errexit"
    r"|^\s*exit\s+0\s*$|\btrap\s+.*\b(EXIT|ERR)\b|&\s*$|^\s*!\s",
    re.MULTILINE,
)
_TYPED_IN = re.compile(r"github\.event\.|github\.head_ref|inputs\.")  # what people outside choose
_DOWNLOAD = re.compile(r"\b(curl|wget)\b")
_GITHUB_FILES = re.compile(r"GITHUB_(ENV|PATH)\b")
_EVALUATED = re.compile(r"\b(eval|source|bash -c|sh -c|xargs)\b|^\s*\.\s", re.MULTILINE)
_SHELLS = {None, "bash"}


def _injected(parsed: Parsed, _: Request) -> Found:
    """In ours any expression counts: whether a value can be trusted today says nothing about tomorrow."""
    ours = parsed.file in {github.FILE, delivering.FILE}
    for place, _job, step in steps(parsed):
        found = _EXPRESSION.search(str(step.get("run", "")))
        if found and (ours or _TYPED_IN.search(found[1])):
            inside = found[1].strip()
            yield (*place, "run"), f"`{inside}` becomes part of the command itself, whatever it holds"


def _swallowed(parsed: Parsed, _: Request) -> Found:
    for place, _job, step in steps(parsed):
        found = _SWALLOWED.search(str(step.get("run", "")))
        if found:
            yield (*place, "run"), f"`{found[0].strip()}` hides that the command failed"


def _goes_on(parsed: Parsed, _: Request) -> Found:
    for name, job in parsed.jobs.items():
        if job.get("continue-on-error", False) is not False:
            yield ("jobs", name, "continue-on-error"), f"the job {name} is green whatever happens"
    for place, _job, step in steps(parsed):
        if step.get("continue-on-error", False) is not False:
            yield (*place, "continue-on-error"), "the step is green whatever happens"


def _downloaded(parsed: Parsed, _: Request) -> Found:
    for place, _job, step in steps(parsed):
        if _DOWNLOAD.search(str(step.get("run", ""))):
            yield (*place, "run"), "what is downloaded there is checked by nobody"


def _environment(parsed: Parsed, _: Request) -> Found:
    for place, _job, step in steps(parsed):
        run = str(step.get("run", ""))
        if _GITHUB_FILES.search(run):
            yield (*place, "run"), "the environment of later steps is changed"
        if _EVALUATED.search(run):
            yield (*place, "run"), "text becomes a command"


def _shell(parsed: Parsed, _: Request) -> Found:
    default = table(table(parsed.data.get("defaults")).get("run")).get("shell")
    if default != "bash" and any("run" in step for _, _, step in steps(parsed)):
        yield ("defaults",), "without `shell: bash` a pipe is green when its last part is"
    for place, job, step in steps(parsed):
        own = step.get("shell", table(table(parsed.jobs[job].get("defaults")).get("run")).get("shell"))
        if own not in _SHELLS:
            yield (*place, "shell"), f"`{text(own)}` does not end at the first command that fails"


RULES = (
    Rule("injection", 'give it to the command as a variable (`env`), and write `"$NAME"`', _injected),
    Rule("failure-swallowed", "let it fail", _swallowed),
    Rule("continue-on-error", "leave it out", _goes_on),
    Rule("downloaded-code", "install it from hashed pins", _downloaded),
    Rule("environment-changed", "call programs by their path, and pass values by `env`", _environment),
    Rule("shell", "`defaults: {run: {shell: bash}}`, and no other", _shell),
)
