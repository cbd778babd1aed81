"""The page of one's own account: name, address, sessions."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from agents.accounts.devices import described
from chatplatform import clock
from chatplatform.domain_events.people import AgentUpdated
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import AlreadyExists
from chatplatform.models import (
    AccessToken,
    Account,
    Agent,
    AuditEntry,
    Consent,
    Organization,
    StaffMail,
    StaffSession,
)
from chatplatform.services import agents, consents, sign_in_addresses, staff_sessions
from tests import make
from tests.accounts.conftest import (
    PASSWORD,
    Browser,
    link_in,
    logged,
    nothing_sent,
    sent,
    title,
)
from tests.conftest import Told

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Mobile/15E148 Safari/604.1"


class TestTheName:
    def test_it_changes_for_colleagues_too(
        self, signed_in: Browser, pam: Agent, told: Told
    ) -> None:
        with told() as events:
            signed_in.post("/account/", {"name": "Pamela Poe"})

        assert Agent.objects.get(pk=pam.pk).name == "Pamela Poe"
        assert Account.objects.get(pk=pam.account_id).name == "Pamela Poe"
        assert [one.changed for one in events if isinstance(one, AgentUpdated)] == [
            {"name": "Pamela Poe"}
        ]

    def test_an_empty_one_is_refused(self, signed_in: Browser, pam: Agent) -> None:
        refused = signed_in.post("/account/", {"name": " "})
        assert "Enter your name" in refused.content.decode()
        assert Agent.objects.get(pk=pam.pk).name == "Pam Poe"

    def test_a_superuser_has_one_without_a_seat(self) -> None:
        root = Account.objects.create_superuser("root@example.com", PASSWORD, name="Root")
        browser = Browser()
        browser.sign_in("root@example.com")
        browser.post("/account/", {"name": "Rita"})
        root.refresh_from_db()
        assert root.name == "Rita"


class TestTheAddress:
    def test_it_changes_when_the_link_in_the_mail_is_opened(
        self, signed_in: Browser, pam: Agent, acme: Organization
    ) -> None:
        signed_in.post("/account/address/", {"email": "Pamela@Example.com"})
        message = sent()
        assert message.to == ["pamela@example.com"]
        assert Account.objects.get(pk=pam.account_id).email == "pam@example.com"

        elsewhere = Browser()
        asked = elsewhere.open(link_in(message))
        assert title(asked) == "Is this your address?"
        done = elsewhere.answer("/account/address/prove/")

        account = Account.objects.get(pk=pam.account_id)
        assert title(done) == "Thank you"
        assert account.email == "pamela@example.com"
        assert account.email_verified_at is not None
        assert logged(acme)[-1] == "change_email"

    def test_the_former_address_is_told(self, signed_in: Browser, pam: Agent) -> None:
        signed_in.post("/account/address/", {"email": "pamela@example.com"})
        browser = Browser()
        browser.open(link_in(sent()))
        browser.answer("/account/address/prove/")

        message = sent()

        assert message.to == ["pam@example.com"]
        assert message.subject == "You sign in with another address now"

    def test_the_id_in_the_apis_stays(self, signed_in: Browser, pam: Agent) -> None:
        signed_in.post("/account/address/", {"email": "pamela@example.com"})
        browser = Browser()
        browser.open(link_in(sent()))
        browser.answer("/account/address/prove/")

        assert Agent.objects.get(pk=pam.pk).public_id == "pam@example.com"
        assert Browser().sign_in("pamela@example.com").status_code == 302
        assert Browser().sign_in("pam@example.com").status_code == 200

    def test_nobody_else_gets_the_id_meanwhile(
        self, signed_in: Browser, pam: Agent, acme: Organization
    ) -> None:
        Account.objects.filter(pk=pam.account_id).update(email="pamela@example.com")

        with pytest.raises(AlreadyExists):
            agents.create_agent(acme, "pam@example.com", "Another Pam")

        assert Agent.objects.get(public_id="pam@example.com").account_id == pam.account_id

    def test_whether_an_address_is_taken_is_not_told(
        self, signed_in: Browser, acme: Organization
    ) -> None:
        make.agent(acme, email="tom@example.com")

        answer = signed_in.post("/account/address/", {"email": "tom@example.com"})

        assert answer["Location"] == "/account/"
        assert nothing_sent()

    def test_one_that_was_taken_meanwhile_is_refused(
        self, signed_in: Browser, pam: Agent, acme: Organization
    ) -> None:
        signed_in.post("/account/address/", {"email": "tom@example.com"})
        path = link_in(sent())
        make.agent(acme, email="tom@example.com")
        browser = Browser()
        browser.open(path)

        refused = browser.answer("/account/address/prove/")

        assert "This address can not be used" in refused.content.decode()
        assert Account.objects.get(pk=pam.account_id).email == "pam@example.com"

    def test_the_link_is_good_for_a_day_and_once(self, signed_in: Browser) -> None:
        signed_in.post("/account/address/", {"email": "pamela@example.com"})
        path = link_in(sent())
        with time_machine.travel(clock.now() + timedelta(hours=25)):
            assert Browser().open(path).status_code == 410
        browser = Browser()
        browser.open(path)
        browser.answer("/account/address/prove/")
        assert Browser().open(path).status_code == 410

    def test_the_address_one_has_can_be_proved(self, signed_in: Browser, pam: Agent) -> None:
        assert "not verified" in signed_in.get("/account/").content.decode()
        signed_in.post("/account/address/", {"email": "pam@example.com"})
        browser = Browser()
        browser.open(link_in(sent()))
        browser.answer("/account/address/prove/")

        assert "not verified" not in signed_in.get("/account/").content.decode()
        assert not StaffMail.objects.filter(kind="address_changed").exists()

    def test_what_somebody_else_asked_for_takes_nothing_away(
        self, signed_in: Browser, pam: Agent, acme: Organization
    ) -> None:
        tom = make.account(make.agent(acme, email="tom@example.com"))
        sign_in_addresses.ask_to_prove(tom, "pamela@example.com", "http://localhost")

        signed_in.post("/account/address/", {"email": "pamela@example.com"})

        mails = StaffMail.objects.filter(kind="verification", address="pamela@example.com")
        assert {mail.account_id for mail in mails} == {tom.pk, pam.account_id}

    def test_asked_for_twice_within_a_minute_it_is_sent_once(self, signed_in: Browser) -> None:
        for _ in range(2):
            signed_in.post("/account/address/", {"email": "pamela@example.com"})

        assert StaffMail.objects.count() == 1

    def test_what_is_no_address_is_refused(self, signed_in: Browser) -> None:
        refused = signed_in.post("/account/address/", {"email": "pam"})
        assert "in the format name@example.com" in refused.content.decode()
        assert not StaffMail.objects.exists()


class TestTheSessions:
    @pytest.fixture
    def other(self, signed_in: Browser) -> Browser:
        """Another browser of Pam's, elsewhere."""
        made = Browser("203.0.113.5")
        made.defaults["HTTP_USER_AGENT"] = CHROME
        made.sign_in("pam@example.com")
        assert made.is_in
        return made

    def test_each_is_listed_with_device_and_address(
        self, signed_in: Browser, other: Browser
    ) -> None:
        page = signed_in.get("/account/").content.decode()
        assert "Firefox on Linux" in page
        assert "192.0.2.7" in page
        assert "Chrome on Windows" in page
        assert "203.0.113.5" in page
        assert page.count("this one") == 1

    def test_one_is_ended_from_another_with_its_tokens(
        self, signed_in: Browser, other: Browser, told: Told, acme: Organization
    ) -> None:
        other.post("/workspace/token")
        signed_in.post("/workspace/token")
        row = StaffSession.objects.get(address="203.0.113.5")

        with told() as events:
            signed_in.post(f"/account/sessions/{row.public_id}/end/")

        assert not other.is_in
        assert signed_in.is_in
        assert AccessToken.objects.count() == 1
        ended = [one.reason for one in events if isinstance(one, SessionsEnded)]
        assert ended == ["access_token_revoked"]
        entry = AuditEntry.objects.get(action="end_session")
        assert (entry.user_id, entry.before) == (
            "pam@example.com",
            {"address": "203.0.113.5", "user_agent": CHROME},
        )

    def test_all_others_are_ended_at_once(self, signed_in: Browser, other: Browser) -> None:
        third = Browser("203.0.113.6")
        third.sign_in("pam@example.com")

        answer = signed_in.post("/account/sessions/end/", follow=True)

        assert "2 sessions were ended." in answer.content.decode()
        assert signed_in.is_in
        assert not other.is_in
        assert not third.is_in

    def test_nobody_ends_anothers(
        self, signed_in: Browser, other: Browser, acme: Organization
    ) -> None:
        make.agent(acme, email="tom@example.com", password=PASSWORD)
        tom = Browser()
        tom.sign_in("tom@example.com")
        row = StaffSession.objects.get(address="203.0.113.5")

        answer = tom.post(f"/account/sessions/{row.public_id}/end/", follow=True)

        assert "has ended already" in answer.content.decode()
        assert other.is_in

    def test_one_that_was_ended_never_comes_back(self, signed_in: Browser) -> None:
        StaffSession.objects.all().delete()
        signed_in.get("/account/")
        assert not StaffSession.objects.exclude(account=None).exists()

    def test_the_last_visit_is_noted_at_most_once_a_minute(self, signed_in: Browser) -> None:
        first = StaffSession.objects.get().last_seen_at
        with time_machine.travel(first + timedelta(seconds=50), tick=False):
            signed_in.get("/account/")
            assert StaffSession.objects.get().last_seen_at == first
        with time_machine.travel(first + timedelta(seconds=70), tick=False):
            signed_in.get("/account/")
            assert StaffSession.objects.get().last_seen_at == first + timedelta(seconds=70)

    def test_expired_ones_are_cleared(self, signed_in: Browser) -> None:
        with time_machine.travel(clock.now() + timedelta(days=15)):
            assert not signed_in.is_in
            staff_sessions.clear_expired()
        assert not StaffSession.objects.exclude(account=None).exists()

    def test_keys_are_not_in_the_database(self, signed_in: Browser) -> None:
        key = signed_in.cookies["sessionid"].value
        assert key not in str(list(StaffSession.objects.values()))


class TestTheApplications:
    def test_taking_back_a_consent_ends_what_the_application_holds(
        self, signed_in: Browser, pam: Agent, acme: Organization, told: Told
    ) -> None:
        application = make.application(acme)
        other = make.application(acme)
        make.access_token(pam, application=application)
        make.access_token(pam, application=other)
        consents.give(make.account(pam), application, ["chats--all:ro"])
        assert "Applications that act for you" in signed_in.get("/account/").content.decode()

        with told() as events:
            signed_in.post(f"/account/consents/{Consent.objects.get().pk}/end/")

        assert not Consent.objects.exists()
        assert AccessToken.objects.get().application == other
        ended = [one.reason for one in events if isinstance(one, SessionsEnded)]
        assert ended == ["access_token_revoked"]
        assert logged(acme)[-1] == "withdraw_consent"

    def test_nobody_takes_back_anothers(self, signed_in: Browser, acme: Organization) -> None:
        tom = make.agent(acme, email="tom@example.com")
        consents.give(make.account(tom), make.application(acme), ["chats--all:ro"])

        signed_in.post(f"/account/consents/{Consent.objects.get().pk}/end/")

        assert Consent.objects.count() == 1


class TestDevices:
    @pytest.mark.parametrize(
        ("user_agent", "words"),
        [
            (CHROME, "Chrome on Windows"),
            (CHROME.replace("Chrome/140.0", "Chrome/140.0 Edg/140.0"), "Edge on Windows"),
            (SAFARI, "Safari on iPhone"),
            ("curl/8.0", "curl"),
            ("", "Unknown device"),
        ],
    )
    def test_they_are_told_in_plain_words(self, user_agent: str, words: str) -> None:
        assert described(user_agent).startswith(words)


@pytest.mark.parametrize(
    "button",
    [
        "sessions/end/",
        "sessions/x/end/",
        "consents/1/end/",
        "recovery-codes/",
        "provider/x/connect/",
        "links/1/remove/",
    ],
)
def test_a_button_pressed_when_the_session_is_over_leads_back_to_the_account(
    browser: Browser, acme: Organization, button: str
) -> None:
    answer = browser.post(f"/account/{button}")

    assert (answer.status_code, answer["Location"]) == (302, "/signin?next=/account/")


def test_strangers_see_nothing(browser: Browser, acme: Organization) -> None:
    assert browser.get("/account/")["Location"] == "/signin?next=/account/"


class TestWhatIsDoneByAButton:
    @pytest.mark.parametrize(
        "path",
        [
            "recovery-codes/",
            "consents/1/end/",
            "sessions/end/",
            "sessions/abc/end/",
            "provider/acme/connect/",
            "links/1/remove/",
        ],
    )
    def test_opening_its_address_leads_to_the_button(self, signed_in: Browser, path: str) -> None:
        with time_machine.travel(clock.now() + timedelta(hours=1)):
            opened = signed_in.get(f"/account/{path}")

        assert (opened.status_code, opened["Location"]) == (302, "/account/")

    def test_opening_the_sign_out_does_not_sign_out(self, signed_in: Browser) -> None:
        assert signed_in.get("/signout")["Location"] == "/account/"

        assert signed_in.is_in
