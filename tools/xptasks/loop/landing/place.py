"""Where the queue works: a repository and worktrees of its own, outside every developer's.

All of it is there to save time: whoever deletes it loses nothing but that. What counts is at the remote.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from xptasks.delivery.home import home as state_home
from xptasks.errors import CannotRunError, LockBusyError
from xptasks.history import outbox
from xptasks.landing.remote import View
from xptasks.system.files import atomic_write
from xptasks.system.plumbing import Git

_MIRROR = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*", "+refs/xp/*:refs/mirror/*")
_PATIENCE = 600.0  # seconds that a fetch or a checkout may take
_OURS = (".nox/", ".xp/", "__pycache__/", "*.egg-info/")
"""What a gate leaves in a worktree, whether the project tells git to ignore it or not."""
_KEPT = (".nox", ".xp")
_OLDEST = (2, 38)  # of git
_CARRIED = re.compile(r"^(credential|http|url|ssh|protocol)\.|^core\.(sshcommand|askpass)$|^user\.", re.IGNORECASE)
"""Settings of the clone without which its remote may not be reached."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the queue was started.

    Attributes:
        project: the project's folder in a clone.
        prefix: that folder in the repository, empty or with a `/` at its end.
        address: the remote's URL, which means the same in every folder.
        trunk: the branch that everything lands on.
    """

    project: Path
    prefix: str
    address: str
    trunk: str

    @classmethod
    def of(cls, project: Path, remote: str, trunk: str) -> "Origin":
        """Of the clone that a project lies in.

        Raises:
            CannotRunError: it is no clone, or has no such remote.
        """
        git = Git(project)
        top, prefix = (git.ask("rev-parse", word) for word in ("--show-toplevel", "--show-prefix"))
        url = git.ask("remote", "get-url", "--push", remote)
        if top.code != 0 or url.code != 0:
            hint = "`git remote add` it, or name another one in [landing] remote"
            raise CannotRunError(f"there is no git remote called {remote!r} here", where=str(project), hint=hint)
        return cls(project, prefix.out.rstrip("\n"), _absolute(url.out.strip(), Path(top.out.rstrip("\n"))), trunk)


def _absolute(url: str, top: Path) -> str:
    """A path is relative to the clone; `host:path` and `scheme://` are no paths."""
    return url if "://" in url or re.match(r"[^/]+:", url) else os.path.normpath(top / url)


class Place:
    """The queue's own folder on this host.

    Args:
        name: the project's name.
        origin: what is landed on.
        environ: the environment; `XDG_STATE_HOME` counts.
    """

    def __init__(self, name: str, origin: Origin, environ: Mapping[str, str]) -> None:
        key = sha256(f"{origin.address}\0{origin.trunk}\0{origin.prefix}".encode()).hexdigest()[:12]
        self.home = state_home(name, "queue", environ) / key
        self.origin = origin
        self.git = Git(self.home / "repository.git")

    @property
    def project(self) -> Path:
        """The project's folder in the gate's worktree; what is checked out there changes all the time."""
        return self.home / "gate" / self.origin.prefix

    @property
    def runs(self) -> Path:
        """The records of what runs, for the next runner to sweep."""
        return self.home / "runs"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold this place for the length of the block: one runner a host.

        Raises:
            LockBusyError: another runner is at it.
            CannotRunError: the folder cannot be used.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415 - not needed to list tasks

        lock, note = FileLock(self.home / "queue.lock", timeout=0), self.home / "holder"
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise LockBusyError(
                f"a queue runs here already: {self.holder() or 'another process'}", hint="`inv land-queue --status`"
            ) from None
        except OSError as error:
            problem = f"{self.home} cannot be used: {error.strerror or error}"
            raise CannotRunError(problem, hint="free the disk, mend its rights, or set XDG_STATE_HOME") from error
        try:
            with suppress(OSError):  # the disk is full, and what comes next says so better
                atomic_write(note, f"process {os.getpid()}")
            yield
        finally:
            with suppress(OSError):
                note.unlink()
            lock.release()

    def holder(self) -> str:
        """Who works here now; empty when nobody does."""
        from filelock import FileLock, Timeout  # noqa: PLC0415

        if not (self.home / "queue.lock").exists():
            return ""
        try:
            with FileLock(self.home / "queue.lock", timeout=0):
                return ""
        except Timeout:
            with suppress(OSError):
                return (self.home / "holder").read_text(encoding="utf-8")
            return "another process"

    def open(self) -> None:
        """Make the repository, or what is missing of it; one that is damaged is made anew.

        Raises:
            CannotRunError: git or the disk refuses.
        """
        folder = self.git.folder
        _see_that_git_can_merge(self.origin.project)
        try:
            if folder.exists() and self.git.ask("rev-parse", "--is-bare-repository").out.strip() != "true":
                shutil.rmtree(self.home / "gate", ignore_errors=True)
                shutil.rmtree(folder)
            if not folder.exists():
                folder.mkdir(parents=True)
                self.git("init", "--quiet", "--bare", "--template=")
            self._settle()
        except OSError as error:
            raise CannotRunError(f"{folder} cannot be written: {error.strerror or error}") from error

    def _settle(self) -> None:
        self._share_history()
        (self.git.folder / "info").mkdir(exist_ok=True)
        atomic_write(self.git.folder / "info" / "exclude", "".join(f"{name}\n" for name in _OURS))
        self.git("config", "remote.origin.url", self.origin.address)
        self.git("symbolic-ref", "refs/remotes/origin/HEAD", f"refs/remotes/origin/{self.origin.trunk}")
        self._carry_over()

    def _carry_over(self) -> None:
        """The clone's own settings about who works there and how its remote is reached."""
        listed = Git(self.origin.project).ask("config", "--local", "--list", "-z").out
        settings = [record.partition("\n")[::2] for record in listed.split("\0")]
        pairs = [(name, value) for name, value in settings if _CARRIED.match(name)]
        for name in {name for name, _ in pairs}:
            self.git.ask("config", "--unset-all", name)
        for name, value in pairs:
            self.git("config", "--add", name, value)

    def _share_history(self) -> None:
        """What a gate, a deployment or the watcher records here belongs to the clone that the queue was started in."""
        link, history = self.git.folder / "xptasks", outbox.folder(self.origin.project)
        if not link.is_symlink() or link.readlink() != history:
            shutil.rmtree(link) if link.is_dir() and not link.is_symlink() else link.unlink(missing_ok=True)
            history.mkdir(parents=True, exist_ok=True)
            link.symlink_to(history)

    def fetch(self, view: View) -> None:
        """Bring what a view shows, unless all of it is here.

        Raises:
            CannotRunError: the remote does not answer, or the disk is full.
        """
        wanted = {view.trunk, *view.refs.values()} - {""}
        asked = "".join(f"{value}\n" for value in sorted(wanted))
        known = self.git.ask("cat-file", "--batch-check=%(objectname)", stdin=asked).out.splitlines()
        if len([line for line in known if " " not in line]) == len(wanted):
            return
        words = ("fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
        said = self.git.ask(*words, self.origin.address, *_MIRROR, patience=_PATIENCE)
        if said.code != 0:
            raise CannotRunError(f"nothing can be fetched from {self.origin.address}: {said.error}")

    def ready(self, trunk: str) -> None:
        """See that the gate's worktree is there, with the project's folder in it.

        Raises:
            CannotRunError: git or the disk refuses.
        """
        if Git(self.home / "gate").ask("rev-parse", "--is-inside-work-tree").code != 0:
            self.check_out(trunk, trunk)
        try:
            self.project.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotRunError(f"{self.project} cannot be made: {error.strerror or error}") from error

    def check_out(self, commit: str, trunk: str, name: str = "gate") -> Path:
        """Put a commit into a worktree, with nothing left of what was there but caches; the project's folder in it.

        Args:
            commit: the commit.
            trunk: what the gate takes for the trunk: what the commit is compared with.
            name: of the worktree.

        Raises:
            CannotRunError: git or the disk refuses.
        """
        folder = self.home / name
        self.git("update-ref", f"refs/remotes/origin/{self.origin.trunk}", trunk)
        tree = Git(folder)
        if not folder.is_dir() or tree.ask("rev-parse", "--is-inside-work-tree").out.strip() != "true":
            shutil.rmtree(folder, ignore_errors=True)
            self.git("worktree", "prune")
            self.git("worktree", "add", "--quiet", "--force", "--detach", "--no-checkout", str(folder), commit)
        with suppress(OSError):  # a lock that a killed git left behind: nobody else works here
            Path(tree.ask("rev-parse", "--path-format=absolute", "--git-path", "index.lock").out.strip()).unlink()
        tree("checkout", "--quiet", "--force", "--detach", commit, patience=_PATIENCE)
        tree("clean", "-ffdxq", *(word for kept in _KEPT for word in ("-e", kept)), patience=_PATIENCE)
        if (folder / ".gitmodules").exists():
            tree("submodule", "update", "--quiet", "--init", "--recursive", "--force", patience=_PATIENCE)
        return folder / self.origin.prefix


def _see_that_git_can_merge(folder: Path) -> None:
    """Merging without a working tree came with git 2.38.

    Raises:
        CannotRunError: git is older, or missing.
    """
    said = Git(folder).ask("version")
    found = re.search(r"(\d+)\.(\d+)", said.out)
    if said.code != 0 or (found and (int(found[1]), int(found[2])) < _OLDEST):
        problem = f"the queue needs git {_OLDEST[0]}.{_OLDEST[1]} or later; this is {said.out.strip() or said.error}"
        raise CannotRunError(problem, hint="install a newer git")
