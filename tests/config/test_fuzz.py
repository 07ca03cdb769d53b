"""Whatever the file holds: a configuration or a clear error, never another exception. Seeds repeat each file."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\n".join(b"k%d = 1" % number for number in range(20_000)), "... and more mistakes"),
        (b"a = {" * 2000 + b"}" * 2000, "nested too deeply"),
        (b"a = " + b"[" * 400 + b"]" * 400, "unknown key 'a'"),
        (b".".join([b"a"] * 200) + b" = 1", "unknown key 'a'"),
        (b"a = '" + b"x" * 250_000 + b"'", "unknown key 'a'"),
        (b"'" + b"x" * 250_000 + b"' = 1", "unknown key 'xxx"),
        (b"a = " + b"9" * 5000, "too many digits"),
        (b"# " + "🚀".encode() * 60_000 + b"\na = 1", "unknown key 'a'"),
        (b"a = [" + "'🚀',".encode() * 20_000 + b"]", "unknown key 'a'"),
        (b"x" * (256 * 1024 + 1), "it is larger than 256 KiB"),
        (b"[project]\nname = 'x'\n" + b"[[a]]\n" * 30_000, "unknown key 'a'"),
    ],
    ids=range(11),
)
def test_a_monstrous_file_is_refused_with_a_short_text(text: bytes, words: str, tmp_path: Path) -> None:
    message = outcome(text, tmp_path)
    assert isinstance(message, str)
    assert words in message
    assert len(message) < 20_000
