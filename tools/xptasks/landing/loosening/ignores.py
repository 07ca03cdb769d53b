"""Edits of `.gitignore` and `.gitattributes`: what hides files from the gate, or makes git misread them. Pure."""

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

from xptasks.landing.loosening.weigh import MISSING, Edit

_HARMLESS = ("linguist-", "diff=", "eol=", "text", "export-subst", "whitespace")


def attributes(before: str, after: str) -> Iterator[Edit]:
    """New lines of `.gitattributes`; only what says how a file is shown or how its lines end is harmless."""
    for line in _new(before, after):
        pattern, *words = line.split()
        if not words or any(
            not word.lstrip("-!").startswith(_HARMLESS) or word in {"-text", "!text"} for word in words
        ):
            why = "git may hide these files, or read them in another way"
            yield Edit((pattern,), MISSING, " ".join(words), "unknown", why)
    for line in _new(after, before):
        yield Edit((line,), line, MISSING, "unknown", "git reads these files in another way")


def ignores(before: str, after: str, folder: str, sight: Collection[str]) -> Iterator[Edit]:
    """New patterns of `.gitignore` that hide what the gate should see: what a run leaves there stays for the next one.

    Args:
        before: the text on the merge base.
        after: the text in the change.
        folder: where the file lies, empty or with a `/` at its end.
        sight: files that the gate has to see, those that nobody has written yet too; relative to the project.
    """
    for line in _new(before, after):
        if line.startswith("!"):
            continue
        hidden = next(
            (path for path in sorted(sight) if path.startswith(folder) and _hides(line, path[len(folder) :])), ""
        )
        if hidden:
            yield Edit((line,), MISSING, line, "looser", f"it hides files such as {hidden} from git and the gate")


def _new(before: str, after: str) -> list[str]:
    old = {line.strip() for line in before.splitlines()}
    lines = (line.strip() for line in after.splitlines())
    return [line for line in lines if line and not line.startswith("#") and line not in old]


def _hides(pattern: str, path: str) -> bool:
    """Rather too often than too rarely: here a `*` crosses folders."""
    plain = pattern.rstrip("/")
    anchored = "/" in plain
    parts = path.split("/")
    ways = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    if pattern.endswith("/"):
        ways = ways[:-1]
    if anchored:
        return any(fnmatchcase(way, plain.lstrip("/")) or fnmatchcase(f"/{way}", plain) for way in ways)
    return any(fnmatchcase(way.rpartition("/")[2], plain) for way in ways)
