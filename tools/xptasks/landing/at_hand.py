"""The change at hand: which files differ from a commit, what that means for behaviour, and which tests it touches."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from xptasks.landing import behaviour, changed_tests
from xptasks.landing.behaviour import Kind, Module
from xptasks.system import change
from xptasks.system.change import ChangedFile

_TEST_FILE = re.compile(r"(?:test_.*|.*_test)\.py")
_DOCS = (".md", ".rst", ".txt")

Chosen = Mapping[str, Mapping[str, bool]]
"""The tests to run by file; the value says whether its own code changed."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The project's folders of code and of tests."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AtHand:
    """A change of the project in the current folder.

    Attributes:
        files: what differs.
        modules: its Python files, by their paths.
        kinds: what the change of each file of the code means.
        chosen: the tests that it touches.
    """

    files: tuple[ChangedFile, ...]
    modules: Mapping[str, Module]
    kinds: Mapping[str, Kind]
    chosen: Chosen

    @property
    def changing(self) -> list[str]:
        """The files whose behaviour changes, as far as that can be told."""
        return [path for path, kind in self.kinds.items() if kind == "behaviour"]

    @property
    def added(self) -> set[str]:
        """The names that the change adds."""
        return behaviour.added(list(self.modules.values()))


def look(base: str, scope: Scope) -> AtHand:
    """What differs from a commit.

    Raises:
        CannotRunError: git does not answer.
    """
    files = change.files(Path(), base)
    modules = {file.path: _module(file, base) for file in files if file.path.endswith(".py")}
    sources = [module for path, module in modules.items() if below(path, scope.sources) and not is_test(path, scope)]
    kinds = {module.path: behaviour.kind(module) for module in sources}
    return AtHand(tuple(files), modules, kinds, _chosen(files, modules, scope))


def _module(file: ChangedFile, base: str) -> Module:
    before = change.file_at(Path(), base, file.before) if file.before else None
    path = Path(file.path)
    after = path.read_text(encoding="utf-8", errors="replace") if file.exists and path.is_file() else None
    return Module(file.path, file.before, None if before is None else before.decode(errors="replace"), after)


def below(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is in one of the folders."""
    return any(folder in {".", path} or path.startswith(f"{folder}/") for folder in folders)


def is_test(path: str, scope: Scope) -> bool:
    """Whether a file belongs to the tests: below their folders, or by its name."""
    name = PurePosixPath(path).name
    return below(path, scope.tests) or name == "conftest.py" or bool(is_test_name(path) and "." in scope.sources)


def is_test_name(path: str) -> bool:
    """Whether pytest would look for tests in a file, by its name."""
    return _TEST_FILE.fullmatch(PurePosixPath(path).name) is not None


def without_behaviour(found: AtHand, scope: Scope) -> str | None:
    """What a change is that needs no test of its own; None of one that changes behaviour."""
    kinds = set(found.kinds.values())
    if "behaviour" not in kinds:
        return f"no behaviour changed: {_what(kinds, found.chosen, found.files, scope)}"
    if behaviour.is_rename(list(found.modules.values())):
        return "no behaviour changed: only names did, and the tests are the same but for these"
    return None


def _what(found: Collection[str], chosen: Chosen, files: Sequence[ChangedFile], scope: Scope) -> str:
    words = []
    if "removal" in found:
        words.append("code was removed")
    if any(file.before not in {None, file.path} for file in files):
        words.append("files were moved")
    elif "none" in found:
        words.append("comments, docstrings or formatting of sources")
    if count := sum(map(len, chosen.values())):
        words.append(f"{count} tests of behaviour that was there")
    others = [file.path for file in files if file.path not in chosen and not below(file.path, scope.sources)]
    if any(path.endswith(_DOCS) for path in others):
        words.append("documents")
    if any(not path.endswith(_DOCS) for path in others):
        words.append("files that are neither sources nor documents")
    return ", ".join(words) or "files beside the sources"


# -- which tests -----------------------------------------------------------------------------------------------------


def _chosen(files: Sequence[ChangedFile], modules: Mapping[str, Module], scope: Scope) -> dict[str, dict[str, bool]]:
    """The tests of the change: new, changed, or using a helper, a fixture or a file of data that is."""
    found: dict[str, dict[str, bool]] = {}
    ours = [file for file in files if file.exists and is_test(file.path, scope)]
    for file in ours:
        for path, name, own in _tests_of(file, modules, scope):
            tests = found.setdefault(path, {})
            tests[name] = tests.get(name, False) or own
    return found


def _tests_of(file: ChangedFile, modules: Mapping[str, Module], scope: Scope) -> Iterator[tuple[str, str, bool]]:
    module = modules.get(file.path)
    if module is None:
        for path in _beside(file.path, scope):
            yield from ((path, name, False) for name in changed_tests.every(text(path)))
    elif is_test_name(file.path):
        changed = changed_tests.find(module.before, module.after or "")
        yield from ((file.path, name, True) for name in changed.own)
        yield from ((file.path, name, False) for name in changed.touched)
    elif PurePosixPath(file.path).name == "conftest.py":
        names = set(behaviour.changed_names(module.before, module.after))
        for path in _test_files(PurePosixPath(file.path).parent):
            yield from ((path, name, False) for name in changed_tests.using(names, text(path)))


def _beside(path: str, scope: Scope) -> list[str]:
    """The test files that a file of data belongs to: those nearest to it; of several, those that speak of it."""
    for folder in PurePosixPath(path).parents:
        near = [str(PurePosixPath(each)) for each in sorted(Path(folder).glob("*.py")) if is_test_name(each.name)]
        if near:
            words = {PurePosixPath(path).name, *PurePosixPath(path).relative_to(folder).parts[:-1]}
            speaking = [each for each in near if any(word in text(each) for word in words)]
            return speaking or near
        if str(folder) in scope.tests:
            break
    return []


def _test_files(folder: PurePosixPath) -> list[str]:
    return [each.as_posix() for each in sorted(Path(folder).rglob("*.py")) if is_test_name(each.name)]


def text(path: str) -> str:
    """A file of the working tree."""
    return Path(path).read_text(encoding="utf-8", errors="replace")
