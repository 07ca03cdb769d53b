"""Landing through pull requests, against the fake GitHub."""

from tests.fakes.github.world import Check
from tests.landing.github.conftest import Place


def test_a_change_is_proposed_and_lands_once_its_check_is_green(place: Place) -> None:
    proposal = place.change(body="What it does.")
    standing = place.forge().submit(proposal)

    assert (standing.state, standing.reason) == ("testing", "waits for gate; gate did not begin yet")
    (pull,) = place.world.pulls.values()
    assert pull.armed
    assert pull.armed.head == proposal.head
    assert pull.labels == ["auto-merge"]

    place.world.check(proposal.head, Check("gate"))
    landed = place.forge().standing("feature")
    assert (landed.state, landed.landed) == ("landed", place.trunk())
    assert place.world.git("show", "main:feature.txt") == "new"
