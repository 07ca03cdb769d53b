import string
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from xptasks.ci import reading
from xptasks.ci.writing import Noted, write
from xptasks.contracts import yaml_text
from xptasks.contracts.source import Limits

KEYS = st.text(string.ascii_letters + "-_ :#", min_size=1, max_size=8).filter(lambda key: key != "on")
TEXTS = st.text(string.printable.replace("\r", "").replace("\x0b", "").replace("\x0c", ""), max_size=30)
SCALARS = st.booleans() | st.integers(-5, 5) | TEXTS
TABLES = st.dictionaries(KEYS, SCALARS | st.dictionaries(KEYS, SCALARS, max_size=4), max_size=4)


def test_comments_stand_above_and_beside() -> None:
    text = write(
        {"a": Noted("x@1", "why", "v1"), "b": {"c": 1, "d": Noted({"e": []}, "two\nlines")}}, "Header.\n\nMore."
    )
    assert text == (
        "# Header.\n#\n# More.\n\n# why\na: x@1  # v1\n\nb:\n  c: 1\n\n  # two\n  # lines\n  d:\n    e: []\n"
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain words", "plain words"),
        ("on", '"on"'),
        ("3.10", '"3.10"'),
        ("17 2 * * *", '"17 2 * * *"'),
        ("", '""'),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ("${{ x }}", "${{ x }}"),
        ("true", '"true"'),
        (True, "true"),
        (["a", 1, "d,e"], '[a, 1, "d,e"]'),
        (["a", "b c"], "\n  - a\n  - b c"),
        ({}, "{}"),
        ([], "[]"),
        ("one\ntwo", "|\n  one\n  two"),
        ("\n", '"\\n"'),
        (" one\ntwo\n\n", '" one\\ntwo\\n\\n"'),
    ],
)
def test_scalars(value: object, written: str) -> None:
    below = written.startswith("\n")
    assert write({"key": value}, "H").split("\n\n", 1)[1] == f"key:{'' if below else ' '}{written}\n"


@given(TABLES)
def test_what_is_written_is_read_back_by_every_reader(data: dict[str, Any]) -> None:
    """By PyYAML (1.1), by our reader of YAML 1.2, and by that for workflows."""
    text = write(data, "H")
    assert ended(yaml.safe_load(text) or {}) == ended(data)
    assert ended(yaml_text.parse(text, Limits())[0] or {}) == ended(data)
    parsed = reading.parse(text, "w.yml")
    assert parsed.problems == ()
    assert ended(parsed.data) == ended(data)


def ended(value: object) -> object:
    """The same, where a text of several lines ends its last one: it is a command, to which that makes no difference."""
    match value:
        case dict():
            return {key: ended(each) for key, each in value.items()}
        case list() | tuple():
            return [ended(each) for each in value]
        case str() if "\n" in value:
            return f"{value.removesuffix(chr(10))}\n"
    return value
