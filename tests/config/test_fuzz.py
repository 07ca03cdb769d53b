"""Whatever the file holds: a configuration or a clear error, never another exception. Seeds repeat each file."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from xptasks import config
from xptasks.config.loading import Loaded
from xptasks.errors import ConfigError

GOOD = (
    (Path(__file__).parents[2] / "docs/reference/xpconfig.starter.toml").read_bytes()
    + b"""
[steps.my_check]
run = ["python", "-m", "my_check"]
[profiles.ci]
tiers.fast = { budget = "2m", "jobs" = 4 }
"""
)
VALUES = (
    b"1",
    b"-1.5",
    b"true",
    b'"text"',
    b"[]",
    b"[[1]]",
    b"{ a = 1 }",
    b"2027-01-31",
    b"inf",
    b"''",
    b'"\xf0\x9f\x9a\x80"',
)
Mutation = Callable[[random.Random, bytes], bytes]


def flip_bytes(chance: random.Random, text: bytes) -> bytes:
    changed = bytearray(text)
    for _ in range(chance.randint(1, 5)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def delete_line(chance: random.Random, text: bytes) -> bytes:
    lines = text.split(b"\n")
    del lines[chance.randrange(len(lines))]
    return b"\n".join(lines)


def repeat_line(chance: random.Random, text: bytes) -> bytes:
    lines = text.split(b"\n")
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return b"\n".join(lines)


def _lines_with_keys(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if b" = " in line] or [b"a = "]


def rename_key(chance: random.Random, text: bytes) -> bytes:
    line = chance.choice(_lines_with_keys(text))
    at = chance.randrange(line.index(b" = ") + 1)
    return text.replace(line, line[:at] + chance.choice([b"x", b".", b'"', b"-", b"\xc3\xa9", b""]) + line[at + 1 :], 1)


def swap_value(chance: random.Random, text: bytes) -> bytes:
    line = chance.choice(_lines_with_keys(text))
    return text.replace(line, line[: line.index(b" = ")].lstrip(b"# ") + b" = " + chance.choice(VALUES), 1)


def cut(chance: random.Random, text: bytes) -> bytes:
    return text[: chance.randrange(len(text))]


MUTATIONS: tuple[Mutation, ...] = (flip_bytes, delete_line, repeat_line, rename_key, swap_value, cut)


def outcome(text: bytes, folder: Path) -> Loaded | str:
    (folder / "xpconfig.toml").write_bytes(text)
    try:
        return config.load(folder, environ={})
    except ConfigError as error:
        return str(error)


def mutated(seed: int) -> bytes:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    text = GOOD
    for mutation in chance.choices(MUTATIONS, k=chance.randint(1, 3)):
        text = mutation(chance, text) or b"\n"
    return text


def test_the_file_is_good_before_it_is_changed(tmp_path: Path) -> None:
    assert isinstance(outcome(GOOD, tmp_path), Loaded)


def test_200_changed_files_load_or_say_what_is_wrong_and_where(tmp_path: Path) -> None:
    found = [outcome(mutated(seed), tmp_path) for seed in range(200)]
    messages = [each for each in found if isinstance(each, str)]
    assert len(messages) > 50
    assert len(found) - len(messages) > 10
    assert all(block.startswith("xpconfig.toml") for message in messages for block in message.split("\n\n"))


VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.dates()
    | st.sampled_from(["lint", "5s"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEY = st.sampled_from(
    [
        "version",
        "project",
        "name",
        "tests",
        "tiers",
        "steps",
        "lint",
        "fast",
        "includes",
        "budget",
        "run",
        "profiles",
        "ci",
    ]
)
TABLE = st.dictionaries(KEY, VALUE | st.dictionaries(KEY, VALUE | st.dictionaries(KEY, VALUE, max_size=3), max_size=3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def without_none(value: Any) -> Any:  # noqa: ANN401 - any TOML
    if isinstance(value, dict):
        return {name: without_none(item) for name, item in value.items() if item is not None}
    return [without_none(item) for item in value if item is not None] if isinstance(value, list) else value


@given(TABLE)
def test_any_table_loads_or_says_what_is_wrong(folder: Path, table: dict[str, object]) -> None:
    written = tomli_w.dumps(without_none({"version": 1, "project": {"name": "x"}, **table}))
    found = outcome(written.encode("utf-8", "replace"), folder)
    assert isinstance(found, Loaded) or found.encode()


@given(
    st.dictionaries(
        st.builds("XPTASKS_{}".format, st.text("ABPROFILETSGNM_ü\udc80", max_size=12))
        | st.sampled_from(["XPTASKS_TIERS__FAST__JOBS", "XPTASKS_TIERS__FAST__STEPS", "XPTASKS_PROJECT__NAME"]),
        st.text(max_size=8) | st.just("\udc80") | st.sampled_from(["[1]", "{ a = 1 }", "['lint']", "2027-01-31"]),
        max_size=3,
    )
)
def test_any_environment_loads_or_says_what_is_wrong(folder: Path, environ: dict[str, str]) -> None:
    (folder / "xpconfig.toml").write_bytes(GOOD)
    try:
        config.load(folder, overrides=[f"{name}={value}" for name, value in environ.items()], environ=environ)
    except ConfigError as error:
        assert str(error).encode()  # noqa: PT017 - a message that cannot be printed would be a traceback later


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\n".join(b"k%d = 1" % number for number in range(20_000)), "... and more mistakes"),
        (b"a = {" * 2000 + b"}" * 2000, "nested too deeply"),
        (b"a = " + b"[" * 200 + b"]" * 200, "unknown key 'a'"),
        (b"[" + b"b." * 99 + b"b]\n" + b"a." * 99 + b"a = " + b"[" * 420 + b"]" * 420, "nested too deeply"),
        (b".".join([b"a"] * 100) + b" = 1", "unknown key 'a'"),
        (b"a = '" + b"x" * 250_000 + b"'", "unknown key 'a'"),
        (b"'" + b"x" * 250_000 + b"' = 1", "unknown key 'xxx"),
        (b"a = " + b"9" * 5000, "too many digits"),
        (b"# " + "🚀".encode() * 60_000 + b"\na = 1", "unknown key 'a'"),
        (b"a = [" + "'🚀',".encode() * 20_000 + b"]", "unknown key 'a'"),
        (b"".join(b"profiles.p%d.z = 1\n" % number for number in range(5000)), "there are more than 30 profiles"),
        (b"".join(b"[tiers.t%d]\nincludes = ['t%d']\n" % (i, i + 1) for i in range(5000)), "nested too deeply"),
        (b"x" * (256 * 1024 + 1), "it is larger than 256 KiB"),
        (b"[project]\nname = 'x'\n" + b"[[a]]\n" * 30_000, "unknown key 'a'"),
    ],
    ids=range(14),
)
def test_a_monstrous_file_is_refused_with_a_short_text(text: bytes, words: str, tmp_path: Path) -> None:
    message = outcome(text, tmp_path)
    assert isinstance(message, str)
    assert words in message
    assert len(message) < 25_000  # a hundred mistakes, each with the names that are known
