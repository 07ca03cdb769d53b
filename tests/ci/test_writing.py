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
    ],
)
def test_scalars(value: object, written: str) -> None:
    below = written.startswith("\n")
    assert write({"key": value}, "H").split("\n\n", 1)[1] == f"key:{'' if below else ' '}{written}\n"


@given(TABLES)
def test_what_is_written_is_read_back_by_every_reader(data: dict[str, Any]) -> None:
    """By PyYAML (1.1), by our reader of YAML 1.2, and by that for workflows. A text of several lines is a command."""
    given_ = {key: value for key, value in data.items() if "\n" not in str(value) and "\t" not in str(value)}
    text = write(given_, "H")
    assert (yaml.safe_load(text) or {}) == given_
    assert (yaml_text.parse(text, Limits())[0] or {}) == given_
    parsed = reading.parse(text, "w.yml")
    assert parsed.problems == ()
    assert parsed.data == given_
