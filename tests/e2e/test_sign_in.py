"""Signing in and looking after one's account, as people do it: a real browser, mails, a passkey."""

from __future__ import annotations

import email
import email.policy
import itertools
import json
import re
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.accounts.conftest import code_of
from tests.accounts.provider import CLIENT_ID, CLIENT_SECRET, Provider, running
from tests.e2e.axe import faults
from tests.live import LiveServer, live_server

pytestmark = pytest.mark.browser

PASSWORD: Final = "seven rivers of staples"
WAIT: Final = 15_000
_people = itertools.count(1)


class Site:
    """A running server with its mails and a provider of the demo organisation's own."""

    def __init__(self, server: LiveServer, mails: Path, provider: Provider) -> None:
        self.server, self.provider = server, provider
        self.url = server.url
        self.owner = server.demo["agents"][0]
        self._mails = mails

    def call(self, action: str, **payload: Any) -> Any:
        """Call an action of the Configuration API as the owner."""
        pair = f"{self.owner['account_id']}:{self.owner['pat']}".encode()
        request = urllib.request.Request(
            f"{self.url}/v3.6/configuration/action/{action}",
            json.dumps(payload).encode(),
            {
                "Content-Type": "application/json",
                "Authorization": f"Basic {b64encode(pair).decode()}",
            },
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def person(self) -> str:
        """Make an agent, who is invited; return their address."""
        address = f"person{next(_people)}@example.com"
        self.call("create_agent", id=address, name="Robin Reader")
        return address

    def link(self, to: str, subject: str) -> str:
        """Wait for a mail and return the link in it."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for path in self._mails.glob("*.log"):
                for part in path.read_bytes().split(b"-" * 79):
                    read = email.message_from_bytes(part.strip(), policy=email.policy.default)
                    if read["To"] == to and read["Subject"] == subject:
                        found = re.search(r"https?://\S+", read.get_content())
                        assert found is not None
                        return found[0]
            time.sleep(0.1)
        raise AssertionError(f"no mail {subject!r} came to {to}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server. Three wrong passwords in a row lock an account."""
    mails = tmp_path_factory.mktemp("mails")
    with (
        running() as provider,
        live_server(
            tmp_path_factory.mktemp("server"),
            PASSWORD_LIMIT_BURST="1000",
            SIGN_IN_FAILURES="3",
            EMAIL_URL=f"file:///{mails}",
            IDENTITY_PROVIDER_ALLOWED_HOSTS=provider.host,
        ) as server,
    ):
        yield Site(server, mails, provider)


class Person:
    """Somebody with a browser of their own, which is never complained about."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self.site = site
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
        )
        self.context.set_default_timeout(WAIT)
        self.complaints: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda said: (
                self.complaints.append(said.text) if "Content Security" in said.text else None
            ),
        )
        self.address = ""

    def go(self, path: str) -> Page:
        """Open a page of the site."""
        self.page.goto(path if path.startswith("http") else self.site.url + path)
        return self.page

    def joins(self) -> None:
        """Accept an invitation."""
        self.address = self.site.person()
        self.go(self.site.link(self.address, f"You are invited to {self.organization}"))
        self.page.get_by_label("New password").fill(PASSWORD)
        self.page.get_by_role("button", name="Set password and sign in").click()
        self.page.wait_for_url("**/workspace/")

    @property
    def organization(self) -> str:
        return "Demo"

    def signs_in(self, password: str = PASSWORD) -> None:
        """Send the form of the sign-in page."""
        self.go("/signin?next=/account/")
        self.page.get_by_label("E-mail address").fill(self.address)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def signs_out(self) -> None:
        """Sign out on the page of the account."""
        self.go("/account/")
        self.page.get_by_role("button", name="Sign out", exact=True).first.click()
        self.page.wait_for_url("**/signin")

    def is_in(self) -> None:
        """Expect the page of the account."""
        expect(self.page.get_by_role("heading", name="Your account")).to_be_visible()

    def has_authenticator(self) -> None:
        """Give the browser a device that makes passkeys and knows its person."""
        line = self.context.new_cdp_session(self.page)
        line.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        line.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def adds_app(self) -> tuple[str, list[str]]:
        """Add an authenticator app; return its seed and the recovery codes."""
        self.go("/account/app/")
        self.page.get_by_text("I can not use the camera").click()
        seed = self.page.locator(".seed").inner_text()
        self.page.get_by_label("Code").fill(code_of(seed))
        self.page.get_by_role("button", name="Add the app").click()
        expect(self.page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
        codes = self.page.locator(".recovery-codes code")
        expect(codes).to_have_count(10)
        return seed, codes.all_inner_texts()

    def adds_passkey(self) -> None:
        """Add a passkey."""
        self.go("/account/passkeys/add/")
        self.page.get_by_label("Name").fill("My laptop")
        self.page.get_by_role("button", name="Add a passkey").click()
        expect(self.page.get_by_role("heading", name="Your recovery codes")).to_be_visible()

    def looks(self, name: str) -> list[str]:
        """Return what is serious here, in both colours and at both widths; draw it."""
        return faults(self.page, name)


@pytest.fixture
def person(browser: Browser, site: Site) -> Iterator[Person]:
    """Somebody; what their browser complained of fails the test."""
    made = Person(browser, site)
    yield made
    made.context.close()
    assert made.complaints == []


@pytest.fixture
def elsewhere(browser: Browser, site: Site) -> Iterator[Person]:
    """A second browser."""
    made = Person(browser, site)
    yield made
    made.context.close()


def test_an_invitation_leads_to_the_workspace(person: Person) -> None:
    person.address = person.site.person()
    person.go(person.site.link(person.address, "You are invited to Demo"))
    field = person.page.get_by_label("New password")
    field.fill("short")
    expect(person.page.get_by_role("status")).to_have_text("Too short")
    field.fill("short words in a long row")
    expect(person.page.get_by_role("status")).to_have_text("Strong")
    assert person.looks("invitation") == []
    person.page.get_by_role("button", name="Set password and sign in").click()

    person.page.wait_for_url("**/workspace/")
    person.go("/account/")
    expect(person.page.get_by_text("verified", exact=True)).to_be_visible()


def test_a_forgotten_password_is_set_anew(person: Person) -> None:
    person.joins()
    person.signs_out()
    assert person.looks("signin") == []
    person.page.get_by_role("link", name="Forgotten your password?").click()
    assert person.looks("forgotten") == []
    person.page.get_by_label("E-mail address").fill(person.address)
    person.page.get_by_role("button", name="Send the link").click()
    expect(person.page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    assert person.looks("forgotten-sent") == []

    link = person.site.link(person.address, "Set a new password")
    person.go(link)
    assert person.looks("password-new") == []
    person.page.get_by_label("New password").fill("another row of words")
    person.page.get_by_role("button", name="Set password and sign in").click()
    person.page.wait_for_url("**/workspace/")

    person.go(link)
    expect(person.page.get_by_role("heading", name="This link is not good")).to_be_visible()
    assert person.looks("link-gone") == []


def test_another_address_is_proved_by_a_mail(person: Person) -> None:
    person.joins()
    person.go("/account/address/")
    person.page.get_by_label("New e-mail address").fill(f"new-{person.address}")
    person.page.get_by_role("button", name="Send the link").click()
    expect(person.page.get_by_role("status")).to_contain_text(f"new-{person.address}")

    person.go(person.site.link(f"new-{person.address}", "Is this your address?"))
    expect(person.page.get_by_text(f"takes the place of {person.address}")).to_be_visible()
    assert person.looks("address-prove") == []
    person.page.get_by_role("button", name="Yes, it is mine").click()
    expect(person.page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert person.looks("address-proved") == []

    person.signs_out()
    person.address = f"new-{person.address}"
    person.signs_in()
    person.is_in()
    expect(person.page.get_by_text("verified", exact=True)).to_be_visible()


def test_a_code_of_an_app_is_asked_for(person: Person) -> None:
    person.joins()
    person.go("/account/app/")
    assert person.looks("app") == []
    seed, codes = person.adds_app()
    assert len(codes) == 10
    assert person.looks("recovery-codes") == []
    person.signs_out()

    person.signs_in()
    expect(person.page.get_by_role("heading", name="One more step")).to_be_visible()
    person.page.get_by_label("Code").fill("000000")
    person.page.get_by_role("button", name="Continue").click()
    expect(person.page.get_by_role("alert")).to_contain_text("The code is wrong")
    assert person.looks("code-wrong") == []
    person.page.get_by_label("Code").fill(code_of(seed, 1))
    person.page.get_by_role("button", name="Continue").click()
    person.is_in()


def test_a_recovery_code_takes_its_place(person: Person) -> None:
    person.joins()
    _, codes = person.adds_app()
    person.signs_out()
    person.signs_in()
    person.page.get_by_label("Code").fill(codes[0])
    person.page.get_by_role("button", name="Continue").click()
    person.is_in()
    expect(person.page.get_by_text("9 are left.")).to_be_visible()


def test_a_passkey_signs_in_by_itself(person: Person) -> None:
    person.joins()
    person.has_authenticator()
    person.go("/account/passkeys/add/")
    assert person.looks("passkey") == []
    person.adds_passkey()
    person.signs_out()

    person.go("/signin?next=/account/")
    person.page.get_by_role("button", name="Use a passkey").click()
    person.is_in()
    expect(person.page.get_by_text("My laptop", exact=True).first).to_be_visible()
    assert person.looks("account") == []


def test_a_passkey_is_a_second_factor(person: Person) -> None:
    person.joins()
    person.has_authenticator()
    person.adds_passkey()
    person.signs_out()

    person.signs_in()
    expect(person.page.get_by_role("heading", name="One more step")).to_be_visible()
    assert person.looks("code-passkey") == []
    person.page.get_by_role("button", name="Use a passkey").click()
    person.is_in()


def test_a_provider_of_the_organization_lets_in(person: Person, elsewhere: Person) -> None:
    site = person.site
    owner = elsewhere
    owner.address = site.owner["id"]
    owner.signs_in(site.owner["password"])
    owner.is_in()
    owner.go("/admin/chatplatform/identityprovider/add/")
    for label, value in (
        ("Name", "Demo Login"),
        ("Issuer", site.provider.issuer),
        ("Client id", CLIENT_ID),
        ("Client secret", CLIENT_SECRET),
    ):
        owner.page.get_by_label(label).first.fill(value)
    owner.page.get_by_role("button", name="Save", exact=True).click()
    owner.page.wait_for_url("**/identityprovider/")

    person.address = site.person()
    site.provider.person = {"sub": "1", "email": person.address, "email_verified": True}
    person.go("/signin?next=/account/")
    assert person.looks("signin-provider") == []
    person.page.get_by_role("button", name="Sign in with Demo Login").click()
    person.is_in()

    site.provider.person = {"sub": "2", "email": "x@example.com", "email_verified": True}
    person.signs_out()
    person.page.get_by_role("button", name="Sign in with Demo Login").click()
    expect(person.page.get_by_role("heading", name="Nobody here is known")).to_be_visible()
    assert person.looks("unknown") == []

    # a link from elsewhere asks first
    site.provider.person = {"sub": "1", "email": person.address, "email_verified": True}
    owner.go("/admin/chatplatform/identityprovider/")
    owner.page.get_by_role("link", name="Demo Login").click()
    address = owner.page.get_by_text("/account/provider/").first.inner_text()
    person.go(address)
    expect(person.page.get_by_role("heading", name="Sign in with Demo Login")).to_be_visible()
    assert person.looks("provider-leave") == []
    person.page.get_by_role("button", name="Continue").click()
    person.page.wait_for_url("**/workspace/")


def test_guessing_locks_and_a_mail_unlocks(person: Person) -> None:
    person.joins()
    person.signs_out()
    for _ in range(3):
        person.signs_in("a wrong guess")
        expect(person.page.get_by_role("alert")).to_contain_text("password is wrong")
    person.signs_in()
    expect(person.page.get_by_role("alert")).to_contain_text("password is wrong")
    assert person.looks("signin-wrong") == []

    person.go(person.site.link(person.address, "Your account is locked for a while"))
    person.page.get_by_label("New password").fill("quite another row of words")
    person.page.get_by_role("button", name="Set password and sign in").click()
    person.page.wait_for_url("**/workspace/")


def test_ending_a_session_cuts_its_workspace(person: Person, elsewhere: Person) -> None:
    # given the workspace open in a second browser
    person.joins()
    elsewhere.address = person.address
    elsewhere.signs_in()
    elsewhere.is_in()
    frames: list[str] = []
    elsewhere.page.on(
        "websocket",
        lambda line: line.on("framereceived", lambda frame: frames.append(str(frame))),
    )
    elsewhere.go("/workspace/")
    deadline = time.monotonic() + 20
    while not any("login" in frame for frame in frames) and time.monotonic() < deadline:
        elsewhere.page.wait_for_timeout(50)
    assert any("login" in frame for frame in frames)

    # when it is ended from the first one
    person.go("/account/")
    expect(person.page.get_by_role("listitem").filter(has_text="this one")).to_have_count(1)
    person.page.get_by_role("button", name="Sign out everywhere else").click()
    ended = time.monotonic()
    expect(person.page.get_by_role("status")).to_contain_text("ended")

    # then its socket is cut with the documented reason, and nothing opens there any more
    while not any("access_token_revoked" in frame for frame in frames):
        assert time.monotonic() - ended < 20, frames[-3:]
        elsewhere.page.wait_for_timeout(20)
    elsewhere.go("/account/")
    expect(elsewhere.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_what_guards_the_account_asks_for_proof(person: Person) -> None:
    person.joins()
    person.go("/account/prove/?next=/account/password/")
    assert person.looks("prove") == []
    person.page.get_by_label("Password", exact=True).fill(PASSWORD)
    person.page.get_by_role("button", name="Continue").click()
    expect(person.page.get_by_role("heading", name="Your password")).to_be_visible()
    assert person.looks("password-change") == []
    person.go("/account/address/")
    assert person.looks("address") == []
