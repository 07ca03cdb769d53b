"""`inv may-land`: the verdict on a working tree, as its users ask for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from invoke.program import Program

from tests.loop.change import CONFIG, Change
from xptasks.tasks import ns

pytestmark = pytest.mark.pr


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def change(tmp_path: Path) -> Change:
    return Change(tmp_path / "small").begin()


@pytest.fixture
def run(change: Change, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def typed(*words: str) -> Said:
        monkeypatch.chdir(change.project / "app")
        code = 0
        try:
            Program(namespace=ns, version="1").run(["xptasks", "may-land", *words])
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return typed


def test_a_change_that_is_not_committed(change: Change, run: Callable[..., Said]) -> None:
    change.put({"app/more.py": "x = 1\n"})
    assert run() == (0, "the working tree may land, once the gate is green (trunk: main)\n", "")


def test_a_commit(change: Change, run: Callable[..., Said]) -> None:
    change.change({"app/more.py": "x = 1\n"})
    assert run().out == f"{change.head()[:12]} may land, once the gate is green (trunk: main)\n"


def test_the_remotes_trunk_goes_first(change: Change, run: Callable[..., Said]) -> None:
    change.git("update-ref", "refs/remotes/origin/main", "main")
    change.change({"app/more.py": "x = 1\n"})
    change.git("update-ref", "refs/heads/main", "HEAD")
    assert "(trunk: origin/main)" in run().out


def test_what_a_human_has_to_decide(change: Change, run: Callable[..., Said]) -> None:
    change.put({"xpconfig.toml": CONFIG + "max_lines = 400\n"})
    said = run()
    assert said.code == 6
    first, reason, hint = said.out.splitlines()
    assert first == "the working tree needs an approval (trunk: main)"
    assert reason.startswith("xpconfig.toml:13: landing.max_lines: 300 becomes 400: larger changes land by themselves")
    assert reason.endswith(" [config-loosened]")
    assert hint.startswith(
        "  take it back, or land it alone, so that who approves sees nothing else; else let somebody"
    )
    assert hint.endswith("approve this very commit: ann@example.com, ben@example.com")


def test_what_cannot_land_as_json(change: Change, run: Callable[..., Said]) -> None:
    change.put({".xp/cache/x.json": "{}"})
    change.git("add", "--force", ".xp")
    said = run("--json")
    told = json.loads(said.out)
    assert (said.code, told["exit_code"], told["outcome"], told["uncommitted"]) == (1, 1, "rejected", True)
    (reason,) = told["reasons"]
    assert (reason["rule"], reason["file"], reason["line"]) == ("forged-state", ".xp/cache/x.json", None)
    assert reason["hint"] == "git rm -r --cached .xp"


def test_without_a_trunk(change: Change, run: Callable[..., Said]) -> None:
    change.git("branch", "-m", "main", "other")
    said = run()
    assert said.code == 2
    assert said.err.startswith("there is no trunk to land on: neither origin/main nor a branch main\n")


def test_hostile_names_are_one_line(change: Change, run: Callable[..., Said]) -> None:
    change.put({".github/\x1b[31m\nred\udcff.yml": "on: push\n"})
    said = run()
    first, reason, _ = said.out.splitlines()
    assert first.startswith("the working tree needs an approval")
    assert reason.startswith(".github/\\nred\\udcff.yml: this file decides how the gate")


def test_settings_that_are_nested_without_end(change: Change, run: Callable[..., Said]) -> None:
    change.put({"pyproject.toml": f"x = {'[' * 5000}{']' * 5000}\n", "app/setup.cfg": "[mypy]\n"})
    said = run()
    assert said.code == 6
    assert "it cannot be read" in said.out
