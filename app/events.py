"""Tell every interested websocket what happened, and never let a slow one hold up the others."""

import asyncio
from datetime import UTC, datetime
from enum import IntEnum
from uuid import UUID

from generated.python.models import ProjectDeleted, ProjectEvent, ServerMessage


class CloseCode(IntEnum):
    """Why the service closes a websocket (RFC 6455, section 7.4, and IANA's registry)."""

    GOING_AWAY = 1001
    POLICY_VIOLATION = 1008
    TRY_AGAIN_LATER = 1013


class Subscriber:
    """One websocket: what it wants to hear, and what waits to be sent to it.

    The last item of the queue is a `CloseCode`; nothing is queued after it.
    """

    def __init__(self, size: int) -> None:
        self.all = False
        self.project_ids: set[UUID] = set()
        self.too_slow = asyncio.Event()
        self._size = size
        self._queue: asyncio.Queue[ServerMessage | CloseCode] = asyncio.Queue()
        self._closed = False

    async def next(self) -> ServerMessage | CloseCode:
        """The next message to send, or the code to close with."""
        return await self._queue.get()

    def wants(self, project_id: UUID) -> bool:
        """Whether events of this project are to be sent."""
        return self.all or project_id in self.project_ids

    def subscribe(self, project_id: UUID | None, limit: int) -> bool:
        """Hear about one project, or about all; False when that is more than `limit` projects by id."""
        if project_id is None:
            self.all = True
        elif len(self.project_ids | {project_id}) > limit:
            return False
        else:
            self.project_ids.add(project_id)
        return True

    def unsubscribe(self, project_id: UUID | None) -> None:
        """Hear no more about one project, or about any."""
        if project_id is None:
            self.all = False
            self.project_ids.clear()
        else:
            self.project_ids.discard(project_id)

    def send(self, message: ServerMessage) -> None:
        """Queue a message; a subscriber whose queue is full is marked as too slow instead."""
        if self._queue.qsize() >= self._size:
            self.too_slow.set()
        elif not self._closed:
            self._queue.put_nowait(message)

    def close(self, code: CloseCode) -> None:
        """Close after what is queued already."""
        self._closed = True
        self._queue.put_nowait(code)


class Hub:
    """All open websockets. Everything here runs in the event loop's thread."""

    def __init__(self, queue_size: int) -> None:
        self.closing = False
        self._queue_size = queue_size
        self._subscribers: set[Subscriber] = set()
        self._empty = asyncio.Event()

    def join(self) -> Subscriber:
        """Add a websocket; while the service shuts down it is told to leave at once."""
        subscriber = Subscriber(self._queue_size)
        self._subscribers.add(subscriber)
        self._empty.clear()
        if self.closing:
            subscriber.close(CloseCode.GOING_AWAY)
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a websocket that is closed."""
        self._subscribers.discard(subscriber)
        if not self._subscribers:
            self._empty.set()

    def __len__(self) -> int:
        return len(self._subscribers)

    def publish(self, event: ProjectEvent) -> None:
        """Queue an event for every websocket that wants it."""
        project_id = event.project_id if isinstance(event, ProjectDeleted) else event.project.id
        for subscriber in self._subscribers:
            if subscriber.wants(project_id):
                subscriber.send(event)

    async def close(self, seconds: float) -> None:
        """Send every websocket what waits for it, close it with 1001 and wait for that, `seconds` at most."""
        self.closing = True
        for subscriber in self._subscribers:
            subscriber.close(CloseCode.GOING_AWAY)
        if self._subscribers:
            try:
                await asyncio.wait_for(self._empty.wait(), seconds)
            except TimeoutError:
                return


def now() -> datetime:
    """The service's clock."""
    return datetime.now(UTC)
