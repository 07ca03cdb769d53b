"""The git side: which repository a remote is, and how a branch gets there. Nobody's commits are lost. An edge."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from xptasks.errors import CannotRunError, ConfigError, GateFailedError
from xptasks.system import commands

_SECONDS = 300.0
_SCP = re.compile(r"^(?:[^/@:]+@)?[^/:]+:(?P<path>[^:]+)$")
_USERINFO = re.compile(r"(://)[^/@\s]+@")


def repository_of(address: str) -> str:
    """`OWNER/NAME` of a remote's address; empty when it is none of a forge's."""
    found = _SCP.match(address)
    parts = urlsplit(address)
    path = found["path"] if found and not parts.netloc else parts.path if parts.netloc else ""
    names = path.removesuffix("/").removesuffix(".git").strip("/").split("/")
    return "/".join(names) if len(names) == 2 and all(names) else ""  # noqa: PLR2004 - owner and name


class Remote:
    """A remote of the project's repository, as git talks to it: without questions, with the user's own credentials.

    Args:
        project: a folder in the repository.
        name: of the remote.
        environ: what git sees.
    """

    def __init__(self, project: Path, name: str, environ: Mapping[str, str]) -> None:
        self._project = project
        self._name = name
        quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "SSH_ASKPASS": "true", "LC_ALL": "C"}
        batch = {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes"} if "GIT_SSH_COMMAND" not in environ else {}
        hooks = {name for name in environ if name.startswith("GIT_") and not name.startswith("GIT_CONFIG")}
        kept = hooks & {"GIT_SSH_COMMAND", "GIT_SSH", "GIT_TRACE"}
        self._environ = {name: environ[name] for name in environ if name not in hooks or name in kept} | quiet | batch

    def repository(self) -> str:
        """`OWNER/NAME`.

        Raises:
            ConfigError: the remote does not tell.
        """
        done = commands.run(("git", "remote", "get-url", self._name), self._project, self._environ, _SECONDS)
        found = repository_of(done.out.strip()) if done.code == 0 else ""
        if not found:
            hint = 'name it: [landing.github] repository = "OWNER/NAME"'
            raise ConfigError(f"the remote {self._name} does not say which repository it is", hint=hint)
        return found

    def tip(self, branch: str) -> str:
        """The commit that a branch has there; empty when there is no such branch."""
        out = self._git("ls-remote", self._name, f"refs/heads/{branch}")
        return out.split("\t")[0].strip()

    def push(self, commit: str, branch: str) -> None:
        """Let a branch there be a commit, unless it has commits that this clone never had.

        Raises:
            GateFailedError: somebody else pushed.
            CannotRunError: git could not do it.
        """
        there = self.tip(branch)
        if there == commit:
            return
        if there and not self._had(there, commit):
            raise GateFailedError(
                f"{branch} has commits at {self._name} that are not here: {there[:12]}",
                hint=f"take them in: git pull --rebase {self._name} {branch}",
            )
        # What was looked at is what is replaced: a push in between makes this one fail.
        lease = f"--force-with-lease=refs/heads/{branch}:{there}"
        self._git("push", "--quiet", "--no-verify", lease, self._name, f"{commit}:refs/heads/{branch}")

    def _had(self, there: str, commit: str) -> bool:
        """Whether nothing is lost: the commit has it, or it was checked out here before (and rewritten since)."""
        if self._says("merge-base", "--is-ancestor", there, commit) is not None:
            return True
        return there in (self._says("log", "-g", "--format=%H", "HEAD") or "").split()

    def _says(self, *words: str) -> str | None:
        done = commands.run(("git", *words), self._project, self._environ, _SECONDS)
        return done.out if done.code == 0 else None

    def _git(self, *words: str) -> str:
        done = commands.run(("git", *words), self._project, self._environ, _SECONDS)
        if done.code != 0:
            said = _USERINFO.sub(r"\1", done.error)
            lost = "stale info" in said or "rejected" in said
            hint = "call again: somebody pushed at the same moment" if lost else None
            raise CannotRunError(f"git {words[0]} {self._name} failed: {said}", hint=hint)
        return done.out
