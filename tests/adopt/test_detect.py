"""What is seen in every layout, and in files that are nothing good."""

from collections.abc import Mapping

import pytest

from tests.adopt.layouts import LAYOUTS, Files
from xptasks.adopt import checks, detect, testing
from xptasks.adopt.application import Application
from xptasks.adopt.detect import Found
from xptasks.adopt.listing import Listing, listing


def files(content: Files) -> Listing:
    def read(name: str) -> str:
        found = content[name]
        return found if isinstance(found, str) else found.decode("utf-8-sig", "replace")

    return listing(content, read)


def found(layout: str, folder: str = ".") -> Found:
    return detect.project(files(LAYOUTS[layout]), folder, "small")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_has_a_name_sources_and_steps(layout: str) -> None:
    folders, _ = detect.projects(files(LAYOUTS[layout]))
    for folder in folders:
        each = found(layout, folder)
        assert each.name
        assert each.sources
        assert each.checks.steps


def test_a_package_with_doctests_is_code_as_well() -> None:
    ini = "[tool.pytest.ini_options]\ntestpaths = ['tests', 'small']\n[tool.mypy]\nstrict = true\n"
    content = {"pyproject.toml": ini, "small/__init__.py": "", "tests/__init__.py": "", "tests/test_it.py": ""}
    each = detect.project(files(content))
    assert (each.sources, each.tests.folders, each.checks.types) == (("small",), ("tests", "small"), ("small",))
    alone = detect.project(files({"pyproject.toml": "[tool.mypy]\nstrict = true\n", "script.py": ""}))
    assert alone.checks.types == (".",)  # mypy without a word ends with its usage


POETRY = """
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
[tool.poetry]
name = "small-thing"
"""


@pytest.mark.parametrize(
    ("more", "path", "install"),
    [
        ("", "small_thing/__init__.py", "editable"),
        ("", "src/small_thing/__init__.py", "editable"),
        ("", "small_thing.py", "editable"),
        ("", "app/main.py", "dependencies"),
        ('packages = [{include = "app"}]\n', "app/main.py", "editable"),
        ("package-mode = false\n", "small_thing/__init__.py", "dependencies"),
    ],
)
def test_poetry_builds_only_what_has_a_package(more: str, path: str, install: str) -> None:
    needs = '[tool.poetry.dependencies]\nfastapi = "*"\n'
    each = detect.project(files({"pyproject.toml": POETRY + more + needs, path: ""}))
    assert each.dependencies.install == install


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("src", {"sources": ("src",)}),
        ("flat", {"sources": ("small",)}),
        ("several_packages", {"sources": ("one", "two")}),
        ("one_module", {"sources": (".",)}),
        ("requirements", {"sources": ("app",), "application": Application("app.main:app", "fastapi", "app/main.py")}),
        ("factory", {"application": Application("small.main:app", "fastapi", "small/main.py")}),
        ("contract", {"contract": "openapi.yaml"}),
        ("setup_cfg", {"home": "openapi.yaml"}),  # setuptools would take a folder more for a package
        ("src", {"home": "contracts/openapi.yaml", "application": None}),
    ],
)
def test_code(layout: str, expected: Mapping[str, object]) -> None:
    each = found(layout)
    assert {name: getattr(each, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("layout", "folders", "args"),
    [
        ("src", ("tests",), ()),
        ("several_packages", (".",), ()),
        ("tests_in_package", ("small/tests",), ()),
        ("flat_no_tests", (), ()),
        ("tox", ("tests",), ("-m", "not slow and (not net)", "--no-cov")),
    ],
)
def test_tests(layout: str, folders: tuple[str, ...], args: tuple[str, ...]) -> None:
    each = found(layout).tests
    assert (each.folders, each.args) == (folders, args)


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("src", {"install": "editable"}),
        ("flat_no_tests", {"install": "none"}),
        ("setup_cfg", {"install": "editable"}),
        ("requirements", {"install": "none", "requirements": ("requirements.txt", "requirements-dev.txt")}),
        ("requirements_folder", {"requirements": ("requirements/base.txt", "requirements/test.txt")}),
        ("poetry", {"install": "dependencies", "groups": ("dev",), "lock": "poetry.lock", "python": ">=3.11,<4"}),
        ("pdm", {"groups": ("test",), "lock": "pdm.lock"}),
        ("hatch", {"groups": ("hatch:default",)}),
        ("pipenv", {"groups": ("pipenv:packages", "pipenv:dev-packages"), "lock": "Pipfile.lock"}),
        ("uv_groups", {"groups": ("tests", "dev"), "lock": "uv.lock"}),
        ("extras", {"extras": ("test",), "groups": ()}),
        ("tox", {"groups": ("tox:testenv",), "packages": ("pytest-cov",)}),
        ("pre_commit", {"packages": ("ruff==0.9.1",)}),
    ],
)
def test_dependencies(layout: str, expected: Mapping[str, object]) -> None:
    each = found(layout).dependencies
    assert {name: getattr(each, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("layout", "steps"),
    [
        ("src", ("lint",)),
        ("extras", ("lint", "types")),
        ("pre_commit", ("lint", "format")),
        ("tools_of_old", ("flake8", "black", "isort")),
    ],
)
def test_checks(layout: str, steps: tuple[str, ...]) -> None:
    assert found(layout).checks.steps == steps


@pytest.mark.parametrize(
    ("layout", "expected", "left"),
    [
        ("src", ["."], []),
        ("monorepo_one", ["backend"], []),
        ("monorepo_two", ["api", "jobs"], []),
        ("nested_examples", ["."], ["examples/one"]),
        ("empty", ["."], []),
    ],
)
def test_projects(layout: str, expected: list[str], left: list[str]) -> None:
    assert detect.projects(files(LAYOUTS[layout])) == (expected, [*left])


def test_of_too_many_projects_nobody_can_tell_which_are_meant() -> None:
    many = {f"p{number}/pyproject.toml": "[project]\nname = 'x'\n" for number in range(9)}
    assert detect.projects(files(many))[0] == ["."]


def test_a_lock_above_counts_for_a_project_below() -> None:
    assert found("monorepo_one", "backend").dependencies.lock == "uv.lock"


def test_what_pytest_reads_first() -> None:
    both = {"pytest.ini": "[pytest]\naddopts = -x\n", "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-q'\n"}
    assert testing.settings(files(both)) == {"addopts": "-x"}
    assert testing.settings(files({"pyproject.toml": both["pyproject.toml"]})) == {"addopts": "-q"}
    assert testing.settings(files({"pyproject.toml": "[tool.pytest]\naddopts = ['-q']\n"})) == {"addopts": ["-q"]}
    assert testing.settings(files({"setup.cfg": "[tool:pytest]\naddopts = -q\n"})) == {"addopts": "-q"}


def test_revisions_of_hooks_with_the_tag_in_a_comment() -> None:
    config = "repos:\n- repo: x\n  rev: 0123abc  # frozen: v24.1.0\n  hooks:\n  - id: black\n"
    each = checks.find(files({".pre-commit-config.yaml": config, "a.py": ""}), (".",))
    assert each.pinned == ("black==24.1.0",)
    assert each.own == {"black": ("python", "-m", "black", "--check", ".")}


@pytest.mark.parametrize(
    "broken", ["\0", "[", "{{ cookiecutter }}", "a: [", "\ufffd", "[tool]\nruff = 3\npytest = 3\nmypy = []\n"]
)
def test_no_file_is_so_broken_that_nothing_is_seen(broken: str) -> None:
    names = [
        "pyproject.toml",
        "setup.cfg",
        "tox.ini",
        "pytest.ini",
        ".pre-commit-config.yaml",
        "setup.py",
        "app/main.py",
    ]
    each = detect.project(
        files({**dict.fromkeys(names, broken), "requirements.txt": broken, "Pipfile": broken}), ".", "x"
    )
    assert each.name == "x"
    assert "lint" in each.checks.steps


def test_variables_that_the_code_reads() -> None:
    code = 'import os\na = os.getenv("A_URL")\nb = os.environ["B"]\nc = os.environ.get(\'C\', "x")\n'
    assert detect.project(files({"app/main.py": code, "docs/x.py": 'os.getenv("D")'})).variables == ("A_URL", "B", "C")
