"""The remote as the queue sees it: real bare repositories, real hooks, and others who push at the same time."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from tests.repository import Repository
from xptasks.errors import CannotRunError
from xptasks.landing import ledger, marks
from xptasks.landing.ledger import Entry, What
from xptasks.landing.marks import Mark, Queued, Signature
from xptasks.landing.remote import Pushed, Remote, Update, View, signing
from xptasks.system.plumbing import Git

pytestmark = pytest.mark.pr

ANN = Signature("Ann", "ann@example.com", 1_700_000_000.0)


def commit(clone: Repository, name: str = "b.txt", message: str = "state") -> str:
    clone.write(name)
    clone.git("add", "-A")
    clone.git("commit", "-q", "--allow-empty", "-m", message)
    return clone.git("rev-parse", "HEAD").strip()


def push(remote: Remote, ref: str, new: str, old: str | None = None) -> Pushed:
    return remote.push([Update(ref, new, old)])


def test_what_there_is(clone: Repository, remote: Remote) -> None:
    head = commit(clone)
    clone.git("push", "-q", "origin", "HEAD:refs/xp/queue/x", "HEAD:refs/heads/other", "HEAD:refs/xperiment/x")
    assert remote.look() == View(clone.git("rev-parse", "main~1").strip(), {"refs/xp/queue/x": head})


def test_a_remote_without_a_trunk_and_one_that_is_away(remote: Remote, bare: Repository, tmp_path: Path) -> None:
    assert dataclasses.replace(remote, trunk="master").look().trunk == ""
    shutil.rmtree(bare.path)
    with pytest.raises(CannotRunError, match="the remote origin cannot be reached"):
        remote.look()
    with pytest.raises(CannotRunError, match="cannot be reached"):
        push(remote, "refs/xp/x", "main")
    with pytest.raises(CannotRunError, match="cannot be reached"):
        remote.bring({"refs/xp/queue/x": "1" * 40})


@pytest.mark.parametrize(
    ("old", "outcome"),
    [("now", "done"), (None, "done"), ("before", "lost"), ("", "lost")],
)
def test_a_ref_that_changes(old: str | None, outcome: str, clone: Repository, remote: Remote) -> None:
    values = {"before": clone.git("rev-parse", "HEAD").strip(), "now": commit(clone), "": ""}
    push(remote, "refs/xp/x", values["now"], "")
    new = commit(clone)
    assert push(remote, "refs/xp/x", new, old if old is None else values[old]).outcome == outcome
    assert remote.look().refs["refs/xp/x"] == (new if outcome == "done" else values["now"])


@pytest.mark.parametrize(("old", "outcome"), [("HEAD", "done"), ("HEAD~1", "lost")])
def test_a_ref_that_is_removed(old: str, outcome: str, clone: Repository, remote: Remote) -> None:
    head = commit(clone)
    push(remote, "refs/xp/x", head, "")
    assert push(remote, "refs/xp/x", "", clone.git("rev-parse", old).strip()).outcome == outcome


def test_a_ref_that_is_gone_cannot_be_removed_again(clone: Repository, remote: Remote) -> None:
    assert push(remote, "refs/xp/x", "", commit(clone)).outcome == "lost"


def test_all_or_nothing(clone: Repository, remote: Remote) -> None:
    old, new = clone.git("rev-parse", "main").strip(), commit(clone)
    push(remote, "refs/xp/queue/x", new, "")
    updates = [Update("refs/heads/main", new, old), Update("refs/xp/queue/x", "", old), Update("refs/xp/y", new)]
    before = remote.look()
    assert remote.push(updates).outcome == "lost"
    assert remote.look() == before
    assert remote.push([*updates[:1], Update("refs/xp/queue/x", "", new), updates[2]]).outcome == "done"
    assert remote.look() == View(new, {"refs/xp/y": new})


def test_a_ref_that_only_has_to_be_as_it_was(clone: Repository, remote: Remote) -> None:
    old, new = clone.git("rev-parse", "main").strip(), commit(clone)
    still = [Update("refs/heads/main", old, old), Update("refs/xp/x", new)]
    assert remote.push(still).outcome == "done"
    push(remote, "refs/heads/main", new, old)
    assert remote.push(still).outcome == "lost"


def test_a_hook_that_refuses_is_quoted(clone: Repository, remote: Remote, bare: Repository) -> None:
    bare.write("hooks/pre-receive", "#!/bin/sh\necho 'frozen until Monday' >&2\nexit 1\n").chmod(0o755)
    done = push(remote, "refs/xp/x", commit(clone), "")
    assert done.outcome == "refused"
    assert "pre-receive hook declined" in done.why
    assert "remote: frozen until Monday" in done.why


def test_a_trunk_that_moved_is_lost_not_refused(clone: Repository, remote: Remote, bare: Repository) -> None:
    """Also when the other one is faster by less than the time between our look and the remote's lock."""
    old, new = clone.git("rev-parse", "main").strip(), commit(clone)
    bare.write("hooks/pre-receive", f"#!/bin/sh\nunset GIT_QUARANTINE_PATH\ngit update-ref refs/heads/main {new}\n")
    (bare.path / "hooks/pre-receive").chmod(0o755)
    clone.git("push", "-q", "origin", f"{new}:refs/heads/there")
    other = commit(clone)
    for updates in (
        [Update("refs/heads/main", other, old)],
        [Update("refs/heads/main", other, old), Update("refs/xp/x", new)],
    ):
        bare.git("update-ref", "refs/heads/main", old)
        done = remote.push(updates)
        assert done.outcome == "lost", done
        assert remote.look() == View(new)


# -- what waits ------------------------------------------------------------------------------------------------------


def test_changes_wait_in_the_order_in_which_they_were_queued(clone: Repository, remote: Remote, tmp_path: Path) -> None:
    head = commit(clone, message="plain")
    late = remote.git.write("tag", Queued("late", "", head, dataclasses.replace(ANN, at=2e9), "Late").content())
    early = remote.git.write("tag", Queued("early", "", head, ANN, "Early", labels=("x",)).content())
    clone.git("push", "-q", "origin", f"{late}:refs/xp/queue/a", "HEAD:refs/xp/queue/b/c", f"{early}:refs/xp/queue/d")
    other = tmp_path / "other"
    clone.git("clone", "-q", str(remote.git.folder.parent / "remote.git"), str(other))
    for each in (remote, dataclasses.replace(remote, git=Git(other))):  # it has nothing of all that yet
        found = each.queue(each.look())
        assert [(one.change, one.title, one.head) for one in found] == [
            ("d", "Early", head),
            ("b/c", "plain", head),
            ("a", "Late", head),
        ]
        assert found[0].labels == ("x",)


def test_what_can_never_land_is_in_the_queue_without_a_commit(clone: Repository, remote: Remote) -> None:
    head = commit(clone)
    tree, blob = clone.git("rev-parse", "HEAD^{tree}").strip(), clone.git("rev-parse", "HEAD:a.txt").strip()
    tagged = remote.git.write("tag", f"object {blob}\ntype blob\ntag x\ntagger A <a@b> 1 +0000\n\nx\n")
    inner = remote.git.write("tag", f"object {head}\ntype commit\ntag x\ntagger A <a@b> 1 +0000\n\nx\n")
    twice = remote.git.write("tag", f"object {inner}\ntype tag\ntag x\ntagger A <a@b> 1 +0000\n\nx\n")
    pairs = {"tree": tree, "blob": blob, "tagged": tagged, "twice": twice}
    clone.git("push", "-q", "origin", *(f"{value}:refs/xp/queue/{name}" for name, value in pairs.items()))
    heads = {each.change: each.head for each in remote.queue(remote.look())}
    assert heads == {"tree": "", "blob": "", "tagged": "", "twice": head}


def test_a_change_that_is_gone_before_it_is_fetched_is_not_there(remote: Remote) -> None:
    assert remote.queue(View("", {"refs/xp/queue/x": "1" * 40})) == []


# -- what became of them ---------------------------------------------------------------------------------------------


def test_marks_are_read_from_any_clone(clone: Repository, remote: Remote, tmp_path: Path) -> None:
    head = commit(clone)
    made = [Mark("rejected", "a/b", head, ANN, "no", {"rule": "gate"}), Mark("held", "c", head, ANN, "wait")]
    assert remote.push([remote.write(mark) for mark in made]).outcome == "done"
    other = tmp_path / "other"
    clone.git("clone", "-q", str(remote.git.folder.parent / "remote.git"), str(other))
    there = dataclasses.replace(remote, git=Git(other))
    view = there.look()
    assert [(mark.kind, mark.change, mark.text, mark.data.get("rule")) for mark in there.marks(view, "rejected")] == [
        ("rejected", "a/b", "no", "gate")
    ]
    found = there.mark(view, "held", "c")
    assert found
    assert (found.text, found.target) == ("wait", head)
    assert there.mark(view, "held", "d") is None
    assert [update.ref for update in there.without_marks(view, "a/b")] == ["refs/xp/rejected/a%2Fb"]
    assert there.push(there.without_marks(view, "a/b")).outcome == "done"
    assert not there.marks(there.look(), "rejected")


def test_the_ledger_grows_by_compare_and_swap(clone: Repository, remote: Remote, tmp_path: Path) -> None:
    entries = [Entry(What.LANDED, float(number), f"change-{number}") for number in range(5)]
    empty = remote.look()
    assert remote.entries(empty) == []
    assert remote.push([remote.append(empty, entries[:2], "Queue <queue@localhost>")]).outcome == "done"
    assert remote.push([remote.append(empty, entries[2:3], "Other <other@localhost>")]).outcome == "lost"
    assert remote.push([remote.append(remote.look(), entries[2:], "Queue <queue@localhost>")]).outcome == "done"
    other = tmp_path / "other"
    clone.git("clone", "-q", str(remote.git.folder.parent / "remote.git"), str(other))
    there = dataclasses.replace(remote, git=Git(other))
    assert there.entries(there.look()) == remote.entries(remote.look()) == entries
    assert there.entries(there.look(), 2) == entries[-2:]
    log = Repository(other).git("log", "--format=%an %at %s", remote.look().refs[ledger.REF])
    assert log.splitlines()[-1] == "Queue 0 landed change-0"


def test_a_ledger_with_something_else_in_it(clone: Repository, remote: Remote) -> None:
    clone.git("push", "-q", "origin", "HEAD:refs/xp/log")
    view = remote.look()
    assert remote.entries(view) == []
    remote.push([remote.append(view, [Entry(What.LANDED, 1.0)], "x <x@y>")])
    assert remote.entries(remote.look()) == [Entry(What.LANDED, 1.0)]


@pytest.mark.parametrize("name", ["", "...", "<>", "A\nB", "\x00", "Ümläut"])
def test_anybody_may_sign(name: str, clone: Repository, remote: Remote) -> None:
    who = Signature(name, "<\n", 12.0)
    commit = remote.git("commit-tree", "HEAD^{tree}", "-m", "x", environ=signing(who))
    said = clone.git("show", "-s", "--format=%ae %at %ct", commit).strip()
    assert said == "somebody@localhost 12 12"


def test_names_of_marks_do_not_meet_those_of_the_queue() -> None:
    assert marks.change_of("refs/xp/queue/a%2Fb") == "a%2Fb"
    assert marks.change_of("refs/xp/held/a%252Fb") == "a%2Fb"
