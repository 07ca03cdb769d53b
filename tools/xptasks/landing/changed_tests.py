"""Which test functions a change touches, by their syntax trees: comments and formatting do not count. Pure."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xptasks.landing.behaviour import changed_names

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Changed:
    """Tests of one file, each as `name` or `Class::name`.

    Attributes:
        own: new ones, and those whose own code is another one.
        touched: those that use something else in their file that is new or changed.
    """

    own: frozenset[str]
    touched: frozenset[str]


def find(before: str | None, after: str) -> Changed:
    """The tests that the change of a test file touches; of a file that is no Python there are none."""
    try:
        old, new = _functions(ast.parse(before or "")), _functions(ast.parse(after))
    except (SyntaxError, ValueError):
        return Changed(frozenset(), frozenset())
    own = {name for name, node in new.items() if name not in old or _dump(node) != _dump(old[name])}
    return Changed(frozenset(own), frozenset(_users(before, after, new) - own))


def every(text: str) -> frozenset[str]:
    """All tests of a file."""
    try:
        return frozenset(_functions(ast.parse(text)))
    except (SyntaxError, ValueError):
        return frozenset()


def using(names: set[str], text: str) -> frozenset[str]:
    """The tests of a file that use one of the names, directly or through something else in the file."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return frozenset()
    reached = _closure(names, tree)
    return frozenset(name for name, node in _functions(tree).items() if _names(node) & reached)


def _functions(tree: ast.Module) -> dict[str, _Function]:
    return dict(_walk(tree.body, ""))


def _walk(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, _Function]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _walk(node.body, f"{prefix}{node.name}::")
        elif isinstance(node, _Function) and node.name.startswith("test"):
            yield f"{prefix}{node.name}", node


def _dump(node: _Function) -> str:
    body = node.body
    if ast.get_docstring(node, clean=False) is not None:
        body = body[1:]
    return ast.dump(ast.Module([*node.decorator_list, node.args, *body], []))  # type: ignore[list-item]


def _users(before: str | None, after: str, tests: Mapping[str, _Function]) -> set[str]:
    """Tests that use what changed around them; a fixture that all tests use counts for all."""
    changed = {name: node for name, node in changed_names(before, after).items() if not name.startswith("test")}
    around = {name for name, node in changed.items() if isinstance(node, ast.ClassDef)}
    members = {test for test in tests if test.partition("::")[0] in _shared_parts(before, after, around)}
    if any("autouse" in ast.dump(node) or name == "pytestmark" for name, node in changed.items()):
        return set(tests)
    return members | using(set(changed), after)


def _shared_parts(before: str | None, after: str, classes: set[str]) -> set[str]:
    """The classes of tests in which something other than a test changed."""

    def rest(text: str | None) -> dict[str, str]:
        found = {}
        for node in ast.parse(text or "").body:
            if isinstance(node, ast.ClassDef):
                kept = [
                    each for each in node.body if not (isinstance(each, _Function) and each.name.startswith("test"))
                ]
                found[node.name] = ast.dump(ast.Module([*node.bases, *node.decorator_list, *kept], []))  # type: ignore[list-item]
        return found

    old, new = rest(before), rest(after)
    return {name for name in classes if name in old and old[name] != new.get(name)}


def _closure(names: set[str], tree: ast.Module) -> set[str]:
    """The names, and what in the module is made of them."""
    reached = set(names)
    known: list[tuple[str, set[str]]] = [
        (node.name, _names(node)) for node in tree.body if isinstance(node, _Function | ast.ClassDef)
    ]
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            known += [(target.id, _names(node)) for target in targets if isinstance(target, ast.Name)]
    growing = True
    while growing:
        more = {name for name, used in known if name not in reached and used & reached and not name.startswith("test")}
        reached |= more
        growing = bool(more)
    return reached


def _names(node: ast.AST) -> set[str]:
    """The names that a piece of code uses; the parameters of a test are fixtures."""
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            found.add(each.id)
        elif isinstance(each, ast.arg):
            found.add(each.arg)
        elif isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value.isidentifier():
            found.add(each.value)  # usefixtures("name")
    return found
