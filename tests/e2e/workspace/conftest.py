"""Agents at their desks, customers who come, and the server between them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage

from tests.e2e.wires import WAIT
from tests.e2e.workspace.faces import TAGS, Customer, Desk, Meet
from tests.live import LiveServer, live_server

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with tags, whose summaries are transcripts, and where one may often sign in."""
    made = live_server(
        tmp_path_factory.mktemp("server"),
        PASSWORD_LIMIT_BURST="1000",
        THREAD_SUMMARIZER="textwrap.dedent",
    )
    with made as running:
        organization_id = running.demo["organization_id"]
        running.backstage.do("tests.e2e.furnish:tag", organization_id=organization_id, names=TAGS)
        yield running


@pytest.fixture
def meet(server: LiveServer) -> Iterator[Meet]:
    """Return how a customer with a name of their own arrives; they leave in the end."""
    made: list[Customer] = []

    def arrive(name: str = "Cora") -> Customer:
        made.append(Customer(server, f"{name} {next(_numbers)}"))
        return made[-1]

    yield arrive
    for customer in made:
        customer.leave()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser nobody has used."""
    made = browser.new_context(viewport={"width": 1440, "height": 900})
    made.set_default_timeout(WAIT * 1000)
    yield made
    made.close()


@pytest.fixture
def complaints(context: BrowserContext) -> list[str]:
    """What the browser complains of: errors of scripts, and anything the page's policy forbids."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            found.append(message.text)

    context.on("console", note)
    context.on("weberror", lambda error: found.append(str(error.error)))
    return found


@pytest.fixture
def desk(server: LiveServer, context: BrowserContext) -> Iterator[Desk]:
    """Noah's workspace, taking chats."""
    made = Desk(context.new_page(), server, server.demo["agents"][1])
    made.accept(True)
    yield made
    made.page.close()


@pytest.fixture
def colleague(server: LiveServer, browser: Browser) -> Iterator[Desk]:
    """Amara's workspace, taking no chats of her own accord."""
    other = browser.new_context(viewport={"width": 1440, "height": 900})
    other.set_default_timeout(WAIT * 1000)
    made = Desk(other.new_page(), server, server.demo["agents"][2])
    made.accept(False)
    yield made
    other.close()
