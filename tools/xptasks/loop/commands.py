"""What the tasks about deployments do: an edge that reads the configuration, calls, and prints."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xptasks.config import find_project, load
from xptasks.config.overrides import PROFILE
from xptasks.config.settings import Config
from xptasks.delivery import lock
from xptasks.delivery.machine import Asked, Finished
from xptasks.delivery.manifest import Manifest
from xptasks.delivery.plan import Strategy
from xptasks.delivery.settings import DeploySettings
from xptasks.errors import UsageError
from xptasks.history.actors import VARIABLE, actor
from xptasks.loop import chronicle, following, watching
from xptasks.loop import deploy as deploying
from xptasks.loop.recording import Recorder
from xptasks.loop.target import Place, opened, plan_in_words
from xptasks.settings import given_duration
from xptasks.system import change, git

_EXITS = {"promoted": 0, "rolled back": 1, "failed": 6}


@dataclass(frozen=True, slots=True)
class Deployment:
    """What was asked for on the command line."""

    strategy: Strategy
    rev: str = ""
    profile: str = ""
    wait: str = "0s"
    dirty: bool = False
    detach: bool = False
    dry_run: bool = False
    json: bool = False
    confirm: bool = False


def configuration(profile: str) -> tuple[Config, Path]:
    """The configuration of the project that the current folder is in; that folder becomes the current one."""
    folder = find_project(Path.cwd())
    os.chdir(folder)
    return load(folder, profile=profile or None, environ=dict(os.environ)).config, folder


@contextmanager
def place_of(profile: str) -> Iterator[Place]:
    """The configured target, which tells on stderr what happens."""
    config, folder = configuration(profile)
    with opened(config, folder, dict(os.environ), _tell) as place:
        yield place


def _tell(now: float, text: str) -> None:
    with suppress(OSError):  # a log on a full disk, a pipe whose reader left: no reason to leave a canary alone
        sys.stderr.write(f"{time.strftime('%H:%M:%S', time.localtime(now))}  {text}\n")
        sys.stderr.flush()


def deploy(asked: Deployment) -> int:
    """Build, deploy, and say how it ended. Exit codes: 0 promoted, 1 rolled back, 6 a human is needed."""
    wait = given_duration(asked.wait, "--wait")
    with place_of(asked.profile) as place:
        if asked.dry_run:
            return _print_plan(place, asked)
        release = place.build(asked.rev, dirty=asked.dirty)
        _tell(time.time(), f"release {release.id}: {release.subject}")
        watching.ensure(place, asked.profile)
        if asked.detach:
            return _detached(place, asked, release)
        what = f"inv deploy-{asked.strategy}"
        noted = _noted(place, release, asked.profile)
        with _carried(place):
            finished = deploying.deploy(
                place.target,
                release.id,
                strategy=asked.strategy,
                what=what,
                wait=wait,
                noted=noted,
                confirm=asked.confirm,
            )
        place.prune()
        return _ended(place, finished, as_json=asked.json)


def _noted(place: Place, release: Manifest, profile: str) -> dict[str, object]:
    """What the journal says besides: who deploys, and what. Nobody knows how old changes without a commit are."""
    made = None if release.dirty else change.made(place.project, release.commit)
    known = {"committed": made, "profile": profile or place.environ.get(PROFILE)}
    more = {name: value for name, value in known.items() if value}
    return {"actor": _actor(), "commit": release.commit, **more}


def _actor() -> str:
    return str(actor(os.environ, terminal=sys.stdin.isatty()))


@contextmanager
def _carried(place: Place) -> Iterator[None]:
    """Whatever the block does to a deployment is recorded afterwards, also when it fails."""
    try:
        yield
    finally:
        record = Recorder(place.project, lambda text: _tell(time.time(), text))
        chronicle.carry(record, place.config.project.name, place.name, place.target.journal)


def _print_plan(place: Place, asked: Deployment) -> int:
    return _print(plan_in_words(place, asked.rev, asked.strategy), as_json=asked.json)


def _print(lines: Sequence[str], *, as_json: bool) -> int:
    sys.stdout.write(json.dumps({"plan": lines}) + "\n" if as_json else "".join(f"- {line}\n" for line in lines))
    return 0


def _detached(place: Place, asked: Deployment, release: Manifest) -> int:
    """The same command again, without `--detach` and of the same commit, in a process that outlives this one."""
    words = [f"deploy-{asked.strategy}", "--wait", asked.wait]
    words += ["--dirty"] if asked.dirty else ["--rev", release.commit]
    words += ["--profile", asked.profile] if asked.profile else []
    words += ["--confirm"] if asked.confirm else []
    log = watching.start(place, "deployment", words, {VARIABLE: _actor()})
    answer = {"release": release.id, "log": str(log)}
    sys.stdout.write(json.dumps(answer) + "\n" if asked.json else f"{release.id} is being deployed; see {log}\n")
    return 0


def _ended(place: Place, finished: Finished, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps({**asdict(finished), **deploying.status(place.target)}) + "\n")
    else:
        sys.stdout.write(f"{finished.outcome}: {finished.why}\n")
    return _EXITS[finished.outcome]


def ask(what: Asked, profile: str, *, as_json: bool) -> int:
    """Promote, pause, resume or abort what is under way."""
    with place_of(profile) as place:
        with _carried(place):
            if what == "abort":
                finished: Finished | None = deploying.abort(place.target, actor=_actor())
            else:
                finished = deploying.ask(place.target, what, actor=_actor())
        sys.stdout.write(_status(place, as_json=as_json))
        return 0 if finished is None or what == "abort" else _EXITS[finished.outcome]


def follow(rev: str, until: str, timeout: str, profile: str, *, as_json: bool) -> int:
    """Wait for a commit's deployment. Exit codes: 0 so far, 1 rolled back, 5 not in time, 6 a human is needed."""
    wanted = following.until_of(until)
    given = given_duration(timeout, "--timeout") if timeout else None
    with place_of(profile) as place, _carried(place):
        limit = _patience(place.config.deploy) if given is None else given
        commit = _commit(place.project, rev)
        reached = following.follow(
            place, commit, wanted, limit, actor=_actor(), tell=lambda text: _tell(time.time(), text)
        )
    return _told(reached, as_json=as_json)


def _commit(project: Path, revision: str) -> str:
    (found,) = git.capture((("git", "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"),), str(project))
    if not found:
        raise UsageError(f"there is no commit {revision}", hint="`git log` shows what there is; `git fetch` may help")
    return found.decode().strip()


def _patience(deploy_: DeploySettings) -> float:
    """Seconds that a whole deployment may take."""
    stages = sum(stage.hold + deploy_.analysis.patience for stage in deploy_.stages)
    return deploy_.start_timeout + stages + deploy_.drain_timeout


def undo(rev: str, profile: str, *, as_json: bool) -> int:
    """Take back what is under way of a commit. Exit codes: 0 nothing of it is left, 6 a human is needed."""
    with place_of(profile) as place, _carried(place):
        wait = place.config.deploy.drain_timeout + place.config.deploy.start_timeout
        done = following.undo(place, _commit(place.project, rev), actor=_actor(), wait=wait)
    return _told(done, as_json=as_json)


def _told(reached: following.Next, *, as_json: bool) -> int:
    code = int(reached.code or 0)
    sys.stdout.write(json.dumps({"exit_code": code, "why": reached.why}) + "\n" if as_json else f"{reached.why}\n")
    return code


def rollback(to: str, profile: str, *, as_json: bool, dry_run: bool = False) -> int:
    """Go back to a release. Exit codes: 0 when it serves, 1 when it could not take over, 6 when a human is needed."""
    with place_of(profile) as place:
        release = place.releases.get(to).id if to else ""
        wanted = deploying.goal(place.target, release)
        if dry_run:
            lines = [
                f"start {wanted} unless it is warm",
                f"give it all traffic at once; now {deploying.serving(place.target)} serves",
            ]
            return _print(lines, as_json=as_json)
        with _carried(place):
            finished = deploying.rollback(place.target, release, actor=_actor())
        sys.stdout.write(_status(place, as_json=as_json))
        if finished.outcome == "failed":
            return 6
        return 0 if deploying.serving(place.target) == wanted else 1


def status(profile: str, *, as_json: bool) -> str:
    """What serves and how far a deployment is."""
    with place_of(profile) as place:
        return _status(place, as_json=as_json)


def _status(place: Place, *, as_json: bool) -> str:
    told = deploying.status(place.target) | {"watcher": watching.is_alive(place)}
    return json.dumps(told) + "\n" if as_json else "".join(f"{line}\n" for line in _lines(told))


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    yield f"serving   {told['serving'] or 'nothing'}  {told['url'] or ''}".rstrip()
    split = told["split"]
    for release, condition in sorted(told["releases"].items()):
        share = "no proxy" if split is None else f"{split.get(release, 0)} %"
        yield f"  {release}  {condition}  {share}"
    if told["deployment"]:
        yield f"last      {_in_words(told['deployment'])}"
    yield f"driven by {told['supervisor'] or 'nobody'}"
    yield f"watcher   {'runs' if told['watcher'] else 'does not run (`inv watch --detach`)'}"


def _in_words(deployment: Mapping[str, Any]) -> str:
    head = f"deployment {deployment['number']}, {deployment['old'] or 'nothing'} -> {deployment['new']}: "
    if deployment["outcome"]:
        return f"{head}{deployment['outcome']} ({deployment['why']})"
    if deployment["rolling_back"]:
        return f"{head}rolling back ({deployment['rolling_back']})"
    if deployment["stage"] is None:
        return f"{head}starting"
    weight = deployment["stages"][deployment["stage"] - 1][0]
    return f"{head}{weight} %, {'paused' if deployment['paused'] else f'''{deployment['left']:.0f} s left'''}"


def down(profile: str) -> int:
    """End everything; the releases and the journal stay on disk."""
    with place_of(profile) as place, _carried(place), lock.held(place.target.home, "inv deploy-down"):
        watching.stop(place)
        deploying.down(place.target)
    return 0


def watch(profile: str, metrics_port: str) -> int:
    """Watch until a signal."""
    if metrics_port and not metrics_port.isdecimal():
        raise UsageError(f"--metrics-port is no number: {metrics_port}", hint="name a port; 0 takes a free one")
    with place_of(profile) as place:
        return watching.run(place, int(metrics_port) if metrics_port else None)


def watch_detached(profile: str) -> int:
    """Start a watcher that outlives the command, unless one runs."""
    with place_of(profile) as place:
        sys.stdout.write(f"{watching.ensure(place, profile)}\n")
    return 0


def install_watch(profile: str) -> int:
    """Write what keeps a watcher alive across reboots."""
    config, folder = configuration(profile)
    sys.stdout.write(watching.install(config, folder, profile, dict(os.environ)))
    return 0
