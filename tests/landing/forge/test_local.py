"""The forge `local` on real bare remotes, with several developers."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.repository import Repository
from xptasks.errors import CannotRunError, UsageError, XpError
from xptasks.landing import marks
from xptasks.landing.forge import REGISTRY, local
from xptasks.landing.ledger import What
from xptasks.landing.marks import Kind, Mark, Signature
from xptasks.landing.proposal import Approval, Proposal
from xptasks.landing.remote import Pushed, Remote, Update
from xptasks.landing.settings import LandingSettings

pytestmark = pytest.mark.pr

NOW = 2_000_000_000.0


class Developer:
    """Somebody with a clone of their own."""

    def __init__(self, bare: Repository, folder: Path, name: str) -> None:
        bare.git("clone", "-q", str(bare.path), str(folder))
        self.clone = Repository(folder)
        who = {"GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": f"{name}@example.com"}
        self.forge = local.forge(LandingSettings(), folder, who)
        self.forge._now = lambda: NOW

    def commit(self, text: str = "b\n", name: str = "b.txt") -> str:
        self.clone.write(name, text)
        self.clone.git("add", "-A")
        self.clone.git("commit", "-q", "--allow-empty", "-m", text.strip() or "x")
        return self.clone.git("rev-parse", "HEAD").strip()

    def proposal(self, change: str = "x", head: str = "HEAD", title: str = "Title") -> Proposal:
        return Proposal(change, head, title, "Body", ("urgent",), "branch", "agent:coder")

    def end(self, kind: Kind, change: str, target: str, text: str = "because", **data: str) -> None:
        """What the queue would write."""
        mark = Mark(kind, change, target, Signature("q", "q@x", NOW), text, data)
        assert self.forge.remote.push([self.forge.remote.write(mark)]).outcome == "done"


@pytest.fixture
def ann(bare: Repository, clone: Repository, tmp_path: Path) -> Developer:
    return Developer(bare, tmp_path / "ann", "ann")


@pytest.fixture
def ben(bare: Repository, clone: Repository, tmp_path: Path) -> Developer:
    return Developer(bare, tmp_path / "ben", "ben")


def test_it_is_in_the_registry() -> None:
    assert REGISTRY.load("local") is local


def test_a_change_waits_with_all_that_was_said(ann: Developer, ben: Developer) -> None:
    head = ann.commit()
    standing = ann.forge.submit(ann.proposal())
    assert (standing.id, standing.head, standing.state, standing.position) == ("x", head, "queued", 1)
    (queued,) = ben.forge.remote.queue(ben.forge.remote.look())
    assert (queued.title, queued.body, queued.labels, queued.branch) == ("Title", "Body", ("urgent",), "branch")
    assert (queued.actor, queued.signed) == ("agent:coder", Signature("ann", "ann@example.com", NOW))
    assert ben.forge.standing("x") == standing
    assert ben.forge.standings() == [standing]


def test_a_plain_push_waits_as_well(ann: Developer) -> None:
    head = ann.commit("Plain")
    ann.clone.git("push", "-q", "origin", "HEAD:refs/xp/queue/my-change")
    standing = ann.forge.standing("my-change")
    assert (standing.state, standing.head, standing.title) == ("queued", head, "Plain")
    ann.commit("More")
    assert ann.forge.submit(ann.proposal("my-change")).title == "Title"
    assert len(ann.forge.standings()) == 1


def test_places_in_the_queue(ann: Developer, ben: Developer) -> None:
    ann.commit("one\n", "one.txt")
    ann.forge.submit(ann.proposal("one"))
    ben.forge._now = lambda: NOW + 1
    ben.commit("two\n", "two.txt")
    assert ben.forge.submit(ben.proposal("two")).position == 2
    ann.forge._now = lambda: NOW + 2
    assert ann.forge.submit(ann.proposal("one")).position == 1  # nothing is new, so it keeps its place
    ann.commit("one more\n", "one.txt")
    assert ann.forge.submit(ann.proposal("one")).position == 2


# -- whose it is -----------------------------------------------------------------------------------------------------


def test_two_developers_with_one_name_are_told(ann: Developer, ben: Developer) -> None:
    ann.commit("ann's\n")
    ann.forge.submit(ann.proposal())
    head = ben.commit("ben's\n", "c.txt")
    with pytest.raises(UsageError) as error:
        ben.forge.submit(ben.proposal())
    assert "another change called 'x' waits already" in error.value.message
    assert "ann <ann@example.com>" in error.value.message
    assert "--change" in (error.value.hint or "")
    assert ben.forge.submit(ben.proposal(), replaces=True).head == head


def test_a_change_may_grow_on_top_of_somebody_elses(ann: Developer, ben: Developer) -> None:
    ann.commit()
    ann.forge.submit(ann.proposal())
    ben.clone.git("pull", "-q", str(ann.clone.path), "main")
    head = ben.commit("on top\n", "c.txt")
    assert ben.forge.submit(ben.proposal()).head == head


def test_ones_own_change_may_be_amended(ann: Developer) -> None:
    ann.commit()
    ann.forge.submit(ann.proposal())
    ann.clone.git("commit", "-q", "--amend", "-m", "Amended")
    assert ann.forge.submit(ann.proposal(title="Amended")).title == "Amended"


def test_a_name_below_another_one_is_told(ann: Developer) -> None:
    ann.commit()
    ann.forge.submit(ann.proposal("feature"))
    with pytest.raises(UsageError, match="cannot wait beside 'feature'"):
        ann.forge.submit(ann.proposal("feature/x"))
    ann.forge.withdraw("feature", "human:ann")
    assert ann.forge.submit(ann.proposal("feature/x")).position == 1


@pytest.mark.parametrize("change", ["", "a b", "a..b", "/x", "x/", "x.lock", "a~1", "*", "a\x1b[0m", "a" * 151, "a\nb"])
def test_names_that_no_change_can_have(change: str, ann: Developer) -> None:
    ann.commit()
    with pytest.raises(UsageError) as error:
        ann.forge.submit(ann.proposal(change))
    assert "a change cannot be called" in error.value.message
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize("change", ["-x", "--delete", "$(reboot)", "a;b", "ümlaut", "a'b", "refs/heads/main", "HEAD"])
def test_strange_names_do_no_harm(change: str, ann: Developer) -> None:
    before = ann.forge.remote.look().trunk
    head = ann.commit()
    ann.forge.submit(ann.proposal(change))
    assert ann.forge.standing(change).head == head
    assert ann.forge.withdraw(change, "human:ann").state == "withdrawn"
    assert ann.forge.remote.look().trunk == before


# -- what cannot be queued -------------------------------------------------------------------------------------------


def test_what_the_trunk_has_is_nothing_to_land(ann: Developer) -> None:
    with pytest.raises(UsageError, match="there is nothing to land"):
        ann.forge.submit(ann.proposal())


def test_what_has_landed_says_so(ann: Developer) -> None:
    head = ann.commit()
    ann.end("landed", "x", ann.forge.remote.look().trunk, "landed", head=head)
    standing = ann.forge.submit(ann.proposal())
    assert (standing.state, standing.landed) == ("landed", ann.forge.remote.look().trunk)
    ann.commit("something new\n")
    assert ann.forge.submit(ann.proposal()).state == "queued"


def test_a_commit_that_does_not_exist(ann: Developer) -> None:
    with pytest.raises(UsageError, match="there is no commit 'nonsense'"):
        ann.forge.submit(ann.proposal(head="nonsense"))


def test_a_remote_that_is_not_there(ann: Developer) -> None:
    with pytest.raises(CannotRunError, match="no git remote called 'upstream'"):
        local.forge(LandingSettings(remote="upstream"), ann.clone.path, {})
    with pytest.raises(CannotRunError, match="has no branch 'develop'"):
        local.forge(LandingSettings(trunk="develop"), ann.clone.path, {}).submit(ann.proposal())
    ann.clone.git("remote", "set-url", "origin", "/nowhere.git")
    for call in (lambda: ann.forge.submit(ann.proposal()), ann.forge.standings):
        with pytest.raises(CannotRunError, match="cannot be reached"):
            call()


def test_a_remote_that_refuses(ann: Developer, bare: Repository) -> None:
    bare.write("hooks/pre-receive", "#!/bin/sh\necho 'no queue here' >&2\nexit 1\n").chmod(0o755)
    ann.commit()
    with pytest.raises(CannotRunError, match="no queue here"):
        ann.forge.submit(ann.proposal())


class Slow(Remote):
    """Before its first push somebody else pushes."""

    def push(self, updates: Sequence[Update]) -> Pushed:
        ben = self.git.folder.parent / "ben"
        if "refs/xp/queue/x" not in self.look().refs:
            Repository(ben).git("push", "-q", "origin", "HEAD:refs/xp/queue/x")
        return super().push(updates)


def test_whoever_is_slower_looks_again(ann: Developer, ben: Developer) -> None:
    ann.commit()
    ben.commit("ben's\n", "c.txt")
    ann.forge.remote = Slow(ann.forge.remote.git, "origin", "main")
    with pytest.raises(UsageError, match="another change called 'x'"):
        ann.forge.submit(ann.proposal())


# -- taking back, approving ------------------------------------------------------------------------------------------


def test_a_change_is_taken_back_for_good(ann: Developer, ben: Developer) -> None:
    head = ann.commit()
    ann.forge.submit(ann.proposal())
    assert ben.forge.withdraw("x", "human:ben").state == "withdrawn"
    standing = ann.forge.standing("x")
    assert (standing.state, standing.reason, standing.head) == ("withdrawn", "withdrawn by human:ben", head)
    (entry,) = ann.forge.remote.entries(ann.forge.remote.look())
    assert (entry.what, entry.change, entry.actor, entry.data) == (What.WITHDRAWN, "x", "human:ben", {"head": head})
    with pytest.raises(UsageError, match="no change called 'x' waits"):
        ann.forge.withdraw("x", "human:ann")
    assert ann.forge.submit(ann.proposal()).state == "queued"
    assert ann.forge.standing("x").state == "queued"


def test_what_is_no_commit_can_be_taken_back(ann: Developer) -> None:
    tree = ann.clone.git("rev-parse", "HEAD^{tree}").strip()
    ann.clone.git("push", "-q", "origin", f"{tree}:refs/xp/queue/x")
    assert ann.forge.standing("x").head == ""
    with pytest.raises(UsageError, match="is no commit"):
        ann.forge.approve("x", "human:ann")
    ann.forge.withdraw("x", "human:ann")
    assert "refs/xp/queue/x" not in ann.forge.remote.look().refs


def test_an_approval_is_for_the_commit_that_waits(ann: Developer, ben: Developer) -> None:
    head = ann.commit()
    ann.forge.submit(ann.proposal())
    ben.forge.approve("x", "human:ben")
    view = ann.forge.remote.look()
    (queued,) = ann.forge.remote.queue(view)
    assert local.approvals_of(ann.forge.remote, view, queued) == (Approval(head, "ben@example.com", NOW),)
    ann.commit("more\n")
    ann.forge.submit(ann.proposal())
    view = ann.forge.remote.look()
    (queued,) = ann.forge.remote.queue(view)
    (approval,) = local.approvals_of(ann.forge.remote, view, queued)
    assert approval.change_head == head != queued.head
    with pytest.raises(UsageError, match="no change called 'y' waits"):
        ben.forge.approve("y", "human:ben")


# -- what the queue says ---------------------------------------------------------------------------------------------


def test_what_was_rejected_says_why_until_it_is_queued_again(ann: Developer) -> None:
    head = ann.commit()
    ann.end("rejected", "x", head, "unit failed\nat a.py:3", title="Title")
    assert ann.forge.standings() == [ann.forge.standing("x")]
    standing = ann.forge.standing("x")
    assert (standing.state, standing.reason, standing.head) == ("rejected", "unit failed\nat a.py:3", head)
    ann.forge.submit(ann.proposal())
    assert ann.forge.standing("x").state == "queued"
    assert len(ann.forge.standings()) == 1


def test_what_waits_for_a_human_says_so_while_it_is_the_same(ann: Developer) -> None:
    ann.commit()
    ann.forge.submit(ann.proposal())
    value = ann.forge.remote.look().refs["refs/xp/queue/x"]
    ann.end("held", "x", ann.forge.standing("x").head, "too large", value=value)
    assert (ann.forge.standing("x").state, ann.forge.standing("x").reason) == ("open", "too large")
    assert ann.forge.submit(ann.proposal()).state == "queued"  # to be looked at again


def test_what_is_tested_now(ann: Developer) -> None:
    ann.commit()
    ann.forge.submit(ann.proposal())
    told = json.dumps({"runner": "host", "changes": ["x"], "since": 1.0})
    for name, content in {"host": told, "odd": "{", "list": "[]", "other": '{"changes": 3}'}.items():
        blob = ann.forge.remote.git.write("blob", content)
        ann.clone.git("push", "-q", "origin", f"{blob}:{marks.RUNNER}{name}")
    assert ann.forge.standing("x").state == "testing"


def test_nobody_knows_it(ann: Developer) -> None:
    with pytest.raises(UsageError, match="nobody knows a change called 'x'"):
        ann.forge.standing("x")


def test_the_last_word_counts(ann: Developer) -> None:
    head = ann.commit()
    ann.end("rejected", "x", head)
    mark = Mark("withdrawn", "x", head, Signature("q", "q@x", NOW + 1))
    ann.forge.remote.push([ann.forge.remote.write(mark)])
    assert ann.forge.standing("x").state == "withdrawn"


def test_every_failure_is_an_expected_one(ann: Developer, bare: Repository) -> None:
    """Whatever somebody pushed to where the queue keeps its things."""
    ann.commit()
    ann.forge.submit(ann.proposal())
    tree = ann.clone.git("rev-parse", "HEAD^{tree}").strip()
    refs = ["rejected/x", "landed/x", "held/x", "approved/x", "log", "runner/x", "gated/main", "queue/y"]
    ann.clone.git("push", "-q", "origin", *(f"{tree}:refs/xp/{ref}" for ref in refs))
    for call in (
        lambda: ann.forge.standing("x"),
        ann.forge.standings,
        lambda: ann.forge.submit(ann.proposal()),
        lambda: ann.forge.approve("x", "human:ann"),
        lambda: ann.forge.withdraw("x", "human:ann"),
    ):
        try:
            call()
        except XpError:
            continue


def test_the_clone_is_left_as_it_was(ann: Developer) -> None:
    ann.commit()
    before = ann.clone.git("for-each-ref", "--format=%(refname) %(objectname)"), ann.clone.git("status", "--porcelain")
    ann.forge.submit(ann.proposal())
    ann.forge.standings()
    assert ann.clone.git("for-each-ref", "--format=%(refname) %(objectname)") == before[0]
    assert ann.clone.git("status", "--porcelain") == before[1]


def test_what_the_clone_knows_of_the_trunk_stays_as_it_is(ann: Developer, ben: Developer) -> None:
    """Others may be in the middle of a rebase in another worktree."""
    before = ann.clone.git("rev-parse", "origin/main")
    ben.commit("ben's\n")
    ben.clone.git("push", "-q", "origin", "HEAD:main")
    ann.commit()
    ann.forge.submit(ann.proposal())
    assert ann.clone.git("rev-parse", "origin/main") == before


def test_proposals_travel_whole(ann: Developer, ben: Developer) -> None:
    ann.commit()
    ann.forge.submit(replace(ann.proposal(), title="Ti\x1b[31mtle\nTwo", body="B\r\nody\x00"))
    (queued,) = ben.forge.remote.queue(ben.forge.remote.look())
    assert (queued.title, queued.body) == ("Title Two", "B\nody")
