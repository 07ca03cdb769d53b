"""`xptasks init`, `update`, `uninstall`: look, say what would be done, do it, and tell what was learnt."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xptasks.adopt import compose, detect, measure, repository, writing
from xptasks.adopt import manifest as manifests
from xptasks.adopt.compose import Choices
from xptasks.adopt.detect import Found
from xptasks.adopt.listing import Listing, listing
from xptasks.adopt.manifest import Manifest
from xptasks.adopt.measure import Site, Tried
from xptasks.adopt.plan import Edit, Plan, Setting, diff, plan
from xptasks.adopt.testing import Tests
from xptasks.errors import CannotRunError, ExitCode, UsageError
from xptasks.loop import known as baselines
from xptasks.quality import baseline
from xptasks.quality.baseline import Baseline
from xptasks.tiers import environment, fingerprint

_QUICK = 12.0  # seconds of tests up to which coverage is measured at once, too
_LEAST = 20.0  # seconds for the steps, however long the environment took
_LATE = 40.0  # seconds after which nothing is begun that can wait
_SHOWN = 10
_ALONE = 40.0  # seconds for checks that found no time beside the tests
_TRIES = 2
_PATIENCE = 2  # times the time that was asked for, within which something is mended


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for.

    Attributes:
        yes: write without asking.
        projects: folders, where not all that are found are meant.
        shared: one configuration at the top, whatever is below.
        measure: seconds that trying may take; 0 tries nothing.
        ask: a question to somebody at a terminal; None without one.
    """

    yes: bool = False
    projects: tuple[str, ...] = ()
    shared: bool = False
    measure: float = 45.0
    ask: Callable[[str], bool] | None = None


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def init(folder: Path, options: Options) -> int:
    """Adopt the repository in a folder; a second call changes nothing."""
    known = writing.read(folder)
    if known is not None and known.stage == "done":
        _tell(f"xptasks is here already ({len(known.files)} files): nothing to do; `xptasks update` looks for news")
        return ExitCode.OK
    made, known = _planned(folder, known, options)
    _show(made)
    _refuse_dirty(folder, made.edits, known)
    if not _may(options, f"write {len(made.edits)} files"):
        _tell("nothing was written; `xptasks init --yes` writes this")
        return ExitCode.OK
    known = writing.write(folder, made.edits, known, "written")
    if options.measure:
        known = _Trial(folder, made.found, known, options.measure).run()
    known = writing.write(folder, (), known, "done")
    _tell(f"done: {len(known.files)} files. Next: `nox -s fast`, then commit. `xptasks uninstall` takes it all back.")
    return ExitCode.OK


def _planned(folder: Path, known: Manifest | None, options: Options) -> tuple[Plan, Manifest]:
    """The plan of today, as if nothing of ours were there, and the record that it continues."""
    files = _original(folder, known)
    asked = options.projects or (known.projects if known else ())
    shared = options.shared or (known.shared if known else False)
    folders, left = ([*asked], []) if asked else ((["."], []) if shared else detect.projects(files))
    unknown = [name for name in folders if name != "." and not files.below(name).names]
    if unknown:
        raise UsageError(f"there is no folder {unknown[0]}", hint="name folders relative to this one")
    found = tuple(
        detect.project(files, name, name.rpartition("/")[2] if name != "." else folder.name) for name in folders
    )
    if len(left) > detect.MOST_PROJECTS and not asked and not shared and not detect.is_project(files):
        found = tuple(replace(each, tests=Tests()) for each in found)
        left = [f"each of {len(left)} folders, for example {left[0]},"]
    choices = dict(known.choices) if known else {}
    made = plan(found, choices, lambda path: writing.original(folder, path, known), _setting(folder, known))
    hints = [f"{name} looks like a project of its own and is left alone (`--project`)" for name in left[:_SHOWN]]
    hints += [f"and {len(left) - _SHOWN} more"] if len(left) > _SHOWN else []
    made = replace(made, hints=(*hints, *made.hints))
    return made, replace(known or Manifest(), projects=tuple(folders), shared=shared)


def _original(folder: Path, known: Manifest | None) -> Listing:
    """The files as they were before anything of ours."""
    files = repository.look(folder)
    ours = known.files if known else {}
    made = {path for path, entry in ours.items() if entry.before is None} | {manifests.NAME}

    def read(name: str) -> str:
        if name not in ours:
            return files.text(name)
        return (writing.original(folder, name, known).content or b"").decode("utf-8-sig", "replace")

    return listing((name for name in files.names if name not in made), read)


def _setting(folder: Path, known: Manifest | None) -> Setting:
    state = repository.state(folder)
    litter = repository.environments(folder)
    ours = known.files.get(".gitignore") if known else None
    ignored = repository.ignores(folder, [*compose.IGNORED, *litter]) if ours is None else set()
    return Setting(
        git=state.top is not None,
        top=state.top is not None and state.top.resolve() == folder.resolve(),
        ignored=frozenset(ignored),
        litter=tuple(litter),
    )


def _show(made: Plan) -> None:
    sys.stdout.write(diff(made.edits))
    sys.stdout.flush()
    for edit in made.edits:
        _tell(f"{'new ' if edit.before is None else 'edit'}  {edit.path}: {edit.why}")
    for hint in made.hints:
        _tell(f"note  {hint}")


def _refuse_dirty(folder: Path, edits: Sequence[Edit], known: Manifest) -> None:
    """What is not committed could not be told from ours later; other files may be as they like."""
    dirty = {path for path in repository.state(folder).dirty if not writing.is_ours(folder, path, known)}
    touched = [edit.path for edit in edits if edit.before is not None and edit.path in dirty]
    if touched:
        hint = "commit or put back these, and call it again"
        raise UsageError(f"{', '.join(touched)} has changes that are not committed", hint=hint)
    if dirty:
        _tell(f"note  {len(dirty)} other files have changes that are not committed; they are not touched")


def _may(options: Options, what: str) -> bool:
    return options.yes or bool(options.ask and options.ask(f"{what}?"))


class _Trial:
    """Tries every project that was written, and writes what that teaches."""

    def __init__(self, folder: Path, found: Sequence[Found], known: Manifest, seconds: float) -> None:
        self._folder = folder
        self._found = found
        self._known = known
        self._seconds = seconds
        self._began = time.monotonic()
        self._no_contract = ""

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
        choices = self._export(site, self._install(site))
        tried = self._measure(site)
        mended = self._mended(site, choices, tried)
        if mended is not None:
            choices = self._export(site, mended)
            tried = self._measure(site)
        coverage = self._coverage(site, choices, tried)
        quarantined = bool(tried.known.failing or tried.known.left_out)
        dropped = {step: measure.first(why) for step, why in tried.dropped.items()}
        learnt = replace(choices, dropped=dropped, coverage=coverage, quarantined=quarantined)
        self._settle(site, learnt, tried.known)
        self._report(site, tried, coverage)

    def _install(self, site: Site) -> Choices:
        """Make the environment, in the truest way that works."""
        env = tuple(name for name in site.found.variables if name in os.environ and name not in fingerprint.PASSED_ON)
        supported = site.found.dependencies.python
        pythons = measure.interpreters(supported)
        if not pythons:
            _tell(f"note  {site.found.name} needs Python {supported}, and none is here: what can be, is looked at")
        problem = ""
        for choices in measure.ways(site.found, Choices(env=env), pythons):
            if choices.lock and (freed := measure.unfit(site, choices.python)):
                choices = replace(choices, packages=freed)  # noqa: PLW2901 - the same way, gone further
            self._settle(site, choices)
            _tell(f"{site.session('fast')}: making its environment{_how(site.found, choices)} ...")
            problem = measure.install(site, "fast")
            if not problem:
                return choices
            _tell(f"note  that does not work here: {problem}")
        hint = "mend that and call `xptasks init --yes` again; `xptasks uninstall` takes back what was written"
        raise CannotRunError(f"no environment can be made for {site.found.name}: {problem}", hint=hint)

    def _mended(self, site: Site, choices: Choices, tried: Tried) -> Choices | None:
        """The choices with what turned out to be missing; None when nothing can be mended, or the time is up."""
        said = "\n".join([*tried.dropped.values(), *tried.known.failing.values(), self._no_contract])
        packages = (*choices.packages, *measure.remedies(said, choices.packages))
        text = choices.text or measure.OLD_MYPY in tried.dropped.get("types", "")
        warned = measure.is_warning(tried.dropped.get("unit", ""))
        args = measure.TOLERANT if warned else choices.args
        better = replace(choices, packages=packages, text=text, args=args)
        if better == choices or self._elapsed > _PATIENCE * self._seconds:
            return None
        self._settle(site, better)
        told = [
            *packages,
            *(["the text of mypy"] if text else []),
            *(["warnings that are no errors"] if warned else []),
        ]
        _tell(f"{site.session('fast')}: once more, with {', '.join(told)} ...")
        if measure.install(site, "fast"):
            self._settle(site, choices)
            return None
        return better

    def _export(self, site: Site, choices: Choices) -> Choices:
        if site.found.contract or choices.contract:
            return choices
        document, why = measure.document(site, "fast")
        self._no_contract = why
        if why:
            _tell(f"note  no contract: the application {_name(site.found)} cannot be imported here: {why}")
        if document is None:
            return choices
        path = site.found.home
        where = path if site.found.folder == "." else f"{site.found.folder}/{path}"
        place = writing.original(self._folder, where, self._known)
        if place.problem or place.content is not None:
            return choices
        edit = Edit(where, None, _yaml(document, _name(site.found)).encode(), "created", "what the application serves")
        self._known = writing.write(self._folder, [edit], self._known, "written")
        _tell(f"new   {where}: what {_name(site.found)} serves; from now on it is the truth")
        chosen = replace(choices, contract=path)
        self._settle(site, chosen)
        return chosen

    def _measure(self, site: Site) -> Tried:
        """Try the tier; a test that nothing can stop is left out, and the rest is tried again."""
        tried = Tried()
        hangs: dict[str, str] = {}
        for _ in range(_TRIES):
            budget = max(_LEAST, self._seconds - self._elapsed)
            _tell(f"{site.session('fast')}: measuring, at most {budget:.0f} s ...")
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
        _tell(f"{site.session('fast')}: once more, alone: {', '.join(late)} ...")
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
        _tell(f"{site.session('fast')}, measured {self._elapsed:.0f} s after the beginning:")
        for line in _told(tried, coverage):
            _tell(f"  {line}")
        unset = [name for name in site.found.variables if name not in os.environ]
        if unset and (tried.dropped or tried.known.failing):
            _tell(f"  the code reads variables that are not set here: {', '.join(unset[:_SHOWN])}")
            _tell("  set them, and name in [project] env what the steps may see")


def _told(tried: Tried, coverage: float | None) -> Iterator[str]:
    known = tried.known
    for step, said in tried.said.items():
        count = sum(known.findings.get(step, {}).values())
        if step not in tried.dropped:
            yield f"{step}: {said}{f'; {count} findings are known from now on' if count else ''}"
    for step, why in tried.dropped.items():
        yield f"{step} IS LEFT OUT, it cannot run here: {measure.first(why)}"
    if known.failing:
        yield f"{len(known.failing)} tests FAILED and are quarantined: they run, and never count as passed"
        yield from (f"  {test}: {why}" for test, why in list(known.failing.items())[:_SHOWN])
    if known.left_out:
        yield f"{len(known.left_out)} tests DID NOT END and are left out of every tier"
        yield from (f"  {test}: {why}" for test, why in list(known.left_out.items())[:_SHOWN])
    if known.slow:
        yield f"{len(known.slow)} tests are too slow for fast; pr runs them"
    if tried.deferred:
        yield f"{tried.deferred} tests found no time and are not known yet; the next runs begin with them"
    if coverage is not None:
        yield f"coverage: {coverage:.1f} %, where the ratchet starts"


def _how(found: Found, choices: Choices) -> str:
    words = [f"Python {choices.python}"] if choices.python else []
    words += [f"without {found.dependencies.lock}"] if found.dependencies.lock and not choices.lock else []
    words += [f"with other versions of {', '.join(choices.packages)}"] if choices.packages else []
    words += [f"install = {choices.install}"] if choices.install != found.dependencies.install else []
    return f" ({', '.join(words)})" if words else ""


def _name(found: Found) -> str:
    return found.application.name if found.application else "of the project"


def _yaml(document: Mapping[str, object], name: str) -> str:
    import yaml  # noqa: PLC0415 - only a service has a contract

    head = f"# What {name} served when xptasks came here. From now on this file is the truth: change it first.\n"
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)


def update(folder: Path, options: Options) -> int:
    """Bring what was written up to date: a three-way merge of each file."""
    known = _required(folder)
    made, known = _planned(folder, known, options)
    result = writing.merged(folder, made.edits, known)
    _show(replace(made, edits=result.edits))
    for path, why in result.left.items():
        _tell(f"left  {path}: {why}")
    if result.conflicts:
        _tell("what we would change in those where you changed the same lines:")
        sys.stderr.write(diff(result.conflicts))
    conflict = bool(result.conflicts)
    if not result.edits:
        _tell("everything is up to date" if not result.left else "nothing else to do")
        return ExitCode.GATE_FAILED if conflict else ExitCode.OK
    _refuse_dirty(folder, result.edits, known)
    if not _may(options, f"write {len(result.edits)} files"):
        _tell("nothing was written; `xptasks update --yes` writes this")
        return ExitCode.OK
    writing.write(folder, result.edits, known, "done")
    return ExitCode.GATE_FAILED if conflict else ExitCode.OK


def _required(folder: Path) -> Manifest:
    known = writing.read(folder)
    if known is None:
        raise UsageError(f"xptasks init was not here: there is no {manifests.NAME}", hint="call `xptasks init` first")
    return known


def uninstall(folder: Path, options: Options) -> int:
    """Take back what was written, byte for byte where nobody edited it since."""
    known = _required(folder)
    what = writing.removal(folder, known)
    for path in what.restored:
        _tell(f"back  {path}")
    for path in what.removed:
        _tell(f"gone  {path}")
    for path, why in what.left.items():
        _tell(f"left  {path}: {why}")
    if not _may(options, f"restore {len(what.restored)} files and remove {len(what.removed)}"):
        _tell("nothing was changed; `xptasks uninstall --yes` does it")
        return ExitCode.OK
    writing.take_back(folder, what, known, [*_runs(folder, known)])
    _tell("xptasks is gone from here")
    return ExitCode.OK


def _runs(folder: Path, known: Manifest) -> Iterator[Path]:
    """What runs left behind: ours alone, so not an environment that somebody else's session made."""
    for project in known.projects:
        yield folder / project / ".xp"
    for place in (folder / ".nox").glob("*"):
        if environment.is_built(place):
            yield place


def as_json(folder: Path) -> str:
    """What is recorded, for programs."""
    known = _required(folder)
    told = {
        "stage": known.stage,
        "projects": known.projects,
        "files": {path: each.kind for path, each in known.files.items()},
    }
    return json.dumps(told, indent=2) + "\n"
