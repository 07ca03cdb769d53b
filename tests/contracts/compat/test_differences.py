"""What is compared with what, on which terms: files, revisions of git, several baselines, allowed breaks."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.repository import Repository
from xptasks.contracts.compat import differences
from xptasks.contracts.compat.baselines import Baseline, Pair, baselines, matched
from xptasks.contracts.compat.judgement import Judgement
from xptasks.contracts.compat.sample import body, contract
from xptasks.contracts.settings import ContractsSettings
from xptasks.errors import ExitCode, UsageError

TODAY = dt.date(2026, 11, 22)
NARROW = {"type": "object", "required": ["a"]}
HERE = {"openapi": ("contracts/openapi.json",), "asyncapi": ()}
CONFIG = '[contracts]\nopenapi = "contracts/openapi.json"\n'
ALLOWED = {"rule": "request-required-narrowed", "at": "POST /things", "reason": "nobody did", "expires": TODAY}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository whose trunk has the contract, and whose work tree has another one."""
    repository = Repository(tmp_path).init()
    repository.write(
        "contracts/openapi.json", json.dumps(body({"application/json": {"schema": {"$ref": "more.json#/X"}}}))
    )
    repository.write("contracts/more.json", json.dumps({"X": {"type": "object"}}))
    repository.write("new.json", json.dumps(body({"application/json": {"schema": NARROW}})))
    repository.write("xpconfig.toml", CONFIG)
    repository.commit()
    repository.git("tag", "v1")
    repository.write("contracts/more.json", json.dumps({"X": NARROW}))
    return tmp_path


def _compare(folder: Path, *pairs: Pair, **settings: Any) -> Judgement:  # noqa: ANN401
    on = differences.terms(ContractsSettings(**settings), folder, today=TODAY)
    return differences.judge_on([Baseline("base", pairs)], on)


def _since(folder: Path, *names: str, **settings: Any) -> Judgement:  # noqa: ANN401
    on = differences.terms(ContractsSettings(**settings), folder, today=TODAY)
    return differences.judge_on(baselines(names, HERE, folder), on)


def test_the_merge_base_is_compared_with_the_work_tree(folder: Path) -> None:
    judgement = _since(folder, "merge-base")
    changes = [one.change for one in judgement.changes]
    assert [(change.rule, change.severity) for change in changes] == [("request-required-narrowed", "error")]
    revision = Repository(folder).git("rev-parse", "HEAD").strip()
    assert str(changes[0].base).startswith(f"{revision}:contracts/more.json:1:")
    assert judgement.exit_code() == ExitCode.GATE_FAILED


def test_a_contract_that_is_new_is_compared_with_nothing_and_said_to_be(folder: Path) -> None:
    (found,) = baselines(["HEAD"], {"openapi": HERE["openapi"], "asyncapi": ("events.json",)}, folder)
    assert found.pairs == (("HEAD:contracts/openapi.json", "contracts/openapi.json"),)
    assert found.notes == ("events.json is new since HEAD: it is compared with nothing",)


def test_a_contract_cannot_leave_the_configuration_unnoticed(folder: Path) -> None:
    on = differences.terms(ContractsSettings(), folder, today=TODAY)
    judgement = differences.judge_on(baselines(["HEAD"], {}, folder), on)
    assert [(one.change.rule, one.change.at) for one in judgement.changes] == [("contract-removed", "openapi.json")]
    assert judgement.exit_code() == ExitCode.GATE_FAILED


def test_a_contract_that_was_moved_is_compared_with_what_it_was(folder: Path) -> None:
    (found,) = baselines(["v1"], {"openapi": ("new.json",)}, folder)
    assert found.pairs == (("v1:new.json", "new.json"), ("v1:contracts/openapi.json", None))
    (folder / "moved.json").write_text("{}", encoding="utf-8")
    (found,) = baselines(["v1"], {"openapi": ("moved.json",)}, folder)
    assert found.pairs == (("v1:contracts/openapi.json", "moved.json"),)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ab", "ab", ["aa", "bb"]),
        ("a", "b", ["ab"]),
        ("ab", "ac", ["aa", "bc"]),
        ("", "a", ["-a"]),
        ("a", "", ["a-"]),
        ("ab", "c", ["a-", "b-", "-c"]),
    ],
)
def test_which_contract_continues_which(old: str, new: str, expected: list[str]) -> None:
    assert ["".join(side or "-" for side in pair) for pair in matched(list(old), list(new))] == expected


def test_a_baseline_without_a_readable_configuration_has_the_same_contracts(folder: Path) -> None:
    for text in ("[contracts", "contracts = 1", '[contracts]\nopenapi = 1\nallow = "x"'):
        Repository(folder).write("xpconfig.toml", text)
        Repository(folder).commit()
        (found,) = baselines(["HEAD"], HERE, folder)
        assert found.pairs == (("HEAD:contracts/openapi.json", "contracts/openapi.json"),)


def test_a_change_says_which_of_several_baselines_it_concerns(folder: Path) -> None:
    Repository(folder).commit()
    Repository(folder).write("contracts/more.json", json.dumps({"X": {"type": "object", "required": ["a", "b"]}}))
    judgement = _since(folder, "v1", "HEAD")
    told = {one.change.message: one.baselines for one in judgement.changes}
    assert told == {"`/a` must be there now": ("v1",), "`/b` must be there now": ("v1", "HEAD")}
    assert judgement.baselines == ("v1", "HEAD")


def test_any_two_files_can_be_compared(folder: Path) -> None:
    judgement = _compare(folder, ("HEAD:contracts/openapi.json", "new.json"))
    (one,) = judgement.changes
    assert one.change.rule == "request-required-narrowed"
    assert one.change.witness is not None
    assert one.change.witness.instance == {}
    assert str(one.change.head) == f"{folder.as_posix()}/new.json:1:214"


def test_the_same_contract_twice_has_no_changes(folder: Path) -> None:
    judgement = _compare(folder, ("new.json", "new.json"))
    assert judgement == Judgement((), ("base",))
    assert judgement.exit_code() == ExitCode.OK


def test_a_break_that_is_allowed_is_shown_and_does_not_fail(folder: Path) -> None:
    judgement = _since(folder, "HEAD", allow=(ALLOWED,))
    (one,) = judgement.changes
    assert one.change.severity == "error"
    assert one.allowed is not None
    assert one.allowed.reason == "nobody did"
    assert judgement.problems == ()
    assert judgement.exit_code("warning") == ExitCode.OK
    assert judgement.notes == ("1 of 1 allowed breaks are new since HEAD",)


def test_a_permission_that_the_baseline_had_is_not_new(folder: Path) -> None:
    Repository(folder).write(
        "xpconfig.toml", f'{CONFIG}[[contracts.allow]]\nrule = "{ALLOWED["rule"]}"\nat = "{ALLOWED["at"]}"\n'
    )
    Repository(folder).git("commit", "-q", "-m", "allow", "xpconfig.toml")
    assert _since(folder, "HEAD", allow=(ALLOWED,)).notes == ()


def test_a_permission_from_yesterday_fails_and_allows_nothing(folder: Path) -> None:
    judgement = _since(folder, "HEAD", allow=(ALLOWED | {"expires": TODAY - dt.timedelta(days=1)},))
    assert [problem.rule for problem in judgement.problems] == ["allow-expired"]
    assert len(judgement.failing()) == 1
    assert judgement.exit_code() == ExitCode.GATE_FAILED
    assert judgement.exit_code("never") == ExitCode.OK


def test_a_break_that_is_allowed_demands_no_new_version(folder: Path) -> None:
    document = {"openapi": "3.1.0", "info": {"title": "a", "version": "1.0.0"}, "paths": {}}
    old = document | {"paths": {"/a": {"get": {"responses": {"200": {"description": "fine"}}}}}}
    (folder / "old.json").write_text(json.dumps(old), encoding="utf-8")
    (folder / "next.json").write_text(json.dumps(document), encoding="utf-8")
    allowed = {"rule": "path-removed", "at": "GET /a", "reason": "unused", "expires": TODAY}
    pair = ("old.json", "next.json")

    rules = [one.change.rule for one in _compare(folder, pair, version_policy="semver").changes]
    assert sorted(rules) == ["path-removed", "version-major-missing"]
    judgement = _compare(folder, pair, version_policy="semver", allow=(allowed,))
    assert sorted(one.change.rule for one in judgement.changes) == ["path-removed", "version-minor-missing"]


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
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(UsageError, match="no") as caught:
        _compare(folder, (base, "new.json"))
    assert message in str(caught.value)
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize("name", ["v9", "--all", "nowhere.json"])
def test_a_baseline_that_does_not_exist_is_no_green_light(folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match="there is neither a file nor a revision"):
        baselines([name], HERE, folder)


def test_without_a_trunk_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no trunk to compare with"):
        baselines(["merge-base"], HERE, tmp_path)


def test_a_file_is_compared_with_its_namesake(folder: Path) -> None:
    several = {"openapi": ("a/one.json", "b/two.json"), "asyncapi": ("c/three.json",)}
    (found,) = baselines(["old:x/two.json"], several, folder)
    assert found.pairs == (("old:x/two.json", "b/two.json"),)
    with pytest.raises(UsageError, match="it is not clear which contract"):
        baselines(["new.json"], several, folder)


def test_profiles_have_names() -> None:
    assert differences.profiles_named(("source", "wire"), ("client",)) == ("wire", "source")
    assert differences.profiles_named((), ("client",)) == ("client",)
    with pytest.raises(UsageError, match="there is no profile 'wired'"):
        differences.profiles_named(("wired",), ())


def test_kinds_of_contracts_are_not_mixed(folder: Path) -> None:
    (folder / "events.json").write_text(json.dumps({"asyncapi": "3.0.0", "info": contract()["info"]}), encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be compared"):
        _compare(folder, ("new.json", "events.json"))


def test_an_ignore_file_that_is_not_there_is_said(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"the ignore file 'none.txt' cannot be read"):
        _compare(folder, ("new.json", "new.json"), oasdiff_ignore="none.txt")


def test_settings_name_what_is_allowed(raises: Callable[[dict[str, Any]], str]) -> None:
    assert "there is no rule 'path-removd'; did you mean 'path-removed'?" in raises(ALLOWED | {"rule": "path-removd"})
    assert "`inv contract-rules` lists them" in raises(ALLOWED | {"rule": "?"})
    assert "at least 1 character" in raises(ALLOWED | {"reason": ""})


@pytest.fixture
def raises() -> Callable[[dict[str, Any]], str]:
    def message(entry: dict[str, Any]) -> str:
        with pytest.raises(ValueError, match="allow") as caught:
            ContractsSettings(allow=(entry,))
        return str(caught.value)

    return message
