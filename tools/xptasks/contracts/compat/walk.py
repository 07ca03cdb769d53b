"""Goes through two schemas side by side and names what differs; the relation says whether it breaks anybody."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from xptasks.contracts.compat.normal import KINDS, Normal, Part, divides, value_text
from xptasks.contracts.compat.relation import Relation, Verdict
from xptasks.contracts.compat.report import Report
from xptasks.contracts.compat.rules import RULES
from xptasks.contracts.compat.rules.schemas import KINDS as _SCHEMA_KINDS
from xptasks.contracts.compat.rules.schemas import breaks
from xptasks.contracts.compat.schemas import ANYTHING, HIDDEN, NOTHING, Schema, types_of
from xptasks.contracts.positions import join_pointer
from xptasks.results import Severity

_LEVELS = ("draft", "alpha", "beta", "stable")
_LISTS = {"enum", "const"}
_UNIONS = {"allOf", "anyOf", "oneOf"}
_SHOWN = 5  # names of a list in a message
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where the walk is: the words before the pointer, the pointer, and what is being described."""

    before: str
    area: str
    pointer: str = ""
    safe: bool = False  # what is around here is known to break nobody
    text: bool = False  # not JSON: values are written as text

    def inside(self, *tokens: str | int) -> "Place":
        """One step further."""
        return replace(self, pointer=self.pointer + join_pointer(*tokens))

    def __str__(self) -> str:
        return f"{self.before} {self.pointer}".strip()

    @property
    def subject(self) -> str:
        """What a message calls this place."""
        return f"`{self.pointer}`" if self.pointer else f"the {self.area}"


class Walk:
    """Compares schemas in one direction and reports."""

    def __init__(self, relation: Relation, report: Report) -> None:
        self._relation = relation
        self._report = report
        self._direction = relation.table.direction
        self._seen: dict[tuple[Any, ...], bool] = {}  # whether more than information was found
        self._found: dict[tuple[Any, ...], frozenset[int]] = {}  # the changes in and below what was compared
        self._met: list[int] = []  # the changes that were met again below what is being compared
        self._told = 0  # how often something was met again that breaks
        self._reasons: set[int] = set()  # the changes that say why a value is refused
        self._depth = 0

    def compare(self, base: Schema, head: Schema, place: Place) -> None:
        """Reports what changed from one schema to the other."""
        if self._relation.table.unchanged(base, head) or self._depth > _DEEPEST:
            return
        base, head = self._relation.table.definition(base), self._relation.table.definition(head)
        key = (base.origin, head.origin, base.key, head.key, place.safe, place.area)
        if key in self._seen:
            self._again(key, place)
            return
        start, met = len(self._report.changes), len(self._met)
        self._seen[key] = False
        self._depth += 1
        self._node(base, head, place)
        self._depth -= 1
        self._seen[key] = self._explained(start)
        found = {*range(start, len(self._report.changes)), *self._met[met:]}
        self._found[key] = frozenset(found)
        self._met[met:] = sorted(found) if self._depth else []

    def _again(self, key: tuple[Any, ...], place: Place) -> None:
        """What is shared was reported where it was met first."""
        self._told += self._seen[key]
        for index in sorted(self._found.get(key, ())):
            self._report.again(index, place.before)
            self._met.append(index)

    def forget(self, start: int) -> None:
        """Forgets what was compared, as far as it led to changes since there were `start`: they are told anew."""
        late = [key for key, found in self._found.items() if any(index >= start for index in found)]
        for key in late:
            del self._seen[key], self._found[key]

    def _node(self, base: Schema, head: Schema, place: Place) -> None:
        start, told = len(self._report.changes), self._told
        verdict = Verdict("yes") if place.safe else self._verdict(base, head)
        place = replace(place, safe=place.safe or verdict.answer == "yes")
        node = _Node(base, head, place, verdict)
        self._notes(node)
        left, right = self._relation.normalizer.normal(base), self._relation.normalizer.normal(head)
        if base.key == head.key and _format_on_other(base, head):
            self._say(node, "ignored-limit-changed", f"the format of {place.subject} changed", base, head)
        self._types(node, left, right)
        for kind in KINDS:
            if kind in left and kind in right:
                self._parts(node, left[kind], right[kind])
        if verdict.answer == "yes":
            self._ignored(node)
        breaking = "narrowed" if self._direction == "request" else "widened"
        harmless = "widened" if self._direction == "request" else "narrowed"
        message = f"what is valid as {place.subject} changed"
        if verdict.answer != "yes" and not self._explained(start) and told == self._told:
            self._emit(node, "schema", breaking, message)
        elif start == len(self._report.changes) and told == self._told and self._verdict(head, base).answer == "no":
            self._emit(node, "schema", harmless, message)

    def _explained(self, start: int) -> bool:
        """Whether a change since there were `start` says why something breaks; that a property went does not."""
        return any(index >= start and self._report.changes[index].severity != "info" for index in self._reasons)

    def _ignored(self, node: "_Node") -> None:
        """Limits that do not apply to the type: nothing changes on the wire, but somebody meant something."""
        named = types_of(node.base)
        if not named or named != types_of(node.head) or (node.place.text and node.place.pointer):
            return
        if node.base.keys() & _LISTS != node.head.keys() & _LISTS:
            return
        base, head = (_elsewhere(schema, named) for schema in (node.base, node.head))
        if self._verdict(base, head).answer != "yes":
            message = f"limits of {node.place.subject} that do not apply to its type changed"
            self._say(node, "ignored-limit-changed", message, node.base, node.head)

    def _verdict(self, base: Schema, head: Schema) -> Verdict:
        pair = (base, head) if self._direction == "request" else (head, base)
        return self._relation.compare(*pair)

    def _emit(self, node: "_Node", kind: str, change: str, message: str) -> None:
        rule = f"{self._direction}-{kind}-{change}"
        if rule not in RULES:
            rule = f"{self._direction}-{kind}-{'narrowed' if self._direction == 'request' else 'widened'}"
        verdict = node.verdict if breaks(self._direction, change) else Verdict("yes")
        index = self._report.add(
            rule,
            str(node.place),
            message,
            base=node.base.origin,
            head=node.head.origin,
            verdict=verdict,
            area=node.place.area,
        )
        self._reasons.add(index)

    def _say(  # noqa: PLR0913, PLR0917 - both sides, what and how bad
        self,
        node: "_Node",
        name: str,
        message: str,
        base: Schema | None,
        head: Schema | None,
        most: Severity = "error",
    ) -> None:
        self._report.add(
            f"{self._direction}-{name}",
            str(node.place),
            message,
            base=base.origin if base is not None else None,
            head=head.origin if head is not None else None,
            area=node.place.area,
            most=most,
        )

    def _types(self, node: "_Node", left: Normal, right: Normal) -> None:
        gone, new = set(left) - set(right), set(right) - set(left)
        where = node.place.subject
        if "null" in gone ^ new and left.keys() - {"null"} and right.keys() - {"null"}:
            word = "is no longer" if "null" in gone else "may now be"
            self._emit(node, "nullable", "narrowed" if "null" in gone else "widened", f"{where} {word} null")
            gone, new = gone - {"null"}, new - {"null"}
        if gone or new:
            change = "changed" if gone and new else "narrowed" if gone else "widened"
            self._emit(node, "type", change, f"the type of {where} changed from {_kinds(left)} to {_kinds(right)}")
        old, now = _listed(left), _listed(right)
        if old == now or (not gone and not new and (old is None) != (now is None)) or old is None or now is None:
            if (old is None) != (now is None):
                self._became_enum(node, old, now)
            return
        self._values(node, old, now)

    def _became_enum(self, node: "_Node", old: dict[str, Any] | None, now: dict[str, Any] | None) -> None:
        if old is None and now is not None:
            self._emit(node, "enum", "narrowed", f"{node.place.subject} may only be {_shown(list(now))} now")
        elif old is not None:
            self._emit(node, "enum", "widened", f"{node.place.subject} is no longer limited to {_shown(list(old))}")

    def _values(self, node: "_Node", old: dict[str, Any], now: dict[str, Any]) -> None:
        gone, new = [text for text in old if text not in now], [text for text in now if text not in old]
        if {"null"} in ({*gone, *new}, set()):
            return  # told as nullable
        words = [f"lost {_shown(gone)}"] if gone else []
        words += [f"got {_shown(new)}"] if new else []
        if words:
            change = "changed" if gone and new else "narrowed" if gone else "widened"
            self._emit(node, "enum", change, f"the values of {node.place.subject} {' and '.join(words)}")

    def _parts(self, node: "_Node", left: tuple[Part, ...], right: tuple[Part, ...]) -> None:
        if len(left) == len(right) == 1:
            self._part(node, left[0], right[0])
            return
        old = [part for part in left if part not in right]
        new = [part for part in right if part not in left]
        pairs = list(_pairs(old, new))
        for one, two in pairs:
            self._part(replace(node, verdict=self._of_parts(node, one, two)), one, two)
            old.remove(one)
            new.remove(two)
        if not old and not new:
            return
        change = "changed" if old and new else "narrowed" if old else "widened"
        said = f"{len(old)} gone, {len(new)} new"
        self._emit(node, "union", change, f"the alternatives of {node.place.subject} changed: {said}")

    def _of_parts(self, node: "_Node", one: Part, two: Part) -> Verdict:  # noqa: ARG002
        """Alternatives of a union are not judged apart from it: the union's verdict counts."""
        return node.verdict

    def _part(self, node: "_Node", one: Part, two: Part) -> None:
        if one.values is not None or two.values is not None:
            return
        for kind, change, what in _facts(one, two):
            self._emit(node, kind, change, what.format(node.place.subject))
        self._opaque(node, one, two)
        if one.kind == "object":
            self._object(node, one, two)
        elif one.kind == "array":
            self._array(node, one, two)

    def _opaque(self, node: "_Node", one: Part, two: Part) -> None:
        old = {key: schema for key, schema in one.opaque.items() if key not in two.opaque}
        new = {key: schema for key, schema in two.opaque.items() if key not in one.opaque}
        for kind in dict.fromkeys(_opaque_kind(schema) for schema in (*old.values(), *new.values())):
            lost = any(_opaque_kind(schema) == kind for schema in old.values())
            got = any(_opaque_kind(schema) == kind for schema in new.values())
            change = "changed" if lost and got else "narrowed" if got else "widened"
            what = next(entry.what for entry in _SCHEMA_KINDS if entry.name == kind)
            self._emit(node, kind, change, f"{what} changed in {node.place.subject}")

    def _object(self, node: "_Node", one: Part, two: Part) -> None:
        for name in dict.fromkeys((*one.properties, *two.properties)):
            self._property(node, one, two, name)
        for name in sorted(one.required ^ two.required):
            if HIDDEN.key in (one.member(name).key, two.member(name).key):
                continue  # told as a change of direction
            if name in two.required:
                self._emit(node, "required", "narrowed", f"{node.place.inside(name).subject} must be there now")
            else:
                self._emit(node, "required", "widened", f"{node.place.inside(name).subject} may be missing now")
        if one.additional.key != two.additional.key:
            self._additional(node, one, two)
        self._patterned(node, one, two)
        if one.names.key != two.names.key:
            change = "narrowed" if not one.names else "widened" if not two.names else "changed"
            self._emit(
                node, "property-names", change, f"the names that properties of {node.place.subject} may have changed"
            )

    def _property(self, node: "_Node", one: Part, two: Part, name: str) -> None:
        place = node.place.inside(name)
        old, new = one.properties.get(name), two.properties.get(name)
        hidden = [schema is not None and schema.key == HIDDEN.key for schema in (old, new)]
        if any(hidden):
            if old is not None and new is not None and not all(hidden):
                self._shown_elsewhere(replace(node, place=place), old, new, needed=name in two.required)
        elif old is not None and new is not None and NOTHING.key not in (old.key, new.key):
            self.compare(old, new, place)
        elif old is not None and old.key != NOTHING.key:
            self._removed(replace(node, place=place), old, two.member(name))
        elif new is not None and new.key != NOTHING.key:
            self._say(replace(node, place=place), "property-added", f"{place.subject} was added", node.base, new)
            if _described(one.member(name)):
                self.compare(one.member(name), new, place)

    def _removed(self, node: "_Node", old: Schema, left: Schema) -> None:
        """Reports a property that is no longer named; `left` is what the new schema says of such a name."""
        subject = node.place.subject
        open_by_word = self._direction == "request" and _written(node.head).get("additionalProperties") is True
        if not _described(left) and not open_by_word:
            self._say(node, "property-removed", f"{subject} was removed", old, node.head)
            return
        message = f"{subject} is one of those that are not named now"
        self._say(node, "property-removed", message, old, node.head, "info")
        if _described(left):
            self.compare(old, left, node.place)

    def _shown_elsewhere(self, node: "_Node", old: Schema, new: Schema, *, needed: bool) -> None:
        name = "visibility-required" if needed else "visibility-changed"
        self._say(node, name, f"{node.place.subject} travels in another direction now", old, new)

    def _additional(self, node: "_Node", one: Part, two: Part) -> None:
        if NOTHING.key in (one.additional.key, two.additional.key) or not (one.additional and two.additional):
            closed = two.additional.key == NOTHING.key or not one.additional
            word = "are limited now" if closed else "are limited less"
            message = f"properties of {node.place.subject} that are not named {word}"
            self._emit(node, "additional", "narrowed" if closed else "widened", message)
            return
        self.compare(one.additional, two.additional, node.place.inside("*"))

    def _patterned(self, node: "_Node", one: Part, two: Part) -> None:
        for pattern in dict.fromkeys((*one.patterned, *two.patterned)):
            if pattern in one.patterned and pattern in two.patterned:
                self.compare(one.patterned[pattern], two.patterned[pattern], node.place.inside(pattern))
                continue
            change = "narrowed" if pattern in two.patterned else "widened"
            if NOTHING.key == (one if pattern in two.patterned else two).additional.key:
                change = "widened" if change == "narrowed" else "narrowed"
            message = f"properties of {node.place.subject} named like {pattern!r} changed"
            self._emit(node, "pattern-properties", change, message)

    def _array(self, node: "_Node", one: Part, two: Part) -> None:
        if len(one.prefix) != len(two.prefix):
            change = "narrowed" if len(one.prefix) < len(two.prefix) else "widened"
            if one.rest.key == two.rest.key == NOTHING.key:
                change = "widened" if change == "narrowed" else "narrowed"
            self._emit(
                node, "prefix-items", change, f"the items of {node.place.subject} with a place of their own changed"
            )
        for index, (old, new) in enumerate(zip(one.prefix, two.prefix, strict=False)):
            self.compare(old, new, node.place.inside(index))
        if one.contains != two.contains:
            change = "narrowed" if not one.contains else "widened" if not two.contains else "changed"
            self._emit(node, "contains", change, f"what {node.place.subject} has to contain changed")
        if one.rest.key == two.rest.key or (one.rest and two.rest and NOTHING.key not in (one.rest.key, two.rest.key)):
            self.compare(one.rest, two.rest, node.place.inside("items"))
        else:
            change = "narrowed" if not one.rest or two.rest.key == NOTHING.key else "widened"
            self._emit(node, "items", change, f"what the items of {node.place.subject} may be changed")

    def _notes(self, node: "_Node") -> None:
        old, new = _written(node.base), _written(node.head)
        where = node.place.subject
        if bool(old.get("deprecated")) != bool(new.get("deprecated")):
            name, word = ("deprecated", "is") if new.get("deprecated") else ("reactivated", "is no longer")
            self._say(node, f"property-{name}", f"{where} {word} deprecated", node.base, node.head)
        if new.get("deprecated") and "x-sunset" in new and day_of(new["x-sunset"]) is None:
            self._say(node, "sunset-invalid", f"{where} has an `x-sunset` that is no date", node.base, node.head)
        if ("default" in old) != ("default" in new) or value_text(old.get("default")) != value_text(new.get("default")):
            self._say(node, "default-changed", f"the default of {where} changed", node.base, node.head)
        if level_of(new) < level_of(old):
            self._say(node, "stability-decreased", f"{where} is promised less firmly", node.base, node.head)
        if old.get("discriminator") != new.get("discriminator"):
            self._say(node, "discriminator-changed", f"the discriminator of {where} changed", node.base, node.head)
        if new.get("x-stability-level", "stable") not in _LEVELS:
            self._say(
                node,
                "stability-invalid",
                f"{where} has an `x-stability-level` that does not exist",
                node.base,
                node.head,
            )
        self._extensible(node, old.get("x-extensible-enum"), new.get("x-extensible-enum"))

    def _extensible(self, node: "_Node", old: object, new: object) -> None:
        if not isinstance(old, list) or not isinstance(new, list):
            return
        before, after = {value_text(value) for value in old}, {value_text(value) for value in new}
        for name, texts in (("removed", before - after), ("added", after - before)):
            if texts:
                message = f"the list of values of {node.place.subject}: {_shown(sorted(texts))} {name}"
                self._say(node, f"extensible-enum-value-{name}", message, node.base, node.head)


def _elsewhere(schema: Schema, named: set[str]) -> Schema:
    """What a schema says about values that its types and its enum leave out."""
    listed = schema.keys() & _LISTS
    own = KINDS if listed else sorted(set(KINDS) - named - ({"number"} if "integer" in named else set()))
    rest = {word: value for word, value in schema.items() if word not in (_LISTS | _UNIONS)}
    return Schema({**rest, "type": list(own)}, schema.origin)


def _format_on_other(base: Schema, head: Schema) -> bool:
    """Whether a format changed that its type does not know."""
    old, new = _written(base).get("format"), _written(head).get("format")
    return old != new and bool(types_of(head)) and "string" not in types_of(head) and "number" not in types_of(head)


@dataclass(frozen=True, slots=True)
class _Node:
    base: Schema
    head: Schema
    place: Place
    verdict: Verdict


def _described(member: Schema) -> bool:
    """Whether a schema says something about a member, and not that there is none."""
    return member.key not in (ANYTHING.key, NOTHING.key)


def _written(schema: Schema) -> dict[str, Any]:
    value = schema.origin.value if schema.origin is not None else None
    return value if isinstance(value, dict) else {}


def level_of(value: dict[str, Any]) -> int:
    """How firmly something is promised; stable when nothing is said."""
    level = value.get("x-stability-level", "stable")
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS) - 1


def day_of(text: object) -> date | None:
    """A day as RFC 3339 writes it, or the day of a date and time."""
    try:
        return date.fromisoformat(str(text)[:10]) if isinstance(text, str) else None
    except ValueError:
        return None


def _kinds(normal: Normal) -> str:
    words = ["integer" if kind == "number" and all(part.integer for part in normal[kind]) else kind for kind in normal]
    return " or ".join(words) if 0 < len(words) < len(KINDS) else "anything" if words else "nothing"


def _listed(normal: Normal) -> dict[str, Any] | None:
    """The values of a schema that only lists values; booleans and null count as no list of their own."""
    found: dict[str, Any] = {}
    for kind, parts in normal.items():
        for part in parts:
            if part.values is None and kind != "null":
                return None
            found |= part.values if part.values is not None else {"null": None}
    return found if found and set(normal) != {"null"} else None


def _shown(texts: list[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


def _pairs(old: list[Part], new: list[Part]) -> Iterator[tuple[Part, Part]]:
    """Which alternatives are meant to be the same, if each has one: those that are most alike first."""
    if len(old) != len(new):
        return
    left, right = list(range(len(old))), list(range(len(new)))
    alike = {(i, j): _likeness(old[i], new[j]) for i in left for j in right}
    for i, j in sorted(alike, key=lambda pair: (-alike[pair], pair[0] != pair[1], pair)):
        if i in left and j in right:
            left.remove(i)
            right.remove(j)
            yield old[i], new[j]


def _likeness(one: Part, two: Part) -> float:
    """How much two alternatives have in common: properties of equal meaning count most."""
    shared = one.properties.keys() & two.properties.keys()
    same = sum(one.properties[name].key == two.properties[name].key for name in shared)
    apart = len(one.properties.keys() ^ two.properties.keys())
    return 3 * same + len(shared) - apart + (one.required == two.required) + (one.rest.key == two.rest.key)


def _facts(one: Part, two: Part) -> Iterator[tuple[str, str, str]]:
    """The plain limits that differ: kind, change, message with a place for its subject."""
    if one.integer != two.integer:
        yield (
            "integer",
            "narrowed" if two.integer else "widened",
            "the numbers of {} " + ("must be whole now" if two.integer else "may have decimals now"),
        )
    low, high = (one.range.low, one.range.above), (two.range.low, two.range.above)
    if low != high:
        yield "minimum", _moved(low, high, 1), f"the smallest number of {{}} went from {_end(low)} to {_end(high)}"
    low, high = (one.range.high, one.range.below), (two.range.high, two.range.below)
    if low != high:
        yield "maximum", _moved(low, high, -1), f"the largest number of {{}} went from {_end(low)} to {_end(high)}"
    least, most = _SIZES.get(one.kind, ("", ""))
    if one.size.low != two.size.low:
        change = "narrowed" if (one.size.low or 0) < (two.size.low or 0) else "widened"
        yield least, change, f"the smallest size of {{}} went from {one.size.low} to {two.size.low}"
    if one.size.high != two.size.high:
        change = _moved((one.size.high, False), (two.size.high, False), -1)
        yield most, change, f"the largest size of {{}} went from {one.size.high} to {two.size.high}"
    if one.multiples != two.multiples:
        narrower, wider = _multiples_in(two, one), _multiples_in(one, two)
        change = "narrowed" if narrower else "widened" if wider else "changed"
        yield "multiple-of", change, f"the step of {{}} went from {_set(one.multiples)} to {_set(two.multiples)}"
    for kind, old, new in (
        ("pattern", one.patterns, two.patterns),
        ("format", one.formats, two.formats),
    ):
        if old != new:
            change = "narrowed" if old < new else "widened" if new < old else "changed"
            yield kind, change, f"the {kind} of {{}} went from {_set(old)} to {_set(new)}"
    if one.unique != two.unique:
        word = "may not repeat any more" if two.unique else "may repeat now"
        yield "unique-items", "narrowed" if two.unique else "widened", f"the items of {{}} {word}"


def _multiples_in(one: Part, two: Part) -> bool:
    return all(any(divides(step, mine) for mine in one.multiples) for step in two.multiples)


_SIZES = {
    "string": ("min-length", "max-length"),
    "array": ("min-items", "max-items"),
    "object": ("min-properties", "max-properties"),
}


def _moved(old: tuple[float | None, bool], new: tuple[float | None, bool], sign: int) -> str:
    if old[0] is None or new[0] is None:
        return "narrowed" if old[0] is None else "widened"
    if old[0] == new[0]:
        return "narrowed" if new[1] else "widened"
    return "narrowed" if (new[0] - old[0]) * sign > 0 else "widened"


def _end(limit: tuple[float | None, bool]) -> str:
    return "none" if limit[0] is None else f"{limit[0]}{' (excluded)' if limit[1] else ''}"


def _set(values: frozenset[Any]) -> str:
    return " and ".join(sorted(str(value).replace("{", "{{").replace("}", "}}") for value in values)) or "none"


def _opaque_kind(schema: Schema) -> str:
    for word, kind in _OPAQUE.items():
        if word in schema:
            return kind
    return "schema"


_OPAQUE = {
    "unevaluatedProperties": "unevaluated",
    "unevaluatedItems": "unevaluated",
    "if": "condition",
    "dependentRequired": "dependent",
    "dependentSchemas": "dependent",
    "contentEncoding": "content",
    "contentMediaType": "content",
    "contentSchema": "content",
    "oneOf": "exclusive",
    "not": "not",
}
