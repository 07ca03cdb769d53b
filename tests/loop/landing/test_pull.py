"""A pull request that somebody opened, as the job `land` treats it: against the fake GitHub, in a process."""

import pytest

from tests.fakes.github.world import Pull
from tests.landing.github.conftest import Place
from tests.landing.github.conftest import place as place  # noqa: PLC0414 - a fixture
from tests.loop.landing.test_github import inv

pytestmark = pytest.mark.pr


def opened(place: Place, files: dict[str, str] | None = None) -> Pull:
    """A pull request with our label that nobody has armed; afterwards the trunk is checked out."""
    head = "switch", "-q", "main"
    place.clone.write("xpconfig.toml", "")
    place.clone.commit()
    inv(place, "ci-pins")  # writes the configuration
    place.clone.commit()
    place.clone.git("push", "-q", "origin", "main")
    proposal = place.change(files=files)
    place.clone.git("push", "-q", "origin", "feature")
    place.forge().submit(proposal)
    (pull,) = place.world.pulls.values()
    pull.armed = None
    place.clone.git(*head)
    return pull


def test_what_the_rules_allow_is_armed(place: Place) -> None:
    pull = opened(place)
    code, out, error = inv(
        place, "land-pull-request", "--number", str(pull.number), "--head", place.world.tip("feature")
    )
    assert (code, error) == (0, "")
    assert out.startswith(f"#{pull.number} is testing")
    assert pull.armed is not None


@pytest.mark.slow
def test_what_changes_its_own_gate_is_not_armed_and_what_was_armed_is_taken_back(place: Place) -> None:
    workflow = {".github/workflows/autonomous.yml": "on: push\njobs: {}\n"}
    pull = opened(place, workflow)
    head = place.world.tip("feature")
    code, out, _ = inv(place, "land-pull-request", "--number", str(pull.number), "--head", head)
    assert code in {1, 6}, out
    assert "does not land by itself" in out
    assert ".github/workflows/autonomous.yml" in out
    assert pull.armed is None
    place.forge().arm(pull.number, head)
    assert inv(place, "land-pull-request", "--number", str(pull.number), "--head", head)[0] == code
    assert pull.armed is None


@pytest.mark.slow
def test_a_head_that_nobody_has_looked_at_is_not_armed(place: Place) -> None:
    pull = opened(place)
    before = place.world.tip("feature")
    place.change(files={"later.txt": "x\n"})
    place.clone.git("push", "-q", "origin", "feature")
    place.clone.git("switch", "-q", "main")
    code, out, _ = inv(place, "land-pull-request", "--number", str(pull.number), "--head", before)
    assert code == 1, out
    assert pull.armed is None


@pytest.mark.parametrize(("number", "head"), [("x", "HEAD"), ("1", "0" * 40)])
@pytest.mark.slow
def test_what_makes_no_sense_is_refused(place: Place, number: str, head: str) -> None:
    opened(place)
    assert inv(place, "land-pull-request", "--number", number, "--head", head)[0] == 2


def test_what_needs_an_approval_is_armed_once_an_approver_has_looked_at_it(place: Place) -> None:
    pull = opened(place, {".github/workflows/autonomous.yml": "on: [pull_request]\njobs: {gate: {}}\n"})
    approvers = '\n[landing]\nforge = "github"\napprovers = ["ann@users.noreply.github.com"]\n[landing.github]'
    text = (
        (place.clone.path / "xpconfig.toml")
        .read_text()
        .replace('[landing]\nforge = "github"\n[landing.github]', approvers)
    )
    place.world.push("main", {"xpconfig.toml": text})
    place.clone.git("pull", "-q", "--ff-only", "origin", "main")
    place.clone.git("switch", "-q", "feature")
    place.clone.git("rebase", "-q", "main")
    place.clone.git("push", "-q", "-f", "origin", "feature")
    place.clone.git("switch", "-q", "main")
    head = place.world.tip("feature")
    words = ("land-pull-request", "--number", str(pull.number), "--head", head)
    assert inv(place, *words, config=text)[0] == 6
    assert pull.armed is None
    pull.reviews = [("ann", "APPROVED", head)]
    code, out, error = inv(place, *words, config=text)
    assert code == 0, out + error
    assert pull.armed is not None
