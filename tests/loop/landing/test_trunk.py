"""What is pushed straight to the trunk is gated after the fact."""

import subprocess
from pathlib import Path

import pytest

from tests.loop.landing.world import AGENT, ANN, Clone, World

pytestmark = pytest.mark.pr


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The queue has landed something, so that it knows the trunk."""
    made = World(tmp_path / "world").begin()
    made.clone().queue("first")
    assert made.run()[0] == 0
    return made


def push(world: World, name: str, files: dict[str, str | None], author: str = ANN) -> str:
    """A commit straight to the trunk."""
    dev = world.clone("other")
    dev.git("fetch", "-q", "origin")
    dev.change(name, files, author=author)
    dev.git("push", "-q", "origin", "HEAD:main")
    return dev.git("rev-parse", "HEAD").strip()


def interventions(world: World) -> list[tuple[str, str]]:
    events = [each for each in world.events() if each["kind"] == "intervention"]
    return [(each["data"]["intervention"], each["actor"]) for each in events]


def test_a_good_push_is_tested_and_counts_as_an_intervention(world: World) -> None:
    tip = push(world, "direct", {"direct.txt": ""})
    code, said = world.run()
    assert code == 0, said
    assert f"{tip[:12]} was pushed straight to main: it is tested now" in said
    assert world.remote.look().refs["refs/xp/gated/main"] == tip
    entry = world.entries()[-1]
    assert (entry.what, entry.commit, entry.actor, entry.data["reverts"]) == ("trunk-green", tip, "human:ann", [tip])
    assert len(world.gated()) == 2
    assert world.run()[0] == 0
    assert len(world.gated()) == 2
    assert interventions(world) == [("push", "human:ann")]
    (landed,) = [each for each in world.events() if each["kind"] == "landed" and each["commit"] == tip]
    assert (landed["data"]["method"], landed["data"]["automatic"]) == ("push", False)


def test_a_push_of_an_agents_is_tested_and_no_intervention(world: World) -> None:
    push(world, "direct", {"direct.txt": ""}, author=AGENT)
    assert world.run()[0] == 0
    assert interventions(world) == []


def test_a_bad_push_is_marked_and_taking_it_back_is_proposed(world: World) -> None:
    before = world.remote.look().trunk
    push(world, "one", {"bad-one": "x\n"})
    tip = push(world, "two", {"two.txt": ""})
    world.clone().queue("waits")
    code, said = world.run()
    assert code == 6, said
    mark = world.mark("red", "main")
    assert (mark.target, mark.data["proposed"]) == (tip, f"revert-{tip[:12]}")
    assert "bad-one is here" in mark.text
    assert world.remote.look().refs["refs/xp/gated/main"] == before
    assert f"proposed/revert-{tip[:12]}" in world.refs()
    assert "queue/waits" in world.refs()
    assert "main is red, and nothing in the queue mends it" in said
    (command,) = [line.partition("to take it back: ")[2] for line in said.splitlines() if "to take it back" in line]
    # the printed command, in any clone
    subprocess.run(["sh", "-c", command], cwd=world.clone("fresh").path, check=True, env=world.environ())
    code, said = world.run()
    assert code == 0, said
    assert world.subjects()[-2:] == ["Revert 'two'", "waits"]
    assert "bad-one" not in world.files()
    assert "two.txt" not in world.files()
    assert "first.txt" in world.files()
    assert "red/main" not in world.refs()
    assert [ref for ref in world.refs() if ref.startswith("proposed/")] == []
    assert world.remote.look().refs["refs/xp/gated/main"] == world.remote.look().trunk
    message = world.bare.git("log", "-1", "--format=%B", "main^")
    assert "Reverts: " in message
    assert world.mark("landed", f"revert-{tip[:12]}").data["automatic"] is True


@pytest.mark.slow
def test_a_bad_push_can_be_taken_back_by_a_task(world: World) -> None:
    tip = push(world, "one", {"bad-one": "x\n"})
    world.run()
    done = world.clone("fresh").inv("land", "--revert", tip)
    assert done.returncode == 0, done.stderr
    assert world.run()[0] == 0
    assert "bad-one" not in world.files()


@pytest.mark.slow
def test_one_commit_of_the_trunk_can_be_taken_back_by_the_rules(world: World) -> None:
    """Nobody said that it is bad: the trunk's rules count, and its waivers need an approval."""
    dev = world.clone()
    dev.git("fetch", "-q", "origin")
    dev.queue("second", {"second.txt": ""})
    world.run()
    commit = world.mark("landed", "first").target
    done = world.clone("fresh").inv("land", "--revert", commit)
    assert done.returncode == 0, done.stderr
    assert world.run()[0] == 6
    name = f"revert-{commit[:12]}"
    assert world.mark("held", name).data["rule"] == "waiver"
    human = {"GIT_COMMITTER_EMAIL": ANN, "XPTASKS_ACTOR": "human:ann"}
    assert world.clone("ann").inv("land-approve", "--change", name, environ=human).returncode == 0
    assert world.run()[0] == 0
    assert "first.txt" not in world.files()
    assert "second.txt" in world.files()
    assert world.clone("fresh").inv("land", "--revert", "nonsense").returncode == 2


@pytest.mark.slow
def test_what_mends_a_bad_push_lands_and_the_trunk_is_green_again(world: World) -> None:
    push(world, "one", {"bad-one": "x\n"})
    world.run()
    dev = world.clone()
    dev.git("fetch", "-q", "origin")
    dev.queue("mend", {"bad-one": None, "mend.txt": ""})
    assert world.run()[0] == 0
    assert world.subjects()[-1] == "mend"
    assert "red/main" not in world.refs()


def test_a_second_push_that_mends_it_makes_it_green(world: World) -> None:
    push(world, "one", {"bad-one": "x\n"})
    world.run()
    tip = push(world, "two", {"bad-one": None})
    assert world.run()[0] == 0
    assert world.remote.look().refs["refs/xp/gated/main"] == tip
    assert "red/main" not in world.refs()


@pytest.mark.slow
def test_a_trunk_that_was_set_back_is_told_and_tested(world: World) -> None:
    dev: Clone = world.clone("other")
    dev.git("fetch", "-q", "origin")
    old = dev.git("rev-parse", "origin/main^").strip()
    dev.git("push", "-q", "-f", "origin", f"{old}:main")
    world.clone().queue("next")
    code, said = world.run()
    assert code == 0, said
    assert world.subjects() == ["next"]
    assert [entry.data.get("pushed") for entry in world.entries() if entry.what == "trunk-green"] == [
        "the trunk was set back"
    ]
    assert interventions(world) == [("push", "human:somebody")]


def test_a_gate_that_cannot_run_says_nothing_about_a_push(world: World) -> None:
    push(world, "one", {"broken-gate": ""})
    code, said = world.run()
    assert code == 3, said
    assert "red/main" not in world.refs()
