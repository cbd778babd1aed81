"""A real server and a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright

from tests.chromium import chromium
from tests.e2e.admin import Admin
from tests.e2e.visitors import Agent, Visit, Widget
from tests.e2e.wires import WAIT, Line
from tests.live import LiveServer, live_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of the module's own, with the demo organisation, where one may often sign in."""
    with live_server(tmp_path_factory.mktemp("server"), PASSWORD_LIMIT_BURST="1000") as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Headless Chromium."""
    with chromium(playwright) as running:
        yield running


@pytest.fixture
def agent(server: LiveServer) -> Iterator[Agent]:
    """An agent who takes chats."""
    with Agent(server, server.demo["agents"][1]) as connected:
        connected.accept()
        yield connected
        connected.accept(False)
        connected.close_all()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor nobody knows."""
    made = browser.new_context(viewport={"width": 1024, "height": 800})
    made.set_default_timeout(WAIT * 1000)
    yield made
    made.close()


@pytest.fixture
def visit(server: LiveServer, context: BrowserContext) -> Visit:
    """Return how the visitor opens a page with the widget in a new tab."""

    def go(path: str = "/demo/") -> Widget:
        return Widget(context.new_page(), server.url + path)

    return go


@pytest.fixture
def admin(browser: Browser, server: LiveServer) -> Iterator[Admin]:
    """The owner in the admin; the browser must not complain of anything a test does not expect."""
    made = Admin(browser, server, server.demo["agents"][0])
    yield made
    complaints = made.faults()
    made.close()
    assert complaints == []


@pytest.fixture
def line(context: BrowserContext, agent: Agent) -> Line:
    """The visitor's line; frames pass only while Playwright works, so agents wait with it."""
    made = Line(context, "customer")
    idle = context.new_page()
    agent.meanwhile = lambda: idle.wait_for_timeout(20)
    return made
