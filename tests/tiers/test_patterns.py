from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.system.globs import matcher
from xptasks.tiers import patterns

FILES = ["a.py", "app/a.py", "app/b.txt", "app/sub/c.py", "app/sub/[d].py", "docs/a\nb.md", "docs", "x+y.py"]
BLOB = ("100644", "0")
TREE = dict.fromkeys(FILES, BLOB)


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("**", FILES),
        ("*", FILES),  # a folder means all below it
        ("*.py", ["a.py", "x+y.py"]),
        ("**/*.py", ["a.py", "app/a.py", "app/sub/c.py", "app/sub/[d].py", "x+y.py"]),
        ("app", ["app/a.py", "app/b.txt", "app/sub/c.py", "app/sub/[d].py"]),
        ("app/", ["app/a.py", "app/b.txt", "app/sub/c.py", "app/sub/[d].py"]),
        ("./app/*.py", ["app/a.py"]),
        ("app/**/*.py", ["app/a.py", "app/sub/c.py", "app/sub/[d].py"]),
        ("app/**", ["app/a.py", "app/b.txt", "app/sub/c.py", "app/sub/[d].py"]),
        ("app/sub/[d].py", ["app/sub/[d].py"]),
        ("a?py", ["a.py"]),
        ("?.py", ["a.py"]),
        ("app?a.py", []),
        ("docs/*.md", ["docs/a\nb.md"]),
        ("x+y.py", ["x+y.py"]),
        ("ap", []),
        ("nothing/**", []),
    ],
)
def test_a_glob(glob: str, expected: list[str]) -> None:
    assert list(patterns.matching(TREE, [glob])) == expected


def test_several_globs_and_none() -> None:
    assert list(patterns.matching(TREE, ["a.py", "docs"])) == ["a.py", "docs/a\nb.md", "docs"]
    assert patterns.matching(TREE, []) == {}


@given(st.text(st.characters(exclude_characters="*?\0")).filter(lambda name: name.strip("./")))
def test_a_plain_name_matches_itself_and_what_is_below(name: str) -> None:
    name = name.strip("/").removeprefix("./").strip("/") or "a"
    matches = matcher((name,))
    assert matches(name.removeprefix("./").rstrip("/"))
    assert not matches(f"x{name}")


@pytest.mark.parametrize(
    ("glob", "reaches"),
    [
        ("build/**", True),
        ("build", True),
        (".env", True),
        ("app/.env", True),
        ("app/new/**", True),
        ("app", False),
        ("app/**", False),
        ("app/*.secret", False),
        ("a.py", False),
        ("**", False),
        ("*.env", False),
    ],
)
def test_globs_that_reach_what_git_does_not_know(glob: str, *, reaches: bool) -> None:
    assert patterns.reaching([glob], TREE) == ([glob] if reaches else [])


def test_ignored_files_that_are_named(tmp_path: Path) -> None:
    for name in ("build/a.bin", "build/deep/b.bin", "build/c.txt", "build/__pycache__/d.bin", "other/e.bin"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = patterns.ignored(str(tmp_path), ["build/**/*.bin", "missing/**"])
    assert sorted(found) == ["build/a.bin", "build/deep/b.bin"]
    assert len(set(found.values())) == 2
