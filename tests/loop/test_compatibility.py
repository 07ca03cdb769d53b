"""The gate over contracts as a step runs it: settings, the places of allowed breaks, a real child."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import QUIET, WITHOUT_GIT, Repository
from xptasks.contracts.compat.sample import body
from xptasks.contracts.settings import AllowedBreak, ContractsSettings
from xptasks.loop import compatibility
from xptasks.loop.releases import Served
from xptasks.results import Outcome, Position, Status
from xptasks.steps import _compatibility

TODAY = dt.date(2026, 11, 22)
ENTRY = AllowedBreak(rule="path-removed", at="GET /a", reason="unused", expires=TODAY)
WRITTEN = 'rule="path-removed"\nat="GET /a"\nreason="unused"\nexpires=2026-11-22\n'
CONFIG = '[contracts]\nopenapi = "api.json"\n'
ALLOW = """
[[contracts.allow]]
rule = "request-required-narrowed"
at = "POST /things"
reason = "nobody left it out"
expires = 2999-01-01
"""
STALE = """
[[contracts.allow]]
rule = "path-removed"
at = "GET /a"
reason = "unused"
expires = 2999-01-01
"""


@pytest.fixture
def project(tmp_path: Path) -> Repository:
    """A project whose contract asks for more than its trunk's."""
    repository = Repository(tmp_path).init()
    repository.write("api.json", json.dumps(body({"application/json": {"schema": {"type": "object"}}})))
    repository.write("xpconfig.toml", CONFIG)
    repository.commit()
    narrow = {"type": "object", "required": ["a"]}
    repository.write("api.json", json.dumps(body({"application/json": {"schema": narrow}})))
    return repository


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f'[[contracts.allow]]\nrule="x"\n\n  [[contracts.allow]]\n{WRITTEN}',
            Position("xpconfig.toml", 4, 5),
        ),
        (
            '[contracts]\nallow = [{rule="path-removed", at="GET /a", reason="unused", expires=2026-11-22}]\n',
            Position("xpconfig.toml", 2, 10),
        ),
        (
            f"[[profiles.ci.contracts.allow]]\n{WRITTEN}",
            Position("xpconfig.toml", 1, 3),
        ),
        ('[contracts]\nallow = "x"\n[profiles]\nci = 1\n', Position("xpconfig.toml")),
    ],
)
def test_an_allowed_break_has_a_place(text: str, expected: Position) -> None:
    assert compatibility.place(ENTRY, text) == expected


def _settings(project: Repository, text: str = "") -> ContractsSettings:
    import tomllib  # noqa: PLC0415

    project.write("xpconfig.toml", CONFIG + text)
    return ContractsSettings.model_validate(tomllib.loads(CONFIG + text)["contracts"])


def test_what_is_out_of_order_is_told_with_its_line(project: Repository) -> None:
    judgement = compatibility.judge(_settings(project, ALLOW + STALE), project.path, today=TODAY)
    (one,) = judgement.changes
    assert one.allowed is not None
    assert str(one.allowed.position) == "xpconfig.toml:4:3"
    assert [str(problem.position) for problem in judgement.problems] == ["xpconfig.toml:10:3"]
    assert judgement.notes == ("2 of 2 allowed breaks are new since merge-base",)


def _run(project: Repository, settings: ContractsSettings) -> Outcome:
    argv = _compatibility.argv(sys.executable, settings)
    folders = ":".join(sys.path)
    done = subprocess.run(
        argv, cwd=project.path, env={**WITHOUT_GIT, **QUIET, "PYTHONPATH": folders}, capture_output=True, check=False
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode(), project.path)


def test_a_child_answers_a_step(project: Repository) -> None:
    reading = _compatibility.read(_run(project, _settings(project)))
    assert reading.status is Status.FAILED
    assert reading.summary == "1 breaks since merge-base"
    (finding,) = reading.findings
    assert (finding.rule, finding.severity) == ("request-required-narrowed", "error")
    assert finding.message == "POST /things: `/a` must be there now"
    assert finding.hint == "for example: {}"
    assert finding.position is not None
    assert (finding.position.file, finding.position.line) == ("api.json", 1)

    reading = _compatibility.read(_run(project, _settings(project, ALLOW)))
    assert reading.status is Status.PASSED
    assert [(each.severity, each.hint) for each in reading.findings] == [("info", "allowed: nobody left it out")]

    reading = _compatibility.read(_run(project, ContractsSettings(openapi="api.json", baseline="v9")))
    assert reading.status is Status.ERROR
    assert reading.summary.startswith("there is neither a file nor a revision 'v9'")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v1:a/b.yaml:3:5", Position("v1:a/b.yaml", 3, 5)),
        ("b.yaml:3:5", Position("b.yaml", 3, 5)),
        ("xpconfig.toml", Position("xpconfig.toml")),
        ("v1:b.yaml", Position("v1:b.yaml")),
        (None, None),
    ],
)
def test_a_position_is_read_as_it_was_written(text: str | None, expected: Position | None) -> None:
    assert _compatibility._position(text) == expected


def test_what_is_deployed_is_a_baseline_of_its_own(project: Repository, tmp_path: Path) -> None:
    tree = tmp_path / "release" / "tree"
    tree.mkdir(parents=True)
    (tree / "api.json").write_text(project.git("show", "HEAD:api.json"))
    (tree / "xpconfig.toml").write_text(CONFIG)
    served = (Served("abc-1", "serving", "abc", dirty=False, tree=tree, contracts=("api.json",)),)
    settings = ContractsSettings(openapi="api.json", baseline=(compatibility.DEPLOYED,))
    judgement = compatibility.judge(settings, project.path, today=TODAY, deployed=lambda: served)
    assert judgement.exit_code() == 1
    assert list(judgement.baselines) == ["abc-1 (serving)"]
    (tree / "api.json").write_text((project.path / "api.json").read_text())
    assert compatibility.judge(settings, project.path, today=TODAY, deployed=lambda: served).exit_code() == 0


def test_what_is_deployed_is_asked_for_only_where_it_counts(project: Repository) -> None:
    def deployed() -> tuple[Served, ...]:
        raise AssertionError

    settings = ContractsSettings(openapi="api.json", baseline=("HEAD",))
    assert compatibility.judge(settings, project.path, today=TODAY, deployed=deployed).exit_code() == 1
    nothing = ContractsSettings(openapi="api.json", baseline=(compatibility.DEPLOYED,))
    assert compatibility.judge(nothing, project.path, today=TODAY).exit_code() == 0
