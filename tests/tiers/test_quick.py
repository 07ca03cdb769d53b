import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.tiers import quick

line = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))
lines = st.lists(line)


@given(st.text("0123456789abcdef", min_size=1), line, lines, lines, lines, lines, line)
def test_a_record_comes_back_as_it_was_written(  # noqa: PLR0913, PLR0917
    print_: str,
    environment: str,
    packages: list[str],
    variables: list[str],
    programs: list[str],
    patterns: list[str],
    summary: str,
) -> None:
    record = quick.Record(
        environment, packages=packages, variables=variables, programs=programs, patterns=patterns, summary=summary
    )
    stored, found = quick.read(quick.write(record, print_))
    assert stored == print_
    for name in quick.Record.__slots__:
        assert getattr(found, name) == getattr(record, name), name


@pytest.mark.parametrize(
    "text", ["", "\n", "print", "print\n", "\nenvironment /e\n", "print\nodd x\n", "print\nenvironment /e\n\n"]
)
def test_what_is_not_a_record(text: str) -> None:
    with pytest.raises(ValueError, match="not a record"):
        quick.read(text)
