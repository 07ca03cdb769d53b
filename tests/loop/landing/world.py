"""A world for the queue: a bare remote, developers with clones, and runners whose gate takes no time."""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.repository import QUIET, WITHOUT_GIT, Repository
from xptasks.landing.ledger import REF, Entry
from xptasks.landing.marks import Kind, Mark
from xptasks.landing.remote import Remote
from xptasks.system.plumbing import Git

ROOT = Path(__file__).parents[3]
GATE = Path(__file__).with_name("gate.py")
CONFIG = """\
version = 1
[project]
name = "small"
sources = ["app"]
tests = "tests"
[tiers.pr]
budget = "60s"
steps = ["check"]
[steps.check]
run = ["python", "check.py"]
[landing]
poll = "100ms"
patience = "60s"
approvers = ["ann@example.com"]
agents = ["*@agents.example"]
[landing.breaker]
equal_failures = 100
"""
AGENT = "coder@agents.example"
ANN = "ann@example.com"


@dataclass
class Clone(Repository):
    """A developer's clone."""

    environ: dict[str, str] = field(default_factory=dict)

    def change(
        self, name: str, files: Mapping[str, str | None] | None = None, *, author: str = AGENT, message: str = ""
    ) -> str:
        """A commit on a branch of its own, from the trunk as the clone knows it."""
        self.git("checkout", "-q", "-B", name, "origin/main")
        return self.add(
            files if files is not None else {f"{name}.txt": f"{name}\n"}, author=author, message=message or name
        )

    def add(self, files: Mapping[str, str | None], *, author: str = AGENT, message: str = "more") -> str:
        for path, content in files.items():
            if content is None:
                (self.path / path).unlink()
            else:
                self.write(path, content)
        who = {"GIT_AUTHOR_NAME": author.partition("@")[0], "GIT_AUTHOR_EMAIL": author}
        who |= {"GIT_COMMITTER_NAME": author.partition("@")[0], "GIT_COMMITTER_EMAIL": author}
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, environ=who)
        return self.git("rev-parse", "HEAD").strip()

    def queue(self, name: str, files: Mapping[str, str | None] | None = None, **how: str) -> str:
        """A change that waits, by a plain push."""
        head = self.change(name, files, **how)
        self.git("push", "-q", "-f", "origin", f"HEAD:refs/xp/queue/{name}")
        return head

    def inv(self, *words: str, environ: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """One of our commands, in this clone."""
        return subprocess.run(
            [sys.executable, "-m", "xptasks", *words],
            cwd=self.path,
            env={**self.environ, **(environ or {})},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )


@dataclass
class World:
    """All of it, in one folder."""

    folder: Path
    config: str = CONFIG

    def begin(self, files: Mapping[str, str] | None = None) -> "World":
        self.folder.mkdir(parents=True, exist_ok=True)
        Repository(self.folder / "remote.git").init("--template=", "--bare")
        seed = Clone(self.folder / "seed").init("--template=")
        seed.git("remote", "add", "origin", str(self.folder / "remote.git"))
        for name, content in {"xpconfig.toml": self.config, ".gitignore": ".xp/\n", **(files or {})}.items():
            if content:
                seed.write(name, content)
        seed.git("add", "-A")
        seed.git("commit", "-q", "-m", "begin")
        seed.git("push", "-q", "origin", "main")
        return self

    @property
    def bare(self) -> Repository:
        return Repository(self.folder / "remote.git")

    def clone(self, name: str = "dev") -> Clone:
        """A developer with a clone, made when it is first asked for."""
        path = self.folder / name
        if not path.exists():
            self.bare.git("clone", "-q", str(self.bare.path), str(path))
        return Clone(path, self.environ())

    def environ(self, host: str = "host") -> dict[str, str]:
        """An environment in which nothing of this machine counts."""
        kept = {name: value for name, value in WITHOUT_GIT.items() if name in {"PATH", "LANG", "TMPDIR"}}
        kept |= {name: value for name, value in WITHOUT_GIT.items() if name.startswith("COVERAGE_")}
        return {
            **kept,
            **QUIET,
            "HOME": str(self.folder / "home"),
            "XDG_STATE_HOME": str(self.folder / host),
            "PYTHONPATH": f"{ROOT / 'tools'}{os.pathsep}{ROOT}",
            "GATE_LOG": str(self.log),
            "XPTASKS_ACTOR": "agent:coder",
        }

    @property
    def log(self) -> Path:
        return self.folder / "gate.log"

    @contextlib.contextmanager
    def start(
        self, *words: str, host: str = "host", clone: str = "runner", environ: Mapping[str, str] | None = None
    ) -> "Iterator[subprocess.Popen[str]]":
        """A runner, as a process of its own; whatever happens, it does not outlive the block."""
        there = self.clone(clone)
        with subprocess.Popen(
            [sys.executable, "-m", "tests.loop.landing.runner", *words],
            cwd=there.path,
            env={**self.environ(host), **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, *words: str, host: str = "host", environ: Mapping[str, str] | None = None) -> tuple[int, str]:
        """A runner in this process that ends when the queue is empty: its exit code, and what it said."""
        from tests.loop.landing.runner import main  # noqa: PLC0415 - it knows us, too

        there, said = self.clone("runner"), io.StringIO()
        with contextlib.chdir(there.path), contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            code = main(["--once", *words], {**self.environ(host), **(environ or {})})
        return code, said.getvalue()

    # -- what came of it ---------------------------------------------------------------------------------------------

    @property
    def remote(self) -> Remote:
        return Remote(Git(self.bare.path), ".", "main")

    def files(self) -> list[str]:
        """What the trunk holds."""
        return self.bare.git("ls-tree", "--name-only", "main").split()

    def subjects(self) -> list[str]:
        """The trunk's commits, oldest first, without the first one."""
        return self.bare.git("log", "--reverse", "--format=%s", "main").splitlines()[1:]

    def refs(self, prefix: str = "refs/xp/") -> list[str]:
        return sorted(name.removeprefix("refs/xp/") for name in self.remote.look().named(prefix))

    def mark(self, kind: Kind, change: str) -> Mark:
        found = self.remote.mark(self.remote.look(), kind, change)
        assert found, (kind, change, self.refs())
        return found

    def entries(self) -> list[Entry]:
        return self.remote.entries(self.remote.look())

    def gated(self) -> list[str]:
        """The steps that each run of the gate was asked for, empty for all."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [" ".join(line.split()[2:]) for line in lines]

    def events(self, clone: str = "runner") -> list[dict[str, Any]]:
        """What is in the outbox of a clone, each event once, by time."""
        files = sorted((self.folder / clone / ".git" / "xptasks" / "outbox").rglob("[0-9]*.jsonl"))
        found = [json.loads(line) for path in files for line in path.read_text().splitlines()]
        return list({each["id"]: each for each in found}.values())

    def check(self, good: Sequence[str], bad: Sequence[str] = ()) -> None:
        """Every good change has landed exactly once, no bad one has, and nothing is left over."""
        assert sorted(self.subjects()) == sorted(good)
        assert [f"{name}.txt" in self.files() for name in good] == [True] * len(good)
        assert self.refs("refs/xp/queue/") == []
        view = self.remote.look()
        assert sorted(mark.change for mark in self.remote.marks(view, "landed")) == sorted(good)
        assert sorted(mark.change for mark in self.remote.marks(view, "rejected")) == sorted(bad)
        endings = [entry.change for entry in self.entries() if entry.what in {"landed", "rejected"}]
        assert sorted(endings) == sorted([*good, *bad])
        assert view.refs["refs/xp/gated/main"] == view.trunk
        assert self.bare.git("fsck", "--no-dangling", "--connectivity-only") == ""
        assert REF in view.refs or not endings


def said_until(process: "subprocess.Popen[str]", text: str) -> str:
    """What a runner says until it says this."""
    assert process.stdout
    output, said, end = process.stdout.fileno(), b"", time.monotonic() + 60
    os.set_blocking(output, False)
    while text.encode() not in said:
        assert time.monotonic() < end, said.decode()
        try:
            piece = os.read(output, 65536)
        except BlockingIOError:
            time.sleep(0.02)
            continue
        assert piece, f"it has ended:\n{said.decode()}"
        said += piece
    os.set_blocking(output, True)
    return said.decode()


def until(done: Callable[[], object], *, seconds: float = 60) -> None:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it does not come to that"
        time.sleep(0.02)
