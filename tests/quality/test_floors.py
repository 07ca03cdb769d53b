"""The file of the floors: its form, and that nothing is lost when many write."""

import subprocess
import sys
from pathlib import Path

import pytest

from xptasks.errors import ConfigError
from xptasks.quality import floors, ratchets
from xptasks.quality.ratchets import Floor, Floors
from xptasks.quality.settings import RatchetSettings

PROCESSES, UPDATES = 8, 500
RULE = RatchetSettings(start=0, target=1_000_000, step=1)


def test_the_form_of_the_file() -> None:
    known = {"coverage:app/api": Floor(90.5, "2026-W47"), "b": Floor(2.0), "a": Floor(1.0, "x")}
    text = floors.render(known)
    assert text.splitlines()[-8:] == [
        "[floors]",
        "a = 1.0",
        "b = 2.0",
        '"coverage:app/api" = 90.5',
        "",
        "[windows]",
        'a = "x"',
        '"coverage:app/api" = "2026-W47"',
    ]
    assert floors.parse(text) == known
    assert text.startswith("# The floors of the ratchets.")


@pytest.mark.parametrize("text", ["", "floors = 1", "[floors]\na = true_\n", '[floors]\na = "x"\n', "<<<<<<< HEAD\n"])
def test_a_file_that_we_did_not_write(text: str, tmp_path: Path) -> None:
    (tmp_path / "generated").mkdir()
    (tmp_path / floors.NAME).write_text(text)
    with pytest.raises(ConfigError, match="these are no floors") as caught:
        floors.read(tmp_path)
    assert caught.value.where == floors.NAME
    assert "git checkout" in (caught.value.hint or "")


def test_no_file_means_no_floors(tmp_path: Path) -> None:
    assert floors.read(tmp_path) == {}


def test_nothing_is_written_when_nothing_changes(tmp_path: Path) -> None:
    floors.update(tmp_path, lambda _: {"a": Floor(1)})
    before = (tmp_path / floors.NAME).stat().st_mtime_ns
    assert floors.update(tmp_path, lambda known: known) == ({"a": Floor(1)}, {"a": Floor(1)})
    assert (tmp_path / floors.NAME).stat().st_mtime_ns == before


def raise_often(project: Path, number: int, updates: int) -> None:
    """Move one floor that everybody moves, and one of its own."""
    for turn in range(updates):

        def move(known: Floors, window: str = f"{number}-{turn}") -> Floors:
            names = ("shared", f"own{number}")
            moves = [ratchets.tighten(name, RULE, known.get(name), 1_000_000, window) for name in names]
            return ratchets.raised(known, [each for each in moves if each])

        floors.update(project, move)


@pytest.mark.parametrize(("processes", "updates"), [(3, 8), pytest.param(PROCESSES, UPDATES, marks=pytest.mark.slow)])
def test_many_writers_lose_nothing(processes: int, updates: int, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.quality.test_floors import raise_often;"
        "raise_often(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))"
    )
    here = Path(__file__).parents[2]
    environ = {"PYTHONPATH": f"{here / 'tools'}:{here}", "PATH": ""}
    words = [sys.executable, "-c", code, str(tmp_path)]
    running = [subprocess.Popen([*words, str(number), str(updates)], env=environ) for number in range(processes)]
    assert [each.wait() for each in running] == [0] * processes
    known = floors.read(tmp_path)
    assert known["shared"].value == processes * updates
    assert {known[f"own{number}"].value for number in range(processes)} == {updates}
