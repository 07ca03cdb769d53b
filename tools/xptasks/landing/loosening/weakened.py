"""Which tests a change takes away, skips, empties or hides from the gate, by their syntax trees. Pure."""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from xptasks.landing.behaviour import Module

What = Literal[
    "removed",
    "replaced",
    "removed with its code",
    "skipped",
    "deselected",
    "emptied",
    "fewer assertions",
    "fewer cases",
    "new and skipped",
]
_BROAD = frozenset({"AssertionError", "Exception", "BaseException"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_SKIP = frozenset(
    "skip skipif skipIf skipUnless xfail expectedFailure skipTest SkipTest importorskip".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Test:
    """A test function.

    Attributes:
        name: `name` or `Class::name`.
        line: where it stands.
        code: its syntax tree as text, without its name and its docstring.
        marks: the names of its marks, those of its class and its file too.
        skips: how often it may skip itself, or be skipped.
        assertions: how many places of it can fail.
        cases: how many cases its parameters spell out.
        words: the names that it uses.
    """

    __test__ = False

    name: str
    line: int
    code: str
    marks: frozenset[str]
    skips: int
    assertions: int
    cases: int
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Weakened:
    """What happened to a test; `path` and `line` say where it stands, or stood."""

    path: str
    name: str
    line: int
    what: What


def find(tests: Sequence[Module], sources: Sequence[Module], deselecting: Collection[str]) -> list[Weakened]:
    """What a change does to the tests that were there.

    Args:
        tests: the files of the change that hold tests, or held them.
        sources: the files of its code.
        deselecting: marks with which a test does not run in the landing's tier.
    """
    pairs = [(module, tests_of(module.before), tests_of(module.after)) for module in tests]
    found = [each for module, old, new in pairs for each in _same(module, old, new, deselecting)]
    gone = [
        (module.old_path or module.path, old[name]) for module, old, new in pairs for name in old.keys() - new.keys()
    ]
    fresh = [new[name] for _, old, new in pairs for name in new if name not in old]
    return sorted([*found, *_gone(gone, fresh, _removed(sources))], key=lambda each: (each.path, each.line, each.name))


def _same(
    module: Module, old: Mapping[str, Test], new: Mapping[str, Test], deselecting: Collection[str]
) -> Iterator[Weakened]:
    for name, now in new.items():
        was = old.get(name)
        if was is None:
            if now.skips:
                yield Weakened(module.path, name, now.line, "new and skipped")
            continue
        for what in _weaker(was, now, deselecting):
            yield Weakened(module.path, name, now.line, what)


def _weaker(was: Test, now: Test, deselecting: Collection[str]) -> Iterator[What]:
    if now.skips > was.skips or (was.cases and not now.cases):
        yield "skipped"
    if (now.marks - was.marks) & set(deselecting):
        yield "deselected"
    if was.assertions and not now.assertions:
        yield "emptied"
    elif now.assertions < was.assertions:
        yield "fewer assertions"
    if 0 < now.cases < was.cases:
        yield "fewer cases"


def _gone(gone: Sequence[tuple[str, Test]], fresh: Sequence[Test], removed: Collection[str]) -> Iterator[Weakened]:
    """Tests that are not there any more: moved ones are, replaced ones have a new one for each, the rest is missing."""
    moved = {test.code for test in fresh}
    left = [(path, test) for path, test in gone if test.code not in moved]
    known = {test.code for _, test in gone}
    spare = sum(1 for test in fresh if test.code not in known and test.assertions and not test.skips)
    for path, test in sorted(left, key=lambda each: (each[0], each[1].line)):
        what: What = "removed"
        if test.words & set(removed):
            what = "removed with its code"
        elif spare:
            what, spare = "replaced", spare - 1
        yield Weakened(path, test.name, test.line, what)


def _removed(sources: Sequence[Module]) -> set[str]:
    """The functions and classes that the change takes out of the code."""
    return _defined(module.before for module in sources) - _defined(module.after for module in sources)


def _defined(texts: Iterator[str | None]) -> set[str]:
    trees = (_parsed(text) for text in texts)
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, _Function | ast.ClassDef)}


def _parsed(text: str | None) -> ast.Module:
    try:
        return ast.parse(text or "")
    except (SyntaxError, ValueError):
        return ast.Module([], [])


# -- one file --------------------------------------------------------------------------------------------------------


def tests_of(text: str | None) -> dict[str, Test]:
    """The tests that pytest finds in a file."""
    tree = _parsed(text)
    if _is_off(tree.body):
        return {}
    around = _marks_of(tree.body)
    skips = _skips(each for each in tree.body if not isinstance(each, _Function | ast.ClassDef)) + _helpers(tree.body)
    found = {test.name: test for test in _walk(tree.body, "", around, skips)}
    for node in tree.body:
        for name in _assigned(node):
            found.pop(name, None)
    return found


def _walk(body: Sequence[ast.stmt], prefix: str, around: frozenset[str], skips: int) -> Iterator[Test]:
    for node in body:
        if isinstance(node, ast.ClassDef) and _is_collected(node) and not _is_off(node.body):
            marks = around | _decorations(node) | _marks_of(node.body)
            more = skips + _helpers(node.body) + _named_skip(_decorations(node))
            yield from _walk(node.body, f"{prefix}{node.name}::", marks, more)
        elif isinstance(node, _Function) and node.name.startswith("test"):
            yield _test(node, prefix, around, skips)


def _test(node: _Function, prefix: str, around: frozenset[str], skips: int) -> Test:
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    marks = around | _decorations(node)
    return Test(
        name=f"{prefix}{node.name}",
        line=node.lineno,
        code=ast.dump(ast.Module([*node.decorator_list, node.args, *body], [])),  # type: ignore[list-item]
        marks=marks,
        skips=skips + _skips(node.body) + _named_skip(marks),
        assertions=sum(map(_asserts, _reached(body))),
        cases=_cases(node),
        words=frozenset(_words(node)),
    )


def _is_collected(node: ast.ClassDef) -> bool:
    bases = [ast.unparse(base) for base in node.bases]
    return node.name.startswith("Test") or any(base.endswith("TestCase") for base in bases)


def _is_off(body: Sequence[ast.stmt]) -> bool:
    """`__test__ = False`."""
    return any("__test__" in _assigned(node) and "False" in ast.unparse(node) for node in body)


def _assigned(node: ast.stmt) -> list[str]:
    targets = (
        node.targets
        if isinstance(node, ast.Assign | ast.Delete)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _decorations(node: _Function | ast.ClassDef) -> frozenset[str]:
    return frozenset(_mark(each) for each in node.decorator_list)


def _mark(node: ast.expr) -> str:
    """The last word of `pytest.mark.slow(...)`."""
    inner = node.func if isinstance(node, ast.Call) else node
    return inner.attr if isinstance(inner, ast.Attribute) else inner.id if isinstance(inner, ast.Name) else ""


def _marks_of(body: Sequence[ast.stmt]) -> frozenset[str]:
    """The marks that `pytestmark` gives to a whole file or class."""
    values = [node.value for node in body if isinstance(node, ast.Assign) and "pytestmark" in _assigned(node)]
    flat = [item for value in values for item in (value.elts if isinstance(value, ast.List | ast.Tuple) else [value])]
    return frozenset(map(_mark, flat))


def _named_skip(marks: Collection[str]) -> int:
    return len(_SKIP & set(marks))


def _helpers(body: Sequence[ast.stmt]) -> int:
    """Skips in fixtures and helpers around the tests."""
    return _skips(node for node in body if isinstance(node, _Function) and not node.name.startswith("test"))


def _skips(nodes: Iterator[ast.stmt] | Sequence[ast.stmt]) -> int:
    """Calls that skip, and exceptions that do."""
    inner = [each for node in nodes for each in ast.walk(node)]
    calls = [each for each in inner if isinstance(each, ast.Call)]
    raised = [each.exc for each in inner if isinstance(each, ast.Raise) and isinstance(each.exc, ast.Name)]
    return sum(1 for each in (*calls, *raised) if _mark(each) in _SKIP)


def _reached(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements before one that leaves the function whatever happens."""
    for node in body:
        if isinstance(node, ast.Return):
            return
        yield node


def _asserts(statement: ast.stmt) -> int:
    found = 0
    for node in _walk_caring(statement):
        if isinstance(node, ast.Assert):
            found += not _always_holds(node.test)
        elif isinstance(node, ast.Call):
            name = _mark(node)
            found += name.startswith("assert") or name in {"raises", "warns", "fail", "deprecated_call"}
    return found


def _walk_caring(node: ast.AST) -> Iterator[ast.AST]:
    """All that is in a piece of code, but for what nobody hears of when it fails."""
    if isinstance(node, ast.Try) and any(_swallows(handler) for handler in node.handlers):
        return
    if isinstance(node, ast.With) and any(_mark(item.context_expr) == "suppress" for item in node.items):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk_caring(child)


def _swallows(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    broad = any(kind is None or _mark(kind) in _BROAD for kind in kinds)
    return broad and not any(isinstance(node, ast.Raise | ast.Assert) for node in ast.walk(handler))


def _always_holds(test: ast.expr) -> bool:
    """`True`, `x or True`, `x == x`."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(isinstance(value, ast.Constant) and value.value for value in test.values)
    if isinstance(test, ast.Compare):
        return {ast.dump(test.left)} == {ast.dump(each) for each in test.comparators}
    return isinstance(test, ast.Constant)


def _cases(node: _Function) -> int:
    found = 1
    for each in node.decorator_list:
        if isinstance(each, ast.Call) and _mark(each) == "parametrize" and len(each.args) > 1:
            values = each.args[1]
            found *= len(values.elts) if isinstance(values, ast.List | ast.Tuple) else 1
    return found


def _words(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr
        elif isinstance(each, ast.arg):
            yield each.arg
