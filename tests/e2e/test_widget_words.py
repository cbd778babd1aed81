"""What a group says in its own words, as its visitors read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.visitors import Agent, Visit
from tests.e2e.workspace.faces import Customer, configure
from tests.live import LiveServer

pytestmark = pytest.mark.browser

OWN = {
    "Welcome_title": "Ahoy!",
    "Agents_not_available_continuous": "Gone fishing. Write all the same.",
    "User_in_queue": "Number %number%, about %minutes% minutes.",
    "Embedded_textarea_placeholder": "Type here",
    "Offline_message_sent": "Got it.",
}
AGENT_LIMIT = 6
"""How many chats the agent is given at a time."""


def word(server: LiveServer, group: int, phrases: dict[str, str]) -> None:
    """Let a group say phrases in its own words."""
    configure(server, 0, "update_translations", group_id=group, language="en", phrases=phrases)


@pytest.fixture
def own_words(server: LiveServer) -> Iterator[None]:
    """General speaks in its own words."""
    word(server, 0, OWN)
    yield
    word(server, 0, dict.fromkeys(OWN, ""))


@pytest.mark.usefixtures("own_words")
def test_while_nobody_is_in_it_is_the_group_that_says_so(visit: Visit, agent: Agent) -> None:
    agent.accept(False)
    widget = visit().open()

    expect(widget.panel.get_by_role("heading", name="Ahoy!")).to_be_visible()
    expect(widget.panel.locator("#welcome")).to_contain_text("Gone fishing. Write all the same.")
    expect(widget.words).to_have_attribute("placeholder", "Type here")
    widget.say("Please call me back.")

    expect(widget.panel.locator("#note")).to_contain_text("Got it.")
    agent.accept()


@pytest.mark.usefixtures("own_words")
def test_the_queue_is_told_in_the_groups_words(
    server: LiveServer, visit: Visit, agent: Agent
) -> None:
    crowd = [Customer(server, f"Customer {number}") for number in range(AGENT_LIMIT)]
    for customer in crowd:
        customer.start("Hello")
    widget = visit().open()

    widget.say("Hello")

    expect(widget.panel.locator("#note")).to_have_text("Number 1, about 1 minutes.")
    for customer in crowd:
        customer.leave()


def test_who_turns_out_to_be_on_another_groups_pages_reads_that_groups_words(
    server: LiveServer, visit: Visit, agent: Agent
) -> None:
    sales = next(one["id"] for one in server.demo["groups"] if one["name"] == "Sales")
    word(
        server, sales, {"Welcome_title": "Welcome to sales", "Embedded_textarea_placeholder": "Buy"}
    )
    conditions = {"url": {"values": [{"value": "/demo/?sales"}]}}
    rule = configure(
        server, 0, "add_auto_access", access={"groups": [sales]}, conditions=conditions
    )["id"]

    widget = visit("/demo/?sales").open()

    expect(widget.panel.get_by_role("heading", name="Welcome to sales")).to_be_visible()
    expect(widget.words).to_have_attribute("placeholder", "Buy")
    configure(server, 0, "delete_auto_access", id=rule)
