"""Authenticator apps and recovery codes: set up, asked for, and what an organisation asks for.

Passkeys made by a browser are in ``tests/e2e/test_sign_in.py``.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import override_settings

from chatplatform import clock, encryption
from chatplatform.models import Account, Agent, Organization
from chatplatform.services import account_links, passwords, second_factors, staff_mails
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
from tests.accounts.factors import CODES, seed_on, set_up

pytestmark = pytest.mark.django_db

SITE = "https://chat.example"
_hosts = itertools.count(1)


class TestSettingUp:
    def test_a_code_of_the_app_proves_that_it_has_the_seed(
        self, signed_in: Browser, acme: Organization
    ) -> None:
        seed = seed_on(signed_in.get("/account/app/"))

        shown = signed_in.post("/account/app/", {"code": code_of(seed)})

        assert title(shown) == "Your recovery codes"
        assert len(set(CODES.findall(shown.content.decode()))) == 10
        assert logged(acme)[-1] == "add_second_factor"
        assert sent().subject == "A second factor was added to your account"

    def test_a_wrong_code_adds_nothing(self, signed_in: Browser) -> None:
        seed = seed_on(signed_in.get("/account/app/"))

        refused = signed_in.post("/account/app/", {"code": code_of(seed, 100)})

        assert "The code is not right" in refused.content.decode()
        assert seed_on(refused) == seed
        assert not Authenticator.objects.exists()

    def test_neither_seed_nor_codes_lie_readable_in_the_database(self, signed_in: Browser) -> None:
        seed, codes = set_up(signed_in)
        stored = " ".join(str(row) for row in Authenticator.objects.values_list("data", flat=True))
        assert seed.replace(" ", "") not in stored
        assert not [code for code in codes if code.replace(" ", "") in stored]

    def test_the_codes_are_shown_once(self, signed_in: Browser) -> None:
        _, codes = set_up(signed_in)
        assert codes[0] not in signed_in.get("/account/").content.decode()
        assert signed_in.get("/account/recovery-codes/")["Location"] == "/account/"

    def test_an_old_proof_is_not_enough(self, signed_in: Browser, settings: Any) -> None:
        settings.REAUTHENTICATION_SECONDS = 0
        assert signed_in.get("/account/app/")["Location"].startswith("/account/prove/")
        assert signed_in.post("/account/app/", {"code": "1"}).status_code == 302
        assert not Authenticator.objects.exists()


class TestSigningIn:
    def test_the_code_is_asked_for_after_the_password(self, signed_in: Browser) -> None:
        seed, _ = set_up(signed_in)
        browser = Browser()
        asked = browser.sign_in("pam@example.com", next="/account/")
        assert asked["Location"] == "/account/code/"
        assert not browser.is_in

        answer = browser.post("/account/code/", {"code": code_of(seed, 1)})

        assert answer["Location"] == "/account/"
        assert browser.is_in

    def test_a_code_is_good_once(self, signed_in: Browser) -> None:
        seed, _ = set_up(signed_in)
        code = code_of(seed, 1)
        first, second = Browser(), Browser()
        first.sign_in("pam@example.com")
        second.sign_in("pam@example.com")
        assert first.post("/account/code/", {"code": code}).status_code == 302

        again = second.post("/account/code/", {"code": code})

        assert "The code is wrong, or was used before" in again.content.decode()
        assert not second.is_in

    def test_a_recovery_code_is_as_good_and_good_once(self, signed_in: Browser, pam: Agent) -> None:
        _, codes = set_up(signed_in)
        browser, late = Browser(), Browser()
        browser.sign_in("pam@example.com")
        browser.post("/account/code/", {"code": codes[3]})
        assert browser.is_in
        assert second_factors.unused_codes(make.account(pam)) == 9

        late.sign_in("pam@example.com")
        late.post("/account/code/", {"code": codes[3]})
        assert not late.is_in

    def test_the_page_is_only_for_who_knows_the_password(self, browser: Browser) -> None:
        assert browser.get("/account/code/")["Location"] == "/signin"
        assert browser.post("/account/code/", {"code": "123456"})["Location"] == "/signin"

    def test_a_new_password_by_mail_does_not_go_round_it(self, signed_in: Browser) -> None:
        set_up(signed_in)
        sent()
        browser = Browser()
        browser.post("/account/forgotten/", {"email": "pam@example.com"})
        browser.open(link_in(sent()))

        answer = browser.answer("/account/password/new/", password="staple of seven rivers")

        assert answer["Location"] == "/account/code/"
        assert not browser.is_in

    def test_a_code_proves_who_it_is_for_changes(self, signed_in: Browser, settings: Any) -> None:
        seed, _ = set_up(signed_in)
        settings.REAUTHENTICATION_SECONDS = 0
        answer = signed_in.post(
            "/account/prove/", {"code": code_of(seed, 1), "next": "/account/password/"}
        )
        assert answer["Location"] == "/account/password/"


def fail(code: str = "000000", *, times: int = 1) -> None:
    """Try a wrong code, each time from another address, after the right password."""
    for _ in range(times):
        browser = at_the_code()
        browser.post("/account/code/", {"code": code})
        assert not browser.is_in


def at_the_code(password: str = PASSWORD) -> Browser:
    """Return a browser, elsewhere, in which somebody knew the password."""
    browser = Browser(f"198.51.100.{next(_hosts) % 250}")
    assert browser.sign_in("pam@example.com", password)["Location"] == "/account/code/"
    return browser


def fail_passwords(times: int) -> None:
    """Try wrong passwords, each from another address."""
    for _ in range(times):
        Browser(f"203.0.113.{next(_hosts) % 250}").sign_in("pam@example.com", "wrong")


class TestTheLockOfCodes:
    @pytest.fixture(autouse=True)
    def _strict(self, settings: Any) -> None:
        settings.SIGN_IN_FAILURES = 3
        settings.SIGN_IN_LOCK_SECONDS = 60

    @pytest.fixture
    def codes(self, signed_in: Browser) -> list[str]:
        """Pam's recovery codes."""
        _seed, codes = set_up(signed_in)
        return codes

    def test_too_many_wrong_codes_end_the_looking(
        self, codes: list[str], acme: Organization
    ) -> None:
        fail(times=3)
        last = at_the_code()

        refused = last.post("/account/code/", {"code": codes[0]})

        assert "The code is wrong, or was used before" in refused.content.decode()
        assert not last.is_in
        assert second_factors.unused_codes(Account.objects.get(email="pam@example.com")) == 10
        assert logged(acme)[-1] == "lock_account"
        staff_mails.send_due()
        assert mail.outbox[-1].subject == "Your account is locked for a while"

    def test_fewer_do_not_and_a_right_one_ends_the_row(self, codes: list[str]) -> None:
        for code in codes[:2]:
            fail(times=2)
            browser = at_the_code()
            browser.post("/account/code/", {"code": code})
            assert browser.is_in

    def test_it_ends_by_itself_and_doubles_with_the_next(self, codes: list[str]) -> None:
        with time_machine.travel(clock.now(), tick=True) as traveller:
            fail(times=3)
            traveller.shift(61)
            fail()
            traveller.shift(61)
            at_the_code().post("/account/code/", {"code": codes[0]})
            assert second_factors.unused_codes(Account.objects.get()) == 10
            traveller.shift(60)
            browser = at_the_code()
            browser.post("/account/code/", {"code": codes[0]})
            assert browser.is_in

    def test_wrong_passwords_of_strangers_lock_no_code_of_who_knew_the_right_one(
        self, codes: list[str]
    ) -> None:
        browser = at_the_code()
        fail_passwords(4)

        browser.post("/account/code/", {"code": codes[0]})

        assert browser.is_in

    def test_nor_of_who_opened_a_mail(self, codes: list[str]) -> None:
        sent()
        browser = Browser()
        browser.post("/account/forgotten/", {"email": "pam@example.com"})
        browser.open(link_in(sent()))
        browser.answer("/account/password/new/", password=OTHER)
        fail_passwords(4)

        browser.post("/account/code/", {"code": codes[0]})

        assert browser.is_in

    def test_nor_of_who_is_signed_in(self, signed_in: Browser, codes: list[str]) -> None:
        fail_passwords(4)
        answer = signed_in.post("/account/prove/", {"code": codes[0], "next": "/account/app/"})
        assert answer["Location"] == "/account/app/"

    def test_wrong_codes_lock_no_password(self, signed_in: Browser, codes: list[str]) -> None:
        fail(times=3)
        answer = signed_in.post("/account/prove/", {"password": PASSWORD, "next": "/account/app/"})
        assert answer["Location"] == "/account/app/"

    def test_a_new_password_by_mail_ends_the_lock_but_not_the_row(self, codes: list[str]) -> None:
        fail(times=3)
        passwords.reset(account_links.token(Account.objects.get(), "reset"), OTHER)
        thief, owner = at_the_code(OTHER), at_the_code(OTHER)

        thief.post("/account/code/", {"code": "000000"})
        owner.post("/account/code/", {"code": codes[0]})

        assert not owner.is_in
        passwords.reset(account_links.token(Account.objects.get(), "reset"), PASSWORD)
        owner = at_the_code()
        owner.post("/account/code/", {"code": codes[0]})
        assert owner.is_in


class TestFactorsNobodyCanReadAnyMore:
    @pytest.fixture
    def codes(self, signed_in: Browser) -> list[str]:
        """Recovery codes from before the settings lost the key that app and codes lie under."""
        _seed, codes = set_up(signed_in)
        with override_settings(SECRET_KEY="another " * 8):
            unreadable = encryption.encrypt("what it was")
        for kind, name in (("totp", "secret"), ("recovery_codes", "seed")):
            row = Authenticator.objects.get(type=kind)
            row.data[name] = unreadable
            row.save()
        return codes

    def test_none_of_their_codes_lets_in(self, codes: list[str]) -> None:
        browser = at_the_code()

        refused = browser.post("/account/code/", {"code": codes[0]})

        assert "The code is wrong, or was used before" in refused.content.decode()
        assert not browser.is_in

    def test_none_of_their_codes_proves_anything(
        self, signed_in: Browser, codes: list[str]
    ) -> None:
        refused = signed_in.post("/account/prove/", {"code": codes[0]})
        assert "The code is wrong, or was used before" in refused.content.decode()

    def test_no_code_is_left_and_there_may_be_new_ones(
        self, signed_in: Browser, codes: list[str]
    ) -> None:
        assert "0 are left." in signed_in.get("/account/").content.decode()

        signed_in.post("/account/recovery-codes/")

        assert "10 are left." in signed_in.get("/account/").content.decode()


class TestRemoving:
    def test_the_last_one_takes_the_codes_along(
        self, signed_in: Browser, acme: Organization
    ) -> None:
        set_up(signed_in)
        factor = Authenticator.objects.get(type="totp")

        asked = signed_in.get(f"/account/factors/{factor.pk}/")
        assert "It is the last one" in asked.content.decode()
        signed_in.post(f"/account/factors/{factor.pk}/")

        assert not Authenticator.objects.exists()
        assert logged(acme)[-1] == "remove_second_factor"
        assert Browser().sign_in("pam@example.com")["Location"] == "/workspace/"

    def test_nobody_removes_anothers(self, signed_in: Browser, acme: Organization) -> None:
        set_up(signed_in)
        factor = Authenticator.objects.get(type="totp")
        make.agent(acme, email="tom@example.com", password=PASSWORD)
        tom = Browser()
        tom.sign_in("tom@example.com")

        tom.post(f"/account/factors/{factor.pk}/")

        assert tom.get(f"/account/factors/{factor.pk}/")["Location"] == "/account/"
        assert Authenticator.objects.filter(pk=factor.pk).exists()

    def test_new_codes_take_the_place_of_the_old(self, signed_in: Browser) -> None:
        _, old = set_up(signed_in)
        new = CODES.findall(signed_in.post("/account/recovery-codes/").content.decode())
        assert len(new) == 10
        assert not set(new) & set(old)

        browser = Browser()
        browser.sign_in("pam@example.com")
        browser.post("/account/code/", {"code": old[0]})
        assert not browser.is_in

    def test_without_a_factor_there_are_no_codes(self, signed_in: Browser) -> None:
        assert signed_in.post("/account/recovery-codes/")["Location"] == "/account/"
        assert not Authenticator.objects.exists()


class TestAnOrganizationThatAsksForOne:
    @pytest.fixture(autouse=True)
    def _asks(self, acme: Organization, pam: Agent) -> None:
        second_factors.require(acme.pk, True)

    def test_who_has_none_is_led_through_setting_one_up(
        self, browser: Browser, acme: Organization
    ) -> None:
        held = browser.sign_in("pam@example.com", next="/account/")
        assert held["Location"] == "/account/set-up/"
        assert not browser.is_in
        assert "Acme asks everybody" in browser.get("/account/set-up/").content.decode()

        _, codes = set_up(browser)
        assert len(codes) == 10
        assert not browser.is_in

        assert browser.post("/account/set-up/")["Location"] == "/account/"
        assert browser.is_in

    def test_it_can_not_be_skipped(self, browser: Browser) -> None:
        browser.sign_in("pam@example.com")
        assert browser.post("/account/set-up/")["Location"] == "/account/set-up/"
        assert not browser.is_in
        assert browser.get("/account/")["Location"].startswith("/signin")

    def test_who_waits_with_a_password_alone_does_not_get_round_a_factor_set_up_elsewhere(
        self, browser: Browser
    ) -> None:
        # given somebody who knows the password and waits where a factor is to be set up
        thief = Browser("203.0.113.66")
        thief.sign_in("pam@example.com")

        # when its owner sets one up
        browser.sign_in("pam@example.com")
        set_up(browser)
        browser.post("/account/set-up/")
        assert browser.is_in

        # then the other one gets no further
        assert thief.post("/account/set-up/")["Location"] == "/account/set-up/"
        assert thief.get("/account/app/")["Location"] == "/signin"
        assert not thief.is_in

    def test_setting_up_is_only_for_who_knows_the_password(self, browser: Browser) -> None:
        for path in ("/account/set-up/", "/account/app/", "/account/passkeys/add/"):
            assert browser.get(path)["Location"] == "/signin"

    def test_the_last_factor_can_not_be_removed(self, browser: Browser) -> None:
        browser.sign_in("pam@example.com")
        set_up(browser)
        browser.post("/account/set-up/")
        factor = Authenticator.objects.get(type="totp")

        kept = browser.post(f"/account/factors/{factor.pk}/", follow=True)

        assert "asks for a second factor" in kept.content.decode()
        assert Authenticator.objects.filter(pk=factor.pk).exists()

    def test_asking_is_logged_once(self, acme: Organization) -> None:
        second_factors.require(acme.pk, True)
        assert logged(acme).count("update_sign_in_rules") == 1
        assert nothing_sent()
