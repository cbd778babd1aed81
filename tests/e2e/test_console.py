"""The developer console as people use it, and how far it is from there to a first answer."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.axe import DESK, PHONE, faults
from tests.live import LiveServer

pytestmark = pytest.mark.browser

MOST_INTERACTIONS: Final = 8
WIDER: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""How many pixels of a page its window does not show."""


class Person:
    """Somebody with a browser, whose every click, word typed in and key pressed is counted."""

    def __init__(self, browser: Browser, server: LiveServer) -> None:
        self.server = server
        self.context = browser.new_context(
            viewport=DESK,
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        self.context.set_default_timeout(20_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text) if message.type == "error" else None
            ),
        )
        self.interactions = 0

    def open(self, path: str) -> None:
        """Go to a page, as by a bookmark."""
        self.page.goto(self.server.url + path)

    def click(self, what: Locator) -> None:
        """Click on something."""
        self.interactions += 1
        what.click()

    def fill(self, what: Locator, words: str) -> None:
        """Fill a field in."""
        self.interactions += 1
        what.fill(words)

    def press(self, key: str) -> None:
        """Press a key."""
        self.interactions += 1
        self.page.keyboard.press(key)

    def sign_in(self, account: dict[str, Any]) -> None:
        """Sign in on the page that asks for it."""
        self.fill(self.page.get_by_label("E-mail address"), account["id"])
        self.fill(self.page.get_by_label("Password", exact=True), account["password"])
        self.press("Enter")
        expect(self.page).not_to_have_url(re.compile("/signin"))

    def button(self, name: str) -> Locator:
        """Return a button or a link that looks like one."""
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        """Return a link."""
        return self.page.get_by_role("link", name=name, exact=True)

    def grave(self, name: str, heading: str) -> list[str]:
        """Return what is serious under ``heading``, at both widths and in both colours."""
        expect(self.page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        return faults(self.page, name)


@pytest.fixture
def person(browser: Browser, server: LiveServer) -> Iterator[Callable[[], Person]]:
    """Return how somebody comes with a browser of their own."""
    came: list[Person] = []

    def come() -> Person:
        came.append(Person(browser, server))
        return came[-1]

    yield come
    for one in came:
        one.context.close()


def run(arguments: list[str], program: str = "") -> Any:
    """Run a program of the page as its reader would; return what it prints, which is JSON."""
    done = subprocess.run(
        arguments, input=program, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


RUN: Final[dict[str, list[str]]] = {
    "curl": ["bash"],
    "python": [sys.executable, "-"],
    "javascript": ["node", "-"],
}


def test_from_sign_in_to_a_first_answer_takes_eight_interactions_at_most(
    person: Callable[[], Person], server: LiveServer
) -> None:
    developer, owner = person(), server.demo["agents"][0]
    developer.open("/console/")
    developer.sign_in(owner)
    developer.click(developer.link("Make your first call"))
    developer.click(developer.button("Make a token and show me the program"))
    developer.click(developer.button("Copy the curl program"))

    program = developer.page.evaluate("navigator.clipboard.readText()")
    answer = run(RUN["curl"], program)

    assert owner["id"] in [agent["id"] for agent in answer]
    assert developer.interactions <= MOST_INTERACTIONS
    # The call arrives on the page, which nobody touches.
    row = developer.page.get_by_role("group", name="Last calls").get_by_role("row").nth(1)
    expect(row).to_contain_text("list_agents", timeout=15_000)
    expect(row).to_contain_text("success")
    assert developer.grave("first-call", "Your first call") == []
    assert developer.complaints == []


@pytest.mark.parametrize("who", [0, 1], ids=["owner", "agent"])
def test_the_programs_of_the_page_work_as_they_stand(
    person: Callable[[], Person], server: LiveServer, who: int
) -> None:
    developer, account = person(), server.demo["agents"][who]
    developer.open("/console/first-call")
    developer.sign_in(account)
    developer.click(developer.button("Make a token and show me the program"))
    tabs = {"curl": "curl", "python": "Python", "javascript": "JavaScript"}

    for key, title in tabs.items():
        developer.click(developer.page.get_by_role("tab", name=title, exact=True))
        panel = developer.page.get_by_role("tabpanel")
        expect(panel).to_have_count(1)
        answer = run(RUN[key], panel.locator("code").text_content() or "")
        assert account["id"] in [agent["id"] for agent in answer], key


def test_the_tabs_go_by_keyboard(person: Callable[[], Person], server: LiveServer) -> None:
    developer = person()
    developer.open("/console/first-call")
    developer.sign_in(server.demo["agents"][0])
    developer.click(developer.button("Make a token and show me the program"))

    developer.page.get_by_role("tab", name="curl").focus()
    developer.press("ArrowLeft")

    go = developer.page.get_by_role("tab", name="Go")
    expect(go).to_be_focused()
    expect(go).to_have_attribute("aria-selected", "true")
    expect(developer.page.get_by_role("tabpanel")).to_contain_text("package main")


def test_an_application_is_made_changed_removed_and_deleted(
    person: Callable[[], Person], server: LiveServer
) -> None:
    developer = person()
    developer.open("/console/")
    developer.sign_in(server.demo["agents"][0])
    found = developer.grave("applications", "Applications")
    developer.click(developer.link("Create an application"))
    developer.click(developer.button("Create the application"))
    expect(developer.page.get_by_role("alert")).to_contain_text("Enter a name")
    found += developer.grave("application-error", "Create an application")
    developer.fill(developer.page.get_by_label("Name", exact=True), "Shop")
    developer.fill(developer.page.get_by_label("Redirect addresses"), "https://shop.example/cb")
    developer.click(developer.page.locator("summary", has_text="Chats").first)
    developer.click(developer.page.get_by_label("Read all chats"))
    found += developer.grave("application-form", "Create an application")
    developer.click(developer.button("Create the application"))

    expect(developer.page.get_by_role("heading", name="Credentials of Shop")).to_be_visible()
    expect(developer.button("Copy the client secret")).to_be_visible()
    found += developer.grave("credentials", "Credentials of Shop")
    developer.page.reload()
    expect(developer.page.get_by_text("can not be shown again")).to_be_visible()

    developer.click(developer.link("Go to the application"))
    found += developer.grave("application", "Shop")
    developer.click(developer.link("Change"))
    developer.fill(developer.page.get_by_label("Name", exact=True), "Store")
    developer.click(developer.button("Save the changes"))
    expect(developer.page.get_by_role("heading", name="Store", level=1)).to_be_visible()

    developer.click(developer.link("Remove from the licence"))
    found += developer.grave("confirm", "Remove Store from the licence?")
    developer.click(developer.button("Remove from the licence"))
    expect(developer.page.get_by_text("Not installed")).to_be_visible()
    developer.click(developer.link("Install on the licence"))
    developer.click(developer.button("Install"))
    expect(developer.page.get_by_text("Installed", exact=True)).to_be_visible()

    developer.click(developer.link("Delete for good"))
    developer.click(developer.button("Delete for good"))
    expect(developer.page.get_by_text("Store was deleted.")).to_be_visible()
    expect(developer.link("Store")).to_have_count(0)
    assert found == []
    assert developer.complaints == []


def test_long_tables_scroll_by_themselves_on_a_phone(
    person: Callable[[], Person], server: LiveServer
) -> None:
    developer, owner = person(), server.demo["agents"][0]
    client_id = server.backstage.do(
        "tests.e2e.furnish:application_with_history",
        organization_id=server.demo["organization_id"],
    )
    developer.page.set_viewport_size(PHONE)
    developer.open(f"/console/applications/{client_id}")
    developer.sign_in(owner)

    for name in ("Webhooks", "Last deliveries", "Last calls"):
        table = developer.page.get_by_role("group", name=name, exact=True)
        expect(table).to_have_attribute("tabindex", "0")
        assert table.evaluate("one => one.scrollWidth > one.clientWidth"), name
    assert developer.page.evaluate(WIDER) == 0
    developer.open(f"/console/applications/{client_id}/calls")
    expect(developer.page).to_have_url(re.compile(f"/{client_id}#calls$"))


def test_a_token_is_made_and_revoked(person: Callable[[], Person], server: LiveServer) -> None:
    developer, agent = person(), server.demo["agents"][2]
    developer.open("/console/")
    developer.sign_in(agent)
    found = developer.grave("tokens", "Personal access tokens")
    developer.click(developer.link("Make a token"))
    developer.fill(developer.page.get_by_label("Name", exact=True), "Night job")
    developer.click(developer.page.get_by_label("Read only"))
    found += developer.grave("token-form", "Make a personal access token")
    developer.click(developer.button("Make the token"))
    found += developer.grave("token-made", "Your new token")
    program = developer.page.locator("#program-curl").text_content() or ""
    assert run(RUN["curl"], program)

    developer.click(developer.link("Go to your tokens"))
    developer.click(developer.page.get_by_role("link", name="Revoke Night job"))
    developer.click(developer.button("Revoke the token"))

    expect(developer.page.get_by_text("The token was revoked.")).to_be_visible()
    refused = subprocess.run(["bash"], input=program, capture_output=True, text=True, check=True)
    assert json.loads(refused.stdout)["error"]["type"] == "authentication"
    assert found == []
    assert developer.complaints == []


def test_everything_is_there_without_scripts(browser: Browser, server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/console/first-call")
    page.get_by_label("E-mail address").fill(server.demo["agents"][0]["id"])
    page.get_by_label("Password", exact=True).fill(server.demo["agents"][0]["password"])
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Make a token and show me the program").click()

    for title in ("curl", "Python", "JavaScript", "Go"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    assert run(["bash"], page.locator("#program-curl").text_content() or "")
    context.close()
