"""The widget in a real browser against a real server, with an agent on the other end.

The agent is a plain client of the Agent RTM API; the visitor's browser does what visitors do.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FilePayload,
    Locator,
    Playwright,
    Route,
    expect,
)

from tests.chromium import chromium
from tests.e2e.axe import SCHEMES, judged, violations
from tests.e2e.faces import until
from tests.e2e.visitors import Agent, Visit, Widget, customer_of, started
from tests.e2e.wires import WAIT, Line
from tests.e2e.workspace.faces import Customer
from tests.live import LiveServer

pytestmark = pytest.mark.browser

AGENT_LIMIT = 6
"""How many chats one agent is given at a time, unless somebody says otherwise."""
FILE: FilePayload = {"name": "offer.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 a"}


def color_of_mark(status: Locator) -> str:
    """Return the colour of the mark before the header's second line."""
    found: str = status.evaluate("(one) => getComputedStyle(one, '::before').backgroundColor")
    return found


def color_of_role(element: Locator, role: str) -> str:
    """Return the colour that a role of the tokens has where the element stands."""
    script = """(one, role) => {
        const probe = one.appendChild(document.createElement("i"));
        probe.style.color = `var(${role})`;
        const color = getComputedStyle(probe).color;
        probe.remove();
        return color;
    }"""
    found: str = element.evaluate(script, role)
    return found


class TestConversation:
    """Talking, from the first word to the last."""

    def test_a_visitor_and_an_agent_talk(self, visit: Visit, agent: Agent) -> None:
        widget = visit().open()
        expect(widget.panel.get_by_role("heading", name="How can we help?")).to_be_visible()

        widget.say("My rear wheel wobbles.")
        chat_id = started(agent)
        agent.say(chat_id, "only for colleagues", visibility="agents")
        agent.say(chat_id, "Bring it before noon.")

        widget.expect_said("My rear wheel wobbles.", "Bring it before noon.")
        expect(widget.panel.get_by_role("heading", name="Noah Lind")).to_be_visible()
        expect(widget.panel.locator("#status")).to_have_text("In this chat")
        expect(widget.panel.locator(".mine .state")).to_have_text(["Seen"])
        agent.hear("events_marked_as_seen")

    def test_each_sees_the_other_write(self, visit: Visit, agent: Agent) -> None:
        widget = visit().open()
        widget.say("Hello")
        chat_id = started(agent)

        agent.ask("send_typing_indicator", chat_id=chat_id, is_typing=True, visibility="all")
        expect(widget.panel.locator("#activity")).to_have_text("Noah Lind is typing…")
        widget.words.press_sequentially("One more", delay=20)

        def whole(payload: Any) -> bool:
            return bool(payload["sneak_peek"]["text"] == "One more")

        agent.hear("incoming_sneak_peek", whole)
        agent.say(chat_id, "Yes?")
        expect(widget.panel.locator("#activity")).to_have_text("")

    def test_a_file_arrives_as_a_card_and_a_picture_as_a_picture(
        self, visit: Visit, agent: Agent
    ) -> None:
        widget = visit().open()
        widget.say("Two files")
        started(agent)
        picture = widget.page.screenshot(clip={"x": 0, "y": 0, "width": 60, "height": 40})

        widget.panel.locator("#files").set_input_files(
            [
                {"name": "offer.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 offer"},
                {"name": "wheel.png", "mimeType": "image/png", "buffer": picture},
            ]
        )

        def is_file(payload: Any) -> bool:
            return bool(payload["event"]["type"] == "file")

        first, second = (agent.hear("incoming_event", is_file)["event"] for _ in range(2))
        assert [first["name"], second["name"]] == ["offer.pdf", "wheel.png"]
        card = widget.panel.get_by_role("link", name="Download offer.pdf")
        expect(card).to_have_attribute("href", first["url"])
        image = widget.panel.get_by_role("img", name="Image: wheel.png")
        expect(image).to_have_attribute("width", "60")
        expect(image).to_have_attribute("height", "40")

    def test_a_file_that_is_too_large_is_refused_before_it_travels(
        self, visit: Visit, agent: Agent, tmp_path: Path
    ) -> None:
        widget = visit().open()
        large = tmp_path / "film.bin"
        with large.open("wb") as file:
            file.truncate(10 * 1024 * 1024 + 1)

        widget.panel.locator("#files").set_input_files(large)

        expect(widget.panel.get_by_role("alert")).to_have_text("film.bin is larger than 10.5 MB.")
        expect(widget.bubbles).to_have_count(0)

    def test_a_chat_ends_and_begins_again(self, visit: Visit, agent: Agent) -> None:
        widget = visit().open()
        widget.say("First")
        chat_id = started(agent)

        widget.panel.get_by_role("button", name="More").click()
        widget.panel.locator("#end-chat").click()
        question = widget.panel.get_by_role("group", name="End this chat?")
        question.get_by_role("button", name="End chat").click()

        agent.hear("chat_deactivated")
        expect(widget.panel.locator("#note")).to_contain_text("This chat has ended.")
        expect(widget.panel.locator(".row.system")).to_have_text("You ended the chat")

        widget.say("Second")

        assert started(agent) == chat_id
        widget.expect_said("First", "Second")
        assert agent.texts(chat_id) == ["First", "Second"]

    def test_while_nobody_is_in_the_message_is_kept(self, visit: Visit, agent: Agent) -> None:
        agent.accept(False)
        widget = visit().open()
        expect(widget.panel.locator("#status")).to_have_text("Nobody is in right now")

        widget.say("Please call me back.")

        widget.expect_said("Please call me back.")
        expect(widget.panel.locator("#note")).to_contain_text("Your message is with us")

        agent.accept()
        chat_id = agent.hear("user_added_to_chat")["chat_id"]
        agent.say(chat_id, "Here I am.")
        widget.expect_said("Please call me back.", "Here I am.")
        expect(widget.panel.locator("#note")).to_be_hidden()

    def test_while_all_are_busy_nobody_is_promised_and_the_place_in_the_queue_is_told(
        self, server: LiveServer, visit: Visit, agent: Agent
    ) -> None:
        crowd = [Customer(server, f"Customer {number}") for number in range(AGENT_LIMIT)]
        for customer in crowd:
            customer.start("Hello")
        widget = visit().open()
        status = widget.panel.locator("#status")
        expect(status).to_have_text("Everyone is busy right now")
        expect(widget.panel.locator("#title")).to_have_text("Demo")
        expect(widget.panel.get_by_text("will answer")).to_have_count(0)
        assert color_of_mark(status) == color_of_role(status, "--warn")

        widget.say("Hello")

        expect(status).to_have_text("Number 1 in the queue")
        expect(widget.panel.locator("#note")).to_contain_text("You are number 1 in the queue")
        assert color_of_mark(status) == color_of_role(status, "--warn")
        for customer in crowd:
            customer.leave()

    def test_words_are_never_markup(self, visit: Visit, agent: Agent) -> None:
        widget = visit().open()
        widget.say("<img src=x onerror=alert(1)>")
        chat_id = started(agent)
        agent.say(chat_id, "<script>alert(2)</script> https://shop.example/?a=1&b=2.")

        widget.expect_said(
            "<img src=x onerror=alert(1)>",
            "<script>alert(2)</script> https://shop.example/?a=1&b=2.",
        )
        link = widget.panel.locator(".theirs a")
        expect(link).to_have_attribute("href", "https://shop.example/?a=1&b=2")
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")


class TestNothingIsLostOrDoubled:
    """Reloads, cut lines, lost answers, crashed servers, several tabs."""

    def test_words_written_while_the_line_is_down_arrive_once(
        self, visit: Visit, agent: Agent, line: Line
    ) -> None:
        widget = visit().open()
        widget.say("one")
        chat_id = started(agent)
        widget.expect_said("one")

        line.cut()
        widget.say("two")
        widget.say("three")
        banner = widget.panel.locator("#banner")
        expect(banner).to_contain_text("Connection lost.")
        expect(banner).to_contain_text(re.compile(r"Next try in \d+ seconds?\."))
        expect(widget.panel.locator(".waiting")).to_have_count(2)
        agent.say(chat_id, "meanwhile")
        line.mend()
        # nothing happens where the next try has begun by itself
        widget.panel.locator("#try-now").evaluate("button => button.click()")

        widget.expect_said("one", "meanwhile", "two", "three")
        expect(banner).to_be_hidden()
        assert agent.texts(chat_id) == ["one", "meanwhile", "two", "three"]

    def test_a_message_whose_answer_was_lost_is_not_sent_twice(
        self, visit: Visit, agent: Agent, line: Line
    ) -> None:
        widget = visit().open()
        widget.say("one")
        chat_id = started(agent)
        widget.expect_said("one")

        line.swallow = lambda frame: True
        widget.say("two")
        agent.hear("incoming_event", lambda payload: bool(payload["event"]["text"] == "two"))
        line.cut()
        line.mend()

        widget.expect_said("one", "two")
        widget.say("three")
        widget.expect_said("one", "two", "three")
        assert agent.texts(chat_id) == ["one", "two", "three"]

    @pytest.mark.slow
    def test_a_line_that_stands_but_is_silent_is_given_up(
        self, visit: Visit, agent: Agent, line: Line
    ) -> None:
        widget = visit().open()
        widget.say("one")
        widget.expect_said("one")
        chat_id = started(agent)

        line.swallow = lambda frame: True
        agent.say(chat_id, "into the silence")
        banner = widget.panel.locator("#banner")
        expect(banner).to_be_visible(timeout=60_000)
        line.mend()

        expect(widget.bubbles).to_have_count(2, timeout=30_000)
        widget.expect_said("one", "into the silence")
        expect(banner).to_be_hidden()

    def test_a_reload_in_the_middle_of_sending_loses_nothing(
        self, visit: Visit, agent: Agent, line: Line
    ) -> None:
        widget = visit().open()
        widget.say("one")
        chat_id = started(agent)
        widget.expect_said("one")

        line.swallow = lambda frame: frame.get("action") in ("send_event", "incoming_event")
        widget.say("two")
        widget.say("three")
        widget.words.fill("a draft")
        expect(widget.panel.locator(".sending")).to_have_count(2)
        line.mend()
        widget.page.reload()

        widget.expect_said("one", "two", "three")
        expect(widget.words).to_have_value("a draft")
        assert agent.texts(chat_id) == ["one", "two", "three"]

    def test_a_first_message_whose_answer_was_lost_starts_one_chat(
        self, visit: Visit, agent: Agent, line: Line
    ) -> None:
        widget = visit().open()

        line.swallow = lambda frame: frame.get("action") in ("start_chat", "incoming_chat")
        widget.say("one")
        chat_id = started(agent)
        line.cut()
        line.mend()

        widget.expect_said("one")
        assert agent.texts(chat_id) == ["one"]

    def test_two_tabs_agree(self, visit: Visit, agent: Agent) -> None:
        first = visit().open()
        first.say("from the first")
        chat_id = started(agent)
        first.expect_said("from the first")

        second = visit().open()
        second.expect_said("from the first")
        second.say("from the second")
        second.expect_said("from the first", "from the second")
        agent.say(chat_id, "to both")

        first.expect_said("from the first", "from the second", "to both")
        second.expect_said("from the first", "from the second", "to both")
        assert agent.texts(chat_id) == ["from the first", "from the second", "to both"]

    def test_reading_older_words_is_not_interrupted_by_new_ones(
        self, visit: Visit, agent: Agent
    ) -> None:
        widget = visit().open()
        widget.say("first")
        chat_id = started(agent)
        for number in range(20):
            agent.say(chat_id, f"line {number}\nand another")
        expect(widget.bubbles).to_have_count(21)
        scroller = widget.panel.locator("#scroller")
        scroller.evaluate("element => { element.scrollTop = 0; }")
        newest = widget.panel.get_by_role("button", name="New messages")
        expect(newest).to_be_hidden()

        agent.say(chat_id, "the newest")

        expect(newest).to_be_visible()
        assert scroller.evaluate("element => element.scrollTop") == 0
        newest.click()
        expect(widget.bubbles.last).to_be_in_viewport()
        expect(newest).to_be_hidden()

    def test_older_chats_can_be_read_on_demand(self, visit: Visit, agent: Agent) -> None:
        widget = visit().open()
        said = []
        for thread in range(3):
            for number in range(13):
                said.append(f"thread {thread}, message {number}")
                widget.say(said[-1])
            widget.expect_said(*said)
            agent.close_all()
            expect(widget.panel.locator("#note")).to_contain_text("This chat has ended.")
        widget.page.reload()
        expect(widget.bubbles).to_have_text(said[-26:])
        widget.panel.get_by_role("button", name="Show earlier messages").click()

        widget.expect_said(*said)
        expect(widget.panel.locator("#earlier")).to_be_hidden()

    def test_what_was_read_in_one_tab_is_read_in_the_other(
        self, visit: Visit, agent: Agent
    ) -> None:
        first = visit().open()
        first.say("hello")
        chat_id = started(agent)
        first.expect_said("hello")
        first.launcher.click()
        second = visit()
        agent.say(chat_id, "news")
        unread = "Open chat. Unread messages: 1"
        expect(second.launcher).to_have_accessible_name(unread)
        expect(first.launcher).to_have_accessible_name(unread)

        second.open()

        expect(first.launcher).to_have_accessible_name("Open chat")

    def test_a_message_that_is_too_long_is_kept_in_the_composer(
        self, visit: Visit, agent: Agent
    ) -> None:
        widget = visit().open()
        words = "x" * (16 * 1024 + 1)

        widget.say(words)

        expect(widget.panel.get_by_role("alert")).to_contain_text("This message is too long.")
        expect(widget.words).to_have_value(words)
        expect(widget.bubbles).to_have_count(0)

    def test_a_refused_message_can_be_tried_again_or_discarded(
        self, visit: Visit, agent: Agent, line: Line
    ) -> None:
        line.refuse = lambda frame: "refused" in json.dumps(frame)
        widget = visit().open()
        widget.say("one")
        widget.expect_said("one")
        chat_id = started(agent)

        widget.say("refused, then accepted")
        widget.say("refused, then discarded")
        failed = widget.panel.locator(".said.failed")
        expect(failed).to_have_count(2)
        expect(failed.first).to_contain_text("Not sent.")
        failed.last.get_by_role("button", name="Discard").click()
        line.mend()
        failed.first.get_by_role("button", name="Try again").click()

        widget.expect_said("one", "refused, then accepted")
        assert agent.texts(chat_id) == ["one", "refused, then accepted"]


@pytest.mark.slow
def test_a_server_that_crashes_and_comes_back_loses_nothing(
    server: LiveServer, visit: Visit
) -> None:
    """The server is killed in the middle of a conversation and started again."""
    account = server.demo["agents"][1]
    with Agent(server, account) as before:
        before.accept()
        widget = visit().open()
        widget.say("one")
        chat_id = started(before)
        widget.expect_said("one")
        server.kill()
        widget.say("two")
        expect(widget.panel.locator("#banner")).to_be_visible()

    server.start()
    widget.look_for_the_line()

    widget.expect_said("one", "two")
    with Agent(server, account) as after:
        assert after.texts(chat_id) == ["one", "two"]


class TestTrouble:
    """What visitors are told when something is wrong, and what they can do about it."""

    def test_a_chat_that_is_switched_off_says_so_and_no_longer_connects(
        self, visit: Visit, context: BrowserContext
    ) -> None:
        refusal = {"oauth_exception": "invalid_client"}
        context.route("**/v2/customer/token", lambda route: route.fulfill(status=400, json=refusal))
        widget = visit()

        widget.launcher.click()

        problem = widget.panel.get_by_role("alert")
        expect(problem.get_by_role("heading")).to_have_text("The chat is not available")
        expect(problem.get_by_role("button", name="Try again")).to_be_visible()
        expect(widget.panel.locator("#status")).to_have_text("")

    def test_a_refused_file_can_be_tried_again_or_discarded_and_moves_no_more(
        self, visit: Visit, agent: Agent, context: BrowserContext
    ) -> None:
        held: list[Route] = []
        context.route("**/upload_file*", lambda route: held.append(route))
        widget = visit().open()
        widget.panel.locator("#files").set_input_files(FILE)
        cancel = widget.panel.get_by_role("button", name="Cancel upload of offer.pdf")
        expect(cancel).to_be_visible()
        expect(widget.panel.get_by_role("progressbar", name="offer.pdf")).to_be_visible()
        expect(widget.panel.locator(".uploading .state")).to_have_attribute("aria-hidden", "true")

        error = {"error": {"type": "validation", "message": "refused"}}
        assert until(widget.page, lambda: len(held) == 1)
        held.pop().fulfill(status=400, json=error)

        failed = widget.panel.locator(".said.failed")
        expect(failed).to_contain_text("Not sent. This kind of file cannot be sent.")
        expect(failed.locator(".state")).to_have_attribute("aria-hidden", "false")
        expect(failed.get_by_role("progressbar")).to_have_count(0)
        expect(cancel).to_have_count(0)
        failed.get_by_role("button", name="Try again").click()
        expect(cancel).to_be_visible()
        assert until(widget.page, lambda: len(held) == 1)
        held.pop().fulfill(status=400, json=error)
        failed.get_by_role("button", name="Discard").click()
        expect(widget.bubbles).to_have_count(0)

    def test_a_file_the_server_finds_too_large_says_so(
        self, visit: Visit, agent: Agent, context: BrowserContext
    ) -> None:
        """A proxy in front of the server answers in its own words, not in the protocol's."""
        context.route(
            "**/upload_file*",
            lambda route: route.fulfill(status=413, body="<h1>Request Entity Too Large</h1>"),
        )
        widget = visit().open()

        widget.panel.locator("#files").set_input_files(FILE)

        failed = widget.panel.locator(".said.failed")
        expect(failed).to_contain_text("Not sent. This file is too large.")

    def test_every_file_that_is_too_large_is_named_until_another_is_taken(
        self, visit: Visit, agent: Agent, tmp_path: Path
    ) -> None:
        widget = visit().open()
        names = ("film.bin", "sound.bin")
        for name in names:
            with (tmp_path / name).open("wb") as file:
                file.truncate(10 * 1024 * 1024 + 1)
        files = widget.panel.locator("#files")

        files.set_input_files([tmp_path / name for name in names])

        warning = widget.panel.locator("#warning")
        expect(warning).to_have_text(
            "film.bin is larger than 10.5 MB. sound.bin is larger than 10.5 MB."
        )
        files.set_input_files(FILE)
        expect(warning).to_be_hidden()
        expect(widget.panel.get_by_role("link", name="Download offer.pdf")).to_be_visible()


class TestReach:
    """Keyboard, screen readers, phones, other directions."""

    def test_everything_works_from_the_keyboard(self, visit: Visit, agent: Agent) -> None:
        widget = visit()
        widget.launcher.focus()
        widget.page.keyboard.press("Enter")
        expect(widget.words).to_be_focused()
        expect(widget.launcher).to_have_attribute("aria-expanded", "true")

        widget.page.keyboard.type("by keyboard")
        widget.page.keyboard.press("Shift+Enter")
        widget.page.keyboard.type("two lines")
        widget.page.keyboard.press("Enter")
        chat_id = started(agent)
        widget.expect_said("by keyboard\ntwo lines")
        assert agent.texts(chat_id) == ["by keyboard\ntwo lines"]

        widget.page.keyboard.press("Escape")
        expect(widget.launcher).to_be_focused()
        expect(widget.launcher).to_have_attribute("aria-expanded", "false")

    def test_escape_closes_what_is_open_above_the_chat_first(
        self, visit: Visit, agent: Agent
    ) -> None:
        widget = visit().open()
        widget.say("hello")
        started(agent)
        more = widget.panel.get_by_role("button", name="More")
        more.click()
        expect(widget.panel.get_by_role("button", name="E-mail this chat")).to_be_focused()

        widget.page.keyboard.press("Escape")

        expect(widget.panel.locator("#menu-items")).to_be_hidden()
        expect(more).to_be_focused()
        expect(widget.launcher).to_have_attribute("aria-expanded", "true")

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_axe_finds_nothing(self, visit: Visit, agent: Agent, line: Line, scheme: Any) -> None:
        widget = visit()
        widget.page.emulate_media(color_scheme=scheme)
        assert judged(widget.page) == []
        widget.open()
        assert violations(widget.page) == []
        widget.say("hello")
        agent.say(started(agent), "Hi. See https://shop.example/")
        widget.expect_said("hello", "Hi. See https://shop.example/")
        assert violations(widget.page) == []
        line.cut()
        expect(widget.panel.locator("#banner")).to_be_visible()
        assert violations(widget.page) == []

    def test_on_a_phone_it_covers_the_page_and_back_closes_it(
        self, server: LiveServer, browser: Browser
    ) -> None:
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
        )
        widget = Widget(context.new_page(), f"{server.url}/demo/").open()
        box = widget.page.locator("livechat-widget iframe").bounding_box()
        assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
        assert widget.page.evaluate("document.body.inert") is True

        widget.page.go_back()

        expect(widget.launcher).to_have_attribute("aria-expanded", "false")
        assert widget.page.url == f"{server.url}/demo/"
        assert widget.page.evaluate("document.body.inert") is False
        context.close()

    def test_zoomed_to_twice_its_size_it_takes_the_height_there_is(
        self, server: LiveServer, browser: Browser
    ) -> None:
        """A window of 1440 by 900 pixels, at 200 %."""
        context = browser.new_context(viewport={"width": 720, "height": 450}, device_scale_factor=2)
        widget = Widget(context.new_page(), f"{server.url}/demo/").open()

        widget.page.wait_for_timeout(250)
        box = widget.page.locator("livechat-widget iframe").bounding_box()
        assert box is not None
        assert box["height"] >= 420
        expect(widget.launcher).to_be_hidden()
        widget.panel.get_by_role("button", name="Minimise chat").click()
        expect(widget.launcher).to_be_focused()
        context.close()

    def test_it_grows_with_the_size_of_text_the_visitor_has_chosen(
        self, server: LiveServer, playwright: Playwright, agent: Agent
    ) -> None:
        """The browser's default size set to 32 pixels instead of 16."""
        with chromium(playwright, "--blink-settings=defaultFontSize=32") as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            widget = Widget(page, f"{server.url}/demo/").open()
            widget.say("Hello")
            agent.say(started(agent), "Hi.")
            widget.expect_said("Hello", "Hi.")

            page.wait_for_timeout(250)
            box = page.locator("livechat-widget iframe").bounding_box()
            assert box is not None
            assert round(box["width"]) == 2 * 384 - 2  # its border takes two
            agent.close_all()
            expect(widget.panel.get_by_role("heading", name="How was this chat?")).to_be_visible()
            widths = "(one) => [one.scrollWidth, one.clientWidth]"
            for part in ("html", "#scroller", "#rating"):
                inside, room = widget.panel.locator(part).evaluate(widths)
                assert inside <= room, part

    def test_where_one_writes_is_seen_in_forced_colours(self, visit: Visit) -> None:
        widget = visit()
        widget.page.emulate_media(forced_colors="active")

        widget.open().words.focus()

        composer = widget.panel.locator("#composer")
        expect(composer).to_have_css("outline-style", "solid")
        widget.panel.get_by_role("button", name="Attach a file").focus()
        expect(composer).to_have_css("outline-style", "none")

    def test_from_right_to_left_it_stands_on_the_left(
        self, server: LiveServer, context: BrowserContext
    ) -> None:
        def mirrored(route: Route) -> None:
            response = route.fetch()
            html = response.text().replace('<html lang="en">', '<html lang="ar" dir="rtl">')
            route.fulfill(response=response, body=html)

        context.route("**/demo/", mirrored)
        widget = Widget(context.new_page(), f"{server.url}/demo/").open()

        box = widget.launcher.bounding_box()
        assert box is not None
        assert (box["x"], box["width"]) == (20, 56)
        expect(widget.panel.locator("html")).to_have_attribute("dir", "rtl")


class TestHostPage:
    """What the widget does to, and for, the page it is on."""

    HTML = """<!doctype html><html lang="en"><head><title>Shop</title></head>
        <body><h1>Shop</h1>{scripts}</body></html>"""

    def shop(
        self, server: LiveServer, context: BrowserContext, policy: str, scripts: str
    ) -> tuple[Widget, list[str]]:
        """Open a page of another origin that includes the widget; return it with its errors."""
        html = self.HTML.format(scripts=scripts)
        headers = {"Content-Security-Policy": policy} if policy else {}
        context.grant_permissions(["local-network-access"])
        context.route(
            "http://shop.localhost/",
            lambda route: route.fulfill(body=html, content_type="text/html", headers=headers),
        )
        page = context.new_page()
        errors: list[str] = []
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return Widget(page, "http://shop.localhost/"), errors

    def tag(self, server: LiveServer, nonce: str = "") -> str:
        """Return the one script tag an operator includes."""
        organization_id = server.demo["organization_id"]
        return (
            f'<script src="{server.url}/widget.js" nonce="{nonce}" async '
            f'data-organization-id="{organization_id}"></script>'
        )

    def test_a_strict_policy_of_the_host_is_respected(
        self, server: LiveServer, context: BrowserContext, agent: Agent
    ) -> None:
        policy = f"default-src 'none'; script-src 'nonce-abc'; frame-src {server.url}"
        widget, errors = self.shop(server, context, policy, self.tag(server, "abc"))

        widget.open().say("from a strict page")

        started(agent)
        widget.expect_said("from a strict page")
        assert errors == []

    def test_loaded_twice_there_is_one(self, server: LiveServer, context: BrowserContext) -> None:
        widget, errors = self.shop(server, context, "", self.tag(server) * 2)

        expect(widget.launcher).to_have_count(1)
        widget.open()
        expect(widget.page.locator("livechat-widget iframe")).to_have_count(1)
        assert errors == []

    def test_nothing_on_the_page_shifts_and_nothing_loads_before_it_is_needed(
        self, server: LiveServer, context: BrowserContext
    ) -> None:
        widget, _ = self.shop(server, context, "", self.tag(server))
        expect(widget.launcher).to_be_visible()
        assert widget.page.locator("livechat-widget iframe").count() == 0
        widget.open()

        shifts = widget.page.evaluate(
            """() => new Promise((resolve) => {
                new PerformanceObserver((list) => resolve(list.getEntries().length))
                    .observe({ type: "layout-shift", buffered: true });
                setTimeout(() => resolve(0), 500);
            })"""
        )
        assert shifts == 0

    def test_the_page_speaks_to_it_in_livechats_verbs(
        self, server: LiveServer, context: BrowserContext, agent: Agent
    ) -> None:
        queued = """<script>
            window.heard = [];
            const listen = (data) => heard.push(data);
            window.LiveChatWidget = { _q: [["on", ["visibility_changed", listen]]] };
        </script>"""
        widget, errors = self.shop(server, context, "", queued + self.tag(server))
        expect(widget.launcher).to_be_visible()
        call = "(values) => LiveChatWidget.call(...values)"

        widget.page.evaluate(call, ["set_customer_name", "Vera Visitor"])
        widget.page.evaluate(call, ["set_session_variables", {"plan": "gold"}])
        widget.page.evaluate(call, ["maximize"])
        widget.say("hello")

        chat = agent.begun()
        customer = customer_of(chat)
        assert customer["name"] == "Vera Visitor"
        assert customer["session_fields"] == [{"plan": "gold"}]
        widget.expect_said("hello")
        state = widget.page.evaluate("LiveChatWidget.get('state')")
        assert state == {"availability": "online", "visibility": "maximized"}
        assert widget.page.evaluate("LiveChatWidget.get('chat_data').chatId") == chat["id"]

        widget.page.evaluate(call, ["hide"])
        expect(widget.launcher).to_be_hidden()
        widget.page.evaluate(call, ["destroy"])
        expect(widget.page.locator("livechat-widget")).to_have_count(0)
        heard = widget.page.evaluate("heard.map((data) => data.visibility)")
        assert heard == ["maximized", "hidden"]
        assert errors == []

    def test_a_group_that_does_not_exist_costs_nothing(
        self, server: LiveServer, context: BrowserContext, agent: Agent
    ) -> None:
        tag = self.tag(server).replace("<script", '<script data-group-id="987654"')
        widget, _ = self.shop(server, context, "", tag)

        widget.open().say("to anybody")

        started(agent)
        widget.expect_said("to anybody")

    def test_the_agent_learns_where_the_visitor_goes(self, visit: Visit, agent: Agent) -> None:
        widget = visit().open()
        widget.say("hello")
        chat = agent.begun()
        widget.expect_said("hello")

        widget.page.evaluate("history.pushState({}, '', '/demo/?step=2')")

        customer = customer_of(chat)

        def last_page() -> str:
            found = agent.ask("get_customer", id=customer["id"])
            url: str = found["visit"]["last_pages"][-1]["url"]
            return url

        deadline = time.monotonic() + WAIT
        while not last_page().endswith("?step=2") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert last_page().endswith("/demo/?step=2")
