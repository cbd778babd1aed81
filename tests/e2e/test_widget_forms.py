"""What visitors are asked: before a chat, while nobody is in, while they wait, and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.axe import SCHEMES, violations
from tests.e2e.visitors import Agent, Visit, Widget, customer_of, furnish, started
from tests.live import LiveServer

pytestmark = pytest.mark.browser

NAME = {"id": "name", "type": "name", "label": "Your name", "required": True}
EMAIL = {"id": "email", "type": "email", "label": "E-mail address", "required": True}
EVERYTHING = [
    {"type": "header", "label": "Tell us a little"},
    NAME,
    EMAIL,
    {"id": "q", "type": "question", "label": "Frame number"},
    {"id": "subject", "type": "subject", "label": "Subject"},
    {"id": "more", "type": "textarea", "label": "What happened?"},
    {
        "id": "brand",
        "type": "select",
        "label": "Brand",
        "options": [{"id": "k", "label": "Kestrel"}, {"id": "o", "label": "Otter"}],
    },
    {
        "id": "size",
        "type": "radio",
        "label": "Size",
        "required": True,
        "options": [{"id": "m", "label": "Medium"}, {"id": "l", "label": "Large"}],
    },
    {
        "id": "when",
        "type": "checkbox",
        "label": "When can you come?",
        "options": [{"id": "am", "label": "Mornings"}, {"id": "pm", "label": "Evenings"}],
    },
    {
        "id": "group",
        "type": "group_chooser",
        "label": "Who shall answer?",
        "options": [{"id": "g0", "label": "Workshop", "group_id": 0}],
    },
]

Ask = Callable[..., None]


@pytest.fixture
def ask(server: LiveServer) -> Iterator[Ask]:
    """Return how the owner sets up forms, by kind; none are left afterwards."""
    asked: set[str] = set()

    def set_up(**forms: list[dict[str, Any]]) -> None:
        asked.update(forms)
        furnish(server, forms=forms)

    yield set_up
    furnish(server, forms={kind: [] for kind in asked})


def form(widget: Widget, name: str) -> Locator:
    """The form of that name, once it is there."""
    found = widget.panel.get_by_role("form", name=name)
    expect(found).to_be_visible()
    return found


def filled(push: dict[str, Any]) -> dict[str, Any]:
    """Return the answers of a filled form by question."""
    return {
        field["id"]: field.get("answer", field.get("answers")) for field in push["event"]["fields"]
    }


def is_filled(push: dict[str, Any]) -> bool:
    """Tell whether answers have come."""
    return bool(push["event"]["type"] == "filled_form")


class TestBeforeAChat:
    """The pre-chat form."""

    def test_answers_of_every_kind_begin_the_chat(
        self, visit: Visit, agent: Agent, ask: Ask
    ) -> None:
        ask(prechat=EVERYTHING)
        widget = visit().open()
        asked = form(widget, "Before we begin")
        expect(widget.words).to_be_hidden()
        asked.get_by_label("Your name").fill("Vera Visitor")
        asked.get_by_label("E-mail address").fill("vera@shop.example")
        asked.get_by_label("Frame number").fill("WTU 12")
        asked.get_by_label("Subject").fill("Wheel")
        asked.get_by_label("What happened?").fill("It wobbles.")
        asked.get_by_label("Brand").select_option("Otter")
        asked.get_by_label("Large").check()
        asked.get_by_label("Evenings").check()
        expect(asked.get_by_role("radio", name="Workshop online")).to_be_visible()
        asked.get_by_label("Workshop").check()
        asked.get_by_role("button", name="Start the chat").click()

        chat = agent.begun()
        event = chat["thread"]["events"][0]
        assert (event["type"], event["form_type"]) == ("filled_form", "prechat")
        assert filled({"event": event}) == {
            "name": "Vera Visitor",
            "email": "vera@shop.example",
            "q": "WTU 12",
            "subject": "Wheel",
            "more": "It wobbles.",
            "brand": {"id": "o", "label": "Otter"},
            "size": {"id": "l", "label": "Large"},
            "when": [{"id": "pm", "label": "Evenings"}],
            "group": {"id": "g0", "label": "Workshop", "group_id": 0},
        }
        customer = customer_of(chat)
        assert (customer["name"], customer["email"]) == ("Vera Visitor", "vera@shop.example")
        expect(widget.words).to_be_visible()
        expect(asked).to_be_hidden()
        widget.say("Hello")
        expect(widget.bubbles.last).to_have_text("Hello")

    def test_what_is_missing_or_wrong_is_said_where_it_is(
        self, visit: Visit, agent: Agent, ask: Ask
    ) -> None:
        ask(prechat=EVERYTHING)
        widget = visit().open()
        asked = form(widget, "Before we begin")
        asked.get_by_label("E-mail address").fill("vera at shop")
        asked.get_by_role("button", name="Start the chat").click()

        summary = asked.get_by_role("alert")
        expect(summary).to_be_focused()
        expect(summary.get_by_role("link")).to_have_text(
            [
                "Enter your name",
                "Enter an e-mail address like name@example.com",
                "Choose an answer to “Size”",
            ]
        )
        summary.get_by_role("link", name="Enter your name").click()
        name = asked.get_by_label("Your name")
        expect(name).to_be_focused()
        expect(name).to_have_accessible_description("Enter your name")
        expect(name).to_have_attribute("aria-invalid", "true")

        name.fill("Vera")
        asked.get_by_label("E-mail address").fill("vera@shop.example")
        asked.get_by_label("Medium").check()
        asked.get_by_role("button", name="Start the chat").click()
        started(agent)

    def test_what_was_written_outlives_a_reload(self, visit: Visit, agent: Agent, ask: Ask) -> None:
        ask(prechat=EVERYTHING)
        widget = visit().open()
        asked = form(widget, "Before we begin")
        asked.get_by_label("What happened?").fill("It wobbles.")
        asked.get_by_label("Mornings").check()
        asked.get_by_label("Medium").check()

        widget.page.reload()

        expect(asked.get_by_label("What happened?")).to_have_value("It wobbles.")
        expect(asked.get_by_label("Mornings")).to_be_checked()
        expect(asked.get_by_label("Medium")).to_be_checked()

    def test_what_is_known_need_not_be_written_again(
        self, visit: Visit, agent: Agent, ask: Ask
    ) -> None:
        ask(prechat=[NAME, EMAIL])
        widget = visit()
        expect(widget.launcher).to_be_visible()
        widget.page.evaluate("LiveChatWidget.call('set_customer_name', 'Vera Visitor')")

        widget.open()

        expect(form(widget, "Before we begin").get_by_label("Your name")).to_have_value(
            "Vera Visitor"
        )

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_axe_finds_nothing(self, visit: Visit, agent: Agent, ask: Ask, scheme: Any) -> None:
        ask(prechat=EVERYTHING)
        widget = visit()
        widget.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        widget.open()
        asked = form(widget, "Before we begin")
        assert violations(widget.page) == []

        asked.get_by_role("button", name="Start the chat").click()

        expect(asked.get_by_role("alert")).to_be_visible()
        assert violations(widget.page) == []

    def test_on_a_phone_everything_can_be_hit_with_a_thumb(
        self, server: LiveServer, browser: Browser, agent: Agent, ask: Ask
    ) -> None:
        ask(prechat=EVERYTHING)
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
        )
        widget = Widget(context.new_page(), f"{server.url}/demo/").open()
        asked = form(widget, "Before we begin")

        for control in asked.locator("button, .input, .option").all():
            place = control.bounding_box()
            assert place is not None
            assert place["height"] >= 44
        wide = "element => element.scrollWidth <= element.clientWidth"
        assert widget.panel.locator("#scroller").evaluate(wide)
        context.close()


class TestWhileNobodyIsIn:
    """The ticket form."""

    def test_a_message_is_left_and_kept_for_agents(
        self, visit: Visit, agent: Agent, ask: Ask
    ) -> None:
        agent.accept(False)
        ask(ticket=[EMAIL, {"id": "m", "type": "textarea", "label": "Message", "required": True}])
        widget = visit().open()
        asked = form(widget, "Leave a message")
        asked.get_by_label("E-mail address").fill("vera@shop.example")
        asked.get_by_label("Message").fill("Call me back, please.")
        asked.get_by_role("button", name="Send the message").click()

        chat = agent.begun()
        event = chat["thread"]["events"][0]
        assert event["form_type"] == "ticket"
        assert filled({"event": event}) == {
            "email": "vera@shop.example",
            "m": "Call me back, please.",
        }
        assert chat["thread"]["properties"]["routing"]["offline_message"] is True
        expect(widget.panel.locator("#note")).to_contain_text("Your message is with us")

    def test_without_one_people_just_write(self, visit: Visit, agent: Agent, ask: Ask) -> None:
        agent.accept(False)
        ask(prechat=[NAME])
        widget = visit().open()

        expect(widget.words).to_be_visible()
        widget.say("Call me back")

        started(agent)


class TestAfterwards:
    """The post-chat form, and being asked for an address."""

    def test_it_is_asked_when_the_chat_ends(self, visit: Visit, agent: Agent, ask: Ask) -> None:
        ask(postchat=[{"id": "why", "type": "question", "label": "Anything else?"}])
        widget = visit().open()
        widget.say("Hello")
        chat_id = started(agent)
        agent.ask("deactivate_chat", id=chat_id)
        asked = form(widget, "One more thing")
        widget.page.reload()
        asked.get_by_label("Anything else?").fill("All good")
        asked.get_by_role("button", name="Send").click()

        answers = agent.hear("incoming_event", is_filled)
        assert answers["event"]["form_type"] == "postchat"
        assert filled(answers) == {"why": "All good"}
        expect(asked).to_be_hidden()
        expect(widget.panel.locator(".answers")).to_contain_text("All good")

    def test_it_can_be_skipped(self, visit: Visit, agent: Agent, ask: Ask) -> None:
        ask(postchat=[{"id": "why", "type": "question", "label": "Anything else?"}])
        widget = visit().open()
        widget.say("Hello")
        agent.ask("deactivate_chat", id=started(agent))
        asked = form(widget, "One more thing")

        asked.get_by_role("button", name="Skip").click()

        expect(asked).to_be_hidden()
        widget.page.reload()
        expect(widget.panel.locator("#note")).to_contain_text("This chat has ended.")
        expect(asked).to_be_hidden()

    def test_who_waits_may_leave_an_address(
        self, server: LiveServer, visit: Visit, agent: Agent, ask: Ask
    ) -> None:
        agent.accept(False)
        ask(ask_for_email=[EMAIL])
        widget = visit().open()
        widget.say("Hello")
        asked = form(widget, "Where can we reach you?")
        asked.get_by_label("E-mail address").fill("vera@shop.example")
        asked.get_by_role("button", name="Send").click()

        expect(asked).to_be_hidden()
        expect(widget.panel.locator(".answers")).to_contain_text("vera@shop.example")


class TestRating:
    """Good or bad, with words if one likes."""

    def rated(self, agent: Agent, chat_id: str) -> dict[str, Any]:
        """Return the rating the agent sees."""
        found = agent.ask("get_chat", chat_id=chat_id)["thread"]["properties"].get("rating", {})
        assert isinstance(found, dict)
        return found

    def ended(self, widget: Widget, agent: Agent) -> str:
        """Talk, and let the agent end the chat."""
        widget.open().say("Hello")
        chat_id = started(agent)
        agent.say(chat_id, "Hi")
        widget.expect_said("Hello", "Hi")
        agent.ask("deactivate_chat", id=chat_id)
        heading = widget.panel.get_by_role("heading", name="How was this chat?")
        expect(heading).to_be_visible()
        return chat_id

    def test_a_chat_is_rated_commented_changed_and_unrated(
        self, visit: Visit, agent: Agent
    ) -> None:
        widget = visit()
        chat_id = self.ended(widget, agent)
        rating = widget.panel.locator("#rating")
        good, bad = (rating.get_by_role("button", name=name) for name in ("Good", "Bad"))

        heard = (
            "window.heard = []; LiveChatWidget.on('rating_submitted', (data) => heard.push(data))"
        )
        widget.page.evaluate(heard)

        good.click()
        expect(good).to_have_attribute("aria-pressed", "true")
        assert self.rated(agent, chat_id) == {"score": 1}
        assert widget.page.evaluate("heard") == ["good"]
        rating.get_by_label("Tell us why").fill("Quick")
        rating.get_by_role("button", name="Send comment").click()
        expect(rating.get_by_role("status")).to_have_text("Your comment was sent.")
        assert self.rated(agent, chat_id) == {"score": 1, "comment": "Quick"}
        bad.click()
        expect(bad).to_have_attribute("aria-pressed", "true")
        expect(good).to_have_attribute("aria-pressed", "false")
        widget.page.reload()
        expect(bad).to_have_attribute("aria-pressed", "true")
        expect(rating.get_by_label("Tell us why")).to_have_value("Quick")
        rating.get_by_role("button", name="Take rating back").click()

        expect(widget.panel.get_by_role("heading", name="How was this chat?")).to_be_visible()
        expect(good).to_be_focused()
        assert self.rated(agent, chat_id) == {}
        expect(widget.panel.locator(".row.system").last).to_have_text("You took your rating back")

    def test_a_running_chat_is_rated_from_the_menu(self, visit: Visit, agent: Agent) -> None:
        widget = visit().open()
        widget.say("Hello")
        chat_id = started(agent)
        agent.say(chat_id, "Hi")
        widget.expect_said("Hello", "Hi")
        expect(widget.panel.locator("#rating")).to_be_hidden()

        widget.panel.get_by_role("button", name="More").click()
        widget.panel.get_by_role("button", name="Rate this chat").click()
        good = widget.panel.get_by_role("button", name="Good")
        expect(good).to_be_focused()
        widget.page.keyboard.press("Enter")

        expect(good).to_have_attribute("aria-pressed", "true")
        assert self.rated(agent, chat_id) == {"score": 1}

    def test_a_chat_nobody_answered_is_not_asked_about(self, visit: Visit, agent: Agent) -> None:
        widget = visit().open()
        widget.say("Hello")
        agent.ask("deactivate_chat", id=started(agent))

        expect(widget.panel.locator("#note")).to_contain_text("This chat has ended.")
        expect(widget.panel.locator("#rating")).to_be_hidden()

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_axe_finds_nothing(self, visit: Visit, agent: Agent, scheme: Any) -> None:
        widget = visit()
        widget.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        self.ended(widget, agent)
        widget.panel.get_by_role("button", name="Good").click()
        expect(widget.panel.get_by_label("Tell us why")).to_be_visible()

        assert violations(widget.page) == []


class TestTranscript:
    """The chat by e-mail."""

    def test_it_is_sent_to_the_address_one_gives(self, visit: Visit, agent: Agent) -> None:
        widget = visit().open()
        widget.say("Hello")
        chat_id = started(agent)
        widget.panel.get_by_role("button", name="More").click()
        widget.panel.get_by_role("button", name="E-mail this chat").click()
        asked = widget.panel.get_by_role("group", name="Where shall we send this chat")
        address = asked.get_by_label("Your e-mail address")
        expect(address).to_be_focused()
        address.fill("vera")
        asked.get_by_role("button", name="Send").click()
        expect(asked.get_by_role("alert")).to_have_text(
            "Enter an e-mail address like name@example.com"
        )
        assert violations(widget.page) == []

        address.fill("vera@shop.example")
        asked.get_by_role("button", name="Send").click()

        expect(asked).to_be_hidden()
        expect(widget.panel.locator(".row.system")).to_have_text(
            "The chat will be sent to vera@shop.example"
        )
        properties = agent.ask("get_chat", chat_id=chat_id)["thread"]["properties"]
        assert properties["routing"]["transcript_email"] == "vera@shop.example"
