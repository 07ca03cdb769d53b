"""Files that decide about the gate, by their names, and what must not be among the files of a change. Pure."""

import posixpath
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from xptasks.landing.policy import Reason
from xptasks.results import Position
from xptasks.system.commits import LINK, SUBMODULE, Committed
from xptasks.system.globs import matcher

CONFIG = "xpconfig.toml"
FLOORS = "generated/ratchets.toml"
BASELINE = ".xptasks/baseline.toml"

_STATE = frozenset(
    {
        ".xp",
        ".nox",
        ".tox",
        ".venv",
        "venv",
        "__pycache__",
        "node_modules",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        ".coverage",
        ".git",
    }
)
"""What runs and tools leave behind; whoever commits it wants it to be believed."""

JUDGED = frozenset(
    {
        CONFIG,
        "pyproject.toml",
        "setup.cfg",
        "tox.ini",
        "conftest.py",
        ".gitignore",
        ".gitattributes",
        "pytest.ini",
        ".pytest.ini",
        "pytest.toml",
        ".pytest.toml",
        "ruff.toml",
        ".ruff.toml",
        "mypy.ini",
        ".mypy.ini",
        ".coveragerc",
        ".coveragerc.toml",
        ".importlinter",
    }
)
"""Names, in whatever folder, of files that are judged by what they say."""

_ANYWHERE = ("**/.pre-commit-config.yaml", "**/sitecustomize.py", "**/usercustomize.py", "**/*.pth")
_AT_TOP = (
    ".github/**",
    ".gitlab/**",
    ".gitlab-ci.yml",
    ".circleci/**",
    ".buildkite/**",
    ".ci/**",
    ".husky/**",
    ".gitmodules",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "Jenkinsfile",
    ".travis.yml",
    "appveyor.yml",
    "CODEOWNERS",
    "docs/CODEOWNERS",
)
_IN_PROJECT = ("noxfile.py", "tasks.py", "setup.py", "uv.toml", "pip.conf", ".python-version")
_CODE = (".pyc", ".pyo", ".pyd", ".so", ".dll", ".dylib", ".whl", ".egg", ".zip", ".jar")
_TOOLS = frozenset(
    {
        "_pytest",
        "coverage",
        "filelock",
        "grimp",
        "hypothesis",
        "importlinter",
        "invoke",
        "mypy",
        "mypy_extensions",
        "nox",
        "openapi_spec_validator",
        "pluggy",
        "psutil",
        "py",
        "pydantic",
        "pydantic_core",
        "pytest",
        "ruff",
        "schemathesis",
        "tomli_w",
        "uv",
        "xdist",
        "xptasks",
        "yaml",
    }
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known around the files of a change.

    Attributes:
        prefix: the project's folder in the repository, empty or with a `/` at its end.
        before, after: every file of the merge base and of the change, relative to the project.
        sources, tests: the project's folders, as the trunk has them.
        scripts: files that the gate runs, with the step that does: a change of them is one of the gate.
        targets: where symbolic links of the change point.
    """

    prefix: str = ""
    before: Collection[str] = ()
    after: Collection[str] = ()
    sources: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)


def judge(files: Iterable[Committed], scene: Scene) -> list[Reason]:
    """What the names and kinds of a change's files say against it."""
    projects = {PurePosixPath(path).parent for path in (*scene.before, *scene.after) if _name(path) == CONFIG}
    reasons: list[Reason] = []
    twins: dict[str, list[str]] = {}
    for path in sorted(scene.after):
        twins.setdefault(_plain(path), []).append(path)
    for each in files:
        reasons += [*_forged(each), *_kinds(each, scene), *_gone(each), *_floors(each, scene)]
        reasons += [*_cases(each, scene, twins), *_by_name(each, scene), *_elsewhere(each, scene, projects)]
    return reasons


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _reason(rule: str, outcome: str, path: str, message: str, hint: str = "") -> Reason:
    return Reason(rule, outcome, message, hint, Position(path))  # type: ignore[arg-type]


def _paths(each: Committed) -> list[str]:
    """Where the file is and where it was."""
    file = each.file
    return list(dict.fromkeys(path for path in (file.path, file.before) if path))


def within(folders: Sequence[str]) -> Callable[[str], object]:
    """A predicate over relative paths: is one of the folders around it?"""
    return matcher(("**",) if "." in folders else tuple(folders))


def is_judged(path: str) -> bool:
    """Whether a file decides about the gate by what it says."""
    return _name(path) in JUDGED or path == BASELINE


# -- what never lands --------------------------------------------------------------------------------------------------


def _forged(each: Committed) -> Iterator[Reason]:
    parts = set(PurePosixPath(each.path).parts)
    if each.file.exists and parts & _STATE:
        message = "what a run leaves behind is no part of a change, and nobody would believe it"
        yield _reason("forged-state", "rejected", each.path, message, f"git rm -r --cached {min(parts & _STATE)}")


def _gone(each: Committed) -> Iterator[Reason]:
    file = each.file
    if file.before == CONFIG and (not file.exists or file.path != CONFIG):
        message = f"the change takes {CONFIG} away, and with it every rule of the gate"
        hint = "put it back; whoever wants to do without it does so straight on the trunk"
        yield _reason("config-gone", "rejected", CONFIG, message, hint)


def _floors(each: Committed, scene: Scene) -> Iterator[Reason]:
    if FLOORS in _paths(each) and FLOORS in scene.before:
        message = "a change writes floors: only `inv ratchet --tighten` on the trunk moves them"
        yield _reason("floors", "rejected", FLOORS, message, f"git checkout TRUNK -- {FLOORS}")


def _kinds(each: Committed, scene: Scene) -> Iterator[Reason]:
    """Links and submodules: what they lead to is no part of the change."""
    path = each.path
    if each.mode not in {LINK, SUBMODULE}:
        return
    what = "a symbolic link" if each.mode == LINK else "a submodule"
    folders = {*scene.sources, *scene.tests}
    above = [folder for folder in folders if f"{folder}/".startswith(f"{path}/")]
    if is_judged(path) or above or _decides(path, scene):
        message = f"{what} takes the place of what decides about the gate: what it leads to is not in the change"
        yield _reason("not-a-file", "rejected", path, message, "commit the file itself")
    elif each.mode == SUBMODULE:
        yield _reason("submodule", "needs approval", path, "the change brings code that is not in it: a submodule")
    elif _leaves(path, scene.targets.get(path, ""), scene.prefix):
        message = f"the link leads out of the repository, to {scene.targets.get(path, 'nobody knows where')}"
        yield _reason("link-leaves", "rejected", path, message, "commit the file itself")


def _leaves(path: str, target: str, prefix: str) -> bool:
    if not target or target.startswith("/"):
        return True
    return posixpath.normpath(posixpath.join(prefix, posixpath.dirname(path), target)).startswith("..")


def _cases(each: Committed, scene: Scene, twins: Mapping[str, Sequence[str]]) -> Iterator[Reason]:
    """Names that mean one file here and another where upper and lower case are the same."""
    path = each.path
    if not each.file.exists:
        return
    plain = _plain(path)
    if _matters(plain, scene) and not _matters(path, scene):
        message = f"on many machines this is {plain}, which decides about the gate"
        yield _reason("case-variant", "rejected", path, message, "give it another name")
        return
    twin = next((other for other in twins.get(plain, ()) if other != path), None)
    if twin and each.file.before != path:
        yield _reason(
            "case-variant", "rejected", path, f"on many machines this is the same file as {twin}", "rename it"
        )


def _matters(path: str, scene: Scene) -> bool:
    return is_judged(path) or _decides(path, scene)


def _plain(path: str) -> str:
    if path.isascii():
        return path.lower()
    folded = unicodedata.normalize("NFKC", path).casefold()
    return "".join(sign for sign in folded if unicodedata.category(sign) != "Cf")


# -- what somebody has to look at ------------------------------------------------------------------------------------


def _decides(path: str, scene: Scene) -> bool:
    top = posixpath.normpath(f"{scene.prefix}{path}")
    return bool(
        matcher(_ANYWHERE)(path) or matcher(_AT_TOP)(top) or matcher(_IN_PROJECT)(path) or path in scene.scripts
    )


def _by_name(each: Committed, scene: Scene) -> Iterator[Reason]:
    for path in _paths(each):
        if path in scene.scripts:
            yield _reason(
                "gate-file", "needs approval", path, f"{scene.scripts[path]} runs this file: it is part of the gate"
            )
        elif _decides(path, scene):
            yield _reason("gate-file", "needs approval", path, "this file decides how the gate, the hooks or CI run")
    if each.file.exists and each.path.endswith(_CODE):
        yield _reason("binary-code", "needs approval", each.path, "code that nobody can read, and that no line counts")
    if each.file.before is None and (module := _shadowed(each.path, scene)):
        message = f"a module called {module} here takes the place of the one that the gate imports"
        yield _reason("shadows-tool", "needs approval", each.path, message, "give it another name")


def _shadowed(path: str, scene: Scene) -> str:
    """The module of a tool or of Python that a new file hides from where the steps are run; empty if none."""
    for root in _roots(scene):
        inside = path[len(root) :] if path.startswith(root) else ""
        module = inside.partition("/")[0].partition(".")[0]
        known = any(other.startswith((f"{root}{module}/", f"{root}{module}.py")) for other in scene.before)
        if inside.endswith(".py") and module in (_TOOLS | sys.stdlib_module_names) and not known:
            return module
    return ""


def _roots(scene: Scene) -> set[str]:
    """Folders from which modules are imported, with a `/` at the end: the project, and around its folders."""
    folders = {*scene.sources, *scene.tests}
    above = {posixpath.dirname(folder) for folder in folders}
    plain = {folder for folder in folders if f"{folder}/__init__.py" not in scene.after}
    return {"" if root in {"", "."} else f"{root}/" for root in {"", *above, *plain}}


def _elsewhere(each: Committed, scene: Scene, projects: Collection[PurePosixPath]) -> Iterator[Reason]:
    """Files of another project of the repository, and of none: its gate, or any, does not run here."""
    ours = matcher((*scene.sources, *scene.tests))  # of a project that is all around, another one is still another
    for path in _paths(each):
        owner = next((folder for folder in PurePosixPath(path).parents if folder in projects), PurePosixPath())
        if owner != PurePosixPath() and not ours(path):
            message = f"this file belongs to the project {owner}, whose gate does not run here"
            hint = "land it as a change of its own, from that project's folder"
            yield _reason("other-project", "needs approval", path, message, hint)
        elif path.startswith("../"):
            yield _reason("outside-project", "may land", path, "this file is in no project: no gate looks at it")


def scripts(values: Mapping[str, Any], paths: Collection[str], pytest: Sequence[str] = ()) -> dict[str, str]:
    """The files of the project that its own steps run, and the plugins that pytest is told to load, by path.

    Args:
        values: a configuration.
        paths: the project's files.
        pytest: the words that pytest adds to every command.
    """
    found = dict.fromkeys(_named(pytest, paths), "pytest")
    steps = values.get("steps", {})
    for name, table in steps.items() if isinstance(steps, dict) else ():
        words = [*table.get("run", ()), *table.get("args", ())] if isinstance(table, dict) else []
        for path in _named(list(map(str, words)), paths):
            found[path] = f"the step {name}"
    return found


def _named(words: Sequence[str], paths: Collection[str]) -> Iterator[str]:
    """Files that words of a command name, as paths or as modules behind `-m` and `-p`."""
    known = set(paths)
    for before, word in zip(["", *words], words, strict=False):
        yield from {posixpath.normpath(word)} & known
        if before in {"-m", "-p"}:
            module = word.replace(".", "/")
            ends = (f"{module}.py", f"{module}/__init__.py", f"{module}/__main__.py")
            yield from (path for path in known if path in ends or path.endswith(tuple(f"/{end}" for end in ends)))
