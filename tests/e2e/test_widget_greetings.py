"""Greetings: seen above the launcher while the chat is closed, answered, closed, remembered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from tests.e2e.axe import SCHEMES, violations
from tests.e2e.faces import until
from tests.e2e.visitors import Agent, Visit, Widget, furnish, started
from tests.live import LiveServer

pytestmark = pytest.mark.browser

OFFER = "Looking for lights?"
CARD = {
    "template_id": "cards",
    "elements": [
        {
            "title": "Winter check",
            "buttons": [
                {"type": "message", "text": "Book", "value": "book", "postback_id": "book"},
                {"type": "cancel", "text": "Not now", "postback_id": "no"},
            ],
        }
    ],
}


@pytest.fixture
def greeted(server: LiveServer, agent: Agent) -> Iterator[int]:
    """Visitors are greeted in plain words as soon as they come; the greeting's id."""
    yield furnish(server, greetings=[{"text": OFFER}])["greetings"][0]
    furnish(server)


@pytest.fixture
def offered(server: LiveServer, agent: Agent) -> Iterator[int]:
    """Visitors are greeted with a card that has buttons; the greeting's id."""
    yield furnish(server, greetings=[{"rich_message": CARD}])["greetings"][0]
    furnish(server)


def bubble(widget: Widget) -> Locator:
    """What is said above the launcher, once the page is at rest."""
    found = widget.panel.get_by_role("main", name="Noah Lind:")
    expect(found).to_be_visible(timeout=15_000)
    return found


def box(widget: Widget) -> Any:
    """Where the widget's frame is, after it has moved."""
    widget.page.wait_for_timeout(250)
    return widget.page.locator("livechat-widget iframe").bounding_box()


class TestGreeting:
    """In plain words."""

    def test_it_stands_above_the_launcher_with_who_says_it(
        self, visit: Visit, greeted: int
    ) -> None:
        widget = visit()

        said = bubble(widget)

        expect(said).to_contain_text(OFFER)
        expect(said).to_contain_text("Noah Lind")
        launcher, frame = widget.launcher.bounding_box(), box(widget)
        assert launcher is not None
        assert frame["y"] + frame["height"] < launcher["y"]
        assert frame["height"] < 250
        expect(widget.launcher).to_have_attribute("aria-expanded", "false")

    def test_answering_it_begins_a_chat_with_it(
        self, visit: Visit, agent: Agent, greeted: int
    ) -> None:
        widget = visit()
        bubble(widget).get_by_role("button", name="Write a reply").click()
        expect(widget.words).to_be_focused()
        widget.expect_said(OFFER)

        widget.say("Yes, two of them")

        thread = agent.begun()["thread"]
        assert thread["properties"]["lc2"]["greeting_id"] == greeted
        widget.expect_said(OFFER, "Yes, two of them")

    def test_closing_it_is_for_good(self, visit: Visit, greeted: int) -> None:
        widget = visit()
        close = bubble(widget).get_by_role("button", name="Close this message")

        close.click()

        expect(widget.panel.locator("#greeting")).to_be_hidden()
        expect(widget.page.locator("livechat-widget iframe")).to_be_hidden()
        widget.page.reload()
        widget.page.wait_for_timeout(2_000)
        expect(widget.page.locator("livechat-widget iframe")).to_be_hidden()
        widget.open()
        expect(widget.bubbles).to_have_count(0)

    def test_it_is_there_again_after_a_reload_until_it_was_seen(
        self, visit: Visit, greeted: int
    ) -> None:
        widget = visit()
        bubble(widget)
        widget.page.reload()
        bubble(widget)

        widget.open()
        widget.expect_said(OFFER)
        widget.launcher.click()

        expect(widget.page.locator("livechat-widget iframe")).to_be_hidden()

    def test_escape_closes_it(self, visit: Visit, greeted: int) -> None:
        widget = visit()
        bubble(widget).get_by_role("button", name="Write a reply").focus()

        widget.page.keyboard.press("Escape")

        expect(widget.page.locator("livechat-widget iframe")).to_be_hidden()

    def test_one_for_who_leaves_waits_for_that(
        self, server: LiveServer, visit: Visit, agent: Agent
    ) -> None:
        properties = {"greeting-message_text": OFFER, "is_exit_intent": "true"}
        furnish(server, greetings=[{"properties": properties}])
        widget = visit()
        # what is loaded in the end says who the visitor is
        known = "() => Boolean(LiveChatWidget.get('customer_data')?.id)"
        assert until(widget.page, lambda: bool(widget.page.evaluate(known)))
        expect(widget.panel.locator("#greeting")).to_be_hidden()

        widget.page.evaluate("document.documentElement.dispatchEvent(new Event('mouseleave'))")

        expect(bubble(widget)).to_contain_text(OFFER)
        furnish(server)

    def test_the_page_hears_of_it(self, visit: Visit, greeted: int) -> None:
        widget = visit()
        expect(widget.launcher).to_be_visible()
        widget.page.evaluate(
            """window.heard = [];
            for (const name of ["greeting_displayed", "greeting_hidden"]) {
                LiveChatWidget.on(name, ({ id }) => heard.push([name, id]));
            }"""
        )
        bubble(widget).get_by_role("button", name="Close this message").click()
        expect(widget.page.locator("livechat-widget iframe")).to_be_hidden()

        assert widget.page.evaluate("heard") == [
            ["greeting_displayed", greeted],
            ["greeting_hidden", greeted],
        ]

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_axe_finds_nothing(self, visit: Visit, offered: int, scheme: Any) -> None:
        widget = visit()
        widget.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        bubble(widget)

        assert violations(widget.page) == []

    def test_on_a_phone_it_leaves_the_page_alone(
        self, server: LiveServer, browser: Browser, offered: int
    ) -> None:
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
        )
        widget = Widget(context.new_page(), f"{server.url}/demo/")
        bubble(widget)

        frame = box(widget)
        assert frame["width"] <= 350
        assert frame["height"] <= 844 / 2
        assert widget.page.evaluate("document.body.inert") is False
        context.close()


class TestButtons:
    """On a greeting's card."""

    def test_a_button_answers_in_the_visitors_name(
        self, visit: Visit, agent: Agent, offered: int
    ) -> None:
        widget = visit()

        bubble(widget).get_by_role("button", name="Book").click()

        chat_id = started(agent)
        assert agent.texts(chat_id) == ["Book"]
        expect(widget.launcher).to_have_attribute("aria-expanded", "true")
        expect(widget.panel.locator(".said.mine .bubble")).to_have_text("Book")

    def test_a_button_may_close_it(self, visit: Visit, offered: int) -> None:
        widget = visit()

        bubble(widget).get_by_role("button", name="Not now").click()

        expect(widget.page.locator("livechat-widget iframe")).to_be_hidden()
        expect(widget.launcher).to_have_attribute("aria-expanded", "false")


def test_where_nobody_greets_only_an_empty_document_is_loaded(
    server: LiveServer, context: BrowserContext
) -> None:
    furnish(server)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    Widget(page, f"{server.url}/demo/")
    expect(page.locator("livechat-widget iframe")).to_have_count(1)
    page.wait_for_timeout(1_500)

    own = [url for url in asked if "/widget/" in url and "demo.css" not in url]
    assert [url.partition("?")[0] for url in own] == [f"{server.url}/widget/panel/"]
