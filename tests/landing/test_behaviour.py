"""Which changes of sources change what they do, and which tests a change touches."""

import pytest

from xptasks.landing import behaviour, changed_tests
from xptasks.landing.behaviour import Module

BEFORE = '''"""Doc."""
import os

A = 1

def f(x):
    """Doc."""
    return x

class C:
    def m(self):
        return self.n
'''


def module(before: str | None, after: str | None, path: str = "app/a.py", old_path: str | None = "app/a.py") -> Module:
    return Module(path, None if before is None else old_path, before, after)


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (BEFORE, "none"),
        (BEFORE.replace("Doc.", "Other."), "none"),
        (BEFORE.replace('    """Doc."""\n', ""), "none"),
        (BEFORE.replace("return x", "return (  # same\n        x\n    )"), "none"),
        (BEFORE.replace("A = 1\n", ""), "removal"),
        (BEFORE.replace("import os\n", "").replace("A = 1\n", ""), "removal"),
        (None, "removal"),
        (BEFORE.replace("A = 1", "A = 2"), "behaviour"),
        (BEFORE.replace("return x", "return -x"), "behaviour"),
        (BEFORE.replace("def f(x)", "def f(x=1)"), "behaviour"),
        (BEFORE.replace("        return self.n\n", "        return self.n\n\n    def p(self): ...\n"), "behaviour"),
        (BEFORE + "def (:\n", "behaviour"),
        (BEFORE.replace("import os", "import sys"), "behaviour"),
    ],
)
def test_the_kind_of_a_change(after: str | None, kind: str) -> None:
    assert behaviour.kind(module(BEFORE, after)) == kind


def test_a_new_file_has_behaviour_unless_it_is_empty() -> None:
    assert behaviour.kind(module(None, "x = 1\n")) == "behaviour"
    assert behaviour.kind(module(None, '"""Only words."""\n')) == "none"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(BEFORE, BEFORE.replace("f(x)", "g(x)"))], True),
        ([(BEFORE, BEFORE.replace("(x)", "(y)").replace("return x", "return y"))], True),
        ([(BEFORE, BEFORE.replace("(x)", "(y)"))], False),  # x is not defined any more
        ([(BEFORE, BEFORE)], False),  # nothing is renamed
        ([("def f():\n    return min(1)\n", "def f():\n    return max(1)\n")], False),  # no definition of ours
        ([("def f(a, b):\n    return a - b\n", "def f(b, a):\n    return b - a\n")], False),  # swapped: not fresh
        ([("def f(a, b):\n    return a\n", "def f(c, c2):\n    return c2\n")], False),
        ([("def f(a): ...\ndef g(b): ...\n", "def h(a): ...\ndef h(b): ...\n")], False),  # two become one
        ([("def f(a):\n    return 1\n", "def g(a):\n    return 2\n")], False),
        ([("def f(): ...\n", "def g(): ...\n"), ("import a\na.f()\n", "import a\na.g()\n")], True),
        ([("def f(): ...\n", "def g(): ...\n"), ("a.f()\n", "a.f()\n")], False),  # somebody was forgotten
        ([("def f(): ...\n", "def sum(): ...\n")], False),
    ],
)
def test_a_rename(changes: list[tuple[str, str]], expected: bool) -> None:  # noqa: FBT001
    assert behaviour.is_rename([module(before, after) for before, after in changes]) is expected


def test_a_module_that_moves_is_a_rename_for_those_who_import_it() -> None:
    moved = module("def f(): ...\n", "def f(): ...\n", "app/b.py")
    user = module("from app.a import f\n", "from app.b import f\n", "app/main.py", "app/main.py")
    assert behaviour.is_rename([moved, user])
    assert not behaviour.is_rename([user])


def test_what_a_change_adds() -> None:
    after = BEFORE + "def new(arg):\n    self.attr = B = 1\nfrom x import y as z\n"
    assert behaviour.added([module(BEFORE, after)]) == {"new", "attr", "z"}
    fresh = behaviour.added([module(None, "", "src/pkg/tax/__init__.py")])
    assert {"pkg.tax", "src.pkg.tax", "tax"} <= fresh


TESTS = """
import pytest
A = 1
def helper(): return A
def deep(): return helper()
@pytest.fixture
def made(): return 1
def test_a(): assert deep()
def test_b(made): assert made
def test_c(): '''Doc.'''; assert 1
class TestD:
    x = 1
    def setup_method(self): ...
    def test_e(self): assert self.x
"""

ALL = {"test_a", "test_b", "test_c", "TestD::test_e"}


@pytest.mark.parametrize(
    ("old", "new", "own", "touched"),
    [
        ("", "", set(), set()),
        ("'''Doc.'''; ", "  ", set(), set()),
        ("assert 1", "assert 2", {"test_c"}, set()),
        ("def test_c", "@pytest.mark.slow\ndef test_c", {"test_c"}, set()),
        ("def test_b(made)", "def test_b2(made)", {"test_b2"}, set()),
        ("A = 1", "A = 2", set(), {"test_a"}),
        ("def made(): return 1", "def made(): return 2", set(), {"test_b"}),
        (
            "@pytest.fixture\n",
            "@pytest.fixture(autouse=True)\n",
            set(),
            {"test_a", "test_b", "test_c", "TestD::test_e"},
        ),
        ("    x = 1", "    x = 2", set(), {"TestD::test_e"}),
        ("assert self.x", "assert not self.x", {"TestD::test_e"}, set()),
        ("def test_a", "def (", set(), set()),
    ],
)
def test_which_tests_a_change_touches(old: str, new: str, own: set[str], touched: set[str]) -> None:
    found = changed_tests.find(TESTS, TESTS.replace(old, new) if old else TESTS)
    assert (set(found.own), set(found.touched)) == (own, touched)


def test_every_test_of_a_new_file_is_its_own() -> None:
    assert (
        changed_tests.find(None, TESTS).own
        == changed_tests.every(TESTS)
        == {"test_a", "test_b", "test_c", "TestD::test_e"}
    )


def test_what_is_added_can_be_missed_from_outside() -> None:
    before = "def gross(net):\n    rate = 1\n    return net * rate\n"
    after = (
        "import json as j\nVAT = 1\nclass Shop:\n    open = True\n    def __init__(self):\n        self.till = 0\n"
        "def net(gross):\n    global last\n    extra = gross\n    last = extra\nif VAT:\n    rate = 2\n"
    )
    found = behaviour.added([Module("app/prices.py", "app/prices.py", before, before + after)])
    assert found == {"j", "VAT", "Shop", "open", "__init__", "till", "net", "last", "rate"}
