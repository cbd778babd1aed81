"""What agents do beside talking: hand on, tag, search, put right, ban, sum up, watch, be away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect

from chatplatform.services.presence import LEASE_SECONDS
from tests.e2e.axe import violations
from tests.e2e.faces import until
from tests.e2e.wires import WAIT, Line
from tests.e2e.workspace.faces import (
    Customer,
    Desk,
    Meet,
    as_agent,
    as_owner,
    configure,
    press,
)
from tests.live import LiveServer

pytestmark = pytest.mark.browser

SEARCHABLE_WITHIN = 20.0
"""Seconds until the worker has read what was said."""


class TestTransfer:
    """Handing a chat on."""

    def test_a_chat_goes_to_a_colleague_who_sees_whom_it_came_from(
        self, desk: Desk, colleague: Desk, meet: Meet, complaints: list[str]
    ) -> None:
        customer = meet().start("Where is my parcel?")
        desk.open(customer)

        press(desk, "t")
        dialog = desk.page.get_by_role("dialog", name=f"Transfer the chat with {customer.name}")
        expect(dialog.get_by_role("option", name="Amara Diallo")).to_contain_text("not accepting")
        desk.page.keyboard.type("amara")
        expect(dialog).to_contain_text("Amara Diallo gets the chat now, though they accept no new")
        expect(dialog).to_contain_text("You leave it.")
        assert violations(desk.page) == []
        desk.page.keyboard.press("Enter")

        expect(dialog).to_be_hidden()
        expect(desk.page.locator(".toast")).to_contain_text(
            f"The chat with {customer.name} went to Amara Diallo."
        )
        expect(desk.foot).to_contain_text("You are watching this chat.")
        colleague.open(customer)
        expect(colleague.page.locator(".head-about")).to_contain_text("from Noah Lind")
        colleague.say("It comes tomorrow.")
        desk.expect_said("Where is my parcel?", "It comes tomorrow.")
        assert complaints == []

    def test_when_nobody_is_free_the_dialog_says_so_and_the_customer_may_wait(
        self, desk: Desk, meet: Meet
    ) -> None:
        customer = meet().start("Hello", continuous=True)
        desk.open(customer)
        desk.page.get_by_role("button", name="Transfer").click()
        dialog = desk.page.get_by_role("dialog", name="Transfer the chat with")

        dialog.get_by_role("option", name="Whoever is free").click()
        dialog.get_by_role("button", name="Transfer").click()
        expect(dialog.get_by_role("alert")).to_contain_text("Nobody is free.")
        dialog.get_by_label("If nobody is free").check()
        expect(dialog).to_contain_text("the customer waits in the queue")
        dialog.get_by_role("button", name="Transfer").click()

        expect(dialog).to_be_hidden()

    def test_who_loses_a_chat_is_told_where_it_went(
        self, server: LiveServer, desk: Desk, colleague: Desk, meet: Meet
    ) -> None:
        customer = meet().start("Hello")
        desk.open(customer)

        as_owner(
            server,
            "transfer_chat",
            id=customer.chat_id,
            target={"type": "agent", "ids": [server.demo["agents"][2]["id"]]},
            ignore_requester_presence=True,
        )

        expect(desk.page.locator(".toast")).to_contain_text(
            f"The chat with {customer.name} went from you to Amara Diallo."
        )

    def test_a_chat_that_goes_to_another_group_leaves_politely(
        self, server: LiveServer, desk: Desk, meet: Meet
    ) -> None:
        desk.accept(False)
        customer = meet().start("Anybody?", continuous=True)
        desk.open(customer, "queued")

        support = next(one["id"] for one in server.demo["groups"] if one["name"] == "Support")
        as_owner(
            server,
            "transfer_chat",
            id=customer.chat_id,
            target={"type": "group", "ids": [support]},
            ignore_agents_availability=True,
            ignore_requester_presence=True,
        )

        expect(desk.row(customer, "queued")).to_be_hidden()
        expect(desk.page.locator(".placeholder")).to_contain_text("This chat cannot be shown")


class TestCannedResponses:
    """Writing what was written before."""

    @pytest.fixture(autouse=True)
    def _kept(self, server: LiveServer) -> Iterator[None]:
        """Responses of everybody, a private one of Noah's, and one of a group he is not in."""
        owner, noah = 0, 1
        kept = [
            self.keep(server, owner, "Hello, how can I help you?", ["hello", "welcome"]),
            self.keep(server, owner, "Your money is on its way.\nIt takes 3 days.", ["refund"]),
            self.keep(server, noah, "See you, Noah", ["bye"], is_private=True),
            self.keep(server, owner, "For others only", ["secret"], is_private=True),
        ]
        yield
        for response in kept:
            configure(server, owner, "delete_canned_response", id=response)

    def keep(self, server: LiveServer, place: int, text: str, tags: list[str], **more: Any) -> int:
        given = {"text": text, "tags": tags, "group_id": 0, **more}
        made: int = configure(server, place, "create_canned_response", **given)["id"]
        return made

    def test_a_response_is_found_by_its_tag_and_sent_by_keyboard(
        self, desk: Desk, meet: Meet, complaints: list[str]
    ) -> None:
        customer = meet().start("Where is my money?")
        desk.open(customer)
        options = desk.page.get_by_role("listbox", name="Canned responses").get_by_role("option")

        desk.composer.press_sequentially("#")
        expect(options).to_have_count(3)
        assert violations(desk.page) == []
        desk.composer.press_sequentially("ref")
        expect(options).to_have_count(1)
        expect(desk.composer).to_have_attribute(
            "aria-activedescendant", options.first.get_attribute("id") or ""
        )
        desk.composer.press("Enter")
        expect(options).to_have_count(0)
        expect(desk.composer).to_have_value("Your money is on its way.\nIt takes 3 days.")
        desk.composer.press("Enter")

        desk.expect_said("Where is my money?", "Your money is on its way.\nIt takes 3 days.")
        assert complaints == []

    def test_arrows_move_tab_inserts_and_the_words_around_stay(
        self, desk: Desk, meet: Meet
    ) -> None:
        desk.open(meet().start("Hello"))
        options = desk.page.get_by_role("option")
        desk.composer.fill("Dear Cora,  - Noah")
        for _ in range(len(" - Noah")):
            desk.composer.press("ArrowLeft")

        desk.composer.press_sequentially("/")
        expect(options).to_have_count(3)
        for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
            desk.composer.press(key)
        expect(options.nth(2)).to_have_attribute("aria-selected", "true")
        desk.composer.press("ArrowUp")
        desk.composer.press("Tab")

        expect(desk.composer).to_have_value("Dear Cora, Hello, how can I help you? - Noah")
        expect(desk.composer).to_be_focused()
        desk.composer.press("Control+z")
        expect(desk.composer).to_have_value("Dear Cora, / - Noah")

    def test_escape_closes_and_enter_sends_what_was_typed(self, desk: Desk, meet: Meet) -> None:
        desk.open(meet().start("Which ticket?"))
        listbox = desk.page.get_by_role("listbox", name="Canned responses")

        desk.composer.press_sequentially("#")
        expect(listbox).to_be_visible()
        desk.composer.press("Escape")
        expect(listbox).to_be_hidden()
        desk.composer.press_sequentially("1")
        expect(listbox).to_be_hidden()
        desk.composer.press("Enter")

        desk.expect_said("Which ticket?", "#1")

    def test_a_number_that_fits_nothing_is_sent_as_it_is(self, desk: Desk, meet: Meet) -> None:
        desk.open(meet().start("Which ticket?"))

        desk.composer.press_sequentially("#4711")
        desk.composer.press("Enter")

        desk.expect_said("Which ticket?", "#4711")

    def test_what_colleagues_change_shows_at_once(
        self, server: LiveServer, desk: Desk, meet: Meet
    ) -> None:
        desk.open(meet().start("Hello"))
        options = desk.page.get_by_role("option")
        desk.composer.press_sequentially("#news")
        expect(options).to_have_count(0)

        made = self.keep(server, 0, "We have news", ["newsletter"])
        desk.composer.press_sequentially("l")
        expect(options).to_have_text(["#newsletterWe have news"])
        configure(server, 0, "update_canned_response", id=made, text="We have <b>more</b> news")
        expect(options).to_have_text(["#newsletterWe have more news"])
        configure(server, 0, "delete_canned_response", id=made)

        expect(options).to_have_count(0)

    def test_a_private_one_says_so(self, desk: Desk, meet: Meet) -> None:
        desk.open(meet().start("Hello"))

        desk.composer.press_sequentially("#bye")

        expect(desk.page.get_by_role("option", name="Only for you")).to_contain_text("See you")

    def test_on_a_phone_a_button_opens_them_and_a_tap_inserts(
        self, server: LiveServer, browser: Browser, meet: Meet
    ) -> None:
        context = browser.new_context(
            viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True, bypass_csp=True
        )
        context.set_default_timeout(WAIT * 1000)
        desk = Desk(context.new_page(), server, server.demo["agents"][1])
        desk.accept(True)
        desk.open(meet().start("Hello"))

        desk.composer.fill("Well,")
        desk.page.get_by_role("button", name="Canned responses").tap()
        options = desk.page.get_by_role("option")
        expect(options).to_have_count(3)
        assert violations(desk.page) == []
        inside = desk.page.evaluate(
            """() => [...document.querySelectorAll(".responses, .response")].every((element) => {
                const { left, right, top } = element.getBoundingClientRect();
                return left >= 0 && right <= innerWidth && top >= 0;
            })"""
        )
        options.filter(has_text="how can I help").tap()

        expect(desk.composer).to_have_value("Well, Hello, how can I help you?")
        assert inside
        context.close()


class TestTags:
    """Putting tags on chats."""

    def test_tags_come_and_go_by_keyboard_and_show_everywhere(
        self, server: LiveServer, desk: Desk, meet: Meet
    ) -> None:
        customer = meet().start("I want my money back")
        desk.open(customer)

        press(desk, "a")
        dialog = desk.page.get_by_role("dialog", name="Tags of the chat")
        desk.page.keyboard.type("ref")
        expect(dialog.get_by_role("option").first).to_have_text("refund")
        assert violations(desk.page) == []
        desk.page.keyboard.press("Enter")
        expect(dialog.get_by_role("list", name="Tags")).to_have_text("refund")
        desk.page.keyboard.type("nonsense")
        desk.page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_have_text("There is no tag of exactly that name.")
        desk.page.keyboard.press("Escape")

        expect(desk.page.locator(".head-tags")).to_have_text("refund")
        expect(desk.page.locator("#details .tags")).to_have_text("refund")
        thread = as_owner(server, "get_chat", chat_id=customer.chat_id)["thread"]
        assert thread["tags"] == ["refund"]

        about = {"chat_id": customer.chat_id, "thread_id": thread["id"]}
        as_owner(server, "tag_thread", **about, tag="vip")
        expect(desk.page.locator(".head-tags li")).to_have_text(["refund", "vip"])
        press(desk, "a")
        dialog.get_by_role("button", name="Remove the tag refund").click()
        expect(desk.page.locator(".head-tags li")).to_have_text(["vip"])


class TestArchive:
    """Finding what was said."""

    def test_words_are_found_marked_and_opened_where_they_were_said(
        self, server: LiveServer, desk: Desk, meet: Meet, complaints: list[str]
    ) -> None:
        customer = meet().start("The <b>dynamo</b> hums")
        desk.open(customer)
        thread = as_owner(server, "get_chat", chat_id=customer.chat_id)["thread"]
        about = {"chat_id": customer.chat_id, "thread_id": thread["id"]}
        as_owner(server, "tag_thread", **about, tag="vip")
        customer.ask("deactivate_chat", id=customer.chat_id)
        later = {"events": [{"type": "message", "text": "Another matter"}]}
        customer.ask("resume_chat", chat={"id": customer.chat_id, "thread": later})
        desk.page.goto(f"{server.url}/workspace/")
        desk.wait_until_online()

        desk.page.keyboard.press("Control+k")
        desk.page.keyboard.type("dynamo")
        desk.page.get_by_role("option", name="Search the archive for “dynamo”").click()
        results = desk.page.locator(".archive-results")
        found = results.get_by_role("link", name=customer.name)
        self._search_until_found(desk, found.first)
        expect(found.locator("mark")).to_have_text("dynamo")
        expect(found.locator(".row-excerpt")).to_have_text("The <b>dynamo</b> hums")
        expect(found.locator("b")).to_have_count(0)
        expect(desk.page.locator(".archive").get_by_role("status")).to_have_text("1 chat found")

        desk.page.get_by_role("button", name="Filters").click()
        desk.page.get_by_label("Tag", exact=True).select_option("refund")
        expect(desk.page.locator(".archive").get_by_role("status")).to_contain_text(
            "Nothing found."
        )
        desk.page.get_by_label("Tag", exact=True).select_option("vip")
        assert violations(desk.page) == []
        found.click()

        expect(desk.page.locator(".thread-sought")).to_be_in_viewport()
        expect(desk.page).to_have_url(re.compile(f"#{customer.chat_id}/{thread['id']}$"))
        desk.expect_said("The <b>dynamo</b> hums", "Another matter")
        desk.page.get_by_role("button", name="Clear the search").click()
        expect(results.get_by_role("link")).to_have_count(0)
        assert complaints == []

    @staticmethod
    def _search_until_found(desk: Desk, result: Any) -> None:
        field = desk.page.get_by_role("searchbox", name="Search the archive")
        for _ in range(int(SEARCHABLE_WITHIN)):
            if result.is_visible():
                return
            desk.page.wait_for_timeout(1000)
            field.press("Enter")
        expect(result).to_be_visible()

    def test_a_search_that_fails_says_so_and_can_be_tried_again(
        self, server: LiveServer, context: BrowserContext
    ) -> None:
        line = Line(context, "agent")
        desk = Desk(context.new_page(), server, server.demo["agents"][1])
        desk.page.keyboard.press("/")
        status = desk.page.locator(".archive").get_by_role("status")

        line.refuse = lambda frame: frame["action"] == "list_archives"
        desk.page.get_by_role("searchbox", name="Search the archive").fill("zzz-nothing")
        expect(status).to_contain_text("The search did not work.")
        line.mend()
        status.get_by_role("button", name="Try again").click()

        expect(status).to_contain_text("Nothing found.")


class TestTheCustomer:
    """Knowing, putting right and turning away."""

    def test_what_is_wrong_is_said_at_its_field_and_what_is_right_is_kept(
        self, server: LiveServer, desk: Desk, meet: Meet
    ) -> None:
        customer = meet().start("Hello")
        desk.open(customer)

        desk.page.get_by_role("button", name="Edit customer").click()
        dialog = desk.page.get_by_role("dialog", name="Edit customer")
        dialog.get_by_label("E-mail").fill("cora")
        dialog.get_by_label("Phone").fill("030 901820")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_label("E-mail")).to_be_focused()
        expect(dialog).to_contain_text("Enter an e-mail address like cora@example.com")
        expect(dialog).to_contain_text("Enter a phone number that begins with +")
        assert violations(desk.page) == []
        dialog.get_by_label("Name").fill("Cora Corrected")
        dialog.get_by_label("E-mail").fill("cora@shop.example")
        dialog.get_by_label("Phone").fill("+49 (30) 90-1820")
        dialog.get_by_role("button", name="Save").click()

        expect(dialog).to_be_hidden()
        expect(desk.page.get_by_role("heading", name="Cora Corrected")).to_be_visible()
        details = desk.page.locator("#details")
        expect(details.get_by_role("link", name="cora@shop.example")).to_be_visible()
        expect(details.get_by_role("link", name="+4930901820")).to_be_visible()
        users = as_owner(server, "get_chat", chat_id=customer.chat_id)["users"]
        assert users[0]["name"] == "Cora Corrected"

    def test_a_ban_names_what_it_does_and_ends_the_chat(
        self, server: LiveServer, desk: Desk
    ) -> None:
        customer = Customer(server, "Troll Under The Bridge").start("Grr")
        desk.open(customer)

        desk.page.get_by_role("button", name="Ban this customer").click()
        dialog = desk.page.get_by_role("dialog", name="Ban Troll")
        days = dialog.get_by_label("For how many days")
        days.fill("0")
        expect(dialog).to_contain_text("Enter a number of days from 1 to 36500.")
        days.fill("3")
        expect(dialog).to_contain_text("they cannot come back for 3 days")
        dialog.get_by_role("button", name="Ban", exact=True).click()

        expect(dialog).to_be_hidden()
        expect(desk.foot).to_contain_text("This chat is closed.")
        expect(desk.page.locator("#details")).to_contain_text("Banned for 3 days")

    def test_the_details_of_another_customer_begin_at_their_name(
        self, desk: Desk, meet: Meet
    ) -> None:
        one, two = meet("Cora").start("One"), meet("Dora").start("Two")
        desk.page.set_viewport_size({"width": 1440, "height": 500})
        details = desk.page.locator("#details")
        desk.open(one)
        details.evaluate("(panel) => panel.scrollTo(0, panel.scrollHeight)")
        expect(details.get_by_text(one.name)).not_to_be_in_viewport()

        desk.open(two)

        expect(details.get_by_text(two.name)).to_be_in_viewport(ratio=1)

    def test_pages_and_ratings_show_as_they_come(self, desk: Desk, meet: Meet) -> None:
        customer = meet().start("Hello")
        desk.open(customer)

        page = {"url": "https://shop.example/stoves", "title": "Stoves"}
        customer.ask("update_customer_page", **page)
        expect(desk.page.locator(".pages a").first).to_have_text("Stoves")
        expect(desk.page.locator(".head-about")).to_contain_text("on “Stoves”")
        thread = customer.ask("get_chat", chat_id=customer.chat_id)["thread"]
        customer.ask(
            "update_thread_properties",
            chat_id=customer.chat_id,
            thread_id=thread["id"],
            properties={"rating": {"score": 1, "comment": "Kind and quick"}},
        )

        ratings = desk.page.locator("#details .ratings")
        expect(ratings).to_contain_text("Rated good")
        expect(ratings).to_contain_text("Kind and quick")


class TestMessages:
    """What is more than words."""

    def test_pressed_buttons_are_marked_and_deleted_words_leave_a_stub(
        self, server: LiveServer, desk: Desk, meet: Meet
    ) -> None:
        customer = meet().start("Which size?")
        desk.open(customer)
        button = {
            "type": "message",
            "text": "Large",
            "postback_id": "large",
            "user_ids": [],
            "value": "Large",
        }
        rich = {
            "type": "rich_message",
            "template_id": "quick_replies",
            "elements": [{"title": "Choose", "buttons": [button]}],
        }
        sent = as_agent(server, 1, "send_event", chat_id=customer.chat_id, event=rich)
        expect(desk.log.locator(".rich-button")).to_have_text("Large")
        thread = customer.ask("get_chat", chat_id=customer.chat_id)["thread"]
        about = {"chat_id": customer.chat_id, "thread_id": thread["id"]}

        customer.ask(
            "send_rich_message_postback",
            **about,
            event_id=sent["event_id"],
            postback={"id": "large", "toggled": True},
        )
        expect(desk.log.locator(".rich-button-pressed")).to_contain_text("pressed by 1 person")
        customer.ask("delete_event", **about, event_id=thread["events"][0]["id"])

        expect(desk.log.locator(".stub")).to_have_text("Message deleted by its author")
        expect(desk.log).not_to_contain_text("Which size?")


class TestSummaryAndTranscript:
    """Taking a chat along."""

    def test_a_summary_is_asked_for_and_shown(self, desk: Desk, meet: Meet) -> None:
        customer = meet().start("My tent leaks at the left seam.")
        desk.open(customer)

        desk.page.get_by_role("button", name="Summarise").click()

        summary = desk.page.locator(".summary-text")
        expect(summary).to_contain_text("My tent leaks", timeout=SEARCHABLE_WITHIN * 1000)
        expect(desk.log.locator(".message-summary")).to_contain_text("My tent leaks")
        expect(desk.page.locator("#toasts")).to_contain_text("The summary is there.")

    def test_a_transcript_is_copied_and_downloaded(
        self, desk: Desk, meet: Meet, context: BrowserContext
    ) -> None:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        customer = meet().start("Keep these words")
        desk.open(customer)

        desk.page.get_by_role("button", name="Copy transcript").click()
        expect(desk.page.locator(".toast")).to_contain_text("The transcript is on the clipboard.")
        copied = desk.page.evaluate("navigator.clipboard.readText()")
        with desk.page.expect_download() as download:
            desk.page.get_by_role("button", name="Download transcript").click()

        assert "Keep these words" in copied
        assert download.value.suggested_filename.startswith(customer.chat_id)
        assert download.value.path().read_text() == copied


class TestTogether:
    """What colleagues and the clock do."""

    def test_a_word_to_all_agents_is_shown_with_its_author(
        self, server: LiveServer, desk: Desk
    ) -> None:
        as_owner(server, "multicast", recipients={"agents": {"all": True}}, content="Lunch at noon")

        expect(desk.page.locator(".toast")).to_contain_text("Olivia Hart: Lunch at noon")

    def test_who_follows_is_told_so(self, desk: Desk, colleague: Desk, meet: Meet) -> None:
        customer = meet().start("Hello")
        expect(desk.row(customer)).to_be_visible()

        colleague.open(customer, "others")

        about = colleague.page.locator(".head-about")
        expect(about).to_contain_text("You are following")
        colleague.foot.get_by_role("button", name="Join unseen, to whisper").click()
        expect(about).to_contain_text("Only colleagues see you here")

    def test_who_is_not_there_is_away_until_they_are_back(
        self, server: LiveServer, browser: Browser
    ) -> None:
        account = server.demo["agents"][1]
        context = browser.new_context()
        key, value = (
            f"workspace.{account['account_id']}.preferences",
            json.dumps({"awayMinutes": 0.02}),
        )
        context.add_init_script(f"localStorage.setItem({key!r}, {value!r})")
        desk = Desk(context.new_page(), server, account)
        desk.accept(True)

        # Somebody may still be at the page that the test before closed, until its lease ends.
        patience = LEASE_SECONDS + WAIT
        expect(desk.status).to_have_text("Away", timeout=patience * 1000)
        expect(desk.status).to_have_attribute("aria-checked", "false")
        desk.page.mouse.move(200, 200)
        desk.page.mouse.move(220, 220)

        expect(desk.status).to_have_text("Accepting chats")
        context.close()

    def test_the_session_goes_on_with_a_fresh_token_on_the_same_line(
        self, server: LiveServer, context: BrowserContext
    ) -> None:
        def shorten(route: Route) -> None:
            answer = route.fetch()
            route.fulfill(response=answer, json={**answer.json(), "expires_in": 61})

        context.route("**/workspace/token", shorten)
        page = context.new_page()
        lines: list[str] = []
        asked: list[str] = []

        def watch(line: Any) -> None:
            lines.append(line.url)
            line.on("framesent", lambda text: asked.append(json.loads(text)["action"]))

        page.on("websocket", watch)
        desk = Desk(page, server, server.demo["agents"][1])

        assert until(page, lambda: "update_session" in asked)
        assert len(lines) == 1
        desk.wait_until_online()
