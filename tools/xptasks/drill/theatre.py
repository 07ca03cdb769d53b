"""Where the demonstration plays: a bare remote, a clone of it, and a state of its own, all in one folder. An edge."""

import json
import os
import shutil
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xptasks.delivery.home import home
from xptasks.delivery.journal import Deployment, Journal
from xptasks.delivery.releases import Releases
from xptasks.drill import service
from xptasks.drill.changes import Change
from xptasks.drill.story import Landing
from xptasks.errors import CannotRunError, UsageError
from xptasks.loop.releases import JOURNAL
from xptasks.system import commands, detached
from xptasks.system.commands import Done
from xptasks.system.detached import Order

PROFILE = "demo"
AUTHOR = "Coder <coder@agents.example>"
_TOKEN = "only-for-tests"  # noqa: S105 - of the service that is started for this
_GRACE = 10.0  # seconds that the queue has to end
_QUICK = 120.0  # seconds that a short command may take
_SLOW = 600.0
_KEPT = ("HOME", "LANG", "LC_ALL", "TMPDIR", "UV_CACHE_DIR", "PIP_INDEX_URL", "UV_INDEX_URL", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Theatre:
    """The stage.

    Args:
        folder: everything lies below it.
        source: the clone of this repository.
        caller: the caller's environment; of it only what finds programs and packages gets in.
    """

    folder: Path
    source: Path
    caller: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    @property
    def remote(self) -> Path:
        """The bare repository that stands for a server."""
        return self.folder / "trunk.git"

    @property
    def project(self) -> Path:
        """The clone that the agents work in."""
        return self.folder / "projects"

    @property
    def queue_log(self) -> Path:
        """What the queue says."""
        return self.folder / "queue.log"

    @property
    def environ(self) -> dict[str, str]:
        """The environment of every command: an agent's, whose state lies here."""
        name, _, address = AUTHOR.rstrip(">").partition(" <")
        kept = {key: self.caller[key] for key in _KEPT if key in self.caller}
        kept |= {key: value for key, value in self.caller.items() if key.startswith(("UV_", "PIP_"))}
        programs = os.pathsep.join((str(Path(sys.executable).parent), self.caller.get("PATH", os.defpath)))
        who = {
            f"GIT_{role}_{what}": said
            for role in ("AUTHOR", "COMMITTER")
            for what, said in (("NAME", name), ("EMAIL", address))
        }
        return {
            **kept,
            **who,
            "PATH": programs,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XPTASKS_ACTOR": "agent:coder",
            "XPTASKS_PROFILE": PROFILE,
        }

    def build(self) -> str:
        """Set the stage: the service, adopted by `xptasks init`, on the trunk of the remote."""
        self.clear()
        self.project.mkdir()
        service.copy(self.source, self.project)
        self.git("init", "--quiet", "--initial-branch=main", "--template=")
        self.commit("The reference service, before it is adopted")
        self.must(self.xp("init", "--yes", seconds=_SLOW), "xptasks init --yes")
        self.must(self.xp("baseline", "--tighten", seconds=_SLOW), "inv baseline --tighten")
        self.commit("Adopt xptasks")
        self.must(
            self._run(("git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.remote)), self.folder)
        )
        self.git("remote", "add", "origin", str(self.remote))
        self.git("push", "--quiet", "--set-upstream", "origin", "main")
        self.git("remote", "set-head", "origin", "main")
        return str(self.project)

    def open(self) -> str:
        """Deploy the first release and start the queue; the address that callers use."""
        self.must(self.xp("deploy-canary"), "inv deploy-canary")
        argv = (sys.executable, "-m", "xptasks", "land-queue")
        detached.start(Order(argv, self.project, self.environ, self.queue_log, self._record))
        return str(json.loads(self.xp("deploy-status", "--json").out)["url"])

    def close(self) -> None:
        """End the queue, a deployment that it has just begun, and what is deployed; what they wrote stays."""
        if self._record.exists():
            detached.stop(self._record, _GRACE)
        # The queue's deployments outlive it: one that begins now would start its release after everything was ended.
        for record in (self.folder / "state").glob("xptasks/projects/queue/*/deployments/*.json"):
            detached.stop(record, _GRACE)
        if (self.project / "xpconfig.toml").exists():
            self.xp("deploy-down")

    def callers(self, url: str) -> AbstractContextManager[Mapping[int, int]]:
        """Traffic while the block lasts."""
        return Callers(url, _TOKEN)

    def land(self) -> Landing:
        """Let what is checked out land, and wait for that."""
        done = self.xp("land", "--wait", "--json", seconds=_SLOW)
        said: Mapping[str, Any] = json.loads(done.out) if done.out.startswith("{") else {}
        reason = str(said.get("reason") or done.error or done.out).strip()
        return Landing(done.code, str(said.get("landed") or ""), reason)

    def deployment(self, commit: str) -> Deployment | None:
        """The deployment of a commit of the trunk."""
        place = home("projects", "local", self.environ)
        built = {release.id for release in Releases(place).all() if release.commit == commit}
        with closing(Journal(place / JOURNAL)) as journal:
            return next((each for each in journal.deployments() if each.plan.new in built), None)

    def reverted(self, commit: str) -> bool:
        """Whether the trunk has taken a commit back."""
        self.git("fetch", "--quiet", "origin")
        return f"Reverts: {commit}" in self.git("log", "--format=%B", f"{commit}..origin/main")

    def clear(self) -> None:
        """End what an earlier demonstration left running, and remove what it left behind.

        Raises:
            UsageError: the folder holds something else.
        """
        if self.folder.exists() and any(self.folder.iterdir()) and not self._mark.exists():
            hint = "name an empty folder, or one of an earlier demonstration"
            raise UsageError("what lies here is none of the demonstration's", where=str(self.folder), hint=hint)
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._mark.write_text("`inv demo` removes this folder when it begins\n", encoding="utf-8")

    def git(self, *words: str) -> str:
        """Run git in the clone; what it printed."""
        return self.must(self._run(("git", *words), self.project), f"git {words[0]}").out.strip()

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def make(self, change: Change) -> None:
        """Commit a change on a branch of its own."""
        self.git("fetch", "--quiet", "origin")
        self.git("checkout", "--quiet", "--force", "-B", change.branch, "origin/main")
        for edit in change.edits:
            path = self.project / edit.file
            text = path.read_text(encoding="utf-8")
            if edit.before not in text:
                raise CannotRunError("the demonstration does not fit the service any more", where=edit.file)
            path.write_text(text.replace(edit.before, edit.after, 1), encoding="utf-8")
        for name, content in change.files:
            (self.project / name).write_text(content, encoding="utf-8")
        self.commit(change.title)

    def xp(self, *words: str, seconds: float = _QUICK) -> Done:
        """Run one of our commands in the clone."""
        return self._run((sys.executable, "-m", "xptasks", *words), self.project, seconds)

    @property
    def _mark(self) -> Path:
        return self.folder / "DEMO"

    @property
    def _record(self) -> Path:
        return self.folder / "queue.json"

    def _run(self, argv: Sequence[str], cwd: Path, seconds: float = _QUICK) -> Done:
        return commands.run(argv, cwd, self.environ, seconds)

    def must(self, done: Done, what: str = "") -> Done:
        """The same, if it went well.

        Raises:
            CannotRunError: it did not.
        """
        if done.code != 0:
            said = (done.error or done.out).strip()[-1000:]
            raise CannotRunError(f"{what or 'a command of the demonstration'} failed: {said}", where=str(self.folder))
        return done


class Callers:
    """About thirty requests a second at the public entrance, until the block ends; counts the answers by status.

    Args:
        url: the public entrance.
        token: the service's.
    """

    def __init__(self, url: str, token: str, threads: int = 3, pause: float = 0.1) -> None:
        self._url, self._token, self._pause = url, token, pause
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._call, daemon=True) for _ in range(threads)]
        self._lock = threading.Lock()
        self._answers: dict[int, int] = {}

    def __enter__(self) -> Mapping[int, int]:
        for thread in self._threads:
            thread.start()
        return self._answers

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        import httpx  # noqa: PLC0415 - only the demonstration needs it

        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.Client(base_url=self._url, headers=headers, timeout=10, trust_env=False) as client:
            while not self._end.wait(self._pause):
                status = 0
                with suppress(httpx.HTTPError):
                    status = client.get("/api/projects").status_code
                with self._lock:
                    self._answers[status] = self._answers.get(status, 0) + 1
