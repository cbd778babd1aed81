"""Who sits before the widget: people their site vouches for, and browsers on their way.

The site is another than the server's: its pages are at 127.0.0.1, the widget comes from localhost.
To Chromium that makes the panel a third party, which gets no storage; a shop next door lets it.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, ViewportSize, expect

from tests.e2e.axe import SIZES, faults
from tests.e2e.faces import until
from tests.e2e.visitors import Agent, Widget, furnish, started
from tests.e2e.wires import WAIT
from tests.live import LiveServer

pytestmark = pytest.mark.browser

SMALLEST: ViewportSize = {"width": 320, "height": 480}
"""The smallest of phones."""
ASKS_SERVER = """{
  identity_proof: () => fetch("/host/proof").then((answer) => answer.ok ? answer.text() : null),
}"""
PAGE = """<!doctype html><html lang="en"><title>Shop</title><main><h1>Shop</h1></main>
<script>
window.heard = [];
window.__lc = %s;
window.LiveChatWidget = { _q: [["on", ["identity_failed", (data) => heard.push(data)]]] };
</script>
<script src="%s/widget.js" data-organization-id="%s" %s></script>"""


class Site:
    """A shop's pages and server; ``user`` is who is signed in there, ``None`` for nobody."""

    def __init__(self, server: LiveServer, key: dict[str, str]) -> None:
        self.server = server
        self.key = key
        self.user: str | None = None
        self.claims: dict[str, Any] = {}
        self.proofs = 0
        self.tokens: list[dict[str, Any]] = []
        self.url = ""
        self.config = ASKS_SERVER
        self.attributes = ""
        self.organization = server.demo["organization_id"]

    def next_door(self) -> None:
        """Move to where browsers let the panel keep things: another origin of the server's site."""
        self.url = self.url.replace("127.0.0.1", "localhost")

    def proof(self, user: str, **claims: Any) -> str:
        """Sign a proof, as the site's server does."""
        now = int(time.time())
        said = {
            "sub": user,
            "aud": self.organization,
            "iat": now,
            "exp": now + 300,
            "jti": uuid.uuid4().hex,
            **self.claims,
            **claims,
        }
        secret = said.pop("secret", self.key["secret"])
        return jwt.encode(said, secret, algorithm="HS256", headers={"kid": self.key["id"]})

    def token(self) -> dict[str, Any]:
        """Get a token of the user's customer, with the token of an agent of theirs."""
        owner = self.server.demo["agents"][0]
        body = {
            "grant_type": "agent_token",
            "response_type": "token",
            "client_id": self.server.demo["client_id"],
        }
        if self.tokens:
            body["entity_id"] = self.tokens[0]["entity_id"]
        request = urllib.request.Request(
            f"{self.server.url}/v2/customer/token",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {owner['access_token']}"},
        )
        with urllib.request.urlopen(request) as answer:
            self.tokens.append(json.load(answer))
        return self.tokens[-1]

    def answer(self, path: str) -> tuple[int, str, str]:
        """Return status, kind and body of what is at ``path``."""
        if path.endswith("/proof"):
            self.proofs += 1
            if self.user is None:
                return 401, "text/plain", ""
            return 200, "text/plain", self.proof(self.user)
        if path.endswith("/token"):
            return 200, "application/json", json.dumps(self.token())
        where = (self.config, self.server.url, self.organization, self.attributes)
        return 200, "text/html", PAGE % where


@contextmanager
def open_for_business(site: Site) -> Iterator[None]:
    """Serve the site's pages."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = site.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        site.url = f"http://127.0.0.1:{serving.server_port}/host/"
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        yield
        serving.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def key(server: LiveServer) -> dict[str, str]:
    """An identity key of the demo organisation's."""
    made: dict[str, str] = furnish(server, keys=["Shop"])["keys"][0]
    return made


@pytest.fixture
def site(server: LiveServer, key: dict[str, str]) -> Iterator[Site]:
    """A shop where somebody new is signed in."""
    made = Site(server, key)
    made.user = f"user-{uuid.uuid4().hex[:6]}"
    with open_for_business(made):
        yield made


@pytest.fixture
def elsewhere(browser: Browser) -> Iterator[BrowserContext]:
    """Another device."""
    made = browser.new_context(viewport={"width": 1024, "height": 800})
    made.set_default_timeout(WAIT * 1000)
    yield made
    made.close()


def visit(context: BrowserContext, site: Site) -> Widget:
    """Open the site and its chat in a new tab."""
    return Widget(context.new_page(), site.url).open()


def panel_of(page: Page) -> Frame:
    """Return the document inside the widget's iframe."""
    return next(frame for frame in page.frames if "/widget/panel/" in frame.url)


def customer_id(widget: Widget) -> str:
    """Return whom the host page is told it has for a visitor."""
    widget.page.wait_for_function("LiveChatWidget.get('customer_data').id")
    found: str = widget.page.evaluate("LiveChatWidget.get('customer_data').id")
    return found


class TestProofs:
    def test_a_second_device_of_the_same_person_sees_the_same_chat(
        self, context: BrowserContext, elsewhere: BrowserContext, site: Site, agent: Agent
    ) -> None:
        site.claims = {"name": "Kim Signed-In", "email": "kim@example.com", "email_verified": True}

        here = visit(context, site)
        here.say("From my desk")
        chat_id = started(agent)
        agent.say(chat_id, "Hello Kim")
        here.expect_said("From my desk", "Hello Kim")
        there = visit(elsewhere, site)
        there.expect_said("From my desk", "Hello Kim")
        there.say("From my phone")

        here.expect_said("From my desk", "Hello Kim", "From my phone")
        assert customer_id(here) == customer_id(there)
        users = agent.ask("get_chat", chat_id=chat_id)["users"]
        assert [
            (user["name"], user["email"], user["email_verified"])
            for user in users
            if user["type"] == "customer"
        ] == [("Kim Signed-In", "kim@example.com", True)]

    def test_pages_of_one_visit_need_no_further_proof_redeemed(
        self, context: BrowserContext, site: Site, agent: Agent
    ) -> None:
        site.next_door()
        once = site.proof(str(site.user))
        site.config = json.dumps({"identity_proof": once})
        widget = visit(context, site)
        widget.say("Still here?")
        started(agent)

        widget.page.reload()

        widget.open().expect_said("Still here?")
        assert widget.page.evaluate("heard") == []

    def test_another_person_on_the_same_page_sees_nothing_of_the_first(
        self, context: BrowserContext, site: Site, agent: Agent
    ) -> None:
        widget = visit(context, site)
        widget.say("Mine alone")
        widget.words.fill("a draft of mine")
        started(agent)
        first = customer_id(widget)

        site.user = "somebody-else"
        widget.page.reload()

        widget.open()
        expect(widget.bubbles).to_have_count(0)
        assert customer_id(widget) != first
        expect(widget.words).to_have_value("")

    def test_chats_from_before_the_sign_in_stay_the_browsers(
        self, context: BrowserContext, site: Site, agent: Agent
    ) -> None:
        user, site.user = site.user, None
        site.config = "{}"
        widget = visit(context, site)
        widget.say("Who am I?")
        started(agent)
        widget.expect_said("Who am I?")
        anonymous = customer_id(widget)

        widget.page.evaluate(
            "proof => LiveChatWidget.call('sign_in', proof)", site.proof(str(user))
        )

        widget.open()
        expect(widget.bubbles).to_have_count(0)
        assert customer_id(widget) != anonymous

    @pytest.mark.parametrize(
        "lie",
        [
            {"secret": "x" * 64},
            {"iat": int(time.time()) - 900, "exp": int(time.time()) - 600},
            {"aud": str(uuid.uuid4())},
        ],
        ids=["forged", "expired", "somebody else's"],
    )
    def test_a_proof_that_does_not_hold_lets_nobody_in(
        self, context: BrowserContext, site: Site, lie: dict[str, Any]
    ) -> None:
        site.claims = lie

        widget = visit(context, site)

        expect(widget.panel.get_by_text("We could not confirm who you are.")).to_be_visible()
        expect(widget.words).to_be_hidden()
        widget.page.wait_for_function("heard.length")
        (told,) = widget.page.evaluate("heard")
        assert told["code"] == "invalid_grant"
        assert told["description"]
        assert faults(widget.page, "identity-refused", panel_of, (*SIZES, SMALLEST)) == []

    def test_trying_again_asks_for_another_proof(
        self, context: BrowserContext, site: Site, agent: Agent
    ) -> None:
        user, site.user = site.user, None
        widget = visit(context, site)
        expect(widget.panel.get_by_text("We could not confirm who you are.")).to_be_visible()
        widget.page.wait_for_function("heard.length")
        assert widget.page.evaluate("heard[0].code") == "no_proof"

        site.user = user
        widget.panel.get_by_role("button", name="Try again").click()
        widget.say("It is me")

        started(agent)
        widget.expect_said("It is me")

    def test_a_site_may_let_them_chat_as_nobody_known(
        self, context: BrowserContext, site: Site, agent: Agent
    ) -> None:
        site.user = None
        site.config = ASKS_SERVER.replace("{", "{ identity_fallback: true, ", 1)

        widget = visit(context, site)
        widget.say("Whoever I am")

        started(agent)
        widget.expect_said("Whoever I am")
        assert widget.page.evaluate("heard.map((one) => one.code)") == ["no_proof"]


class TestSigningOut:
    def test_leaves_nothing_of_the_former_customer(
        self, context: BrowserContext, site: Site, agent: Agent
    ) -> None:
        site.next_door()
        site.claims = {"name": "Kim", "email": "kim@example.com"}
        widget = visit(context, site)
        widget.say("A secret of mine")
        started(agent)
        widget.words.fill("a draft of mine")
        former = customer_id(widget)

        site.user = None
        widget.page.evaluate("LiveChatWidget.call('sign_out')")

        widget.open()
        expect(widget.bubbles).to_have_count(0)
        expect(widget.words).to_have_value("")
        widget.page.wait_for_function("LiveChatWidget.get('customer_data').id")
        told = widget.page.evaluate("LiveChatWidget.get('customer_data')")
        assert told["id"] != former
        assert (told["name"], told["email"]) == ("", "")
        kept = panel_of(widget.page).evaluate(
            "JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])"
        )
        for trace in ("A secret of mine", "a draft of mine", former, "kim@example.com"):
            assert trace not in kept

    def test_ends_what_the_browser_was_before_too(
        self, context: BrowserContext, site: Site, agent: Agent
    ) -> None:
        site.config = "{}"
        widget = visit(context, site)
        widget.say("Before I signed in")
        started(agent)
        widget.expect_said("Before I signed in")
        anonymous = customer_id(widget)
        widget.page.evaluate(
            "proof => LiveChatWidget.call('sign_in', proof)", site.proof(str(site.user))
        )
        widget.open()
        expect(widget.bubbles).to_have_count(0)

        widget.page.evaluate("LiveChatWidget.call('sign_out')")
        widget.open()
        expect(widget.bubbles).to_have_count(0)
        widget.page.reload()

        widget.open()
        expect(widget.bubbles).to_have_count(0)
        assert customer_id(widget) != anonymous

    def test_reaches_the_other_tabs(
        self, context: BrowserContext, site: Site, agent: Agent
    ) -> None:
        site.next_door()
        first = visit(context, site)
        first.say("In two tabs")
        started(agent)
        second = visit(context, site)
        second.expect_said("In two tabs")

        site.user = None
        first.page.evaluate("LiveChatWidget.call('sign_out')")

        expect(second.panel.get_by_text("We could not confirm who you are.")).to_be_visible()
        expect(second.bubbles).to_have_count(0)

    def test_works_before_anybody_opened_the_chat(
        self, context: BrowserContext, site: Site, agent: Agent
    ) -> None:
        site.config = "{}"
        widget = visit(context, site)
        widget.say("Earlier")
        started(agent)
        widget.expect_said("Earlier")
        widget.page.close()
        later = Widget(context.new_page(), site.url)

        later.page.evaluate("LiveChatWidget.call('sign_out')")

        later.open()
        expect(later.bubbles).to_have_count(0)


PROVIDER = """{
  custom_identity_provider: () => {
    let cached = null;
    const ask = () => fetch("/host/token").then((answer) => answer.json());
    const fetchToken = () => ask().then((token) => (cached = {
      accessToken: token.access_token,
      entityId: token.entity_id,
      expiresIn: token.expires_in * 1000,
      tokenType: token.token_type,
      creationDate: Date.now(),
      licenseId: 1,
    }));
    return {
      getToken: () => (cached ? Promise.resolve(cached) : fetchToken()),
      getFreshToken: fetchToken,
      hasToken: () => Promise.resolve(Boolean(cached)),
      invalidate: () => Promise.resolve(void (cached = null)),
    };
  },
}"""


class TestOwnProviders:
    def test_the_sites_functions_say_who_it_is(
        self, context: BrowserContext, site: Site, agent: Agent
    ) -> None:
        site.config = PROVIDER

        widget = visit(context, site)
        widget.say("Through our own server")

        started(agent)
        widget.expect_said("Through our own server")
        assert customer_id(widget) == site.tokens[0]["entity_id"]

    def test_a_token_that_ends_is_followed_by_a_fresh_one(
        self, context: BrowserContext, site: Site, agent: Agent
    ) -> None:
        site.config = PROVIDER
        widget = visit(context, site)
        widget.say("Before")
        started(agent)
        widget.expect_said("Before")

        request = urllib.request.Request(
            f"{site.server.url}/v2/customer/token",
            method="DELETE",
            headers={"Authorization": f"Bearer {site.tokens[0]['access_token']}"},
        )
        urllib.request.urlopen(request).close()
        assert until(widget.page, lambda: len(site.tokens) == 2)

        widget.say("After")
        widget.expect_said("Before", "After")
        assert len(site.tokens) == 2
        assert customer_id(widget) == site.tokens[0]["entity_id"]


class TestOnTheWay:
    def test_a_transfer_continues_the_chat_on_another_device(
        self,
        server: LiveServer,
        context: BrowserContext,
        elsewhere: BrowserContext,
        agent: Agent,
        visit: Callable[..., Widget],
    ) -> None:
        here = visit().open()
        here.say("Begun here")
        chat_id = started(agent)
        here.expect_said("Begun here")
        panel = panel_of(here.page)
        client_id = panel.evaluate("document.body.dataset.clientId")
        code = panel.evaluate(
            """async ([organization, client]) => {
              const kept = localStorage.getItem(`livechat:${organization}:token`);
              const { accessToken } = JSON.parse(kept);
              const answer = await fetch("/v2/customer/identity_transfer", {
                method: "POST",
                headers: { Authorization: `Bearer ${accessToken}` },
                body: JSON.stringify({ bearer_type: "customer", client_id: client }),
              });
              return (await answer.json()).identity_transfer_token;
            }""",
            [server.demo["organization_id"], client_id],
        )

        page = elsewhere.new_page()
        page.goto(f"{server.url}/demo/")
        answer = page.evaluate(
            """async ([client, code]) => (await fetch("/v2/customer/token", {
              method: "POST",
              credentials: "include",
              body: JSON.stringify({ grant_type: "identity_token", client_id: client, code }),
            })).json()""",
            [client_id, code],
        )
        there = Widget(page, f"{server.url}/demo/").open()
        there.expect_said("Begun here")
        there.say("Continued there")

        here.expect_said("Begun here", "Continued there")
        assert answer["entity_id"] == customer_id(here) == customer_id(there)
        assert agent.texts(chat_id) == ["Begun here", "Continued there"]


class TestGroups:
    def test_visitors_of_a_group_are_others_than_elsewhere(
        self, server: LiveServer, context: BrowserContext, site: Site, agent: Agent
    ) -> None:
        group = furnish(server, apart=True)["group"]
        site.config = "{}"
        everywhere = visit(context, site)
        everywhere.say("To everybody")
        started(agent)
        everywhere.expect_said("To everybody")
        general = customer_id(everywhere)
        site.attributes = f'data-group-id="{group}"'

        boats = visit(context, site)

        expect(boats.bubbles).to_have_count(0)
        own = customer_id(boats)
        assert own != general
        boats.page.reload()
        assert customer_id(boats.open()) == own
