"""The working tree as a commit that no branch knows: what is not committed can be judged like what is."""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from xptasks.errors import UsageError
from xptasks.system.plumbing import Git

_MESSAGE = "The working tree\n"


def snapshot(folder: Path) -> str:
    """The id of a commit that holds every file as it lies there, new ones included, on top of what is checked out.

    Neither the index nor a ref changes; git's housekeeping removes the commit some day.

    Raises:
        UsageError: there is no commit yet.
        CannotRunError: git or the disk refuses.
    """
    git = Git(folder)
    head = git.find("HEAD^{commit}")
    if head is None:
        raise UsageError("there is no commit yet", hint="`git commit` something first")
    name, _, address = git.identity().partition(" <")
    who = {"NAME": name, "EMAIL": address.rstrip(">")}
    signing = {f"GIT_{role}_{part}": text for role in ("AUTHOR", "COMMITTER") for part, text in who.items()}
    with tempfile.TemporaryDirectory(prefix="xptasks-") as scratch:
        index = Path(scratch) / "index"
        with suppress(OSError):  # without it git reads every file: slower, and the same
            shutil.copyfile(folder / git("rev-parse", "--git-path", "index"), index)
        environ = {"GIT_INDEX_FILE": str(index)}
        git("add", "--all", "--", ":/", environ=environ)
        tree = git("write-tree", environ=environ)
    return git("commit-tree", tree, "-p", head, stdin=_MESSAGE, environ=signing)
