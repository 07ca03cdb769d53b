"""Two contracts that are being compared: what every part of the comparison needs."""

from collections.abc import Collection
from datetime import date
from typing import Any

from xptasks.contracts.compat.change import Profile
from xptasks.contracts.compat.relation import Relation, Verdict
from xptasks.contracts.compat.report import Report
from xptasks.contracts.compat.schemas import Direction, Schema, Side, Table
from xptasks.contracts.compat.text import reader_of_text
from xptasks.contracts.compat.twins import Twins
from xptasks.contracts.compat.walk import Place, Walk
from xptasks.contracts.document import Document, Location
from xptasks.results import Severity

FLIPPED: dict[Direction, Direction] = {"request": "response", "response": "request"}
SIDES: tuple[Side, Side] = ("base", "head")
_DIRECTIONS: tuple[Direction, ...] = ("request", "response")


class Comparison:
    """Two contracts, the report about them, and the relation between their schemas in either direction."""

    def __init__(self, base: Document, head: Document, profiles: Collection[Profile], today: date) -> None:
        self.base = base
        self.head = head
        self.today = today
        self.report = Report(base, head, profiles)
        self.twins = Twins(base, head)
        self._relations = {way: Relation(Table(base, head, way, self.twins)) for way in _DIRECTIONS}
        self._walks = {way: Walk(relation, self.report) for way, relation in self._relations.items()}

    def document(self, side: Side) -> Document:
        """One of the contracts."""
        return self.base if side == "base" else self.head

    def schema(self, side: Side, here: Location, direction: Direction) -> Schema:
        """What is written at a place, as messages of a direction have it."""
        return self._relations[direction].table.schema(side, here)

    def verdict(self, one: Schema, two: Schema, direction: Direction) -> Verdict:
        """Whether all instances of the first schema are instances of the second."""
        return self._relations[direction].compare(one, two)

    def value(self, schema: Schema, direction: Direction, *, full: bool = False, text: bool = False) -> Any:  # noqa: ANN401
        """A value that the validator takes: one with several members or items if `full`, none that is empty as `text`.

        Raises:
            LookupError: none comes to mind.
        """
        relation = self._relations[direction]
        several = relation.several(schema)
        tried = [*map(_filled, several), *several] if text else several
        made = [value for value in tried if relation.judge.accepts(schema, value)]
        fit = [value for value in made if not text or (value is not None and value not in ("", [], {}))]
        if full:
            fit.sort(key=_several, reverse=True)
        return (fit or made)[0]

    def properties(self, schema: Schema, direction: Direction) -> set[str]:
        """The properties that the objects of a schema name."""
        parts = self._relations[direction].normalizer.normal(schema).get("object", ())
        return {name for part in parts for name in part.properties}

    def locations(self, old: Location, new: Location, place: Place, direction: Direction) -> None:
        """Reports what changed between schemas as they are written."""
        if self.twins.same(old, new):
            return
        self.schemas(self.schema("base", old, direction), self.schema("head", new, direction), place, direction)

    def schemas(self, base: Schema, head: Schema, place: Place, direction: Direction) -> None:
        """Reports what changed from one schema to the other."""
        if place.text and direction == "request":
            head = reader_of_text(head, base, lists=" query:" in place.before)
        elif place.text:
            base = reader_of_text(base, head, lists=False)
        self._walks[direction].compare(base, head, place)

    def soften(self, start: int, most: Severity = "info") -> None:
        """Makes no change since there were `start` worse than `most`, here; what is shared counts anew elsewhere."""
        self.report.soften(start, most)
        for walk in self._walks.values():
            walk.forget(start)


def _several(value: object) -> int:
    """How well a value shows in which way several are written: two items, or any member."""
    if isinstance(value, list):
        return min(len(value), 2)
    return min(len(value), 1) if isinstance(value, dict) else 0


def _filled(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """A value whose empty texts are filled, and told apart in a list."""
    if isinstance(value, dict):
        return {name: _filled(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [chr(ord("a") + index % 26) if item == "" else _filled(item) for index, item in enumerate(value)]
    return "a" if value == "" else value
