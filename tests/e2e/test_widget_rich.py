"""What is more than plain words: rich messages, pictures, previews, and messages taken back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.axe import SCHEMES, violations
from tests.e2e.visitors import Agent, Visit, Widget, started
from tests.e2e.wires import Line
from tests.live import LiveServer

pytestmark = pytest.mark.browser

KESTREL = {
    "title": "Kestrel",
    "subtitle": "Size M",
    "buttons": [
        {"type": "message", "text": "Reserve", "value": "kestrel", "postback_id": "reserve"},
        {"type": "url", "text": "Details", "value": "https://shop.example/", "postback_id": "url"},
        {"type": "phone", "text": "Call", "value": "+44 20 7946 0000", "postback_id": "call"},
        {
            "type": "webview",
            "text": "Measure",
            "value": "https://shop.example/size",
            "webview_height": "tall",
            "postback_id": "measure",
        },
        {"type": "url", "text": "Trap", "value": "javascript:alert(1)", "postback_id": "trap"},
    ],
}
OTTER = {"title": "Otter", "subtitle": "Size L"}
DAYS = {
    "title": "When?",
    "buttons": [
        {"type": "message", "text": "Today", "value": "0", "postback_id": "today"},
        {"type": "message", "text": "Tomorrow", "value": "1", "postback_id": "tomorrow"},
    ],
}


def show(agent: Agent, chat_id: str, template: str, *elements: dict[str, Any]) -> str:
    """Send a rich message; return its id."""
    event = {"type": "rich_message", "template_id": template, "elements": list(elements)}
    event_id: str = agent.ask("send_event", chat_id=chat_id, event=event)["event_id"]
    return event_id


def talk(widget: Widget, agent: Agent, text: str = "Hello") -> str:
    """Begin a chat; return its id once the message has arrived."""
    widget.open().say(text)
    chat_id = started(agent)
    widget.expect_said(text)
    return chat_id


class TestRichMessages:
    """Cards, quick replies and stickers (protocol.md 2.6)."""

    def test_pressing_a_button_says_its_words_and_is_remembered(
        self, visit: Visit, agent: Agent
    ) -> None:
        widget = visit()
        chat_id = talk(widget, agent)
        event_id = show(agent, chat_id, "cards", KESTREL, OTTER)
        reserve = widget.panel.get_by_role("button", name="Reserve")
        expect(reserve).to_have_attribute("aria-pressed", "false")

        reserve.click()

        heard = agent.hear("incoming_event", lambda push: "postback" in push["event"])
        assert heard["event"]["text"] == "Reserve"
        postback = heard["event"]["postback"]
        assert (postback["id"], postback["event_id"]) == ("reserve", event_id)
        assert (postback["type"], postback["value"]) == ("message", "kestrel")
        pressed = agent.hear("incoming_rich_message_postback")["postback"]
        assert pressed == {"id": "reserve", "toggled": True}
        expect(reserve).to_have_attribute("aria-pressed", "true")
        widget.page.reload()
        expect(reserve).to_have_attribute("aria-pressed", "true")

    def test_links_open_beside_the_page_and_lead_nowhere_unsafe(
        self, visit: Visit, agent: Agent
    ) -> None:
        widget = visit()
        show(agent, talk(widget, agent), "cards", KESTREL)

        for name, href in {
            "Details (opens in a new tab)": "https://shop.example/",
            "Measure (opens in a new tab)": "https://shop.example/size",
        }.items():
            link = widget.panel.get_by_role("link", name=name)
            expect(link).to_have_attribute("href", href)
            expect(link).to_have_attribute("target", "_blank")
            expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
        call = widget.panel.get_by_role("link", name="Call")
        expect(call).to_have_attribute("href", "tel:+442079460000")
        expect(widget.panel.get_by_role("button", name="Trap")).to_be_disabled()

    def test_quick_replies_are_offered_until_one_is_chosen(
        self, visit: Visit, agent: Agent
    ) -> None:
        widget = visit()
        chat_id = talk(widget, agent)
        show(agent, chat_id, "quick_replies", DAYS)
        tomorrow = widget.panel.get_by_role("button", name="Tomorrow")
        tomorrow.focus()
        widget.page.keyboard.press("Enter")

        agent.hear("incoming_rich_message_postback")
        for _ in range(2):
            expect(tomorrow).to_be_disabled()
            expect(tomorrow).to_have_attribute("aria-pressed", "true")
            expect(widget.panel.get_by_role("button", name="Today")).to_be_hidden()
            widget.page.reload()
        assert agent.texts(chat_id) == ["Hello", "Tomorrow"]

    def test_quick_replies_go_when_one_answers_in_ones_own_words(
        self, visit: Visit, agent: Agent
    ) -> None:
        widget = visit()
        show(agent, talk(widget, agent), "quick_replies", DAYS)
        expect(widget.panel.get_by_role("button", name="Today")).to_be_visible()

        widget.say("On Friday")

        expect(widget.panel.get_by_role("button", name="Today")).to_be_hidden()
        expect(widget.panel.get_by_role("button", name="Tomorrow")).to_be_hidden()

    def test_what_was_pressed_without_a_connection_arrives_later(
        self, visit: Visit, agent: Agent, line: Line
    ) -> None:
        widget = visit()
        chat_id = talk(widget, agent)
        show(agent, chat_id, "quick_replies", DAYS)
        today = widget.panel.get_by_role("button", name="Today")
        expect(today).to_be_visible()

        line.cut()
        today.click()
        line.mend()

        assert agent.hear("incoming_rich_message_postback")["postback"]["id"] == "today"
        assert agent.texts(chat_id) == ["Hello", "Today"]

    def test_a_sticker_says_what_it_shows(
        self, server: LiveServer, visit: Visit, agent: Agent
    ) -> None:
        widget = visit()
        image = {
            "url": f"{server.url}/static/chatplatform/favicon.svg",
            "alternative_text": "A wheel",
        }
        show(agent, talk(widget, agent), "sticker", {"image": image})

        expect(widget.panel.get_by_role("img", name="A wheel")).to_be_visible()

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_axe_finds_nothing(self, visit: Visit, agent: Agent, scheme: Any) -> None:
        widget = visit()
        widget.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        chat_id = talk(widget, agent)
        show(agent, chat_id, "cards", KESTREL, OTTER)
        show(agent, chat_id, "quick_replies", DAYS)
        widget.panel.get_by_role("button", name="Reserve").click()
        assert violations(widget.page) == []

    def test_several_cards_scroll_on_a_phone_and_the_panel_does_not(
        self, server: LiveServer, browser: Browser, agent: Agent
    ) -> None:
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
        )
        widget = Widget(context.new_page(), f"{server.url}/demo/")
        show(agent, talk(widget, agent), "cards", KESTREL, OTTER, KESTREL)

        cards = widget.panel.get_by_role("list", name="Cards, side by side")
        expect(cards.get_by_role("listitem")).to_have_count(3)
        assert cards.evaluate("element => element.scrollWidth > element.clientWidth")
        scroller = widget.panel.locator("#scroller")
        assert scroller.evaluate("element => element.scrollWidth <= element.clientWidth")
        button = widget.panel.get_by_role("button", name="Reserve").first.bounding_box()
        assert button is not None
        assert button["height"] >= 44
        context.close()


class TestTakingBack:
    """A customer's own messages can go again."""

    def test_a_message_goes_for_both_after_a_question(self, visit: Visit, agent: Agent) -> None:
        widget = visit()
        talk(widget, agent, "My PIN is 1234")
        other = visit().open()
        other.expect_said("My PIN is 1234")

        widget.panel.locator(".said.mine").hover()
        widget.panel.get_by_role("button", name="Delete message").click()
        question = widget.panel.get_by_role("group", name="Delete this message?")
        question.get_by_role("button", name="Delete message").click()

        agent.hear("event_deleted")
        expect(widget.bubbles).to_have_count(0)
        expect(other.bubbles).to_have_count(0)
        expect(widget.words).to_be_focused()

    def test_it_stays_when_one_would_rather_keep_it(self, visit: Visit, agent: Agent) -> None:
        widget = visit()
        talk(widget, agent)
        delete = widget.panel.get_by_role("button", name="Delete message")
        delete.focus()
        widget.page.keyboard.press("Enter")
        expect(widget.panel.get_by_role("group", name="Delete this message?")).to_be_visible()

        widget.page.keyboard.press("Escape")

        expect(delete).to_be_focused()
        widget.expect_said("Hello")

    def test_only_ones_own_are_offered(self, visit: Visit, agent: Agent) -> None:
        widget = visit()
        chat_id = talk(widget, agent)
        agent.say(chat_id, "Hi")

        widget.expect_said("Hello", "Hi")
        expect(widget.panel.get_by_role("button", name="Delete message")).to_have_count(1)


class TestSigns:
    """What an agent is about to say, and thumbnails."""

    def test_a_preview_is_a_ghost_until_the_message_comes(self, visit: Visit, agent: Agent) -> None:
        widget = visit()
        chat_id = talk(widget, agent)
        ghost = widget.panel.locator(".ghost")

        for text in ("Bring", "Bring it before"):
            event = {"type": "message", "text": text, "custom_id": "p1"}
            agent.ask("send_event_preview", chat_id=chat_id, event=event)
            expect(ghost.locator(".bubble")).to_have_text(text)
        event = {"type": "message", "text": "Bring it before noon.", "custom_id": "p1"}
        agent.ask("send_event", chat_id=chat_id, event=event)

        widget.expect_said("Hello", "Bring it before noon.")
        expect(ghost).to_have_count(0)

    def test_a_thought_says_what_it_is_about(self, visit: Visit, agent: Agent) -> None:
        widget = visit()
        chat_id = talk(widget, agent)

        agent.ask("send_thinking_indicator", chat_id=chat_id, title="Opening hours")

        activity = widget.panel.locator("#activity")
        expect(activity).to_have_text("Noah Lind is looking into it: Opening hours")
        agent.say(chat_id, "Until six.")
        expect(activity).to_have_text("")

    def test_thumbnails_arrive_without_moving_anything(self, visit: Visit, agent: Agent) -> None:
        widget = visit()
        talk(widget, agent)
        picture = widget.page.screenshot()
        file = {"name": "page.png", "mimeType": "image/png", "buffer": picture}
        widget.panel.locator("#files").set_input_files([file])  # type: ignore[list-item]
        image = widget.panel.get_by_role("img", name="Image: page.png")
        expect(image).to_have_attribute("width", "1024")
        before = image.bounding_box()

        updated = agent.hear("event_updated", lambda push: "thumbnail_url" in push["event"])

        widget.page.wait_for_timeout(1_000)
        assert image.bounding_box() == before
        widget.page.reload()
        expect(image).to_have_attribute("src", updated["event"]["thumbnail2x_url"])
