"""Talking with customers: from the first word to the last, from the list, and without a mouse.

Customers are plain clients of the Customer RTM API; the agent's browser does what agents do.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.e2e.wires import Line
from tests.e2e.workspace.faces import Desk, Meet, as_agent
from tests.live import LiveServer

pytestmark = pytest.mark.browser

UNDO_SECONDS = 6


class TestConversation:
    """Talking, from the first word to the last."""

    def test_an_agent_and_a_customer_talk(
        self, desk: Desk, meet: Meet, complaints: list[str]
    ) -> None:
        customer = meet().start("The zip of my tent is stuck.")

        expect(desk.row(customer)).to_contain_text("The zip of my tent is stuck.")
        expect(desk.row(customer)).to_contain_text("1 unread message")
        expect(desk.page).to_have_title("(1) Chats")
        desk.open(customer)
        expect(desk.page).to_have_title(f"{customer.name} – Chats")
        desk.say("A bit of candle wax helps.")

        desk.expect_said("The zip of my tent is stuck.", "A bit of candle wax helps.")
        expect(desk.log.locator(".delivery")).to_have_text("Sent")
        customer.see()
        expect(desk.log.locator(".delivery")).to_have_text("Seen")
        customer.say("It did, thank you!")
        desk.expect_said(
            "The zip of my tent is stuck.", "A bit of candle wax helps.", "It did, thank you!"
        )
        assert customer.texts() == [
            "The zip of my tent is stuck.",
            "A bit of candle wax helps.",
            "It did, thank you!",
        ]
        assert complaints == []

    def test_each_sees_the_other_write(self, desk: Desk, meet: Meet) -> None:
        customer = meet().start("Hello")
        desk.open(customer)

        customer.ask("send_sneak_peek", chat_id=customer.chat_id, sneak_peek_text="Could you te")
        expect(desk.log.locator(".bubble-peek")).to_have_text("Could you te")
        expect(desk.row(customer)).to_contain_text("typing…")
        customer.say("Could you tell me more?")
        desk.expect_said("Hello", "Could you tell me more?")

        desk.composer.press_sequentially("Yes")
        typing = customer.hear("incoming_typing_indicator")["typing_indicator"]
        assert typing["is_typing"] is True
        desk.composer.press("Enter")
        desk.expect_said("Hello", "Could you tell me more?", "Yes")

    def test_a_whisper_never_reaches_the_customer(self, desk: Desk, meet: Meet) -> None:
        customer = meet().start("Can I get a discount?")
        desk.open(customer)

        desk.composer.press("Control+Shift+M")
        expect(desk.composer).to_have_attribute("aria-label", "Whisper to colleagues")
        desk.say("A regular. Give her ten percent.")
        expect(desk.log.locator(".message-whisper .bubble")).to_have_text(
            "A regular. Give her ten percent."
        )
        desk.composer.press("Control+Shift+M")
        desk.say("Ten percent, just for you.")

        customer.hear("incoming_event")
        assert customer.texts() == ["Can I get a discount?", "Ten percent, just for you."]

    def test_files_go_both_ways(self, desk: Desk, meet: Meet) -> None:
        customer = meet().start("Do you have a plan of it?")
        desk.open(customer)
        picture = desk.page.screenshot(clip={"x": 0, "y": 0, "width": 60, "height": 40})

        desk.page.locator("input[type=file]").set_input_files(
            [
                {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 plan"},
                {"name": "tent.png", "mimeType": "image/png", "buffer": picture},
            ]
        )

        names = {
            customer.hear("incoming_event", lambda push: push["event"]["type"] == "file")["event"][
                "name"
            ]
            for _ in range(2)
        }
        assert names == {"plan.pdf", "tent.png"}
        expect(desk.log.get_by_role("link", name="plan.pdf")).to_be_visible()
        image = desk.log.get_by_role("img", name="tent.png")
        expect(image).to_have_attribute("width", "60")
        expect(image).to_have_attribute("height", "40")
        expect(desk.log.get_by_role("progressbar")).to_have_count(0)

    def test_a_file_that_is_too_large_is_refused_before_it_travels(
        self, desk: Desk, meet: Meet, tmp_path: Path
    ) -> None:
        customer = meet().start("Hello")
        desk.open(customer)
        large = tmp_path / "film.bin"
        with large.open("wb") as file:
            file.truncate(10 * 1024 * 1024 + 1)

        desk.page.locator("input[type=file]").set_input_files(large)

        expect(desk.log).to_contain_text("The file is larger than 10 MB.")
        desk.log.get_by_role("button", name="Remove film.bin").click()
        desk.expect_said("Hello")

    def test_older_chats_come_back_with_why_they_were_closed(self, desk: Desk, meet: Meet) -> None:
        customer = meet().start("First question")
        customer.ask("deactivate_chat", id=customer.chat_id)
        thread = {"events": [{"type": "message", "text": "Second question"}]}
        customer.ask("resume_chat", chat={"id": customer.chat_id, "thread": thread})

        desk.open(customer)

        desk.expect_said("First question", "Second question")
        expect(desk.log.locator(".thread-closed")).to_contain_text("archived the chat")

    def test_a_draft_stays_with_its_chat(self, desk: Desk, meet: Meet) -> None:
        one, two = meet("Cora").start("One"), meet("Dora").start("Two")
        desk.open(one)
        desk.composer.fill("Half a sen")
        desk.open(two)
        expect(desk.composer).to_have_value("")
        desk.open(one)
        expect(desk.composer).to_have_value("Half a sen")

        desk.page.reload()

        expect(desk.composer).to_have_value("Half a sen")


class TestTheList:
    """Where chats stand, and how they are taken."""

    def test_a_queued_chat_is_picked_up(self, desk: Desk, meet: Meet) -> None:
        desk.accept(False)
        customer = meet().start("Anybody there?", continuous=True)
        expect(desk.row(customer, "queued")).to_contain_text("No. 1")

        desk.open(customer, "queued")
        desk.foot.get_by_role("button", name="Pick up this chat").press("Enter")

        expect(desk.row(customer)).to_be_visible()
        expect(desk.composer).to_be_focused()
        expect(desk.section("queued")).to_be_hidden()
        desk.say("Here I am.")
        customer.hear("incoming_event", lambda push: push["event"].get("text") == "Here I am.")

    def test_a_colleagues_chat_can_be_watched_whispered_to_and_joined(
        self, server: LiveServer, browser: Browser, desk: Desk, meet: Meet
    ) -> None:
        desk.accept(False)
        other = browser.new_context()
        colleague = Desk(other.new_page(), server, server.demo["agents"][2])
        colleague.accept(True)
        customer = meet().start("The zip is stuck")

        desk.open(customer, "others")
        colleague.open(customer)
        colleague.say("Which one?")
        desk.expect_said("The zip is stuck", "Which one?")
        expect(desk.composer).to_be_hidden()

        desk.foot.get_by_role("button", name="Join unseen, to whisper").click()
        desk.say("The left one, usually.")
        expect(colleague.log.locator(".message-whisper .bubble")).to_have_text(
            "The left one, usually."
        )
        assert customer.texts() == ["The zip is stuck", "Which one?"]

        desk.page.get_by_role("button", name="Leave").click()
        desk.foot.get_by_role("button", name="Join the chat").click()
        desk.say("Hello, I can help, too.")
        customer.hear(
            "incoming_event", lambda push: push["event"].get("text") == "Hello, I can help, too."
        )
        other.close()

    def test_who_whispers_leaves_the_customer_in_the_queue_and_may_take_over(
        self, server: LiveServer, desk: Desk, colleague: Desk, meet: Meet
    ) -> None:
        # given a customer in the queue
        desk.accept(False)
        customer = meet().start("Anybody there?", continuous=True)
        desk.open(customer, "queued")
        expect(colleague.row(customer, "queued")).to_contain_text("No. 1")

        # when an agent joins unseen
        as_agent(
            server,
            1,
            "add_user_to_chat",
            chat_id=customer.chat_id,
            user_id=server.demo["agents"][1]["id"],
            user_type="agent",
            visibility="agents",
            ignore_requester_presence=True,
        )

        # then the customer still waits, until the agent takes part
        expect(desk.page.locator(".head-about")).to_contain_text("Only colleagues see you here")
        expect(colleague.row(customer, "queued")).to_contain_text("No. 1")
        desk.page.get_by_role("button", name="Join the chat").click()

        expect(colleague.row(customer, "others")).to_be_visible()
        desk.say("Here I am.")
        customer.hear("incoming_event", lambda push: push["event"].get("text") == "Here I am.")

    def test_a_chat_is_closed_by_the_customer_and_opened_again(
        self, desk: Desk, meet: Meet
    ) -> None:
        customer = meet().start("Thanks for everything")
        desk.open(customer)

        desk.composer.fill("You are wel")
        customer.ask("deactivate_chat", id=customer.chat_id)
        expect(desk.foot).to_contain_text("This chat is closed.")
        expect(desk.row(customer)).to_be_hidden()
        desk.page.keyboard.press("Enter")
        expect(desk.foot).to_contain_text("This chat is closed.")
        desk.foot.get_by_role("button", name="Reopen the chat").click()

        expect(desk.row(customer)).to_be_visible()
        expect(desk.composer).to_have_value("You are wel")
        desk.say("One more thing.")
        customer.hear("incoming_event", lambda push: push["event"].get("text") == "One more thing.")

    def test_who_takes_no_chats_is_told_so_and_may_begin(self, desk: Desk) -> None:
        desk.accept(False)
        empty = desk.page.locator(".placeholder")
        expect(empty).to_contain_text("You are not accepting chats")

        empty.get_by_role("button", name="Start accepting chats").press("Enter")

        expect(desk.status).to_have_attribute("aria-checked", "true")
        expect(empty).to_contain_text("No chats right now")

    def test_a_list_that_does_not_come_is_announced_and_can_be_asked_for_again(
        self, server: LiveServer, context: BrowserContext
    ) -> None:
        line = Line(context, "agent")
        line.refuse = lambda frame: frame["action"] == "list_chats"
        desk = Desk(context.new_page(), server, server.demo["agents"][1])
        alert = desk.section("mine").get_by_role("alert")
        expect(alert).to_have_text("The chats could not be loaded.")

        line.mend()
        desk.section("mine").get_by_role("button", name="Try again").click()

        expect(alert).to_be_hidden()

    def test_the_palette_finds_chats_and_commands(self, desk: Desk, meet: Meet) -> None:
        customer = meet("Philippa").start("Hello")
        expect(desk.row(customer)).to_be_visible()

        desk.page.keyboard.press("Control+k")
        desk.page.keyboard.type("philip")
        options = desk.page.get_by_role("option")
        expect(options).to_have_count(2)
        expect(options.first).to_contain_text(customer.name)
        expect(options.last).to_have_text("Search the archive for “philip”")
        expect(desk.page.locator(".palette-group")).to_have_text(["Chats", "Commands"])
        desk.page.keyboard.press("Enter")
        expect(desk.page.get_by_role("heading", name=customer.name)).to_be_visible()

        desk.page.keyboard.press("Control+k")
        desk.page.keyboard.type("stop accepting")
        desk.page.keyboard.press("Enter")
        expect(desk.status).to_have_attribute("aria-checked", "false")


class TestKeyboard:
    """Everything without a mouse."""

    def test_a_chat_from_list_to_close(self, desk: Desk, meet: Meet) -> None:
        customer = meet().start("Hello")
        expect(desk.row(customer)).to_be_visible()
        keys = desk.page.keyboard

        keys.press("j")
        expect(desk.row(customer)).to_be_focused()
        keys.press("Enter")
        keys.press("r")
        expect(desk.composer).to_be_focused()
        expect(desk.page.get_by_role("heading", name=customer.name)).to_be_visible()
        keys.type("First line")
        keys.press("Shift+Enter")
        keys.type("second line")
        keys.press("Enter")
        desk.expect_said("Hello", "First line\nsecond line")
        keys.press("Escape")
        expect(desk.row(customer)).to_be_focused()

        keys.press("e")
        expect(desk.page.get_by_role("status").get_by_text("Closing the chat")).to_be_visible()
        keys.press("z")
        expect(desk.page.get_by_role("button", name="Close chat")).to_be_visible()
        keys.press("e")
        expect(desk.foot).to_contain_text("This chat is closed.", timeout=2 * UNDO_SECONDS * 1000)
        customer.hear("chat_deactivated")

    def test_single_keys_can_be_switched_off(self, desk: Desk, meet: Meet) -> None:
        customer = meet().start("Hello")
        expect(desk.row(customer)).to_be_visible()

        desk.page.keyboard.press("?")
        shortcuts = desk.page.get_by_role("dialog", name="Keyboard shortcuts")
        shortcuts.get_by_role("checkbox").uncheck()
        desk.page.keyboard.press("Escape")
        expect(shortcuts).to_be_hidden()
        desk.page.keyboard.press("j")
        desk.page.keyboard.press("?")

        expect(desk.row(customer)).not_to_be_focused()
        expect(shortcuts).to_be_hidden()

    def test_an_answered_question_leaves_the_focus_in_the_list(self, desk: Desk) -> None:
        desk.page.get_by_role("button", name="Not now").press("Enter")

        expect(desk.page.get_by_role("navigation", name="Chats")).to_be_focused()

    def test_skip_links_move_the_focus_and_nothing_else(self, desk: Desk, meet: Meet) -> None:
        customer = meet().start("Hello")
        desk.open(customer)
        expect(desk.log).to_contain_text("Hello")

        desk.page.get_by_role("link", name="Skip to the list of chats").press("Enter")
        expect(desk.page.get_by_role("navigation", name="Chats")).to_be_focused()
        desk.expect_said("Hello")
        desk.page.get_by_role("link", name="Skip to the open chat").press("Enter")
        expect(desk.page.get_by_role("region", name="Conversation")).to_be_focused()
        desk.expect_said("Hello")

    def test_keys_that_are_words_do_nothing_else(self, desk: Desk, meet: Meet) -> None:
        customer = meet().start("Hello")
        desk.open(customer)

        desk.composer.press_sequentially("jerk?")

        expect(desk.composer).to_have_value("jerk?")
        expect(desk.page.get_by_role("button", name="Close chat")).to_be_visible()
