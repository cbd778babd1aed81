"""A client of the RTM door, without a network: what tests talk to the ASGI application with."""

import asyncio
import itertools
from typing import Any

import orjson
from channels.testing import WebsocketCommunicator

from chatplatform.asgi import application

Frame = dict[str, Any]
WAIT = 5.0
"""Seconds until a frame that should come is missed."""

_numbers = itertools.count(1)


class Client:
    """One socket. Frames are read in the order they came; ``None`` stands for the close."""

    def __init__(self, api: str, version: str = "3.6", query: str = "", **headers: str) -> None:
        path = f"/v{version}/{api}/rtm/ws" + (f"?{query}" if query else "")
        lines = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._socket = WebsocketCommunicator(application, path, headers=lines)
        self.accepted: dict[str, str] = {}
        self.close_code: int | None = None

    async def open(self) -> "Client":
        """Connect; the handshake's headers are in ``accepted`` afterwards."""
        await self._socket.send_input({"type": "websocket.connect"})
        answer = await self._socket.receive_output(WAIT)
        assert answer["type"] == "websocket.accept", answer
        lines = answer.get("headers", ())
        self.accepted = {name.decode(): value.decode() for name, value in lines}
        return self

    async def send(self, frame: Any) -> None:
        """Send ``frame``: text and bytes as they are, anything else as JSON."""
        if isinstance(frame, bytes):
            await self._socket.send_input({"type": "websocket.receive", "bytes": frame})
            return
        text = frame if isinstance(frame, str) else orjson.dumps(frame).decode()
        await self._socket.send_input({"type": "websocket.receive", "text": text})

    async def ask(self, action: str, payload: Any = None, **more: Any) -> str:
        """Send a request and return its fresh request id."""
        request_id = more.pop("request_id", None) or f"r{next(_numbers)}"
        frame = {"request_id": request_id, "action": action, "payload": payload or {}, **more}
        await self.send(frame)
        return request_id

    async def receive(self) -> Frame | None:
        """Return the next frame, or ``None`` when the server closed the socket."""
        message = await self._socket.receive_output(WAIT)
        if message["type"] == "websocket.close":
            self.close_code = message["code"]
            return None
        frame: Frame = orjson.loads(message["text"])
        return frame

    async def call(self, action: str, payload: Any = None, **more: Any) -> Frame:
        """Send a request and return its response; nothing else may come before it."""
        request_id = await self.ask(action, payload, **more)
        frame = await self.receive()
        assert frame is not None, f"closed with {self.close_code}"
        assert (frame["type"], frame["request_id"]) == ("response", request_id), frame
        return frame

    async def nothing(self, seconds: float = 0.1) -> bool:
        """Tell whether nothing arrives for a while."""
        return bool(await self._socket.receive_nothing(seconds))

    async def leave(self, code: int = 1000) -> None:
        """Go away, as a closed tab does."""
        await self._socket.send_input({"type": "websocket.disconnect", "code": code})
        await self._socket.wait(WAIT)

    def drop(self) -> None:
        """End whatever is left of the socket."""
        future = getattr(self._socket, "future", None)
        if isinstance(future, asyncio.Future) and not future.done():
            future.cancel()
