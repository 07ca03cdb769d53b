import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.contracts.model.names import camel, member_names, pascal, segments, snake, type_name
from xptasks.contracts.model.words import PYTHON_MEMBER_WORDS, SWIFT_MEMBER_WORDS, TYPE_WORDS


@pytest.mark.parametrize(
    ("written", "type_", "field", "case"),
    [
        ("simple-user", "SimpleUser", "simple_user", "simpleUser"),
        ("createdAt", "CreatedAt", "created_at", "createdAt"),
        ("HTTPServer", "HTTPServer", "http_server", "httpServer"),
        ("SCREAMING_CASE", "ScreamingCase", "screaming_case", "screamingCase"),
        ("+1", "Plus1", "plus_1", "plus1"),
        ("-1", "Minus1", "minus_1", "minus1"),
        (">=", "GreaterEqual", "greater_equal", "greaterEqual"),
        ("1st", "1st", "n_1st", "n1st"),
        ("日本", "日本", "日本", "日本"),
        ("", "", "empty", "empty"),
    ],
)
def test_spelling(written: str, type_: str, field: str, case: str) -> None:
    assert (pascal(written), snake(written), camel(written)) == (type_, field, case)


@pytest.mark.parametrize("word", ["Result", "Task", "Date", "Encoder", "Any", "None", "Model", "Record", "Self"])
def test_types_keep_clear_of_reserved_and_shadowing_words(word: str) -> None:
    assert type_name(word) == f"{word}_"


@pytest.mark.parametrize("word", ["class", "self", "copy", "json", "int", "default", "rawValue", "model_dump"])
def test_members_keep_clear_of_reserved_and_shadowing_words(word: str) -> None:
    names = member_names([word])[word]
    assert names.snake not in PYTHON_MEMBER_WORDS
    assert names.camel not in SWIFT_MEMBER_WORDS
    assert not names.snake.startswith("_")


def test_the_one_that_is_spelled_right_keeps_its_name_in_any_order() -> None:
    keys = ["user_name", "UserName", "user-name", "username"]
    found = segments(keys)
    assert found["UserName"] == "UserName"
    assert len({name.casefold() for name in found.values()}) == 4
    assert segments(reversed(keys)) == found


@given(st.lists(st.text(max_size=6), unique=True, max_size=8))
def test_names_are_identifiers_and_all_different(keys: list[str]) -> None:
    found = member_names(keys)
    for style in ("snake", "camel", "upper"):
        names = [getattr(name, style) for name in found.values()]
        assert len({name.casefold() for name in names}) == len(names)
        assert all(name.isidentifier() for name in names)
    assert not any(keyword.iskeyword(name.snake) for name in found.values())
    types = list(segments(keys).values())
    assert len({name.casefold() for name in types}) == len(types)
    assert all(type_name(name).isidentifier() and type_name(name) not in TYPE_WORDS for name in types)
