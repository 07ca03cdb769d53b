import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.repository import Repository
from xptasks.landing import marks
from xptasks.landing.marks import Mark, Queued, Signature, Tag
from xptasks.system.plumbing import Git, Object

HEAD = "1" * 40
ANN = Signature("Ann", "ann@example.com", 1_700_000_000.0)
text = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), max_size=20)
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


def as_object(content: str) -> Object:
    return Object("tag", content.encode())


@given(text, text, st.lists(text, max_size=3), text, st.sampled_from(["", "agent:coder", "human:ann"]))
def test_a_queued_change_is_read_as_it_was_written(
    title: str, body: str, labels: list[str], branch: str, actor: str
) -> None:
    queued = Queued("x", "2" * 40, HEAD, ANN, title or "t", body, tuple(labels), branch, actor, ("3" * 40,))
    tagged = Tag.parse(as_object(queued.content()))
    assert tagged
    assert Queued.of_tag("x", "2" * 40, tagged) == queued


@given(names, text, st.dictionaries(text, text, max_size=3).map(lambda told: {f"a{key}": told[key] for key in told}))
def test_a_mark_is_read_as_it_was_written(change: str, said: str, data: dict[str, str]) -> None:
    made = Mark("rejected", change, HEAD, ANN, said, data)
    found = Mark.parse(made.ref, "4" * 40, as_object(made.content()))
    assert found
    assert (found.kind, found.change, found.target, found.signed, found.text) == ("rejected", change, HEAD, ANN, said)
    assert {name: found.data[name] for name in data} == data


@given(names, names)
def test_two_changes_never_share_a_ref_or_stand_in_each_others_way(one: str, other: str) -> None:
    refs = marks.mark("landed", one), marks.mark("landed", other)
    assert (refs[0] == refs[1]) == (one == other)
    assert all(ref.count("/") == 3 for ref in refs)
    assert marks.change_of(refs[0]) == one


@pytest.mark.parametrize("change", ["a", "ann/fix-it", "50%", "a%2Fb", "ümlaut", "a" * 500, "a/" * 100 + "b"])
def test_names_are_names_of_refs(change: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path).init("--template=")
    repository.commit()
    ref = marks.mark("held", change)
    repository.git("update-ref", ref, "HEAD")
    assert subprocess.run(["git", "check-ref-format", ref], check=True).returncode == 0


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ("fix", ""),
        ("ann/ümlaut", ""),
        ("-rf", ""),
        ("a" * 151, "longer than 150"),
        ("ü" * 76, "longer than 150"),
        ("a\x1b[31m", "cannot be shown"),
        ("a\udce9", "cannot be shown"),
        ("a\u202eb", "cannot be shown"),
    ],
)
def test_what_a_change_may_be_called(change: str, wrong: str) -> None:
    assert wrong in marks.what_is_wrong_with(change)
    assert bool(wrong) == bool(marks.what_is_wrong_with(change))


@pytest.mark.parametrize("change", ["x", "..", "a b~^:?*[\\", "-", "\x00", "$(reboot)", "a..b", "/", "a" * 500])
def test_git_takes_what_we_write(change: str, tmp_path: Path) -> None:
    """Also a strict remote: it checks names of tags and who made them."""
    repository = Repository(tmp_path / "here").init("--template=")
    repository.commit()
    repository.git("init", "-q", "--bare", "../there.git")
    Repository(tmp_path / "there.git").git("config", "receive.fsckObjects", "true")
    git = Git(repository.path)
    head = repository.git("rev-parse", "HEAD").strip()
    value = git.write("tag", Mark("rejected", change, head, Signature("", "", -5.0), "so\x1b[31m\n\nit is").content())
    git("push", "../there.git", f"{value}:refs/xp/rejected/x")
    (found,) = git.objects([value])
    mark = Mark.parse("refs/xp/rejected/x", value, found)
    assert mark
    assert mark.change == change
    assert mark.text == "so\n\nit is"


def test_a_commit_that_was_pushed_speaks_for_itself(tmp_path: Path) -> None:
    repository = Repository(tmp_path).init("--template=")
    repository.git("commit", "-q", "--allow-empty", "-m", "Title\n\nBody\n\nSize: large, because it must be")
    head = repository.git("rev-parse", "HEAD").strip()
    (found,) = Git(tmp_path).objects([head])
    assert found
    queued = Queued.of_commit("x", head, found.content)
    assert (queued.head, queued.title, queued.body) == (head, "Title", "Body\n\nSize: large, because it must be")
    assert (queued.signed.name, queued.signed.address) == ("Ada", "ada@localhost")
    assert queued.signed.at > 1_600_000_000


def test_a_tag_that_somebody_made_with_git(tmp_path: Path) -> None:
    repository = Repository(tmp_path).init("--template=")
    repository.commit()
    repository.git("tag", "-a", "x", "-m", "Title\n\nBody {}")
    value = repository.git("rev-parse", "x").strip()
    (found,) = Git(tmp_path).objects([value])
    assert found
    tagged = Tag.parse(found)
    assert tagged
    queued = Queued.of_tag("x", value, tagged)
    assert (queued.title, queued.body, queued.labels, queued.actor) == ("Title", "Body {}", (), "")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "object x",
        f"object {HEAD}\ntype tree\ntag x\n\nhello",
        f"object {HEAD}\ntype commit\ntag x\ntagger nobody\n\nhello",
        f"object {HEAD}\ntype commit\ntag x\n\n" + '{"xptasks": 1, "labels": {"a": 1}, "reverts": 3, "branch": []}',
        f"object {HEAD}\ntype commit\ntag x\n\n" + '{"xptasks": 2}',
        f"object {HEAD}\ntype commit\ntag x\n\n[1]",
    ],
)
def test_hostile_tags_do_no_harm(content: str) -> None:
    tagged = Tag.parse(as_object(content))
    assert tagged
    queued = Queued.of_tag("x", "2" * 40, tagged)
    assert (queued.labels, queued.reverts) == ((), ())
    Mark.parse("refs/xp/held/x", "2" * 40, as_object(content))


def test_a_signature_is_no_text() -> None:
    content = (
        f"object {HEAD}\ntype commit\ntag x\n\nTitle\n-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----\n"
    )
    tagged = Tag.parse(as_object(content))
    assert tagged
    assert tagged.text == "Title"


def test_what_is_no_tag_is_no_mark() -> None:
    assert Mark.parse("refs/xp/held/x", HEAD, None) is None
    assert Mark.parse("refs/xp/held/x", HEAD, Object("blob", b"")) is None
    assert Mark.parse("refs/xp/nonsense/x", HEAD, as_object(Mark("held", "x", HEAD, ANN).content())) is None
