"""The widget as a visitor finds it, and an agent on the other end, who is a plain RTM client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.e2e.wires import WAIT, Wire
from tests.live import LiveServer


class Agent(Wire):
    """An agent with a connection of their own."""

    def __init__(self, server: LiveServer, account: dict[str, Any]) -> None:
        url = f"ws://localhost:{server.port}/v3.6/agent/rtm/ws"
        super().__init__(url, token=f"Bearer {account['access_token']}")
        self._came = datetime.now(UTC)

    def begun(self) -> Any:
        """Return the chat that has just begun with somebody who came after this agent.

        What a visitor of the test before began may reach the server when their page is closed
        already; it is not waited for.
        """

        def came_later(payload: Any) -> bool:
            customer = customer_of(payload["chat"])
            return datetime.fromisoformat(customer["created_at"]) >= self._came

        return self.hear("incoming_chat", came_later)["chat"]

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
    def log(self) -> Locator:
        """What was said and what happened."""
        return self.panel.get_by_role("log")

    @property
    def bubbles(self) -> Locator:
        """Everything said, in order."""
        return self.panel.locator(".said .bubble")

    def open(self) -> Widget:
        """Open the chat, unless it is, and wait until it is ready to use."""
        if self.launcher.get_attribute("aria-expanded") != "true":
            self.launcher.click()
        expect(self.panel.get_by_role("dialog")).to_be_visible()
        expect(self.panel.locator("#skeleton")).to_be_hidden()
        return self

    def say(self, text: str) -> None:
        """Write and send a message."""
        self.words.fill(text)
        self.words.press("Enter")

    def look_for_the_line(self) -> None:
        """Let it try at once to connect again, as when the browser is back online."""
        self.panel.locator("body").evaluate("() => window.dispatchEvent(new Event('online'))")

    def expect_said(self, *texts: str) -> None:
        """Wait until exactly these messages stand in the log, and all have arrived."""
        expect(self.bubbles).to_have_text(list(texts), timeout=WAIT * 1000)
        waiting = self.panel.locator(".said:is(.sending, .waiting, .failed)")
        expect(waiting).to_have_count(0, timeout=WAIT * 1000)


Visit = Callable[..., Widget]
"""How a visitor opens a page with the widget in a new tab."""


def customer_of(chat: Any) -> Any:
    """Return a chat's customer."""
    return next(user for user in chat["users"] if user["type"] == "customer")


def started(agent: Agent) -> str:
    """Return the id of the chat that has just begun; see ``Agent.begun``."""
    chat_id: str = agent.begun()["id"]
    return chat_id


def furnish(server: LiveServer, **things: Any) -> dict[str, Any]:
    """Make what an owner sets up, on the server's database; see ``tests/e2e/furnish.py``."""
    made: dict[str, Any] = server.backstage.do(
        "tests.e2e.furnish:furnish", organization_id=server.demo["organization_id"], **things
    )
    return made
