"""Finds the ASGI application of a project by reading its code; nothing is imported. Pure."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from xptasks.adopt.listing import Listing

_FRAMEWORKS = {"FastAPI": "fastapi", "Starlette": "starlette"}
_WORDS = tuple(_FRAMEWORKS)
_LIKELY = ("main", "app", "asgi", "server", "application", "api", "__init__")
_USUAL = frozenset({"app", "application", "api", "asgi_app"})
_MOST = 2000  # files that are read


@dataclass(frozen=True, slots=True)
class Application:
    """An application.

    Attributes:
        name: as uvicorn is told, `app.main:app`.
        framework: `fastapi` or `starlette`.
        file: where it is made.
    """

    name: str
    framework: str
    file: str


def find(
    files: Listing, sources: tuple[str, ...], roots: tuple[str, ...], tests: tuple[str, ...]
) -> Application | None:
    """The application, or the likeliest of several; None where the code shows none.

    Args:
        files: the project.
        sources: its folders with code; files at the top count, too.
        roots: the folders from which its modules are imported, `.` or `src`.
        tests: its test folders, which make applications of their own.
    """
    inside = [name for name in files.python() if "/" not in name or any(name.startswith(f"{s}/") for s in sources)]
    candidates = [name for name in inside if not _is_test(name, tests)][:_MOST]
    texts = {name: files.text(name) for name in candidates}
    factories = {name for text in texts.values() if any(word in text for word in _WORDS) for name in _factories(text)}
    found = [
        Application(f"{module}:{attribute}", framework, name)
        for name, text in texts.items()
        if any(word in text for word in (*_WORDS, *factories))
        for attribute, framework in _made(text, factories)
        if (module := _module(name, roots))
    ]
    return min(found, key=_unlikely, default=None)


def _is_test(name: str, tests: tuple[str, ...]) -> bool:
    path = PurePosixPath(name)
    below = any(name.startswith(f"{folder}/") for folder in tests)
    return below or path.name.startswith("test_") or path.stem.endswith("_test") or "docs" in path.parts[:-1]


def _unlikely(app: Application) -> tuple[int, int, int, str]:
    module, _, attribute = app.name.partition(":")
    stem = PurePosixPath(app.file).stem
    rank = _LIKELY.index(stem) if stem in _LIKELY else len(_LIKELY)
    return attribute not in _USUAL, module.count("."), rank, app.name


def _module(name: str, roots: tuple[str, ...]) -> str:
    """The dotted name of a file's module; empty where it cannot be imported by a name."""
    inside = next((name.removeprefix(f"{root}/") for root in roots if name.startswith(f"{root}/")), name)
    parts = PurePosixPath(inside).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else ""


def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _called(node: ast.AST) -> str:
    """The last name of what is called: `FastAPI` of `fastapi.FastAPI(...)`."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _made(text: str, factories: set[str]) -> Iterator[tuple[str, str]]:
    """The names that a module gives to an application, with the framework."""
    tree = _parse(text)
    for node in tree.body if tree else ():
        value, targets = _assigned(node)
        called = _called(value) if value else ""
        for target in targets:
            if isinstance(target, ast.Name) and called in _FRAMEWORKS:
                yield target.id, _FRAMEWORKS[called]
            elif isinstance(target, ast.Name) and called in factories and target.id in _USUAL:
                yield target.id, "fastapi"


def _assigned(node: ast.stmt) -> tuple[ast.expr | None, list[ast.expr]]:
    if isinstance(node, ast.Assign):
        return node.value, node.targets
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return node.value, [node.target]
    return None, []


def _factories(text: str) -> Iterator[str]:
    """The functions of a module that make an application: they say so, or they call it."""
    tree = _parse(text)
    for node in tree.body if tree else ():
        if isinstance(node, ast.FunctionDef):
            says = ast.unparse(node.returns).rpartition(".")[2] if node.returns else ""
            if says in _FRAMEWORKS or any(_called(inner) in _FRAMEWORKS for inner in ast.walk(node)):
                yield node.name
