import pytest

from xptasks.system.ownership import Owners, number_in
from xptasks.system.process_table import Identity, Row, Table

ME = 10


def table(*processes: tuple[int, int], zombies: tuple[int, ...] = ()) -> Table:
    """Processes as (pid, parent); each started at the time of its pid."""
    rows = [(1, 0), (ME, 1), *processes]
    return Table({pid: Row(pid, parent, pid, float(pid), zombie=pid in zombies) for pid, parent in rows})


def owned(owners: Owners, seen: Table, number: int) -> list[int]:
    return sorted(row.pid for row in owners.owned(seen, number))


def two_children(**options: int) -> Owners:
    owners = Owners(ME, "r1", [Identity(50, 50.0)], **options)
    owners.add(0, 20)
    owners.add(1, 30)
    return owners


def unmarked(_: int) -> None:
    return None


def test_what_is_below_a_child_is_its_own() -> None:
    owners = two_children()
    seen = table((20, ME), (21, 20), (22, 21), (30, ME), (31, 30), (40, 1))
    owners.observe(seen, unmarked)
    assert (owned(owners, seen, 0), owned(owners, seen, 1)) == ([20, 21, 22], [30, 31])


def test_an_orphan_that_was_seen_before_keeps_its_owner() -> None:
    owners = two_children()
    owners.observe(table((20, ME), (21, 20), (22, 21), (30, ME)), unmarked)
    seen = table((20, ME), (22, ME), (23, 22), (30, ME))
    owners.observe(seen, unmarked)
    assert owned(owners, seen, 0) == [20, 22, 23]


@pytest.mark.parametrize(
    ("mark", "first", "second"),
    [
        ("r1/0", [20, 60, 61], [30]),
        ("outer/1 r1/0", [20, 60, 61], [30]),
        ("r1/1", [20], [30, 60, 61]),
        ("r1/7", [20], [30]),
        ("", [20], [30]),
    ],
)
def test_a_mark_names_the_owner_of_an_orphan(mark: str, first: list[int], second: list[int]) -> None:
    owners = two_children()
    seen = table((20, ME), (30, ME), (60, ME), (61, 60))
    owners.observe(seen, lambda _: mark)
    assert (owned(owners, seen, 0), owned(owners, seen, 1)) == (first, second)


@pytest.mark.parametrize("mark", [None, "r2/0", "r1/x", "r1"])
def test_an_orphan_without_our_mark_belongs_to_the_last_that_may_have_started_it(mark: str | None) -> None:
    owners = two_children()
    seen = table((20, ME), (30, ME), (60, ME))
    owners.observe(seen, lambda _: mark)
    assert (owned(owners, seen, 0), owned(owners, seen, 1)) == ([20], [30])
    owners.end(0)
    owners.add(2, 40)
    later = table((30, ME), (60, ME), (40, ME))
    owners.observe(later, lambda _: mark)
    assert (owned(owners, later, 1), owned(owners, later, 2)) == ([30, 60], [40])


def test_what_was_there_before_is_nobodys() -> None:
    owners = two_children()
    seen = table((20, ME), (30, ME), (50, ME), (51, 50))
    owners.observe(seen, lambda _: "r1/0")
    assert owned(owners, seen, 0) == [20]
    assert owners.known() == [Identity(20, 20.0), Identity(30, 30.0)]


def test_a_reused_pid_is_another_process() -> None:
    owners = two_children()
    owners.observe(table((20, ME), (21, 20), (30, ME)), unmarked)
    reused = table((20, ME), (30, ME))
    reused = Table({**reused.rows, 21: Row(21, 1, 21, 99.0)})
    owners.observe(reused, unmarked)
    assert owned(owners, reused, 0) == [20]


@pytest.mark.parametrize(("mark", "first"), [("r1/0", [20, 60]), (None, [20]), ("r2/0", [20])])
def test_without_adoption_only_a_mark_counts(mark: str | None, first: list[int]) -> None:
    owners = two_children(heir=1)
    seen = table((20, ME), (30, ME), (60, 1))
    owners.observe(seen, lambda pid: mark if pid == 60 else None)
    assert owned(owners, seen, 0) == first


def test_a_table_that_was_read_while_it_changed_may_have_a_circle() -> None:
    owners = two_children()
    seen = table((20, ME), (30, ME), (70, 71), (71, 70))
    owners.observe(seen, unmarked)
    assert owned(owners, seen, 0) == [20]


@pytest.mark.parametrize(
    ("value", "number"),
    [("r1/3", 3), ("r0/1 r1/2", 2), ("r1/2 r0/1", 2), ("r11/2", None), ("", None), ("r1/", None), ("r1/-1", None)],
)
def test_the_number_in_a_mark(value: str, number: int | None) -> None:
    assert number_in(value, "r1") == number
