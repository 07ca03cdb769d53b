"""What an edit does to a gate, by tables and laws."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from xptasks.config.settings import Config
from xptasks.landing.loosening import configuration, ignores, keys, pins, plugins, suppressions, tools, weakened, weigh
from xptasks.landing.loosening.files import Scene, judge, scripts
from xptasks.landing.loosening.weigh import MISSING
from xptasks.system.change import ChangedFile
from xptasks.system.commits import SUBMODULE, Committed

# -- weighing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("judge", "before", "after", "weight"),
    [
        (weigh.less(), 300, 299, "tighter"),
        (weigh.less(), 300, 301, "looser"),
        (weigh.less(), 300, 300.0, "neutral"),
        (weigh.less(), 300, True, "unknown"),
        (weigh.less(), MISSING, 3, "unknown"),
        (weigh.more(), 3, 4, "tighter"),
        (weigh.on, False, True, "tighter"),
        (weigh.on, True, MISSING, "looser"),
        (weigh.on, MISSING, False, "neutral"),
        (weigh.on, 1, True, "unknown"),
        (weigh.off, MISSING, True, "looser"),
        (weigh.of("a", "b", "c"), "a", "c", "tighter"),
        (weigh.of("a", "b", "c"), "c", "b", "looser"),
        (weigh.of("a", "b", "c"), "c", "d", "unknown"),
        (weigh.grows, ("a",), ("b", "a"), "tighter"),
        (weigh.grows, ("a", "b"), ("b", "c"), "looser"),
        (weigh.grows, "a", ["a"], "neutral"),
        (weigh.grows, MISSING, (), "neutral"),
        (weigh.grows, 3, (), "unknown"),
        (weigh.shrinks, ("a", "b"), ("b",), "tighter"),
        (weigh.shrinks, ("a",), ("a", "b"), "looser"),
    ],
)
def test_weights(judge: weigh.Judge, before: object, after: object, weight: str) -> None:
    assert judge(before, after) == weight


def test_the_setting_that_spells_out_most_counts() -> None:
    settings: weigh.Settings = {
        ("a", "**"): weigh.Setting(weigh.unknown),
        ("a", "*"): weigh.Setting(weigh.neutral),
        ("a", "b"): weigh.Setting(weigh.less()),
    }
    found = weigh.edits({"a": {"b": 2, "c": 1, "d": {"e": 1}}}, {"a": {"b": 1, "c": 2}}, settings)
    assert [(edit.path, edit.weight) for edit in found] == [
        (("a", "b"), "tighter"),
        (("a", "c"), "neutral"),
        (("a", "d", "e"), "unknown"),
    ]


def test_an_edit_in_words() -> None:
    assert str(weigh.Edit(("a", "b"), 1.0, (2,), "looser", "it is less")) == "a.b: 1 becomes [2]: it is less"
    assert str(weigh.Edit(("a",), MISSING, {"b": 1}, "unknown")) == "a = a table is new"
    assert str(weigh.Edit(("a",), "x" * 99, MISSING, "unknown")).endswith("...)")


TOML = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text("ab:@", max_size=3),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
ROOTS = st.sampled_from([*Config.model_fields, "other"])
VALUES = st.dictionaries(ROOTS, TOML, max_size=4)


@given(VALUES, VALUES)
def test_nothing_that_a_file_may_hold_breaks_it(before: dict[str, Any], after: dict[str, Any]) -> None:
    for edit in configuration.compare(before, after):
        assert edit.weight in {"tighter", "neutral", "looser", "unknown"}
        assert str(edit)


@given(VALUES)
def test_the_same_is_no_edit(values: dict[str, Any]) -> None:
    assert configuration.compare(values, values) == []


# -- every key -------------------------------------------------------------------------------------------------------

SPLIT = {"project", "tiers", "steps", "ratchets", "probes", "profiles"}  # judged by tables of their own, or not at all


def leaves(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if not path and name in SPLIT:
            continue
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from leaves(inner, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", sorted(leaves(Config)), ids=".".join)
def test_somebody_has_thought_about_every_key(path: tuple[str, ...]) -> None:
    whole = {path[:length] for length in range(1, len(path) + 1)}
    assert any(weigh._fits(each, pattern) for each in whole for pattern in keys.SETTINGS), "add a line to keys.py"


def test_no_line_is_about_a_key_that_is_gone() -> None:
    known = {path[:length] for path in leaves(Config) for length in range(1, len(path) + 1)} | {
        (name,) for name in SPLIT
    }
    named = [path for path in keys.SETTINGS if not {"*", "**"} & set(path)]
    assert [path for path in named if path not in known] == []


@pytest.mark.parametrize(
    ("before", "after", "weight"),
    [
        ({"max_lines": 300}, {"max_lines": 300, "new_key": 1}, "unknown"),
        ({"after": {"tighten": True}}, {"after": {"tighten": False}}, "looser"),
        ({"after": {"deploy": "none"}}, {"after": {"deploy": "canary"}}, "unknown"),
        ({"github": {"token": "env:A"}}, {"github": {"token": "env:B"}}, "unknown"),
        ({"authors": ()}, {"authors": ("a",)}, "tighter"),
        ({"authors": ("a", "b")}, {"authors": ("a",)}, "tighter"),
        ({"authors": ("a",)}, {"authors": ()}, "looser"),
        ({"agents": ("a",)}, {"agents": ()}, "unknown"),
    ],
)
def test_landing(before: dict[str, Any], after: dict[str, Any], weight: str) -> None:
    (edit,) = configuration.compare({"landing": before}, {"landing": after})
    assert edit.weight == weight


def test_a_step_may_move_to_an_included_tier() -> None:
    before = {"tiers": {"fast": {"steps": ("lint",)}, "pr": {"includes": ("fast",), "steps": ("unit",)}}}
    after = {"tiers": {"fast": {"steps": ("lint", "unit")}, "pr": {"includes": ("fast",)}}}
    assert [(edit.path, edit.weight) for edit in configuration.compare(before, after)] == [
        (("tiers", "fast", "steps"), "tighter"),
    ]


def test_tiers_that_include_each_other_end() -> None:
    tiers = {"a": {"includes": ("b",), "steps": ("x",)}, "b": {"includes": ("a",)}}
    assert configuration.compare({"tiers": tiers}, {"tiers": tiers}) == []


def test_without_defaults_a_table_that_is_new_is_compared_with_nothing() -> None:
    tiers = {"pr": {"steps": ("unit",)}}
    (edit,) = configuration.compare({"tiers": tiers}, {"tiers": tiers, "steps": {"unit": {"args": ("-k", "x")}}})
    assert (edit.path, edit.weight) == (("steps", "unit", "args"), "unknown")


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (("-n", "4"), True),
        (("-n4", "-q", "--durations=3"), True),
        (("-x",), False),
        (("-m", "not pr"), False),
        (("-n", "4", "tests/one.py"), False),
        (("-p", "no:randomly"), False),
    ],
)
def test_words_for_pytest(words: tuple[str, ...], same: bool) -> None:  # noqa: FBT001
    assert (keys._args((), words) == "neutral") is same


# -- pins, ignored files, settings of tools ----------------------------------------------------------------------------

LOCK = '[[package]]\nname = "httpx"\nversion = "1.0"\nsource = {{ registry = "{0}" }}\n'


@pytest.mark.parametrize(
    ("name", "before", "after", "found"),
    [
        ("requirements.txt", "a==1\n", "a==1.1\n", []),
        ("requirements.txt", "a==1\n", "A[x]==1.1 ; python_version > '3'  # via b\n", []),
        ("requirements.txt", "a==1 --hash=sha256:x\n", "a==2\n", ["hashes"]),
        ("requirements.txt", "a==1\n", "a>=1\n", ["a", "a>=1"]),
        ("requirements.txt", "a==1\n", "a==1\n-e .\n", ["-e ."]),
        ("requirements.txt", "a==1\nb==1\n", "a==1\n", ["b"]),
        ("requirements.txt", "a==1\n", "a==1\nb==1\n", ["b"]),
        ("requirements.txt", "a==2\n", "a==nonsense\n", ["a"]),
        (
            "uv.lock",
            LOCK.format("https://pypi.org/simple"),
            LOCK.format("https://pypi.org/simple").replace("1.0", "1.1"),
            [],
        ),
        (
            "uv.lock",
            LOCK.format("https://pypi.org/simple"),
            LOCK.format("https://x.example"),
            ["httpx", "httpx from registry https://x.example"],
        ),
        ("pylock.toml", "packages = []\n", '[[packages]]\nname = "a"\nversion = "1"\n', ["a"]),
        ("uv.lock", "", "no toml", ["uv.lock"]),
        ("uv.lock", "", "package = 3\n", ["uv.lock"]),
    ],
)
def test_pins(name: str, before: str, after: str, found: list[str]) -> None:
    assert [edit.path[0] for edit in pins.compare(name, before, after)] == found


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("requirements.txt", True),
        ("requirements/pr.txt", True),
        ("constraints-dev.txt", True),
        ("docs/notes.txt", False),
        ("uv.lock", True),
        ("pylock.dev.toml", True),
        ("other.lock", False),
    ],
)
def test_which_files_are_pins(path: str, is_one: bool) -> None:  # noqa: FBT001
    assert pins.is_pins(path) is is_one


SIGHT = {"app/new.py", "tests/test_new.py", "xpconfig.toml", "docs/a.md"}


@pytest.mark.parametrize(
    ("pattern", "hides"),
    [
        ("build/", False),
        ("*.log", False),
        ("!app", False),
        ("# app", False),
        ("/dist", False),
        ("app", True),
        ("app/", True),
        ("/app/*.py", True),
        ("*.py", True),
        ("**/new.py", True),
        ("*", True),
        ("*.toml", True),
        ("docs/*", True),
        ("a.md/", False),
        ("sub/app", False),
    ],
)
def test_ignored_files(pattern: str, hides: bool) -> None:  # noqa: FBT001
    assert bool(list(ignores.ignores("", f"{pattern}\n", "", SIGHT))) is hides


def test_an_ignore_file_speaks_of_its_folder() -> None:
    assert list(ignores.ignores("", "new.py\n", "docs/", SIGHT)) == []
    assert len(list(ignores.ignores("", "a.md\n", "docs/", SIGHT))) == 1


@pytest.mark.parametrize(
    ("line", "harmless"),
    [
        ("*.py text eol=lf", True),
        ("docs/** linguist-documentation", True),
        ("*.py diff=python", True),
        ("*.py binary", False),
        ("*.py -text", False),
        ("*.py filter=evil", False),
        ("*.py working-tree-encoding=UTF-16", False),
        ("*.lock merge=ours", False),
        ("*.py export-ignore", False),
        ("*.py", False),
    ],
)
def test_attributes(line: str, harmless: bool) -> None:  # noqa: FBT001
    assert (list(ignores.attributes("", f"{line}\n")) == []) is harmless
    assert len(list(ignores.attributes(f"{line}\n", ""))) == 1


@pytest.mark.parametrize(
    ("name", "before", "after", "found"),
    [
        ("pyproject.toml", "[tool.ruff]\nline-length = 100\n", "[tool.ruff]\nline-length = 120\n", ["neutral"]),
        ("pyproject.toml", "", "[tool.towncrier]\ndirectory = 'x'\n", ["neutral"]),
        ("pyproject.toml", "", "[tool.uv.sources]\npytest = { path = 'x' }\n", ["unknown"]),
        ("pyproject.toml", "", "[tool.hatch.build.hooks.custom]\npath = 'x'\n", ["unknown"]),
        ("pyproject.toml", "[build-system]\nrequires = ['a']\n", "[build-system]\nrequires = ['b']\n", ["unknown"]),
        ("pyproject.toml", "", "no toml", ["unknown"]),
        ("ruff.toml", "line-length = 100\n", "line-length = 120\n", ["neutral"]),
        ("ruff.toml", "[lint]\nselect = ['E']\n", "[lint]\nselect = []\n", ["looser"]),
        ("ruff.toml", "line-length = 100\n", None, ["unknown"]),
        ("mypy.ini", "[mypy]\nstrict = True\n", "[mypy]\nstrict = False\n", ["unknown"]),
        ("setup.cfg", "[metadata]\nname = a\n", "[metadata]\nname = b\n", []),
        ("tox.ini", "[tox]\n", "[tox]\n[pytest]\naddopts = -x\n", ["unknown"]),
        ("pytest.ini", None, "no section\n", ["unknown"]),
    ],
)
def test_settings_of_tools(name: str, before: str | None, after: str | None, found: list[str]) -> None:
    assert [edit.weight for edit in tools.compare(name, before, after)] == found


# -- code of the tests -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import pytest\nX = 1\ndef helper(): return 2\nclass A: pass\n'''Doc.'''\n", []),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import x\n", []),
        ("def pytest_sessionfinish(): pass\n", [("pytest_sessionfinish", "hook")]),
        ("from helpers import pytest_runtest_call\n", [("pytest_runtest_call", "hook")]),
        ("from helpers import *\n", [("*", "hook")]),
        ("pytest_plugins = ['x']\n", [("pytest_plugins", "hook")]),
        ("print(1)\n", [("print(1)", "import")]),
        ("if 1:\n    import x\n", [("if 1:", "import")]),
        ("import sys\nsys.modules['a'] = None\n", [("sys.modules", "import"), ("sys.modules['a']", "import")]),
        ("from os import _exit as e\ndef f():\n    e(0)\n", [("os._exit", "exit")]),
        ("import sys\ndef f(): sys.exit()\n", [("sys.exit", "exit")]),
        ("from pytest import skip\ndef f(): skip('x')\n", [("pytest.skip", "skip")]),
        ("def f(monkeypatch): monkeypatch.setattr('_pytest.runner.call', 1)\n", [("_pytest.runner.call", "import")]),
        ("no python(", []),
    ],
)
def test_suspicions(code: str, found: list[tuple[str, str]]) -> None:
    names = [(each.name, each.what) for each in plugins.suspicions(None, code)]
    assert sorted(set(names)) == sorted(found)
    assert plugins.suspicions(code, code) == []
    assert plugins.suspicions(code, f"# moved\n\n{code}") == []


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ("x = 1  # noqa: E501\n", "y = 2\nx = 1  # noqa: E501\n", 0),
        ("", "x = 1  # noqa\ny = 2  # type: ignore[x]\n", 2),
        ("", "x = '# noqa'\n", 0),
        ("", "broken = (\n", 0),
        ("x = 1  # noqa\n", "x = 1\n", 0),
    ],
)
def test_suppressions(before: str, after: str, count: int) -> None:
    assert len(suppressions.added(before, after)) == count


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("def test_a(): pass\nasync def test_b(): pass\ndef helper(): pass\n", ["test_a", "test_b"]),
        (
            "class TestX:\n    def test_a(self): pass\n    class TestY:\n        def test_b(self): pass\n",
            ["TestX::test_a", "TestX::TestY::test_b"],
        ),
        (
            "class X:\n    def test_a(self): pass\nclass Y(unittest.TestCase):\n    def test_b(self): pass\n",
            ["Y::test_b"],
        ),
        ("__test__ = False\ndef test_a(): pass\n", []),
        ("class TestX:\n    __test__ = False\n    def test_a(self): pass\n", []),
        ("def test_a(): pass\ndef test_b(): pass\ndel test_a\ntest_b = None\n", []),
        ("no python(", []),
    ],
)
def test_which_tests_pytest_finds(code: str, names: list[str]) -> None:
    assert list(weakened.tests_of(code)) == names


@pytest.mark.parametrize(
    ("code", "assertions"),
    [
        ("assert a == b", 1),
        ("assert True", 0),
        ("with pytest.raises(ValueError):\n        f()", 1),
        ("self.assertEqual(1, 2)", 1),
        ("mock.assert_called_once()", 1),
        ("return\n    assert a", 0),
        ("if a:\n        assert a\n    assert b", 2),
    ],
)
def test_what_can_fail(code: str, assertions: int) -> None:
    (test,) = weakened.tests_of(f"def test_a():\n    {code}\n").values()
    assert test.assertions == assertions


# -- files -------------------------------------------------------------------------------------------------------------


def file(path: str, before: str | None = None, mode: str = "100644") -> Committed:
    return Committed(ChangedFile(path, before, exists=True, added=1, deleted=0), "100644", mode)


@pytest.mark.parametrize(
    ("path", "scene", "rules"),
    [
        ("lib/thing", Scene(), ["submodule"]),
        ("app", Scene(sources=("app",)), ["not-a-file"]),
        ("tools/new", Scene(sources=("tools/new/app",)), ["not-a-file"]),
    ],
)
def test_submodules(path: str, scene: Scene, rules: list[str]) -> None:
    assert [reason.rule for reason in judge([file(path, mode=SUBMODULE)], scene)] == rules


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        ("../other/app/a.py", ["other-project"]),
        ("../README.md", ["outside-project"]),
        ("inner/app/a.py", ["other-project"]),
        ("tests/data/inner/a.py", []),
        ("app/a.py", []),
    ],
)
def test_files_of_other_projects(path: str, rules: list[str]) -> None:
    known = {"xpconfig.toml", "../other/xpconfig.toml", "inner/xpconfig.toml", "tests/data/inner/xpconfig.toml"}
    scene = Scene(prefix="shop/", before=known, after=known, sources=("app",), tests=("tests",))
    assert [reason.rule for reason in judge([file(path)], scene)] == rules


@pytest.mark.parametrize(
    ("path", "shadows"),
    [
        ("src/json.py", True),
        ("src/coverage/__init__.py", True),
        ("src/shop/json.py", False),
        ("tests/pytest.py", True),
        ("json.toml", False),
        ("src/known/a.py", False),
    ],
)
def test_modules_that_hide_others(path: str, shadows: bool) -> None:  # noqa: FBT001
    before = {"src/shop/__init__.py", "src/yaml/__init__.py"}
    scene = Scene(before=before, after=before, sources=("src",), tests=("tests",))
    assert ([reason.rule for reason in judge([file(path)], scene)] == ["shadows-tool"]) is shadows
    assert judge([file("src/yaml/more.py")], scene) == []


def test_what_own_steps_run() -> None:
    values = {
        "steps": {
            "a": {"run": ("python", "./check.py")},
            "b": {"run": ("python", "-m", "checks.all")},
            "c": {"args": ("-p", "app.plugin")},
            "d": {"run": "no list"},
            "e": 3,
        }
    }
    paths = {"check.py", "tools/checks/all.py", "app/plugin.py", "app/other.py"}
    assert scripts(values, paths) == {
        "check.py": "the step a",
        "tools/checks/all.py": "the step b",
        "app/plugin.py": "the step c",
    }


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        (".github/PULL_REQUEST_TEMPLATE.md", ["gate-file"]),
        (".GitHub/workflows/a.yml", ["case-variant"]),
        ("Noxfile.py", ["case-variant"]),
        ("Docs/pyproject.toml", []),
        ("tests/conftest\u200b.py", ["case-variant"]),
        ("tests/\uff43onftest.py", ["case-variant"]),
        ("README.md", []),
    ],
)
def test_names_that_are_others_elsewhere(path: str, rules: list[str]) -> None:
    assert [reason.rule for reason in judge([file(path)], Scene(after={path}))] == rules


@pytest.mark.parametrize("tests", [[{}], [["tests"], {"a": 1}], {"a": []}, [1, None]])
def test_tests_that_are_no_texts_break_nothing(tests: object) -> None:
    before = {"project": {"sources": ["app", {}], "tests": "tests"}}
    assert configuration.compare(before, {"project": {"sources": ["app", {}], "tests": tests}})
