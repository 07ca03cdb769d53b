"""The tasks about GitHub as a user calls them: in a process of their own, against the fake GitHub."""

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.github.world import Check
from tests.landing.github.conftest import TOKEN, WORKFLOW, Place
from tests.landing.github.conftest import place as place  # noqa: PLC0414 - a fixture
from tests.landing.github.test_failures import RED
from xptasks import config
from xptasks.config.settings import Config
from xptasks.loop.landing import github as loop

pytestmark = pytest.mark.pr  # a process for each command

TOOLS = Path(__file__).parents[3] / "tools"


def inv(place: Place, *words: str, config: str = "", **environ: str) -> tuple[int, str, str]:
    place.clone.write("tasks.py", "from xptasks.tasks import ns\n")
    place.clone.write(
        "xpconfig.toml",
        config
        or 'version = 1\n[project]\nname = "projects"\nsources = ["."]\n[tiers.pr]\nsteps = ["lint"]\n'
        f'[landing]\nforge = "github"\n[landing.github]\napi = "{place.github.url}"\ntoken = "env:TOKEN"\n'
        'repository = "example/projects"\n',
    )
    done = subprocess.run(
        [sys.executable, "-m", "invoke", *words], cwd=place.clone.path, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TOOLS), "LC_ALL": "C.UTF-8", "TOKEN": TOKEN, **environ},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_the_doctor(place: Place) -> None:
    code, out, _ = inv(place, "github-doctor")
    assert code == 0
    assert "main requires gate" in out
    place.world.rules = []
    code, out, _ = inv(place, "github-doctor", "--json")
    assert code == 1
    assert {"guard"} == {point["name"] for point in json.loads(out)["points"] if point["verdict"] == "wrong"}
    place.world.token = "another"
    code, _, error = inv(place, "github-doctor")
    assert code == 3
    assert "the token env:TOKEN is wrong, expired or revoked" in error
    assert inv(place, "github-doctor", TOKEN="")[0] == 3


@pytest.mark.slow
def test_failures_and_statuses(place: Place) -> None:
    place.clone.write("found/a/last-run.json", json.dumps(RED))
    assert inv(place, "report-failures", "--folder", "found", "--dry-run")[1].startswith("opened #new: nightly: tests")
    assert place.world.issues == {}
    code, out, _ = inv(place, "report-failures", "--folder", "found", "--json")
    assert code == 0
    (number,) = place.world.issues
    assert json.loads(out)["issues"][0]["number"] == number
    code, _, error = inv(place, "report-run")
    assert code == 2
    assert "run a tier first" in error
    place.clone.write("found/a/last-run.json", json.dumps({**RED, "commit": place.head()}))
    assert inv(place, "report-run", "--folder", "found")[:2] == (0, f"1 statuses of {place.head()[:12]}\n")


@pytest.mark.slow
def test_the_history(place: Place) -> None:
    place.forge().submit(place.change())
    assert inv(place, "history-github", "--since", "9999d")[:2] == (0, "2 events\n")
    code, _, error = inv(place, "history-github", "--since", "yesterday")
    assert code == 2
    assert "yesterday" in error


def test_a_workflow_says_itself_which_repository_it_is_in(place: Place) -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "example/projects", "GITHUB_API_URL": place.github.url}
    place.clone.write("tasks.py", "from xptasks.tasks import ns\n")
    text = 'version = 1\n[project]\nname = "projects"\nsources = ["."]\n[tiers.pr]\nsteps = ["lint"]\n'
    place.clone.write("xpconfig.toml", text)
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "github-doctor"], cwd=place.clone.path, capture_output=True, text=True,
        check=False, stdin=subprocess.DEVNULL, timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TOOLS), "GITHUB_TOKEN": TOKEN, **environ},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "env:GITHUB_TOKEN is coder-bot" in done.stdout


def trunk_with_rules(place: Place) -> None:
    """A trunk with a configuration, and a change of its own branch."""
    inv(place, "ci-pins")  # writes the configuration
    place.clone.commit()
    place.clone.git("push", "-q", "origin", "main")
    place.clone.git("switch", "-q", "-c", "feature")


def test_a_change_lands_by_a_command(place: Place) -> None:
    trunk_with_rules(place)
    place.clone.write("app.py", "x = 2\n")
    place.clone.commit()
    code, out, error = inv(place, "land")
    assert code == 0, out + error
    assert out.startswith("testing  feature (")
    (pull,) = place.world.pulls.values()
    assert pull.labels == ["auto-merge"]
    assert pull.armed
    place.world.check(place.world.tip("feature"), Check("gate"))
    assert inv(place, "land-status", "--change", "feature")[1].startswith("landed as ")
    assert inv(place, "land-status")[1].startswith("landed as ")


@pytest.mark.slow
def test_what_the_rules_do_not_let_land_is_proposed_and_waits(place: Place) -> None:
    trunk_with_rules(place)
    place.clone.write(".github/workflows/autonomous.yml", WORKFLOW + "\n# more\n")
    place.clone.commit()
    code, out, error = inv(place, "land")
    assert code == 6, out + error
    (pull,) = place.world.pulls.values()
    assert (pull.labels, pull.armed) == ([], None)
    assert "it will wait: " in out
    pull.reviews = [("ann", "APPROVED", place.head())]
    assert inv(place, "land")[0] == 6  # nobody named ann an approver
    assert pull.armed is None


@pytest.mark.slow
def test_what_is_red_is_told_with_the_exit_code(place: Place) -> None:
    trunk_with_rules(place)
    place.clone.write("app.py", "x = 2\n")
    place.clone.commit()
    place.world.checks[place.head()] = {"gate": Check("gate", "FAILURE")}
    code, out, _ = inv(place, "land", "--wait", "--json")
    assert code == 1
    assert json.loads(out)["reason"] == "red: gate\ngate (https://github.example/logs/gate)"
    assert inv(place, "land-withdraw", "--change", "feature")[1].startswith("withdrawn  feature")


def test_a_comment_says_what_changes_for_clients(place: Place) -> None:
    contract = {"openapi": "3.0.3", "info": {"title": "x", "version": "1"}, "paths": {}}
    place.clone.write("contracts/openapi.json", json.dumps(contract))
    inv(place, "ci-pins")
    file = place.clone.path / "xpconfig.toml"
    text = f'{file.read_text()}[contracts]\nopenapi = "contracts/openapi.json"\n'
    place.clone.write("xpconfig.toml", text)
    place.clone.commit()
    place.clone.git("push", "-q", "origin", "main")
    place.clone.git("switch", "-q", "-c", "feature")
    answers = {"200": {"description": "fine"}}
    contract["paths"] = {"/health": {"get": {"operationId": "health", "responses": answers}}}
    place.clone.write("contracts/openapi.json", json.dumps(contract))
    place.clone.commit()
    loaded = config_of(place)
    note = loop.contract_note(place.clone.path, loaded, dt.date(2026, 11, 2))
    assert note.startswith("# Changes of the contract\n\n## Added\n\n### GET /health")
    place.clone.git("switch", "-q", "main")
    assert loop.contract_note(place.clone.path, loaded, dt.date(2026, 11, 2)) == ""


def config_of(place: Place) -> Config:
    return config.load(place.clone.path, environ={}).config
