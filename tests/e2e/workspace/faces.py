"""The workspace as its own tests use it: customers who are plain clients, and an agent's desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.clients import new_customer, web
from tests.e2e.wires import WAIT, Wire
from tests.live import LiveServer

TAGS = ("refund", "vip")
"""The tags there are."""
SIZES = {"phone": (390, 800), "tablet": (820, 1100), "desktop": (1440, 900)}


class Customer:
    """A customer with a connection of their own. Pushes are kept until asked for."""

    def __init__(self, server: LiveServer, name: str) -> None:
        self.name = name
        self.chat_id = ""
        organization = server.demo["organization_id"]
        base = f"ws://localhost:{server.port}/v3.6/customer/rtm/ws"
        self._wire = Wire(
            f"{base}?organization_id={organization}",
            token=f"Bearer {new_customer(server.url, server.demo)['access_token']}",
            customer={"name": name},
            customer_page={"url": "https://shop.example/tents", "title": "Tents"},
        )
        self._wire.__enter__()
        self.ask = self._wire.ask
        self.hear = self._wire.hear

    def come_back(self) -> None:
        """Connect anew, as after a lost connection."""
        self._wire.__exit__()
        self._wire.__enter__()

    def leave(self) -> None:
        """End the chat, if there is one, and close the connection."""
        if self.chat_id and self.ask("get_chat", chat_id=self.chat_id)["thread"]["active"]:
            self.ask("deactivate_chat", id=self.chat_id)
        self._wire.__exit__()

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

    def look_for_the_line(self) -> None:
        """Let it try at once to connect again, as when the browser is back online."""
        self.page.evaluate("() => window.dispatchEvent(new Event('online'))")

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


def as_owner(server: LiveServer, action: str, **payload: Any) -> Any:
    """Call the Agent API as the organisation's owner."""
    return as_agent(server, 0, action, **payload)


def as_agent(server: LiveServer, place: int, action: str, **payload: Any) -> Any:
    """Call the Agent API as one of the demo's agents."""
    authorization = f"Bearer {server.demo['agents'][place]['access_token']}"
    return web(server.url, f"/v3.7/agent/action/{action}", payload, authorization)


def configure(server: LiveServer, place: int, action: str, **payload: Any) -> Any:
    """Call the Configuration API as one of the demo's agents."""
    authorization = f"Bearer {server.demo['agents'][place]['access_token']}"
    return web(server.url, f"/v3.7/configuration/action/{action}", payload, authorization)


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
