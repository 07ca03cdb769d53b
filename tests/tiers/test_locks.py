import pytest

from xptasks.tiers import locks

UV = """
version = 1
[[package]]
name = "mine"
version = "0.1"
source = { editable = "." }
[[package]]
name = "Type_Ing"
version = "4.1"
source = { registry = "https://index.invalid/simple" }
[[package]]
name = "forked"
version = "1"
source = { registry = "https://index.invalid/simple" }
[[package]]
name = "forked"
version = "2"
source = { registry = "https://index.invalid/simple" }
[[package]]
name = "from-git"
version = "1"
source = { git = "https://git.invalid" }
"""
POETRY = (
    '[[package]]\nname = "a"\nversion = "1"\n[[package]]\nname = "b"\nversion = "2"\n[package.source]\ntype = "git"\n'
)
PYLOCK = '[[packages]]\nname = "a"\nversion = "1"\n[[packages]]\nname = "b"\ndirectory = {path = "."}\n'
PIPFILE = '{"default": {"a": {"version": "==1"}}, "develop": {"b": {"git": "x"}, "c": {"version": "==2"}}}'


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("uv.lock", UV, ["type-ing==4.1"]),
        ("../poetry.lock", POETRY, ["a==1"]),
        ("pdm.lock", POETRY, ["a==1"]),
        ("pylock.toml", PYLOCK, ["a==1"]),
        ("Pipfile.lock", PIPFILE, ["a==1", "c==2"]),
        ("uv.lock", "", []),
    ],
)
def test_the_pins(name: str, text: str, expected: list[str]) -> None:
    assert locks.constraints(name, text) == expected


@pytest.mark.parametrize(("name", "text"), [("uv.lock", "="), ("Pipfile.lock", "[]"), ("uv.lock", "package = 3")])
def test_what_is_no_lock(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        locks.constraints(name, text)


NEWER = """
[[package]] # as a formatter leaves it
name = "a"
version = "1"
source = { registry = "https://index.invalid/{simple}" }
sdist = {
  url = "https://index.invalid/a, }.tar.gz", # one
  hash = 'sha256:{',
}
wheels = [
  { url = "https://index.invalid/a-1-cp39-cp39-win32.whl",
    size = 1, },
]
[[package]]
name = "b"
version = "2"
"""


def test_a_lock_of_newer_toml() -> None:
    assert locks.constraints("uv.lock", NEWER) == ["a==1", "b==2"]
    assert locks.unfit("uv.lock", NEWER, {"py3-none-any"}) == ["a"]


@pytest.mark.parametrize("text", ["a = {", "<<<<<<< HEAD", "a = {\n" * 1000])
def test_a_lock_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"^uv\.lock cannot be read: "):
        locks.constraints("uv.lock", text)
