"""The turn of the loop: what follows a landing. Permissions and floors are put right, then the canary begins.

All of it is done by whoever looks next: what was begun and not ended is found at the remote, in the journal of the
target, or on the trunk itself.
"""

from collections.abc import Callable

from xptasks.errors import XpError
from xptasks.loop.landing.line import Scene
from xptasks.loop.landing.shop import Shop, Turn
from xptasks.loop.landing.trunk import is_known_green
from xptasks.loop.landing.turn_canary import Canary
from xptasks.loop.landing.turn_commits import OwnCommits
from xptasks.system import detached
from xptasks.system.detached import Order


class Turning:
    """What follows a landing.

    Args:
        shop: the queue's workshop.
        start: begins a deployment that outlives us.
    """

    def __init__(self, shop: Shop, start: Callable[[Order], object] = detached.start) -> None:
        self._shop = shop
        self._commits = OwnCommits(shop)
        self._canary = Canary(shop, self._commits, start)
        self._said = ""

    def step(self, scene: Scene) -> Turn | None:
        """The next thing that has to be done before anything else lands; None when there is nothing.

        Only a trunk that is known to be green is deployed, and nothing of ours is put on top of any other.
        """
        try:
            if not is_known_green(scene, self._shop.remote.trunk):
                return self._canary.look(scene)
            return self._commits.step(scene) or self._canary.step(scene)
        except XpError as error:  # nothing that may land waits for what cannot be deployed
            if str(error) != self._said:
                self._said = str(error)
                self._shop.say(f"{error}\n  it is tried again", kind="trouble")
            return None

    def is_busy(self) -> bool:
        """Whether something is under way that a runner which ends has to wait for."""
        return self._canary.busy
