"""What code of the tests may do to its own run: pytest's hooks, ways to leave early, ways to skip. Pure."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

What = Literal["hook", "exit", "skip", "import"]

_LEAVE = frozenset(
    {"os._exit", "sys.exit", "os.kill", "os.abort", "os.execv", "os.execvp", "pytest.exit", "signal.raise_signal"}
)
_SKIP = frozenset({"pytest.skip", "pytest.xfail", "pytest.importorskip", "unittest.skip"})
_REACH = frozenset({"sys.modules", "sys.meta_path", "sys.path_hooks", "gc.get_objects", "os.environ"})
_PYTEST = ("pytest.", "_pytest.")
_ABRUPT = frozenset({"os._exit", "pytest.exit", "pytest_plugins"})
_VARIABLES = frozenset({"collect_ignore", "collect_ignore_glob", "pytest_plugins", "pytestmark"})
_PLAIN = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A place where code may have its say about the run.

    Attributes:
        name: what is there, as it is written.
        line: where.
        what: it is a hook, ends the process, skips tests, or is code that runs on import.
    """

    name: str
    line: int
    what: What


def suspicions(before: str | None, after: str | None) -> list[Suspicion]:
    """What a conftest has of these that it had not before; a text that is no Python runs nothing."""
    known = {_key(each, before or "") for each in _all(before)}
    return [each for each in _all(after) if _key(each, after or "") not in known]


def gone(before: str | None, after: str | None) -> list[Suspicion]:
    """The hooks of a conftest that are not there any more; what they asked for is not asked any more."""
    left = {each.name for each in _all(after)}
    return [each for each in _all(before) if each.what == "hook" and each.name not in left]


def _key(each: Suspicion, text: str) -> tuple[str, str, str]:
    """Of a hook its whole code counts, of anything else that it is there."""
    return each.what, each.name, _dump(text, each.line) if each.what in {"hook", "import"} else ""


def _dump(text: str, line: int) -> str:
    return next((ast.dump(node) for node in ast.parse(text).body if node.lineno == line), "")


def abrupt(before: str | None, after: str | None) -> list[Suspicion]:
    """The same of any other file of the tests, where only what ends, extends or patches pytest is unusual."""
    found = suspicions(before, after)
    return [each for each in found if each.name in _ABRUPT or (each.what == "import" and each.name.startswith(_PYTEST))]


def _all(text: str | None) -> list[Suspicion]:
    try:
        tree = ast.parse(text or "")
    except (SyntaxError, ValueError):
        return []
    return sorted({*_top(tree), *_calls(tree, _aliases(tree))}, key=lambda each: each.line)


def _aliases(tree: ast.Module) -> dict[str, str]:
    """What the names of imports stand for."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _top(tree: ast.Module) -> Iterator[Suspicion]:
    """Hooks, and what runs when the file is imported."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("pytest_"):
            yield Suspicion(node.name, node.lineno, "hook")
        elif isinstance(node, ast.ImportFrom | ast.Import):
            hooks = [alias.asname or alias.name for alias in node.names]
            yield from (
                Suspicion(name, node.lineno, "hook") for name in hooks if name.startswith("pytest_") or name == "*"
            )
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from _assigned(node)
        elif not isinstance(node, _PLAIN) and not _is_text(node) and not _is_type_checking(node):
            yield Suspicion(_shown(node), node.lineno, "import")


def _assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[Suspicion]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    hooks = [name for name in names if name in _VARIABLES or name.startswith("pytest_")]
    if hooks:
        yield Suspicion(hooks[0], node.lineno, "hook")
    elif len(names) < len(targets):
        yield Suspicion(_shown(targets[0]), node.lineno, "import")


def _calls(tree: ast.Module, aliases: Mapping[str, str]) -> Iterator[Suspicion]:
    """Calls, wherever they stand, that end the process or skip; and ways into what others have loaded."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _call(node, _dotted(node.func, aliases), aliases)
        elif isinstance(node, ast.Assign):
            reached = [target for target in node.targets if _reaches(target, aliases)]
            yield from (Suspicion(_named(target, aliases), node.lineno, "import") for target in reached)


def _call(node: ast.Call, name: str, aliases: Mapping[str, str]) -> Iterator[Suspicion]:
    if name in _LEAVE:
        yield Suspicion(name, node.lineno, "exit")
    elif name in _SKIP:
        yield Suspicion(name, node.lineno, "skip")
    elif name.endswith("setattr") and node.args and _reaches(node.args[0], aliases):
        yield Suspicion(_named(node.args[0], aliases), node.lineno, "import")


def _named(target: ast.expr, aliases: Mapping[str, str]) -> str:
    inner = target.value if isinstance(target, ast.Subscript) else target
    return str(inner.value) if isinstance(inner, ast.Constant) else _dotted(inner, aliases)


def _reaches(target: ast.expr, aliases: Mapping[str, str]) -> bool:
    name = _named(target, aliases)
    return name in _REACH or name.startswith(_PYTEST)


def _dotted(node: ast.AST, aliases: Mapping[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, aliases)}.{node.attr}"
    return aliases.get(node.id, node.id) if isinstance(node, ast.Name) else ""


def _shown(node: ast.AST) -> str:
    return ast.unparse(node).partition("\n")[0][:60]


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and _dotted(node.test, {}).endswith("TYPE_CHECKING")
