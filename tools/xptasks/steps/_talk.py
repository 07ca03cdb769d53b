"""One websocket of the contract steps: what is said, what is heard, and whether that conforms."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from xptasks.contracts.conform import MessageContract, Violation
from xptasks.contracts.conform.channels import Channel
from xptasks.contracts.conform.messages import Judged

_ABNORMAL = 1006
_BLAME = frozenset({1002, 1003, 1007, 1008, 1009, 1010})
_OWN_CODES = range(3000, 5000)
_OPENING = 10.0  # seconds


def blames_client(code: int) -> bool:
    """Whether a close code says that the client did something wrong."""
    return code in _BLAME or code in _OWN_CODES


@dataclass
class Hearing:
    """What was heard: the answer that was waited for, how the rest broke the contract, the code if it was closed."""

    answer: Judged | None = None
    violations: list[Violation] = field(default_factory=list)
    closed: int | None = None
    heard: list[str | bytes] = field(default_factory=list)


class Talk:
    """A websocket that is open."""

    def __init__(self, contract: MessageContract, channel: Channel, connection: ClientConnection) -> None:
        self._conversation = contract.conversation(channel.address or "")
        self._connection = connection
        self.chosen = connection.subprotocol

    def say(self, data: str | bytes) -> None:
        """Send a message; that the other side has closed is heard later."""
        self._conversation.received(data)
        try:
            self._connection.send(data)
        except ConnectionClosed:
            return

    def hear(self, seconds: float, is_answer: Callable[[Judged], bool] = lambda _: False) -> Hearing:
        """Listen until the answer comes, the other side closes, or time is up."""
        hearing = Hearing()
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                data = self._connection.recv(timeout=left)
            except TimeoutError:
                break
            except ConnectionClosed as closed:
                hearing.closed = closed.rcvd.code if closed.rcvd else _ABNORMAL
                break
            hearing.heard.append(data)
            judged = self._conversation.sent(data)
            hearing.violations.extend(judged.violations)
            if is_answer(judged):
                hearing.answer = judged
                break
        return hearing


@contextmanager
def talking(
    contract: MessageContract, channel: Channel, url: str, headers: Mapping[str, str], offered: Sequence[str]
) -> Iterator[Talk]:
    """A new websocket.

    Raises:
        InvalidHandshake: the service refused it.
        OSError: it could not be reached, or did not answer in time.
    """
    subprotocols = [Subprotocol(name) for name in offered] or None
    path = "/" + (channel.address or "").lstrip("/")
    with connect(
        url + path,
        additional_headers=headers,
        subprotocols=subprotocols,
        open_timeout=_OPENING,
        close_timeout=1,
        compression=None,
        proxy=None,
    ) as connection:
        yield Talk(contract, channel, connection)
