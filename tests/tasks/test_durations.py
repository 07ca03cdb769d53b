"""Durations on the command line: what is none is told in one block, before anything is touched."""

from pathlib import Path

import pytest
from invoke.program import Program

from tests.repository import Repository
from xptasks.tasks import ns


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("deploy-canary", "--wait", "xx"), "--wait"),
        (("deploy-blue-green", "--wait", "xx"), "--wait"),
        (("deploy-follow", "--until", "promoted", "--timeout", "xx"), "--timeout"),
        (("land", "--patience", "xx"), "--patience"),
        (("metrics", "--window", "xx"), "--window"),
        (("history-prune", "--older-than", "xx"), "--older-than"),
        (("tdd", "--limit", "xx"), "--limit"),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else "",
)
def test_what_is_no_duration(
    words: tuple[str, ...],
    option: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    repository = Repository(tmp_path / "small").init("--template=")
    repository.write("xpconfig.toml", 'version = 1\n[project]\nname = "small"\n')
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(repository.path)
    with pytest.raises(SystemExit) as end:
        Program(namespace=ns, version="1").run(["xptasks", *words])
    assert end.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"{option} is no duration: 'xx'\n"
        '  a duration is a number with a unit, for example "500ms", "30s", "5m", "2h" or "1h30m"\n'
    )
    assert not (tmp_path / "state").exists()
