"""Somebody on their way in, while what let them begin changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator

from chatplatform import clock
from chatplatform.models import Account, Agent, Organization, StaffMail, StaffSession
from chatplatform.services import (
    account_links,
    agents,
    identity_providers,
    passwords,
    second_factors,
    sign_in,
    staff_mails,
    staff_sessions,
)
from tests.accounts.conftest import OTHER, Browser, code_of, link_in, nothing_sent, sent
from tests.accounts.factors import seed_on, set_up
from tests.accounts.passkeys import Passkey

pytestmark = pytest.mark.django_db

SITE = "http://testserver"


def reset_password(email: str) -> None:
    staff_mails.send_due()
    passwords.ask_for_reset(email, SITE)
    owner = Browser("192.0.2.99")
    owner.open(link_in(sent()))
    owner.answer("/account/password/new/", password=OTHER)


def _unused() -> dict[str, Any]:
    """Return what the app holds, as if none of its codes had been taken."""
    return {**Authenticator.objects.get(type="totp").data, "last_step": 0}


class TestWhoIsAskedForACode:
    @pytest.fixture
    def seed(self, signed_in: Browser) -> str:
        """Pam's authenticator app, with a step behind that is still good."""
        seed, _ = set_up(signed_in)
        signed_in.post("/signout")
        Authenticator.objects.filter(type="totp").update(data=_unused())
        return seed

    def test_a_good_code_lets_them_in(self, browser: Browser, seed: str) -> None:
        browser.sign_in("pam@example.com")
        browser.post("/account/code/", {"code": code_of(seed)})
        assert browser.is_in

    @pytest.mark.parametrize("page", ["/account/code/", "/account/prove/"])
    def test_a_factor_that_goes_while_it_is_used_fails_no_page(
        self, browser: Browser, seed: str, monkeypatch: pytest.MonkeyPatch, page: str
    ) -> None:
        browser.sign_in("pam@example.com")
        if page == "/account/prove/":
            browser.post("/account/code/", {"code": code_of(seed)})
            Authenticator.objects.filter(type="totp").update(data=_unused())
        by_code = sign_in.by_code

        def removing(*asked: Any) -> Authenticator | None:
            found = by_code(*asked)
            Authenticator.objects.filter(type="totp").delete()
            return found

        monkeypatch.setattr(sign_in, "by_code", removing)

        assert browser.post(page, {"code": code_of(seed)}).status_code == 302

    def test_it_does_not_once_they_are_suspended(
        self, browser: Browser, seed: str, pam: Agent
    ) -> None:
        browser.sign_in("pam@example.com")
        agents.suspend_agent(pam.organization_id, pam.public_id)

        assert browser.post("/account/code/", {"code": code_of(seed)})["Location"] == "/signin"

        assert not StaffSession.objects.filter(account=pam.account).exists()

    def test_it_does_not_once_they_are_gone(self, browser: Browser, seed: str, pam: Agent) -> None:
        browser.sign_in("pam@example.com")
        agents.delete_agent(pam.organization_id, pam.public_id)
        assert browser.post("/account/code/", {"code": code_of(seed)})["Location"] == "/signin"

    def test_it_does_not_once_the_password_is_another(
        self, browser: Browser, seed: str, pam: Agent
    ) -> None:
        browser.sign_in("pam@example.com")
        reset_password("pam@example.com")

        assert browser.post("/account/code/", {"code": code_of(seed)})["Location"] == "/signin"

        assert not StaffSession.objects.filter(account=pam.account).exists()

    def test_it_does_not_once_a_provider_is_the_only_way(
        self, browser: Browser, seed: str, pam: Agent
    ) -> None:
        browser.sign_in("pam@example.com")
        identity_providers.create_provider(
            pam.organization,
            {
                "name": "Work",
                "issuer": "https://login.example.com",
                "client_id": "chat",
                "required": True,
            },
        )
        assert browser.post("/account/code/", {"code": code_of(seed)})["Location"] == "/signin"
        assert not browser.is_in


class TestWhoHasToSetAFactorUp:
    @pytest.fixture(autouse=True)
    def _asks(self, acme: Organization, pam: Agent) -> None:
        second_factors.require(acme.pk, True)

    def test_who_knew_the_old_password_adds_none_once_it_is_another(self, pam: Agent) -> None:
        # given somebody who knows the password and waits where a factor is to be set up
        thief = Browser("203.0.113.66")
        thief.sign_in("pam@example.com")
        seed = seed_on(thief.get("/account/app/"))

        # when its owner sets another password
        reset_password("pam@example.com")

        # then what the other one sends adds nothing
        assert thief.post("/account/app/", {"code": code_of(seed)})["Location"] == "/signin"
        assert not Authenticator.objects.exists()

    def test_who_set_one_up_is_not_let_in_once_suspended(
        self, browser: Browser, pam: Agent
    ) -> None:
        browser.sign_in("pam@example.com")
        set_up(browser)
        agents.suspend_agent(pam.organization_id, pam.public_id)

        assert browser.post("/account/set-up/")["Location"] == "/signin"

        assert not StaffSession.objects.filter(account=pam.account).exists()


class TestWhatStrangersLeaveBehind:
    def test_a_link_that_is_not_good_leaves_no_session(self, browser: Browser) -> None:
        for page in ("invitation", "password/new", "address/prove"):
            assert browser.get(f"/account/{page}/guessed:1:x/").status_code == 410
        assert not StaffSession.objects.exists()

    def test_a_session_nobody_signed_in_with_is_cleared_after_an_hour(
        self, browser: Browser, pam: Agent
    ) -> None:
        Browser().sign_in("pam@example.com")
        browser.get("/account/passkey/")
        with time_machine.travel(clock.now() + timedelta(minutes=61)):
            staff_sessions.clear_expired()
        assert StaffSession.objects.get().account == pam.account

    def test_asking_for_passwords_of_many_is_refused(self, browser: Browser) -> None:
        statuses = [
            browser.post("/account/forgotten/", {"email": f"x{n}@example.com"}).status_code
            for n in range(11)
        ]
        assert statuses == [302] * 10 + [429]
        assert StaffMail.objects.count() == 10

    @pytest.mark.parametrize(
        "answer", ["[" * 50_000, '{"id": "\\u0000"}', '"' + "x" * 70_000 + '"', "[]", "null"]
    )
    def test_what_no_passkey_answers_is_refused(self, browser: Browser, answer: str) -> None:
        browser.get("/account/passkey/")
        assert browser.post("/account/passkey/", {"credential": answer}).status_code == 403


class TestAnswersThatNoPasskeyGives:
    def test_one_that_breaks_off_is_refused(self, browser: Browser) -> None:
        page = browser.get("/account/passkey/")
        about = bytes(32) + b"\x80" + bytes(4)  # extensions are announced
        for rest in (b"", b"\x18", b"\x19\x00", b"\xfb\x00"):
            answer = Passkey().used(page, about + rest)
            assert browser.post("/account/passkey/", {"credential": answer}).status_code == 403

    def test_one_without_bottom_is_refused(self, browser: Browser) -> None:
        page = browser.get("/account/passkey/")
        deep = bytes(32) + b"\x80" + bytes(4) + b"\x81" * 20_000
        for answer in (Passkey().used(page, deep), Passkey().used(page, said=b"[" * 20_000)):
            assert browser.post("/account/passkey/", {"credential": answer}).status_code == 403

    def test_one_that_makes_none_adds_none(self, signed_in: Browser) -> None:
        page = signed_in.get("/account/passkeys/add/")
        for answer in (
            Passkey().made(page, with_key=False),
            Passkey().made(page, said=b"[" * 20_000),
        ):
            refused = signed_in.post(
                "/account/passkeys/add/", {"name": "Key", "credential": answer}
            )
            assert "The code is not right" in refused.content.decode()
        assert not Authenticator.objects.exists()


class TestAnAddressThatAThiefAskedFor:
    def test_a_new_password_keeps_its_mail_from_leaving(
        self, signed_in: Browser, pam: Agent
    ) -> None:
        signed_in.post("/account/address/", {"email": "thief@example.com"})
        account = Account.objects.get(email="pam@example.com")

        passwords.reset(account_links.token(account, "reset"), OTHER)

        assert nothing_sent()
