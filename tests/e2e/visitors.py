"""The widget as a visitor finds it, and an agent on the other end, who is a plain RTM client."""

from __future__ import annotations

import itertools
import json
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import axe_playwright_python
from playwright.sync_api import (
    BrowserContext,
    FrameLocator,
    Locator,
    Page,
    WebSocketRoute,
    expect,
)
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.live import ROOT, LiveServer

WAIT = 10.0
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
SCHEMES = ("light", "dark")


class Agent:
    """An agent's connection. Pushes are kept until asked for."""

    def __init__(self, server: LiveServer, account: dict[str, Any]) -> None:
        self._connecting = connect(f"ws://localhost:{server.port}/v3.6/agent/rtm/ws")
        self._token = f"Bearer {account['access_token']}"
        self._ids = itertools.count(1)
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._pushes: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self.meanwhile: Callable[[], None] = lambda: time.sleep(0.02)
        """What is done between two looks for a push."""

    def __enter__(self) -> Agent:
        """Connect and log in."""
        self._socket = self._connecting.__enter__()
        self._reader.start()
        self.ask("login", token=self._token)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        self._connecting.__exit__(kind, error, trace)
        self._reader.join(WAIT)

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

    def accept(self, accepting: bool = True) -> None:
        """Take chats, or stop taking them."""
        status = "accepting_chats" if accepting else "not_accepting_chats"
        self.ask("set_routing_status", status=status)

    def say(self, chat_id: str, text: str, visibility: str = "all") -> str:
        """Send a message and return its event id."""
        event = {"type": "message", "text": text, "visibility": visibility}
        event_id: str = self.ask("send_event", chat_id=chat_id, event=event)["event_id"]
        return event_id

    def close_all(self) -> None:
        """End every running chat, so that the next test finds a free agent."""
        chats = self.ask("list_chats", filters={"active": True}, limit=100)["chats_summary"]
        for chat in chats:
            self.ask("deactivate_chat", id=chat["id"], ignore_requester_presence=True)

    def texts(self, chat_id: str) -> list[str]:
        """Return what was said in all threads of a chat, in order."""
        threads = self.ask("list_threads", chat_id=chat_id, limit=100)["threads"]
        return [
            event["text"]
            for thread in sorted(threads, key=lambda thread: thread["created_at"])
            for event in thread["events"]
            if event["type"] == "message"
        ]


class Line:
    """The visitor's connection, which the test may cut."""

    def __init__(self, context: BrowserContext) -> None:
        self.down = False
        self.swallow: Callable[[dict[str, Any]], bool] = lambda frame: False
        self.refuse: Callable[[dict[str, Any]], bool] = lambda frame: False
        self._open: list[WebSocketRoute] = []
        context.route_web_socket(re.compile("/customer/rtm/ws"), self._connect)

    def cut(self) -> None:
        """Close what is open and refuse what is tried."""
        self.down = True
        for socket in self._open:
            socket.close()
        self._open.clear()

    def mend(self) -> None:
        """Let connections through again."""
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

        socket.on_message(ask)

        def forward(text: str | bytes) -> None:
            if not self.swallow(json.loads(text)):
                socket.send(text)

        server.on_message(forward)
        self._open.append(socket)


class Widget:
    """The widget on a page, as a visitor finds it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(url)
        self.launcher = page.locator("livechat-widget button")

    @property
    def panel(self) -> FrameLocator:
        """The document inside the iframe."""
        return self.page.frame_locator("livechat-widget iframe")

    @property
    def words(self) -> Locator:
        """Where messages are written."""
        return self.panel.get_by_label("Your message")

    @property
    def bubbles(self) -> Locator:
        """Everything said, in order."""
        return self.panel.locator(".said .bubble")

    def open(self) -> Widget:
        """Click the launcher and wait until the chat is ready to use."""
        self.launcher.click()
        expect(self.panel.get_by_role("dialog")).to_be_visible()
        expect(self.panel.locator("#skeleton")).to_be_hidden()
        return self

    def say(self, text: str) -> None:
        """Write and send a message."""
        self.words.fill(text)
        self.words.press("Enter")

    def expect_said(self, *texts: str) -> None:
        """Wait until exactly these messages stand in the log, and all have arrived."""
        expect(self.bubbles).to_have_text(list(texts), timeout=WAIT * 1000)
        expect(self.panel.locator(".said:is(.sending, .waiting, .failed)")).to_have_count(0)


Visit = Callable[..., Widget]
"""How a visitor opens a page with the widget in a new tab."""


def started(agent: Agent) -> str:
    """Return the id of the chat that has just begun."""
    chat_id: str = agent.hear("incoming_chat")["chat"]["id"]
    return chat_id


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """Return what axe finds on the page and in the panel."""
    found = []
    for frame in page.frames:
        frame.evaluate(AXE.read_text())
        report = frame.evaluate("axe.run(document, { iframes: false })")
        found += [(v["id"], [node["html"] for node in v["nodes"]]) for v in report["violations"]]
    return found


def furnish(server: LiveServer, **things: Any) -> dict[str, Any]:
    """Make what an owner sets up, on the server's database; see ``tests/e2e/furnish.py``."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.furnish", server.demo["organization_id"]],
        cwd=ROOT,
        env=server.environment,
        input=json.dumps(things).encode(),
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    made: dict[str, Any] = json.loads(done.stdout)
    return made
