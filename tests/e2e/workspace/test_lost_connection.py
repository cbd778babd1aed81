"""Lost connections: nothing lost, nothing doubled, and the truth in the switch."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.e2e.wires import WAIT, Line
from tests.e2e.workspace.faces import Desk, Meet
from tests.live import LiveServer

pytestmark = pytest.mark.browser


@pytest.fixture
def line(context: BrowserContext) -> Line:
    """The connection of every tab the agent opens from now on.

    Its frames pass through this process, and only while the test waits for the page.
    """
    return Line(context, "agent")


class TestLostConnection:
    """Nothing lost, nothing doubled, and the truth in the switch."""

    @pytest.fixture(autouse=True)
    def _through(self, line: Line) -> None:
        """Lay the line before anybody sits down at a desk."""

    def test_what_is_written_waits_and_what_is_missed_is_read(
        self, desk: Desk, line: Line, meet: Meet
    ) -> None:
        customer = meet().start("Before")
        desk.open(customer)
        desk.expect_said("Before")

        line.cut()
        expect(desk.status).to_have_text("Not connected")
        expect(desk.page.locator("#banner")).to_contain_text("Next try in")
        desk.say("Written while away, one")
        desk.say("Written while away, two")
        customer.say("Said meanwhile")
        expect(desk.log.locator(".delivery-sending")).to_have_text(
            ["Waiting for the connection"] * 2
        )
        line.mend()

        said = ["Before", "Said meanwhile", "Written while away, one", "Written while away, two"]
        desk.expect_said(*said)
        desk.wait_until_online()
        expect(desk.page.locator("#banner")).to_be_hidden()
        assert customer.texts() == said

    def test_a_message_whose_answer_was_lost_is_not_doubled(
        self, desk: Desk, line: Line, meet: Meet
    ) -> None:
        customer = meet().start("Before")
        desk.open(customer)

        line.swallow = lambda frame: frame["action"] in ("send_event", "incoming_event")
        desk.say("Only once")
        deadline = time.monotonic() + WAIT
        while customer.texts() != ["Before", "Only once"]:
            assert time.monotonic() < deadline
            desk.page.wait_for_timeout(50)
        line.cut()
        expect(desk.status).to_have_text("Not connected")
        line.mend()

        desk.expect_said("Before", "Only once")
        assert customer.texts() == ["Before", "Only once"]

    def test_unsent_words_survive_a_reload(self, desk: Desk, line: Line, meet: Meet) -> None:
        customer = meet().start("Before")
        desk.open(customer)
        desk.expect_said("Before")
        line.cut()
        desk.say("Written while away")

        desk.page.reload()
        line.mend()

        desk.expect_said("Before", "Written while away")
        assert customer.texts() == ["Before", "Written while away"]

    def test_signing_out_elsewhere_ends_this_tab_too(
        self, server: LiveServer, desk: Desk, context: BrowserContext
    ) -> None:
        other = context.new_page()
        other.goto(f"{server.url}/workspace/")
        other.get_by_role("button", name="Menu of").click()
        other.get_by_role("button", name="Sign out").click()
        expect(other.get_by_role("heading", name="Sign in")).to_be_visible()

        expect(desk.page.locator("#banner")).to_contain_text("You are signed out.")
        expect(desk.status).to_have_text("Not connected")

    def test_a_server_that_dies_and_returns_is_found_again(
        self, server: LiveServer, desk: Desk, meet: Meet
    ) -> None:
        customer = meet().start("Before")
        desk.open(customer)
        desk.expect_said("Before")

        server.kill()
        expect(desk.status).to_have_text("Not connected")
        desk.say("Written while it was away")
        server.start()
        desk.look_for_the_line()

        desk.expect_said("Before", "Written while it was away")
        customer.come_back()
        assert customer.texts() == ["Before", "Written while it was away"]
