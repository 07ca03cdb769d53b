"""Minds the trunk: what somebody pushed straight to it is gated after the fact.

Every commit that the queue lands moves `refs/xp/gated/TRUNK` along in the same push. Where the trunk is another
commit, somebody else moved it: it is tested, and either that ref follows, or the trunk is marked red, the next canary
waits, and taking the commits back is proposed.
"""

from dataclasses import dataclass
from typing import Any

from xptasks.errors import ExitCode
from xptasks.landing import marks, rejection
from xptasks.landing.marks import PROPOSED
from xptasks.loop.landing.line import Scene
from xptasks.loop.landing.record import is_agent
from xptasks.loop.landing.shop import BUSY, Shop, Turn, must
from xptasks.loop.landing.tester import Tester

_TWICE = 2
_LISTED = 200  # commits


def is_known_green(scene: Scene, trunk: str) -> bool:
    """Whether the trunk is known to be green without testing it."""
    return scene.view.refs.get(marks.gated(trunk)) == scene.rules.tip


@dataclass
class Minder:
    """Minds the trunk.

    Args:
        shop: the queue's workshop.
        tester: tests.
    """

    shop: Shop
    tester: Tester

    def step(self, scene: Scene) -> Turn | None:
        """What has to be done before anything lands; None when there is nothing."""
        tip = scene.rules.tip
        gated = scene.view.refs.get(marks.gated(self.shop.remote.trunk), "")
        if gated in {"", tip} or self.is_red(scene):
            return None
        runs = [ran.outcome for ran in self.shop.memory.runs(tip)]
        if "green" in runs:
            return self._green(scene, gated)
        if runs.count("red") >= _TWICE:
            return self._red(scene, gated)
        if runs.count("broken") >= _TWICE:
            return Turn("stuck", f"the gate cannot run on {self.shop.remote.trunk}", ExitCode.CANNOT_RUN)
        if not runs and self.shop.remote.look() != scene.view:  # a push whose refs were only half there
            return BUSY
        if not runs:
            self.shop.say(f"{tip[:12]} was pushed straight to {self.shop.remote.trunk}: it is tested now", kind="push")
        self.tester.trunk(scene)
        return BUSY

    def is_red(self, scene: Scene) -> bool:
        """Whether the trunk is marked red as it is now."""
        mark = self.shop.remote.mark(scene.view, "red", self.shop.remote.trunk)
        return mark is not None and mark.target == scene.rules.tip

    def _green(self, scene: Scene, gated: str) -> Turn:
        if must(self.shop.acts.trunk_is_green(scene, self._pushed(scene, gated))):
            self.shop.say(f"{scene.rules.tip[:12]} is green", kind="trunk-green", commit=scene.rules.tip)
        return BUSY

    def _red(self, scene: Scene, gated: str) -> Turn:
        tip = scene.rules.tip
        said = self.shop.memory.last(tip, "red")
        why = rejection.gate(said.run, said.ran.why, scene.setting, said.logs, said.tail).text if said else ""
        follows = self.shop.remote.git.is_ancestor(gated, tip)
        pushed, name = self.shop.acts.trunk_is_red(scene, why, self._pushed(scene, gated), gated if follows else "")
        if must(pushed):
            self.shop.say(f"{self.shop.remote.trunk} is red at {tip[:12]}\n{why}", kind="trunk-red", commit=tip)
            if name:
                self.shop.say(how_to_queue(self.shop.remote_name, name), kind="proposed", name=name)
        return BUSY

    def _pushed(self, scene: Scene, gated: str) -> dict[str, Any]:
        """What is known of commits that were pushed straight to the trunk."""
        git, tip = self.shop.remote.git, scene.rules.tip
        said = git.ask("rev-list", "--first-parent", "--reverse", f"--max-count={_LISTED}", f"{gated}..{tip}", "--")
        commits = said.out.split()
        name, address = git("show", "-s", "--format=%an%x00%ae", tip).split("\0")
        human = not commits or not is_agent(address, scene.rules.landing.agents)
        times = git.ask("log", "--format=%at", f"--max-count={_LISTED}", f"{gated}..{tip}", "--").out.split()
        who = (name or address) if commits else "somebody"
        return {
            "actor": f"human:{who}" if human else f"agent:{who}",
            "pushed": f"pushed straight to {self.shop.remote.trunk}" if commits else "the trunk was set back",
            "reverts": commits,
            "commits": [float(each) for each in times],
        }


def how_to_queue(remote: str, name: str) -> str:
    """The command that queues what is proposed."""
    fetch = f"git fetch {remote} {PROPOSED}{name}"
    return f"to take it back: {fetch} && git push {remote} FETCH_HEAD:refs/xp/queue/{name}"
