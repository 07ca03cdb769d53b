"""Tries what was written, once: the environment, the contract, the tier raw; mends what can be mended; an edge."""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from xptasks.adopt import compose, measure, repository, variables, writing
from xptasks.adopt.compose import Choices
from xptasks.adopt.detect import Found
from xptasks.adopt.manifest import Manifest
from xptasks.adopt.measure import Site, Tried
from xptasks.adopt.plan import Edit
from xptasks.errors import CannotRunError
from xptasks.loop import known as baselines
from xptasks.markup import clean
from xptasks.quality import baseline
from xptasks.quality.baseline import Baseline
from xptasks.tiers import fingerprint
from xptasks.tiers import variables as variable_files

_QUICK = 12.0  # seconds of tests up to which coverage is measured at once, too
_LEAST = 14.0  # seconds for the steps, however long the environment took
_LATE = 40.0  # seconds after which nothing is begun that can wait
_ALONE = 25.0  # seconds for checks that found no time beside the tests
_SHOWN = 10
_TRIES = 2
_PATIENCE = 2  # times the time that was asked for, within which something is mended


def tell(text: str) -> None:
    """Say something to people."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class Trial:
    """Tries every project that was written, and writes what that teaches."""

    def __init__(self, folder: Path, found: Sequence[Found], known: Manifest, seconds: float) -> None:
        self._folder = folder
        self._found = found
        self._known = known
        self._seconds = seconds
        self._began = time.monotonic()
        self._no_contract = ""
        self._files = repository.look(folder)
        self._values: Mapping[str, str] = {}

    def run(self) -> Manifest:
        """Try each; the record afterwards."""
        for found in self._found:
            self._try(Site(self._folder, found, several=len(self._found) > 1))
        return self._known

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _try(self, site: Site) -> None:
        """Make the environment, look what runs in it, mend what can be mended, and write down the rest."""
        self._values = variables.find(self._files, site.found.folder)
        choices = self._export(site, self._install(site))
        tried = self._measure(site)
        mended = self._mended(site, choices, tried)
        if mended is not None:
            choices = self._export(site, mended)
            tried = self._measure(site)
        coverage = self._coverage(site, choices, tried)
        quarantined = bool(tried.known.failing or tried.known.left_out or tried.known.unmeasured)
        dropped = {**choices.dropped, **{step: measure.first(why) for step, why in tried.dropped.items()}}
        only_pr = measure.LATE in tried.dropped.get("unit", "")
        late = bool(tried.deferred or tried.known.unmeasured)
        learnt = replace(choices, dropped=dropped, coverage=coverage, quarantined=quarantined, long=late)
        learnt = replace(learnt, only_pr=only_pr)
        self._settle(site, learnt, tried.known)
        self._report(site, tried, coverage)

    def _install(self, site: Site) -> Choices:
        """Make the environment, in the truest way that works."""
        env = tuple(name for name in site.found.variables if name in os.environ and name not in fingerprint.PASSED_ON)
        supported = site.found.dependencies.python
        pythons = measure.interpreters(supported)
        if not pythons:
            tell(f"note  {site.found.name} needs Python {supported}, and none is here: what can be, is looked at")
        problem = ""
        for choices in measure.ways(site.found, Choices(env=env), pythons):
            if choices.lock and (freed := measure.unfit(site, choices.python)):
                choices = replace(choices, unlocked=freed)  # noqa: PLW2901 - the same way, gone further
            self._settle(site, choices)
            tell(f"{site.session('fast')}: making its environment{_how(site.found, choices)} ...")
            problem = measure.install(site, "fast")
            if not problem:
                return self._poor(site, choices)
            tell(f"note  that does not work here: {problem}")
            if measure.is_out_of_reach(problem):
                hint = "look whether the index that the project or this machine names can be reached, and call it again"
                raise CannotRunError(f"no environment can be made for {site.found.name}: {problem}", hint=hint)
        hint = "mend that and call `xptasks init --yes` again; `xptasks uninstall` takes back what was written"
        raise CannotRunError(f"no environment can be made for {site.found.name}: {problem}", hint=hint)

    def _poor(self, site: Site, choices: Choices) -> Choices:
        """Without what the project needs, mypy would tell of hundreds of modules that it misses, and of no mistake."""
        needs = site.found.dependencies
        if not choices.bare and (choices.install != "none" or needs.install == "none"):
            return choices
        tell(f"note  what {site.found.name} needs cannot be installed here: what needs none of it is checked")
        if "types" not in site.found.checks.steps:
            return choices
        poor = replace(choices, dropped={"types": "what the project needs is not installed"})
        self._settle(site, poor)
        return poor

    def _mended(self, site: Site, choices: Choices, tried: Tried) -> Choices | None:
        """The choices with what turned out to be missing; None when nothing can be mended, or the time is up."""
        said = "\n".join([*tried.dropped.values(), *tried.known.failing.values(), self._no_contract])
        packages = (*choices.packages, *measure.remedies(said, choices.packages))
        text = choices.text or measure.OLD_MYPY in tried.dropped.get("types", "")
        warned = measure.is_warning(tried.dropped.get("unit", ""))
        args = measure.TOLERANT if warned else choices.args
        blind = bool(self._values) and ("unit" in tried.dropped or bool(self._no_contract))
        env_file = variables.NAME if blind else choices.env_file
        better = replace(choices, packages=packages, text=text, args=args, env_file=env_file)
        if better == choices or self._elapsed > _PATIENCE * self._seconds:
            return None
        self._settle(site, better)
        if blind:
            self._write_values(site)
        told = [
            *(["the values of examples"] if blind else []),
            *packages,
            *(["the text of mypy"] if text else []),
            *(["warnings that are no errors"] if warned else []),
        ]
        tell(f"{site.session('fast')}: once more, with {', '.join(told)} ...")
        if measure.install(site, "fast"):
            self._settle(site, choices)
            return None
        return better

    def _write_values(self, site: Site) -> None:
        where = variables.NAME if site.found.folder == "." else f"{site.found.folder}/{variables.NAME}"
        text = variable_files.render(dict(self._values), variables.HEAD)
        edit = Edit(where, None, text.encode(), "created", "values for tests")
        self._known = writing.write(self._folder, [edit], self._known, "written")
        names = ", ".join(list(self._values)[:_SHOWN])
        names = ", ".join(list(self._values)[:_SHOWN])
        tell(f"new   {where}: values for {names}, from examples that are committed here")

    def _export(self, site: Site, choices: Choices) -> Choices:
        if site.found.contract or choices.contract:
            return choices
        document, why = measure.document(site, "fast", self._values if choices.env_file else {})
        self._no_contract = why
        if why:
            tell(f"note  no contract: the application {_name(site.found)} cannot be imported here: {why}")
        if document is None:
            return choices
        path = site.found.home
        where = path if site.found.folder == "." else f"{site.found.folder}/{path}"
        place = writing.original(self._folder, where, self._known)
        if place.problem or place.content is not None:
            return choices
        edit = Edit(where, None, _yaml(document, _name(site.found)).encode(), "created", "what the application serves")
        self._known = writing.write(self._folder, [edit], self._known, "written")
        tell(f"new   {where}: what {_name(site.found)} serves; from now on it is the truth")
        chosen = replace(choices, contract=path)
        self._settle(site, chosen)
        return chosen

    def _measure(self, site: Site) -> Tried:
        """Try the tier; a test that nothing can stop is left out, and the rest is tried again."""
        tried = Tried()
        hangs: dict[str, str] = {}
        for _ in range(_TRIES):
            budget = max(_LEAST, self._seconds - self._elapsed)
            tell(f"{site.session('fast')}: measuring, at most {budget:.0f} s ...")
            tried = measure.attempt(site, "fast", budget)
            now = {test: why for test, why in tried.known.left_out.items() if measure.ENDED in why}
            hangs |= now
            if not now:
                break
            baselines.write(site.folder, Baseline(left_out=hangs))
        tried = self._again(site, tried)
        return replace(tried, known=replace(tried.known, left_out={**tried.known.left_out, **hangs}))

    def _again(self, site: Site, tried: Tried) -> Tried:
        """What had no time beside the tests gets some alone."""
        late = [step for step, why in tried.dropped.items() if measure.LATE in why and step != "unit"]
        if not late:
            return tried
        tell(f"{site.session('fast')}: once more, alone: {', '.join(late)} ...")
        alone = measure.attempt(site, "fast", _ALONE, (*late,))
        dropped = {step: why for step, why in tried.dropped.items() if step not in late} | dict(alone.dropped)
        known = replace(tried.known, findings={**tried.known.findings, **alone.known.findings})
        return replace(tried, known=known, dropped=dropped, said={**tried.said, **alone.said})

    def _coverage(self, site: Site, choices: Choices, tried: Tried) -> float | None:
        """How much the tests cover, where that is quickly known."""
        quick = tried.seconds is not None and tried.seconds < _QUICK and self._elapsed < _LATE and not tried.deferred
        if not quick or "coverage" not in compose.pr_steps(site.found, choices) or measure.install(site, "pr"):
            return None
        return measure.attempt(site, "pr", _LATE, ("coverage",)).coverage

    def _settle(self, site: Site, choices: Choices, learnt: Baseline | None = None) -> None:
        """Write the configuration as it is now known, and the baseline if there is one."""
        folder = site.found.folder
        self._known = replace(self._known, choices={**self._known.choices, folder: choices})
        path = "xpconfig.toml" if folder == "." else f"{folder}/xpconfig.toml"
        edits: list[Edit] = []
        if path in self._known.files:
            after = compose.configuration(site.found, choices).encode()
            now = writing.place(self._folder, path).content
            edits += [Edit(path, now, after, "created", "")] if after != now else []
        if learnt is not None and learnt:
            where = baseline.NAME if folder == "." else f"{folder}/{baseline.NAME}"
            text = baseline.render(learnt)
            edits.append(Edit(where, None, text.encode(), "machine", ""))
        self._known = writing.write(self._folder, edits, self._known, "written")

    def _report(self, site: Site, tried: Tried, coverage: float | None) -> None:
        tell(f"{site.session('fast')}, measured {self._elapsed:.0f} s after the beginning:")
        for line in _told(tried, coverage):
            tell(f"  {line}")
        asked = [name for name in site.found.variables if not variables.is_of_tools(name)]
        unset = [name for name in asked if name not in os.environ]
        if unset and (tried.dropped or tried.known.failing):
            tell(f"  the code reads variables that are not set here: {', '.join(unset[:_SHOWN])}")
            tell("  set them, and name in [project] env what the steps may see")


def _told(tried: Tried, coverage: float | None) -> Iterator[str]:
    known = tried.known
    for step, said in tried.said.items():
        count = sum(known.findings.get(step, {}).values())
        if step not in tried.dropped:
            yield f"{step}: {clean(said)}{f'; {count} findings are known from now on' if count else ''}"
    for step, why in tried.dropped.items():
        only_pr = step == "unit" and measure.LATE in why
        where = "of fast, pr runs the tests" if only_pr else "it cannot run here"
        yield f"{step} IS LEFT OUT{' ' if only_pr else ', '}{where}: {measure.first(why)}"
    if known.failing:
        yield f"{len(known.failing)} tests FAILED and are quarantined: they run, and never count as passed"
        yield from (f"  {test}: {why}" for test, why in list(known.failing.items())[:_SHOWN])
    if known.left_out:
        yield f"{len(known.left_out)} tests DID NOT END and are left out of every tier"
        yield from (f"  {test}: {why}" for test, why in list(known.left_out.items())[:_SHOWN])
    if known.slow:
        yield f"{len(known.slow)} tests are too slow for fast; pr runs them"
    if baseline.ALL in known.unmeasured:
        yield "the tests did not come to their end: nothing is known of them yet, and their failures are quarantined"
    if tried.deferred:
        yield f"{len(tried.deferred)} tests found no time: not known yet, so that their failures are quarantined, too"
        yield "  `inv baseline --tighten` gives them all the time they need"
    if coverage is not None:
        yield f"coverage: {coverage:.1f} %, where the ratchet starts"


def _how(found: Found, choices: Choices) -> str:
    words = [f"Python {choices.python}"] if choices.python else []
    words += [f"without {found.dependencies.lock}"] if found.dependencies.lock and not choices.lock else []
    words += [f"with other versions of {', '.join(choices.unlocked)}"] if choices.unlocked else []
    words += ["with nothing but the tools"] if choices.bare else []
    words += [f"install = {choices.install}"] if choices.install != found.dependencies.install else []
    return f" ({', '.join(words)})" if words else ""


def _name(found: Found) -> str:
    return found.application.name if found.application else "of the project"


def _yaml(document: Mapping[str, object], name: str) -> str:
    import yaml  # noqa: PLC0415 - only a service has a contract

    head = f"# What {name} served when xptasks came here. From now on this file is the truth: change it first.\n"
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
