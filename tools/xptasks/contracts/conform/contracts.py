"""All contracts of a project as one, and which of their operations and messages were seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xptasks.contracts.conform.http import Exchange, HttpContract
from xptasks.contracts.conform.messages import Conversation, MessageContract
from xptasks.contracts.conform.violation import Violation


class Contracts:
    """Several documents; the first that has an operation or a channel speaks for it."""

    def __init__(self, http: Sequence[HttpContract] = (), messages: Sequence[MessageContract] = ()) -> None:
        self._http = tuple(http)
        self._messages = tuple(messages)

    @classmethod
    def load(cls, openapi: Iterable[Path], asyncapi: Iterable[Path]) -> "Contracts":
        """Read all documents.

        Raises:
            ContractError: one of them is wrong.
            ConfigError: one of them is of the other kind.
        """
        return cls([HttpContract.load(path) for path in openapi], [MessageContract.load(path) for path in asyncapi])

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of all operations."""
        return tuple(dict.fromkeys(name for contract in self._http for name in contract.operations))

    @property
    def messages(self) -> tuple[str, ...]:
        """The names of all messages, with channel and direction."""
        return tuple(dict.fromkeys(name for contract in self._messages for name in contract.messages))

    def operation(self, method: str, path: str) -> str:
        """The name of the operation that a request means; empty when there is none."""
        found = (contract.find(method, path) for contract in self._http)
        return next((operation.name for operation in found if operation), "")

    def check(self, exchange: Exchange) -> tuple[Violation, ...]:
        """How a response breaks the contracts."""
        for contract in self._http:
            if contract.find(exchange.method, exchange.path):
                return contract.check(exchange)
        return self._http[0].check(exchange) if self._http else ()

    def handshake(self, path: str, offered: Sequence[str], chosen: str | None) -> tuple[Violation, ...]:
        """How an accepted handshake breaks the contracts."""
        contract = self._speaker(path)
        return contract.handshake(path, offered=offered, chosen=chosen) if contract else ()

    def knows_channel(self, path: str) -> bool:
        """Whether one of the contracts has a channel at this path."""
        return any(contract.find(path) for contract in self._messages)

    def conversation(self, path: str) -> Conversation | None:
        """A new websocket; None without AsyncAPI documents."""
        contract = self._speaker(path)
        return contract.conversation(path) if contract else None

    def _speaker(self, path: str) -> MessageContract | None:
        having = (contract for contract in self._messages if contract.find(path))
        return next(having, self._messages[0] if self._messages else None)


@dataclass
class Seen:
    """What tests or traffic touched, by name."""

    operations: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)

    def add(self, other: Mapping[str, Iterable[str]]) -> None:
        """Take in what another process saw."""
        self.operations.update(other["operations"])
        self.messages.update(other["messages"])

    def as_lists(self) -> dict[str, list[str]]:
        """For JSON, sorted."""
        return {"operations": sorted(self.operations), "messages": sorted(self.messages)}


def covered(contracts: Contracts, seen: Seen) -> dict[str, Any]:
    """What was touched and what was not, for each kind that the contracts have."""
    kinds = {"operations": (contracts.operations, seen.operations), "messages": (contracts.messages, seen.messages)}
    return {
        kind: {
            "touched": [name for name in names if name in touched],
            "untouched": [name for name in names if name not in touched],
            "percent": 100.0 * sum(name in touched for name in names) / len(names),
        }
        for kind, (names, touched) in kinds.items()
        if names
    }
