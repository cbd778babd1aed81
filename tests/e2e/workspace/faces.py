"""The workspace as its own tests use it: customers who are plain clients, an agent's desk, and
the line between the desk and the server, which may fail.
"""

from __future__ import annotations

import itertools
import json
import queue
import re
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import BrowserContext, Locator, Page, WebSocketRoute, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.clients import web
from tests.live import LiveServer

WAIT = 10.0
TAGS = ("refund", "vip")
"""The tags there are."""
SIZES = {"phone": (390, 800), "tablet": (820, 1100), "desktop": (1440, 900)}
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"


class Customer:
    """A customer with a connection of their own. Pushes are kept until asked for."""

    def __init__(self, server: LiveServer, name: str) -> None:
        self.name = name
        self.chat_id = ""
        self._server = server
        self._token = self._mint()
        self._ids = itertools.count(1)
        self._connect()

    def _mint(self) -> str:
        """Get a token by the agent_token grant."""
        demo = self._server.demo
        request = urllib.request.Request(
            f"{self._server.url}/v2/customer/token",
            data=json.dumps(
                {
                    "grant_type": "agent_token",
                    "client_id": demo["client_id"],
                    "response_type": "token",
                    "organization_id": demo["organization_id"],
                }
            ).encode(),
            headers={
                "Authorization": f"Bearer {demo['agents'][0]['access_token']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=WAIT) as answer:
            token: str = json.load(answer)["access_token"]
            return token

    def _connect(self) -> None:
        organization = self._server.demo["organization_id"]
        base = f"ws://localhost:{self._server.port}/v3.6/customer/rtm/ws"
        self._life = ExitStack()
        self._socket = self._life.enter_context(connect(f"{base}?organization_id={organization}"))
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._pushes: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        page = {"url": "https://shop.example/tents", "title": "Tents"}
        self.ask(
            "login",
            token=f"Bearer {self._token}",
            customer={"name": self.name},
            customer_page=page,
        )

    def come_back(self) -> None:
        """Connect anew, as after a lost connection."""
        self._life.close()
        self._connect()

    def leave(self) -> None:
        """End the chat, if there is one, and close the connection."""
        if self.chat_id and self.ask("get_chat", chat_id=self.chat_id)["thread"]["active"]:
            self.ask("deactivate_chat", id=self.chat_id)
        self._life.close()
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
        while (left := deadline - time.monotonic()) > 0:
            push = self._pushes.get(timeout=left)
            if push["action"] == action and fits(push["payload"]):
                return push["payload"]
        raise AssertionError(f"no {action}")

    def start(self, text: str, **more: Any) -> Customer:
        """Begin a chat with a message."""
        thread = {"events": [{"type": "message", "text": text}]}
        self.chat_id = self.ask("start_chat", chat={"thread": thread}, **more)["chat_id"]
        return self

    def say(self, text: str) -> None:
        """Send a message."""
        self.ask("send_event", chat_id=self.chat_id, event={"type": "message", "text": text})

    def see(self) -> None:
        """Mark everything as seen."""
        newest = self.ask("get_chat", chat_id=self.chat_id)["thread"]["events"][-1]
        self.ask("mark_events_as_seen", chat_id=self.chat_id, seen_up_to=newest["created_at"])

    def texts(self) -> list[str]:
        """Return what was said, in order, as the customer may read it."""
        events = self.ask("get_chat", chat_id=self.chat_id)["thread"]["events"]
        return [event["text"] for event in events if event["type"] == "message"]


Meet = Callable[..., Customer]
"""How a customer with a name of their own arrives."""


class Line:
    """The agent's connection, which the test may cut."""

    def __init__(self, context: BrowserContext) -> None:
        self.down = False
        self.swallow: Callable[[dict[str, Any]], bool] = lambda frame: False
        self._open: list[WebSocketRoute] = []
        context.route_web_socket(re.compile("/agent/rtm/ws"), self._connect)

    def cut(self) -> None:
        """Close what is open and refuse what is tried."""
        self.down = True
        for socket in self._open:
            socket.close()
        self._open.clear()

    def mend(self) -> None:
        """Let connections through again."""
        self.down = False
        self.swallow = lambda frame: False

    def _connect(self, socket: WebSocketRoute) -> None:
        if self.down:
            socket.close()
            return
        server = socket.connect_to_server()
        socket.on_message(server.send)

        def forward(text: str | bytes) -> None:
            if not self.swallow(json.loads(text)):
                socket.send(text)

        server.on_message(forward)
        self._open.append(socket)


class Refusals:
    """Stands between the page and the server, and refuses one action itself."""

    def __init__(self, context: BrowserContext) -> None:
        self.action = ""
        context.route_web_socket(re.compile("/agent/rtm/ws"), self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def ask(text: str | bytes) -> None:
            frame = json.loads(text)
            if frame["action"] != self.action:
                server.send(text)
                return
            error = {"error": {"type": "internal", "message": "Refused"}}
            answer = {**frame, "type": "response", "success": False, "payload": error}
            socket.send(json.dumps(answer))

        socket.on_message(ask)
        server.on_message(socket.send)


class Desk:
    """The workspace of an agent who has signed in."""

    def __init__(self, page: Page, server: LiveServer, account: dict[str, Any]) -> None:
        self.page = page
        page.goto(f"{server.url}/workspace/")
        page.get_by_label("E-mail address").fill(account["id"])
        page.get_by_label("Password").fill(account["password"])
        page.get_by_role("button", name="Sign in").click()
        self.wait_until_online()

    @property
    def status(self) -> Locator:
        """The switch that says whether chats are routed here."""
        return self.page.get_by_role("switch")

    @property
    def composer(self) -> Locator:
        """Where messages are written."""
        return self.page.locator("textarea")

    @property
    def log(self) -> Locator:
        """The messages of the open chat."""
        return self.page.get_by_role("log")

    @property
    def foot(self) -> Locator:
        """What stands where one writes."""
        return self.page.locator(".foot")

    def wait_until_online(self) -> None:
        """Wait until the server has answered."""
        expect(self.status).to_have_attribute("data-status", re.compile("accepting"))

    def accept(self, accepting: bool) -> None:
        """Switch to taking chats, or to taking none."""
        if (self.status.get_attribute("aria-checked") == "true") != accepting:
            self.status.click()
        expect(self.status).to_have_attribute("aria-checked", str(accepting).lower())

    def section(self, name: str) -> Locator:
        """Return a section of the list."""
        return self.page.locator(f"#section-{name}")

    def row(self, customer: Customer, section: str = "mine") -> Locator:
        """Return a customer's row in a section."""
        return self.section(section).get_by_role("link", name=customer.name)

    def open(self, customer: Customer, section: str = "mine") -> None:
        """Open a customer's chat."""
        self.row(customer, section).click()
        expect(self.page.get_by_role("heading", name=customer.name)).to_be_visible()

    def say(self, text: str) -> None:
        """Write and send a message."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def expect_said(self, *texts: str) -> None:
        """Wait until exactly these messages stand in the log, and all have arrived."""
        expect(self.log.locator(".bubble")).to_have_text(list(texts), timeout=2 * WAIT * 1000)
        expect(self.log.locator(".delivery-sending, .delivery-failed")).to_have_count(0)


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """Return what axe finds on the page."""
    page.evaluate(AXE.read_text())
    report = page.evaluate("axe.run(document)")
    return [(v["id"], [node["html"] for node in v["nodes"]]) for v in report["violations"]]


def as_owner(server: LiveServer, action: str, **payload: Any) -> Any:
    """Call the Agent API as the organisation's owner."""
    return as_agent(server, 0, action, **payload)


def as_agent(server: LiveServer, place: int, action: str, **payload: Any) -> Any:
    """Call the Agent API as one of the demo's agents."""
    authorization = f"Bearer {server.demo['agents'][place]['access_token']}"
    return web(server.url, f"/v3.7/agent/action/{action}", payload, authorization)


def press(desk: Desk, *keys: str) -> None:
    """Press keys where nobody writes."""
    desk.log.focus()
    for key in keys:
        desk.page.keyboard.press(key)


def too_wide(desk: Desk) -> list[Any]:
    """Return what does not fit into the dialog that is open, or into the list."""
    found: list[Any] = desk.page.evaluate(
        """() => [...document.querySelectorAll("dialog[open], dialog[open] *, #list, .archive *")]
          .filter((element) => element.checkVisibility() && !element.closest("svg"))
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 1
            || (element.matches("dialog, #list, .archive-form")
              && element.scrollWidth > element.clientWidth + 1))
          .map((element) => element.className)"""
    )
    return found
