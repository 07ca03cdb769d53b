"""What lands, built by git's plumbing from real repositories."""

import pytest

from tests.repository import Repository
from xptasks.landing import merging
from xptasks.landing.marks import Queued, Signature
from xptasks.landing.merging import Commit, Merged, Merger, Unmergeable
from xptasks.landing.remote import Remote

ANN = Signature("Ann", "ann@example.com", 2_000_000_000.0)
BY = "Queue <queue@localhost>"


def change(clone: Repository, files: dict[str, str], *messages: str, author: str = "coder@example.com") -> str:
    """A branch of the trunk's first commit, one commit a message."""
    clone.git("checkout", "-q", "--detach", "origin/main")
    for name, content in files.items():
        clone.write(name, content)
    clone.git("add", "-A")
    who = {"GIT_AUTHOR_NAME": "Coder", "GIT_AUTHOR_EMAIL": author, "GIT_AUTHOR_DATE": "@1000000000 +0000"}
    for message in messages or ("Change",):
        clone.git("commit", "-q", "--allow-empty", "-m", message, environ=who)
    return clone.git("rev-parse", "HEAD").strip()


def queued(head: str, title: str = "Title", body: str = "", reverts: tuple[str, ...] = ()) -> Queued:
    return Queued("my-change", "2" * 40, head, ANN, title, body, reverts=reverts)


@pytest.fixture
def merger(remote: Remote) -> Merger:
    return Merger(remote.git, "squash", BY, "machine:queue")


@pytest.fixture
def trunk(clone: Repository) -> str:
    return clone.git("rev-parse", "origin/main").strip()


def shown(clone: Repository, commit: str, form: str) -> str:
    return clone.git("show", "-s", f"--format={form}", commit).strip()


def test_a_change_lands_as_one_commit_of_its_author(clone: Repository, merger: Merger, trunk: str) -> None:
    merged = merger.merge(
        trunk, queued(change(clone, {"b.txt": "b\n"}, "One", "Two")), ["Approved-by: ann@example.com"]
    )
    assert isinstance(merged, Merged)
    assert shown(clone, merged.commit, "%an <%ae> %at, %cn <%ce> %ct") == (
        "Coder <coder@example.com> 1000000000, Queue <queue@localhost> 2000000000"
    )
    assert clone.git("rev-parse", f"{merged.commit}^@").split() == [trunk]
    assert shown(clone, merged.commit, "%B") == (
        "Title\n\nApproved-by: ann@example.com\nChange-Id: my-change\nLanded-By: machine:queue"
    )
    assert clone.git("show", f"{merged.commit}:b.txt") == "b\n"


def test_a_change_may_keep_its_commits_behind_a_merge(clone: Repository, remote: Remote, trunk: str) -> None:
    head = change(clone, {"b.txt": "b\n"}, "One", "Two\n\nSize: large, because it is")
    merged = Merger(remote.git, "merge", BY, "machine:queue").merge(trunk, queued(head))
    assert isinstance(merged, Merged)
    assert clone.git("rev-parse", f"{merged.commit}^@").split() == [trunk, head]
    assert shown(clone, merged.commit, "%s") == "Merge Title"


def test_the_same_words_make_the_same_commit(clone: Repository, merger: Merger, trunk: str) -> None:
    one, other = change(clone, {"b.txt": "b\n"}), change(clone, {"c.txt": "c\n"})

    def build() -> list[str]:
        first = merger.merge(trunk, queued(one))
        assert isinstance(first, Merged)
        second = merger.merge(first.commit, queued(other))
        assert isinstance(second, Merged)
        return [first.commit, second.commit]

    assert build() == build()


def test_files_in_conflict_are_named(clone: Repository, merger: Merger, trunk: str) -> None:
    first = merger.merge(trunk, queued(change(clone, {"a.txt": "one\n", "ä b.txt": "one\n"})))
    assert isinstance(first, Merged)
    second = queued(change(clone, {"a.txt": "two\n", "ä b.txt": "two\n", "c.txt": ""}))
    assert merger.merge(first.commit, second) == Unmergeable("conflict", ("a.txt", "ä b.txt"))


def test_what_the_trunk_has_is_nothing_to_land(clone: Repository, merger: Merger, trunk: str) -> None:
    head = change(clone, {"b.txt": "b\n"})
    merged = merger.merge(trunk, queued(head))
    assert isinstance(merged, Merged)
    for tip in (merged.commit, head):
        assert merger.merge(tip, queued(head)) == Unmergeable("nothing")
    assert merger.merge(trunk, queued(change(clone, {}, "Empty"))) == Unmergeable("nothing")


def test_another_history_and_no_commit_at_all(clone: Repository, merger: Merger, trunk: str) -> None:
    clone.git("checkout", "-q", "--orphan", "other")
    clone.write("other.txt")
    clone.commit()
    assert merger.merge(trunk, queued(clone.git("rev-parse", "HEAD").strip())) == Unmergeable("unrelated")
    assert merger.merge(trunk, queued("")) == Unmergeable("no-commit")


def test_a_change_on_top_of_one_that_landed(clone: Repository, merger: Merger, trunk: str) -> None:
    """A squash leaves nothing in the history that both share; git still sees that both did the same."""
    below = change(clone, {"b.txt": "b\n"}, "Below")
    clone.write("c.txt", "c\n")
    clone.commit()
    landed = merger.merge(trunk, queued(below))
    assert isinstance(landed, Merged)
    above = merger.merge(landed.commit, queued(clone.git("rev-parse", "HEAD").strip()))
    assert isinstance(above, Merged)
    assert clone.git("diff", "--name-only", landed.commit, above.commit).split() == ["c.txt"]


# -- messages --------------------------------------------------------------------------------------------------------


def by(address: str, *trailers: str) -> Commit:
    return Commit(Signature(address.partition("@")[0], address, 1.0), trailers)


@pytest.mark.parametrize(
    ("title", "body", "commits", "expected"),
    [
        ("T", "", [], "T\n"),
        ("", "", [], "my-change\n"),
        ("T\x1b[1m\nU", "B\r\n\n\n", [], "T U\n\nB\n"),
        ("T", "B", [by("a@x", "Size: large, because")], "T\n\nB\n\nSize: large, because\n"),
        ("T", "B\n\nSize: large", [by("a@x", "Size: large")], "T\n\nB\n\nSize: large\n"),
        ("T", "Size: large", [], "T\n\nSize: large\n"),
        ("T", "See: this\nand that", [], "T\n\nSee: this\nand that\n"),
        ("T", "", [by("a@x", "Landed-By: me", "APPROVED-BY: me", "Change-Id: I1", "Reverts: all")], "T\n"),
        ("T", "B\n\nApproved-by: me", [], "T\n\nB\n"),
        (
            "T",
            "",
            [by("a@x"), by("b@x"), by("b@x"), by("c@x")],
            "T\n\nCo-authored-by: a <a@x>\nCo-authored-by: b <b@x>\n",
        ),
    ],
)
def test_the_message_of_a_squash(title: str, body: str, commits: list[Commit], expected: str) -> None:
    assert merging.squashed(queued("1", title, body), commits, ()) == expected


def test_trailers_of_all_commits_come_together(clone: Repository, merger: Merger, trunk: str) -> None:
    messages = ("One\n\nTest-First: no, because\n  it moves", "Two\n\nFixes: #1\nSize: large, because so")
    merged = merger.merge(trunk, queued(change(clone, {"b.txt": "b\n"}, *messages), "Two", "Fixes: #1"))
    assert isinstance(merged, Merged)
    assert shown(clone, merged.commit, "%(trailers:only)").splitlines() == [
        "Test-First: no, because it moves",
        "Fixes: #1",
        "Size: large, because so",
        "Change-Id: my-change",
        "Landed-By: machine:queue",
    ]


# -- taking back -----------------------------------------------------------------------------------------------------


def test_a_revert_takes_back_just_what_it_names(clone: Repository, merger: Merger, trunk: str) -> None:
    """Two changes are taken back; what landed after them stays."""
    tips = [trunk]
    for name in ("bad.txt", "worse.txt", "good.txt"):
        merged = merger.merge(tips[-1], queued(change(clone, {name: "x\n"})))
        assert isinstance(merged, Merged)
        tips.append(merged.commit)
    head = merging.revert(merger.git, tips[2], tips[0], "Revert", ANN)
    back = merger.merge(tips[3], queued(head, reverts=(tips[1], tips[2])))
    assert isinstance(back, Merged)
    assert clone.git("ls-tree", "--name-only", back.commit).split() == ["a.txt", "good.txt"]
    assert shown(clone, back.commit, "%(trailers:key=Reverts,valueonly)").split() == [tips[1], tips[2]]


def test_a_revert_of_what_was_built_upon_is_a_conflict(clone: Repository, merger: Merger, trunk: str) -> None:
    first = merger.merge(trunk, queued(change(clone, {"a.txt": "bad\n"})))
    assert isinstance(first, Merged)
    clone.git("checkout", "-q", "--detach", first.commit)
    clone.write("a.txt", "bad and built upon\n")
    clone.commit()
    tip = clone.git("rev-parse", "HEAD").strip()
    head = merging.revert(merger.git, first.commit, trunk, "Revert", ANN)
    assert merger.merge(tip, queued(head)) == Unmergeable("conflict", ("a.txt",))
