"""Compares the messages of AsyncAPI: which there are, what they carry, what belongs to what."""

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from xptasks.contracts.compat.bindings import compare_bindings
from xptasks.contracts.compat.comparison import Comparison
from xptasks.contracts.compat.events import Action, Message
from xptasks.contracts.compat.normal import value_text
from xptasks.contracts.compat.places import follow
from xptasks.contracts.compat.relation import Verdict
from xptasks.contracts.compat.schemas import Direction, Schema, Side
from xptasks.contracts.compat.walk import Place
from xptasks.contracts.document import Location

DIRECTIONS: dict[Action, Direction] = {"send": "response", "receive": "request"}
_WORDS: dict[Action, str] = {"send": "sent", "receive": "received"}
_OBJECT = Schema({"type": "object"})


@dataclass(frozen=True, slots=True)
class Matched:
    """Which messages of two sides belong together, and which have no partner; `lost` did not move into others."""

    pairs: list[tuple[Message, Message]]
    gone: list[Message]
    more: list[Message]
    lost: list[Message] = field(default_factory=list)


class Messages:
    """Compares the messages that go in one direction at one place."""

    def __init__(self, comparison: Comparison, action: Action, at: str) -> None:
        self._comparison = comparison
        self._action: Action = action
        self._direction = DIRECTIONS[action]
        self._at = at

    def compare(
        self,
        old: Collection[Message],
        new: Collection[Message],
        sides: tuple[Location, Location],
        told: Collection[Message] = (),
    ) -> Matched:
        """Reports what changed from the messages of one side to those of the other, but for what was told before."""
        matched = self.match(old, new)
        for one, two in matched.pairs:
            self._pair(one, two, matched)
        for message in matched.gone:
            if message not in told:
                self._gone(message, matched, new, sides[1])
        for message in matched.more:
            if message not in told:
                self._more(message, matched, old, sides[0])
        lost = [one for one in matched.gone if not self._has_moved("base", one, matched)]
        return replace(matched, lost=lost)

    def match(self, old: Collection[Message], new: Collection[Message]) -> Matched:
        """Pairs messages by name, by what they carry, and the last one on each side."""
        left, right = list(old), list(new)
        pairs = list(_paired(left, right, lambda message, _: message.names))
        pairs += _paired(left, right, lambda message, side: (self._whole(side, message).key,))
        for one in list(left):
            two = next((two for two in right if self._same(one, two)), None)
            if two is not None:
                left.remove(one)
                right.remove(two)
                pairs.append((one, two))
        if len(left) == len(right) == 1 and self._kin(left[0], right[0]):
            pairs.append((left.pop(), right.pop()))
        return Matched(pairs, left, right)

    def _gone(self, message: Message, matched: Matched, new: Collection[Message], holder: Location) -> None:
        at, rule = f"{self._at} {message.name}", f"{_WORDS[self._action]}-message-removed"
        verdict, told = self._known("base", message, matched, new) if self._action == "receive" else (None, "")
        self._comparison.report.add(
            rule,
            at,
            f"the message {message.name} was removed{told}",
            base=message.here,
            head=holder,
            verdict=verdict,
            most="warning" if told else "error",
        )

    def _more(self, message: Message, matched: Matched, old: Collection[Message], holder: Location) -> None:
        at, rule = f"{self._at} {message.name}", f"{_WORDS[self._action]}-message-added"
        verdict, told = self._known("head", message, matched, old) if self._action == "send" else (None, "")
        self._comparison.report.add(
            rule,
            at,
            f"the message {message.name} was added{told}",
            base=holder,
            head=message.here,
            verdict=verdict,
            most="warning" if told else "error",
        )

    def _known(
        self, side: Side, message: Message, matched: Matched, others: Collection[Message]
    ) -> tuple[Verdict | None, str]:
        """Whether a message without a partner only moved into others that changed, or looks like one that did not."""
        if self._has_moved(side, message, matched):
            return Verdict("yes"), ""
        known = self._fits(side, message, others)
        return (None, "; by its payload it looks like one that is known") if known.answer == "yes" else (known, "")

    def _has_moved(self, side: Side, message: Message, matched: Matched) -> bool:
        others = self._changed(side, matched)
        other: Side = "head" if side == "base" else "base"
        named = self._properties(side, [message]) <= self._properties(other, others)
        return named and self._fits(side, message, others).answer == "yes"

    def _changed(self, side: Side, matched: Matched) -> list[Message]:
        """The messages of the other side that are new or changed: what a message may have moved into."""
        free = matched.more if side == "base" else matched.gone
        index = 1 if side == "base" else 0
        return [*free, *(pair[index] for pair in matched.pairs if not self._equal(*pair))]

    def _equal(self, one: Message, two: Message) -> bool:
        return self._whole("base", one).key == self._whole("head", two).key

    def _fits(self, side: Side, message: Message, others: Collection[Message]) -> Verdict:
        """Whether a message is one of the other side's, by all that can be told apart on the wire."""
        other: Side = "head" if side == "base" else "base"
        alike = [one for one in others if self._alike(side, message, one)]
        if alike:
            payloads = Schema({"anyOf": [self._payload(other, one) for one in alike]})
            verdict = self._comparison.verdict(self._payload(side, message), payloads, self._direction)
            if verdict.answer == "yes" or len(alike) == len(others):
                return verdict
        known = Schema({"anyOf": [self._whole(other, one) for one in others]} if others else {"not": Schema()})
        return self._comparison.verdict(self._whole(side, message), known, self._direction)

    def _properties(self, side: Side, messages: Iterable[Message]) -> set[str]:
        """What the payloads of messages name: an open object fits others with which it has nothing in common."""
        schemas = [self._payload(side, message) for message in messages]
        return {name for schema in schemas for name in self._comparison.properties(schema, self._direction)}

    def _kin(self, one: Message, two: Message) -> bool:
        """Whether one message may have become the other: they name something in common, or nothing."""
        names = self._properties("base", [one]), self._properties("head", [two])
        return not all(names) or bool(names[0] & names[1])

    def _same(self, one: Message, two: Message) -> bool:
        """Whether two messages carry the same, however it is written."""
        if self._properties("base", [one]) != self._properties("head", [two]):
            return False
        return self._fits("base", one, [two]).answer == self._fits("head", two, [one]).answer == "yes"

    def _alike(self, side: Side, message: Message, one: Message) -> bool:
        """Whether only the payload may tell a message from one of the other side."""
        headers = self._headers(side, message), self._headers("head" if side == "base" else "base", one)
        fits = self._comparison.verdict(*headers, self._direction).answer == "yes"
        return fits and message.content_type == one.content_type

    def _whole(self, side: Side, message: Message) -> Schema:
        """A message as an object of all that can be told apart on the wire."""
        parts = {
            "contentType": Schema({"const": message.content_type}),
            "headers": self._headers(side, message),
            "payload": self._payload(side, message),
        }
        return Schema({"type": "object", "required": sorted(parts), "properties": parts}, message.here)

    def _payload(self, side: Side, message: Message) -> Schema:
        if message.payload is None:
            return Schema({}, message.here)
        if message.language:
            return Schema({"const": self._foreign(side, message)}, message.payload)
        return self._comparison.schema(side, message.payload, self._direction)

    def _foreign(self, side: Side, message: Message) -> str:
        """A payload in another language than JSON Schema, as text."""
        if message.payload is None:
            return ""
        end = follow(self._comparison.document(side), message.payload)
        return value_text(end.value if end is not None else message.payload.value)

    def _headers(self, side: Side, message: Message) -> Schema:
        if message.headers is None:
            return Schema(_OBJECT, message.here)
        schema = self._comparison.schema(side, message.headers, self._direction)
        return schema if schema.keys() & {"type", "$ref"} else Schema({**schema, "type": "object"}, schema.origin)

    def _pair(self, old: Message, new: Message, matched: Matched) -> None:
        at, report = f"{self._at} {new.name}", self._comparison.report
        self._names(old, new, at)
        if old.content_type != new.content_type:
            message = f"the content type went from {old.content_type} to {new.content_type}"
            report.add("message-content-type-changed", at, message, base=old.here, head=new.here)
        self._correlation(old, new, at)
        safe = self._split(old, new, matched)
        if old.language or new.language:
            self._languages(old, new, at)
        else:
            payloads = self._payload("base", old), self._payload("head", new)
            self._comparison.schemas(*payloads, Place(at, "payload", safe=safe), self._direction)
        headers = self._headers("base", old), self._headers("head", new)
        self._comparison.schemas(*headers, Place(at, "headers", safe=safe), self._direction)
        compare_bindings(self._comparison, old.bindings, new.bindings, at, (old.here, new.here))

    def _names(self, old: Message, new: Message, at: str) -> None:
        if old.names and new.names and not set(old.names) & set(new.names):
            message = f"the message {old.name} is called {new.name} now"
            self._comparison.report.add("message-renamed", at, message, base=old.here, head=new.here)

    def _split(self, old: Message, new: Message, matched: Matched) -> bool:
        """Whether what no longer fits a message fits those that are new beside it."""
        if self._action == "receive":
            return bool(matched.more) and self._fits("base", old, [new, *matched.more]).answer == "yes"
        return bool(matched.gone) and self._fits("head", new, [old, *matched.gone]).answer == "yes"

    def _correlation(self, old: Message, new: Message, at: str) -> None:
        if old.correlation == new.correlation:
            return
        if old.correlation is None:
            message = f"the correlation id is told: {new.correlation}"
            rule = "message-correlation-added"
        else:
            message = f"the correlation id went from {old.correlation} to {new.correlation or 'nowhere'}"
            rule = "message-correlation-changed"
        self._comparison.report.add(rule, at, message, base=old.here, head=new.here)

    def _languages(self, old: Message, new: Message, at: str) -> None:
        same = old.language == new.language
        if same and self._foreign("base", old) == self._foreign("head", new):
            return
        message = "the payload changed, in a language that is not JSON Schema (not proven)"
        places = (old.payload or old.here, new.payload or new.here)
        self._comparison.report.add("message-format-changed", at, message, base=places[0], head=places[1])


def _paired(
    left: list[Message], right: list[Message], names: Callable[[Message, Side], Sequence[Hashable]]
) -> Iterable[tuple[Message, Message]]:
    """Takes from both lists what belongs together: by the same name, where only one on each side has it."""
    for one in list(left):
        for name in names(one, "base"):
            twins = [other for other in left if name in names(other, "base")]
            partners = [two for two in right if name in names(two, "head")]
            if len(twins) == len(partners) == 1:
                left.remove(one)
                right.remove(partners[0])
                yield one, partners[0]
                break
