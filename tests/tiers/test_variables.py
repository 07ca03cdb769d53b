from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.errors import ConfigError
from xptasks.tiers import variables


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A=1", {"A": "1"}),
        ("export A = one two ", {"A": "one two"}),
        ("A='x # y' # why", {"A": "x # y"}),
        ('A="x', {"A": "x"}),
        ("A=x # why", {"A": "x"}),
        ("A=", {"A": ""}),
        ("# A=1", {}),
        ("1A=1", {}),
        ("nothing", {}),
    ],
)
def test_a_line(line: str, expected: dict[str, str]) -> None:
    assert variables.parse(line) == expected


@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,5}", fullmatch=True), st.text("ab '=#:/${}", max_size=8)))
def test_what_is_written_is_read(values: dict[str, str]) -> None:
    assert variables.parse(variables.render(values, "# head\n")) == values


def test_a_file_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "test.env").write_text("A=1\n")
    assert variables.read(tmp_path, "test.env") == {"A": "1"}
    assert variables.read(tmp_path, "") == {}
    with pytest.raises(ConfigError, match="cannot be read"):
        variables.read(tmp_path, "gone.env")
