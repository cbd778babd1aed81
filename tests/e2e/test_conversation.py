"""A visitor with the widget and an agent at the workspace talk, and lose nothing on the way."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, expect

from tests.e2e.faces import WAIT, Desk, Line, Visitor, chat_of, stored, until
from tests.live import LiveServer

pytestmark = pytest.mark.browser

OFFER: FilePayload = {"name": "offer.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 a"}
RECEIPT: FilePayload = {"name": "receipt.txt", "mimeType": "text/plain", "buffer": b"Paid."}
NOTICED = 30.0
"""Seconds until a line without a sign of life is given up: the next ping and its patience."""
names = (f"Vera Visitor {number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def desk(server: LiveServer, browser: Browser) -> Iterator[Desk]:
    """The workspace of an agent, signed in by password and taking chats."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(WAIT * 1000)
    made = Desk(context, server.url, server.demo["agents"][1])
    made.accept(True)
    yield made
    context.close()


@pytest.fixture
def visitor_context(browser: Browser) -> Iterator[BrowserContext]:
    """The browser of a visitor nobody knows."""
    context = browser.new_context(viewport={"width": 1024, "height": 760})
    context.set_default_timeout(WAIT * 1000)
    yield context
    context.close()


@pytest.fixture
def visitor(server: LiveServer, visitor_context: BrowserContext) -> Visitor:
    """A visitor on the demo page, with the widget open."""
    return Visitor(visitor_context, server.url, next(names))


@pytest.fixture
def talk(desk: Desk, visitor: Visitor) -> Iterator[None]:
    """A conversation that has begun: the visitor said "Hello" and the agent "Hi"."""
    visitor.say("Hello")
    desk.open(visitor.name)
    desk.say("Hi")
    expect(visitor.log).to_contain_text("Hi")
    yield
    desk.context.set_offline(False)
    expect(desk.status).to_have_text("Accepting chats", timeout=WAIT * 1000)
    close = desk.page.get_by_role("button", name="Close chat")
    if close.is_visible():
        close.click()


Agree = Callable[..., None]


@pytest.fixture
def agree(server: LiveServer, desk: Desk, visitor: Visitor) -> Agree:
    """Return how to check that both sides and the API tell the same, which is exactly this."""

    def check(*expected: Line) -> None:
        wanted = list(expected)
        until(desk.page, lambda: desk.transcript() == wanted == visitor.transcript())
        assert visitor.transcript() == wanted
        assert desk.transcript() == wanted
        assert stored(server, chat_of(desk)) == wanted

    return check


def customer(what: str) -> Line:
    """The customer's line."""
    return Line("customer", what)


def agent(what: str) -> Line:
    """The agent's line."""
    return Line("agent", what)


BEGUN = (customer("Hello"), agent("Hi"))


def test_they_talk_see_each_other_write_and_exchange_files(
    desk: Desk, visitor: Visitor, talk: None, agree: Agree
) -> None:
    visitor.words.press_sequentially("My rear wheel", delay=15)
    expect(desk.log).to_contain_text("My rear wheel")
    expect(desk.log).to_contain_text("not sent yet")
    visitor.say("My rear wheel wobbles.")

    desk.words.press_sequentially("Bring it", delay=15)
    expect(visitor.panel.get_by_text("is typing…")).to_be_visible()
    desk.say("Bring it before noon.")
    desk.attach(OFFER)
    expect(visitor.panel.get_by_role("link", name="Download offer.pdf")).to_be_visible()
    visitor.attach(RECEIPT)

    agree(
        *BEGUN,
        customer("My rear wheel wobbles."),
        agent("Bring it before noon."),
        agent("offer.pdf"),
        customer("receipt.txt"),
    )


def test_a_whisper_stays_among_agents(
    desk: Desk, visitor: Visitor, talk: None, server: LiveServer
) -> None:
    desk.whisper("She was here last week.")
    desk.say("Welcome back!")
    expect(visitor.log).to_contain_text("Welcome back!")

    assert visitor.transcript() == [*BEGUN, agent("Welcome back!")]
    whispered = [*BEGUN, agent("She was here last week."), agent("Welcome back!")]
    assert desk.transcript() == whispered
    visitor.page.reload()
    visitor.open()
    expect(visitor.log).to_contain_text("Welcome back!")
    assert visitor.transcript() == [*BEGUN, agent("Welcome back!")]


def test_what_the_visitor_writes_and_misses_offline_comes_through_once_and_in_order(
    desk: Desk, visitor: Visitor, talk: None, agree: Agree
) -> None:
    visitor.context.set_offline(True)
    expect(visitor.panel.get_by_text("You are offline.")).to_be_visible()
    for text in ("one", "two", "three"):
        visitor.say(text)
    desk.say("Still there?")
    expect(desk.log).to_contain_text("Still there?")
    expect(desk.log.locator(".message-sending")).to_have_count(0)

    visitor.context.set_offline(False)

    agree(*BEGUN, agent("Still there?"), customer("one"), customer("two"), customer("three"))


def test_what_the_agent_writes_and_misses_offline_comes_through_once_and_in_order(
    desk: Desk, visitor: Visitor, talk: None, agree: Agree
) -> None:
    desk.context.set_offline(True)
    expect(desk.status).to_have_text("Not connected", timeout=NOTICED * 1000)
    for text in ("one", "two", "three"):
        desk.say(text)
    visitor.say("Are you there?")
    expect(visitor.panel.get_by_text("Sent", exact=True)).to_be_visible()

    desk.context.set_offline(False)

    agree(*BEGUN, customer("Are you there?"), agent("one"), agent("two"), agent("three"))


def test_a_reload_keeps_the_transcript_and_the_conversation_goes_on(
    desk: Desk, visitor: Visitor, talk: None, agree: Agree
) -> None:
    visitor.page.reload()
    visitor.open()
    agree(*BEGUN)
    desk.page.reload()
    visitor.say("Back again.")
    expect(desk.log).to_contain_text("Back again.")
    desk.say("Me too.")

    agree(*BEGUN, customer("Back again."), agent("Me too."))


def test_a_closed_chat_is_resumed_where_it_was_left(
    desk: Desk, visitor: Visitor, talk: None, agree: Agree
) -> None:
    visitor.end()
    expect(visitor.panel.get_by_text("This chat has ended.")).to_be_visible()
    expect(desk.page.get_by_text("This chat is closed.")).to_be_visible()

    visitor.say("One more thing.")

    expect(desk.words).to_be_visible()
    desk.say("Yes?")
    agree(*BEGUN, customer("One more thing."), agent("Yes?"))


@pytest.mark.slow
def test_a_server_that_dies_in_the_middle_takes_nothing_with_it(
    server: LiveServer, desk: Desk, visitor: Visitor, talk: None, agree: Agree
) -> None:
    server.kill()
    expect(desk.status).to_have_text("Not connected")
    visitor.say("one")
    visitor.say("two")
    server.start()
    visitor.look_for_the_line()
    desk.look_for_the_line()
    agree(*BEGUN, customer("one"), customer("two"))

    server.kill()
    expect(desk.status).to_have_text("Not connected")
    desk.say("three")
    desk.say("four")
    server.start()
    visitor.look_for_the_line()
    desk.look_for_the_line()

    agree(*BEGUN, customer("one"), customer("two"), agent("three"), agent("four"))
