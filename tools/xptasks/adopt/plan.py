"""From what was found to a list of edits, each with its reason; nothing is written here. Pure."""

import ast
import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from xptasks.adopt import blocks, compose
from xptasks.adopt.compose import Choices
from xptasks.adopt.detect import Found
from xptasks.adopt.manifest import Kind

_TIERS = ("fast", "pr")


@dataclass(frozen=True, slots=True)
class Place:
    """What is at a path now: a file's content, nothing, or something that must not be written to."""

    content: bytes | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """A file that is to be written.

    Attributes:
        path: where.
        before: what is there; None where nothing is.
        after: what will be.
        kind: see `manifest.Entry`.
        why: for people.
        ours: what of it we wrote, where `after` has edits of others in it, too.
    """

    path: str
    before: bytes | None
    after: bytes
    kind: Kind
    why: str
    ours: bytes | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """Where it all happens.

    Attributes:
        git: whether the folder is in a repository, and is its top.
        top: whether it is the top.
        ignored: which of our folders git ignores already.
        litter: more folders that git should ignore.
    """

    git: bool = True
    top: bool = True
    ignored: frozenset[str] = frozenset()
    litter: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, and what a person should know or do."""

    edits: tuple[Edit, ...]
    hints: tuple[str, ...] = ()
    found: tuple[Found, ...] = field(default=(), repr=False)


def plan(
    found: Sequence[Found], choices: Mapping[str, Choices], look: Callable[[str], Place], setting: Setting
) -> Plan:
    """All edits.

    Args:
        found: the projects.
        choices: what was learnt, by project.
        look: what is at a path, as it was before anything of ours.
        setting: where it happens.
    """
    edits: list[Edit] = []
    hints: list[str] = []
    folders = tuple(each.folder for each in found if each.folder != ".")
    for made in _all(found, choices, look, setting, folders):
        (edits if isinstance(made, Edit) else hints).append(made)  # type: ignore[arg-type]
    for each in found:
        head = "" if each.folder == "." else f"{each.folder}: "
        hints += [f"{head}{hint}" for hint in each.checks.hints]
    return Plan(tuple(edit for edit in edits if edit.before != edit.after), tuple(hints), tuple(found))


def _all(
    found: Sequence[Found],
    choices: Mapping[str, Choices],
    look: Callable[[str], Place],
    setting: Setting,
    folders: Sequence[str],
) -> Iterator[Edit | str]:
    for each in found:
        path = "xpconfig.toml" if each.folder == "." else f"{each.folder}/xpconfig.toml"
        text = compose.configuration(each, choices.get(each.folder, Choices()))
        yield _new(path, text, look(path), "the one file that configures everything")
    yield _noxfile(look("noxfile.py"), folders)
    yield _tasks(look("tasks.py"), shadowed=any("tasks" in each.has for each in found))
    yield from _ignore(look(".gitignore"), setting)
    yield from _hooks(look(".pre-commit-config.yaml"), setting, folders)
    yield from _agents(look, found)


def _new(path: str, text: str, place: Place, why: str) -> Edit | str:
    if place.problem:
        return f"{path} is left alone: {place.problem}"
    if place.content is not None:
        return f"{path} is there already and is kept as it is"
    return Edit(path, None, text.encode(), "created", why)


def _noxfile(place: Place, folders: Sequence[str]) -> Edit | str:
    if place.problem or place.content is None:
        return _new("noxfile.py", compose.noxfile(folders), place, "a Nox session for each tier")
    text = place.content.decode("utf-8", "replace")
    taken = {name for name in _TIERS if re.search(rf"def {name}\b|name\s*=\s*[\"']{name}[\"']", text)}
    after = blocks.appended(place.content, blocks.marked(compose.nox_block(taken, folders)))
    try:
        ast.parse(after.decode("utf-8-sig", "replace"))
    except (SyntaxError, ValueError):
        return "noxfile.py cannot be read; put `from xptasks import sessions; sessions.register()` at its end"
    said = f", but for {', '.join(sorted(taken))}, which it has" if taken else ""
    return Edit("noxfile.py", place.content, after, "block", f"the tiers beside the sessions that are there{said}")


def _tasks(place: Place, *, shadowed: bool) -> Edit | str:
    if place.content is None and not shadowed:
        return _new("tasks.py", compose.TASKS, place, "`inv` finds the tasks")
    return "tasks.py is another's: `xptasks TASK` does what `inv TASK` would"


def _ignore(place: Place, setting: Setting) -> Iterator[Edit | str]:
    missing = [folder for folder in (*compose.IGNORED, *setting.litter) if folder not in setting.ignored]
    if setting.git and missing:
        yield _block(".gitignore", place, blocks.marked(missing), "what a run leaves behind is not for git")


def _hooks(place: Place, setting: Setting, folders: Sequence[str]) -> Iterator[Edit | str]:
    path = ".pre-commit-config.yaml"
    if not setting.git:
        yield "this is no git repository: nothing is cached, and there are no hooks"
    elif not setting.top:
        yield f"the hooks belong to the top of the repository: add the entry `xptasks hook fast` to its {path}"
    elif place.problem:
        yield f"{path} is left alone: {place.problem}"
    elif place.content is None:
        lines = [*compose.HOOKS_HEAD, *(f"  {line}" for line in compose.hooks(folders))]
        yield Edit(
            path, None, "".join(f"{line}\n" for line in lines).encode(), "created", "git hooks, for prek or pre-commit"
        )
    else:
        after = blocks.with_hooks(place.content, blocks.marked(compose.hooks(folders)))
        if after is None:
            yield f"{path} cannot be extended safely; add a local hook with the entry `xptasks hook fast`"
        else:
            yield Edit(path, place.content, after, "block", "the tiers as hooks, beside those that are there")


def _agents(look: Callable[[str], Place], found: Sequence[Found]) -> Iterator[Edit | str]:
    block = blocks.marked(compose.agents(found), ("<!-- ", " -->"))
    yield _block("AGENTS.md", look("AGENTS.md"), block, "what coding agents have to know")
    claude = look("CLAUDE.md")
    if claude.content is not None and b"AGENTS.md" not in claude.content:
        yield "CLAUDE.md does not mention AGENTS.md; a line `@AGENTS.md` in it makes Claude read the block"


def _block(path: str, place: Place, block: list[str], why: str) -> Edit | str:
    if place.problem:
        return f"{path} is left alone: {place.problem}"
    after = blocks.appended(place.content or b"", block)
    return Edit(path, place.content, after, "created" if place.content is None else "block", why)


def diff(edits: Sequence[Edit]) -> str:
    """The edits as a unified diff."""
    return "".join(_diff(edit) for edit in edits)


def _diff(edit: Edit) -> str:
    before = _lines(edit.before or b"")
    names = ("/dev/null" if edit.before is None else f"a/{edit.path}", f"b/{edit.path}")
    lines = difflib.unified_diff(before, _lines(edit.after), *names)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "backslashreplace").replace("\r\n", "\n").splitlines(keepends=True)
