"""The contracts that answers and messages are held against, loaded when a probe first needs them."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from xptasks.contracts.settings import ContractsSettings
from xptasks.probes.result import ProbeError, Trouble

if TYPE_CHECKING:
    from xptasks.contracts.conform import Exchange, HttpContract, MessageContract, Violation
    from xptasks.contracts.conform.messages import Conversation

_Contract = TypeVar("_Contract", "HttpContract", "MessageContract")


class Contracts:
    """The documents of `[contracts]` in a project's folder.

    Raises:
        XpError: with everything that uses them, when one cannot be used.
    """

    def __init__(self, settings: ContractsSettings, project: Path) -> None:
        self._settings = settings
        self._project = project

    @cached_property
    def _http(self) -> "tuple[HttpContract, ...]":
        from xptasks.contracts.conform import HttpContract  # noqa: PLC0415 - only for probes that ask for it

        return tuple(HttpContract.load(self._project / path) for path in self._settings.openapi)

    @cached_property
    def _messages(self) -> "tuple[MessageContract, ...]":
        from xptasks.contracts.conform import MessageContract  # noqa: PLC0415 - as above

        return tuple(MessageContract.load(self._project / path) for path in self._settings.asyncapi)

    def prepare(self) -> None:
        """Load all documents now, so that no probe waits for it."""
        _ = self._http, self._messages

    def check(self, exchange: "Exchange") -> None:
        """Hold an answer against the OpenAPI document that knows its operation; nothing without a document.

        Raises:
            ProbeError: it breaks the contract.
        """
        contract = _chosen(self._http, lambda each: each.find(exchange.method, exchange.path))
        if contract is not None:
            complain(contract.check(exchange))

    def conversation(self, url: str, offered: Sequence[str], chosen: str | None) -> "Conversation | None":
        """Judge the handshake, then every message, by the AsyncAPI document that knows the address.

        Raises:
            ProbeError: the handshake breaks the contract.
        """
        path = urlsplit(url).path
        contract = _chosen(self._messages, lambda each: each.find(path))
        if contract is None:
            return None
        complain(contract.handshake(path, offered=offered, chosen=chosen))
        return contract.conversation(path)


def _chosen(contracts: Iterable[_Contract], knows: Callable[[_Contract], object]) -> _Contract | None:
    """The contract that knows, else the first, which will say that it does not."""
    found = list(contracts)
    return next((each for each in found if knows(each) is not None), found[0] if found else None)


def complain(violations: "Sequence[Violation]") -> None:
    """Tell the first violation, and how many more there are.

    Raises:
        ProbeError: there is one.
    """
    if not violations:
        return
    first = violations[0]
    where = f" at {first.pointer}" if first.pointer else ""
    sides = f"; expected {first.expected}, got {first.got}" if first.expected else ""
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    raise ProbeError(
        Trouble.CONTRACT, f"{first.operation}: {first.rule}{where}: {first.message}{sides}{more}", first.position
    )
