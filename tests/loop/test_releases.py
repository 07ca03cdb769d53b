"""Releases of a project as its `xpconfig.toml` describes them, and what is told of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import WITHOUT_GIT, Repository
from xptasks.config import load
from xptasks.delivery.journal import Journal
from xptasks.delivery.machine import Entry
from xptasks.delivery.manifest import Manifest
from xptasks.delivery.plan import Plan
from xptasks.delivery.release import Source, build
from xptasks.delivery.releases import Releases
from xptasks.errors import CannotRunError, XpError
from xptasks.loop import releases as loop

pytestmark = pytest.mark.pr

CONFIG = """
version = 1
[project]
name = "web"
sources = "web"
[contracts]
openapi = "api.yaml"
[service]
command = ["python", "-m", "web"]
environment = {{ LEVEL = "{level}", TOKEN = "env:TOKEN" }}
[deploy]
requirements = ["pins.txt"]
[profiles.demo]
service.health = "/demo"
"""


class Web(Repository):
    """A project with a configuration, and its home."""

    @property
    def environ(self) -> dict[str, str]:
        search = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        return {**WITHOUT_GIT, "PATH": search, "XDG_STATE_HOME": str(self.path.parent / "state")}

    @property
    def releases(self) -> Releases:
        return loop.releases_of(load(self.path, environ={}).config, self.environ)

    def change(self, level: str) -> "Web":
        self.write("xpconfig.toml", CONFIG.format(level=level))
        self.write("api.yaml", f"# {level}\n")
        self.write("pins.txt", "")
        self.write("web/__init__.py", "")
        self.commit()
        return self

    def build(self, revision: str = "", profile: str | None = None) -> Manifest:
        source = Source(self.path, self.environ, revision)
        return build(self.releases, source, loop.recipe_reader({}, profile))

    def journal(self, *plans: tuple[str, str | None]) -> None:
        journal = Journal(self.releases.home / loop.JOURNAL)
        for new, old in plans:
            number = journal.open(Plan(new, old), 1.0)
            journal.add(number, Entry(2.0, "closed", {"outcome": "promoted", "why": ""}))


@pytest.fixture
def web(tmp_path: Path) -> Web:
    web = Web(tmp_path / "web")
    web.init("--template=")
    return web.change("one")


def test_a_release_has_the_configuration_of_its_own_commit(web: Web) -> None:
    web.change("two")
    old, new = web.build("HEAD~1"), web.build()
    assert [release.recipe.environment["LEVEL"] for release in (old, new)] == ["one", "two"]
    assert new.recipe.environment["TOKEN"] == "env:TOKEN"
    assert (new.recipe.requirements, new.recipe.sources) == (("pins.txt",), ("web",))
    assert old.contracts.keys() == {"api.yaml"}
    assert old.contracts != new.contracts


def test_a_profile_makes_another_release(web: Web) -> None:
    plain, demo = web.build(), web.build(profile="demo")
    assert demo.recipe.health == "/demo"
    assert plain.id != demo.id


def test_a_commit_without_a_configuration(web: Web) -> None:
    web.git("rm", "-q", "xpconfig.toml")
    web.git("commit", "-q", "-m", "none")
    web.git("revert", "--no-edit", "HEAD")
    with pytest.raises(XpError, match=r"xpconfig.toml"):
        web.build("HEAD~1")


def test_the_list_says_what_runs(web: Web) -> None:
    first = web.build()
    second = web.change("two").build()
    third = web.change("three").build()
    assert [(one.id, one.state) for one in loop.listing(web.releases, loop.states(web.releases))] == [
        (release.id, "kept") for release in (third, second, first)
    ]
    web.journal((first.id, None), (second.id, first.id))
    listed = loop.listing(web.releases, loop.states(web.releases))
    assert [one.state for one in listed] == ["kept", "serving", "warm"]
    assert listed[0].size >= len(CONFIG)
    lines = loop.as_text(listed).splitlines()
    assert lines[1].split()[:2] == [second.id, "serving"]
    assert lines[1].endswith("state")


def test_the_task_prints_it(web: Web) -> None:
    def run(*words: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "invoke", "releases", *words],
            cwd=web.path,
            env={**web.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    web.write("tasks.py", "from xptasks.tasks import ns\n__all__ = ['ns']\n")
    web.commit()
    assert run() == "there is no release yet; `inv deploy-canary` builds one\n"
    release = web.build()
    (listed,) = json.loads(run("--json"))["releases"]
    assert (listed["id"], listed["commit"], listed["state"]) == (release.id, release.commit, "kept")


def test_what_runs_serves_the_contracts_of_its_tree(web: Web) -> None:
    first = web.build()
    second = web.change("two").build()
    web.change("three").build()
    assert loop.served(web.releases) == ()
    web.journal((first.id, None), (second.id, first.id))
    found = {served.release: served for served in loop.served(web.releases)}
    assert {name: served.state for name, served in found.items()} == {second.id: "serving", first.id: "warm"}
    texts = [(found[release.id].tree / "api.yaml").read_text() for release in (first, second)]
    assert texts == ["# one\n", "# two\n"]
    assert found[first.id].contracts == ("api.yaml",)
    web.journal(("gone", second.id))
    with pytest.raises(CannotRunError, match="the release gone is serving, but is not in"):
        loop.served(web.releases)
