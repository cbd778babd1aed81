"""SockJS sessions without a socket: what a connection says is kept until a request fetches it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson

from chatplatform.transports.connection import Connection, Send, abort
from chatplatform.transports.periodic import Periodic

OPEN = "o"
HEARTBEAT = "h"
HEARTBEAT_SECONDS = 25
SESSION_SECONDS = 5
"""How long a session outlives its last poll, and its own end."""
MAX_KEPT_CHARACTERS = 128 * 1024
"""What may wait for a poll before the connection's own queue fills."""

GO_AWAY = "Go away!"
_NORMAL = 1000
_INTERRUPTED = 1002
_CUT_OFF = 4012


def close_frame(code: int, reason: str = "") -> str:
    """Return the frame that ends a session."""
    reason = reason or ("Normal closure" if code == _NORMAL else GO_AWAY)
    return "c" + orjson.dumps([code, reason]).decode()


def message_frame(texts: list[str]) -> str:
    """Return the frame that carries messages."""
    return "a" + orjson.dumps(texts).decode()


def heartbeats(connection: Connection) -> Periodic:
    """Begin to send a connection heartbeats, in line with its frames."""
    loop = asyncio.get_running_loop()
    return Periodic(loop, HEARTBEAT_SECONDS, lambda: connection.send(HEARTBEAT))


class Session:
    """What a socket is to a connection: :meth:`send` takes ASGI messages, :meth:`fetch` frames.

    As a socket does, it keeps little and then lets the connection wait; a client that fetches too
    slowly is cut off by its connection. One request at a time may fetch. ``connection`` is set by
    whoever makes the session; ``ended`` hears once that nothing more will be sent, ``forgotten``
    that the session can be removed.
    """

    connection: Connection

    def __init__(self, ended: Callable[[Session], None], forgotten: Callable[[], None]) -> None:
        self._ended = ended
        self._forgotten = forgotten
        self._frames: deque[str] = deque([OPEN])
        self._characters = 0
        self._end: str | None = None
        self._room = asyncio.Event()
        self._room.set()
        self._news = asyncio.Event()
        self._fetcher: asyncio.Task[Any] | None = None
        self._answer: Send | None = None
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def transport(self) -> Session:
        """What a connection aborts when it is cut off."""
        return self

    @property
    def over(self) -> bool:
        """Whether the end is known; frames said before it may still wait."""
        return self._end is not None

    async def send(self, message: dict[str, Any]) -> None:
        """Keep what the connection says, once there is room."""
        if message["type"] == "websocket.close":
            self._finish(close_frame(message["code"]))
            return
        await self._room.wait()
        text: str = message["text"]
        self._frames.append(text)
        self._characters += len(text)
        if self._characters >= MAX_KEPT_CHARACTERS:
            self._room.clear()
        self._news.set()

    # --- requests that fetch ------------------------------------------------------------------

    def attach(self, answer: Send) -> bool:
        """Let the running task fetch, answering through ``answer``; false while another does."""
        if self._fetcher is not None:
            return False
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        self._fetcher = asyncio.current_task()
        self._answer = answer
        return True

    def detach(self) -> None:
        """End the running task's turn: the session lives on for a while."""
        self._fetcher = self._answer = None
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(SESSION_SECONDS, self._expire)

    async def fetch(self) -> str:
        """Return the next frame, messages together; after the last, how the session ended."""
        while not self._frames:
            if self._end is not None:
                return self._end
            self._news.clear()
            await self._news.wait()
        if len(self._frames[0]) == 1:  # a frame of SockJS's own
            return self._frames.popleft()
        texts: list[str] = []
        while self._frames and len(self._frames[0]) > 1:
            texts.append(self._frames.popleft())
        self._characters = 0
        self._room.set()
        return message_frame(texts)

    def interrupt(self, fetcher: asyncio.Task[Any]) -> None:
        """End the session: ``fetcher``'s client left, and what it was sent may be lost."""
        if self._fetcher is fetcher:
            self._frames.clear()
            self._finish(close_frame(_INTERRUPTED, "Connection interrupted!"))
            fetcher.cancel()

    def abort(self) -> None:
        """End the session at once, and the answer its client does not read."""
        self._frames.clear()
        self._finish(close_frame(_CUT_OFF))
        if self._fetcher is not None and self._answer is not None:
            abort(self._answer)
            self._fetcher.cancel()

    # --- the end ------------------------------------------------------------------------------

    def _finish(self, frame: str) -> None:
        if self._end is None:
            self._end = frame
            self._room.set()
            self._news.set()
            self._ended(self)

    def _expire(self) -> None:
        self._frames.clear()
        self._finish(close_frame(_NORMAL))
        self._forgotten()
