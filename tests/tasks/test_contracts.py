"""The commands that compare contracts, as their users type them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from invoke.program import Program

from tests.repository import Repository
from xptasks.contracts.compat.sample import OK, contract
from xptasks.tasks import ns

GET = {"get": {"responses": OK}}
TWO, ONE = contract(paths={"/a": GET, "/b": GET}), contract(paths={"/a": GET})
CONFIG = 'version = 1\n[project]\nname = "small"\n[contracts]\nopenapi = "api/openapi.json"\n'


class Said(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """In a folder below a project whose contract has lost a path."""
    repository = Repository(tmp_path).init()
    repository.write("xpconfig.toml", CONFIG)
    repository.write("api/openapi.json", json.dumps(TWO))
    repository.commit()
    repository.git("tag", "v1")
    repository.write("api/openapi.json", json.dumps(ONE))
    for name in ("CI", "XPTASKS_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def typed(*words: str) -> Said:
        monkeypatch.chdir(tmp_path / "api")
        code = 0
        try:
            Program(namespace=ns, version="1").run(["xptasks", *words])
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return typed


def test_a_lost_path_fails_and_is_named(run: Run) -> None:
    said = run("diff-contracts")
    assert said.code == 1
    assert "error: GET /b: the path was removed without deprecation [path-removed]" in said.out
    assert run("diff-contracts", "--fail-on", "never").code == 0


def test_json_is_short_for_a_format(run: Run) -> None:
    said = run("diff-contracts", "--json", "--base", "v1", "--base", "HEAD")
    assert said == run("diff-contracts", "--format", "json", "--base", "v1", "--base", "HEAD")
    (change,) = json.loads(said.out)["changes"]
    assert (change["rule"], change["severity"], change["baselines"]) == ("path-removed", "error", ["v1", "HEAD"])


def test_files_are_named_from_where_the_user_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "api" / "ignore.txt").write_text("GET /b api path removed without deprecation\n", encoding="utf-8")
    said = run("diff-contracts", "--oasdiff-ignore", "ignore.txt", "--format", "html", "--output", "out/page.html")
    assert said.code == 0
    assert said.out == ""
    assert "in an ignore file of oasdiff" in (tmp_path / "api" / "out" / "page.html").read_text(encoding="utf-8")


def test_an_allowed_break_passes_and_a_leftover_fails(run: Run, tmp_path: Path) -> None:
    entry = '[[contracts.allow]]\nrule = "path-removed"\nat = "GET /b"\nreason = "unused"\nexpires = 2999-01-01\n'
    (tmp_path / "xpconfig.toml").write_text(CONFIG + entry, encoding="utf-8")
    assert run("diff-contracts").code == 0
    (tmp_path / "xpconfig.toml").write_text(CONFIG + entry + entry.replace("/b", "/c"), encoding="utf-8")
    said = run("diff-contracts")
    assert said.code == 1
    assert "xpconfig.toml:11:3: error: nothing needs the permission for path-removed at 'GET /c'" in said.out


def test_any_two_files_are_compared_without_a_project(run: Run, tmp_path: Path) -> None:
    (tmp_path / "api" / "old.json").write_text(json.dumps(TWO), encoding="utf-8")
    assert run("diff", "old.json", "openapi.json").code == 1
    assert run("diff", "openapi.json", "old.json", "--format", "markdown").out.startswith("# Changes of the contract")
    assert run("diff", "openapi.json", "old.json").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("diff-contracts", "--format", "yaml"), "there is no format 'yaml'"),
        (("diff-contracts", "--fail-on", "info"), "--fail-on cannot be 'info'"),
        (("diff-contracts", "--base", "v9"), "there is neither a file nor a revision 'v9'"),
        (("diff-contracts", "--profile", "wired"), "there is no profile 'wired'"),
        (("diff", "openapi.json", "none.json"), "there is no file 'none.json'"),
        (("diff", "openapi.json", "openapi.json", "--oasdiff-ignore", "none"), "the ignore file 'none' cannot be read"),
        (("contract-rules", "--rule", "path-remove"), "there is no rule 'path-remove'"),
    ],
)
def test_what_cannot_be_understood_is_exit_code_2(words: tuple[str, ...], message: str, run: Run) -> None:
    said = run(*words)
    assert said.code == 2
    assert message in said.err
    assert said.out == ""


def test_one_rule_is_explained(run: Run) -> None:
    assert run("contract-rules", "--rule", "path-removed").out.startswith("path-removed (operation, none;")
