"""Compares what an AsyncAPI application sends and receives: operation by operation, with replies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xptasks.contracts.compat.bindings import compare_bindings
from xptasks.contracts.compat.comparison import Comparison
from xptasks.contracts.compat.events import (
    FLIPPED,
    Action,
    Address,
    Events,
    Exchange,
    Message,
    Operation,
    Reply,
    is_second,
)
from xptasks.contracts.compat.messages import Matched, Messages
from xptasks.contracts.document import Location

_WORDS: dict[Action, str] = {"send": "sent", "receive": "received"}
_ACTIONS: tuple[Action, Action] = ("receive", "send")

Secure = Callable[[Location | None, Location | None, str, tuple[Location, Location]], None]
"""Compares two lists of requirements at a place of two holders."""


class Exchanges:
    """Compares exchanges; `moved` says where each channel of the base is in the head."""

    def __init__(
        self, comparison: Comparison, events: tuple[Events, Events], moved: Mapping[Address, Address], secure: Secure
    ) -> None:
        self._comparison = comparison
        self._report = comparison.report
        self._events = events
        self._moved = moved
        self._secure = secure
        self._matched: dict[tuple[Address, Action], Matched] = {}

    def compare(self) -> None:
        """Reports what changed, the messages first, then the operations that they belong to."""
        old, new = (events.exchanges for events in self._events)
        shared: list[_Shared] = []
        for place, other in sorted(self._moved.items()):
            label = self._events[1].channels[other][0].address or other
            for action in _ACTIONS:
                one, two = old.get((place, action)), new.get((other, action))
                at, flipped = f"{action} {label}", new.get((other, FLIPPED[action]))
                if one is not None and two is not None:
                    sides = (one.here, two.here)
                    matched = Messages(self._comparison, action, at).compare(
                        one.messages.values(), two.messages.values(), sides
                    )
                    self._matched[place, action] = matched
                    shared.append(_Shared(one, two, at, action, matched, flipped))
                else:
                    self._came_or_went(one, two, at, action, flipped)
            if not any((place, action) in old or (other, action) in new for action in _ACTIONS):
                self._either_way(place, other, label)
        for exchange in shared:
            self._operations(exchange)

    def _came_or_went(
        self, old: Exchange | None, new: Exchange | None, at: str, action: Action, flipped: Exchange | None
    ) -> None:
        for operation in old.operations if old is not None else ():
            self._removed(operation, at, action, flipped)
        for operation in new.operations if new is not None else ():
            message = f"messages are {_WORDS[action]} here now"
            self._report.add("event-operation-added", at, message, head=operation.here)

    def _removed(
        self, old: Operation, at: str, action: Action, flipped: Exchange | None, lost: Message | None = None
    ) -> None:
        turned = [one for one in flipped.operations if one.name == old.name is not None] if flipped is not None else []
        if turned:
            message = f"the operation {old.name} no longer says what is {_WORDS[action]} here"
            self._report.add("event-operation-turned", at, message, base=old.here, head=turned[0].here)
            return
        message = f"the operation {old.name or action} was removed: not all of its messages are {_WORDS[action]} here"
        self._report.add("event-operation-removed", at, message, base=old.here, about=lost)

    def _either_way(self, place: Address, other: Address, label: str) -> None:
        """Messages of a channel that no operation uses may go in either direction."""
        old, new = self._events[0].channels[place], self._events[1].channels[other]
        start = len(self._report.changes)
        for action in _ACTIONS:
            before, after = ([message for channel in side for message in channel.messages] for side in (old, new))
            Messages(self._comparison, action, f"{action} {label}").compare(before, after, (old[0].here, new[0].here))
        self._comparison.soften(start, "warning")

    def _operations(self, shared: "_Shared") -> None:
        pairs, gone, more = shared.partners()
        for one, two in pairs:
            self._operation(one, two, shared.at, shared.action)
        for one in gone:
            lost = [message for message in one.messages if message in shared.matched.lost]
            if lost or not one.messages:
                self._removed(one, shared.at, shared.action, shared.flipped, next(iter(lost), None))
        for two in more:
            message = f"the operation {two.name or shared.action} was added"
            self._report.add("event-operation-added", shared.at, message, head=two.here)

    def _operation(self, old: Operation, new: Operation, at: str, action: Action) -> None:
        holders = (old.here, new.here)
        if old.name is not None and new.name is not None and old.name != new.name:
            message = f"the operation {old.name} is called {new.name} now"
            self._report.add("event-operation-renamed", at, message, base=old.here, head=new.here)
        self._secure(old.said.get("security"), new.said.get("security"), at, holders)
        compare_bindings(self._comparison, old.said.member("bindings"), new.said.member("bindings"), at, holders)
        if old.reply is not None and new.reply is not None:
            self._reply(old.reply, new.reply, at, FLIPPED[action])
        elif old.reply is not None:
            self._reply_removed(old.reply, new, at, FLIPPED[action])
        elif new.reply is not None:
            self._reply_added(old, new.reply, at, FLIPPED[action])

    def _reply(self, old: Reply, new: Reply, at: str, action: Action) -> None:
        moved = old.address != new.address or (
            old.address is None and self._moved.get(old.channel, old.channel) != new.channel
        )
        if moved:
            places = [one.address or one.channel for one in (old, new)]
            message = f"the reply goes to {places[1]} and went to {places[0]}"
            self._report.add("reply-address-changed", at, message, base=old.here, head=new.here)
        matched = self._matched.get((old.channel, action))
        told = [*matched.gone, *matched.more] if matched is not None else []
        Messages(self._comparison, action, f"{at} reply").compare(
            old.messages, new.messages, (old.here, new.here), told
        )

    def _reply_removed(self, old: Reply, new: Operation, at: str, action: Action) -> None:
        """A reply that is said as an operation of its own is still one; 2.x can say it in no other way."""
        matched = self._matched.get((old.channel, action)) if is_second(self._comparison.head) else None
        if matched is None or any(message in matched.gone for message in old.messages):
            message = "no reply belongs to the operation any more"
            self._report.add("reply-removed", at, message, base=old.here, head=new.here)

    def _reply_added(self, old: Operation, new: Reply, at: str, action: Action) -> None:
        place = next((place for place, other in self._moved.items() if other == new.channel), "")
        matched = self._matched.get((place, action)) if is_second(self._comparison.base) else None
        known = matched is not None and not any(message in matched.more for message in new.messages)
        rule = "reply-added" if action == "send" or known else "reply-expected"
        self._report.add(rule, at, "the operation has a reply", base=old.here, head=new.here)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What both sides say in one direction at one address."""

    old: Exchange
    new: Exchange
    at: str
    action: Action
    matched: Matched
    flipped: Exchange | None

    def partners(self) -> tuple[list[tuple[Operation, Operation]], list[Operation], list[Operation]]:
        """Operations that belong together, by name or by a message; those of the old side, of the new one, without."""
        pairs: list[tuple[Operation, Operation]] = []
        for one in self.old.operations:
            two = self._partner(one, [two for two in self.new.operations if two not in [pair[1] for pair in pairs]])
            if two is not None:
                pairs.append((one, two))
        gone = [one for one in self.old.operations if one not in [pair[0] for pair in pairs]]
        more = [two for two in self.new.operations if two not in [pair[1] for pair in pairs]]
        if len(gone) == len(more) == 1 and _nameless(gone[0], more[0]):
            return [*pairs, (gone[0], more[0])], [], []
        return pairs, gone, more

    def _partner(self, one: Operation, free: list[Operation]) -> Operation | None:
        named = next((two for two in free if two.name == one.name is not None), None)
        return named or next((two for two in free if self._share(one, two)), None)

    def _share(self, one: Operation, two: Operation) -> bool:
        taken = any(other.name == two.name for other in self.old.operations if other.name is not None)
        return not taken and any(old in one.messages and new in two.messages for old, new in self.matched.pairs)


def _nameless(one: Operation, two: Operation) -> bool:
    """Whether nothing tells two operations apart: in 2.x often without a name, in 3.x sometimes without messages."""
    return None in (one.name, two.name) or not (one.messages or two.messages)
