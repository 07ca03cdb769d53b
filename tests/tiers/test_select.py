import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.tiers.select import ordered, words_of

A1, A2 = "tests/app/test_a.py::test_1", "tests/app/test_a.py::test_2[x::y]"
B, C = "tests/test_pages.py::test_b", "tests/test_other.py::Class::test_c"
ALL = [C, B, A1, A2]


@pytest.mark.parametrize(
    ("deferred", "failed", "changed", "expected"),
    [
        ((), (), (), [C, B, A1, A2]),
        ((A2,), (), (), [A2, C, B, A1]),
        ((), (A2,), (), [A2, C, B, A1]),
        ((A2,), (A1,), (), [A2, A1, C, B]),
        ((A1,), (A1,), (), [A1, C, B, A2]),
        ((), (), ("tests/app/test_a.py",), [A1, A2, C, B]),
        ((), (A1,), ("tests/test_pages.py",), [A1, B, C, A2]),
        ((), (), ("src/pages.py",), [B, C, A1, A2]),
        ((), (), ("app/anything.py",), [A1, A2, C, B]),
        ((), (), ("src/pages.html",), [C, B, A1, A2]),
        ((), (), ("tests/conftest.py", "src/__init__.py"), [C, B, A1, A2]),
        (("gone.py::test",), ("gone.py::test",), ("gone.py",), [C, B, A1, A2]),
    ],
)
def test_likely_failures_come_first(
    deferred: tuple[str, ...], failed: tuple[str, ...], changed: tuple[str, ...], expected: list[str]
) -> None:
    order = ordered(ALL, deferred=deferred, failed=failed, changed=changed)
    assert [ALL[index] for index in order] == expected


names = st.lists(st.sampled_from([A1, A2, B, C, "x.py::y", "odd", "", "::"]))


@given(names, names, names, st.lists(st.text()))
def test_no_test_is_left_out(tests: list[str], deferred: list[str], failed: list[str], changed: list[str]) -> None:
    order = ordered(tests, deferred=deferred, failed=failed, changed=changed)
    assert sorted(order) == list(range(len(tests)))


def test_the_words_of_a_path() -> None:
    assert words_of(["tests/api/test_users.py", "src/orders_test.py", "conftest.py"]) == {"api", "users", "orders"}
