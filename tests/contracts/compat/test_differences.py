"""The commands: files, revisions of git, output, and the exit code."""

import json
import subprocess
from pathlib import Path

import pytest

from xptasks.contracts.compat import differences
from xptasks.contracts.compat.sample import body, contract
from xptasks.errors import ExitCode, UsageError
from xptasks.system.change import merge_base

NARROW = {"type": "object", "required": ["a"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository whose trunk has the contract, and whose work tree has another one."""
    path = tmp_path / "contracts" / "openapi.json"
    path.parent.mkdir()
    path.write_text(json.dumps(body({"application/json": {"schema": {"$ref": "more.json#/X"}}})), encoding="utf-8")
    (path.parent / "more.json").write_text(json.dumps({"X": {"type": "object"}}), encoding="utf-8")
    (tmp_path / "new.json").write_text(json.dumps(body({"application/json": {"schema": NARROW}})), encoding="utf-8")
    _git(tmp_path, "init", "-q", "-b", "main")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "one")
    (path.parent / "more.json").write_text(json.dumps({"X": NARROW}), encoding="utf-8")
    return tmp_path


def _git(folder: Path, *words: str) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *name, *words], check=True)


def test_the_merge_base_is_compared_with_the_work_tree(folder: Path) -> None:
    pairs = differences.pairs(["contracts/openapi.json"], "", folder)
    assert pairs == [(f"{merge_base(folder)}:contracts/openapi.json", "contracts/openapi.json")]
    changes = differences.find(pairs, (), folder)
    assert [(change.rule, change.severity) for change in changes] == [("request-required-narrowed", "error")]
    assert str(changes[0].base).startswith(f"{merge_base(folder)}:contracts/more.json:1:")
    assert differences.exit_code(changes) == ExitCode.GATE_FAILED


def test_a_contract_that_is_new_is_compared_with_nothing(folder: Path) -> None:
    (folder / "contracts" / "asyncapi.json").write_text("{}", encoding="utf-8")
    assert differences.pairs(["contracts/asyncapi.json"], "HEAD", folder) == []


def test_any_two_files_can_be_compared(folder: Path) -> None:
    changes = differences.find([("HEAD:contracts/openapi.json", "new.json")], (), folder)
    printed = json.loads(differences.show(changes, json=True))
    assert [change["rule"] for change in printed["changes"]] == ["request-required-narrowed"]
    assert printed["changes"][0]["witness"] == {}
    assert printed["changes"][0]["head"] == f"{folder.as_posix()}/new.json:1:214"
    assert "## Breaking" in differences.show(changes, markdown=True)
    assert "for example: {}" in differences.show(changes)


def test_the_same_contract_twice_has_no_changes(folder: Path) -> None:
    changes = differences.find([("new.json", "new.json")], (), folder)
    assert json.loads(differences.show(changes, json=True)) == {"changes": []}
    assert differences.exit_code(changes) == ExitCode.OK


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("nowhere.json", "there is no file 'nowhere.json'"),
        ("HEAD:nowhere.json", "git has no 'nowhere.json' in 'HEAD'"),
        ("--output=x:new.json", "git has no 'new.json' in '--output=x'"),
        ("v9:new.json", "git has no 'new.json' in 'v9'"),
    ],
)
def test_what_is_not_there_is_said(folder: Path, base: str, message: str) -> None:
    with pytest.raises(UsageError, match="no") as caught:
        differences.find([(base, "new.json")], (), folder)
    assert message in str(caught.value)
    assert sorted(path.name for path in folder.iterdir()) == [".git", "contracts", "new.json"]


def test_profiles_have_names(folder: Path) -> None:
    with pytest.raises(UsageError, match="there is no profile 'wired'"):
        differences.find([("new.json", "new.json")], ("wired",), folder)


def test_kinds_of_contracts_are_not_mixed(folder: Path) -> None:
    (folder / "events.json").write_text(json.dumps({"asyncapi": "3.0.0", "info": contract()["info"]}), encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be compared"):
        differences.find([("new.json", "events.json")], (), folder)
