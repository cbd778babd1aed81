"""The official accounts SDK, unmodified, on somebody else's site, in a real browser."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.clients import web
from tests.e2e.axe import SCHEMES, grave
from tests.e2e.elsewhere import register, shop
from tests.e2e.wires import WAIT
from tests.live import LiveServer, live_server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that lets one go to and fro as often as tests do."""
    directory = tmp_path_factory.mktemp("server")
    with live_server(
        directory, PASSWORD_LIMIT_BURST="1000", REDIRECT_LIMIT_BURST="1000"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Somebody else's site; returns its origin."""
    with shop() as origin:
        yield origin


class Person:
    """Somebody with a browser, who has the site open and can sign in at our server."""

    def __init__(self, context: BrowserContext, server: LiveServer, site: str) -> None:
        self.server = server
        self.site = site
        self.page = context.new_page()
        self.complaints: list[str] = []
        context.on("page", lambda page: self.watch(page))
        self.watch(self.page)

    def watch(self, page: Page) -> None:
        """Note what the browser says our pages did against their policy, or threw."""
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )

    def visit(self, client: dict[str, str], **options: Any) -> None:
        """Open the site, which is this client and uses the SDK with these options."""
        told = {"client_id": client["client_id"], "server_url": self.server.url, **options}
        self.page.goto(self.site)
        self.page.evaluate("told => localStorage.setItem('options', JSON.stringify(told))", told)
        self.page.reload()

    def sign_in(self, page: Page, number: int = 0) -> None:
        """Fill in the sign-in page."""
        account = self.server.demo["agents"][number]
        page.get_by_label("E-mail address").fill(account["id"])
        page.get_by_label("Password").fill(account["password"])
        page.get_by_role("button", name="Sign in", exact=True).click()

    def redirect(self) -> None:
        """Press the site's button for the redirect flow."""
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def popup(self) -> Page:
        """Press the site's button for the popup flow; return the window that opens."""
        with self.page.expect_popup() as opened:
            self.page.get_by_role("button", name="Sign in in a window").click()
        return opened.value

    def press(self, name: str, page: Page | None = None) -> None:
        """Press a button of our page, which may close with it."""
        button = (page or self.page).get_by_role("button", name=name, exact=True)
        button.click(no_wait_after=True)

    @property
    def outcome(self) -> dict[str, Any]:
        """What the SDK answered the site."""
        shown = self.page.locator("#outcome")
        expect(shown).not_to_be_empty(timeout=WAIT * 1000)
        found: dict[str, Any] = json.loads(shown.text_content() or "")
        return found


@pytest.fixture
def person(browser: Browser, server: LiveServer, site: str) -> Iterator[Person]:
    context = browser.new_context()
    context.set_default_timeout(WAIT * 1000)
    made = Person(context, server, site)
    yield made
    context.close()
    assert made.complaints == []


def me(server: LiveServer, token: str) -> str:
    """Return the account of the token's holder; the Agent API takes the token, too."""
    web(server.url, "/v3.6/agent/action/list_chats", {}, f"Bearer {token}")
    request = urllib.request.Request(
        f"{server.url}/v2/info", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=WAIT) as response:
        return str(json.load(response)["account_id"])


def redeem(server: LiveServer, client: dict[str, str], site: str, **proof: str) -> dict[str, Any]:
    """Ask for the tokens of a code, as the site's script would."""
    body = {
        "grant_type": "authorization_code",
        "client_id": client["client_id"],
        "redirect_uri": f"{site}/",
        **proof,
    }
    request = urllib.request.Request(f"{server.url}/v2/token", urlencode(body).encode())
    with urllib.request.urlopen(request, timeout=WAIT) as response:
        found: dict[str, Any] = json.load(response)
    return found


def test_redirect_flow_with_a_token(person: Person, server: LiveServer, site: str) -> None:
    client = register(server, site)
    person.visit(client, state="as sent")

    person.redirect()
    person.sign_in(person.page)
    person.press("Allow")
    person.page.wait_for_url(f"{site}/**")

    outcome = person.outcome
    assert outcome["data"]["expires_in"] == 28_800
    assert outcome["data"]["token_type"] == "Bearer"
    assert outcome["data"]["scope"] == "agents--my:ro,chats--all:rw,customers:ro"
    assert outcome["transaction"]["state"] == outcome["data"]["state"] == "as sent"
    assert me(server, outcome["data"]["access_token"]) == server.demo["agents"][0]["account_id"]


def test_redirect_flow_with_a_code_and_pkce(person: Person, server: LiveServer, site: str) -> None:
    client = register(server, site)
    person.visit(client, response_type="code")

    person.redirect()
    person.sign_in(person.page, 1)
    person.press("Allow")
    person.page.wait_for_url(f"{site}/**")

    outcome = person.outcome
    given = redeem(
        server,
        client,
        site,
        code=outcome["data"]["code"],
        code_verifier=outcome["transaction"]["code_verifier"],
    )
    assert given["scope"] == "agents--my:ro,chats--access:rw,customers:ro"
    assert me(server, given["access_token"]) == server.demo["agents"][1]["account_id"]


def test_the_second_time_nobody_is_asked(person: Person, server: LiveServer, site: str) -> None:
    client = register(server, site)
    person.visit(client)
    person.redirect()
    person.sign_in(person.page)
    person.press("Allow")
    first = person.outcome["data"]["access_token"]

    person.visit(client)
    person.redirect()

    person.page.wait_for_url(f"{site}/**")
    assert person.outcome["data"]["access_token"] != first


def test_who_allowed_it_before_only_signs_in(person: Person, server: LiveServer, site: str) -> None:
    client = register(server, site)
    person.visit(client)
    person.redirect()
    person.sign_in(person.page)
    person.press("Allow")
    first = person.outcome["data"]["access_token"]
    person.page.context.clear_cookies()

    person.visit(client)
    person.redirect()
    person.sign_in(person.page)

    person.page.wait_for_url(f"{site}/**")
    assert person.outcome["data"]["access_token"] != first


@pytest.mark.parametrize("flow", ["auto", "manual"])
def test_popup_flow(person: Person, server: LiveServer, site: str, flow: str) -> None:
    client = register(server, site)
    person.visit(client, popup_flow=flow, state="as sent")

    window = person.popup()
    person.sign_in(window)
    with window.expect_event("close"):
        person.press("Allow", window)

    outcome = person.outcome
    assert outcome["data"]["scope"] == "agents--my:ro,chats--all:rw,customers:ro"
    assert outcome["transaction"]["state"] == "as sent"
    assert me(server, outcome["data"]["access_token"]) == server.demo["agents"][0]["account_id"]


def test_popup_flow_with_a_code(person: Person, server: LiveServer, site: str) -> None:
    client = register(server, site)
    person.visit(client, response_type="code")

    window = person.popup()
    person.sign_in(window)
    with window.expect_event("close"):
        person.press("Allow", window)

    outcome = person.outcome
    verifier = outcome["transaction"]["code_verifier"]
    given = redeem(server, client, site, code=outcome["data"]["code"], code_verifier=verifier)
    assert me(server, given["access_token"]) == server.demo["agents"][0]["account_id"]


def test_a_popup_closes_by_itself_where_nothing_has_to_be_asked(
    person: Person, server: LiveServer, site: str
) -> None:
    client = register(server, site)
    person.visit(client)
    window = person.popup()
    person.sign_in(window)
    with window.expect_event("close"):
        person.press("Allow", window)
    first = person.outcome["data"]["access_token"]

    person.visit(client)
    person.popup()

    assert person.outcome["data"]["access_token"] != first


def test_the_manual_popup_is_always_shown(person: Person, server: LiveServer, site: str) -> None:
    client = register(server, site)
    person.visit(client, popup_flow="manual")
    window = person.popup()
    person.sign_in(window)
    with window.expect_event("close"):
        person.press("Allow", window)

    person.visit(client, popup_flow="manual")
    window = person.popup()

    expect(window.get_by_role("heading", level=1)).to_have_text("Let Shop act for you?")


def test_saying_no_in_the_popup(person: Person, server: LiveServer, site: str) -> None:
    person.visit(register(server, site))

    window = person.popup()
    person.sign_in(window)
    with window.expect_event("close"):
        person.press("Cancel", window)

    error = person.outcome["error"]
    assert error["oauth_exception"] == "access_denied"
    assert error["description"]


def test_saying_no_in_the_redirect_flow_ends_on_our_page(
    person: Person, server: LiveServer, site: str
) -> None:
    person.visit(register(server, site))

    person.redirect()
    person.sign_in(person.page)
    person.press("Cancel")

    expect(person.page.get_by_role("heading", level=1)).to_have_text("You did not give access")
    assert person.page.url.startswith(server.url)


def test_consent_is_asked_for_again_where_the_site_wants_so(
    person: Person, server: LiveServer, site: str
) -> None:
    client = register(server, site)
    person.visit(client)
    person.redirect()
    person.sign_in(person.page)
    person.press("Allow")
    assert "data" in person.outcome

    person.visit(client, prompt="consent")
    person.redirect()

    expect(person.page.get_by_role("heading", level=1)).to_have_text("Let Shop act for you?")
    person.press("Allow")
    assert "data" in person.outcome


def test_the_frame_flow_answers_who_is_signed_in_and_agreed(
    person: Person, server: LiveServer, site: str
) -> None:
    # A frame gets our session only from a page of the same site: of localhost, on another port.
    near = site.replace("127.0.0.1", "localhost")
    client = register(server, near)
    person.site = near
    person.visit(client)
    person.page.evaluate("frame()")
    assert person.outcome["error"]["identity_exception"] == "unauthorized"

    person.visit(client)
    person.redirect()
    person.sign_in(person.page)
    person.press("Allow")
    first = person.outcome["data"]["access_token"]
    person.visit(client)
    person.page.evaluate("frame()")

    assert person.outcome["data"]["access_token"] != first


def test_a_site_that_is_not_the_applications_gets_nothing(
    person: Person, server: LiveServer, site: str
) -> None:
    person.visit(register(server, "https://shop.example"))

    window = person.popup()

    expect(window.get_by_role("heading", level=1)).to_have_text(
        "This application asks for an answer at an address that is not its own"
    )
    expect(person.page.locator("#outcome")).to_be_empty()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [390, 1440])
def test_its_pages_are_for_everybody(
    browser: Browser, server: LiveServer, site: str, tmp_path: Path, scheme: Any, width: int
) -> None:
    context = browser.new_context(
        bypass_csp=True,
        color_scheme=scheme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 900},
    )
    context.set_default_timeout(WAIT * 1000)
    person = Person(context, server, site)
    person.visit(register(server, site))
    person.redirect()
    person.sign_in(person.page)

    for name, button in (("consent", "Cancel"), ("refusal", None)):
        expect(person.page.get_by_role("heading", level=1)).to_be_visible()
        page = person.page
        overflow = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not overflow, f"the page of the {name} is wider than the screen"
        page.screenshot(path=tmp_path / f"{name}-{width}-{scheme}.png", full_page=True)
        assert grave(page) == []
        if button:
            person.press(button)
    context.close()
