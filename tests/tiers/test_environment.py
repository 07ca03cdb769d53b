from collections.abc import Callable
from pathlib import Path

import pytest

from xptasks.tiers import environment

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
    assert environment.installations(folder, ["pins.txt"] if pins else [], needs, lambda: OWN) == expected


def test_the_pins_of_a_tier(project: Callable[..., Path]) -> None:
    folder = project(requirements__fast_DOT_txt="a==1\n")
    assert environment.requirements(folder, "fast", {}) == ["requirements/fast.txt"]
    assert environment.requirements(folder, "pr", {}) == []
    assert environment.requirements(folder, "fast", {"requirements": ["a.txt", "b.txt"]}) == ["a.txt", "b.txt"]


def test_what_calls_for_an_installation(project: Callable[..., Path]) -> None:
    folder = project(pins_DOT_txt="a==1\n", pyproject_DOT_toml=BUILD.format("mine"))
    seen = {environment.wanted(folder, ["pins.txt"], (), "3.12")}
    seen.add(environment.wanted(folder, [], (), "3.12"))
    seen.add(environment.wanted(folder, ["pins.txt"], ("ruff",), "3.12"))
    seen.add(environment.wanted(folder, ["pins.txt"], (), "3.13"))
    for name in ("pins.txt", "pyproject.toml", "setup.py", "setup.cfg"):
        with (folder / name).open("a") as file:
            file.write("# more\n")
        seen.add(environment.wanted(folder, ["pins.txt"], (), "3.12"))
    assert len(seen) == 8
    (folder / "other.txt").write_text("")
    assert environment.wanted(folder, ["pins.txt"], (), "3.12") in seen


@pytest.mark.parametrize("word", ["-r ", "-c ", "-r", "--requirement=", "--constraint "])
def test_included_files_count(word: str, project: Callable[..., Path]) -> None:
    folder = project(pins__a_DOT_txt=f"a==1\n{word}../base.txt\n", base_DOT_txt="-r pins/a.txt\nxptasks==1\n")
    before = environment.wanted(folder, ["pins/a.txt"], (), "3.12")
    assert environment.installations(folder, ["pins/a.txt"], (), lambda: OWN) == [("-r", "pins/a.txt")]
    (folder / "base.txt").write_text("b==2\n")
    assert environment.wanted(folder, ["pins/a.txt"], (), "3.12") != before


def test_missing_pins_are_left_to_the_installer_to_report(tmp_path: Path) -> None:
    assert environment.wanted(tmp_path, ["gone.txt"], (), "3.12")
    assert environment.installations(tmp_path, ["gone.txt"], (), lambda: OWN) == [("-r", "gone.txt"), OWN]


def test_only_a_finished_installation_counts(tmp_path: Path) -> None:
    assert not environment.is_installed(tmp_path, "stamp")
    environment.forget(tmp_path)
    environment.remember(tmp_path, "stamp")
    assert environment.is_installed(tmp_path, "stamp")
    assert not environment.is_installed(tmp_path, "other")
    environment.forget(tmp_path)
    assert not environment.is_installed(tmp_path, "stamp")
