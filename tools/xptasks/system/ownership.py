"""Which step a process belongs to: decided from the process table alone, so that it can be tested as a table.

A process below a step's own process belongs to that step. One that was orphaned (daemonised) has become our child: its
mark names its step; what scrubbed its environment belongs to one of the steps that were running when we first saw it,
and ends with the last of these.
"""

from collections.abc import Callable, Iterable

from xptasks.system.process_table import RELEASED, Identity, Row, Table

Mark = Callable[[int], str | None]
_NOBODY: frozenset[int] = frozenset()


class Owners:
    """Remembers which children (by number) may own each process that was ever seen below us.

    Args:
        me: our own pid.
        run: the mark of the run; its child number 3 carries `run/3`.
        foreign: processes that were below us before the run and stay out of it, with all that they start.
        heir: the pid that inherits orphans: ours, or 1 where a process cannot ask for them.
    """

    def __init__(self, me: int, run: str, foreign: Iterable[Identity] = (), heir: int | None = None) -> None:
        self._me = me
        self._run = run
        self._heir = heir or me
        self._foreign = frozenset(foreign)
        self._roots: dict[int, int] = {}
        self._seen: dict[Identity, frozenset[int]] = {}

    @property
    def running(self) -> frozenset[int]:
        """The numbers of the children that have not ended."""
        return frozenset(self._roots.values())

    def add(self, number: int, pid: int) -> None:
        """Child `number` starts, as process `pid`."""
        self._roots[pid] = number

    def end(self, number: int) -> None:
        """Nothing of child `number` is left."""
        self._roots = {pid: other for pid, other in self._roots.items() if other != number}

    def observe(self, table: Table, mark: Mark) -> None:
        """Take in one look at the processes, and forget those that are gone."""
        alive = {row.identity for row in table.rows.values()}
        self._seen = {identity: owners for identity, owners in self._seen.items() if identity in alive}
        strangers: set[int] = set()
        for row in table.rows.values():
            self._settle(row, table, mark, strangers)

    def owner(self, row: Row) -> int | None:
        """The child that a process belongs to for certain."""
        candidates = self._seen.get(row.identity, _NOBODY) & self.running
        return min(candidates) if len(candidates) == 1 else None

    def owned(self, table: Table, number: int) -> list[Row]:
        """What of `table` belongs to child `number` for certain, its own process included."""
        return [row for row in table.rows.values() if self.owner(row) == number]

    def known(self) -> list[Identity]:
        """Every process of the run that was alive at the last look."""
        return sorted(self._seen)

    def _settle(self, row: Row, table: Table, mark: Mark, strangers: set[int]) -> None:
        """Walk up to the first process whose owner is plain, and give that owner to everything on the way."""
        way: list[Row] = []
        step: Row | None = row
        owners = _NOBODY
        while step and step.pid not in strangers and step not in way:
            way.append(step)
            found = self._plain(step, mark)
            if found is not None:
                owners = found
                break
            step = table.rows.get(step.parent)
        for walked in way:
            if owners:
                self._seen[walked.identity] = owners
            else:
                strangers.add(walked.pid)

    def _plain(self, row: Row, mark: Mark) -> frozenset[int] | None:
        """The owners of a process that need no look at its parent; None when its parent decides."""
        if row.identity in self._seen:
            return self._seen[row.identity]
        if row.identity in self._foreign or row.pid == self._me:
            return _NOBODY
        if row.pid in self._roots:
            return frozenset({self._roots[row.pid]})
        if row.parent == self._heir:
            return self._adopted(mark(row.pid))
        return None

    def _adopted(self, value: str | None) -> frozenset[int]:
        if value == RELEASED:
            return _NOBODY
        number = number_in(value or "", self._run)
        if number is None:
            return self.running if self._heir == self._me else _NOBODY
        return self.running & {number}


def number_in(value: str, run: str) -> int | None:
    """The child's number that a mark holds for `run`. A run inside a run appends its own: `outer/2 inner/0`."""
    numbers = (word.rpartition("/")[2] for word in value.split() if word.rpartition("/")[0] == run)
    return next((int(number) for number in numbers if number.isdigit()), None)
