"""A clone of a repository whose remote is the bare repository of a fake GitHub."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fakes.github import description
from tests.fakes.github.server import FakeGitHub, serving
from tests.fakes.github.world import World, requires
from tests.repository import QUIET, Repository
from xptasks.landing.forge.github import GithubForge, of
from xptasks.landing.github.client import Client, Time, Token
from xptasks.landing.proposal import Proposal
from xptasks.landing.settings import LandingSettings

TOKEN = "ghp_a-secret-that-nobody-may-see"
WORKFLOW = """
on: [pull_request, merge_group]
jobs:
  fast: {runs-on: ubuntu-24.04, steps: []}
  gate: {needs: [fast], if: always(), runs-on: ubuntu-24.04, steps: []}
"""


@dataclass
class Clock:
    """Time that passes only while somebody waits."""

    now: float = 1_790_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def time(self) -> Time:
        return Time(lambda: self.now, self.sleep, lambda: 0.5)


@dataclass
class Place:
    """A clone, and the GitHub that it belongs to."""

    github: FakeGitHub
    clone: Repository
    clock: Clock

    @property
    def world(self) -> World:
        return self.github.world

    def settings(self, *, github: dict[str, object] | None = None, **more: object) -> LandingSettings:
        given = {"repository": "example/projects", "token": "env:TOKEN", "api": self.github.url, "timeout": "60s"}
        return LandingSettings.model_validate({"forge": "github", "github": {**given, **(github or {})}, **more})

    def environ(self) -> dict[str, str]:
        return {"TOKEN": TOKEN, "PATH": os.environ["PATH"], "HOME": str(self.clone.path.parent), **QUIET}

    def forge(self, *, github: dict[str, object] | None = None, **more: object) -> GithubForge:
        return of(self.settings(github=github, **more), self.clone.path, self.environ(), self.clock.time())

    def client(self, *, timeout: float = 60, patience: float = 120, token: str = TOKEN) -> Client:
        given = Token(token, "env:TOKEN")
        return Client(self.github.url, given, timeout=timeout, patience=patience, machine=self.clock.time())

    def change(  # noqa: PLR0913 - what a proposal has
        self,
        branch: str = "feature",
        *,
        files: dict[str, str] | None = None,
        title: str = "",
        body: str = "",
        labels: tuple[str, ...] = ("auto-merge",),
        comment: str = "",
    ) -> Proposal:
        """A commit on a branch of its own, as a proposal."""
        known = branch in self.clone.git("branch", "--format=%(refname:short)").split()
        self.clone.git("switch", "-q", *([branch] if known else ["-c", branch, "main"]))
        for name, text in (files or {f"{branch}.txt": "new\n"}).items():
            self.clone.write(name, text)
        self.clone.commit()
        return Proposal(branch, self.head(), title or f"Add {branch}", body, labels, branch, comment=comment)

    def head(self) -> str:
        return self.clone.git("rev-parse", "HEAD").strip()

    def trunk(self) -> str:
        return self.world.tip("main")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    if not description.available():
        pytest.skip(f"GitHub's description is not installed: {description.MISSING}")
    clone = Repository(tmp_path / "clone").init("--template=")
    clone.write("app.py", "x = 1\n")
    clone.write(".github/workflows/autonomous.yml", WORKFLOW)
    clone.commit()
    bare = tmp_path / "example" / "projects.git"
    Repository(tmp_path).git("clone", "-q", "--bare", "--template=", str(clone.path), str(bare))
    clone.git("remote", "add", "origin", str(bare))
    with serving(World(bare, token=TOKEN, rules=[requires("gate")])) as github:
        yield Place(github, clone, Clock())
