import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from xptasks.adopt import blocks, compose

BLOCK = blocks.marked(["one", "two"])


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("content", [b"", b"a\n", b"a", b"a\nb\n\n", b"\xef\xbb\xbfa\n", b"\xff\n", b"a\r\nb\n"])
def test_a_block_is_put_in_once_and_taken_out_again(content: bytes, end: bytes) -> None:
    before = content.replace(b"\n", end) if b"\r" not in content else content
    after = blocks.appended(before, BLOCK)
    assert after.startswith(before)
    assert blocks.appended(after, BLOCK) == after
    newer = blocks.appended(after, blocks.marked(["three"]))
    assert b"three" in newer
    assert b"two" not in newer
    assert blocks.without(after).rstrip(b"\r\n") == before.rstrip(b"\r\n")


@given(st.binary(max_size=60))
def test_what_was_there_stays(content: bytes) -> None:
    after = blocks.appended(content, BLOCK)
    if not blocks.span(content):
        assert after.startswith(content)
        assert blocks.span(after)


def test_a_block_keeps_its_line_ends_when_it_is_renewed() -> None:
    mine = blocks.appended(b"a\r\nb\r\n", BLOCK)
    theirs = blocks.appended(b"", blocks.marked(["new"]))
    renewed = blocks.renewed(mine, theirs)
    assert renewed is not None
    assert renewed.startswith(b"a\r\nb\r\n")
    assert renewed.count(b"\n") == renewed.count(b"\r\n")
    assert blocks.renewed(b"a\n", theirs) is None


HOOKED = [
    "repos:\n  - repo: a\n    hooks: []\n",
    "repos:\n- repo: a\n  hooks:\n  - id: b\n",
    "repos:\n  - repo: a\n    hooks: []",
    "# first\nrepos:\n  - repo: a # why\n    hooks: []\n\n# last\nci:\n  skip: []\n",
    "ci: {}\nrepos:\n    - repo: a\n      hooks:\n          - id: b\n            args: [x]\n",
    "repos:\r\n  - repo: a\r\n    hooks: []\r\n",
    "a: []\nrepos:\n  - repo: a\n    hooks:\n      - id: b\n        entry: |\n          x\n\nfail_fast: true\n",
]


@pytest.mark.parametrize("text", HOOKED)
def test_hooks_are_added_and_all_else_means_the_same(text: str) -> None:
    after = blocks.with_hooks(text.encode(), blocks.marked(compose.hooks()))
    assert after is not None
    before, now = yaml.safe_load(text), yaml.safe_load(after)
    assert now["repos"][:-1] == before["repos"]
    assert [hook["id"] for hook in now["repos"][-1]["hooks"]] == ["xptasks-fast", "xptasks-pr"]
    assert {**now, "repos": before["repos"]} == before
    for line in text.splitlines():
        assert line.encode() in after


@pytest.mark.parametrize(
    "text", ["", "- a\n", "repos: []\n", "repos: {}\n", "a: [\n", "repos: [{repo: a, hooks: []}]\n", "\0"]
)
def test_what_cannot_be_extended_safely_is_left_alone(text: str) -> None:
    assert blocks.with_hooks(text.encode(), compose.hooks()) is None
