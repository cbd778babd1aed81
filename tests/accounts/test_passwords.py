"""Forgotten and changed passwords: what they need, and what ends with them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from chatplatform import clock
from chatplatform.checks import links_lead_home
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.models import (
    AccessToken,
    Account,
    Agent,
    Organization,
    PersonalAccessToken,
    StaffMail,
    StaffSession,
)
from chatplatform.services import passwords
from tests import make
from tests.accounts.conftest import (
    OTHER,
    PASSWORD,
    Browser,
    code_of,
    link_in,
    logged,
    nothing_sent,
    sent,
    title,
)
from tests.conftest import Told

pytestmark = pytest.mark.django_db

SITE = "http://testserver"


def reset_link() -> str:
    passwords.ask_for_reset("pam@example.com", SITE)
    return link_in(sent())


class TestForgotten:
    def test_a_link_comes_by_mail_and_sets_another_password(
        self, browser: Browser, pam: Agent, acme: Organization
    ) -> None:
        asked = browser.post("/account/forgotten/", {"email": "Pam@Example.com"})
        assert asked["Location"] == "/account/forgotten/sent/"

        browser.open(link_in(sent()))
        answer = browser.answer("/account/password/new/", password=OTHER)

        assert answer["Location"] == "/workspace/"
        assert browser.is_in
        assert Browser().sign_in("pam@example.com", PASSWORD).status_code == 200
        assert Browser().sign_in("pam@example.com", OTHER).status_code == 302
        assert "reset_password" in logged(acme)

    def test_what_is_said_and_stored_is_the_same_for_an_address_nobody_has(
        self, browser: Browser, pam: Agent
    ) -> None:
        answers = [
            browser.post("/account/forgotten/", {"email": email}, follow=True)
            for email in ("pam@example.com", "nobody@example.com")
        ]
        assert answers[0].content == answers[1].content
        rows = StaffMail.objects.values_list("account", "kind", "base_url")
        assert rows[0] == rows[1]
        assert sent().to == ["pam@example.com"]

    def test_asking_twice_sends_one_mail(self, pam: Agent) -> None:
        passwords.ask_for_reset("pam@example.com", SITE)
        passwords.ask_for_reset("pam@example.com", SITE)
        assert sent().to == ["pam@example.com"]
        assert nothing_sent()

    @pytest.mark.parametrize(
        "email", [f"{'x' * 243}@example.com", f"{'x' * 243}@\u0130\u0130.example"]
    )
    def test_an_address_too_long_for_anybody_is_nobodys(self, browser: Browser, email: str) -> None:
        assert browser.post("/account/forgotten/", {"email": email}).status_code < 400
        assert not StaffMail.objects.exists()

    def test_asking_often_is_refused(self, browser: Browser) -> None:
        statuses = [
            browser.post("/account/forgotten/", {"email": "x@example.com"}).status_code
            for _ in range(11)
        ]
        assert statuses == [302] * 10 + [429]

    def test_the_link_can_be_used_once(self, pam: Agent) -> None:
        path = reset_link()
        first, second = Browser(), Browser()
        first.open(path)
        second.open(path)
        first.answer("/account/password/new/", password=OTHER)

        late = second.answer("/account/password/new/", password="third of a kind")

        assert (late.status_code, title(late)) == (410, "This link is not good any more")
        assert Browser().sign_in("pam@example.com", OTHER).status_code == 302

    def test_the_link_dies_with_a_sign_in_and_with_time(self, pam: Agent, browser: Browser) -> None:
        path = reset_link()
        with time_machine.travel(clock.now() + timedelta(hours=2, seconds=5)):
            assert Browser().open(path).status_code == 410
        assert Browser().open(path).status_code == 200
        browser.sign_in("pam@example.com")
        assert Browser().open(path).status_code == 410

    def test_a_weak_password_changes_nothing(self, pam: Agent, browser: Browser) -> None:
        browser.open(reset_link())
        refused = browser.answer("/account/password/new/", password="pam@example.com")
        assert "too similar" in refused.content.decode()
        assert Browser().sign_in("pam@example.com").status_code == 302

    def test_it_ends_every_session_and_token_but_personal_ones(
        self, signed_in: Browser, pam: Agent, told: Told
    ) -> None:
        # given a workspace somewhere, an application's token and a personal one
        signed_in.post("/workspace/token")
        make.access_token(pam)
        make.pat(pam)
        path = reset_link()
        elsewhere = Browser("203.0.113.1")
        elsewhere.open(path)

        # when the password is set elsewhere
        with told() as events:
            elsewhere.answer("/account/password/new/", password=OTHER)

        # then nothing of before works, and live connections are told
        assert not signed_in.is_in
        assert elsewhere.is_in
        assert not AccessToken.objects.exists()
        assert PersonalAccessToken.objects.count() == 1
        ended = [event for event in events if isinstance(event, SessionsEnded)]
        assert [event.reason for event in ended] == ["access_token_revoked"] * 2

    def test_it_works_in_the_browser_one_is_signed_in_with(self, signed_in: Browser) -> None:
        seed = re.search(r'"seed">([A-Z2-7 ]+)<', signed_in.get("/account/app/").content.decode())
        assert seed is not None
        signed_in.post("/account/app/", {"code": code_of(seed[1])})
        sent()
        signed_in.open(reset_link())

        answer = signed_in.answer("/account/password/new/", password=OTHER)

        assert answer["Location"] == "/account/code/"
        assert signed_in.get("/account/code/").status_code == 200

    def test_it_proves_the_address(self, pam: Agent, browser: Browser) -> None:
        browser.open(reset_link())
        browser.answer("/account/password/new/", password=OTHER)
        assert Account.objects.get(email="pam@example.com").email_verified_at is not None


class TestWhereLinksLead:
    def test_with_a_public_address_no_request_names_another(
        self, pam: Agent, settings: Any
    ) -> None:
        settings.PUBLIC_URL = "https://chat.example"
        Browser().post(
            "/account/forgotten/", {"email": "pam@example.com"}, HTTP_HOST="evil.example"
        )
        assert "https://chat.example/account/password/new/" in str(sent().body)

    @pytest.mark.parametrize(
        ("public", "hosts", "warned"),
        [("", ["*"], 1), ("https://chat.example", ["*"], 0), ("", ["chat.example"], 0)],
    )
    def test_an_installation_without_one_is_warned(
        self, settings: Any, public: str, hosts: list[str], warned: int
    ) -> None:
        settings.PUBLIC_URL, settings.ALLOWED_HOSTS = public, hosts
        assert len(links_lead_home()) == warned


class TestChanged:
    def test_its_owner_sets_another_and_stays_in(
        self, signed_in: Browser, acme: Organization
    ) -> None:
        answer = signed_in.post("/account/password/", {"password": OTHER})

        assert answer["Location"] == "/account/"
        assert signed_in.is_in
        assert Browser().sign_in("pam@example.com", OTHER).status_code == 302
        assert "change_password" in logged(acme)
        assert sent().subject == "Your password was changed"

    def test_it_ends_the_other_sessions_with_their_tokens(
        self, signed_in: Browser, pam: Agent
    ) -> None:
        other = Browser("203.0.113.1")
        other.sign_in("pam@example.com")
        other.post("/workspace/token")
        signed_in.post("/workspace/token")
        make.access_token(pam)

        signed_in.post("/account/password/", {"password": OTHER})

        assert not other.is_in
        assert StaffSession.objects.filter(account=pam.account).count() == 1
        assert AccessToken.objects.count() == 2

    def test_a_weak_one_is_refused(self, signed_in: Browser) -> None:
        refused = signed_in.post("/account/password/", {"password": "qwertyuiop"})
        assert "too common" in refused.content.decode()
        assert Browser().sign_in("pam@example.com", PASSWORD).status_code == 302
        assert nothing_sent()

    def test_it_needs_a_proof_that_is_not_old(self, signed_in: Browser) -> None:
        with time_machine.travel(clock.now() + timedelta(minutes=11)):
            asked = signed_in.post("/account/password/", {"password": OTHER})
            assert asked["Location"] == "/account/prove/?next=%2Faccount%2Fpassword%2F"

            wrong = signed_in.post("/account/prove/", {"password": "wrong"})
            assert "The password is wrong" in wrong.content.decode()
            assert signed_in.get("/account/password/").status_code == 302

            right = signed_in.post(
                "/account/prove/", {"password": PASSWORD, "next": "/account/password/"}
            )
            assert right["Location"] == "/account/password/"
            assert signed_in.get("/account/password/").status_code == 200

    def test_a_stranger_is_sent_to_sign_in(self, browser: Browser) -> None:
        assert browser.get("/account/password/")["Location"].startswith("/signin?next=")
