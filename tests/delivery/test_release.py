"""Releases out of real repositories, with environments that uv makes."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from tests.delivery.conftest import RECIPE, Shop, environ
from xptasks.delivery import environments
from xptasks.delivery.manifest import Recipe
from xptasks.errors import CannotRunError, ConfigError, ExitCode, GateFailedError, LockBusyError, UsageError

pytestmark = pytest.mark.pr

SLOW = pytest.mark.slow


def test_a_release_is_what_the_commit_holds(shop: Shop) -> None:
    release = shop.build()
    commit = shop.git("rev-parse", "HEAD").strip()
    assert release.commit == commit
    assert release.id.startswith(f"{commit[:10]}-")
    assert release.tree == shop.git("rev-parse", "HEAD^{tree}").strip()
    assert (release.subject, release.dirty, release.notes) == ("state", False, ())
    assert (shop.tree(release) / "web" / "__main__.py").read_text() == "print('one')\n"
    assert shop.releases.all() == [release]
    assert shop.leftovers() == []


def test_it_runs_from_its_own_environment_and_folder(shop: Shop) -> None:
    shop.write("web/__main__.py", "import os, sys\nprint(os.getcwd(), sys.prefix, sys.argv, os.environ)\n")
    shop.commit()
    release = shop.build()
    launch = shop.releases.launch(release.id, {"PATH": os.environ["PATH"], "OTHER": "leak"}, shop.path)
    done = subprocess.run(
        launch.words(7), cwd=launch.cwd, env=dict(launch.environment), capture_output=True, text=True, check=True
    )
    home = shop.releases.home
    assert str(home / "releases" / release.id / "tree") in done.stdout
    assert str(home / "environments" / release.environment) in done.stdout
    assert "'--port', '7'" in done.stdout
    assert f"'XPTASKS_RELEASE': '{release.id}'" in done.stdout
    assert "leak" not in done.stdout


def test_the_same_commit_is_built_once(shop: Shop) -> None:
    points: list[str] = []
    first = shop.build(at=points.append)
    assert points == ["unpacked", "installed", "written", "published"]
    points.clear()
    assert shop.build(at=points.append) == first
    assert points == ["unpacked"]
    assert shop.names() == {first.id}


def test_another_configuration_is_another_release_with_the_same_environment(shop: Shop) -> None:
    first = shop.build()
    shop.recipe = replace(RECIPE, health="/ready")
    points: list[str] = []
    second = shop.build(at=points.append)
    assert second.id != first.id
    assert second.environment == first.environment
    assert "installed" not in points


def test_other_pins_are_another_environment(shop: Shop) -> None:
    first = shop.build()
    shop.write("requirements.txt", "-r more.txt\n")
    shop.write("more.txt", "# nothing\n")
    shop.commit()
    second = shop.build()
    shop.write("more.txt", "# nothing else\n")
    shop.commit()
    assert len({first.environment, second.environment, shop.build().environment}) == 3


@pytest.mark.parametrize("change", ["changed", "new", "deleted", "staged"])
def test_a_dirty_tree_is_refused_unless_asked_for(change: str, shop: Shop) -> None:
    if change == "deleted":
        (shop.path / "web/__main__.py").unlink()
    else:
        shop.write("web/new.py" if change == "new" else "web/__main__.py", "two\n")
    if change == "staged":
        shop.git("add", "-A")
    before = shop.git("status", "--porcelain"), shop.git("count-objects")
    with pytest.raises(GateFailedError, match=r"no commit has: web/.*\n.*--dirty"):
        shop.build()
    release = shop.build(dirty=True)
    assert release.dirty
    assert release.id.endswith("-dirty")
    files = {path.name for path in (shop.tree(release) / "web").glob("*.py")}
    assert files == {
        "__init__.py",
        *({"new.py"} if change == "new" else set()),
        *({"__main__.py"} if change != "deleted" else set()),
    }
    assert (shop.git("status", "--porcelain"), shop.git("count-objects")) == before, "the repository is as it was"


def test_a_snapshot_leaves_out_what_git_ignores(shop: Shop) -> None:
    shop.write(".gitignore", "secret.env\n")
    shop.write("secret.env", "TOKEN=1\n")
    release = shop.build(dirty=True)
    assert sorted(path.name for path in shop.tree(release).iterdir()) == [".gitignore", "requirements.txt", "web"]


def test_a_clean_tree_is_not_marked_dirty(shop: Shop) -> None:
    assert shop.build(dirty=True) == shop.build()


def test_another_revision_does_not_mind_a_dirty_tree(shop: Shop) -> None:
    shop.write("web/__main__.py", "print('two')\n")
    release = shop.build("HEAD")
    assert (shop.tree(release) / "web/__main__.py").read_text() == "print('one')\n"
    with pytest.raises(UsageError, match="--dirty takes the working tree"):
        shop.build("HEAD", dirty=True)


def test_a_revision_that_is_none(shop: Shop) -> None:
    with pytest.raises(UsageError, match="v9 is no commit of this repository"):
        shop.build("v9")
    with pytest.raises(UsageError, match="--output=x is no commit"):
        shop.build("--output=x")


def test_outside_a_repository(shop: Shop, tmp_path: Path) -> None:
    outside = Shop(tmp_path / "outside")
    outside.path.mkdir()
    with pytest.raises(CannotRunError, match=r"git does not work in .*not a git repository"):
        outside.build()


def test_without_a_commit(tmp_path: Path) -> None:
    empty = Shop(tmp_path / "empty")
    empty.init()
    with pytest.raises(UsageError, match="commit something first"):
        empty.build()


def test_a_project_in_a_folder_of_its_repository(shop: Shop) -> None:
    shop.write("service/requirements.txt", "")
    shop.write("service/web/__init__.py", "")
    shop.write("service/.gitattributes", "hidden export-ignore\n")
    shop.write("service/hidden", "")
    shop.commit()
    shop.write("elsewhere.txt", "not ours")
    release = shop.build(folder="service")
    assert {path.name for path in shop.tree(release).iterdir()} == {".gitattributes", "requirements.txt", "web"}
    shop.write("service/more.txt")
    dirty = shop.build(folder="service", dirty=True)
    assert (shop.tree(dirty) / "more.txt").exists()
    assert not (shop.tree(dirty) / "elsewhere.txt").exists()


def test_modes_links_and_attributes_are_kept(shop: Shop) -> None:
    shop.write("bin/serve", "#!/bin/sh\n").chmod(0o755)
    (shop.path / "bin/link").symlink_to("../web/__main__.py")
    shop.write(".gitattributes", "notes export-ignore\nversion.txt export-subst\n*.bat eol=crlf\n")
    shop.write("notes", "not for production\n")
    shop.write("version.txt", "$Format:%H$\n")
    shop.commit()
    shop.git("config", "core.autocrlf", "true")
    release = shop.build()
    tree = shop.tree(release)
    assert (tree / "bin/serve").stat().st_mode & 0o111
    assert not (tree / "web/__main__.py").stat().st_mode & 0o111
    assert (tree / "bin/link").readlink() == Path("../web/__main__.py")
    assert not (tree / "notes").exists()
    assert (tree / "version.txt").read_text() == f"{release.commit}\n"
    assert b"\r" not in (tree / "web/__main__.py").read_bytes()


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "web/../../outside", ".."])
def test_a_link_that_leaves_the_tree_is_refused(target: str, shop: Shop) -> None:
    (shop.path / "link").symlink_to(target)
    shop.commit()
    with pytest.raises(CannotRunError, match="the link link leads out of the project"):
        shop.build()
    assert shop.names() == set()


def test_what_is_not_in_the_tree_is_noted(shop: Shop, tmp_path: Path) -> None:
    other = Shop(tmp_path / "other").fill().path
    shop.git("submodule", "--quiet", "add", str(other), "vendor/other")
    shop.write("model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    shop.commit()
    release = shop.build()
    assert release.notes == (
        "model.bin is a pointer of Git LFS, not the file itself",
        "the submodule vendor/other is not part of the release",
    )


def test_nothing_in_a_release_can_be_changed(shop: Shop) -> None:
    shop.write("tool.sh").chmod(0o755)
    shop.commit()
    tree = shop.tree(shop.build())
    writable = [path for path in (tree, *tree.rglob("*")) if path.stat().st_mode & 0o222]
    assert writable == []
    assert list(tree.glob("web/__pycache__/__main__*.pyc")), "its code is compiled, as nothing can be written later"


def test_the_contracts_that_it_serves_are_named(shop: Shop) -> None:
    shop.write("contracts/openapi.yaml", "openapi: 3.1.0\n")
    shop.commit()
    shop.recipe = replace(RECIPE, contracts=("contracts/openapi.yaml",))
    release = shop.build()
    assert release.contracts == {"contracts/openapi.yaml": hashlib.sha256(b"openapi: 3.1.0\n").hexdigest()}
    shop.recipe = replace(RECIPE, contracts=("contracts/other.yaml",))
    with pytest.raises(ConfigError, match=r"the commit has no contracts/other.yaml"):
        shop.build()


@pytest.mark.parametrize(
    ("files", "configured", "message"),
    [
        ({"requirements.txt": None}, (), r"the commit has no pins \(requirements/app.txt, "),
        ({}, ("pins.txt",), "the commit has no pins.txt"),
        ({"requirements.txt": "# own\n-e .\n"}, (), r"requirements.txt:2: what is installed in editable form"),
        ({"requirements.txt": "-r x.txt\n", "x.txt": "--editable=../y\n"}, (), r"x.txt:1: what is installed"),
    ],
)
def test_pins_that_cannot_be(
    files: dict[str, str | None], configured: tuple[str, ...], message: str, shop: Shop
) -> None:
    for name, content in files.items():
        if content is None:
            (shop.path / name).unlink()
        else:
            shop.write(name, content)
    shop.commit()
    shop.recipe = replace(RECIPE, requirements=configured)
    with pytest.raises(ConfigError, match=message):
        shop.build()
    assert shop.names() == set()


def test_pins_that_uv_refuses(shop: Shop) -> None:
    shop.write("requirements.txt", "not a requirement!\n")
    shop.commit()
    with pytest.raises(CannotRunError, match=r"(?s)requirements.txt: .*cannot be made: .*Expected one of"):
        shop.build()
    assert (shop.names(), shop.leftovers()) == (set(), [])


def test_pins_may_name_files_of_the_tree(shop: Shop) -> None:
    first = shop.build()
    shop.write("requirements.txt", "./vendor/missing-1.0-py3-none-any.whl\n")
    shop.commit()
    with pytest.raises(CannotRunError, match=r"missing-1\.0"):
        shop.build()
    assert shop.names() == {first.id}


@pytest.mark.parametrize("command", [(), ("no-such-program", "{port}"), ("./bin/missing",)])
def test_a_service_that_cannot_start(command: tuple[str, ...], shop: Shop) -> None:
    shop.recipe = replace(RECIPE, command=command)
    with pytest.raises(ConfigError, match=r"no service to deploy|service's program (no-such-program|./bin/missing) is"):
        shop.build()
    assert shop.names() == set()


def test_secrets_are_resolved_at_the_start_and_stored_nowhere(shop: Shop, tmp_path: Path) -> None:
    (shop.path / ".git/token").write_text("from-file\n")
    shop.recipe = replace(RECIPE, environment={"A": "env:TOKEN", "B": "file:.git/token", "C": "plain"})
    release = shop.build()
    stored = (shop.releases.folder / release.id / "manifest.json").read_text()
    assert json.loads(stored)["recipe"]["environment"] == {"A": "env:TOKEN", "B": "file:.git/token", "C": "plain"}
    launch = shop.releases.launch(release.id, {"TOKEN": "from-env"}, shop.path)
    assert [launch.environment[name] for name in "ABC"] == ["from-env", "from-file", "plain"]
    assert launch.secrets == ("from-env", "from-file")
    assert "from-env" not in repr(launch)
    with pytest.raises(CannotRunError, match="the secret env:TOKEN is not set"):
        shop.releases.launch(release.id, {}, shop.path)


def test_code_in_a_src_folder_is_found(shop: Shop) -> None:
    shop.recipe = replace(RECIPE, sources=("src", "web"))
    launch = shop.releases.launch(shop.build().id, {}, shop.path)
    assert launch.environment["PYTHONPATH"].split(os.pathsep) == [str(launch.cwd), str(launch.cwd / "src")]


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.delivery.conftest import Shop

def at(point):
    if point == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

Shop(Path(sys.argv[1])).build(at=at)
"""


@pytest.mark.parametrize(
    "point", [pytest.param("unpacked", marks=SLOW), "installed", "written", pytest.param("published", marks=SLOW)]
)
def test_a_killed_build_leaves_nothing_that_looks_finished(point: str, shop: Shop) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(shop.path), point],
        env={**environ(), "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert len(shop.names()) == (point == "published")
    for name in shop.names():
        assert shop.releases.get(name).subject == "state"
    release = shop.build()
    assert shop.names() == {release.id}
    assert shop.leftovers() == [], "what the dead one left is gone"
    assert shop.releases.launch(release.id, {}, shop.path).argv[0].endswith("bin/python")


def test_a_failed_build_leaves_nothing(shop: Shop) -> None:
    def at(point: str) -> None:
        if point == "written":
            raise OSError(28, "No space left on device")

    with pytest.raises(CannotRunError, match=r"cannot be written: .*No space left") as caught:
        shop.build(at=at)
    assert caught.value.exit_code == ExitCode.CANNOT_RUN
    assert (shop.names(), shop.leftovers()) == (set(), [])


def test_builds_at_the_same_time_make_one_release(shop: Shop) -> None:
    built: list[str] = []
    points: list[str] = []
    threads = [threading.Thread(target=lambda: built.append(shop.build(at=points.append).id)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 3
    assert shop.names() == set(built)
    assert len(shop.names()) == 1
    assert points.count("published") == 1
    assert shop.leftovers() == []


def test_an_environment_whose_interpreter_is_gone_is_made_again(shop: Shop) -> None:
    release = shop.build()
    python = shop.releases.environments.python(release.environment)
    python.unlink()
    python.symlink_to("/no/such/python")
    with pytest.raises(CannotRunError, match=r"the Python environment of .* is gone"):
        shop.releases.launch(release.id, {}, shop.path)
    assert shop.build() == release
    assert python.exists()
    assert shop.leftovers() == []


def test_a_manifest_that_cannot_be_read(shop: Shop) -> None:
    release = shop.build()
    path = shop.releases.folder / release.id / "manifest.json"
    for content in ("{", "[]", '{"format": 99}', '{"format": 1}'):
        path.write_text(content)
        with pytest.raises(CannotRunError, match=r"(?s)manifest.json: .*delete the release's folder"):
            shop.releases.all()


def test_a_release_that_is_not_there(shop: Shop) -> None:
    with pytest.raises(CannotRunError, match="the release x is not in"):
        shop.releases.launch("x", {}, shop.path)


def test_names_of_releases(shop: Shop) -> None:
    first = shop.build()
    shop.recipe = replace(RECIPE, health="/ready")
    second = shop.build()
    assert shop.releases.get(first.id) == first
    assert shop.releases.get(first.id[:-1]) == first
    assert shop.releases.get(first.commit[:7]) == second, "the newest of a commit"
    for name in ("", "zzz"):
        with pytest.raises(UsageError, match=rf"there is no release {name}\n.*{second.id}, {first.id}"):
            shop.releases.get(name)
    shop.write("web/__main__.py", "print('two')\n")
    shop.commit()
    third = shop.build()
    assert shop.releases.get(third.commit[:10]) == third


def test_the_oldest_are_pruned_but_not_those_that_are_needed(shop: Shop) -> None:
    built = []
    for number in range(4):
        shop.write("requirements.txt", f"# {number}\n")
        shop.commit()
        built.append(shop.build())
    removed = shop.releases.prune(2, needed={built[0].id})
    assert removed == (built[2].id, built[1].id)
    assert shop.names() == {built[0].id, built[3].id}
    environments = {path.name for path in (shop.releases.home / "environments").iterdir() if path.is_dir()}
    assert environments == {built[number].environment for number in (0, 3)}
    assert shop.releases.prune(1, needed={built[3].id}) == (built[0].id,)
    assert shop.leftovers() == []


def test_an_environment_that_a_build_is_about_to_use_is_not_pruned(shop: Shop) -> None:
    def at(point: str) -> None:
        if point == "written":
            shop.releases.environments.prune(set)

    release = shop.build(at=at)
    assert shop.releases.environments.python(release.environment).exists()


def test_a_build_does_not_wait_for_ever(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    release = shop.build()
    monkeypatch.setattr(environments, "_PATIENCE", 0.05)
    with FileLock(shop.releases.home / "environments" / f"{release.environment}.lock"), pytest.raises(LockBusyError):
        shop.build()


def test_recipes_are_compared_whatever_their_order(shop: Shop) -> None:
    shop.recipe = Recipe(RECIPE.command, environment={"A": "1", "B": "2"}, sources=("web",))
    first = shop.build()
    shop.recipe = Recipe(RECIPE.command, environment={"B": "2", "A": "1"}, sources=("web",))
    assert shop.build() == first
