"""A WebSocket client that costs little, so that a load generator measures the server.

It speaks just what these measurements need: text frames of any size, pings answered, no
extensions. Frames to the server are masked with zeros, as the standard allows.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
from collections.abc import Callable
from typing import Any, cast

import orjson

Payload = dict[str, Any]

ANSWER_SECONDS = 30.0

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_NO_MASK = b"\0\0\0\0"
_numbers = itertools.count(1)


class Refused(Exception):
    """The server answered a request with an error."""


class Socket(asyncio.Protocol):
    """One connection. ``on_text`` hears the bytes of every text frame that is not an answer to
    :meth:`ask`; set it once set-up is done. ``closed`` is set when the connection is gone.
    """

    def __init__(self) -> None:
        self.on_text: Callable[[bytes], None] | None = None
        self.closed = asyncio.Event()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answers: dict[str, asyncio.Future[Payload]] = {}
        self._buffer = b""
        self._upgraded = False
        self._transport: asyncio.Transport

    @classmethod
    async def open(cls, port: int, path: str) -> Socket:
        """Connect to ``path`` of the server on this machine."""
        loop = asyncio.get_running_loop()
        transport, socket = await loop.create_connection(cls, "127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        async with asyncio.timeout(ANSWER_SECONDS):
            await socket._opened
        return socket

    def send(self, text: bytes) -> None:
        """Send a text frame."""
        self._write(_TEXT, text)

    async def ask(self, action: str, payload: Payload | None = None) -> Payload:
        """Send a request and return its answer's payload; raise :class:`Refused`."""
        request_id = f"a{next(_numbers)}"
        answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._answers[request_id] = answer
        frame = {"request_id": request_id, "action": action, "payload": payload or {}}
        self.send(orjson.dumps(frame))
        async with asyncio.timeout(ANSWER_SECONDS):
            return await answer

    def close(self) -> None:
        """End the connection."""
        if not self.closed.is_set():
            self._write(_CLOSE, b"\x03\xe8")
            self._transport.close()

    # --- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed.set()
        lost = ConnectionError("the server closed the connection")
        waited_for: list[asyncio.Future[Any]] = [self._opened, *self._answers.values()]
        for answer in waited_for:
            if not answer.done():
                answer.set_exception(lost)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        if not self._upgraded:
            head, separator, buffer = buffer.partition(b"\r\n\r\n")
            if not separator:
                self._buffer = head
                return
            self._handshaken(head)
        self._buffer = self._frames(buffer)

    # --- frames -------------------------------------------------------------------------------

    def _handshaken(self, head: bytes) -> None:
        self._upgraded = True
        if head.startswith(b"HTTP/1.1 101"):
            self._opened.set_result(None)
        else:
            status = head.partition(b"\r\n")[0].decode()
            self._opened.set_exception(ConnectionError(f"no WebSocket: {status}"))

    def _frames(self, buffer: bytes) -> bytes:
        """Take every whole frame and return what is left over."""
        at, end = 0, len(buffer)
        while end - at >= 2:
            size, start = buffer[at + 1], at + 2
            if size == 126:
                start = at + 4
                size = int.from_bytes(buffer[at + 2 : start], "big")
            elif size == 127:
                start = at + 10
                size = int.from_bytes(buffer[at + 2 : start], "big")
            if start + size > end:
                break
            self._frame(buffer[at] & 0x0F, buffer[start : start + size])
            at = start + size
        return buffer[at:]

    def _frame(self, kind: int, body: bytes) -> None:
        if kind == _TEXT:
            self._text(body)
        elif kind == _PING:
            self._write(_PONG, body)
        elif kind == _CLOSE:
            self._transport.close()

    def _text(self, body: bytes) -> None:
        if self._answers and b'"type":"response"' in body:
            frame = orjson.loads(body)
            answer = self._answers.pop(frame.get("request_id"), None)
            if answer is not None:
                _settle(answer, frame)
                return
        if self.on_text is not None:
            self.on_text(body)

    def _write(self, kind: int, body: bytes) -> None:
        size = len(body)
        if size < 126:
            head = bytes((0x80 | kind, 0x80 | size))
        elif size < 65536:
            head = bytes((0x80 | kind, 0xFE)) + size.to_bytes(2, "big")
        else:
            head = bytes((0x80 | kind, 0xFF)) + size.to_bytes(8, "big")
        self._transport.write(head + _NO_MASK + body)


def _settle(answer: asyncio.Future[Payload], frame: Payload) -> None:
    if answer.done():
        return
    if frame["success"]:
        answer.set_result(frame["payload"])
    else:
        answer.set_exception(Refused(f"{frame['action']}: {frame['payload']['error']}"))


async def agent(port: int, token: str) -> Socket:
    """Return a connection logged in to the Agent RTM API."""
    socket = await Socket.open(port, "/v3.7/agent/rtm/ws")
    await socket.ask("login", {"token": f"Bearer {token}"})
    return socket


async def customer(port: int, token: str, organization_id: str) -> Socket:
    """Return a connection logged in to the Customer RTM API."""
    path = f"/v3.7/customer/rtm/ws?organization_id={organization_id}"
    socket = await Socket.open(port, path)
    await socket.ask("login", {"token": f"Bearer {token}"})
    return socket
