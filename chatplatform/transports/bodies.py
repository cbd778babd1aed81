"""A limit on request bodies before anything of them is kept.

Django spools a whole body to disk before a view sees it; behind no proxy, a client that announces
no length could fill the disk. This stands in front of it and counts.
"""

from __future__ import annotations

from typing import Any

import orjson

from chatplatform.errors import EntityTooLarge

_TOO_LARGE = orjson.dumps({"error": EntityTooLarge("the body is too large").body()})


class BodyLimit:
    """An ASGI application that answers 413 to HTTP bodies over ``limit`` bytes, else ``inner``."""

    def __init__(self, inner: Any, limit: int) -> None:
        self._inner = inner
        self._limit = limit

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if _announced_bytes(scope) > self._limit:
            await _refuse(send)
            return
        counted = _Counted(receive, send, self._limit)
        await self._inner(scope, counted.receive, counted.send)
        if counted.exceeded and not counted.answering:
            await _refuse(send)


class _Counted:
    """One request's channels; over the limit its client seems gone, so that the work on it ends."""

    def __init__(self, receive: Any, send: Any, limit: int) -> None:
        self.exceeded = False
        self.answering = False
        self._receive = receive
        self._send = send
        self._left = limit

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                self.exceeded = True
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Any) -> None:
        if self.answering or not self.exceeded:
            self.answering = True
            await self._send(message)


def _announced_bytes(scope: Any) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _refuse(send: Any) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(_TOO_LARGE)).encode()),
        (b"access-control-allow-origin", b"*"),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": EntityTooLarge.status, "headers": headers})
    await send({"type": "http.response.body", "body": _TOO_LARGE})
