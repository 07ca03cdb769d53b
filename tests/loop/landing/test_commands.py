"""What people and agents ask of the queue, as commands in their clones."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.loop.landing.world import ANN, CONFIG, World

pytestmark = pytest.mark.pr

HUMAN = {"XPTASKS_ACTOR": "human:ann", "GIT_COMMITTER_EMAIL": ANN}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world").begin()


@pytest.mark.slow
def test_a_change_is_queued_and_how_to_follow_it_is_said(world: World) -> None:
    dev = world.clone()
    head = dev.change("ann/fix-it", message="Fix it\n\nBecause it was broken.")
    done = dev.inv("land")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"queued  ann/fix-it ({head[:12]}, place 1): Fix it",
        "follow it: inv land-status --change ann/fix-it, or inv land --wait",
        "no queue runs on this machine; start one with: inv land-queue --detach",
    ]
    again = dev.inv("land", "--json")
    told = json.loads(again.stdout)
    assert (told["id"], told["head"], told["state"], told["position"]) == ("ann/fix-it", head, "queued", 1)
    assert world.run()[0] == 0
    message = world.bare.git("log", "-1", "--format=%B", "main")
    assert message.startswith("Fix it\n\nBecause it was broken.\n\nChange-Id: ann/fix-it\n")
    events = {each["kind"]: each for each in world.events()}
    assert events["change-opened"]["actor"] == events["queued"]["actor"] == "agent:coder"
    assert events["landed"]["change"] == "ann/fix-it"
    assert events["landed"]["actor"] == "machine:queue"
    done = dev.inv("land", "--rev", head, "--change", "ann/fix-it")
    assert (done.returncode, done.stdout.split()[0]) == (0, "landed")


@pytest.mark.parametrize(
    ("files", "code", "says"),
    [
        ({"one.txt": ""}, 0, "landed as"),
        pytest.param({"bad-idea": ""}, 1, "bad-idea is here [bad-idea]", marks=pytest.mark.slow),
        pytest.param({"large.txt": "x\n" * 300}, 6, "waits for a human", marks=pytest.mark.slow),
    ],
)
def test_a_change_is_followed_to_its_end(world: World, files: dict[str, str], code: int, says: str) -> None:
    dev = world.clone()
    dev.change("one", files)
    with world.start() as runner:
        done = dev.inv("land", "--wait")
        runner.terminate()
        runner.communicate(timeout=30)
    assert (done.returncode, says in done.stdout) == (code, True), done.stdout + done.stderr
    assert len(done.stdout.encode()) < 2200
    shown = dev.inv("land-status", "--change", "one")
    assert shown.stdout == done.stdout


@pytest.mark.slow
def test_waiting_has_an_end(world: World) -> None:
    dev = world.clone()
    dev.change("one")
    done = dev.inv("land", "--wait", "--patience", "1s")
    assert done.returncode == 5
    assert "one has not ended after 1s: queued, place 1" in done.stderr


@pytest.mark.slow
def test_waiting_ends_when_the_queue_has_stopped_itself(tmp_path: Path) -> None:
    world = World(tmp_path / "world", CONFIG.replace("equal_failures = 100", "equal_failures = 1")).begin()
    dev = world.clone()
    dev.queue("bad", {"bad-idea": ""})
    assert world.run()[0] == 6
    dev.change("one")
    done = dev.inv("land", "--wait")
    assert done.returncode == 6
    assert "the queue has stopped itself (equal_failures)" in done.stderr


@pytest.mark.slow
def test_a_change_that_becomes_another_one_is_told(world: World) -> None:
    dev, other = world.clone(), world.clone("other")
    dev.change("one")
    process = subprocess.Popen(
        [sys.executable, "-m", "xptasks", "land", "--wait"],
        cwd=dev.path, env=dev.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        while "queue/one" not in world.refs():
            time.sleep(0.05)
        other.change("one", {"other.txt": ""})
        assert other.inv("land").returncode == 2
        assert other.inv("land", "--replace").returncode == 0
        _, error = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "one is another commit by now" in error


@pytest.mark.slow
def test_what_is_not_committed_is_not_landed_unless_that_is_meant(world: World) -> None:
    dev = world.clone()
    head = dev.change("one")
    dev.write("half-done.txt", "x\n")
    refused = dev.inv("land")
    assert refused.returncode == 2
    assert "the working tree holds something that is not committed" in refused.stderr
    assert world.refs() == []
    assert dev.inv("land", "--dirty", "--json").returncode == 0
    assert dev.inv("land", "--rev", head, "--change", "two").returncode == 0
    assert (dev.path / "half-done.txt").read_text() == "x\n"
    assert world.refs() == ["queue/one", "queue/two"]


def test_without_a_branch_the_name_comes_from_the_title(world: World) -> None:
    dev = world.clone()
    dev.git("checkout", "-q", "main")
    head = dev.add({"one.txt": ""}, message="Mend the Ümläut, at last!")
    done = dev.inv("land", "--json")
    assert json.loads(done.stdout)["id"] == f"mend-the-ml-ut-at-last-{head[:8]}"


def test_several_commits_are_listed(world: World) -> None:
    dev = world.clone()
    dev.change("one", message="First\n\nTest-First: no, because it moves things")
    dev.add({"two.txt": ""}, message="Second")
    dev.inv("land", "--title", "Both", "--label", "a", "--label", "b")
    (queued,) = world.remote.queue(world.remote.look())
    assert (queued.title, queued.body, queued.labels) == ("Both", "- First\n- Second", ("a", "b"))


@pytest.mark.slow
def test_a_label_that_holds_a_change(world: World) -> None:
    dev = world.clone()
    dev.change("one")
    done = dev.inv("land", "--label", "hold")
    assert done.returncode == 0
    assert "it will wait: the label 'hold' keeps the change from landing" in done.stdout
    assert world.run()[0] == 6
    assert dev.inv("land").returncode == 0
    assert world.run()[0] == 0
    assert world.subjects() == ["one"]


@pytest.mark.slow
def test_only_a_verdict(world: World) -> None:
    dev = world.clone()
    dev.change("one")
    assert (dev.inv("land", "--check").returncode, world.refs()) == (0, [])
    dev.add({"large.txt": "x\n" * 300})
    done = dev.inv("land", "--check")
    assert done.returncode == 6
    assert "needs approval" in done.stdout
    told = json.loads(dev.inv("land", "--check", "--json").stdout)
    assert (told["outcome"], told["reasons"][0]["rule"]) == ("needs approval", "size")


def test_what_can_never_land_is_not_queued(world: World) -> None:
    dev = world.clone()
    dev.git("checkout", "-q", "--orphan", "other")
    dev.add({"one.txt": ""})
    done = dev.inv("land")
    assert done.returncode == 1
    assert "has no commit in common with the trunk" in done.stdout
    assert world.refs() == []


@pytest.mark.slow
def test_what_waits_and_what_has_ended(world: World) -> None:
    dev = world.clone()
    assert "nothing waits, and nothing has ended" in dev.inv("land-status").stdout
    dev.queue("bad", {"bad-idea": ""})
    dev.queue("good")
    world.run()
    dev.queue("later")
    said = dev.inv("land-status").stdout
    assert re.search(r"^queued  later \(\w{12}, place 1\): later$", said, re.MULTILINE)
    assert re.search(r"^landed as \w{12}  good ", said, re.MULTILINE)
    assert re.search(r"^rejected  bad .*\n  check failed on main", said, re.MULTILINE)
    told = json.loads(dev.inv("land-status", "--json").stdout)
    assert [each["state"] for each in told["changes"]] == ["queued", "landed", "rejected"]
    assert told["runner"] is None
    assert dev.inv("land-status", "--change", "nobody").returncode == 2


@pytest.mark.slow
def test_a_change_that_is_withdrawn_by_a_human_is_an_intervention(world: World) -> None:
    dev = world.clone()
    dev.queue("one")
    assert dev.inv("land-withdraw", "--change", "one", environ=HUMAN).returncode == 0
    assert dev.inv("land-withdraw", "--change", "one").returncode == 2
    assert world.run()[0] == 0
    (found,) = [each for each in world.events() if each["kind"] == "intervention"]
    assert (found["data"]["intervention"], found["actor"], found["change"]) == ("withdraw", "human:ann", "one")
    dev.git("push", "-q", "origin", "one:refs/xp/queue/one")
    assert world.run()[0] == 0
    assert world.subjects() == ["one"]


@pytest.mark.slow
def test_humans_who_step_in_are_counted(world: World) -> None:
    """A commit on top of an agent's, and the same red change queued again."""
    dev = world.clone()
    dev.change("one")
    dev.add({"two.txt": ""}, author=ANN)
    dev.git("push", "-q", "origin", "HEAD:refs/xp/queue/one")
    dev.change("bad", {"bad-idea": ""}, author=ANN)
    dev.git("push", "-q", "origin", "HEAD:refs/xp/queue/bad")
    world.run()
    dev.git("push", "-q", "origin", "bad:refs/xp/queue/bad")
    runs = len(world.gated())
    assert world.run()[0] == 0
    assert len(world.gated()) > runs  # what the gate said before does not count
    found = [each for each in world.events() if each["kind"] == "intervention"]
    assert sorted((each["data"]["intervention"], each["actor"], each["change"]) for each in found) == [
        ("commit", "human:ann", "one"),
        ("rerun", "human:ann", "bad"),
    ]
    queued = [each for each in world.events() if each["kind"] == "queued" and each["change"] == "bad"]
    assert sorted(each["data"]["again"] for each in queued) == [False, True]


def test_another_forge_has_no_queue_of_ours(tmp_path: Path) -> None:
    world = World(tmp_path / "world", CONFIG.replace("[landing]", '[landing]\nforge = "github"')).begin()
    done = world.clone().inv("land-queue", "--once")
    assert done.returncode == 2
    assert "has no queue of ours" in done.stderr


@pytest.mark.slow
def test_trouble_is_told_and_never_a_traceback(world: World, tmp_path: Path) -> None:
    dev = world.clone()
    dev.change("one")
    dev.git("remote", "set-url", "origin", str(tmp_path / "nowhere.git"))
    for words in (("land",), ("land-status",), ("land-queue", "--once"), ("land-withdraw", "--change", "one")):
        done = dev.inv(*words)
        assert done.returncode == 3, (words, done.stderr)
        assert "Traceback" not in done.stderr
        assert "nowhere.git" in done.stderr or "origin cannot be reached" in done.stderr
    dev.git("remote", "remove", "origin")
    for words in (("land",), ("land-queue", "--once")):
        assert dev.inv(*words).returncode == 3
