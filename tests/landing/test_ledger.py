import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.landing.ledger import Entry, What

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
entries = st.builds(
    Entry, st.sampled_from(What), st.floats(0, 1e10), text, text, text, st.dictionaries(text, text, max_size=3)
)


@given(entries)
def test_an_entry_is_read_as_it_was_written(entry: Entry) -> None:
    message = entry.message()
    assert Entry.parse(message) == entry
    assert Entry.parse(message.rstrip()) == entry  # git strips what is at the end
    assert message.isascii()


def test_its_first_line_is_for_people() -> None:
    entry = Entry(What.LANDED, 1.0, "my-change", "0123456789abcdef", data={"lines": 3})
    assert entry.message().splitlines()[0] == "landed my-change 0123456789ab"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "landed my-change",
        "a\n\n[]",
        'a\n\n{"what": "landed"}',
        'a\n\n{"what": "moon-landed", "at": 1.0}',
        'a\n\n{"what": "landed", "at": "never"}',
        'a\n\n{"what": "landed", "at": 1.0, "data": []}',
        'a\n\n{"what": "landed", "at": 1.0, "colour": "red"}',
    ],
)
def test_what_is_no_entry_is_none(message: str) -> None:
    assert Entry.parse(message) is None


def test_an_entry_of_an_older_version_may_lack_what_has_a_default() -> None:
    assert Entry.parse(f"x\n\n{json.dumps({'what': 'landed', 'at': 1})}") == Entry(What.LANDED, 1.0)
