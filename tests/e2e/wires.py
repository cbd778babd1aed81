"""What connects people to the server in these tests: a plain client's socket, a browser's line."""

from __future__ import annotations

import itertools
import json
import queue
import re
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self

from playwright.sync_api import BrowserContext, WebSocketRoute
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

WAIT = 30.0
"""Seconds until an answer or a push that should come is missed."""

Frame = dict[str, Any]


class Wire:
    """A plain client's connection to an RTM API. Pushes are kept until asked for."""

    def __init__(self, url: str, **login: Any) -> None:
        self._url = url
        self._login = login
        self._ids = itertools.count(1)
        self._answers: queue.Queue[Frame] = queue.Queue()
        self._pushes: queue.Queue[Frame] = queue.Queue()
        self._life = ExitStack()
        self.meanwhile: Callable[[], None] = lambda: time.sleep(0.02)
        """What is done between two looks for a push."""

    def __enter__(self) -> Self:
        """Connect and log in."""
        self._socket = self._life.enter_context(connect(self._url))
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        self.ask("login", **self._login)
        return self

    def __exit__(self, *error: object) -> None:
        """Hang up."""
        self._life.close()

    def _read(self) -> None:
        try:
            for text in self._socket:
                frame = json.loads(text)
                kept = self._answers if frame["type"] == "response" else self._pushes
                kept.put(frame)
        except ConnectionClosed:
            return

    def ask(self, action: str, **payload: Any) -> Any:
        """Send a request and return its answer's payload; a refusal is a failure."""
        request_id = str(next(self._ids))
        frame = {"request_id": request_id, "action": action, "payload": payload}
        self._socket.send(json.dumps(frame))
        answer = self._answers.get(timeout=WAIT)
        assert answer["request_id"] == request_id
        assert answer["success"], answer
        return answer["payload"]

    def hear(self, action: str, fits: Callable[[Any], bool] = lambda payload: True) -> Any:
        """Return the payload of the next push of this kind that fits."""
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            try:
                push = self._pushes.get_nowait()
            except queue.Empty:
                self.meanwhile()
                continue
            if push["action"] == action and fits(push["payload"]):
                return push["payload"]
        raise AssertionError(f"no {action}")


class Line:
    """A browser's connection to an RTM API (``customer`` or ``agent``), which the test may cut."""

    def __init__(self, context: BrowserContext, api: str) -> None:
        self.down = False
        self.swallow: Callable[[Frame], bool] = lambda frame: False
        """Which frames of the server never arrive."""
        self.refuse: Callable[[Frame], bool] = lambda frame: False
        """Which requests are refused, without the server hearing of them."""
        self._open: list[WebSocketRoute] = []
        context.route_web_socket(re.compile(f"/{api}/rtm/ws"), self._connect)

    def cut(self) -> None:
        """Close what is open and refuse what is tried."""
        self.down = True
        for socket in self._open:
            socket.close()
        self._open.clear()

    def mend(self) -> None:
        """Let everything through again."""
        self.down = False
        self.swallow = self.refuse = lambda frame: False

    def _connect(self, socket: WebSocketRoute) -> None:
        if self.down:
            socket.close()
            return
        server = socket.connect_to_server()

        def ask(text: str | bytes) -> None:
            frame = json.loads(text)
            if self.refuse(frame):
                error = {"type": "validation", "message": "refused"}
                answer = {"type": "response", "success": False, "payload": {"error": error}}
                socket.send(json.dumps(frame | answer))
            else:
                server.send(text)

        def forward(text: str | bytes) -> None:
            if not self.swallow(json.loads(text)):
                socket.send(text)

        socket.on_message(ask)
        server.on_message(forward)
        self._open.append(socket)
