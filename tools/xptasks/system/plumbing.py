"""Git's plumbing, for whoever writes: objects, refs, pushes. No hook of the user's runs, nothing prompts or hangs.

    git = Git(folder)
    commit = git("commit-tree", tree, "-p", parent, stdin=message)

Reading that has to be fast goes through `system.git`.
"""

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from xptasks.errors import CannotRunError
from xptasks.system import git

PATIENCE = 60.0
"""Seconds that a command may take that talks to nobody."""

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "commit.gpgSign=false",
    "push.followTags=false",
    "advice.detachedHead=false",
    "merge.renames=true",
)
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8", "LANGUAGE": "", "GIT_OPTIONAL_LOCKS": "0"}
_SAID = 1500  # characters of what git says that are repeated
_NOBODY = "xptasks <xptasks@localhost>"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command of git's said.

    Attributes:
        code: its exit code; None when it could not start or was ended after its time.
        out: its standard output, with bytes that are no UTF-8 as half characters.
        error: the end of its standard error.
    """

    code: int | None
    out: str
    error: str


@dataclass(frozen=True, slots=True)
class Object:
    """An object of git's: its kind (`commit`, `tag`, `tree`, `blob`) and what is in it."""

    kind: str
    content: bytes


@dataclass(frozen=True, eq=False)
class Git:
    """Git in one folder.

    Args:
        folder: a clone, a worktree or a bare repository.
        environ: variables for every command, in addition to our own.
    """

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self,
        *words: str,
        stdin: str | bytes | None = None,
        environ: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> str:
        """Run a command and return what it printed, without the last line break.

        Raises:
            CannotRunError: it failed; the message repeats what git said.
        """
        said = self.ask(*words, stdin=stdin, environ=environ, patience=patience)
        if said.code != 0:
            raise CannotRunError(f"git {words[0]} failed: {said.error or f'exit code {said.code}'}")
        return said.out.removesuffix("\n")

    def ask(
        self,
        *words: str,
        stdin: str | bytes | None = None,
        environ: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> Said:
        """Run a command that may fail.

        It has a session of its own: without a terminal nobody is asked for a password, and a Ctrl-C does not end it
        in the middle.
        """
        argv = ["git", *(word for setting in _SETTINGS for word in ("-c", setting)), *words]
        given = stdin.encode("utf-8", "surrogateescape") if isinstance(stdin, str) else stdin
        try:
            child = subprocess.Popen(
                argv,
                cwd=self.folder,
                env={**git.environment(), **_QUIET, **self.environ, **(environ or {})},
                stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as problem:
            return Said(None, "", f"git cannot be started in {self.folder}: {problem}")
        try:
            out, error = child.communicate(given, timeout=patience)
            ended = ""
        except subprocess.TimeoutExpired:
            _kill(child)
            out, error = child.communicate()
            ended = f"git {words[0]} did not end within {patience:g} s"
        code = None if ended else child.returncode
        text = "\n".join(filter(None, (_text(error).strip()[-_SAID:], ended)))
        return Said(code, _text(out), text)

    def find(self, revision: str) -> str | None:
        """The whole id of an object, None when there is none of that name."""
        said = self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", revision)
        return said.out.strip() if said.code == 0 else None

    def objects(self, names: Sequence[str]) -> list[Object | None]:
        """Several objects at once; None for each that is not there.

        Raises:
            CannotRunError: git does not answer.
        """
        if not names:
            return []
        asked = "".join(f"{name}\n" for name in names)
        said = self.ask("cat-file", "--batch", stdin=asked)
        if said.code != 0:
            raise CannotRunError(f"git cannot read objects: {said.error}")
        return list(_batch(said.out.encode("utf-8", "surrogateescape"), len(names)))

    def write(self, kind: str, content: str) -> str:
        """Write an object and return its id.

        Raises:
            CannotRunError: it is malformed, or the disk is full.
        """
        return self("hash-object", "-t", kind, "-w", "--stdin", stdin=content)

    def identity(self) -> str:
        """`Name <address>` of whoever works here, as git knows them; ours where git knows nobody."""
        said = self.ask("var", "GIT_COMMITTER_IDENT")
        who = said.out.rpartition(">")[0]
        return f"{who}>" if said.code == 0 and who else _NOBODY

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether a commit is in the history of another one."""
        return self.ask("merge-base", "--is-ancestor", old, new).code == 0


def _kill(child: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _text(output: bytes) -> str:
    return output.decode("utf-8", "surrogateescape")


def _batch(output: bytes, count: int) -> Iterable[Object | None]:
    """Records `ID KIND SIZE NEWLINE CONTENT NEWLINE`, or `NAME missing NEWLINE`."""
    position = 0
    for _ in range(count):
        end = output.index(b"\n", position)
        words = output[position:end].split(b" ")
        position = end + 1
        if words[-1] in {b"missing", b"ambiguous"}:
            yield None
            continue
        size = int(words[-1])
        yield Object(words[-2].decode(), output[position : position + size])
        position += size + 1
