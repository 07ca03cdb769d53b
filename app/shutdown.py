"""Close websockets with 1001 before the server stops; left to itself, uvicorn closes them with 1012.

uvicorn tells an application that it stops only after every connection is gone, which is too late to say goodbye. So we
stand in front of its signal handlers: the first signal says goodbye and is then passed on, any further one goes
straight through. uvicorn itself waits for the requests that are being answered.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from app.events import Hub

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
Handler = Callable[[int, FrameType | None], Any]


@contextmanager
def goodbye_first(hub: Hub, seconds: float) -> Iterator[None]:
    """Stand in front of the server's signal handlers; without any (in tests, in other threads) do nothing."""
    loop = asyncio.get_running_loop()
    previous = _server_handlers()
    tasks: set[asyncio.Task[None]] = set()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if hub.closing:
            previous[number](number, frame)
        else:
            hub.closing = True
            loop.call_soon_threadsafe(start, number)

    def start(number: int) -> None:
        tasks.add(loop.create_task(say_goodbye(number)))

    async def say_goodbye(number: int) -> None:
        await hub.close(seconds)
        previous[number](number, None)

    for number in previous:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _server_handlers() -> dict[int, Handler]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    found = {number: signal.getsignal(number) for number in _SIGNALS}
    return {
        number: handler
        for number, handler in found.items()
        if callable(handler) and handler is not signal.default_int_handler
    }
