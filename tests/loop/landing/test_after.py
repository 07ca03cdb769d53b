"""What follows a landing: floors rise, permissions go, what landed is deployed, and what is bad is taken back."""

import contextlib
import random
import signal
from pathlib import Path

import pytest

from tests.loop.landing import deployer
from tests.loop.landing.world import CONFIG, World, until
from xptasks.landing.forge.local import LocalForge
from xptasks.landing.ledger import What

pytestmark = pytest.mark.pr

AFTER = CONFIG + '[landing.after]\ndeploy = "canary"\nrevert = true\n'
OURS = {What.DEPLOYED, What.PROMOTED, What.ROLLED_BACK, What.DEPLOY_FAILED}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world", AFTER).begin()


def queue(world: World, name: str, files: dict[str, str | None] | None = None) -> str:
    dev = world.clone()
    dev.git("fetch", "-q", "origin")
    return dev.queue(name, files)


def deployments(world: World) -> list[tuple[str, str]]:
    """What was done about deployments, with the change that was deployed."""
    return [(str(entry.what), entry.change) for entry in world.entries() if entry.what in OURS]


def test_what_has_landed_is_deployed(world: World) -> None:
    queue(world, "one")
    queue(world, "two")
    code, said = world.run()
    assert code == 0, said
    assert deployments(world) == [("deployed", "two"), ("promoted", "two")]
    entry = world.entries()[-1]
    assert entry.commit == world.remote.look().trunk
    assert entry.data["release"] == entry.commit[:10]
    (words,) = (world.folder / "deployed.log").read_text().splitlines()
    assert words == f"xptasks deploy-canary --rev {entry.commit} --wait 1h --json"
    assert world.run()[0] == 0  # it is not deployed again
    assert len(deployments(world)) == 2


def test_a_profile_is_passed_on(tmp_path: Path) -> None:
    world = World(tmp_path / "world", AFTER + '[profiles.demo]\nlanding.poll = "50ms"\n').begin()
    queue(world, "one")
    assert world.run("--profile", "demo")[0] == 0
    assert (world.folder / "deployed.log").read_text().rstrip().endswith("--profile demo")


def test_without_it_nothing_is_deployed(tmp_path: Path) -> None:
    world = World(tmp_path / "world").begin()
    queue(world, "one")
    world.run()
    assert deployments(world) == []


@pytest.mark.slow
def test_the_queue_does_not_wait_for_a_deployment_and_the_newest_wins(world: World) -> None:
    queue(world, "first", {"wait-deploy": str(world.folder / "go")})
    with world.start() as runner:
        until(lambda: deployments(world) == [("deployed", "first")])
        queue(world, "one", {"wait-deploy": None, "one.txt": ""})
        until(lambda: "one" in world.subjects())
        queue(world, "two")
        until(lambda: "two" in world.subjects())
        assert deployments(world) == [("deployed", "first")]
        (world.folder / "go").touch()
        until(lambda: len(deployments(world)) == 4)
        runner.terminate()
        runner.communicate(timeout=30)
    assert deployments(world) == [
        ("deployed", "first"),
        ("promoted", "first"),
        ("deployed", "two"),
        ("promoted", "two"),
    ]


@pytest.mark.slow
def test_a_release_that_cannot_be_built_is_told_and_not_tried_again(world: World) -> None:
    queue(world, "one", {"no-build": ""})
    code, said = world.run()
    assert code == 0, said
    assert "cannot be deployed: the release cannot be built: no-build" in said
    assert deployments(world) == [("deployed", "one"), ("deploy-failed", "one")]
    queue(world, "two", {"no-build": None, "two.txt": ""})
    assert world.run()[0] == 0
    assert deployments(world)[2:] == [("deployed", "two"), ("promoted", "two")]


def test_what_is_rolled_back_is_taken_back_on_the_trunk(world: World) -> None:
    queue(world, "good")
    assert world.run()[0] == 0
    queue(world, "a-bit-bad", {"a-bit-bad.txt": ""})
    queue(world, "bad", {"roll-back-x": ""})
    code, said = world.run()
    assert code == 0, said
    assert "roll-back-x: 5xx" in said
    assert world.subjects() == ["good", "a-bit-bad", "bad", "Revert 'bad'"]
    assert sorted(world.files()) == [".gitignore", "good.txt", "xpconfig.toml"]
    bad = world.mark("landed", "bad").target
    back = world.mark("landed", f"revert-{bad[:12]}")
    assert back.data["reverts"] == "a-bit-bad"
    for name in ("bad", "a-bit-bad"):  # both were told that they have landed
        standing = LocalForge(world.remote).standing(name)
        assert standing.state == "landed"
        assert standing.taken_back.splitlines()[:2] == [
            "its release was rolled back: roll-back-x: 5xx",
            f"revert-{bad[:12]} has taken it back",
        ]
        assert f"git cherry-pick {world.mark('landed', name).target}" in standing.taken_back
    assert LocalForge(world.remote).standing("good").taken_back == ""
    assert {each.id for each in LocalForge(world.remote).standings() if each.taken_back} == {"bad", "a-bit-bad"}
    assert deployments(world)[2:] == [
        ("deployed", "bad"),
        ("rolled-back", "bad"),
        ("deployed", f"revert-{bad[:12]}"),
        ("promoted", f"revert-{bad[:12]}"),
    ]
    assert world.run()[0] == 0
    assert len(world.subjects()) == 4
    queue(world, "a-bit-bad", {"a-bit-bad.txt": "again"})  # under its name, as it was told
    assert world.run()[0] == 0
    assert LocalForge(world.remote).standing("a-bit-bad").state == "landed"
    assert LocalForge(world.remote).standing("a-bit-bad").taken_back == ""


def by_hand(world: World, commit: str) -> None:
    """Deployed before there was a queue: the ledger knows nothing of it."""
    journal = world.folder / "host" / "xptasks" / "small" / "local" / "journal.db"
    journal.parent.mkdir(parents=True)
    with contextlib.chdir(world.folder):
        assert deployer.main(commit, journal) == 0


def test_the_first_that_lands_is_taken_back_to_what_was_deployed_by_hand(world: World) -> None:
    by_hand(world, str(world.remote.look().trunk))
    queue(world, "bad", {"roll-back-x": ""})
    code, said = world.run()
    assert code == 0, said
    assert world.subjects() == ["bad", "Revert 'bad'"]


def test_where_nothing_is_known_to_go_back_to_it_is_said(world: World) -> None:
    by_hand(world, "f" * 40)  # of a clone that was never pushed
    queue(world, "bad", {"roll-back-x": ""})
    code, said = world.run()
    assert code == 0, said
    assert world.subjects() == ["bad"]
    bad = world.mark("landed", "bad").target[:12]
    assert f"{bad} stays on the trunk, since nobody knows a commit of the trunk that served before it" in said
    assert f"inv land --revert {bad}" in said


@pytest.mark.slow
def test_what_landed_since_stays_when_a_release_is_taken_back(world: World) -> None:
    queue(world, "good")
    world.run()
    queue(world, "bad", {"roll-back-x": "", "wait-deploy": str(world.folder / "go")})
    with world.start() as runner:
        until(lambda: ("deployed", "bad") in deployments(world))
        queue(world, "later")
        until(lambda: "later" in world.subjects())
        (world.folder / "go").touch()
        until(lambda: deployments(world)[-1][0] == "promoted" and len(deployments(world)) == 6)
        runner.terminate()
        said, _ = runner.communicate(timeout=30)
    assert world.subjects()[2] == "later", said
    assert sorted(world.files()) == [".gitignore", "good.txt", "later.txt", "xpconfig.toml"]


@pytest.mark.slow
def test_what_takes_something_back_is_never_taken_back(tmp_path: Path) -> None:
    """Even a revert is rolled back: the trunk stays as it is, and the third time somebody is asked."""
    world = World(tmp_path / "world", AFTER).begin()
    queue(world, "good")
    world.run()
    queue(world, "bad", {"roll-back-x": "", "good.txt": None})
    assert world.run()[0] == 0
    bad = world.mark("landed", "bad").target
    # the revert itself is now given up by the watcher
    deployer.give_up(world.folder / "host" / "xptasks" / "small" / "local" / "journal.db", "health")
    code, said = world.run()
    assert code == 0, said
    assert "stays on the trunk, since it takes something back itself" in said
    assert world.subjects()[-1] == "Revert 'bad'"
    assert deployments(world)[-1] == ("rolled-back", f"revert-{bad[:12]}")


@pytest.mark.slow
def test_what_the_watcher_gives_up_later_is_taken_back_too(world: World) -> None:
    queue(world, "good")
    world.run()
    queue(world, "bad")
    world.run()
    journal = world.folder / "host" / "xptasks" / "small" / "local" / "journal.db"
    deployer.give_up(journal, "health failed 3 times")
    code, said = world.run()
    assert code == 0, said
    assert "rolled back" in said
    assert "health failed 3 times" in said
    assert world.subjects() == ["good", "bad", "Revert 'bad'"]


@pytest.mark.slow
def test_rollbacks_open_the_breaker_and_a_human_closes_it(tmp_path: Path) -> None:
    config = AFTER.replace("equal_failures = 100", "equal_failures = 100\nrollbacks_per_day = 2")
    world = World(tmp_path / "world", config).begin()
    queue(world, "good")
    world.run()
    for name in ("bad", "worse"):
        queue(world, name, {f"roll-back-{name}": ""})
        code, said = world.run()
    assert code == 6, said
    assert "the queue has stopped itself (rollbacks_per_day): 2 rollbacks within a day" in said
    assert "inv land-resume" in said
    queue(world, "waits")
    assert world.run(host="another")[0] == 6  # whoever runs it, wherever
    assert "waits" not in world.subjects()
    dev = world.clone()
    assert "stopped   2 rollbacks" in dev.inv("land-status").stdout
    assert dev.inv("land-resume").returncode == 6  # an agent
    done = dev.inv("land-resume", environ={"XPTASKS_ACTOR": "human:ann"})
    assert done.returncode == 0, done.stderr
    code, said = world.run()
    assert code == 0, said
    assert "waits" in world.subjects()
    kinds = [each["kind"] for each in world.events()]
    assert "breaker-opened" in kinds
    assert "breaker-closed" in kinds
    assert ("breaker", "human:ann") in [
        (each["data"]["intervention"], each["actor"]) for each in world.events() if each["kind"] == "intervention"
    ]
    assert dev.inv("land-resume").returncode == 0  # there is nothing to resume


@pytest.mark.slow
def test_too_many_deployments_open_the_breaker_before_the_next_one(tmp_path: Path) -> None:
    config = AFTER.replace("equal_failures = 100", "equal_failures = 100\ndeploys_per_hour = 2")
    world = World(tmp_path / "world", config).begin()
    for name in ("one", "two", "three"):
        queue(world, name)
        code, said = world.run()
    assert code == 6, said
    assert [what for what, _ in deployments(world)].count("deployed") == 2


def test_equal_failures_open_the_breaker(tmp_path: Path) -> None:
    world = World(tmp_path / "world", CONFIG.replace("equal_failures = 100", "equal_failures = 3")).begin()
    for name in ("1", "2", "3", "4"):
        queue(world, name, {"bad-idea": "x\n"})
    code, said = world.run()
    assert code == 6, said
    assert "3 rejections in a row for the same reason" in said
    assert world.refs("refs/xp/queue/") == ["queue/4"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_kills_lose_no_deployment_and_no_revert(world: World, seed: int) -> None:
    """Runners die at random questions to git while a bad release is deployed, rolled back and taken back."""
    chance = random.Random(seed)  # noqa: S311
    queue(world, "good")
    world.run()
    queue(world, "bad", {"roll-back-x": ""})
    for _ in range(15):
        environ = {"KILL_AT": str(chance.randint(1, 150)), **({"KILL_AFTER": "1"} if chance.random() < 0.5 else {})}
        with world.start("--once", environ=environ) as runner:
            runner.communicate(timeout=60)
        assert runner.returncode in {0, -signal.SIGKILL}
    assert world.run()[0] == 0
    assert world.subjects() == ["good", "bad", "Revert 'bad'"]
    whats = [what for what, _ in deployments(world)]
    assert whats == ["deployed", "promoted", "deployed", "rolled-back", "deployed", "promoted"]


# -- commits of the queue's own --------------------------------------------------------------------------------------

RATCHET = CONFIG + '[ratchets.coverage]\nstart = 50\ntarget = 90\nstep = 5\nevery = "pr"\n'


def test_floors_rise_after_a_landing_once(tmp_path: Path) -> None:
    world = World(tmp_path / "world", RATCHET).begin()
    queue(world, "one", {"one.txt": "", "covered": "80"})
    code, said = world.run()
    assert code == 0, said
    assert "Tighten ratchets: coverage 50 -> 55" in said
    assert world.subjects() == ["one", "Tighten ratchets: coverage 50 -> 55"]
    assert "coverage = 55.0" in world.bare.git("show", "main:generated/ratchets.toml")
    assert world.remote.look().refs["refs/xp/gated/main"] == world.remote.look().trunk
    runs = len(world.gated())
    assert world.run()[0] == 0
    assert len(world.subjects()) == 2
    assert len(world.gated()) == runs
    (moved,) = [each for each in world.events() if each["kind"] == "ratchet"]
    assert (moved["data"]["before"], moved["data"]["after"]) == (50, 55)
    queue(world, "two", {"two.txt": ""})
    world.run()
    assert world.subjects()[2:] == ["two", "Tighten ratchets: coverage 55 -> 60"]


@pytest.mark.slow
def test_floors_go_back_with_what_earned_them(tmp_path: Path) -> None:
    config = RATCHET + '[landing.after]\ndeploy = "canary"\nrevert = true\n'
    world = World(tmp_path / "world", config).begin({"covered": "80"})
    queue(world, "good")
    world.run()
    before = world.bare.git("show", "main:generated/ratchets.toml")
    queue(world, "bad", {"roll-back-x": "", "bad.txt": ""})
    code, said = world.run()
    assert code == 0, said
    assert "roll-back-x" not in world.files()
    subjects = world.subjects()
    assert subjects[-3].startswith("Put the floors back to those of")
    assert subjects[-2] == "Revert 'bad'"
    assert subjects[-1].startswith("Tighten ratchets")
    assert "coverage = 55" in before


OPENAPI = """\
openapi: 3.1.0
info: {title: x, version: 1.0.0}
paths:
  /a: {get: {operationId: a, responses: {"200": {description: ok}}}}
"""


@pytest.mark.slow
def test_a_permission_goes_once_its_break_has_landed(tmp_path: Path) -> None:
    contracts = '[contracts]\nopenapi = "openapi.yaml"\n'
    world = World(tmp_path / "world", CONFIG + contracts).begin({"openapi.yaml": OPENAPI})
    allow = contracts + (
        '[[contracts.allow]]\nrule = "response-status-removed"\nat = "GET /z"\n'
        'reason = "nobody asks for it"\nexpires = 2099-01-01\n'
    )
    human = {"GIT_COMMITTER_EMAIL": "ann@example.com", "XPTASKS_ACTOR": "human:ann"}
    queue(world, "one", {"xpconfig.toml": CONFIG + "# mine\n" + allow, "one.txt": ""})
    world.run()
    if "one" not in world.subjects():
        assert world.clone("ann").inv("land-approve", "--change", "one", environ=human).returncode == 0
        code, said = world.run()
        assert code == 0, said
    assert world.subjects() == ["one", "Take out 1 permissions that nothing needs any more"]
    text = world.bare.git("show", "main:xpconfig.toml")
    assert "contracts.allow" not in text
    assert "# mine" in text
    assert 'openapi = "openapi.yaml"' in text
    assert world.remote.look().refs["refs/xp/gated/main"] == world.remote.look().trunk
