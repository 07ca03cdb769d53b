"""Where the queue works: a repository made of what the clone says, and worktrees that hold just what is tested."""

from pathlib import Path

import pytest

from tests.loop.landing.world import Clone, World
from xptasks.errors import CannotRunError, LockBusyError
from xptasks.landing.remote import Remote, View
from xptasks.loop.landing.place import Origin, Place

pytestmark = pytest.mark.pr


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world").begin()


def place_of(world: World, clone: Clone, folder: str = "") -> Place:
    origin = Origin.of(clone.path / folder, "origin", "main")
    return Place("small", origin, {"XDG_STATE_HOME": str(world.folder / "state")})


def opened(world: World, clone: Clone, folder: str = "") -> tuple[Place, View]:
    place = place_of(world, clone, folder)
    place.open()
    view = Remote(place.git, place.origin.address, "main").look()
    place.fetch(view)
    return place, view


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("../remote.git", "{folder}/remote.git"),
        ("/srv/remote.git", "/srv/remote.git"),
        ("https://example.com/x.git", "https://example.com/x.git"),
        ("git@example.com:x.git", "git@example.com:x.git"),
    ],
)
def test_the_address_means_the_same_everywhere(world: World, url: str, expected: str) -> None:
    clone = world.clone()
    clone.git("remote", "set-url", "origin", url)
    (clone.path / "sub").mkdir()
    origin = Origin.of(clone.path / "sub", "origin", "main")
    assert origin.address == expected.format(folder=world.folder)
    assert origin.prefix == "sub/"


def test_what_is_no_clone_and_what_has_no_such_remote(world: World, tmp_path: Path) -> None:
    for folder, remote in ((tmp_path, "origin"), (world.clone().path, "upstream")):
        with pytest.raises(CannotRunError, match="there is no git remote called"):
            Origin.of(folder, remote, "main")


def test_what_the_remote_needs_is_taken_over_from_the_clone(world: World) -> None:
    clone = world.clone()
    for value in ("", "store", "cache"):
        clone.git("config", "--add", "credential.helper", value)
    clone.git("config", "core.sshCommand", "ssh -i key")
    clone.git("config", "core.hooksPath", "/evil")
    place, _ = opened(world, clone)
    place.open()  # again, as the next runner does
    assert place.git("config", "--get-all", "credential.helper").split("\n") == ["", "store", "cache"]
    assert place.git("config", "core.sshCommand") == "ssh -i key"
    assert place.git.ask("config", "--local", "core.hooksPath").code == 1


def test_a_worktree_holds_just_the_commit(world: World) -> None:
    clone = world.clone()
    place, view = opened(world, clone)
    project = place.check_out(view.trunk, view.trunk)
    assert project == place.project
    for name in ("left.txt", "ignored.pyc", ".xp/cache/x", ".nox/pr/x", "sub/.xp/x", "__pycache__/x"):
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (project / "xpconfig.toml").write_text("changed")
    place.check_out(view.trunk, view.trunk)
    found = sorted(str(path.relative_to(project)) for path in project.rglob("*") if path.is_file())
    assert found == [".git", ".gitignore", ".nox/pr/x", ".xp/cache/x", "sub/.xp/x", "xpconfig.toml"]


def test_what_the_gate_leaves_does_not_make_the_worktree_dirty(world: World) -> None:
    clone = world.clone()
    clone.git("rm", "-q", ".gitignore")
    clone.add({})
    clone.git("push", "-q", "origin", "HEAD:main")
    place, view = opened(world, clone)
    project = place.check_out(view.trunk, view.trunk)
    for name in (".xp/last-run.json", ".nox/pr/x", "__pycache__/noxfile.pyc", "src/small.egg-info/PKG-INFO"):
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert Clone(project).git("status", "--porcelain") == ""


def test_what_the_gate_compares_with_is_what_it_is_told(world: World) -> None:
    clone = world.clone()
    head = clone.change("one")
    clone.git("push", "-q", "origin", "HEAD:refs/xp/queue/one")
    place, view = opened(world, clone)
    project = Clone(place.check_out(head, view.trunk))
    for name in ("origin/HEAD", "origin/main"):
        assert project.git("merge-base", "HEAD", name).strip() == view.trunk
    place.check_out(head, head)
    assert project.git("rev-parse", "origin/HEAD").strip() == head


def test_a_project_in_a_folder(world: World) -> None:
    clone = world.clone()
    clone.change("move", {"projects/small/xpconfig.toml": "version = 1\n"})
    clone.git("push", "-q", "origin", "HEAD:main")
    place, view = opened(world, clone, "projects/small")
    assert place.check_out(view.trunk, view.trunk) == place.home / "gate" / "projects" / "small"
    assert (place.project / "xpconfig.toml").exists()
    other, _ = opened(world, clone)
    assert other.home != place.home


def test_the_history_is_that_of_the_clone(world: World) -> None:
    clone = world.clone()
    place, _ = opened(world, clone)
    link = place.git.folder / "xptasks"
    assert link.resolve() == clone.path / ".git" / "xptasks"
    link.unlink()
    link.mkdir()
    (link / "file").touch()
    place.open()
    assert link.is_symlink()


def test_one_runner_at_a_time(world: World) -> None:
    place, again = (place_of(world, world.clone()) for _ in range(2))
    assert again.holder() == ""
    with place.held():
        assert again.holder().startswith("process ")
        with pytest.raises(LockBusyError, match="a queue runs here already: process"), again.held():
            pass
    assert again.holder() == ""
    with again.held():
        pass


def test_an_old_git_is_told(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clone = world.clone()
    place = place_of(world, clone)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").write_text("#!/bin/sh\necho git version 2.30.2\n")
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(CannotRunError, match=r"the queue needs git 2\.38 or later; this is git version 2\.30\.2"):
        place.open()
