import math
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from xptasks.results import Command, Finding, Measurement, Position, Reading, Status, StepResult
from xptasks.tiers import cache, fingerprint

FOUND = Finding("odd", "R1", "warning", Position("a.py", 3, 4), "mend it")
READING = Reading(Status.PASSED, "12 passed", (FOUND, Finding("plain")), (Measurement("coverage", 91.5, "percent"),))
RESULT = StepResult("unit", READING, seconds=2.5, cpu_seconds=4.0, log="log", rerun="nox")


def kept(folder: Path, *keys: str) -> cache.Cache:
    store = cache.Cache(folder)
    for age, key in enumerate(keys):
        store.keep("unit", key, asdict(RESULT))
        os.utime(folder / "unit" / f"{key}.json", (1000 + age, 1000 + age))
    return store


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    found = kept(tmp_path, "k").find("unit", "k")
    assert found == StepResult("unit", READING, seconds=2.5, cpu_seconds=4.0, cached=True)


@pytest.mark.parametrize(("step", "key"), [("unit", "other"), ("lint", "k")])
def test_another_key_or_step_is_no_hit(step: str, key: str, tmp_path: Path) -> None:
    assert kept(tmp_path, "k").find(step, key) is None


def test_what_is_forgotten_is_gone(tmp_path: Path) -> None:
    store = kept(tmp_path, "a", "b")
    store.forget("unit", "a")
    store.forget("unit", "never kept")
    assert store.find("unit", "a") is None
    assert store.find("unit", "b") is not None


def test_what_was_used_least_goes_first(tmp_path: Path) -> None:
    store = kept(tmp_path, *(f"k{number}" for number in range(32)))
    assert store.find("unit", "k0") is not None  # used: it is the newest now
    store.keep("unit", "new", asdict(RESULT))
    assert len(list((tmp_path / "unit").iterdir())) == 32
    assert store.find("unit", "k1") is None
    assert store.find("unit", "k0") is not None


def test_how_long_a_step_took(tmp_path: Path) -> None:
    assert kept(tmp_path, "a").seconds("unit") == 2.5
    assert kept(tmp_path, "a").seconds("lint") == math.inf


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = cache.Cache(tmp_path / "file")
    store.keep("unit", "k", asdict(RESULT))
    store.forget("unit", "k")
    assert store.find("unit", "k") is None
    assert store.seconds("unit") == math.inf


BASE = {
    "files": {"a.py": ("100644", "1")},
    "environ": {"PATH": "/usr/bin", "LANG": "C"},
    "installed": ["tool-1.0.dist-info 1 "],
    "python": "/usr/bin/env",
    "project": Path("/p"),
    "options": "{}",
}
COMMAND = Command(("tool", "--flag"), env={"A": "1"}, hints={"ORDER": "1"})


def key(step: str = "unit", command: Command = COMMAND, **changes: object) -> str:
    return cache.key(step, command, **{**BASE, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"step": "lint"},
        {"command": Command(("tool", "--flags"), env={"A": "1"})},
        {"command": Command(("tool --flag",), env={"A": "1"})},
        {"command": Command(("tool", "--flag"), env={"A": "2"})},
        {"files": {"a.py": ("100755", "1")}},
        {"files": {"a.py": ("100644", "2")}},
        {"files": {"b.py": ("100644", "1")}},
        {"files": {}},
        {"environ": {"PATH": "/usr/bin"}},
        {"environ": {"PATH": "/usr/bin", "LANG": "D"}},
        {"installed": []},
        {"python": "/bin/sh"},
        {"options": '{"a":1}'},
    ],
    ids=str,
)
def test_everything_counts(changes: dict[str, object]) -> None:
    assert key(**changes) != key()  # type: ignore[arg-type]


def test_hints_and_the_order_of_values_do_not_count() -> None:
    other = Command(("tool", "--flag"), env={"A": "1"}, hints={"ORDER": "2"})
    assert key(command=other, environ={"LANG": "C", "PATH": "/usr/bin"}) == key()


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_a_program_of_another_content_or_age(size: int, tmp_path: Path) -> None:
    program = tmp_path / "tool"
    program.write_bytes(b"a" * size)
    before = fingerprint.program("tool", f"/nowhere:{tmp_path}", "/")
    program.write_bytes(b"b" * size)
    assert fingerprint.program("tool", f"/nowhere:{tmp_path}", "/") != before
    assert before != fingerprint.program("tool", "/nowhere", "/") == "missing"


def test_a_program_is_found_as_the_child_would_find_it(tmp_path: Path) -> None:
    for folder in ("one", "two", "dir/tool"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("one/tool", "two/tool"):
        (tmp_path / name).write_text(name)
    search = f"{tmp_path}/dir:{tmp_path}/two:{tmp_path}/one"
    assert fingerprint.program("tool", search, "/").startswith(f"{tmp_path}/two/tool ")
    assert fingerprint.program("./one/tool", search, str(tmp_path)).startswith(f"{tmp_path}/one/tool ")
    assert fingerprint.program(f"{tmp_path}/one/tool", "", "/x").startswith(f"{tmp_path}/one/tool ")
