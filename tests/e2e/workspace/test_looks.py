"""What the workspace looks like: for everybody, on every screen, with names that hardly fit."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.workspace.faces import (
    SIZES,
    TAGS,
    WAIT,
    Desk,
    Meet,
    as_owner,
    press,
    too_wide,
    violations,
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
