"""The queue as a process, on real bare remotes: what lands, what does not, and what is said about it."""

import json
import re
from pathlib import Path

import pytest

from tests.loop.landing.world import ANN, CONFIG, World, said_until, until
from xptasks.landing import rejection

pytestmark = pytest.mark.pr

SIZE = CONFIG.replace('steps = ["check"]', 'steps = ["check", "size"]')


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world").begin()


def test_changes_land_together_by_one_run(world: World) -> None:
    dev = world.clone()
    for name in ("one", "two", "three"):
        dev.queue(name)
    code, said = world.run()
    assert code == 0, said
    world.check(["one", "two", "three"])
    assert world.gated() == [""]
    tested = re.search(r"testing 3 changes \((\w+), (\w+), (\w+)\) on main", said)
    assert tested
    (kept,) = world.folder.rglob("logs/*/gate.log")
    assert f"the gate has run for {' '.join(tested.groups())}\n" in kept.read_text()
    log = world.bare.git("log", "-1", "--format=%an <%ae>, %cn%n%B", "main")
    assert log.startswith("coder <coder@agents.example>, xptasks\n")
    assert re.search(r"\n\nChange-Id: \w+\nLanded-By: machine:queue\n", log)
    mark = world.mark("landed", "one")
    assert mark.data["head"] == dev.git("rev-parse", "one").strip()
    assert (mark.data["lines"], mark.data["method"], mark.data["automatic"]) == (1, "squash", True)


def test_with_merges_the_commits_of_a_change_stay(tmp_path: Path) -> None:
    world = World(tmp_path / "world", CONFIG.replace("[landing]", '[landing]\nmethod = "merge"')).begin()
    world.clone().queue("one")
    world.run()
    assert world.bare.git("log", "--first-parent", "--format=%s", "main").split("\n")[0] == "Merge one"
    assert len(world.bare.git("rev-parse", "main^@").split()) == 2


def test_an_empty_queue_is_no_work(world: World) -> None:
    assert world.run()[0] == 0
    assert world.gated() == []
    assert world.refs() == []


# -- what is bad -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "bad", "most"), [(4, 2, 6), (16, 5, 9), pytest.param(32, 20, 11, marks=pytest.mark.slow)]
)
def test_one_bad_change_is_found_and_the_others_land(world: World, size: int, bad: int, most: int) -> None:
    dev, names = world.clone(), [f"change-{number:02}" for number in range(size)]
    for name in names:
        dev.queue(name, {f"{name}.txt": "x\n"} if name != names[bad] else {"bad-file": "x\n"})
    code, said = world.run()
    assert code == 0, said
    world.check([name for name in names if name != names[bad]], [names[bad]])
    assert len(world.gated()) <= most


def test_files_that_the_gate_leaves_behind_are_named(world: World) -> None:
    world.clone().queue("one", {"litter": "small.egg-info/ a b c\n"})
    assert world.run()[0] == 0
    mark = world.mark("rejected", "one")
    assert mark.data["rule"] == "run-commit"
    first, second, *_ = mark.text.splitlines()
    assert "small.egg-info/, a, b and 1 more not in it [run-commit]" in first
    assert second.startswith("  ignore them in .gitignore: small.egg-info/, a, b and 1 more; `git status` shows them")


def test_a_rejection_is_something_to_act_on(world: World) -> None:
    head = world.clone().queue("one", {"bad-idea": "x\n"})
    assert world.run()[0] == 0
    mark = world.mark("rejected", "one")
    assert mark.target == head
    assert mark.data["rule"] == "gate"
    lines = mark.text.splitlines()
    assert re.fullmatch(r"check failed on main \(\w{12}\) with this change, twice, and not without it", lines[0])
    assert lines[1:3] == ["check failed: check", "  bad-idea is here [bad-idea]"]
    assert Path(lines[3].removeprefix("logs: ").partition(" on ")[0]).is_dir()
    assert lines[4] == (
        "next: git fetch origin && git rebase origin/main, then `nox -s pr -- check`; mend it, commit, `inv land`"
    )
    assert len(mark.text.encode()) < rejection.MOST
    (entry,) = world.entries()
    assert (entry.what, entry.change, entry.data["fingerprint"]) == ("rejected", "one", "check bad-idea")
    assert len(world.gated()) == 3  # the change, the trunk that nobody had tested yet, the change again


def test_two_that_clash_the_later_one_goes(world: World) -> None:
    dev = world.clone()
    for number, name in enumerate(["clash-a-1", "fine", "clash-a-2", "good"]):
        dev.queue(f"{number}", {name: "x\n", f"{number}.txt": ""})
    world.run()
    world.check(["0", "1", "3"], ["2"])


def test_a_flaky_gate_kicks_nobody_out(world: World) -> None:
    dev = world.clone()
    dev.queue("one")
    dev.queue("two", {"flaky-test": "x\n", "two.txt": ""})
    code, said = world.run()
    assert code == 0
    world.check(["one", "two"])
    assert "the same commit was red and green: the gate is flaky" in said
    (flake,) = [each for each in world.events() if each["kind"] == "flake"]
    assert (flake["data"]["step"], flake["data"]["test"], flake["data"]["tier"]) == ("check", "flaky-test", "pr")
    assert sorted(flake["data"]["runs"].values()) == ["failed", "passed"]


def test_conflicts_with_the_trunk_are_rejected_at_once(world: World) -> None:
    dev = world.clone()
    dev.queue("one", {"a.txt": "one\n", "b.txt": "one\n"})
    world.run()
    dev.queue("two", {"a.txt": "two\n", "b.txt": "two\n"})
    world.run()
    mark = world.mark("rejected", "two")
    assert mark.data["rule"] == "conflict"
    assert mark.text.splitlines()[1:3] == ["  a.txt", "  b.txt"]
    assert "git rebase origin/main" in mark.text
    assert len(world.gated()) == 1


def test_a_conflict_with_one_that_never_lands_is_none(world: World) -> None:
    dev = world.clone()
    dev.queue("one", {"bad-a": "x\n", "a.txt": "one\n"})
    dev.queue("two", {"two.txt": "x\n", "a.txt": "two\n"})
    world.run()
    world.check(["two"], ["one"])


def test_what_is_nothing_to_land(world: World) -> None:
    dev = world.clone()
    head = dev.queue("one")
    world.run()
    dev.git("push", "-q", "origin", f"{head}:refs/xp/queue/again", f"{head}^:refs/xp/queue/old")
    assert world.run()[0] == 0
    assert world.mark("rejected", "again").data["rule"] == "nothing"
    assert world.mark("rejected", "old").data["rule"] == "nothing"


def test_hostile_refs_are_rejected_and_harm_nobody(world: World) -> None:
    dev = world.clone()
    dev.queue("good")
    head, tree = dev.git("rev-parse", "HEAD").strip(), dev.git("rev-parse", "HEAD^{tree}").strip()
    long = "x" * 160
    refs = [f"{tree}:refs/xp/queue/tree", f"{head}:refs/xp/queue/{long}", f"{head}:refs/xp/queue/--exec=x"]
    refs += [f"{head}:refs/xp/queue/$(reboot)", f"{head}:refs/xp/queue/a\u202eb"]
    dev.git("push", "-q", "origin", *refs)
    code, said = world.run()
    assert code == 0, said
    assert world.subjects() == ["good"]
    assert world.refs("refs/xp/queue/") == []
    assert world.mark("rejected", "tree").data["rule"] == "no-commit"
    assert world.mark("rejected", long).data["rule"] == "name"
    assert world.mark("rejected", "a\u202eb").data["rule"] == "name"
    assert "\u202e" not in said


# -- whose fault it is not -------------------------------------------------------------------------------------------


def test_what_the_gate_cannot_run_with_waits_for_a_human(world: World) -> None:
    dev = world.clone()
    dev.queue("one")
    head = dev.queue("two", {"broken-gate": "x\n"})
    dev.queue("three")
    code, said = world.run()
    assert code == 6, said
    assert world.subjects() == ["one", "three"]
    mark = world.mark("held", "two")
    assert (mark.target, mark.data["needs"]) == (head, "gate")
    assert "the gate cannot run on main" in mark.text
    assert world.refs("refs/xp/queue/") == ["queue/two"]
    runs = len(world.gated())
    assert world.run()[0] == 6  # it is not tried again
    assert len(world.gated()) == runs
    dev.queue("two")  # a new state of it is
    assert world.run()[0] == 0
    assert world.subjects() == ["one", "three", "two"]
    assert world.refs("refs/xp/held/") == []


@pytest.mark.parametrize(
    "file", ["crash", *(pytest.param(file, marks=pytest.mark.slow) for file in ("broken-gate", "silent-gate"))]
)
def test_while_the_gate_cannot_run_on_the_trunk_nobody_is_to_blame(tmp_path: Path, file: str) -> None:
    world = World(tmp_path / "world").begin({file: "x\n"})
    dev = world.clone()
    dev.queue("one")
    code, said = world.run()
    assert code == 3, said
    assert "the gate cannot run, not even on the trunk alone" in said
    assert world.refs() == ["queue/one"]


@pytest.mark.slow
def test_a_gate_that_takes_too_long_is_ended_and_rejects_nobody(tmp_path: Path) -> None:
    config = CONFIG.replace('budget = "60s"', 'budget = "1s"').replace('patience = "60s"', 'patience = "500ms"')
    world = World(tmp_path / "world", config).begin()
    world.clone().queue("one", {"slow": "60"})
    code, _ = world.run()
    assert code == 6
    assert world.mark("held", "one").data["needs"] == "gate"


def test_a_red_trunk_blames_nobody_and_what_mends_it_lands(tmp_path: Path) -> None:
    world = World(tmp_path / "world").begin({"bad-trunk": "x\n"})
    dev = world.clone()
    dev.queue("one")
    code, said = world.run()
    assert code == 6, said
    assert "main is red, and nothing in the queue mends it" in said
    assert world.refs() == ["queue/one"]
    dev.queue("mend", {"bad-trunk": None, "mend.txt": ""})
    assert world.run()[0] == 0
    world.check(["mend", "one"])
    assert world.subjects() == ["mend", "one"]


# -- what the trunk's rules say --------------------------------------------------------------------------------------


def test_a_large_change_waits_for_an_approval(world: World) -> None:
    dev, ann = world.clone(), world.clone("ann")
    ann.environ |= {"GIT_COMMITTER_EMAIL": ANN, "GIT_COMMITTER_NAME": "Ann"}
    head = dev.queue("large", {"large.txt": "x\n" * 300})
    dev.queue("small")
    assert world.run()[0] == 6
    assert world.subjects() == ["small"]
    mark = world.mark("held", "large")
    assert (mark.data["needs"], mark.data["rule"], mark.target) == ("approval", "size", head)
    assert "`inv land-approve --change large`" in mark.text.splitlines()[-1]
    assert [each["data"]["intervention"] for each in world.events() if each["kind"] == "intervention"] == ["review"]
    refused = ann.inv("land-approve", "--change", "large")
    assert refused.returncode == 6
    assert "only a human approves" in refused.stderr
    done = ann.inv("land-approve", "--change", "large", environ={"XPTASKS_ACTOR": "human:ann"})
    assert done.returncode == 0, done.stderr
    assert world.run()[0] == 0
    assert world.subjects() == ["small", "large"]
    assert "Approved-by: ann@example.com" in world.bare.git("log", "-1", "--format=%B", "main")
    assert world.mark("landed", "large").data["reviewed"] is True
    assert world.refs("refs/xp/approved/") == []


def test_an_approval_of_another_state_does_not_count(world: World) -> None:
    dev, ann = world.clone(), world.clone("ann")
    human = {"GIT_COMMITTER_EMAIL": ANN, "XPTASKS_ACTOR": "human:ann"}
    dev.queue("large", {"large.txt": "x\n" * 300})
    ann.inv("land-approve", "--change", "large", environ=human)
    dev.queue("large", {"large.txt": "y\n" * 300})
    assert world.run()[0] == 6
    assert world.subjects() == []


def test_steps_about_one_change_never_see_several_as_one(tmp_path: Path) -> None:
    """Each of the changes is looked at as it lands on those before it; together they are tested without these steps."""
    world = World(tmp_path / "world", SIZE + "[steps.size]\nmax_lines = 300\n").begin()
    dev = world.clone()
    for name in ("one", "large", "two"):
        dev.queue(name, {f"{name}.txt": "", f"{name}-file": "x\n"})
    code, said = world.run()
    assert code == 0, said
    world.check(["one", "two"], ["large"])
    assert "large-file is too large [size]" in world.mark("rejected", "large").text
    assert sorted(world.gated()) == ["", "check", "size", "size", "size", "size"]  # the first: is it the trunk's fault?


def test_on_a_red_trunk_nobody_is_to_blame_for_a_step_about_his_change_either(tmp_path: Path) -> None:
    world = World(tmp_path / "world", SIZE).begin({"bad-trunk": "x\n", "large-always": ""})
    dev = world.clone()
    dev.queue("one")
    dev.queue("two", {"large-two": ""})
    code, said = world.run()
    assert code == 6, said
    assert world.refs("refs/xp/queue/") == ["queue/one", "queue/two"]
    assert world.refs("refs/xp/rejected/") == []


def test_a_run_that_lacks_a_step_of_the_trunk_lets_nothing_land(world: World) -> None:
    """A change takes a step out of the tier; the run is green, and the change is found by halving all the same."""
    dev = world.clone()
    dev.queue("one")
    more = CONFIG.replace('steps = ["check"]', 'steps = ["other"]') + '[steps.other]\nrun = ["python"]\n'
    dev.queue("sly", {"xpconfig.toml": more, "sly.txt": ""})
    dev.queue("two")
    assert world.run()[0] in {0, 6}
    assert "sly" not in world.subjects()
    assert world.subjects() == ["one", "two"]


def test_a_first_adoption_lands_by_its_own_rules(tmp_path: Path) -> None:
    world = World(tmp_path / "world", config="").begin({"README.md": "x\n"})
    dev = world.clone("runner")
    dev.write("xpconfig.toml", CONFIG)  # the runner has to know where it is
    assert "the trunk has no" in world.run()[1] or world.run()[0] == 0
    other = world.clone()
    other.queue("adopt", {"xpconfig.toml": CONFIG, "adopt.txt": ""})
    other.queue("later", {"later.txt": ""})
    code, said = world.run()
    assert code == 0, said
    assert "first adoption: the trunk has no rules, those of adopt count" in said
    assert world.subjects() == ["adopt", "later"]


# -- who is faster ---------------------------------------------------------------------------------------------------


def test_a_change_that_is_updated_while_it_is_tested_is_tested_again(world: World) -> None:
    dev = world.clone()
    dev.queue("one")
    dev.queue("two", {"two.txt": "first\n", "wait": str(world.folder / "go")})
    with world.start("--once") as process:
        until(world.gated)
        dev.queue("two", {"two.txt": "second\n"})
        (world.folder / "go").touch()
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    world.check(["one", "two"])
    assert world.bare.git("show", "main:two.txt") == "second\n"
    assert "wait" not in world.files()


def test_a_push_to_the_trunk_meanwhile_loses_the_race_for_us_and_nothing_else(world: World) -> None:
    dev = world.clone()
    dev.queue("one", {"one.txt": "", "wait": str(world.folder / "go")})
    with world.start("--once") as process:
        until(world.gated)
        dev.change("direct", {"direct.txt": ""})
        dev.git("push", "-q", "origin", "HEAD:main")
        (world.folder / "go").touch()
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert world.subjects() == ["direct", "one"]


def test_a_change_that_is_withdrawn_while_it_is_tested_does_not_land(world: World) -> None:
    dev = world.clone()
    dev.queue("one", {"one.txt": "", "wait": str(world.folder / "go")})
    with world.start("--once") as process:
        until(world.gated)
        assert dev.inv("land-withdraw", "--change", "one").returncode == 0
        (world.folder / "go").touch()
        process.communicate(timeout=60)
    assert world.subjects() == []
    assert world.refs() == ["log", "withdrawn/one"]


# -- as a process ----------------------------------------------------------------------------------------------------


def test_one_runner_a_host(world: World) -> None:
    with world.start() as first:
        said_until(first, "lands on main")
        code, said = world.run()
        assert (code, "a queue runs here already: process" in said) == (4, True)
        first.terminate()
        assert first.wait(timeout=20) == 143


def test_what_happens_as_json(world: World) -> None:
    world.clone().queue("one")
    code, said = world.run("--json")
    assert code == 0
    told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [each["kind"] for each in told] == ["started", "testing", "green", "landed"]
    assert told[-1]["change"] == "one"
    assert told[-1]["commit"] == world.remote.look().trunk
