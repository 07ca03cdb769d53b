"""Blocks of ours in files of others: put in, replaced, taken out, with the file's own line ends. Pure over bytes."""

from collections.abc import Sequence

import yaml

BEGIN, END = ">>> xptasks", "<<< xptasks"
_BOM = b"\xef\xbb\xbf"


def newline(content: bytes) -> str:
    """The line end of a file: that of most of its lines."""
    return "\r\n" if content.count(b"\r\n") * 2 > content.count(b"\n") else "\n"


def marked(lines: Sequence[str], comment: Sequence[str] = ("# ", "")) -> list[str]:
    """Lines between our marks.

    Args:
        lines: the block.
        comment: what stands before and behind a comment.
    """
    before, behind = comment
    return [f"{before}{BEGIN} (written by `xptasks init`){behind}", *lines, f"{before}{END}{behind}"]


def appended(content: bytes, block: Sequence[str]) -> bytes:
    """A file with a block at its end, behind an empty line; a file that has one already gets the new one in place."""
    end = newline(content)
    found = span(content)
    text = end.join(block) + end
    if found:
        start, stop = found
        return content[:start] + text.encode() + content[stop:]
    body = content.removeprefix(_BOM)
    gap = "" if not body else end if body.endswith(b"\n") else end * 2
    return content + (gap + text).encode()


def span(content: bytes) -> tuple[int, int] | None:
    """Where our block begins and ends in a file, whole lines; None when it has none."""
    begin = content.find(BEGIN.encode())
    stop = content.find(END.encode(), begin)
    if begin < 0 or stop < 0:
        return None
    start = content.rfind(b"\n", 0, begin) + 1
    last = content.find(b"\n", stop)
    return start, len(content) if last < 0 else last + 1


def lines(content: bytes) -> list[str]:
    """The lines of our block in a file, without its marks; empty without one."""
    found = span(content)
    return content[slice(*found)].decode(errors="replace").splitlines()[1:-1] if found else []


def renewed(content: bytes, other: bytes) -> bytes | None:
    """A file whose block is that of another one, in its own line ends; None where one of them has no block."""
    mine, theirs = span(content), span(other)
    if not mine or not theirs:
        return None
    end = newline(content[mine[0] : mine[1]]).encode()
    block = other[theirs[0] : theirs[1]].replace(b"\r\n", b"\n").replace(b"\n", end)
    return content[: mine[0]] + block + content[mine[1] :]


def without(content: bytes) -> bytes:
    """A file without our block and the empty line before it."""
    found = span(content)
    if not found:
        return content
    start, stop = found
    end = newline(content[start:stop]).encode()
    head = content[:start]
    if head.endswith(end * 2):
        head = head[: -len(end)]
    return head + content[stop:]


def with_hooks(content: bytes, hooks: Sequence[str]) -> bytes | None:
    """A configuration of pre-commit with a repository of hooks more, the last one; None when that cannot be done.

    The text is inserted and the result parsed: it has to mean the same as before, and the new entry besides.

    Args:
        content: the file.
        hooks: the lines of one entry of `repos`, as if it stood at the left margin.
    """
    text = content.decode("utf-8", "surrogateescape")
    before = _loaded(text)
    if not isinstance(before, dict) or not isinstance(before.get("repos"), list):
        return None
    entry = _loaded("\n".join(hooks))
    end = newline(content)
    lines = text.split(end)
    for at, indent in _places(lines):
        block = [f"{' ' * indent}{line}" for line in hooks]
        made = end.join([*lines[:at], *block, *lines[at:]])
        expected = {**before, "repos": [*before["repos"], *(entry if isinstance(entry, list) else [])]}
        if _loaded(made) == expected:
            return made.encode("utf-8", "surrogateescape")
    return None


def _places(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Where an entry may be put in: behind the last line of `repos`, indented as its first entry is."""
    try:
        top = next(at for at, line in enumerate(lines) if line.startswith("repos:"))
    except StopIteration:
        return []
    inside = [at for at in range(top + 1, len(lines)) if lines[at].lstrip().startswith("- ")]
    indent = len(lines[inside[0]]) - len(lines[inside[0]].lstrip()) if inside else 2
    found, last = [], top
    for at in range(top + 1, len(lines)):
        line = lines[at]
        if line.strip() and not line[0].isspace() and not line.startswith(("-", "#")):
            break
        if line.strip() and not line.startswith("#"):
            last = at
    found.append((last + 1, indent))
    return found


def _loaded(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
