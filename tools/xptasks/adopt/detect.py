"""What a repository is made of, seen from its files alone. Pure: nothing is imported, started or written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from xptasks.adopt import application, checks, dependencies, testing
from xptasks.adopt.application import Application
from xptasks.adopt.checks import Checks
from xptasks.adopt.dependencies import Dependencies
from xptasks.adopt.listing import Listing
from xptasks.adopt.testing import Tests
from xptasks.tiers import groups, locks

_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile")
_NO_PROJECT = frozenset((
    "example", "examples", "doc", "docs", "test", "tests", "testing", "fixtures", "testdata", "data", "templates",
    "template", "vendor", "third_party", "bench", "benchmarks", "scripts", "tools", "node_modules", "sample", "samples",
    "demo", "demos", "tutorial", "tutorials", "cookiecutter",
))  # fmt: skip
_NO_SOURCE = _NO_PROJECT | frozenset(
    {"alembic", "migrations", "generated", "contracts", "build", "dist", "requirements"}
)
MOST_PROJECTS = 8
"""So many folders may be projects of one repository; of more, nobody can tell which are meant."""

_VARIABLE = re.compile(r"(?:getenv\(|environ\.get\(|environ\[)\s*[\"']([A-Za-z_][A-Za-z0-9_]*)[\"']")


@dataclass(frozen=True, slots=True)
class Found:
    """A project that was found.

    Attributes:
        folder: where it is, `.` for the repository itself.
        name: what it is called.
        sources: its folders with code.
        tests, checks, dependencies, application: see their modules.
        contract: an OpenAPI document that it has already.
        home: where one goes that it does not have yet.
        variables: environment variables that its code reads.
        has: which of the files are there that others would write: noxfile.py, tasks.py, and so on.
    """

    folder: str
    name: str
    sources: tuple[str, ...]
    tests: Tests
    checks: Checks
    dependencies: Dependencies
    application: Application | None
    contract: str
    home: str
    variables: tuple[str, ...]
    has: frozenset[str]


def projects(files: Listing) -> tuple[list[str], list[str]]:
    """The folders of a repository's projects, and those that look like one and are left alone.

    The root is the project when it says so itself, or when it holds the tests or the code. Else the topmost folders
    that are projects are; where there are none, or too many, the root is.
    """
    nested = [each for each in _nested(files) if not {*PurePosixPath(each).parts} & {"doc", "docs", "test", "tests"}]
    if is_project(files):
        return ["."], nested
    chosen = [folder for folder in nested if not any(part in _NO_PROJECT for part in PurePosixPath(folder).parts)]
    top = [one for one in chosen if not any(one.startswith(f"{other}/") for other in chosen)]
    if not 0 < len(top) <= MOST_PROJECTS:
        return ["."], nested
    return top, [folder for folder in nested if folder not in top]


def _nested(files: Listing) -> list[str]:
    folders = {name.rpartition("/")[0] for name in files.matching(*(f"*/{marker}" for marker in _MARKERS))}
    return sorted(folder for folder in folders if is_project(files.below(folder)))


def is_project(files: Listing) -> bool:
    """Whether a folder says that it is a project, or holds code beside a list of what that needs."""
    pyproject = groups.metadata(files.text)
    if "project" in pyproject or "build-system" in pyproject or "poetry" in pyproject.get("tool", {}):
        return True
    if (
        files.has("setup.py")
        or files.has("Pipfile")
        or re.search(r"^\[(metadata|options)\]", files.text("setup.cfg"), re.MULTILINE)
    ):
        return True
    requirements = bool(files.matching("requirements*.txt")) and any(
        "/" not in n or n.count("/") == 1 for n in files.python()
    )
    return requirements and bool(files.python()) and not _only_deeper(files)


def _only_deeper(files: Listing) -> bool:
    """Whether a requirements file stands beside folders that are projects themselves."""
    return any(name.count("/") == 1 and name.endswith(("pyproject.toml", "setup.py")) for name in files.names)


def project(files: Listing, folder: str = ".", name: str = "") -> Found:
    """What one project is made of.

    Args:
        files: the repository.
        folder: the project's folder in it.
        name: what it is called where it does not say so itself.
    """
    inside = files.below(folder)
    tests = testing.find(inside)
    sources = tuple(_sources(inside, tests.folders))
    found = checks.find(inside, sources or (".",))
    tools = [*(["pytest"] if tests.folders else []), *_tools(found)]
    wished = dict.fromkeys([*tests.plugins, *found.pinned])
    above = [each for each in files.names if "/" not in each and each in locks.NAMES] if folder != "." else []
    roots = ("src",) if any(source == "src" or source.startswith("src/") for source in sources) else ()
    return Found(
        folder,
        _named(inside, name),
        sources or (".",),
        tests,
        found,
        dependencies.find(inside, tools, wished, above),
        application.find(inside, sources, roots, tests.folders),
        _contract(inside),
        "openapi.yaml" if _counts_folders(inside) else "contracts/openapi.yaml",
        tuple(_variables(inside, sources)),
        frozenset(each for each in ("noxfile.py", "tasks.py", "xpconfig.toml") if inside.has(each))
        | ({"tasks"} if inside.below("tasks").python() else set()),
    )


def _tools(found: Checks) -> Iterable[str]:
    known = {"lint": "ruff", "format": "ruff", "types": "mypy", "layers": "import-linter"}
    return dict.fromkeys(known.get(step, step) for step in found.steps)


def _named(files: Listing, name: str) -> str:
    pyproject = groups.metadata(files.text)
    tool = pyproject.get("tool", {}).get("poetry", {})
    said = pyproject.get("project", {}).get("name") or tool.get("name") or name
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", str(said)).strip("-._")
    return clean[:64] or "project"


def _sources(files: Listing, tests: tuple[str, ...]) -> list[str]:
    """`src` where there is one; else the folders at the top that hold Python and are neither tests nor around it."""
    if files.below("src").python():
        return ["src"]
    folders = [folder for folder in files.folders() if folder not in {*tests, *_NO_SOURCE} and folder[0] not in "._"]
    # Doctests are in packages, which pytest's `testpaths` name beside the folder of the tests.
    folders += [each for each in tests if "test" not in each and files.has(f"{each}/__init__.py") and "/" not in each]
    packages = [folder for folder in folders if files.has(f"{folder}/__init__.py")]
    return packages or [folder for folder in folders if files.below(folder).python()]


def _variables(files: Listing, folders: tuple[str, ...]) -> list[str]:
    """The names of environment variables that the code asks for."""
    names = [name for name in files.python() if any(each == "." or name.startswith(f"{each}/") for each in folders)]
    names += [name for name in files.python() if name.endswith("conftest.py")]
    texts = map(files.text, names)
    return sorted({name for text in texts for name in _VARIABLE.findall(text)})


def _counts_folders(files: Listing) -> bool:
    """Whether setuptools looks for packages by itself: a folder more at the top would be one, and stop the build."""
    pyproject = groups.metadata(files.text)
    backend = str(pyproject.get("build-system", {}).get("build-backend", "setuptools"))
    listed = pyproject.get("tool", {}).get("setuptools", {})
    said = (
        "packages" in listed or "py-modules" in listed or "packages" in files.text("setup.py") + files.text("setup.cfg")
    )
    built = "build-system" in pyproject or files.has("setup.py")
    return built and "setuptools" in backend and not said and not files.below("src").python()


def _contract(files: Listing) -> str:
    """An OpenAPI document that is kept in the project, not one of its tests or dependencies."""
    usual = [
        f"{folder}openapi.{kind}"
        for folder in ("contracts/", "", "docs/", "api/", "spec/")
        for kind in ("yaml", "yml", "json")
    ]
    name = files.first(*usual)
    return name if re.search(r"[\"']?openapi[\"']?\s*:\s*[\"']?3\.", files.text(name)[:5000]) else ""
