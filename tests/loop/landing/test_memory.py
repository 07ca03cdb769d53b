import json
from pathlib import Path

import pytest

from xptasks.landing.queue import Ran
from xptasks.loop.landing.memory import Memory, Said

GREEN, RED = Said(Ran("green"), "/logs/1"), Said(Ran("red", frozenset({"a", "b"})), "/logs/2", ("x",))


def test_it_survives_a_restart(tmp_path: Path) -> None:
    memory = Memory.load(tmp_path / "memory.json")
    memory.add("c", RED)
    memory.add("c", GREEN)
    memory.alone["key"] = [RED]
    memory.waiting = {"x": "v"}
    memory.recorded = "l"
    memory.save()
    assert Memory.load(tmp_path / "memory.json") == memory
    assert memory.runs("c") == (RED.ran, GREEN.ran)
    assert memory.last("c", "red") == RED
    assert memory.last("c", "broken") is None
    assert memory.runs("d") == ()
    memory.forget("c", "d")
    assert Memory.load(tmp_path / "memory.json").runs("c") == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps({"said": [], "alone": {}, "recorded": "", "waiting": {}}),
        json.dumps({"said": {"c": [["purple", [], "", []]]}, "alone": {}, "recorded": "", "waiting": {}}),
        json.dumps({"said": {"c": [["red"]]}, "alone": {}, "recorded": "", "waiting": {}}),
    ],
)
def test_nonsense_is_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "memory.json").write_text(text)
    memory = Memory.load(tmp_path / "memory.json")
    assert (memory.said, memory.alone, memory.waiting, memory.recorded) == ({}, {}, {}, "")


def test_a_full_disk_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Memory(tmp_path / "file" / "memory.json").add("c", GREEN)


def test_old_commits_are_forgotten(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory.json")
    for number in range(400):
        memory.said[str(number)] = [GREEN]
    memory.save()
    kept = Memory.load(tmp_path / "memory.json").said
    assert len(kept) < 400
    assert "399" in kept


def test_a_result_is_read_where_it_was_kept(tmp_path: Path) -> None:
    said = Said(Ran("red"), str(tmp_path))
    assert said.run == {}
    (tmp_path / "last-run.json").write_text('{"exit_code": 1}')
    assert said.run == {"exit_code": 1}
    (tmp_path / "last-run.json").write_text("[]")
    assert said.run == {}
