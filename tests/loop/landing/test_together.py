"""Several runners and several developers at once."""

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.loop.landing.world import Clone, World, until

pytestmark = pytest.mark.pr


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world").begin()


@pytest.mark.slow
def test_two_runners_on_two_hosts_land_each_change_once(world: World) -> None:
    dev, good, bad = world.clone(), [f"good-{number}" for number in range(10)], ["evil-1", "evil-2"]
    for name in (*good[:4], *bad, *good[4:]):
        dev.queue(name, {f"bad-{name}" if name in bad else f"{name}.txt": "x\n"})
    for number in range(2):
        world.clone(f"runner-{number}")
    with (
        world.start("--once", host="host-0", clone="runner-0") as first,
        world.start("--once", host="host-1", clone="runner-1") as second,
    ):
        said = [runner.communicate(timeout=120)[0] for runner in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], said
    world.check(good, bad)
    landed = [name for each in said for name in re.findall(r"  landed (\S+) as", each)]
    assert sorted(landed) == sorted(good)
    assert world.refs("refs/xp/runner/") == []


def test_what_two_runners_record_is_recorded_once(world: World) -> None:
    """Both tell of every landing; the ids are the same, so that the history has each once."""
    dev = world.clone()
    for name in ("one", "two"):
        dev.queue(name)
    world.run(host="first")
    with world.start("--once", host="second", clone="runner-2") as process:
        process.communicate(timeout=60)
    told = [
        {each["id"]: (each["kind"], each["change"]) for each in world.events(clone) if each["kind"] == "landed"}
        for clone in ("runner", "runner-2")
    ]
    assert told[0] == told[1]
    assert sorted(told[0].values()) == [("landed", "one"), ("landed", "two")]


@pytest.mark.slow
def test_developers_with_worktrees_and_clones_of_their_own(world: World) -> None:
    """Three worktrees of one clone and a second clone land at the same time, while the queue works."""
    first, second = world.clone("first"), world.clone("second")
    places = [second]
    for number in range(3):
        first.git("worktree", "add", "-q", "-b", f"work-{number}", f"../work-{number}", "origin/main")
        places.append(Clone(world.folder / f"work-{number}", world.environ()))
    stash = [place.git("stash", "list") for place in places]

    def develop(number: int) -> list[str]:
        place, names = places[number], []
        for turn in range(2):
            name = f"dev-{number}-{turn}"
            place.git("checkout", "-q", "--no-track", "-B", name, "origin/main")
            place.add({f"{name}.txt": "x\n"}, message=name)
            done = place.inv("land", "--wait")
            assert done.returncode == 0, done.stderr + done.stdout
            names.append(name)
        return names

    with world.start() as runner:
        with ThreadPoolExecutor() as pool:
            names = [name for each in pool.map(develop, range(len(places))) for name in each]
        runner.terminate()
        said, _ = runner.communicate(timeout=30)
    world.check(names)
    assert "it is tried again" not in said
    assert [place.git("stash", "list") for place in places] == stash
    assert [place.git("status", "--porcelain") for place in places] == [""] * len(places)


def test_the_runner_leaves_the_clone_it_was_started_in_alone(world: World) -> None:
    there = world.clone("runner")
    there.write("half-done.txt", "not committed")
    before = there.git("for-each-ref"), there.git("status", "--porcelain"), there.git("worktree", "list")
    world.clone().queue("one")
    assert world.run()[0] == 0
    assert (there.git("for-each-ref"), there.git("status", "--porcelain"), there.git("worktree", "list")) == before


@pytest.mark.slow
def test_what_is_deleted_underneath_costs_time_only(world: World) -> None:
    dev = world.clone()
    dev.queue("one")
    world.run()
    (home,) = (world.folder / "host" / "xptasks" / "small" / "queue").iterdir()
    for number, path in enumerate(["gate", "repository.git", "memory.json", "logs", "runs"]):
        (shutil.rmtree if (home / path).is_dir() else os.unlink)(home / path)
        dev.git("fetch", "-q", "origin")
        dev.queue(f"after-{number}")
        code, said = world.run()
        assert code == 0, said
    (home / "repository.git" / "HEAD").write_text("nonsense")
    (home / "memory.json").write_text("{")
    dev.git("fetch", "-q", "origin")
    dev.queue("last")
    assert world.run()[0] == 0
    world.check(["one", *(f"after-{number}" for number in range(5)), "last"])


@pytest.mark.slow
def test_a_worktree_that_goes_while_it_is_tested(world: World) -> None:
    world.clone().queue("one", {"one.txt": "", "slow": "1"})
    with world.start("--once") as process:
        until(world.gated)
        (home,) = (world.folder / "host" / "xptasks" / "small" / "queue").iterdir()
        shutil.rmtree(home / "gate")
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    world.check(["one"])


def test_signals_end_it_cleanly(world: World) -> None:
    world.clone().queue("one", {"one.txt": "", "slow": "30"})
    with world.start() as process:
        until(world.gated)
        process.terminate()
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 143, said
    assert "told to end" in said
    assert world.refs() == ["queue/one"]
    kinds = [each["kind"] for each in world.events()]
    assert kinds[0] == "queue-started"
    assert kinds[-1] == "queue-ended"


@pytest.mark.slow
def test_a_detached_queue_goes_on_until_it_is_told_to_end(world: World) -> None:
    clone = world.clone()
    try:
        started = clone.inv("land-queue", "--detach")
        assert started.returncode == 0, started.stderr
        assert "a queue was started" in started.stdout
        assert "a queue runs already" in clone.inv("land-queue", "--detach").stdout
        assert "queue     process " in clone.inv("land-status").stdout
    finally:
        ended = clone.inv("land-queue", "--stop")
    assert ended.stdout == "the queue has ended\n"
    assert "none runs on this machine" in clone.inv("land-status").stdout
