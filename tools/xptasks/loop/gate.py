"""The gate: from a configuration and a tier's name to steps that are ready to run, and from their results to the cache.

`prepare` decides everything and starts nothing; `run` lets the steps run, keeps what is green, and leaves the record
by which the hook and the next `nox -s TIER` see that nothing changed.
"""

import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xptasks import steps
from xptasks.config.overrides import did_you_mean
from xptasks.config.settings import Config
from xptasks.errors import UsageError
from xptasks.loop import known, ratcheting
from xptasks.loop.meanwhile import Meanwhile
from xptasks.results import Circumstances, Command, Event, Status, StepContext
from xptasks.system import change
from xptasks.system.files import atomic_write
from xptasks.system.machine import PYTHON
from xptasks.tiers import cache, fingerprint, patterns, plan, quick, variables
from xptasks.tiers.fingerprint import Tree, UncacheableError
from xptasks.tiers.run import Door, Finished, Judge, Planned, Terms
from xptasks.tiers.run import run as run_steps
from xptasks.tiers.settings import StepOptions, TierSettings

_QUICK = "unit"  # the step that leaves out slow tests
_SHARE = 0.2  # of the budget: what is left when no further test is started has to do for the one at hand
_FIXED = {"PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120"}


@dataclass(frozen=True, slots=True)
class Request:
    """What to run.

    Attributes:
        project: the project's folder, absolute.
        tier: the tier's name.
        environ: the caller's environment.
        words: what follows `--`: names of steps, then words for the last of them.
        python, environment: the interpreter of the tier's environment, and that environment's folder.
        own: the interpreter that has xptasks, when that is another one.
        path: a folder through which that environment finds what its processes need of xptasks; empty inside.
        packages: the folders that hold what is installed there; by default those of a virtual environment.
        use_cache: False runs every step; results are kept all the same.
        run_id: what the run is called.
        measure: the raw truth is wanted: nothing counts as known, no ratchet judges, and no test may take for ever.
        today: the day on which exceptions end or not.
        ordinary: nothing was overridden on the command line, so a green run says something about the next one.
        circumstances: under what it takes place, as far as the caller knows.
    """

    project: Path
    tier: str
    environ: Mapping[str, str]
    words: tuple[str, ...] = ()
    python: str = sys.executable
    environment: Path = Path(sys.prefix)
    own: str = ""
    path: str = ""
    packages: tuple[str, ...] = ()
    use_cache: bool = True
    ordinary: bool = True
    run_id: str = ""
    measure: bool = False
    today: dt.date = field(default_factory=lambda: dt.datetime.now(dt.UTC).date())
    circumstances: Circumstances = field(default_factory=Circumstances)

    @property
    def folder(self) -> Path:
        """Where the tier keeps what it remembers from run to run; deleting it costs time only."""
        return self.project / ".xp" / "tiers" / self.tier

    @property
    def sites(self) -> tuple[str, ...]:
        """The folders that hold what is installed."""
        return self.packages or tuple(fingerprint.site_packages_of(str(self.environment)))


@dataclass(frozen=True, slots=True)
class State:
    """What all steps of a tier depend on: the project's files, and what is installed."""

    files: Tree
    installed: list[str]


@dataclass(frozen=True, slots=True)
class Ready:
    """A step that is ready to run.

    Attributes:
        planned: what runs, with the cached result if there is one.
        key: the key of its result now, empty when it cannot be cached.
        key_of: the key for another state of things.
        inputs_of: the files of such a state that the step depends on.
        variables: the names of the environment variables that it declares.
        verdict: what the cache says, in words.
    """

    planned: Planned
    key: str
    key_of: Callable[[State], str]
    inputs_of: Callable[[State], Tree]
    variables: tuple[str, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A tier that is ready to run; `state` is None, and `notice` says why, when nothing can be cached."""

    request: Request
    terms: Terms
    ready: tuple[Ready, ...]
    state: State | None
    kept: cache.Cache
    notice: str = ""


def prepare(config: Config, request: Request) -> Prepared:
    """Everything that a run needs to know, without starting anything.

    Raises:
        UsageError: there is no such tier, or the words name no step of it.
    """
    if request.tier not in config.tiers:
        known = list(config.tiers)
        hint = did_you_mean(request.tier, known) or f"its tiers are: {', '.join(known)}"
        raise UsageError(f"xpconfig.toml has no tier {request.tier!r}", hint=hint)
    settings = config.tiers[request.tier]
    every = plan.without_replaced(
        plan.steps_of(request.tier, config.tiers), lambda name: getattr(steps.load(name), "REPLACES", ())
    )
    chosen, extra = plan.split_words(request.words, every)
    wanted = chosen or every
    state, notice = _state(request)
    kept = cache.Cache(request.project / ".xp" / "cache" / request.tier)
    maker = _Maker(config, request, state, kept)
    seconds = {name: kept.seconds(name) for name in wanted}
    return Prepared(
        request,
        _terms(request, settings, _judge(config, request, extra), state),
        tuple(maker.ready(name, extra if name == wanted[-1] else ()) for name in plan.slowest_first(wanted, seconds)),
        state,
        kept,
        notice,
    )


def _judge(config: Config, request: Request, extra: tuple[str, ...]) -> Judge | None:
    """Words for a tool mean that only a part is looked at: then no ratchet judges."""
    return None if extra or request.measure else ratcheting.gate(request.project, config, request.today)


def _terms(request: Request, settings: TierSettings, judge: Judge | None, state: State | None) -> Terms:
    differs = change.uncommitted(request.project)
    return Terms(
        project=request.project,
        jobs=settings.jobs,
        budget=settings.budget,
        partial_allowed=settings.allow_partial,
        tier=request.tier,
        run_id=request.run_id,
        commit=change.head(request.project) if differs == () else "",
        dirty=differs or (),
        judge=judge,
        circumstances=replace(request.circumstances, environment=fingerprint.alike(state.installed) if state else ""),
    )


def _state(request: Request) -> tuple[State | None, str]:
    project = str(request.project)
    try:
        return State(fingerprint.project_tree(project), fingerprint.distributions(request.sites, project)), ""
    except UncacheableError as why:
        return None, f"nothing can be cached: {why}"


class _Maker:
    """Makes steps ready: asks each what to run, and works out its environment and its key."""

    def __init__(self, config: Config, request: Request, state: State | None, kept: cache.Cache) -> None:
        self._config = config
        self._request = request
        self._state = state
        self._kept = kept
        self._changed = _changed(request, state.files if state else {})
        self._own = own_globs(request.project)
        self._base = change.merge_base(request.project) or ""
        self._values = variables.read(request.project, config.project.env_file)
        self._known = known.raw(request.project) if request.measure else known.of(request.project, self._base)

    def ready(self, name: str, extra: tuple[str, ...]) -> Ready:
        """One step."""
        step = steps.load(name)
        options: StepOptions = self._config.steps.get(name) or step.Options()
        command = _limited(step.command(options, self._context(name, extra)), options)
        if self._config.project.env_file:
            command = replace(command, inputs=(*command.inputs, self._config.project.env_file))
        declared = (*self._config.project.env, *options.env, *command.passes)
        programs = fingerprint.programs_of(str(self._request.environment))
        environ = {**self._values, **fingerprint.environment(self._request.environ, declared, programs)}

        def inputs_of(state: State) -> Tree:
            return cache.inputs(self._request.project, state.files, command, self._own)

        def key_of(state: State) -> str:
            return cache.key(
                name,
                command,
                files=inputs_of(state),
                environ=environ,
                installed=state.installed,
                python=self._request.python,
                project=self._request.project,
                options=options.model_dump_json() + self._known.key(name, tests=_tests(command)),
            )

        planned = Planned(
            name,
            command,
            lambda outcome: self._known.judge(name, step.read(options, outcome), outcome),
            self._environment(environ, command),
            self._request.folder / name / "log",
            " ".join((self._rerun(name), *extra)),
        )
        return self._with_verdict(
            Ready(planned, "", key_of, inputs_of, declared, ""), cacheable=command.cacheable and options.cache
        )

    def _with_verdict(self, ready: Ready, *, cacheable: bool) -> Ready:
        if not cacheable or self._state is None:
            return replace(
                ready, verdict="runs: it is never cached" if not cacheable else "runs: nothing can be cached"
            )
        key = ready.key_of(self._state)
        if not self._request.use_cache:
            return replace(ready, key=key, verdict="runs: the cache is off")
        found = self._kept.find(ready.planned.name, key)
        if found is None:
            return replace(ready, key=key, verdict="runs: no green result for this state")
        planned = replace(ready.planned, cached=replace(found, rerun=ready.planned.rerun))
        return replace(ready, key=key, planned=planned, verdict="cached")

    def _context(self, name: str, extra: tuple[str, ...]) -> StepContext:
        folder = self._request.folder / name
        return StepContext(
            project=self._request.project,
            python=self._request.python,
            sources=self._config.project.sources,
            tests=self._config.project.tests,
            scratch=folder / "run",
            state=folder / "state",
            extra=extra,
            budget=self._config.tiers[self._request.tier].budget,
            changed=self._changed,
            rerun=self._rerun(name),
            base=self._base,
            own=self._request.own,
            told={**self._known.told(quick=name == _QUICK), **(self._measuring() if self._request.measure else {})},
            slices={
                "contracts": self._config.contracts,
                "generate": self._config.generate,
                "service": self._config.service,
                "probes": self._config.probes,
                "ratchets": tuple(self._config.ratchets),
            },
        )

    def _measuring(self) -> dict[str, Any]:
        limit = min(known.LIMIT, self._config.tiers[self._request.tier].budget * _SHARE)
        return {"go_on": True, "limit": limit}

    def _rerun(self, name: str) -> str:
        return f"nox -s {self._request.tier} -- {name}"

    def _environment(self, environ: Mapping[str, str], command: Command) -> dict[str, str]:
        own = {"VIRTUAL_ENV": str(self._request.environment), **_FIXED}
        if self._request.path:
            path = os.pathsep.join(filter(None, [self._request.path, environ.get("PYTHONPATH", "")]))
            own |= {"PYTHONPATH": path, PYTHON: self._request.python}
        return {**environ, **own, **command.env, **command.hints}


def _tests(command: Command) -> bool:
    return any(artifact.name == "tests.json" for artifact in command.artifacts)


def _limited(command: Command, options: StepOptions) -> Command:
    """The user's limits go before the step's own."""
    return replace(
        command,
        timeout=command.timeout if options.timeout is None else options.timeout,
        idle_timeout=command.idle_timeout if options.idle_timeout is None else options.idle_timeout,
    )


def own_globs(project: Path) -> tuple[str, ...]:
    """Where the project is this library, its own code decides what runs and how it is read: an input of every step."""
    package = Path(__file__).resolve().parent.parent
    inside = package.is_relative_to(project) and "site-packages" not in package.parts
    return (f"{package.relative_to(project)}/**",) if inside else ()


def _changed(request: Request, now: Tree) -> tuple[str, ...]:
    """The files that differ from those of the last green run; empty when there was none."""
    try:
        before: Any = json.loads((request.folder / "tree.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    if not isinstance(before, dict):
        return ()
    return tuple(sorted(path for path in now.keys() | before.keys() if list(now.get(path, ())) != before.get(path)))


def run(prepared: Prepared, supervisor: Door, emit: Callable[[Event], None]) -> Finished:
    """Run what is not cached and keep what is green.

    A result is kept the moment its step ends, if nobody wrote to its inputs since it began: a run that is killed later
    loses nothing, and a file that was edited meanwhile is never vouched for, not even when it is as before again.
    """
    by_name = {item.planned.name: item for item in prepared.ready}
    watch = _meanwhile(prepared)

    def emit_and_keep(event: Event) -> None:
        edited = _edited(prepared, watch) if event.kind == "run-finished" else ""
        emit(replace(event, data={**event.data, "edited": edited}) if edited else event)
        ready = by_name.get(event.step) if event.kind == "step-finished" else None
        if ready and (why := _keep(prepared, ready, event.data["result"], watch)):
            emit(Event("notice", event.at, data={"message": f"{event.step} is not kept in the cache: {why}"}))

    finished = run_steps([item.planned for item in prepared.ready], prepared.terms, supervisor, emit_and_keep)
    _remember(prepared, finished, watch)
    return finished


def _meanwhile(prepared: Prepared) -> Meanwhile:
    """Watches the project's files, if anything runs."""
    running = [item for item in prepared.ready if not item.planned.cached]
    if not prepared.state or not running:
        return Meanwhile(str(prepared.request.project), None)
    inputs = (item.inputs_of(prepared.state) for item in running)
    return Meanwhile(str(prepared.request.project), {*prepared.state.files}.union(*inputs))


def _edited(prepared: Prepared, watch: Meanwhile) -> str:
    """A file of the commit that was checked which may not be the commit's any more; empty when there is none."""
    if prepared.state is None or not prepared.terms.commit or watch.idle:
        return ""
    now, _ = _state(prepared.request)
    return watch.edited(prepared.state.files, now.files if now else {})


def _keep(prepared: Prepared, ready: Ready, result: Mapping[str, Any], watch: Meanwhile) -> str:
    """Keep what is green, drop what a red result contradicts; the reason why a green result is not kept."""
    if not ready.key or result["cached"]:
        return ""
    if result["reading"]["status"] != Status.PASSED:
        prepared.kept.forget(ready.planned.name, ready.key)
        return ""
    state, _ = _state(prepared.request)
    if state is None:
        return "the state of its inputs cannot be told any more"
    if file := watch.wrote(ready.inputs_of(state)):
        return f"{file} was written while it ran"
    if ready.key_of(state) != ready.key:
        return "its inputs changed while it ran"
    prepared.kept.keep(ready.planned.name, ready.key, result)
    return ""


def _remember(prepared: Prepared, finished: Finished, watch: Meanwhile) -> None:
    """Leave the record of a run that was green from end to end, and take away that of one that was not."""
    request = prepared.request
    green = finished.status is Status.PASSED and all(item.key for item in prepared.ready)
    if green and (request.words or not request.ordinary):
        return
    record = Path(quick.path_of(str(request.project), request.tier))
    state = _state(request)[0] if green else None
    with suppress(OSError, ValueError, UncacheableError):
        record.unlink(missing_ok=True)
        if state is not None and state == prepared.state and not watch.wrote(state.files):
            found = _record(prepared, finished, state.files)
            atomic_write(request.folder / "tree.json", json.dumps(state.files))
            print_ = quick.current(str(request.project), found, request.environ, state.files)
            atomic_write(record, quick.write(found, print_))


def _record(prepared: Prepared, finished: Finished, files: Tree) -> quick.Record:
    request = prepared.request
    globs = {glob for item in prepared.ready for glob in item.planned.command.inputs}
    return quick.Record(
        str(request.environment),
        packages=request.sites,
        variables=(name for item in prepared.ready for name in item.variables),
        programs=(request.python, "python", *(item.planned.command.argv[0] for item in prepared.ready)),
        patterns=patterns.reaching(globs, files),
        summary=f"{len(finished.results)} steps passed",
    )
