"""Positions: every way to write a key leads to the right place, counted in characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.config.positions import Path, locate
from xptasks.config.problems import Mistake, Place, Span, nearest

TEXT = """\
top = 1
"é".b.'c d' = [1, { x = "🚀", y.z = [3] },
  # a comment
  4]
[t.u]
k = "🚀🚀" # comment
m = '''
two lines'''
[[r]]
q = true
[[r]]
[r.s]
q = 1.5
[[r.w]]
v = 0
[t]
late = 1
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("top",), (1, 1), (1, 7)),
        (("é",), (2, 1), (2, 1)),
        (("é", "b"), (2, 5), (2, 5)),
        (("é", "b", "c d"), (2, 7), (2, 15)),
        (("é", "b", "c d", 0), (2, 7), (2, 16)),
        (("é", "b", "c d", 1, "x"), (2, 21), (2, 25)),
        (("é", "b", "c d", 1, "y", "z"), (2, 32), (2, 36)),
        (("é", "b", "c d", 1, "y", "z", 0), (2, 32), (2, 37)),
        (("é", "b", "c d", 2), (2, 7), (4, 3)),
        (("t",), (5, 2), (5, 2)),
        (("t", "u"), (5, 4), (5, 4)),
        (("t", "u", "k"), (6, 1), (6, 5)),
        (("t", "u", "m"), (7, 1), (7, 5)),
        (("t", "late"), (17, 1), (17, 8)),
        (("r", 0, "q"), (10, 1), (10, 5)),
        (("r", 1), (11, 3), (11, 3)),
        (("r", 1, "s", "q"), (13, 1), (13, 5)),
        (("r", 1, "w", 0, "v"), (15, 1), (15, 5)),
        (("t", "u", "missing"), (5, 4), (5, 4)),
        (("missing",), (1, 1), (1, 1)),
    ],
    ids=str,
)
def test_a_path_leads_to_its_key_and_its_value(path: Path, key: tuple[int, int], value: tuple[int, int]) -> None:
    found = locate(TEXT)
    assert found.key(path)[:2] == key
    assert found.value(path)[:2] == value


def test_a_span_ends_behind_the_value() -> None:
    found = locate(TEXT)
    assert found.value(("t", "u", "k")) == Span(6, 5, 6, 9)
    assert found.value(("t", "u", "m")) == Span(7, 5, 8, 13)
    assert found.repeated == []


@given(st.text(st.characters(codec="utf-8", exclude_characters='"\\\n\r\x7f', exclude_categories=["Cc"]), max_size=40))
def test_columns_are_characters_after_any_text(text: str) -> None:
    found = locate(f'a = {{ b = "{text}", c = 1 }}\n')
    assert found.key(("a", "c")) == Span.point(1, len(text) + 15)


@pytest.mark.parametrize(
    ("line", "start", "end", "shown", "mark"),
    [
        ("abc", 1, 2, "abc", "^"),
        ("\tabc", 2, 5, "    abc", "    ^^^"),
        ("前b", 2, 3, "前b", "  ^"),
        ("前b", 1, 2, "前b", "^^"),
        ("e\u0301b", 3, 4, "e\u0301b", " ^"),
        ("a\x1bb", 3, 4, "a\N{REPLACEMENT CHARACTER}b", "  ^"),
        ("abc", 4, 4, "abc", "   ^"),
    ],
)
def test_the_caret_stands_under_the_place(line: str, start: int, end: int, shown: str, mark: str) -> None:
    place = Place("f", Span(1, start, 1, end), line)
    assert str(Mistake(place, "m")).split("\n") == [f"f:1:{start}: m", f"    {shown}", f"    {mark}"]


@given(st.text(min_size=1, max_size=400), st.data())
def test_any_line_is_shown_on_one_short_line(text: str, data: st.DataObject) -> None:
    line = text.replace("\n", " ")
    start = data.draw(st.integers(1, len(line)))
    end = data.draw(st.integers(start, len(line) + 1))
    shown = str(Mistake(Place("f", Span(1, start, 1, end), line), "m")).split("\n")
    assert len(shown) in {1, 3}
    assert all(len(each) < 4 * 130 and each.isprintable() for each in shown)


@pytest.mark.parametrize(
    ("name", "found"),
    [("budgte", "budget"), ("Budget", "budget"), ("idle-timeout", "idle_timeout"), ("zzz", None), ("", None)],
)
def test_the_nearest_name_is_found(name: str, found: str | None) -> None:
    assert nearest(name, ["budget", "idle_timeout"]) == found
