"""A real git repository with a project in it, whose tier is run with scripted children."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.supervisor import FakeSupervisor
from xptasks import config
from xptasks.loop import gate
from xptasks.results import Event, Status
from xptasks.tiers import quick

CONFIG = """
version = 1
[project]
name = "small"
sources = ["app"]
tests = "tests"
[tiers.fast]
steps = ["check", "other"]
[steps.check]
run = ["python", "check.py"]
[steps.other]
run = ["python", "other.py"]
inputs = ["docs/**"]
"""

WITHOUT_GIT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
"""The environment of a test that may itself run in a git hook."""

QUIET = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@localhost",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@localhost",
}


@dataclass
class Repository:
    """A repository in a folder; `init` makes it."""

    path: Path

    def git(self, *words: str, environ: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *words],
            cwd=self.path,
            env={**WITHOUT_GIT, **QUIET, **(environ or {})},
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )
        return done.stdout.decode(errors="surrogateescape")

    def init(self, *words: str) -> "Repository":
        self.path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *words)
        return self

    def write(self, name: str, content: str | bytes = "one\n") -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "state")


@dataclass
class Project(Repository):
    """A project in a repository, with a tier `fast` of two steps: `check` reads everything, `other` only `docs`."""

    environ: dict[str, str] = field(default_factory=lambda: {"PATH": os.environ["PATH"], "HOME": "/nowhere"})

    def fill(self) -> "Project":
        self.write(".gitignore", ".xp/\nbuild/\n*.log\n")
        self.write("xpconfig.toml", CONFIG)
        self.write("app/main.py", "x = 1\n")
        self.write("docs/guide.md", "guide\n")
        self.write("check.py", "")
        return self

    def environment(self) -> Path:
        """A folder like a virtual environment, beside the repository."""
        folder = self.path.parent / f"{self.path.name}-environment"
        packages = folder / "lib" / "python3.12" / "site-packages"
        (packages / "tool-1.0.dist-info").mkdir(parents=True, exist_ok=True)
        (folder / "bin").mkdir(exist_ok=True)
        if not (folder / "bin" / "python").exists():
            (folder / "bin" / "python").write_text("#!/bin/sh\n")
        return folder

    def request(self, *words: str, **changes: object) -> gate.Request:
        folder = self.environment()
        request = gate.Request(
            self.path, "fast", self.environ, words, python=str(folder / "bin/python"), environment=folder
        )
        for name, value in changes.items():
            object.__setattr__(request, name, value)
        return request

    def prepare(self, *words: str, **changes: object) -> gate.Prepared:
        loaded = config.load(self.path, environ={})
        return gate.prepare(loaded.config, self.request(*words, **changes))

    def run(
        self, *words: str, supervisor: FakeSupervisor | None = None, **changes: object
    ) -> tuple[Status, list[Event]]:
        events: list[Event] = []
        door = supervisor or FakeSupervisor()
        finished = gate.run(self.prepare(*words, **changes), door, events.append)
        return finished.status, events

    def cached(self, **changes: object) -> set[str]:
        """The steps whose results would be taken from the cache now."""
        return {item.planned.name for item in self.prepare(**changes).ready if item.planned.cached}

    def green(self) -> bool:
        """What the git hook would say."""
        return quick.green(str(self.path), "fast", self.environ) is not None
