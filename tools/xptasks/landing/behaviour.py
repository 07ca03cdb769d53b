"""Whether a change of Python sources changes what they do, as far as their syntax trees tell. Pure."""

import ast
import builtins
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

Kind = Literal["none", "rename", "removal", "behaviour"]

_NAMES = {
    "Name": ("id",),
    "Attribute": ("attr",),
    "FunctionDef": ("name",),
    "AsyncFunctionDef": ("name",),
    "ClassDef": ("name",),
    "arg": ("arg",),
    "keyword": ("arg",),
    "alias": ("name", "asname"),
    "ImportFrom": ("module",),
    "Global": ("names",),
    "Nonlocal": ("names",),
    "ExceptHandler": ("name",),
}
_Import = ast.Import | ast.ImportFrom
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file of the change: its paths and texts before and after; None where it did not or does not exist."""

    path: str
    old_path: str | None
    before: str | None
    after: str | None


def kind(module: Module) -> Kind:
    """What the change of one file means; a text that is no Python has behaviour.

    Names that are new and consistent are not looked at here: see `is_rename`.
    """
    old, new = _tree(module.before), _tree(module.after)
    if old is None or new is None:
        return "behaviour"
    try:
        same, removes = ast.dump(old) == ast.dump(new), _only_removes(old, new)
    except RecursionError:  # an expression of a thousand terms
        return "behaviour"
    return "none" if same else "removal" if removes else "behaviour"


def _tree(text: str | None) -> ast.Module | None:
    """The tree without docstrings; a missing file is an empty one, None is no Python."""
    try:
        tree = ast.parse(text or "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _documented(node):
            node.body = node.body[1:] or ([] if isinstance(node, ast.Module) else [ast.Pass()])
    return tree


def _documented(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


def _only_removes(old: ast.Module, new: ast.Module) -> bool:
    """Whether whole statements of the module, and nothing else, went away: no test can fail for want of that."""
    left = [ast.dump(node) for node in old.body]
    imported = {name for node in old.body if isinstance(node, _Import) for name in definitions(node)}
    for node in new.body:
        if isinstance(node, _Import) and imported.issuperset(definitions(node)):
            continue
        dumped = ast.dump(node)
        if dumped not in left:
            return False
        del left[: left.index(dumped) + 1]
    return True


def is_rename(modules: Sequence[Module]) -> bool:
    """Whether files differ only in names: each old name has one new one everywhere, defined here and not used before.

    Args:
        modules: all files of the change, tests too: tests that are otherwise the same are the proof.
    """
    pairs = [_aligned(module) for module in modules]
    renamed: dict[str, str] = {}
    for pair in pairs:
        if pair is None or not _extend(renamed, pair):
            return False
    changed = {old: new for old, new in renamed.items() if old != new}
    if len(set(renamed.values())) != len(renamed):
        return False
    before = [tree for module in modules if (tree := _tree(module.before)) is not None]
    defined = {name for tree in before for name in definitions(tree)} | _parts(modules)
    fresh = all(new not in renamed and new not in _BUILTINS for new in changed.values())
    return bool(changed) and fresh and changed.keys() <= defined


def _aligned(module: Module) -> list[tuple[str, str]] | None:
    """The names of both versions side by side; None when more than names differ."""
    if module.before is None or module.after is None or module.old_path is None:
        return None
    old, new = _tree(module.before), _tree(module.after)
    if old is None or new is None:
        return None
    olds, news = list(_tokens(old)), list(_tokens(new))
    if len(olds) != len(news):
        return None
    names = list(zip(PurePosixPath(module.old_path).parts, PurePosixPath(module.path).parts, strict=False))
    found = [(a.removesuffix(".py"), b.removesuffix(".py")) for a, b in names]
    for (is_name, old_word), (_, new_word) in zip(olds, news, strict=True):
        if is_name:
            found.append((old_word, new_word))
        elif old_word != new_word:
            return None
    return found


def _extend(renamed: dict[str, str], pairs: Sequence[tuple[str, str]]) -> bool:
    return all(renamed.setdefault(old, new) == new for old, new in pairs)


def _parts(modules: Sequence[Module]) -> set[str]:
    return {part.removesuffix(".py") for module in modules for part in PurePosixPath(module.old_path or "").parts}


def _tokens(node: ast.AST) -> Iterator[tuple[bool, str]]:
    """The tree as a flat sequence; True marks a word that is a name."""
    kind_of = type(node).__name__
    yield False, kind_of
    for field, value in ast.iter_fields(node):
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                yield from _tokens(item)
            elif isinstance(item, str) and field in _NAMES.get(kind_of, ()):
                yield from ((True, part) for part in item.split("."))
            else:
                yield False, repr(item)


def definitions(tree: ast.AST) -> Iterator[str]:
    """Every name that a tree defines: functions, classes, parameters, variables, attributes, imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).rpartition(".")[2]


def added(modules: Sequence[Module]) -> set[str]:
    """What the change adds that a test may miss before: names, and modules by every dotted name they may have."""
    found: set[str] = set()
    for module in modules:
        old, new = _tree(module.before), _tree(module.after)
        found |= set(_visible(new or ast.Module([], []))) - set(_visible(old or ast.Module([], [])))
        if module.after is not None and module.old_path != module.path:
            found |= _dotted(module.path)
    return found


def _visible(tree: ast.AST) -> Iterator[str]:
    """Every name that can be missed from outside: not parameters, nor what only a function's inside knows."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
            inside = (each for each in ast.walk(node) if isinstance(each, ast.Attribute | ast.Global))
            for each in inside:
                yield from each.names if isinstance(each, ast.Global) else definitions(each)
        elif isinstance(node, ast.ClassDef):
            yield node.name
            yield from _visible(node)
        elif isinstance(node, ast.Name | ast.Attribute | ast.alias):
            yield from definitions(node)
        else:
            yield from _visible(node)


def _dotted(path: str) -> set[str]:
    parts = [part for part in PurePosixPath(path.removesuffix(".py")).parts if part != "__init__"]
    return {".".join(parts[start:end]) for start in range(len(parts)) for end in range(start + 1, len(parts) + 1)}


def changed_names(before: str | None, after: str | None) -> Mapping[str, ast.stmt]:
    """The statements of a module that define something and are new or changed, by the names that they define."""
    old, new = _tree(before), _tree(after)
    known = {ast.dump(node) for node in old.body} if old else set()
    fresh = (node for node in (new.body if new else ()) if ast.dump(node) not in known)
    return {name: node for node in fresh for name in _defined_by(node)}


def _defined_by(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    return list(definitions(node))
