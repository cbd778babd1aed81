"""What the workspace looks like: for everybody, on every screen, with names that hardly fit."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.axe import violations
from tests.e2e.wires import WAIT
from tests.e2e.workspace.faces import (
    SIZES,
    TAGS,
    Desk,
    Meet,
    as_owner,
    press,
    too_wide,
)
from tests.live import LiveServer

pytestmark = pytest.mark.browser


class TestLooks:
    """For everybody, on every screen."""

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("size", SIZES)
    def test_the_conversation_is_accessible(
        self, server: LiveServer, browser: Browser, desk: Desk, meet: Meet, size: str, scheme: Any
    ) -> None:
        customer = meet().start("Is this readable? See https://shop.example/tents for more.")
        desk.open(customer)
        desk.composer.press("Control+Shift+M")
        desk.say("A whisper")
        desk.composer.press("Control+Shift+M")
        desk.say("An answer")
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=True
        )
        page = Desk(context.new_page(), server, server.demo["agents"][1])
        found = {"list": violations(page.page)}
        page.open(customer)
        expect(page.log.locator(".bubble")).to_have_count(3)
        found["chat"] = violations(page.page)
        page.page.get_by_role("button", name="Insert an emoji").click()
        found["emoji"] = violations(page.page)
        page.page.keyboard.press("Escape")
        page.page.keyboard.press("Control+k")
        found["palette"] = violations(page.page)
        context.close()

        assert found == {"list": [], "chat": [], "emoji": [], "palette": []}

    def test_the_sign_in_page_is_accessible(self, server: LiveServer, browser: Browser) -> None:
        context = browser.new_context(bypass_csp=True)
        page = context.new_page()
        page.goto(f"{server.url}/signin")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("There is a problem")
        assert violations(page) == []
        context.close()

    @pytest.mark.parametrize("width", [320, 390, 720, 820, 1100, 1440])
    def test_nothing_is_wider_than_the_screen(self, desk: Desk, meet: Meet, width: int) -> None:
        customer = meet("Wolfeschlegelsteinhausenbergerdorff" * 3).start("https://x.test/" * 30)
        desk.open(customer)
        expect(desk.log.locator(".bubble")).to_have_count(1)

        desk.page.set_viewport_size({"width": width, "height": 700})

        too_wide = desk.page.evaluate(
            """() => [...document.querySelectorAll("body, .bar, .panes, .head, .log, .composer")]
              .filter((element) => element.checkVisibility())
              .filter((element) => element.scrollWidth > element.clientWidth + 1
                || element.getBoundingClientRect().right > innerWidth + 1)
              .map((element) => element.className)"""
        )
        assert too_wide == []

    @pytest.mark.parametrize("size", [(820, 1100), (390, 844), (390, 420), (1440, 500)])
    def test_the_newest_words_stay_in_sight_when_the_window_changes(
        self, desk: Desk, meet: Meet, size: tuple[int, int]
    ) -> None:
        # given a conversation a little longer than the window, read to its end
        customer = meet().start("Hello")
        desk.open(customer)
        for number in range(16):
            customer.say(f"Line {number}. " * 8)
        newest = desk.log.locator(".bubble").last
        expect(newest).to_contain_text("Line 15.")
        expect(newest).to_be_in_viewport(ratio=1)

        # when the window turns, shrinks, or a keyboard takes its lower half
        desk.page.set_viewport_size({"width": size[0], "height": size[1]})

        # then the newest words are still there, and nobody is asked to look for them
        expect(newest).to_be_in_viewport(ratio=1)
        desk.page.wait_for_timeout(300)
        expect(newest).to_be_in_viewport(ratio=1)
        expect(desk.page.get_by_role("button", name="Newest messages")).to_be_hidden()

    def test_a_browser_that_scrolls_while_it_lays_out_anew_is_no_reader(
        self, desk: Desk, meet: Meet
    ) -> None:
        customer = meet().start("Hello")
        desk.open(customer)
        for number in range(12):
            customer.say(f"Line {number}. " * 40)
        newest = desk.log.locator(".bubble").last
        expect(newest).to_be_in_viewport(ratio=1)

        desk.log.evaluate("(log) => { log.style.blockSize = '20rem'; log.scrollTop -= 200; }")

        desk.page.wait_for_timeout(300)
        expect(newest).to_be_in_viewport(ratio=1)
        expect(desk.page.get_by_role("button", name="Newest messages")).to_be_hidden()

    def test_a_reader_of_older_words_is_left_alone(self, desk: Desk, meet: Meet) -> None:
        customer = meet().start("The first words")
        desk.open(customer)
        for number in range(12):
            customer.say(f"Line {number}. " * 40)
        expect(desk.log.locator(".bubble").last).to_be_in_viewport()

        desk.log.hover()
        desk.page.mouse.wheel(0, -20_000)
        expect(desk.log.locator(".bubble").first).to_be_in_viewport()
        customer.say("Something new")

        expect(desk.page.get_by_role("button", name="1 new message")).to_be_visible()
        expect(desk.log.locator(".bubble").first).to_be_in_viewport()

    def test_a_long_name_takes_one_line_above_its_words(self, desk: Desk, meet: Meet) -> None:
        customer = meet("Wolfeschlegelsteinhausenbergerdorff " * 4).start("Hello")
        desk.page.set_viewport_size({"width": 390, "height": 844})
        desk.open(customer)

        head = desk.log.locator(".message-head").bounding_box()

        assert head is not None
        assert head["height"] < 24

    def test_on_a_phone_one_pane_shows_at_a_time(self, desk: Desk, meet: Meet) -> None:
        customer = meet().start("Hello")
        desk.page.set_viewport_size({"width": 390, "height": 800})
        expect(desk.row(customer)).to_be_visible()

        desk.open(customer)
        expect(desk.row(customer)).to_be_hidden()
        desk.page.get_by_role("button", name="Back to the list").click()

        expect(desk.row(customer)).to_be_visible()
        expect(desk.row(customer)).to_be_focused()
        expect(desk.composer).to_be_hidden()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("size", SIZES)
    def test_the_dialogs_and_the_archive_are_accessible_and_fit(
        self, server: LiveServer, browser: Browser, meet: Meet, size: str, scheme: Any
    ) -> None:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
            bypass_csp=True,
        )
        context.set_default_timeout(WAIT * 1000)
        desk = Desk(context.new_page(), server, server.demo["agents"][1])
        desk.accept(True)
        customer = meet("Wolfeschlegelsteinhausenbergerdorff" * 2).start("Hello")
        desk.open(customer)
        thread = as_owner(server, "get_chat", chat_id=customer.chat_id)["thread"]
        for tag in TAGS:
            about = {"chat_id": customer.chat_id, "thread_id": thread["id"]}
            as_owner(server, "tag_thread", **about, tag=tag)
        found: dict[str, Any] = {}

        def look(name: str, button: str) -> None:
            panel = desk.page.locator("#details")
            if not panel.is_visible():
                desk.page.get_by_role("button", name="Customer details").click()
            panel.get_by_role("button", name=button).click()
            judge(name)
            desk.page.keyboard.press("Escape")

        def judge(name: str) -> None:
            expect(desk.page.locator("dialog[open]")).to_have_count(1)
            found[name] = violations(desk.page) + too_wide(desk)

        look("tags", "Change tags")
        look("customer", "Edit customer")
        look("ban", "Ban this customer")
        if size != "desktop":
            desk.page.get_by_role("button", name="Hide details").click()
        press(desk, "t")
        judge("transfer")
        desk.page.keyboard.press("Escape")
        press(desk, "/")
        desk.page.get_by_role("button", name="Filters").click()
        found["archive"] = violations(desk.page) + too_wide(desk)
        context.close()

        assert set(found) == {"tags", "customer", "ban", "transfer", "archive"}
        assert {name: flaws for name, flaws in found.items() if flaws} == {}
