"""`inv demo`, whole: the real repository, gate, queue, proxy and deployments."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from xptasks.drill.theatre import Theatre
from xptasks.errors import UsageError

PROJECT = Path(__file__).parents[2]


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("the only copy")
    with pytest.raises(UsageError, match="none of the demonstration's"):
        Theatre(tmp_path, PROJECT).build()
    assert (tmp_path / "thesis.txt").read_text() == "the only copy"


def test_the_callers_variables_do_not_reach_the_stage(tmp_path: Path) -> None:
    caller = {"XPTASKS_DEPLOY__TARGET": "exec", "GIT_DIR": "/elsewhere", "CI": "1", "PATH": "/bin", "UV_OFFLINE": "1"}
    environ = Theatre(tmp_path, PROJECT, caller).environ
    assert not {"XPTASKS_DEPLOY__TARGET", "GIT_DIR", "CI"} & set(environ)
    assert environ["UV_OFFLINE"] == "1"
    assert environ["XDG_STATE_HOME"] == str(tmp_path / "state")


@pytest.mark.slow
def test_a_good_change_gets_through_and_bad_ones_do_not(tmp_path: Path) -> None:
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    if shutil.which("envoy", path=programs) is None:
        pytest.skip("envoy is not installed: the extra `deploy` brings it")
    done = subprocess.run(
        [sys.executable, "-m", "xptasks", "demo", "--folder", str(tmp_path / "demo"), "--json"],
        cwd=PROJECT,
        env={**os.environ, "PATH": programs},
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["right"]
    assert [each["fate"] for each in told["fared"]] == ["promoted", "rejected", "rolled back"]
    assert "contracts/openapi.yaml" in told["fared"][1]["why"]
    assert told["answers"].get("0", 0) == 0
    left = [each for each in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(each.info["cmdline"] or ())]
    assert not left
