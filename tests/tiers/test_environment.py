from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from xptasks.adopt import measure
from xptasks.tiers import environment
from xptasks.tiers.environment import Ingredients

if TYPE_CHECKING:
    from xptasks.adopt.detect import Found

OWN = ("xptasks==1.0",)
BUILD = '[build-system]\nrequires = ["hatchling>=1"]\n[project]\nname = "{}"\n'


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    def make(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("metadata", "pins", "needs", "expected"),
    [
        (None, None, (), [OWN]),
        (None, None, ("ruff",), [(*OWN, "ruff")]),
        (None, "ruff==1\n", (), [("-r", "pins.txt"), OWN]),
        (None, "xptasks==1 \\\n    --hash=x\n", (), [("-r", "pins.txt")]),
        (None, "XP_Tasks==1\n", (), [("-r", "pins.txt"), OWN]),
        (BUILD.format("mine"), None, ("ruff",), [(*OWN, "ruff"), ("-e", ".")]),
        (BUILD.format("mine"), "a==1\n", (), [("-r", "pins.txt"), OWN, ("--no-deps", "-e", ".")]),
        (
            BUILD.format("mine"),
            "a==1\nHatchling==1 --hash=x\nxptasks==1\n",
            (),
            [("-r", "pins.txt"), ("--no-build-isolation", "--no-deps", "-e", ".")],
        ),
        (BUILD.format("xptasks"), None, (), [("-e", ".")]),
        (BUILD.format("xptasks"), None, ("ruff",), [("ruff",), ("-e", ".")]),
        (BUILD.format("xptasks"), "a==1\n", (), [("-r", "pins.txt"), ("--no-deps", "-e", ".")]),
        ("[tool.ruff]\nline-length = 3\n", None, (), [OWN]),
        ("not = [toml", None, (), [OWN]),
    ],
)  # fmt: skip
def test_what_is_installed(
    metadata: str | None,
    pins: str | None,
    needs: tuple[str, ...],
    expected: list[tuple[str, ...]],
    project: Callable[..., Path],
) -> None:
    files = {"pyproject_DOT_toml": metadata, "pins_DOT_txt": pins}
    folder = project(**{name: text for name, text in files.items() if text is not None})
    made = Ingredients(("pins.txt",) if pins else (), needs)
    assert environment.installations(folder, made, lambda: OWN, folder) == expected


def test_the_pins_of_a_tier(project: Callable[..., Path]) -> None:
    folder = project(requirements__fast_DOT_txt="a==1\n")
    assert environment.requirements(folder, "fast", {}) == ["requirements/fast.txt"]
    assert environment.requirements(folder, "pr", {}) == []
    assert environment.requirements(folder, "fast", {"requirements": ["a.txt", "b.txt"]}) == ["a.txt", "b.txt"]


def test_what_calls_for_an_installation(project: Callable[..., Path]) -> None:
    folder = project(pins_DOT_txt="a==1\n", pyproject_DOT_toml=BUILD.format("mine"))
    seen = {environment.wanted(folder, Ingredients(("pins.txt",)), "3.12")}
    seen.add(environment.wanted(folder, Ingredients(), "3.12"))
    seen.add(environment.wanted(folder, Ingredients(("pins.txt",), ("ruff",)), "3.12"))
    seen.add(environment.wanted(folder, Ingredients(("pins.txt",)), "3.13"))
    for name in ("pins.txt", "pyproject.toml", "setup.py", "setup.cfg"):
        with (folder / name).open("a") as file:
            file.write("# more\n")
        seen.add(environment.wanted(folder, Ingredients(("pins.txt",)), "3.12"))
    assert len(seen) == 8
    (folder / "other.txt").write_text("")
    assert environment.wanted(folder, Ingredients(("pins.txt",)), "3.12") in seen


@pytest.mark.parametrize("word", ["-r ", "-c ", "-r", "--requirement=", "--constraint "])
def test_included_files_count(word: str, project: Callable[..., Path]) -> None:
    folder = project(pins__a_DOT_txt=f"a==1\n{word}../base.txt\n", base_DOT_txt="-r pins/a.txt\nxptasks==1\n")
    before = environment.wanted(folder, Ingredients(("pins/a.txt",)), "3.12")
    assert environment.installations(folder, Ingredients(("pins/a.txt",)), lambda: OWN, folder) == [
        ("-r", "pins/a.txt")
    ]
    (folder / "base.txt").write_text("b==2\n")
    assert environment.wanted(folder, Ingredients(("pins/a.txt",)), "3.12") != before


def test_missing_pins_are_left_to_the_installer_to_report(tmp_path: Path) -> None:
    assert environment.wanted(tmp_path, Ingredients(("gone.txt",)), "3.12")
    assert environment.installations(tmp_path, Ingredients(("gone.txt",)), lambda: OWN, tmp_path) == [
        ("-r", "gone.txt"),
        OWN,
    ]


def test_only_a_finished_installation_counts(tmp_path: Path) -> None:
    assert not environment.is_installed(tmp_path, "stamp")
    environment.forget(tmp_path)
    environment.remember(tmp_path, "stamp")
    assert environment.is_installed(tmp_path, "stamp")
    assert not environment.is_installed(tmp_path, "other")
    environment.forget(tmp_path)
    assert not environment.is_installed(tmp_path, "stamp")


GUEST = """
[build-system]
requires = ["hatchling"]
[project]
name = "guest"
dependencies = ["a>=1"]
[project.optional-dependencies]
x = ["b>=1; python_version > '3'"]
[dependency-groups]
dev = ["pytest>=8", { include-group = "lint" }]
lint = ["ruff==0.9"]
"""


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (Ingredients(outside=True, needs=("pytest",)), [("-e", ".", "pytest")]),
        (
            Ingredients(outside=True, groups=("dev",), extras=("x",), packages=("c",), needs=("pytest", "ruff")),
            [("-e", ".[x]", "pytest>=8", "ruff==0.9", "c", "pytest", "ruff")],
        ),
        (
            Ingredients(outside=True, install="dependencies", extras=("x",)),
            [("a>=1", "b>=1; python_version > '3'")],
        ),
        (Ingredients(outside=True, install="none", groups=("lint",)), [("ruff==0.9",)]),
        (Ingredients(("pins.txt",), outside=True, install="none"), [("-r", "pins.txt")]),
        (Ingredients(("pins.txt",), outside=True, needs=("ruff",)), [("-r", "pins.txt", "-e", ".", "ruff")]),
        (
            Ingredients(("hashed.txt",), outside=True, needs=("ruff",)),
            [("-r", "hashed.txt"), ("--no-deps", "-e", "."), ("ruff",)],
        ),
        (Ingredients(groups=("lint",), needs=("mypy",)), [(*OWN, "-e", ".", "ruff==0.9", "mypy")]),
        (Ingredients(outside=True, install="none"), []),
    ],
    ids=str,
)
def test_a_project_with_means_of_its_own(
    made: Ingredients, expected: list[tuple[str, ...]], project: Callable[..., Path]
) -> None:
    folder = project(pyproject_DOT_toml=GUEST, pins_DOT_txt="d\n", hashed_DOT_txt="d==1 --hash=sha256:0\n")
    assert environment.installations(folder, made, lambda: OWN, folder) == expected


def test_a_lock_holds_for_all_that_is_installed(project: Callable[..., Path]) -> None:
    folder = project(backend__pyproject_DOT_toml=GUEST, uv_DOT_lock='[[package]]\nname = "a"\nversion = "1"\n')
    made = Ingredients(outside=True, lock="uv.lock")
    constraints = folder / "xptasks-constraints.txt"
    assert environment.installations(folder / "backend", made, lambda: OWN, folder) == [
        ("-c", str(constraints), "-e", ".")
    ]
    assert constraints.read_text() == "a==1\n"
    before = environment.wanted(folder / "backend", made, "3.12")
    (folder / "uv.lock").write_text("")
    assert environment.wanted(folder / "backend", made, "3.12") != before


def test_what_a_table_leaves_open_is_as_in_the_tiers_that_it_includes() -> None:
    tiers: dict[str, dict[str, Any]] = {
        "fast": {"runner": "outside", "groups": ["dev"], "requirements": ["a.txt"], "budget": "60s", "lock": "uv.lock"},
        "pr": {"includes": ["fast", "none"], "groups": ["docs"]},
        "inside": {"requirements": ["b.txt"], "python": "3.12"},
        "more": {"includes": ["inside", "more"]},
    }
    assert environment.ingredients(Path("/nowhere"), "pr", tiers) == Ingredients(
        ("a.txt",), outside=True, groups=("docs",), lock="uv.lock"
    )
    assert environment.inherited("more", tiers) == {"python": "3.12", "includes": ["inside", "more"]}


def test_a_guests_processes_find_the_library_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "xptasks").mkdir(parents=True)
    (tmp_path / "other" / "xptasks").mkdir(parents=True)
    for place in ("elsewhere", "other", "other"):
        folder = environment.importable(tmp_path, tmp_path / place / "xptasks")
        assert [path.name for path in folder.iterdir()] == ["xptasks"]
        assert (folder / "xptasks").resolve() == tmp_path / place / "xptasks"


def test_where_the_environment_of_a_tier_is(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    project = tmp_path / "services" / "api"
    project.mkdir(parents=True)
    assert environment.find(project, "fast") == project / ".nox" / "fast"
    for name in ("fast-services-api", "pr"):
        (tmp_path / ".nox" / name).mkdir(parents=True)
        environment.remember(tmp_path / ".nox" / name, "stamp")
    assert environment.find(project, "fast") == tmp_path / ".nox" / "fast-services-api"
    assert environment.find(project, "pr") == tmp_path / ".nox" / "pr"
    assert environment.find(tmp_path, "pr") == tmp_path / ".nox" / "pr"
    told = environment.outside(tmp_path / ".nox" / "pr", tmp_path / "xptasks")
    assert told["XPTASKS_PYTHON"] == str(tmp_path / ".nox" / "pr" / "bin" / "python")
    assert Path(told["PYTHONPATH"], "xptasks").readlink() == tmp_path / "xptasks"


def test_pins_that_do_not_hold_here_stay_free(project: Callable[..., Path]) -> None:
    lock = "".join(f'[[package]]\nname = "{name}"\nversion = "1"\n' for name in ("a", "b_b", "c"))
    folder = project(uv_DOT_lock=lock)
    made = Ingredients(outside=True, install="none", lock="uv.lock", unlocked=("B.b",), packages=("c>2",))
    words = environment.installations(folder, made, lambda: OWN, folder)
    assert words == [("-c", str(folder / "xptasks-constraints.txt"), "c>2")]
    assert (folder / "xptasks-constraints.txt").read_text() == "a==1\n"


def site(top: Path, folder: str, *, several: bool) -> measure.Site:
    return measure.Site(top, cast("Found", SimpleNamespace(folder=folder)), several=several)


@pytest.mark.parametrize("folder", ["Services/My_API", "a.b", "x" * 90, "Großer Laden"])
def test_the_environment_is_found_where_nox_makes_it(folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    made = site(tmp_path, folder, several=True).environment("fast")
    assert made.parent == tmp_path / ".nox"
    made.mkdir(parents=True)
    environment.remember(made, "stamp")
    assert environment.find(tmp_path / folder, "fast") == made


def test_a_long_path_shortens_no_name(tmp_path: Path) -> None:
    """Nox looks at the path from its noxfile's folder on."""
    top = tmp_path / ("x" * 90)
    assert site(top, ".", several=False).environment("fast") == top / ".nox" / "fast"
