"""What goes wrong around the queue: told, tried again, and nobody is lost."""

import os
import resource
from pathlib import Path

import pytest

from tests.loop.landing.world import CONFIG, World, said_until, until

pytestmark = pytest.mark.pr


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world").begin()


def hook(world: World, script: str) -> Path:
    path = world.bare.write("hooks/pre-receive", f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_remote_that_is_away_for_a_while(world: World) -> None:
    world.clone().queue("one", {"one.txt": "", "wait": str(world.folder / "go")})
    gone = world.folder / "gone.git"
    with world.start() as runner:
        until(world.gated)
        world.bare.path.rename(gone)
        (world.folder / "go").touch()
        said = said_until(runner, "cannot be reached")
        gone.rename(world.bare.path)
        until(lambda: "one" in world.subjects())
        runner.terminate()
        runner.communicate(timeout=30)
    assert "Traceback" not in said
    assert len(world.gated()) == 1


@pytest.mark.slow
def test_a_runner_that_does_not_wait_gives_up_on_a_remote_that_is_away(world: World) -> None:
    world.clone("runner")
    world.bare.path.rename(world.folder / "gone.git")
    code, said = world.run()
    assert code == 3
    assert said.count("cannot be reached") == 3


def test_a_remote_that_refuses_everything(world: World) -> None:
    world.clone().queue("one")
    refuses = hook(world, "echo 'frozen until Monday' >&2; exit 1")
    code, said = world.run()
    assert code == 3, said
    assert "the remote refuses what is green" in said
    assert "remote: frozen until Monday" in said
    assert world.refs() == ["queue/one"]
    refuses.unlink()
    runs = len(world.gated())
    assert world.run()[0] == 0
    world.check(["one"])
    assert len(world.gated()) == runs  # what was green is not tested again


@pytest.mark.slow
def test_a_remote_that_refuses_one_change_lets_the_others_land(world: World) -> None:
    dev = world.clone()
    for name in ("one", "forbidden", "two", "three"):
        dev.queue(name)
    hook(
        world,
        'while read old new ref; do if [ "$ref" = refs/heads/main ] && '
        'git cat-file -e "$new:forbidden.txt" 2>/dev/null; then echo "not this one" >&2; exit 1; fi; done',
    )
    code, said = world.run()
    assert code == 3, said
    assert sorted(world.subjects()) == ["one", "three", "two"]
    assert world.refs("refs/xp/queue/") == ["queue/forbidden"]
    assert "not this one" in said
    (world.bare.path / "hooks/pre-receive").unlink()
    assert world.run()[0] == 0
    world.check(["forbidden", "one", "three", "two"])


def test_a_full_disk(world: World) -> None:
    """No file of the runner, of git or of the gate can grow beyond 100 bytes."""
    world.clone().queue("one", {"one.txt": "", "wait": str(world.folder / "go")})
    with world.start() as runner:
        until(world.gated)
        resource.prlimit(runner.pid, resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        (world.folder / "go").touch()
        said = said_until(runner, "it is tried again")
        assert world.subjects() == []
        resource.prlimit(runner.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until(lambda: "one" in world.subjects())
        runner.terminate()
        runner.communicate(timeout=30)
    assert "Traceback" not in said
    world.check(["one"])


def test_a_folder_that_cannot_be_used(world: World) -> None:
    world.clone("runner")
    (world.folder / "host").write_text("a file")
    code, said = world.run()
    assert code == 3
    assert "cannot be used" in said


def test_rules_of_the_trunk_that_cannot_be_used(tmp_path: Path) -> None:
    world = World(tmp_path / "world").begin()
    dev = world.clone("other")
    dev.change("break", {"xpconfig.toml": CONFIG.replace('tier = "pr"', "") + "[landing.after]\ndeploy = 'nonsense'\n"})
    dev.git("push", "-q", "origin", "HEAD:main")
    world.clone().queue("one")
    code, said = world.run()
    assert code == 2, said
    assert "landing.after.deploy" in said
    assert world.refs() == ["queue/one"]


@pytest.mark.slow
def test_a_trunk_that_is_not_there(world: World) -> None:
    world.clone().queue("one")
    world.bare.git("branch", "-m", "main", "trunk")
    code, said = world.run()
    assert code == 3
    assert "has no branch 'main'" in said


def test_a_stale_lock_of_a_git_that_was_killed(world: World) -> None:
    world.clone().queue("one")
    world.run()
    (home,) = (world.folder / "host" / "xptasks" / "small" / "queue").iterdir()
    (home / "repository.git" / "worktrees" / "gate" / "index.lock").touch()
    dev = world.clone()
    dev.git("fetch", "-q", "origin")
    dev.queue("two")
    assert world.run()[0] == 0
    assert os.listdir(home / "repository.git" / "worktrees" / "gate")  # noqa: PTH208
    world.check(["one", "two"])
