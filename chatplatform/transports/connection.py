"""One live RTM connection: who is behind it, and its bounded way out."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from chatplatform.api.context import SessionTerms
from chatplatform.domain_events import DomainEvent
from chatplatform.requester import Requester
from chatplatform.transports import disconnects
from chatplatform.transports.envelopes import Origin

log = structlog.get_logger(__name__)

if TYPE_CHECKING:
    from chatplatform.transports.frames import Request
    from chatplatform.transports.wishes import Wishes

MAX_QUEUED_FRAMES = 2_000
MAX_QUEUED_CHARACTERS = 4 * 1024 * 1024
MAX_HELD_EVENTS = 20_000
"""Events that may wait for a login to finish."""

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Connection:
    """A socket's state. Everything here belongs to the event loop.

    ``api`` and ``version`` are those of the URL. ``terms`` is set from login on. Frames go out in
    the order of :meth:`send`; a client that does not read them fast enough is cut off, and neither
    memory nor a task is kept for it. A task exists only while there is something to send.
    """

    __slots__ = (
        "_closing",
        "_frames",
        "_send",
        "_size",
        "_writer",
        "active_at",
        "address",
        "api",
        "base_url",
        "gone",
        "held",
        "id",
        "opened_at",
        "organization_id",
        "query",
        "reader",
        "running",
        "terms",
        "user_agent",
        "version",
        "waiting",
        "wishes",
    )

    def __init__(
        self,
        send: Send,
        *,
        api: str,
        version: str,
        address: str = "",
        user_agent: str = "",
        base_url: str = "",
        query: Mapping[str, str] | None = None,
    ) -> None:
        self.id = secrets.token_hex(8)
        self.opened_at = time.monotonic()
        self.active_at = self.opened_at
        """When the client last asked for anything but an answer to its ping."""
        self.api = api
        self.version = version
        self.address = address
        self.user_agent = user_agent
        self.base_url = base_url
        self.query = dict(query or {})
        self.organization_id: UUID | None = None
        """The organisation it is registered for at the hub."""
        self.terms: SessionTerms | None = None
        self.wishes: Wishes | None = None
        self.held: list[tuple[DomainEvent, Origin | None]] | None = None
        """What happened since the login began; ``None`` outside logins."""
        self.running: Request | None = None
        self.waiting: deque[Request] | None = None
        self.reader: asyncio.Task[Any] | None = None
        """The task that reads the socket, ended when the connection is cut off."""
        self.gone = False
        """Nothing will be sent any more."""
        self._send = send
        self._frames: deque[str] = deque()
        self._size = 0
        self._writer: asyncio.Task[None] | None = None
        self._closing: int | None = None

    @property
    def requester(self) -> Requester | None:
        """Who logged in, if anybody did."""
        return self.terms.requester if self.terms else None

    @property
    def closing(self) -> bool:
        """Whether the end is decided: nothing it asks for is begun any more."""
        return self.gone or self._closing is not None

    @property
    def unanswered(self) -> int:
        """How many requests wait for their answers."""
        running = self.running is not None and not self.running.answered
        return running + (len(self.waiting) if self.waiting else 0)

    def send(self, frame: str) -> None:
        """Queue a text frame; cut the connection off when its queue is full."""
        if self.gone or self._closing is not None:
            return
        self._frames.append(frame)
        self._size += len(frame)
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())
        elif len(self._frames) > MAX_QUEUED_FRAMES or self._size > MAX_QUEUED_CHARACTERS:
            self.cut_off()

    def disconnect(self, reason: str, data: dict[str, Any] | None = None) -> None:
        """Tell the client why its session ends (protocol.md 3.5), then close."""
        self.send(disconnects.frame(self.api, self.version, reason, data))
        self.close(disconnects.close_code(reason))

    def close(self, code: int = 1000) -> None:
        """Close after everything queued has been sent; nothing more can be queued."""
        if self.closing:
            return
        self._closing = code
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    def cut_off(self) -> None:
        """Drop the connection at once, with everything that still waits to be sent."""
        if self.gone:
            return
        self.lost()
        abort(self._send)
        if self.reader is not None:
            self.reader.cancel()

    def lost(self) -> None:
        """Forget what was to be sent: the socket is no more."""
        self.gone = True
        self._frames.clear()
        self._size = 0
        if self._writer is not None and self._writer is not asyncio.current_task():
            self._writer.cancel()
            self._writer = None

    async def _write(self) -> None:
        frames = self._frames
        try:
            while frames:
                frame = frames.popleft()
                self._size -= len(frame)
                await self._send({"type": "websocket.send", "text": frame})
            if self._closing is not None:
                await self._send({"type": "websocket.close", "code": self._closing})
                self.gone = True
        except OSError:  # how a server says that the client has gone
            self.lost()
        except Exception:
            log.exception("sending failed")
            self.cut_off()
        finally:
            self._writer = None


def abort(send: Send) -> None:
    """Close a socket or a response without waiting for what is buffered, where we can reach it.

    ASGI knows no such thing: its close waits in line behind the frames the client does not read.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    at_once = getattr(transport, "abort", None)
    if at_once is not None:
        at_once()
