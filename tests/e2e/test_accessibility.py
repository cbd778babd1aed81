"""Both faces for people who see, hear or move differently: axe is content, no mouse is needed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, expect

from tests.e2e.axe import SCHEMES, grave
from tests.e2e.faces import WAIT, Desk, Visitor
from tests.live import LiveServer

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
names = (f"Ada Reader {number}" for number in itertools.count(1))


@pytest.fixture(params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> Scheme:
    """The colours a person prefers."""
    found: Scheme = request.param
    return found


@pytest.fixture
def context(browser: Browser, scheme: Scheme) -> Iterator[BrowserContext]:
    """A browser that lets axe in and prefers the scheme; without motion, colours are final."""
    made = browser.new_context(bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
    made.set_default_timeout(WAIT * 1000)
    yield made
    made.close()


@pytest.fixture
def visitor_context(browser: Browser, scheme: Scheme) -> Iterator[BrowserContext]:
    """The same for a visitor."""
    made = browser.new_context(bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
    made.set_default_timeout(WAIT * 1000)
    yield made
    made.close()


def panel(visitor: Visitor) -> Frame:
    """Return the document inside the widget's iframe."""
    return next(frame for frame in visitor.page.frames if "/widget" in frame.url)


def test_the_page_to_sign_in(server: LiveServer, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/signin")

    assert grave(page) == []


def test_the_workspace_empty_and_with_a_conversation_open(
    server: LiveServer, context: BrowserContext, visitor_context: BrowserContext
) -> None:
    desk = Desk(context, server.url, server.demo["agents"][1])
    desk.accept(True)
    assert grave(desk.page) == []

    visitor = Visitor(visitor_context, server.url, next(names))
    visitor.say("Hello, see https://shop.example/")
    desk.open(visitor.name)
    desk.whisper("Only for colleagues.")
    desk.say("Hi!")
    visitor.words.press_sequentially("Being written")
    expect(desk.log).to_contain_text("Being written")

    assert grave(desk.page) == []
    desk.page.get_by_role("button", name="Close chat").click()


def test_a_page_with_the_widget_open(server: LiveServer, context: BrowserContext) -> None:
    visitor = Visitor(context, server.url)
    assert grave(visitor.page) == []
    assert grave(panel(visitor)) == []

    visitor.say("Hello, see https://shop.example/")
    expect(visitor.log).to_contain_text("Hello")

    assert grave(panel(visitor)) == []


def test_a_visitor_needs_no_mouse(server: LiveServer, visitor_context: BrowserContext) -> None:
    page = visitor_context.new_page()
    page.goto(f"{server.url}/demo/")
    launcher = page.get_by_role("button", name="Open chat")
    expect(launcher).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if launcher.evaluate("(button) => button.getRootNode().activeElement === button"):
            break
    expect(launcher).to_be_focused()
    page.keyboard.press("Enter")
    widget = page.frame_locator("livechat-widget iframe")
    expect(widget.get_by_label("Your message")).to_be_focused()
    page.keyboard.type("By keyboard alone.")
    page.keyboard.press("Enter")
    expect(widget.get_by_role("log")).to_contain_text("By keyboard alone.")

    page.keyboard.press("Escape")

    expect(launcher).to_be_focused()
    expect(launcher).to_have_attribute("aria-expanded", "false")


def test_an_agent_needs_no_mouse(
    server: LiveServer, context: BrowserContext, visitor_context: BrowserContext
) -> None:
    desk = Desk(context, server.url, server.demo["agents"][1])
    desk.accept(True)
    visitor = Visitor(visitor_context, server.url, next(names))
    visitor.say("Hello")
    expect(desk.row(visitor.name)).to_be_visible()
    keyboard = desk.page.keyboard
    desk.page.locator("body").press("g")
    keyboard.press("m")
    expect(desk.row(visitor.name)).to_be_focused()

    keyboard.press("Enter")
    keyboard.press("r")
    expect(desk.words).to_be_focused()
    keyboard.type("Hi, by keyboard.")
    keyboard.press("Enter")
    expect(visitor.log).to_contain_text("Hi, by keyboard.")
    keyboard.press("Escape")
    desk.log.focus()
    keyboard.press("e")

    expect(visitor.panel.get_by_text("This chat has ended.")).to_be_visible(timeout=WAIT * 1000)
