"""Deploys what has landed: one release at a time, the newest wins, and the queue never waits for it.

The ledger says which commit was deployed where and how that ended; the journal of the target, on this host, says how it
goes. A deployment that was begun in the ledger and never in the journal is begun again by the next runner.
"""

import platform
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xptasks.delivery.journal import Deployment, Journal
from xptasks.history.actors import VARIABLE
from xptasks.landing import breaker, marks
from xptasks.landing.ledger import Entry, What
from xptasks.landing.merging import REVERTS
from xptasks.landing.remote import Update
from xptasks.loop.landing.acts import ACTOR
from xptasks.loop.landing.line import Scene
from xptasks.loop.landing.shop import BUSY, Shop, Turn, must
from xptasks.loop.landing.turn_commits import OwnCommits
from xptasks.loop.releases import JOURNAL, releases_of
from xptasks.quality import floors
from xptasks.system import detached
from xptasks.system.detached import Order

_ENDINGS: Mapping[str, What] = {
    "promoted": What.PROMOTED,
    "rolled back": What.ROLLED_BACK,
    "failed": What.DEPLOY_FAILED,
}
_OURS = (What.DEPLOYED, *_ENDINGS.values())
_LANDED = (What.LANDED, What.TRUNK_GREEN)
_WAIT = "1h"  # for a deployment that somebody else has begun
_TAIL = 800  # characters of a log that are told
_SLACK = 2.0  # seconds by which two clocks of one host may differ


@dataclass
class Canary:
    """Deploys.

    Args:
        shop: the queue's workshop.
        commits: makes the queue's own commits.
        start: begins a process that outlives us.
        busy: whether a deployment is under way.
    """

    shop: Shop
    commits: OwnCommits
    start: Callable[[Order], object] = detached.start
    busy: bool = False

    def step(self, scene: Scene) -> Turn | None:
        """The next thing about deployments, None when there is nothing but waiting; the trunk is known to be green."""
        if scene.rules.running.after.deploy == "none":
            return None
        return self.look(scene) or self._begin(scene, self._last(scene))

    def look(self, scene: Scene) -> Turn | None:
        """How far what was begun is; nothing is begun."""
        self.busy = False
        if scene.rules.running.after.deploy == "none":
            return None
        last = self._last(scene)
        if last and last.what is What.DEPLOYED:
            return self._look(scene, last)
        if last and last.what is What.PROMOTED and (given_up := self._given_up(scene, last)):
            return self._ended(scene, last, given_up, "rolled back")
        return None

    def _target(self, scene: Scene) -> str:
        return f"{scene.rules.config.deploy.target}@{platform.node()}"

    def _last(self, scene: Scene) -> Entry | None:
        """What was done last at the target of this host."""
        target = self._target(scene)
        mine = (each for each in reversed(scene.entries) if each.what in _OURS and each.data.get("target") == target)
        return next(mine, None)

    # -- beginning ---------------------------------------------------------------------------------------------------

    def _begin(self, scene: Scene, last: Entry | None) -> Turn | None:
        if self.busy:
            return None
        landed = next((each for each in reversed(scene.entries) if each.what in _LANDED and each.commit), None)
        if landed is None or (last and last.commit == landed.commit) or self._revert_waits(scene, last):
            return None
        if not self.shop.remote.git.is_ancestor(landed.commit, scene.rules.tip):
            return None
        told = {"target": self._target(scene)}
        entry = Entry(What.DEPLOYED, self.shop.now(), landed.change, landed.commit, ACTOR, told)
        trip = breaker.tripped([*scene.entries, entry], scene.rules.running.breaker, self.shop.now())
        if trip:
            must(self.shop.acts.open_breaker(scene.view, trip))
        elif must(self.shop.acts.note(scene.view, entry)):
            how = scene.rules.running.after.deploy
            self.shop.say(f"deploying {landed.commit[:12]} ({how})", kind="deploying", commit=landed.commit)
        return BUSY

    def _revert_waits(self, scene: Scene, last: Entry | None) -> bool:
        """What was given up is still on the trunk, and what takes it back waits: nothing is deployed before that."""
        name = last.data.get("queued") if last else ""
        return bool(name) and any(each.change == name for each in scene.queue)

    def _start(self, scene: Scene, entry: Entry) -> None:
        tip, profile = scene.rules.tip, self.shop.operator.profile
        project = self.shop.place.check_out(entry.commit, tip, "deploy")
        words = (f"deploy-{scene.rules.running.after.deploy}", "--rev", entry.commit, "--wait", _WAIT, "--json")
        argv = (sys.executable, "-P", "-m", "xptasks", *words, *(("--profile", profile) if profile else ()))
        environ = {**self.shop.operator.environ, VARIABLE: ACTOR}
        self.start(Order(argv, project, environ, self._log(entry), self._record(entry)))

    def _record(self, entry: Entry) -> Path:
        return self.shop.place.home / "deployments" / f"{entry.commit[:12]}-{entry.at:.0f}.json"

    def _log(self, entry: Entry) -> Path:
        return self._record(entry).with_suffix(".log")

    # -- looking -----------------------------------------------------------------------------------------------------

    def _look(self, scene: Scene, entry: Entry) -> Turn | None:
        record = self._record(entry)
        lives = detached.is_alive(record)
        deployment = self._journalled(scene, entry)
        if deployment and deployment.state.outcome:
            return self._ended(scene, entry, deployment, deployment.state.outcome)
        if deployment or lives:
            self.busy = True
            return None
        if not record.exists():
            self._start(scene, entry)
            self.busy = True
            return BUSY
        return self._failed(scene, entry)

    def _deployments(self, scene: Scene) -> list[Deployment]:
        """The target's deployments, newest first."""
        path = releases_of(scene.rules.config, self.shop.operator.environ).home / JOURNAL
        if not path.exists():
            return []
        with closing(Journal(path)) as journal:
            return journal.deployments()

    def _journalled(self, scene: Scene, entry: Entry) -> Deployment | None:
        for each in self._deployments(scene):
            opened = each.entries[0]
            if opened.data.get("commit") == entry.commit and opened.at >= entry.at - _SLACK:
                return None if opened.data.get("rollback") else each
        return None

    def _given_up(self, scene: Scene, promoted: Entry) -> Deployment | None:
        """A rollback of what we promoted, by the watcher or by a human."""
        latest = next(iter(self._deployments(scene)), None)
        back = latest and latest.entries[0].data.get("rollback") and latest.state.outcome == "promoted"
        return latest if latest and back and latest.plan.old == promoted.data.get("release") else None

    def _failed(self, scene: Scene, entry: Entry) -> Turn:
        """It ended before it began: as a rule the release could not be built."""
        try:
            tail = self._log(entry).read_text(encoding="utf-8", errors="replace").strip()[-_TAIL:]
        except OSError:
            tail = ""
        told = {**entry.data, "why": tail or "it ended before it began", "log": str(self._log(entry))}
        failed = Entry(What.DEPLOY_FAILED, self.shop.now(), entry.change, entry.commit, ACTOR, told)
        if must(self.shop.acts.note(scene.view, failed)):
            self.shop.say(f"{entry.commit[:12]} cannot be deployed: {told['why']}", kind="deploy-failed")
        return BUSY

    # -- ending ------------------------------------------------------------------------------------------------------

    def _ended(self, scene: Scene, entry: Entry, deployment: Deployment, outcome: str) -> Turn:
        what = _ENDINGS[outcome]
        told: dict[str, Any] = {
            "target": self._target(scene),
            "release": deployment.plan.old if deployment.entries[0].data.get("rollback") else deployment.plan.new,
            "why": deployment.entries[0].data.get("why") or deployment.state.why,
        }
        more: list[Update] = []
        if what is What.ROLLED_BACK and scene.rules.running.after.revert:
            commits, more = self._taken_back(scene, entry, deployment)
            told |= {"reverts": commits, "queued": _name(entry) if commits else ""}
        ended = Entry(what, self.shop.now(), entry.change, entry.commit, ACTOR, told)
        if must(self.shop.acts.note(scene.view, ended, more=more)):
            queued = f"; {told['queued']} is queued" if told.get("queued") else ""
            text = f"{outcome} {entry.commit[:12]}: {told['why']}{queued}"
            self.shop.say(text, kind=str(what), commit=entry.commit, change=entry.change)
        return BUSY

    def _taken_back(self, scene: Scene, entry: Entry, deployment: Deployment) -> tuple[list[str], list[Update]]:
        """The commits that are taken back, oldest first, and what queues that; none where it cannot be said which.

        What landed since the last release that was promoted goes: the canary judged all of it together. What takes
        something back itself is never taken back: a human has to look then.
        """
        git, view = self.shop.remote.git, scene.view
        ref = f"{marks.QUEUE}{_name(entry)}"
        if ref in view.refs or not git.is_ancestor(entry.commit, scene.rules.tip):
            return [], []
        good = self._last_promoted(scene, entry) or self._served_before(scene, entry, deployment)
        if not good:
            return self._stays(entry, "nobody knows a commit of the trunk that served before it")
        commits = git("rev-list", "--first-parent", "--reverse", f"{good}..{entry.commit}", "--").split()
        form = f"--format=%(trailers:key={REVERTS},valueonly)"
        if not commits or git("log", form, f"{good}..{entry.commit}", "--").strip():
            return self._stays(entry, "it takes something back itself")
        value = self.shop.acts.proposed(_name(entry), entry.commit, good, commits)
        return commits, [Update(ref, value, ""), *self._with_floors_of(scene, good)]

    def _last_promoted(self, scene: Scene, entry: Entry) -> str:
        for each in reversed(scene.entries):
            is_before = each.what is What.PROMOTED and each.commit != entry.commit
            if is_before and self.shop.remote.git.is_ancestor(each.commit, entry.commit):
                return each.commit
        return ""

    def _served_before(self, scene: Scene, entry: Entry, deployment: Deployment) -> str:
        """The commit of the release that serves again: the first ones were deployed by hand, without a queue."""
        back = deployment.entries[0].data.get("rollback")
        stable = deployment.plan.new if back else deployment.plan.old
        for each in self._deployments(scene):
            opened = each.entries[0].data
            commit = str(opened.get("commit") or "")
            if each.plan.new == stable and commit and not opened.get("rollback"):
                return commit if self.shop.remote.git.is_ancestor(commit, entry.commit) else ""
        return ""

    def _stays(self, entry: Entry, why: str) -> tuple[list[str], list[Update]]:
        """Nothing is taken back, which is said."""
        hint = f"a human may: inv land --revert {entry.commit[:12]}"
        self.shop.say(f"{entry.commit[:12]} stays on the trunk, since {why}; {hint}", kind="trouble")
        return [], []

    def _with_floors_of(self, scene: Scene, good: str) -> list[Update]:
        """The floors that were earned since by what is taken back are taken back, too, or the gate would be red."""
        tip, before = scene.rules.tip, self.commits.floors_of(good)
        if self.commits.floors_of(tip) == before:
            return []
        commit = self.commits.commit(tip, {floors.NAME: before}, f"Put the floors back to those of {good[:12]}")
        return self.shop.acts.trunk_becomes(scene.view, commit)


def _name(entry: Entry) -> str:
    return f"revert-{entry.commit[:12]}"
