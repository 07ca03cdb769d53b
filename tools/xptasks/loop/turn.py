"""The turn of the loop: what follows a landing."""

from collections.abc import Sequence

from xptasks.loop.landing_line import Candidate, Scene
from xptasks.loop.landing_shop import Shop, Turn


class Turning:
    """What follows a landing.

    Args:
        shop: the queue's workshop.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def step(self, _scene: Scene) -> Turn | None:
        """The next thing that has to be done before anything else lands; None when there is nothing."""
        return None

    def landed(self, _scene: Scene, _batch: Sequence[Candidate]) -> None:
        """These have landed."""

    def is_busy(self) -> bool:
        """Whether something is under way that a runner which ends has to wait for."""
        return False
