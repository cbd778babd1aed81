"""Coming in with a password: where it leads, what is noted, and when it is refused."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from chatplatform import clock
from chatplatform.models import AccessToken, Account, Agent, AuditEntry, Organization, StaffSession
from chatplatform.services import agents
from tests import make
from tests.accounts.conftest import (
    OTHER,
    PASSWORD,
    Browser,
    link_in,
    logged,
    nothing_sent,
    sent,
    title,
)

pytestmark = pytest.mark.django_db

WRONG = "The e-mail address or the password is wrong"


class TestWhereItLeads:
    def test_it_leads_to_the_workspace(self, browser: Browser, pam: Agent) -> None:
        assert browser.sign_in("pam@example.com")["Location"] == "/workspace/"

    def test_it_leads_back_to_a_whole_authorize_address(self, browser: Browser, pam: Agent) -> None:
        wanted = "/?response_type=code&client_id=x&redirect_uri=https%3A%2F%2Fshop.example%2F"
        page = browser.get("/signin", {"next": wanted}).content.decode()
        assert 'value="/?response_type=code&amp;client_id=x&amp;redirect_uri=https%3A%2F%2F' in page

        assert browser.sign_in("pam@example.com", next=wanted)["Location"] == wanted

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            f"//evil.example/{'x' * 4_000}",
            f"/{'x' * 16_384}",
            "javascript:x",
        ],
        ids=lambda text: text[:20],
    )
    def test_it_never_leads_elsewhere(self, browser: Browser, pam: Agent, elsewhere: str) -> None:
        assert browser.sign_in("pam@example.com", next=elsewhere)["Location"] == "/workspace/"

    def test_the_address_a_link_knows_is_filled_in(self, browser: Browser) -> None:
        page = browser.get("/signin", {"email": "pam@example.com"}).content.decode()
        assert 'value="pam@example.com"' in page

    def test_who_is_in_already_is_led_on(self, signed_in: Browser) -> None:
        assert signed_in.get("/signin", {"next": "/account/"})["Location"] == "/account/"


class TestWhatIsNoted:
    def test_the_audit_log_says_who_how_and_from_where(
        self, signed_in: Browser, pam: Agent, acme: Organization
    ) -> None:
        entry = AuditEntry.objects.get(organization=acme, action="sign_in")
        assert (entry.user_id, entry.account_id) == ("pam@example.com", pam.account_id)
        assert (entry.door, entry.address, entry.after) == (
            "pages",
            "192.0.2.7",
            {"how": "password"},
        )

    def test_signing_out_is_noted_and_ends_the_tokens(
        self, signed_in: Browser, acme: Organization
    ) -> None:
        signed_in.post("/workspace/token")
        assert AccessToken.objects.count() == 1

        signed_in.post("/signout")

        assert not AccessToken.objects.exists()
        assert not StaffSession.objects.exclude(account=None).exists()
        assert logged(acme)[-1] == "sign_out"

    def test_tokens_of_a_session_that_is_replaced_die(
        self, signed_in: Browser, acme: Organization
    ) -> None:
        make.agent(acme, email="tom@example.com", password=PASSWORD)
        signed_in.post("/workspace/token")
        other = Browser()
        other.cookies = signed_in.cookies

        other.get("/signout")
        signed_in.post("/signout")
        signed_in.sign_in("tom@example.com")

        assert not AccessToken.objects.filter(user__email="pam@example.com").exists()


class TestWhoIsTurnedAway:
    def test_a_suspended_agent_is_told_so_after_the_right_password(
        self, browser: Browser, pam: Agent
    ) -> None:
        agents.suspend_agent(pam.organization_id, pam.public_id)

        refused = browser.sign_in("pam@example.com")

        assert (refused.status_code, title(refused)) == (403, "You can not come in now")
        assert "is suspended" in refused.content.decode()
        assert not browser.is_in
        assert WRONG in browser.sign_in("pam@example.com", "wrong").content.decode()

    def test_who_waits_for_approval_is_told_so(self, browser: Browser, acme: Organization) -> None:
        agents.create_agent(acme, "new@example.com", "New", PASSWORD, awaiting_approval=True)

        refused = browser.sign_in("new@example.com")

        assert refused.status_code == 403
        assert "waits for an owner or administrator of Acme" in refused.content.decode()
        assert not browser.is_in

    def test_an_account_that_is_switched_off_stays_out(self, browser: Browser, pam: Agent) -> None:
        Account.objects.update(is_active=False)
        assert browser.sign_in("pam@example.com").status_code == 403
        assert not browser.is_in

    def test_suspending_somebody_ends_their_browser_sessions(
        self, signed_in: Browser, pam: Agent
    ) -> None:
        agents.suspend_agent(pam.organization_id, pam.public_id)
        assert not signed_in.is_in
        assert not StaffSession.objects.filter(account=pam.account).exists()

    def test_deleting_somebody_ends_their_browser_sessions(
        self, signed_in: Browser, pam: Agent
    ) -> None:
        agents.delete_agent(pam.organization_id, pam.public_id)
        assert not signed_in.is_in
        assert not StaffSession.objects.exclude(account=None).exists()


class TestAnAddressThatFailsTooOften:
    @pytest.fixture(autouse=True)
    def _failed(self, settings: Any, pam: Agent) -> None:
        """Fail from one address, each time as somebody else."""
        settings.ADDRESS_LIMIT_BURST = 2
        settings.ADDRESS_LIMIT_PER_SECOND = 0.001
        statuses = [
            Browser().sign_in(f"nobody{number}@example.com", "wrong").status_code
            for number in range(3)
        ]
        assert statuses == [200, 200, 429]

    def test_is_not_let_in_with_the_right_password_either(self, browser: Browser) -> None:
        refused = browser.sign_in("pam@example.com")

        assert refused.status_code == 429
        assert "Too many attempts" in refused.content.decode()
        assert not browser.is_in

    def test_has_no_password_looked_at(self, browser: Browser) -> None:
        assert browser.sign_in("pam@example.com", "wrong").status_code == 429
        assert Account.objects.get(email="pam@example.com").failed_sign_ins == 0

    def test_keeps_nobody_elsewhere_out(self) -> None:
        assert Browser("198.51.100.1").sign_in("pam@example.com").status_code == 302


@pytest.fixture
def strict(settings: Any) -> None:
    """Let three wrong attempts lock an account, for a minute at first."""
    settings.SIGN_IN_FAILURES = 3
    settings.SIGN_IN_LOCK_SECONDS = 60


_hosts = itertools.count(1)


def fail(times: int) -> None:
    """Try wrong passwords, each from another address."""
    for _ in range(times):
        Browser(f"198.51.{next(_hosts) % 250}.9").sign_in("pam@example.com", "wrong")


@pytest.mark.usefixtures("strict")
class TestTheLock:
    def test_too_many_wrong_passwords_from_wherever_lock_the_account(
        self, pam: Agent, acme: Organization
    ) -> None:
        fail(3)

        refused = Browser().sign_in("pam@example.com")

        assert refused.status_code == 200
        assert WRONG in refused.content.decode()
        assert logged(acme)[-1] == "lock_account"

    def test_fewer_do_not(self, pam: Agent) -> None:
        fail(2)
        assert Browser().sign_in("pam@example.com").status_code == 302
        assert Account.objects.get(email="pam@example.com").failed_sign_ins == 0

    def test_what_is_said_is_the_same_for_wrong_locked_and_unknown(self, pam: Agent) -> None:
        def words(email: str, password: str) -> str:
            page = Browser("203.0.113.9").sign_in(email, password).content.decode()
            return page.replace(email, "")

        wrong = words("pam@example.com", "wrong")
        fail(3)

        assert words("pam@example.com", PASSWORD).split("csrf")[0] == wrong.split("csrf")[0]
        assert words("nobody@example.com", "wrong").split("csrf")[0] == wrong.split("csrf")[0]

    def test_it_ends_by_itself(self, pam: Agent) -> None:
        with time_machine.travel(clock.now(), tick=True) as traveller:
            fail(3)
            traveller.shift(61)
            assert Browser().sign_in("pam@example.com").status_code == 302

    def test_each_further_wrong_attempt_doubles_it_up_to_a_day(self, pam: Agent) -> None:
        lengths = []
        with time_machine.travel(clock.now(), tick=False) as traveller:
            fail(2)
            for _ in range(14):
                fail(1)
                account = Account.objects.get(email="pam@example.com")
                assert account.locked_until is not None
                length = account.locked_until - clock.now()
                lengths.append(length)
                traveller.shift(length + timedelta(seconds=1))
        assert lengths[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
        assert lengths[-1] <= timedelta(days=1)
        assert lengths[-1] == max(lengths)

    def test_attempts_while_it_lasts_are_not_counted(self, pam: Agent) -> None:
        fail(3)
        before = Account.objects.get(email="pam@example.com").locked_until
        fail(5)
        assert Account.objects.get(email="pam@example.com").locked_until == before

    def test_its_owner_gets_one_mail_whose_link_unlocks(self, pam: Agent) -> None:
        fail(3)
        message = sent()
        assert message.to == ["pam@example.com"]
        assert message.subject == "Your account is locked for a while"

        browser = Browser()
        browser.open(link_in(message))
        browser.answer("/account/password/new/", password=OTHER)

        assert browser.is_in
        assert Browser().sign_in("pam@example.com", OTHER).status_code == 302
        assert nothing_sent()

    def test_an_address_nobody_has_locks_nothing(self, acme: Organization) -> None:
        for _ in range(5):
            Browser().sign_in("nobody@example.com", "wrong")
        assert logged(acme) == []
        assert nothing_sent()
