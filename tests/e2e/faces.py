"""The two faces as people use them: an agent at the workspace, a visitor with the widget.

What is pressed and written is found by its role and name, as a screen reader announces it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from playwright.sync_api import BrowserContext, FilePayload, Locator, expect

from tests.clients import web
from tests.e2e.visitors import Widget
from tests.live import LiveServer

WAIT = 30.0
"""Seconds until something that should appear is missed."""


class Line(NamedTuple):
    """One entry of a transcript: who said it (a customer or an agent), and what; a file's name."""

    by: str
    what: str


class Desk:
    """An agent at the workspace, signed in and connected."""

    def __init__(self, context: BrowserContext, url: str, account: dict[str, Any]) -> None:
        self.context = context
        self.page = context.new_page()
        self.page.goto(f"{url}/signin?next=/workspace/")
        self.page.get_by_label("E-mail address").fill(account["id"])
        self.page.get_by_label("Password").fill(account["password"])
        self.page.get_by_role("button", name="Sign in").click()
        self.status = self.page.get_by_role("switch")
        expect(self.status).to_have_attribute("aria-disabled", "false", timeout=WAIT * 1000)

    @property
    def words(self) -> Locator:
        """Where messages to the customer are written."""
        return self.page.get_by_label("Message to the customer")

    @property
    def log(self) -> Locator:
        """What was said in the open chat."""
        return self.page.get_by_role("log")

    def accept(self, accepting: bool) -> None:
        """Take chats, or stop taking them."""
        if self.status.is_checked() != accepting:
            self.status.click()
        expect(self.status).to_be_checked(checked=accepting)

    def look_for_the_line(self) -> None:
        """Let it try at once to connect again, as when the browser is back online."""
        self.page.evaluate("() => window.dispatchEvent(new Event('online'))")

    def row(self, name: str) -> Locator:
        """The chat of this customer in the list."""
        return self.page.get_by_role("navigation", name="Chats").get_by_role("link", name=name)

    def open(self, name: str) -> None:
        """Open the chat of this customer and wait until one can write."""
        self.row(name).click()
        expect(self.page.get_by_role("heading", name=name, level=2)).to_be_visible()
        expect(self.words).to_be_visible()

    def say(self, text: str) -> None:
        """Write and send a message."""
        self.words.fill(text)
        self.words.press("Enter")

    def whisper(self, text: str) -> None:
        """Tell colleagues something the customer must not see."""
        switch = self.page.get_by_role("button", name="Whisper: only colleagues see it")
        switch.click()
        words = self.page.get_by_label("Whisper to colleagues")
        words.fill(text)
        words.press("Enter")
        switch.click()

    def attach(self, file: FilePayload) -> None:
        """Send a file."""
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Attach files").click()
        chooser.value.set_files([file])

    def transcript(self) -> list[Line]:
        """Return what the open chat shows, without system messages."""
        return _lines(
            self.log,
            ".message",
            """(one) => [
                one.matches(".message-customer") ? "customer" : "agent",
                one.querySelector(".words, .file-name")?.textContent
                    ?? one.querySelector("img")?.alt ?? one.textContent,
            ]""",
        )


class Visitor(Widget):
    """A visitor of the demo page, with the widget open."""

    def __init__(self, context: BrowserContext, url: str, name: str = "") -> None:
        super().__init__(context.new_page(), f"{url}/demo/")
        self.context = context
        self.name = name
        if name:
            expect(self.launcher).to_be_visible()
            self.page.evaluate("(name) => LiveChatWidget.call('set_customer_name', name)", name)
        self.open()

    def attach(self, file: FilePayload) -> None:
        """Send a file."""
        with self.page.expect_file_chooser() as chooser:
            self.panel.get_by_role("button", name="Attach a file").click()
        chooser.value.set_files([file])

    def end(self) -> None:
        """End the chat."""
        self.panel.get_by_role("button", name="More").click()
        self.panel.get_by_role("button", name="End chat").click()
        question = self.panel.get_by_role("group", name="End this chat?")
        question.get_by_role("button", name="End chat").click()

    def transcript(self) -> list[Line]:
        """Return what the widget shows, without system messages."""
        return _lines(
            self.log,
            ".said",
            """(one) => [
                one.matches(".mine") ? "customer" : "agent",
                (one.querySelector(".file-name") ?? one.querySelector(".bubble")).textContent,
            ]""",
        )


def stored(server: LiveServer, chat_id: str) -> list[Line]:
    """Return the transcript the Agent API gives the owner, without system messages and whispers."""
    authorization = f"Bearer {server.demo['agents'][0]['access_token']}"
    body = {"chat_id": chat_id, "sort_order": "asc", "limit": 100}
    threads = web(server.url, "/v3.7/agent/action/list_threads", body, authorization)["threads"]
    agents = {agent["id"] for agent in server.demo["agents"]}
    return [
        Line(
            "agent" if event["author_id"] in agents else "customer",
            event["name"] if event["type"] == "file" else event["text"],
        )
        for thread in threads
        for event in thread["events"]
        if event["type"] != "system_message" and event["visibility"] == "all"
    ]


def chat_of(desk: Desk) -> str:
    """Return the id of the chat that is open at the desk; the page's address names it."""
    return desk.page.url.partition("#")[2]


def until(page: Any, condition: Callable[[], bool], within: float = WAIT) -> bool:
    """Tell whether ``condition`` came true in time, letting the page work meanwhile."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        page.wait_for_timeout(50)
    return True


def _lines(log: Locator, entry: str, read: str) -> list[Line]:
    found = log.locator(entry).evaluate_all(f"(entries) => entries.map({read})")
    return [Line(by, what.strip()) for by, what in found]
