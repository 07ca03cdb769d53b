"""All that a change loosens, as reasons: what its files are called, what they say, and what its tests lose. Pure."""

import ast
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from xptasks.landing import impact
from xptasks.landing.behaviour import Module
from xptasks.landing.loosening import configuration, files, ignores, pins, plugins, suppressions, tools, weakened
from xptasks.landing.loosening.configuration import Replaces
from xptasks.landing.loosening.files import Scene
from xptasks.landing.loosening.weigh import Edit, Path
from xptasks.landing.policy import Outcome, Reason
from xptasks.results import Position
from xptasks.system.commits import Committed
from xptasks.system.globs import matcher

_MANY = 8  # reasons of one kind about one file
_LONGEST = 1 << 20  # characters of code
_DEEPEST = 150  # levels of a syntax tree; what follows visits each by a call of its own
_NAMED = 4  # tests or comments that one reason names
_UNDO = "take it back, or land it alone, so that who approves sees nothing else"

TEST_NAMES = ("test_*.py", "*_test.py")
"""How pytest knows a file of tests, unless it is told otherwise."""

Texts = tuple[str | None, str | None]
Place = Callable[[str, Path], Position]
"""From a file and the path of a value in it to where it is written."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to look at.

    Attributes:
        files: what differs.
        texts: before and after, by the path now; None where there is no file.
        scene: what is around them.
        configurations: by the name of a profile (empty without one), the configuration before and after.
        deselecting: marks with which a test does not run in the landing's tier.
        test_names: globs of the names of files with tests.
    """

    files: Sequence[Committed]
    texts: Mapping[str, Texts]
    scene: Scene
    configurations: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict)
    deselecting: frozenset[str] = frozenset({"slow"})
    test_names: tuple[str, ...] = TEST_NAMES


def reasons(sight: Sight, place: Place, replaces: Replaces) -> list[Reason]:
    """All of them.

    Args:
        sight: the change.
        place: where a value is written.
        replaces: what a step takes the place of.
    """
    hard = [reason for path, texts in sight.texts.items() if (reason := _unjudgeable(path, texts))]
    left_out = {reason.position.file for reason in hard if reason.position}
    sight = replace(sight, texts={path: texts for path, texts in sight.texts.items() if path not in left_out})
    found = [*hard, *files.judge(sight.files, sight.scene), *_configuration(sight, place, replaces)]
    for each in sight.files:
        found += _contents(each, sight, place)
    return _few([*found, *_tests(sight), *_suppressed(sight), *_out_of_sight(sight)])


def _few(found: Sequence[Reason]) -> list[Reason]:
    """As many of a kind and file as anybody reads."""
    kinds: dict[tuple[str, str, str], list[Reason]] = {}
    for each in found:
        kinds.setdefault((each.rule, each.outcome, each.position.file if each.position else ""), []).append(each)
    few = {id(each) for alike in kinds.values() for each in alike[:_MANY]}
    kept = [each for each in found if id(each) in few]
    for (_, _, file), alike in kinds.items():
        if len(alike) > _MANY:
            said = f"and {len(alike) - _MANY} more of this kind"
            kept.append(replace(alike[0], message=said, position=Position(file) if file else None))
    return kept


def _unjudgeable(path: str, texts: Texts) -> Reason | None:
    """What is too large or too deep to be read by a program in its right mind."""
    if not path.endswith(".py"):
        return None
    why = next((why for text in texts if (why := _too_much(text or ""))), "")
    hint = "write it in simpler parts; data belongs in a file of data"
    return (
        Reason("unjudgeable", "needs approval", f"nobody can judge this: {why}", hint, Position(path)) if why else None
    )


def _too_much(text: str) -> str:
    if len(text) > _LONGEST:
        return f"it has more than {_LONGEST} characters"
    try:
        front: list[ast.AST] = [ast.parse(text)]
    except (RecursionError, MemoryError):
        return "it is nested too deeply"
    except (SyntaxError, ValueError):
        return ""
    for _ in range(_DEEPEST):
        front = [child for node in front for child in ast.iter_child_nodes(node)]
        if not front:
            return ""
    return "it is nested too deeply"


def needs_text(path: str) -> bool:
    """Whether what a file says matters."""
    return path.endswith(".py") or files.is_judged(path) or pins.is_pins(path)


# -- settings ----------------------------------------------------------------------------------------------------------


def _configuration(sight: Sight, place: Place, replaces: Replaces) -> Iterator[Reason]:
    said: set[tuple[Path, str]] = set()
    for profile, (before, after) in sight.configurations.items():
        for edit in configuration.compare(before, after, replaces):
            known = (edit.path, str(edit))
            if edit.weight in {"looser", "unknown"} and known not in said:
                said.add(known)
                yield _of_configuration(edit, profile, place)


def _of_configuration(edit: Edit, profile: str, place: Place) -> Reason:
    where = place(files.CONFIG, ("profiles", profile, *edit.path) if profile else edit.path)
    rule = "contracts-allow" if edit.path == ("contracts", "allow") else f"config-{_WEIGHTS[edit.weight]}"
    message = f"{edit}{f' (with the profile {profile})' if profile else ''}"
    return Reason(rule, "needs approval", message, _UNDO, where)


_WEIGHTS = {"looser": "loosened", "unknown": "unrecognised"}


@dataclass(frozen=True, slots=True)
class _File:
    """A file under one name, before and after."""

    path: str
    before: str | None
    after: str | None

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name


def _contents(each: Committed, sight: Sight, place: Place) -> Iterator[Reason]:
    before, after = sight.texts.get(each.path, (None, None))
    old, new = each.file.before or each.path, each.path
    if PurePosixPath(old).name == PurePosixPath(new).name:
        yield from _edits(_File(new, before, after), sight, place)
        return
    if not old.endswith(".py"):  # code keeps its meaning under another name, settings do not
        yield from _edits(_File(old, before, None), sight, place)
        before = None
    yield from _edits(_File(new, before, after), sight, place)


def _edits(file: _File, sight: Sight, place: Place) -> Iterator[Reason]:
    path, before, after = file.path, file.before, file.after
    if path.endswith(".py"):
        look = plugins.suspicions if file.name == "conftest.py" else plugins.abrupt
        yield from (_suspicious(path, each) for each in look(before, after))
        if file.name == "conftest.py":
            yield from (_missed(path, each) for each in plugins.gone(before, after))
    elif file.name == files.CONFIG or not needs_text(path):
        return
    elif pins.is_pins(path):
        yield from (_edited("pins", path, each, place) for each in pins.compare(file.name, before, after))
    else:
        yield from _settings(file, sight, place)


def _settings(file: _File, sight: Sight, place: Place) -> Iterator[Reason]:
    path, before, after = file.path, file.before or "", file.after or ""
    if file.name == ".gitignore":
        folder = f"{posixpath.dirname(path)}/".lstrip("/")
        found = ignores.ignores(before, after, folder, _in_sight(sight))
        yield from (_edited("ignored-files", path, each, place) for each in found)
    elif file.name == ".gitattributes":
        yield from (_edited("attributes", path, each, place) for each in ignores.attributes(before, after))
    else:
        judged = (each for each in tools.compare(file.name, file.before, file.after) if each.weight in _WEIGHTS)
        yield from (_edited(f"tool-{_WEIGHTS[each.weight]}", path, each, place) for each in judged)


def _edited(rule: str, path: str, edit: Edit, place: Place) -> Reason:
    return Reason(rule, "needs approval", str(edit), _UNDO, place(path, edit.path))


def _in_sight(sight: Sight) -> set[str]:
    """What the gate has to see, files that nobody has written yet too."""
    scene = sight.scene
    usual = {f"{folder}/{name}" for folder in scene.sources for name in ("new.py", "new/__init__.py")}
    usual |= {f"{folder}/{name}" for folder in scene.tests for name in ("test_new.py", "conftest.py", "new/data.json")}
    known = {path for path in scene.after if not path.startswith("../")}
    return known | usual | {files.CONFIG, "pyproject.toml", "conftest.py", "sitecustomize.py"}


# -- code --------------------------------------------------------------------------------------------------------------

_SUSPICIONS = {
    "hook": "a hook of pytest's has its say about which tests run and how they end",
    "exit": "it ends the process in which the tests run",
    "skip": "it skips tests from outside of them",
    "import": "it runs when tests are collected, before any of them",
}


def _suspicious(path: str, each: plugins.Suspicion) -> Reason:
    message = f"{each.name}: {_SUSPICIONS[each.what]}"
    return Reason(f"test-{each.what}", "needs approval", message, _UNDO, Position(path, each.line))


def _missed(path: str, each: plugins.Suspicion) -> Reason:
    message = f"{each.name} is gone: what this hook of pytest's did to the run, nothing does any more"
    return Reason("test-hook", "needs approval", message, _UNDO, Position(path))


_TOLD: Mapping[weakened.What, tuple[str, Outcome, str, str]] = {
    "removed": (
        "tests-removed",
        "needs approval",
        "tests are gone, and what they test is not",
        "put them back; whoever moves a test keeps its code, whoever replaces one adds another",
    ),
    "skipped": ("tests-skipped", "needs approval", "tests are skipped that ran", "let them run"),
    "deselected": ("tests-deselected", "needs approval", "a mark keeps tests out of the gate", "take the mark off"),
    "emptied": ("tests-emptied", "needs approval", "tests cannot fail any more", "let them assert something"),
    "replaced": ("tests-replaced", "may land", "tests gave way to new ones", ""),
    "removed with its code": ("tests-removed-with-code", "may land", "tests are gone with what they tested", ""),
    "fewer assertions": ("tests-fewer-assertions", "may land", "tests assert less than before", ""),
    "fewer cases": ("tests-fewer-cases", "may land", "tests have fewer cases than before", ""),
    "new and skipped": ("tests-new-skipped", "may land", "new tests are skipped", ""),
}


def _tests(sight: Sight) -> Iterator[Reason]:
    modules = [module for each in sight.files if (module := _module(each, sight))]
    tests = [_in_place(module, sight) for module in modules if _is_test(module, sight)]
    sources = [module for module in modules if not _is_test(module, sight)]
    found = weakened.find(tests, sources, sight.deselecting)
    for (path, what), group in groupby(sorted(found, key=_kind), key=_kind):
        yield _told(path, what, list(group))


def _kind(each: weakened.Weakened) -> tuple[str, weakened.What]:
    return each.path, each.what


def _told(path: str, what: weakened.What, group: Sequence[weakened.Weakened]) -> Reason:
    rule, outcome, message, hint = _TOLD[what]
    return Reason(
        rule, outcome, f"{message}: {_some([each.name for each in group])}", hint, Position(path, group[0].line)
    )


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{rest}"


def _module(each: Committed, sight: Sight) -> Module | None:
    texts = sight.texts.get(each.path)
    if texts is None or not any(path and path.endswith(".py") for path in (each.path, each.file.before)):
        return None
    return Module(each.path, each.file.before, *texts)


def _is_test(module: Module, sight: Sight) -> bool:
    return any(path and _named_as_test(path, sight) for path in (module.path, module.old_path))


def _named_as_test(path: str, sight: Sight) -> bool:
    return bool(matcher(sight.test_names)(PurePosixPath(path).name))


def _in_place(module: Module, sight: Sight) -> Module:
    """A file of tests that leaves the folders of tests, or the names of their files, has none any more."""
    within = files.within(sight.scene.tests)
    left = bool(module.old_path and within(module.old_path) and not within(module.path))
    after = None if left or not _named_as_test(module.path, sight) else module.after
    before = module.before if module.old_path and _named_as_test(module.old_path, sight) else None
    return Module(module.path, module.old_path, before, after)


def _out_of_sight(sight: Sight) -> Iterator[Reason]:
    """Code that leaves the folders of code, and code elsewhere that those use from now on: no check looks at it."""
    scene = sight.scene
    code, tests = files.within(scene.sources), files.within(scene.tests)
    used = {
        name for path, (_, text) in sight.texts.items() if code(path) for name in impact.imports_of(path, text or "")
    }
    for each in sight.files:
        path, before = each.path, each.file.before
        if not each.file.exists or not path.endswith(".py") or code(path) or tests(path):
            continue
        moved = before and before != path and code(before)
        names = {name for name in impact.names_of(path) if "." in name or "/" not in path}
        if moved or (before is None and names & used):
            message = "code that the project uses lies outside of [project] sources: no check looks at it"
            yield Reason("out-of-sight", "needs approval", message, "put it below the folders of code", Position(path))


def _suppressed(sight: Sight) -> Iterator[Reason]:
    mild: list[str] = []
    for each in sight.files:
        if not each.path.endswith(".py"):
            continue
        for found in suppressions.added(*sight.texts.get(each.path, (None, None))):
            if found.whole or found.coverage:
                yield _silenced(each.path, found)
            else:
                mild.append(f"{each.path}:{found.line}")
    if mild:
        yield Reason("suppressions", "may land", f"{len(mild)} new comments silence a check: {_some(mild)}")


def _silenced(path: str, found: suppressions.Suppression) -> Reason:
    what = "takes a whole file out of a check" if found.whole else "hides that no test runs this"
    message = f"the comment {found.text!r} {what}"
    return Reason("suppression", "needs approval", message, "mend what it hides", Position(path, found.line))
