"""Every single edit of what is generated: each value left out, and each scalar changed. What no rule finds is harmless.

Unlike the mistakes of `mutants.py`, nobody chose these.
"""

import re
from collections.abc import Callable, Iterator

import pytest

from tests.ci.conftest import PROJECTS, Look, found
from xptasks.ci import delivering, github
from xptasks.ci.writing import Noted, write

Path = tuple[str | int, ...]
GONE = object()
PARAMETERS = [name if name == "small" else pytest.param(name, marks=pytest.mark.slow) for name in PROJECTS]
HARMLESS = (
    ("names that people read", r"(.*/)?name|.*/description"),
    ("a minute more or less", r"jobs/\w+/timeout-minutes"),
    ("a suffix of a group's name", r"(jobs/deliver/)?concurrency/group"),
    ("whether a red Python ends the others", r"jobs/gate/strategy/fail-fast"),
    ("changes to other branches are checked, too", r"on/pull_request/branches"),
    ("when drafts are checked again", r"on/pull_request/types(/3)?"),
)


def value(node: object) -> object:
    return node.value if isinstance(node, Noted) else node


def parts(node: object) -> list[tuple[str | int, object]]:
    match value(node):
        case dict() as table:
            return list(table.items())
        case list() | tuple() as items:
            return list(enumerate(items))
    return []


def paths(node: object, path: Path = ()) -> Iterator[Path]:
    for key, each in parts(node):
        yield (*path, key)
        yield from paths(each, (*path, key))


def edited(node: object, path: Path, change: Callable[[object], object]) -> object:
    made = [
        (key, each if key != path[0] else edited(each, path[1:], change) if path[1:] else change(each))
        for key, each in parts(node)
    ]
    kept = [(key, each) for key, each in made if each is not GONE]
    inner = dict(kept) if isinstance(value(node), dict) else [each for _, each in kept]
    return Noted(inner, node.above, node.beside) if isinstance(node, Noted) else inner


def other(node: object) -> object:
    match value(node):
        case bool() as flag:
            changed: object = not flag
        case int() as number:
            changed = number + 1
        case str() as text:
            changed = f"{text}x"
        case _:
            return node
    return Noted(changed, node.above, node.beside) if isinstance(node, Noted) else changed


@pytest.mark.pr
@pytest.mark.parametrize("file", [github.FILE, delivering.FILE])
@pytest.mark.parametrize("name", PARAMETERS)
def test_no_edit_but_harmless_ones_passes(name: str, file: str, looked: Look) -> None:
    request = looked(name).request
    workflow = {github.FILE: github.build, delivering.FILE: delivering.build}[file](request)
    if workflow is None:
        return
    data = workflow.data(request.pins)
    good, tried, passed = write(data, ""), 0, []
    for path in paths(data):
        for change in (lambda _: GONE, other):
            made = edited(data, path, change)
            assert isinstance(made, dict)
            bad = write(made, "")
            if bad != good:
                tried += 1
                passed += [] if found(request, file, bad) else ["/".join(map(str, path))]
    assert tried > 100
    assert [path for path in passed if not any(re.fullmatch(harmless, path) for _, harmless in HARMLESS)] == []


ADDITIONS = {
    (): ["env", "run-name", "anything"],
    ("jobs", "*"): [
        "container", "continue-on-error", "defaults", "env", "environment", "if", "needs", "outputs", "permissions",
        "secrets", "services", "strategy", "uses", "with",
    ],
    ("jobs", "*", "steps", "*"): [
        "continue-on-error", "env", "if", "shell", "timeout-minutes", "with", "working-directory",
    ],
    ("jobs", "*", "steps", "*", "with"): ["anything", "token", "path", "cache"],
    ("jobs", "*", "steps", "*", "env"): ["ANYTHING"],
    ("on",): ["release", "workflow_run", "push_"],
    ("on", "*"): ["paths", "paths-ignore", "tags", "anything"],
}  # fmt: skip


def matches(path: Path, pattern: Path) -> bool:
    return len(path) == len(pattern) and all(wanted in ("*", part) for part, wanted in zip(path, pattern, strict=True))


@pytest.mark.pr
@pytest.mark.parametrize("file", [github.FILE, delivering.FILE])
@pytest.mark.parametrize("name", PARAMETERS)
def test_no_addition_passes(name: str, file: str, looked: Look) -> None:
    """Whatever key is added anywhere: that nobody thought of it makes it no harmless one."""
    request = looked(name).request
    workflow = {github.FILE: github.build, delivering.FILE: delivering.build}[file](request)
    if workflow is None:
        return
    data, tried, passed = workflow.data(request.pins), 0, []
    for path in [(), *paths(data)]:
        for pattern, keys in ADDITIONS.items():
            for key in keys if matches(path, pattern) else ():

                def add(node: object, key: str = key) -> object:
                    table = value(node)
                    if not isinstance(table, dict) or key in table:
                        return node
                    made = {**table, key: "${{ x }}"}
                    return Noted(made, node.above, node.beside) if isinstance(node, Noted) else made

                bad = edited(data, path, add) if path else add(data)
                assert isinstance(bad, dict)
                if bad != data:
                    tried += 1
                    passed += [] if found(request, file, write(bad, "")) else ["/".join(map(str, (*path, key)))]
    assert tried > 100
    assert passed == []
