"""The commands of the generated workflows, run as the runner runs them."""

import itertools
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ci.runner import Runner
from tests.delivery.drivers.conftest import SERVICE
from tests.repository import Repository
from xptasks.ci import delivering, github, reading
from xptasks.loop import workflows
from xptasks.system import machine

HERE = Path(__file__).parents[2]
PYTHON = str(Path(sys.executable).parent / "python")
OURS = {"PYTHONPATH": str(HERE / "tools")}
CALLS = f"""
[ci]
setup = [["{PYTHON}", "-c", "pass"]]
nox = ["{PYTHON}", "-m", "nox"]
inv = ["{PYTHON}", "-m", "xptasks"]
"""
SMALL = f"""
version = 1
[project]
name = "small"
python = ["3.11", "3.12"]
[tiers.pr]
budget = "2m"
steps = ["check"]
[tiers.nightly]
steps = ["check"]
[steps.check]
run = ["python", "check.py"]
{CALLS}
"""


@pytest.fixture
def small(tmp_path: Path) -> Runner:
    repository = Repository(tmp_path / "small").init()
    repository.write("xpconfig.toml", SMALL)
    repository.write("noxfile.py", "from xptasks import sessions\n\nsessions.register()\n")
    repository.write("check.py", "print('checked')\n")
    repository.write(".gitignore", ".xp/\n.nox/\n")
    repository.commit()
    workflows.generate(repository.path)
    (tmp_path / "runner").mkdir()
    return Runner(repository.path, tmp_path / "runner", environ=OURS)


@pytest.mark.pr
@pytest.mark.parametrize(
    ("event", "context", "tier"),
    [
        ("pull_request", {}, "pr"),
        ("schedule", {"github.event.schedule": "17 2 * * *"}, "nightly"),
        ("workflow_dispatch", {"inputs.tier": "nightly"}, "nightly"),
    ],
)
def test_the_plan_gives_a_matrix(small: Runner, event: str, context: dict[str, str], tier: str) -> None:
    small.context = context
    small.environ = {**OURS, "GITHUB_EVENT_NAME": event}
    assert small.job(github.FILE, "plan") == 0, small.said
    rows = json.loads(small.output("matrix"))["include"]
    assert [(row["tier"], row["python"]) for row in rows] == [(tier, "3.11"), (tier, "3.12")]


@pytest.mark.pr
def test_a_plan_for_an_unknown_schedule_is_red_and_gives_nothing(small: Runner) -> None:
    small.context = {"github.event.schedule": "0 0 * * *"}
    small.environ = {**OURS, "GITHUB_EVENT_NAME": "schedule"}
    assert small.job(github.FILE, "plan") == 2
    assert "no tier runs at '0 0 * * *'" in small.said[-1]
    with pytest.raises(StopIteration):
        small.output("matrix")


def test_what_an_event_holds_is_no_command(small: Runner, tmp_path: Path) -> None:
    evil = f'"; touch {tmp_path}/owned; echo "$(touch {tmp_path}/owned)'
    small.context = {"inputs.tier": evil}
    small.environ = {**OURS, "GITHUB_EVENT_NAME": "workflow_dispatch"}
    assert small.job(github.FILE, "plan") == 2
    assert not (tmp_path / "owned").exists()


RESULTS = ("success", "failure", "cancelled", "skipped")


@pytest.mark.parametrize(("plan", "gate"), [*itertools.product(RESULTS, RESULTS)])
def test_the_verdict_is_green_only_if_all_are(small: Runner, plan: str, gate: str) -> None:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed; GitHub's machines have it")
    found = {"plan": {"result": plan, "outputs": {"matrix": "success"}}, "gate": {"result": gate, "outputs": {}}}
    small.context = {"toJSON(needs)": json.dumps(found, indent=2)}
    green = (plan, gate) == ("success", "success")
    assert (small.job(github.FILE, github.REQUIRED) == 0) is green
    assert small.said[-1].splitlines()[:2] == [f"plan: {plan}", f"gate: {gate}"]


@pytest.mark.parametrize("text", ["{}", "", "null", '{"gate": null}', "no JSON"])
def test_a_verdict_about_nothing_is_red(small: Runner, text: str) -> None:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed; GitHub's machines have it")
    small.context = {"toJSON(needs)": text}
    assert small.job(github.FILE, github.REQUIRED) != 0


@pytest.mark.slow
@pytest.mark.parametrize(("check", "code", "status"), [("pass", 0, "passed"), ("exit(1)", 1, "failed")])
def test_the_gate_runs_the_tier_and_leaves_its_results(small: Runner, check: str, code: int, status: str) -> None:
    """With an environment that Nox makes and installs into, as on a machine that is new."""
    (small.project / "check.py").write_text(check, encoding="utf-8")
    small.context = {"matrix.tier": "pr"}
    small.environ = {}
    assert small.job(github.FILE, "gate") == code, small.said
    assert json.loads((small.project / ".xp/last-run.json").read_text())["status"] == status
    assert all((small.project / name).is_file() for name in github.RESULTS)
    assert f"### pr: {status}" in (small.scratch / "github_step_summary").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_gate_of_this_repository_runs_in_a_clone(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "clone")
    repository.path.mkdir()
    repository.git("clone", "-q", "--no-hardlinks", str(HERE), ".")
    workflows.generate(repository.path)
    (tmp_path / "runner").mkdir()
    runner = Runner(repository.path, tmp_path / "runner", {"matrix.tier": "fast"})
    code = runner.job(github.FILE, "gate")
    last: dict[str, Any] = json.loads((repository.path / ".xp/last-run.json").read_text(encoding="utf-8"))
    assert {step["step"] for step in last["steps"]} >= {"lint", "ci", "unit"}
    assert code == min(last["exit_code"], 1), runner.said[-1][-2000:]


def deployed(runner: Runner) -> dict[str, Any]:
    parsed = reading.parse((runner.project / delivering.FILE).read_text(encoding="utf-8"), delivering.FILE)
    assert list(parsed.jobs) == ["canary", "observe", "promote"]
    (runner.scratch / "status.yml").write_text(
        f'jobs:\n  status:\n    steps:\n      - run: "{PYTHON} -m xptasks deploy-status --json"\n', encoding="utf-8"
    )
    shutil.copy(runner.scratch / "status.yml", runner.project / ".xp-status.yml")
    assert runner.job(".xp-status.yml", "status") == 0
    told: dict[str, Any] = json.loads(runner.said[-1].splitlines()[0])
    return told


TINY = f"""
version = 1
[project]
name = "tiny"
sources = ["web"]
[service]
command = ["python", "-m", "web", "{{port}}"]
[deploy]
requirements = ["requirements.txt"]
drain_timeout = "2s"
stages = [{{ weight = 50, hold = "1s" }}, {{ weight = 100, hold = "500ms" }}]
analysis = {{ min_requests = 0 }}
[probes.health]
kind = "health"
[tiers.fast]
steps = ["lint"]
{CALLS}
[ci.deploy]
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Runner]:
    if machine.find("envoy") is None:
        pytest.skip("envoy is not installed (extra `deploy`)")
    repository = Repository(tmp_path / "tiny").init()
    before = "NAME, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])\n"
    after = f"from web.name import NAME\n\nPORT, FOLDER = int(sys.argv[1]), Path({str(tmp_path)!r})\n"
    repository.write("web/__main__.py", SERVICE.read_text(encoding="utf-8").replace(before, after))
    repository.write("web/__init__.py", "")
    repository.write("web/name.py", 'NAME = "one"\n')
    repository.write("requirements.txt", "")
    repository.write("xpconfig.toml", TINY)
    repository.write(".gitignore", ".xp*\n*.log\n")
    repository.commit()
    workflows.generate(repository.path)
    (tmp_path / "runner").mkdir()
    environ = {**OURS, "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    runner = Runner(repository.path, tmp_path / "runner", environ=environ)
    try:
        yield runner
    finally:
        (repository.path / ".xp-down.yml").write_text(
            f'jobs:\n  down:\n    steps:\n      - run: "{PYTHON} -m xptasks deploy-down"\n', encoding="utf-8"
        )
        assert runner.job(".xp-down.yml", "down") == 0, runner.said[-1]


def commit(runner: Runner, name: str) -> None:
    repository = Repository(runner.project)
    repository.write("web/name.py", f'NAME = "{name}"\n')
    repository.commit()
    runner.environ = {**runner.environ, "GITHUB_SHA": repository.git("rev-parse", "HEAD").strip()}


def deliver(runner: Runner) -> None:
    for job in ("canary", "observe", "promote"):
        assert runner.job(delivering.FILE, job) == 0, runner.said[-1]


@pytest.mark.slow
def test_a_delivery_goes_through_its_jobs_and_outlives_each_of_them(tiny: Runner) -> None:
    commit(tiny, "one")
    deliver(tiny)
    commit(tiny, "two")
    assert tiny.job(delivering.FILE, "canary") == 0, tiny.said[-1]
    told = deployed(tiny)
    assert sorted(told["split"].values()) == [50, 50]
    assert told["watcher"]
    assert tiny.job(delivering.FILE, "observe") == 0, tiny.said[-1]
    assert sorted(deployed(tiny)["split"].values()) == [50, 50]  # it waits for its promotion, whoever needs how long
    assert tiny.job(delivering.FILE, "promote") == 0, tiny.said[-1]
    told = deployed(tiny)
    assert told["split"] == {told["serving"]: 100}
    assert told["deployment"]["outcome"] == "promoted"
    deliver(tiny)  # once more: it serves already
    assert tiny.job(github.FILE, "rollback") == 0
    assert "nothing to take back: it is promoted" in tiny.said[-1]


@pytest.mark.slow
def test_a_cancelled_delivery_is_taken_back_by_the_rollback(tiny: Runner) -> None:
    commit(tiny, "one")
    deliver(tiny)
    good = deployed(tiny)["serving"]
    commit(tiny, "two")
    assert tiny.job(delivering.FILE, "canary") == 0, tiny.said[-1]
    assert tiny.job(github.FILE, "rollback") == 0, tiny.said[-1]
    told = deployed(tiny)
    assert told["split"] == {good: 100}
    assert told["deployment"]["outcome"] == "rolled back"
    assert tiny.job(delivering.FILE, "observe") == 1  # the next job sees it, too
