"""Signing in through an organisation's own OpenID Connect provider."""

from __future__ import annotations

import html
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.db import connection

from chatplatform import clock
from chatplatform.models import (
    Account,
    Agent,
    AuditEntry,
    IdentityProvider,
    Organization,
)
from chatplatform.net import client
from chatplatform.services import (
    agents,
    identity_providers,
    invitations,
    second_factors,
    tokens,
)
from tests import make
from tests.accounts.conftest import OTHER, PASSWORD, Browser, code_of, logged, title
from tests.accounts.passkeys import Passkey
from tests.accounts.provider import CLIENT_ID, CLIENT_SECRET, Provider, running

pytestmark = pytest.mark.django_db

REAL_REQUEST = client.request
ONWARD = re.compile(r'<meta http-equiv="refresh" content="0;url=([^"]+)">')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
SITE = "https://chat.example"


@pytest.fixture(scope="module")
def _provider() -> Iterator[Provider]:
    with running() as made:
        yield made


@pytest.fixture
def provider(
    _provider: Provider, internet: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Provider:
    """A provider that is reached by the real client, because an operator allowed it."""
    monkeypatch.setattr("chatplatform.net.client.request", REAL_REQUEST)
    settings.IDENTITY_PROVIDER_ALLOWED_HOSTS = [_provider.host]
    _provider.person = {"sub": "p-1", "email": "pam@example.com", "email_verified": True}
    _provider.signs_with, _provider.audience = _provider.key, CLIENT_ID
    _provider.answer, _provider.raw, _provider.asked = {}, None, []
    cache.clear()  # what it answered in the test before
    return _provider


@pytest.fixture
def row(provider: Provider, acme: Organization) -> IdentityProvider:
    """The provider as Acme's own."""
    return identity_providers.create_provider(
        acme,
        {
            "name": "Acme Login",
            "issuer": provider.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        },
    )


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **more: Any) -> None:
        return None


def leave(browser: Browser, row: IdentityProvider, **fields: str) -> str:
    """Press the button that leads to the provider; return where that is."""
    return onward(browser.post(f"/account/provider/{row.slug}/", fields))


def onward(page: Any) -> str:
    """Return where a page moves on to by itself."""
    found = ONWARD.search(page.content.decode())
    assert found is not None, page.content.decode()
    return html.unescape(found[1])


def go(browser: Browser, row: IdentityProvider, **fields: str) -> Any:
    """Go to the provider as a browser does, and come back."""
    away = leave(browser, row, **fields)
    try:
        urllib.request.build_opener(_Stay()).open(away)
    except urllib.error.HTTPError as answer:
        back = urlsplit(answer.headers["Location"])
    return browser.get(f"{back.path}?{back.query}")


class TestComingIn:
    def test_a_verified_address_of_somebody_in_the_organization_comes_in(
        self, browser: Browser, pam: Agent, row: IdentityProvider, acme: Organization
    ) -> None:
        answer = go(browser, row, next="/account/")

        assert (answer.status_code, answer["Location"]) == (302, "/account/")
        assert browser.is_in
        entry = AuditEntry.objects.get(organization=acme, action="sign_in")
        assert entry.after == {"how": "provider", "provider": row.slug}
        assert "connect_identity_provider" in logged(acme)

    def test_who_is_linked_comes_in_whatever_their_address_is_now(
        self, browser: Browser, pam: Agent, row: IdentityProvider, provider: Provider
    ) -> None:
        go(Browser(), row)
        provider.person = {"sub": "p-1", "email": "married@example.com", "email_verified": True}
        go(browser, row)
        assert browser.is_in

    def test_nobody_is_made_an_agent_by_it(
        self, browser: Browser, pam: Agent, row: IdentityProvider, provider: Provider
    ) -> None:
        provider.person = {"sub": "x", "email": "new@example.com", "email_verified": True}

        refused = go(browser, row)

        assert (refused.status_code, title(refused)) == (403, "Nobody here is known by that name")
        assert Account.objects.count() == 1
        assert not SocialAccount.objects.exists()

    @pytest.mark.parametrize("verified", [False, None, "yes"])
    def test_an_address_the_provider_did_not_verify_counts_for_nothing(
        self, browser: Browser, pam: Agent, row: IdentityProvider, provider: Provider, verified: Any
    ) -> None:
        provider.person = {"sub": "p-1", "email": "pam@example.com", "email_verified": verified}
        assert go(browser, row).status_code == 403
        assert not browser.is_in

    def test_people_of_other_organizations_are_nobody_to_it(
        self, browser: Browser, row: IdentityProvider, provider: Provider
    ) -> None:
        make.agent(make.organization("Beta"), email="bea@example.com", password=PASSWORD)
        provider.person = {"sub": "b", "email": "bea@example.com", "email_verified": True}

        assert go(browser, row).status_code == 403
        assert not browser.is_in

    def test_the_owner_is_never_found_by_an_address_alone(
        self, browser: Browser, owner: Agent, row: IdentityProvider, provider: Provider
    ) -> None:
        provider.person = {"sub": "o", "email": "olga@example.com", "email_verified": True}
        assert go(browser, row).status_code == 403
        assert not browser.is_in

    def test_somebody_else_does_not_take_over_who_is_linked(
        self, browser: Browser, pam: Agent, row: IdentityProvider, provider: Provider
    ) -> None:
        go(Browser(), row)
        provider.person = {"sub": "other", "email": "pam@example.com", "email_verified": True}
        assert go(browser, row).status_code == 403

    def test_the_browser_offers_it_the_next_time(
        self, browser: Browser, pam: Agent, row: IdentityProvider
    ) -> None:
        make.organization("Beta")  # with several, strangers are offered none
        assert "Acme Login" not in browser.get("/signin").content.decode()
        go(browser, row)
        browser.post("/signout")
        assert "Sign in with Acme Login" in browser.get("/signin").content.decode()

    @pytest.mark.parametrize("kept", ['"\\000"', '"\\377"', "x" * 3_000, "no such provider"])
    def test_whatever_else_a_browser_says_it_used_offers_none(
        self, browser: Browser, row: IdentityProvider, kept: str
    ) -> None:
        make.organization("Beta")
        page = browser.get("/signin", headers={"cookie": f"provider={kept}"})
        assert page.status_code == 200
        assert "Acme Login" not in page.content.decode()

    def test_a_provider_that_is_switched_off_is_none(
        self, browser: Browser, row: IdentityProvider, acme: Organization
    ) -> None:
        identity_providers.update_provider(acme.pk, row.pk, {"enabled": False})
        assert browser.get(f"/account/provider/{row.slug}/").status_code == 404


class TestLeaving:
    def test_a_link_shows_a_button_and_leads_nowhere_by_itself(
        self, browser: Browser, row: IdentityProvider, provider: Provider
    ) -> None:
        page = browser.get(f"/account/provider/{row.slug}/", {"next": "/account/"})
        assert (page.status_code, title(page)) == (200, "Sign in with Acme Login")
        shown = page.content.decode()
        assert '<input type="hidden" name="next" value="/account/">' in shown
        assert "You are signed in" not in shown
        assert provider.issuer not in shown
        assert "socialaccount_states" not in browser.session

    def test_who_is_signed_in_is_told_as_whom_and_stays_it(
        self, signed_in: Browser, row: IdentityProvider
    ) -> None:
        page = signed_in.get(f"/account/provider/{row.slug}/").content.decode()
        assert "You are signed in as pam@example.com" in page
        assert signed_in.is_in

    def test_it_leads_on_to_pages_of_this_site_only(
        self, browser: Browser, row: IdentityProvider
    ) -> None:
        page = browser.get(f"/account/provider/{row.slug}/", {"next": "https://evil.example/"})
        assert "evil.example" not in page.content.decode()

    def test_only_a_page_of_ours_can_press_the_button(
        self, pam: Agent, row: IdentityProvider
    ) -> None:
        browser = Browser(enforce_csrf_checks=True)
        path = f"/account/provider/{row.slug}/"
        assert browser.post(path).status_code == 403
        assert "socialaccount_states" not in browser.session

        token = TOKEN.search(browser.get("/signin").content.decode())

        assert token is not None
        go(browser, row, csrfmiddlewaretoken=token[1])
        assert browser.is_in

    def test_the_page_that_moves_on_is_not_kept(
        self, browser: Browser, row: IdentityProvider, provider: Provider
    ) -> None:
        page = browser.post(f"/account/provider/{row.slug}/")
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
        assert onward(page).startswith(f"{provider.issuer}/authorize?")


class TestWhatIsBelieved:
    def test_a_token_somebody_else_signed_is_not(
        self, browser: Browser, pam: Agent, row: IdentityProvider, provider: Provider
    ) -> None:
        provider.signs_with = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        refused = go(browser, row)
        assert title(refused) == "That did not work"
        assert not browser.is_in

    def test_a_token_for_another_client_is_not(
        self, browser: Browser, pam: Agent, row: IdentityProvider, provider: Provider
    ) -> None:
        provider.audience = "somebody else"
        assert title(go(browser, row)) == "That did not work"
        assert not browser.is_in

    def test_an_answer_nobody_asked_for_is_not(
        self, browser: Browser, pam: Agent, row: IdentityProvider
    ) -> None:
        path = f"/account/provider/{row.slug}/callback/"
        assert browser.get(path, {"code": "x", "state": "y"}).status_code == 401
        assert not browser.is_in

    @pytest.mark.parametrize(
        "times", [{"iat": 20}, {"nbf": 20}, {"exp": -20}], ids=["iat", "nbf", "exp"]
    )
    def test_a_token_of_a_clock_that_goes_a_little_wrong_is(
        self,
        browser: Browser,
        pam: Agent,
        row: IdentityProvider,
        provider: Provider,
        times: dict[str, int],
    ) -> None:
        now = int(clock.now().timestamp())
        provider.person |= {name: now + seconds for name, seconds in times.items()}
        go(browser, row)
        assert browser.is_in

    @pytest.mark.parametrize(
        "times", [{"iat": 120}, {"nbf": 120}, {"exp": -60}], ids=["iat", "nbf", "exp"]
    )
    def test_one_of_a_clock_that_goes_wrong_is_not(
        self,
        browser: Browser,
        pam: Agent,
        row: IdentityProvider,
        provider: Provider,
        times: dict[str, int],
    ) -> None:
        now = int(clock.now().timestamp())
        provider.person |= {name: now + seconds for name, seconds in times.items()}
        assert title(go(browser, row)) == "That did not work"
        assert not browser.is_in

    @pytest.mark.parametrize(
        "claims",
        [
            {"sub": "x" * 192},
            {"sub": "p\0"},
            {"sub": ""},
            {"email": "pam\0@example.com"},
            {"name": "Pam\0"},
            {"name": {"first": ["Pam\0"]}},
        ],
    )
    def test_what_no_database_can_hold_is_not(
        self,
        browser: Browser,
        pam: Agent,
        row: IdentityProvider,
        provider: Provider,
        claims: dict[str, Any],
    ) -> None:
        provider.person |= claims
        assert title(go(browser, row)) == "That did not work"
        assert not browser.is_in
        assert not SocialAccount.objects.exists()

    @pytest.mark.parametrize("seconds", [10**30, float("inf"), "soon"])
    def test_a_token_that_holds_for_ever_is_not(
        self, browser: Browser, pam: Agent, row: IdentityProvider, provider: Provider, seconds: Any
    ) -> None:
        provider.answer = {"expires_in": seconds}
        assert title(go(browser, row)) == "That did not work"
        assert not browser.is_in

    def test_a_token_that_names_itself_may_end_whenever(
        self, browser: Browser, pam: Agent, row: IdentityProvider, provider: Provider
    ) -> None:
        provider.person |= {"jti": "one", "exp": 10**15}
        go(browser, row)
        assert browser.is_in

    def test_an_answer_without_bottom_is_not(
        self, browser: Browser, row: IdentityProvider, provider: Provider
    ) -> None:
        provider.raw = b"[" * 100_000
        refused = browser.post(f"/account/provider/{row.slug}/")
        assert (refused.status_code, title(refused)) == (502, "That did not work")

    def test_a_provider_inside_is_not_asked_unless_allowed(
        self, browser: Browser, row: IdentityProvider, settings: Any
    ) -> None:
        settings.IDENTITY_PROVIDER_ALLOWED_HOSTS = []
        refused = browser.post(f"/account/provider/{row.slug}/")
        assert (refused.status_code, title(refused)) == (502, "That did not work")

    def test_it_is_asked_with_proof_of_possession_and_state(
        self, browser: Browser, row: IdentityProvider
    ) -> None:
        asked = parse_qs(urlsplit(leave(browser, row)).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert len(asked["state"][0]) >= 16
        assert asked["redirect_uri"] == [f"http://testserver/account/provider/{row.slug}/callback/"]


class TestHowOften:
    def test_where_a_provider_answers_is_asked_once_in_some_minutes(
        self, browser: Browser, row: IdentityProvider, provider: Provider
    ) -> None:
        for _ in range(3):
            leave(browser, row)
        assert provider.asked == ["/.well-known/openid-configuration"]

        with time_machine.travel(clock.now() + timedelta(minutes=6)):
            leave(browser, row)
        assert len(provider.asked) == 2

    def test_another_issuer_is_asked_at_once(
        self, browser: Browser, row: IdentityProvider, provider: Provider, acme: Organization
    ) -> None:
        leave(browser, row)
        other = f"http://localhost:{provider.port}/other"
        identity_providers.update_provider(acme.pk, row.pk, {"issuer": other})
        assert title(browser.post(f"/account/provider/{row.slug}/")) == "That did not work"

    def test_one_that_fails_is_left_alone_for_a_moment(
        self, browser: Browser, row: IdentityProvider, provider: Provider
    ) -> None:
        provider.raw = b"no JSON"
        for _ in range(3):
            refused = browser.post(f"/account/provider/{row.slug}/")
            assert (refused.status_code, title(refused)) == (502, "That did not work")
        assert len(provider.asked) == 1

        provider.raw = None
        with time_machine.travel(clock.now() + timedelta(seconds=11)):
            leave(browser, row)

    def test_an_address_that_asks_too_often_has_to_wait(
        self, row: IdentityProvider, provider: Provider, settings: Any
    ) -> None:
        settings.ADDRESS_LIMIT_BURST = 2
        settings.ADDRESS_LIMIT_PER_SECOND = 0.001
        path = f"/account/provider/{row.slug}/"
        first, late = Browser(), Browser()
        assert first.post(path).status_code == 200
        assert first.get(f"{path}callback/", {"code": "x", "state": "y"}).status_code == 401

        for answer in (late.post(path), late.get(f"{path}callback/", {"code": "x"})):
            assert (answer.status_code, title(answer)) == (429, "Too many attempts")

        assert not late.session.keys()
        assert Browser("198.51.100.1").post(path).status_code == 200


class TestRequired:
    @pytest.fixture(autouse=True)
    def _required(self, row: IdentityProvider, acme: Organization) -> None:
        identity_providers.update_provider(acme.pk, row.pk, {"required": True})

    def test_the_right_password_leads_to_the_provider(
        self, browser: Browser, pam: Agent, row: IdentityProvider
    ) -> None:
        refused = browser.sign_in("pam@example.com")
        assert (refused.status_code, title(refused)) == (403, "Sign in another way")
        page = refused.content.decode()
        assert f'method="post" action="/account/provider/{row.slug}/"' in " ".join(page.split())
        assert "Sign in with Acme Login" in page
        assert not browser.is_in

    def test_a_password_set_by_invitation_leads_to_the_provider(
        self, browser: Browser, acme: Organization
    ) -> None:
        nora = agents.create_agent(acme, "nora@example.com", "Nora")
        path = invitations.link(nora, "http://localhost").removeprefix("http://localhost")
        browser.open(path)
        link = tokens.checksum(path.split("/")[-2])

        refused = browser.post("/account/invitation/", {"link": link, "password": OTHER})

        assert (refused.status_code, title(refused)) == (403, "Sign in another way")
        assert not browser.is_in

    def test_a_wrong_password_learns_nothing_of_it(self, browser: Browser, pam: Agent) -> None:
        assert (
            "Sign in another way" not in browser.sign_in("pam@example.com", "no").content.decode()
        )

    def test_the_owner_may_still_use_a_password(self, browser: Browser, owner: Agent) -> None:
        assert browser.sign_in("olga@example.com").status_code == 302

    def test_the_provider_lets_in(
        self, browser: Browser, pam: Agent, row: IdentityProvider
    ) -> None:
        go(browser, row)
        assert browser.is_in


class TestASecondFactorOfOnesOwn:
    @pytest.fixture(autouse=True, params=[False, True], ids=["offered", "required"])
    def _required(
        self, request: pytest.FixtureRequest, row: IdentityProvider, acme: Organization
    ) -> None:
        identity_providers.update_provider(acme.pk, row.pk, {"required": request.param})

    @pytest.fixture
    def seed(self, pam: Agent) -> str:
        """Pam's authenticator app."""
        seed: str = totp.generate_totp_secret()
        second_factors.add_app(make.account(pam), seed, code_of(seed), SITE)
        return seed

    def test_a_code_is_asked_for_after_the_provider_too(
        self, browser: Browser, seed: str, row: IdentityProvider, acme: Organization
    ) -> None:
        asked = go(browser, row, next="/account/")
        assert asked["Location"] == "/account/code/"
        assert title(browser.get("/account/code/")) == "One more step"
        assert not browser.is_in

        answer = browser.post("/account/code/", {"code": code_of(seed, 1)})

        assert answer["Location"] == "/account/"
        assert browser.is_in
        entry = AuditEntry.objects.get(organization=acme, action="sign_in")
        assert entry.after == {"how": "provider", "provider": row.slug, "second_factor": "totp"}

    def test_a_passkey_does_as_well(
        self, browser: Browser, pam: Agent, row: IdentityProvider
    ) -> None:
        passkey = Passkey()
        go(browser, row)
        page = browser.get("/account/passkeys/add/")
        browser.post("/account/passkeys/add/", {"name": "Key", "credential": passkey.made(page)})
        later = Browser()
        assert go(later, row)["Location"] == "/account/code/"

        later.post("/account/code/", {"credential": passkey.used(later.get("/account/code/"))})

        assert later.is_in

    def test_a_wrong_code_keeps_them_out(
        self, browser: Browser, seed: str, row: IdentityProvider
    ) -> None:
        go(browser, row)

        refused = browser.post("/account/code/", {"code": code_of(seed, 100)})

        assert "The code is wrong, or was used before" in refused.content.decode()
        assert not browser.is_in

    def test_the_way_in_keeps_neither_password_nor_the_providers_token(
        self, browser: Browser, seed: str, pam: Agent, row: IdentityProvider
    ) -> None:
        go(browser, row)
        kept = str(dict(browser.session["account_login"]))
        assert make.account(pam).password not in kept
        assert "access_token" not in kept
        assert "'at'" not in kept


class TestConnecting:
    def test_its_owner_connects_an_identity_with_another_address(
        self, signed_in: Browser, row: IdentityProvider, provider: Provider, pam: Agent
    ) -> None:
        provider.person = {"sub": "p-9", "email": "private@example.net", "email_verified": True}
        page = signed_in.post(f"/account/provider/{row.slug}/connect/")
        assert "Go to Acme Login" in page.content.decode()

        assert go(signed_in, row, process="connect")["Location"] == "/account/"

        link = SocialAccount.objects.get()
        assert (link.user_id, link.provider, link.uid) == (pam.account_id, row.slug, "p-9")
        later = Browser()
        go(later, row)
        assert later.is_in

    def test_a_link_nobody_asked_for_is_not_made(
        self, signed_in: Browser, row: IdentityProvider
    ) -> None:
        go(signed_in, row, process="connect")
        assert not SocialAccount.objects.exists()

    def test_a_wish_is_forgotten_after_a_while(
        self, signed_in: Browser, row: IdentityProvider
    ) -> None:
        signed_in.post(f"/account/provider/{row.slug}/connect/")

        with time_machine.travel(clock.now() + timedelta(minutes=11)):
            go(signed_in, row, process="connect")

        assert not SocialAccount.objects.exists()

    def test_it_is_disconnected_again(
        self, signed_in: Browser, row: IdentityProvider, acme: Organization
    ) -> None:
        signed_in.post(f"/account/provider/{row.slug}/connect/")
        go(signed_in, row, process="connect")

        signed_in.post(f"/account/links/{SocialAccount.objects.get().pk}/remove/")

        assert not SocialAccount.objects.exists()
        assert logged(acme)[-1] == "disconnect_identity_provider"


class TestWhatIsStored:
    def test_the_secret_is_not_readable_and_never_logged(
        self, row: IdentityProvider, acme: Organization
    ) -> None:
        identity_providers.update_provider(acme.pk, row.pk, {"client_secret": "another-secret"})
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM chatplatform_identityprovider")
            stored = str(cursor.fetchall())
        log = str(list(AuditEntry.objects.values_list("before", "after")))
        for secret in (CLIENT_SECRET, "another-secret"):
            assert secret not in stored
            assert secret not in log
        assert "client_secret" in log

    def test_another_issuer_forgets_who_the_former_knew(
        self, browser: Browser, pam: Agent, row: IdentityProvider, acme: Organization
    ) -> None:
        go(browser, row)
        identity_providers.update_provider(acme.pk, row.pk, {"issuer": "https://other.example"})
        assert not SocialAccount.objects.exists()

    def test_nothing_but_the_name_it_knows_somebody_by_is_kept(
        self, browser: Browser, pam: Agent, row: IdentityProvider
    ) -> None:
        go(browser, row)
        go(Browser(), row)
        assert set(SocialAccount.objects.get().extra_data.get("id_token", {})) <= {
            "sub",
            "email",
            "email_verified",
            "name",
        }
