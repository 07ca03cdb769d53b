import json
from collections.abc import Callable
from pathlib import Path

import pytest

from xptasks.contracts.generation import Outcome, Request, check, generate, languages, main
from xptasks.errors import ExitCode, UsageError

CONTRACT = """
openapi: 3.1.0
info: {title: T, version: "1"}
paths: {}
components:
  schemas:
    Project:
      type: object
      required: [name]
      properties:
        name: {type: string}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "openapi.yaml").write_text(CONTRACT, encoding="utf-8")
    return tmp_path


REQUEST = Request(("openapi.yaml",), {"python": "generated/models.py"})


def _rules(outcome: Outcome) -> list[str]:
    return [finding.rule for finding in outcome.findings]


def test_the_second_time_nothing_is_generated(project: Path) -> None:
    assert generate(project, REQUEST).written == ("generated/models.py",)
    text = (project / "generated/models.py").read_bytes()
    assert generate(project, REQUEST).fresh
    (project / ".xp/generate.json").unlink()
    assert generate(project, REQUEST).written == ()
    assert (project / "generated/models.py").read_bytes() == text


def test_the_text_does_not_depend_on_where_the_project_lies(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "openapi.yaml").write_text(CONTRACT, encoding="utf-8")
    for folder in (project, other):
        generate(folder, REQUEST)
    assert (project / "generated/models.py").read_bytes() == (other / "generated/models.py").read_bytes()


def _delete(project: Path) -> None:
    (project / "generated/models.py").unlink()


def _edit(project: Path) -> None:
    path = project / "generated/models.py"
    path.write_text(path.read_text().replace("name: str", "name: int"))


def _change_contract(project: Path) -> None:
    path = project / "openapi.yaml"
    path.write_text(path.read_text().replace("name: {type: string}", "name: {type: [string, 'null']}"))


@pytest.mark.parametrize(
    ("act", "rule", "said"),
    [
        (_delete, "generate-missing", "is missing"),
        (_edit, "generate-edited", "-    name: int\n+    name: str"),
        (_change_contract, "generate-stale", "-    name: str\n+    name: str | None"),
    ],
)
def test_a_check_says_what_is_wrong_and_changes_nothing(
    project: Path, act: Callable[[Path], None], rule: str, said: str
) -> None:
    generate(project, REQUEST)
    assert check(project, REQUEST).exit_code is ExitCode.OK
    act(project)
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    outcome = check(project, REQUEST)
    assert outcome.exit_code is ExitCode.GATE_FAILED
    assert _rules(outcome) == [rule]
    assert said in outcome.findings[0].message
    assert before == {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    generate(project, REQUEST)
    assert check(project, REQUEST).exit_code is ExitCode.OK


def test_an_unknown_language_is_a_mistake_of_the_command_line(project: Path) -> None:
    with pytest.raises(UsageError, match="no language 'cobol'"):
        generate(project, Request(("openapi.yaml",), {"cobol": "x"}))


def test_trouble_is_told_with_its_place(project: Path) -> None:
    path = project / "openapi.yaml"
    path.write_text(path.read_text().replace("{type: string}", "{type: string, lenght: 3}"))
    outcome = generate(project, REQUEST)
    assert [str(finding.position) for finding in outcome.findings] == ["openapi.yaml:11:9"]
    assert "'lenght' is not known" in outcome.findings[0].message
    assert outcome.exit_code is ExitCode.OK


def test_the_command_line(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(project)
    arguments = ["openapi.yaml", "--out", "python=models.py"]
    assert main([*arguments, "--check"]) == ExitCode.GATE_FAILED
    assert "models.py: error: is missing" in capsys.readouterr().out
    assert main([*arguments, "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["written"] == ["models.py"]
    assert main(["openapi.yaml", "--out", "python"]) == ExitCode.USAGE
    assert main(["missing.yaml", "--out", "python=models.py"]) == ExitCode.USAGE


def test_every_module_of_the_folder_is_a_language() -> None:
    assert "python" in languages()
    assert "settings" not in languages()
