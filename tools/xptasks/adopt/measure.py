"""Tries a tier in the environment of its project once, and learns from it what was wrong already: an edge.

Everything runs in children with limits: the project's code may do anything.
"""

import json
import os
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xptasks.adopt.compose import Choices
from xptasks.adopt.detect import Found
from xptasks.contracts.drift.served import MARK
from xptasks.loop.known import LIMIT
from xptasks.quality.baseline import ALL, Baseline
from xptasks.results import LAST_RUN
from xptasks.steps._pytest import JOURNAL
from xptasks.system import machine
from xptasks.system.commands import Done, run
from xptasks.tiers import environment, fingerprint, locks
from xptasks.tiers.select import NO_TIME, TOO_LONG

_INSTALLING = 600.0
_EXPORTING = 30.0
_SLOW = 15.0  # seconds from which on a test is too slow for `unit`
_PATIENCE = 20.0  # beyond the budget: for what ends slowly
_NEWEST, _OLDEST = 15, 10  # minor versions of Python that are looked for
_TESTS = ("unit", "coverage")
ENDED = "it was running when the time was up"
"""Why a test is left out that had to be ended with the whole run."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a project is tried.

    Attributes:
        root: the folder with the noxfile.
        found: the project.
        several: whether it is one of several, whose sessions have longer names.
    """

    root: Path
    found: Found
    several: bool = False

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self.root / self.found.folder

    def session(self, tier: str) -> str:
        """What Nox calls a tier of the project."""
        return f"{tier}-{self.found.folder.replace('/', '-')}" if self.several else tier

    def environment(self, tier: str) -> Path:
        """Where Nox makes the environment of a tier."""
        from nox.sessions import _normalize_path  # noqa: PLC0415 - nobody else knows its name

        # Nox shortens long paths, and looks at the one from its noxfile's folder on.
        return (self.root / _normalize_path(".nox", self.session(tier))).resolve()


def interpreters(supported: str) -> list[str]:
    """The minor versions of Python that a project may be tried with, the best first; the running one is empty.

    Args:
        supported: what the project says, as a specifier.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - only `init` needs it

    try:
        wanted = SpecifierSet(supported)
    except InvalidSpecifier:
        return [""]
    minor = sys.version_info.minor
    others = sorted(range(_OLDEST, _NEWEST + 1), key=lambda each: (each > minor, abs(each - minor)))
    fitting = [f"3.{each}" for each in others if each != minor and wanted.contains(f"3.{each}.99", prereleases=True)]
    own = [""] if wanted.contains(sys.version.split()[0], prereleases=True) else []
    return [*own, *(version for version in fitting if _is_there(version))]


def _is_there(version: str) -> bool:
    program = shutil.which(f"python{version}")
    return bool(program and version in machine.version(program, os.environ.get("PATH", "")))


def ways(found: Found, begin: Choices, pythons: Sequence[str]) -> Iterator[Choices]:
    """How the environment may be made, the truest way first: by the lock, with the running Python, installed.

    Args:
        found: the project.
        begin: what is known already.
        pythons: what it may be tried with; where nothing fits, its code is at most looked at.
    """
    needs = found.dependencies
    lesser = "dependencies" if needs.install != "none" else "none"
    installs = list(dict.fromkeys([needs.install, lesser])) if pythons else [lesser]
    if needs.lock and pythons:
        yield from (replace(begin, install=each, python=python) for python in pythons for each in installs)
    python = next(iter(pythons), "")
    for each in dict.fromkeys([*installs, "none"]):
        yield replace(begin, install=each, python=python, lock=False)
    if needs.requirements or needs.groups or needs.extras:
        yield replace(begin, install="none", python=python, lock=False, bare=True)


def install(site: Site, tier: str) -> str:
    """Make the environment of a tier; empty, or why that failed."""
    words = [sys.executable, "-m", "nox", "-s", site.session(tier), "--install-only"]
    done = run(words, site.root, environ(), _INSTALLING)
    return "" if done.code == 0 else reason(done)


def unfit(site: Site, python: str) -> tuple[str, ...]:
    """The pins of the project's lock that an interpreter would have to compile: other versions take their place.

    Args:
        site: the project.
        python: a minor version; empty for the running one.
    """
    from packaging.tags import compatible_tags, cpython_tags, sys_tags  # noqa: PLC0415 - only `init` needs it

    file = environment.lock_file(site.folder, site.found.dependencies.lock)
    if file is None:
        return ()
    if python:
        version = (3, int(python.partition(".")[2]))
        tags = {str(tag) for tag in (*cpython_tags(version), *compatible_tags(version))}
    else:
        tags = {str(tag) for tag in sys_tags()}
    try:
        return tuple(locks.unfit(file.name, file.read_text(encoding="utf-8"), tags))
    except (OSError, ValueError):
        return ()


def environ() -> dict[str, str]:
    """The environment of Nox, when it works for us."""
    return {**os.environ, "NO_COLOR": "1"}


_RAISED = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Failure|Exit|Interrupt)\b(:|$)")


def is_out_of_reach(problem: str) -> bool:
    """Whether an index of packages cannot be reached: then no other way to make the environment works, either."""
    return re.search(r"Failed to fetch: `?https?://\S+/simple/", problem) is not None


def reason(done: Done) -> str:
    """Why a command failed, in its own last words."""
    lines = [line.strip() for line in f"{done.out}\n{done.error}".splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("nox >", "Running session"))]
    traceback = next((at for at, line in enumerate(told) if line.startswith("Traceback (most recent")), None)
    if traceback is not None:  # of a build backend: what it raised says more than where
        raised = next((at for at, line in enumerate(told) if at > traceback and _RAISED.match(line)), None)
        told = told[raised:] if raised is not None else told
    begin = next((at for at, line in enumerate(told) if line.startswith("error: ")), None)
    if begin is not None:  # uv: what, and then all that a compiler said, of which only the end may be left here
        hints = [line for line in told if line.startswith("hint: ")]
        cut = told[begin].startswith("error: Command ") and hints
        return " ".join(hints if cut else told[begin:])[:600]
    aborted = [line.removeprefix("nox > ") for line in lines if " aborted: " in line]  # by us, not by a command
    return " ".join(told[-12:] or aborted)[-900:] or f"exit code {done.code}"


def document(site: Site, tier: str, values: Mapping[str, str]) -> tuple[dict[str, Any] | None, str]:
    """The OpenAPI document of the project's application, and if there is none, why."""
    app = site.found.application
    if app is None or app.framework != "fastapi":
        return None, ""
    place = site.environment(tier)
    package = Path(__file__).resolve().parents[1]
    paths = [
        environment.importable(place, package),
        *(site.folder / each for each in site.found.sources if each == "src"),
    ]
    variables = {**values, **fingerprint.environment(os.environ, (), fingerprint.programs_of(str(place)))}
    variables["PYTHONPATH"] = os.pathsep.join(map(str, paths))
    done = run(
        [str(python_of(place)), "-m", "xptasks.contracts.drift.served", app.name], site.folder, variables, _EXPORTING
    )
    line = next((line for line in done.out.splitlines() if line.startswith(MARK)), "")
    if not line:
        return None, (done.error.splitlines() or [f"exit code {done.code}"])[-1]
    loaded = json.loads(line.removeprefix(MARK))
    return (loaded, "") if isinstance(loaded, dict) else (None, "openapi() returns no object")


def python_of(place: Path) -> Path:
    """The interpreter of an environment."""
    return Path(fingerprint.programs_of(str(place))) / "python"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a run showed.

    Attributes:
        known: what was wrong.
        dropped: steps that cannot run, each with why.
        said: what each step said, by step.
        seconds: how long the tests took; None when they did not run to their end.
        deferred: the tests that found no time.
        coverage: percent, where the run measured that.
    """

    known: Baseline = field(default_factory=Baseline)
    dropped: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    deferred: tuple[str, ...] = ()
    coverage: float | None = None


def attempt(site: Site, tier: str, budget: float, words: tuple[str, ...] = ()) -> Tried:
    """Run a tier, raw, within a budget of seconds."""
    (site.folder / LAST_RUN).unlink(missing_ok=True)
    argv = [sys.executable, "-m", "xptasks", "run", "--environment", str(site.environment(tier)), "--measure"]
    argv += ["--output", "plain", "--set", f"tiers.{tier}.budget={budget:.0f}s", tier, *words]
    done = run(argv, site.folder, dict(os.environ), budget + _PATIENCE)
    try:
        steps = json.loads((site.folder / LAST_RUN).read_text(encoding="utf-8"))["steps"]
    except (OSError, ValueError, KeyError):
        return Tried(dropped={"unit": reason(done)})
    return learnt(steps, lambda step, name: _report(site, tier, step, name), hangs=_hangs(site, tier))


def _hangs(site: Site, tier: str) -> bool:
    """Whether the test that ran last had been at it for longer than any test may: nothing could stop it."""
    journal = site.folder / ".xp" / "tiers" / tier / "unit" / "run" / JOURNAL
    try:
        return time.time() - journal.stat().st_mtime > LIMIT
    except OSError:
        return False


def _report(site: Site, tier: str, step: str, name: str) -> str:
    try:
        return (site.folder / ".xp" / "tiers" / tier / step / "run" / name).read_text(encoding="utf-8")
    except OSError:
        return ""


def learnt(steps: list[dict[str, Any]], report: Callable[[str, str], str], *, hangs: bool = False) -> Tried:
    """What the steps of a raw run show.

    Args:
        steps: as in `.xp/last-run.json`.
        report: a file that a step has left, by the step's name and its own.
        hangs: whether a test was at hand that nothing could stop, if the time was up.
    """
    tried = Tried()
    for step in steps:
        name, reading = step["step"], step["reading"]
        tried = replace(tried, said={**tried.said, name: f"{reading['status']}: {reading['summary']}"})
        tried = _tests(tried, step, report, hangs=hangs) if name in _TESTS else _checks(tried, name, reading)
    return tried


def _checks(tried: Tried, name: str, reading: Mapping[str, Any]) -> Tried:
    errors = [each for each in reading["findings"] if each["severity"] == "error"]
    if reading["status"] == "failed" and errors:
        counts: dict[tuple[str, str], int] = {}
        for each in errors:
            key = ((each["position"] or {}).get("file") or "(no file)", each["rule"] or "finding")
            counts[key] = counts.get(key, 0) + 1
        return replace(tried, known=replace(tried.known, findings={**tried.known.findings, name: counts}))
    if reading["status"] in {"passed", "partial", "skipped"}:
        return tried
    why = reading["summary"] or (errors[0]["message"] if errors else reading["status"])
    return replace(tried, dropped={**tried.dropped, name: why})


def _tests(tried: Tried, step: Mapping[str, Any], report: Callable[[str, str], str], *, hangs: bool) -> Tried:
    """Of tests: which failed, which did not end, which are slow; and whether they can run at all."""
    name, reading = step["step"], step["reading"]
    if reading["status"] in {"timed out", "cancelled"}:
        at_hand = report(name, JOURNAL)
        if not at_hand:
            nothing = replace(tried.known, unmeasured={ALL: 0}) if LATE in reading["summary"] else tried.known
            return replace(tried, known=nothing, dropped={**tried.dropped, name: reading["summary"]})
        left_out = {at_hand: f"{ENDED}: {reading['summary']}"} if hangs else {}
        return replace(tried, known=replace(tried.known, left_out=left_out, unmeasured={ALL: 0}))
    failures = [each for each in reading["findings"] if each["severity"] == "error"]
    if reading["status"] not in {"passed", "partial"} and not failures:
        return replace(tried, dropped={**tried.dropped, name: reading["summary"] or reading["status"]})
    cut = [each["rule"] for each in failures if NO_TIME in each["message"]]
    stopped = {each["rule"]: first(each["message"]) for each in failures if TOO_LONG in each["message"]}
    patient = any(f"{TOO_LONG} {LIMIT:g} s" in why for why in stopped.values())
    hung = stopped if patient else {}
    failing = {each["rule"]: first(each["message"]) for each in failures if each["rule"] not in {*stopped, *cut}}
    deferred = (*reading["deferred"], *cut)
    late = Counter(test.partition("::")[0] for test in deferred)
    slow = {**_slow(report(name, "tests.json"), stopped), **({} if patient else dict.fromkeys(stopped, _SLOW))}
    known = replace(tried.known, failing=failing, left_out=hung, slow=slow, unmeasured=late)
    measured = {each["name"]: each["value"] for each in reading["measurements"]}
    return replace(
        tried,
        known=known,
        seconds=step["seconds"],
        deferred=deferred,
        coverage=measured.get("coverage"),
    )


def _slow(text: str, hung: Mapping[str, str]) -> dict[str, float]:
    try:
        loaded = json.loads(text)["slow"]
    except (ValueError, KeyError, TypeError):
        return {}
    return {test: seconds for test, seconds in loaded.items() if seconds >= _SLOW and test not in hung}


_REMEDIES = {
    r"No module named 'pkg_resources'": "setuptools<81",
    r"No module named '(?:setuptools|distutils)": "setuptools<81",
    r"No module named 'pytest_asyncio'|async def functions are not natively supported": "pytest-asyncio",
    r"No module named 'trio'": "trio",
    r"fixture 'mocker' not found": "pytest-mock",
    r"fixture 'httpx_mock' not found": "pytest-httpx",
    r"fixture 'benchmark' not found": "pytest-benchmark",
    r"fixture 'anyio_backend' not found|No module named 'anyio'": "anyio",
    r"requires the httpx package|No module named 'httpx'": "httpx",
    r"email.validator.*is not installed|No module named 'email_validator'": "email-validator",
    r"requires .python-multipart|No module named 'multipart'": "python-multipart",
    r"No module named 'requests'": "requests",
    r"No module named 'yaml'": "pyyaml",
    r"unrecognized arguments:.*--cov": "pytest-cov",
    r"unrecognized arguments:.*(?:-n\b|--numprocesses|--dist)": "pytest-xdist",
    r"unrecognized arguments:.*--timeout": "pytest-timeout",
    r"No module named 'aiosqlite'": "aiosqlite",
    r"No module named 'greenlet'|the greenlet library is required": "greenlet",
}
TOLERANT = ("-W", "default")
"""Words for pytest where a dependency warns when it is imported, and warnings are errors."""
LATE = "budget of"
"""What is said of a step that was stopped because the time was up."""
OLD_MYPY = "unrecognized arguments: --output"
"""What a mypy says that does not know JSON."""


def is_warning(said: str) -> bool:
    """Whether tests cannot even begin because of a warning."""
    return re.search(r"^\w*(?:\.\w+)*Warning\b", first(said)) is not None if said else False


def remedies(said: str, have: tuple[str, ...]) -> tuple[str, ...]:
    """Distributions that would mend what was said, but for those that are there already."""
    found = {remedy for pattern, remedy in _REMEDIES.items() if re.search(pattern, said)}
    return tuple(sorted(found - {*have}))


def first(message: str) -> str:
    """The line of a message that says most: the last one of an import that failed, else the first."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    told = [line.removeprefix("E ").strip() for line in lines if line.startswith("E ")]
    caused = [line.removeprefix("Cause:").strip() for line in lines[1:] if line.startswith("Cause:")]
    if caused and not told:  # ruff says first only that it failed
        return ": ".join([lines[0], *caused])[:160]
    if not told and any(line.startswith(("Traceback", 'File "')) or '", line ' in line for line in lines):
        told = [line for line in lines if _RAISED.match(line)]
    if not told and lines and lines[0].startswith("usage: "):
        told = [line for line in lines if ": error: " in line]
    return (told or lines or ["failed"])[0 if not told else -1][:160]
