"""How somebody who was made an agent comes to sign in for the first time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings

from chatplatform import clock
from chatplatform.errors import Authorization, NotFound, Validation
from chatplatform.models import Account, Agent, Organization, StaffMail
from chatplatform.models.people import AgentRole
from chatplatform.requester import AgentRequester
from chatplatform.selectors import people
from chatplatform.services import agent_mails, agents, invitations
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
from tests.world import User

pytestmark = pytest.mark.django_db

SITE = "https://chat.example"


@pytest.fixture(autouse=True)
def _at_home(settings: Any) -> None:
    settings.PUBLIC_URL = SITE


@pytest.fixture
def nora(acme: Organization) -> Agent:
    """An agent without a password, who was not invited yet."""
    return make.agent(acme, email="nora@example.com", name="Nora New")


def requester(acme: Organization, role: str) -> AgentRequester:
    return people.requester_of(make.account(make.agent(acme, role)))


def link(agent: Agent) -> str:
    return invitations.link(agent, SITE).removeprefix(SITE)


class TestTheMail:
    def test_an_agent_made_through_the_api_is_invited(
        self, api: Callable[..., User], acme: Organization
    ) -> None:
        owner = make.agent(acme, AgentRole.OWNER)
        client = api(f"Bearer {make.access_token(owner)}", api="configuration")
        client.call("create_agent", id="nora@example.com", name="Nora New")

        message = sent()

        assert message.to == ["nora@example.com"]
        assert message.subject == "You are invited to Acme"
        assert "Hello Nora New," in str(message.body)
        assert f"good for {django_settings.INVITATION_DAYS} days, and once" in str(message.body)
        assert Browser().open(link_in(message)).status_code == 200

    def test_it_is_written_with_the_agent_or_not_at_all(self, acme: Organization) -> None:
        with pytest.raises(Validation):
            agents.create_agent(acme, "no address", "Nora", invite_from=SITE)
        assert not StaffMail.objects.exists()

        agents.create_agent(acme, "nora@example.com", "Nora", invite_from=SITE)
        assert StaffMail.objects.get().kind == "invitation"

    def test_who_is_made_with_a_password_is_not_invited(self, acme: Organization) -> None:
        agents.create_agent(acme, "nora@example.com", "Nora", PASSWORD, invite_from=SITE)
        assert not StaffMail.objects.exists()

    def test_no_link_lies_in_the_database(self, nora: Agent) -> None:
        invitations.invite(nora, SITE)
        row = StaffMail.objects.values().get()
        assert "invitation/" not in str(row)
        assert row["base_url"] == SITE

    def test_it_says_who_invites(self, nora: Agent, acme: Organization) -> None:
        invitations.invite(nora, SITE, by=requester(acme, AgentRole.OWNER))
        assert "Ann Agent invites you to Acme" in str(sent().body)

    def test_a_server_that_is_away_is_tried_again(self, nora: Agent, settings: Any) -> None:
        invitations.invite(nora, SITE)
        backend = settings.EMAIL_BACKEND
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        with time_machine.travel(clock.now(), tick=False) as traveller:
            assert nothing_sent()
            settings.EMAIL_BACKEND = backend
            assert nothing_sent()

            traveller.shift(timedelta(minutes=3))

            assert sent().to == ["nora@example.com"]
            assert nothing_sent()

    def test_an_address_that_takes_none_gets_none(self, nora: Agent) -> None:
        Agent.objects.filter(pk=nora.pk).update(email_disabled_at=clock.now())
        assert agent_mails.reachable(nora.organization_id, ["nora@example.com"]) == []
        invitations.invite(nora, SITE)
        assert nothing_sent()

    def test_who_came_in_meanwhile_gets_none(self, nora: Agent) -> None:
        invitations.invite(nora, SITE)
        Browser().open(link(nora))
        account = make.account(nora)
        account.set_password(PASSWORD)
        account.save()
        assert nothing_sent()

    def test_sending_it_is_logged(self, nora: Agent, acme: Organization) -> None:
        invitations.invite(nora, SITE)
        assert logged(acme)[-1] == "send_invitation"


class TestTheLink:
    def test_an_administrator_may_hand_it_on(self, nora: Agent, acme: Organization) -> None:
        by = requester(acme, AgentRole.ADMINISTRATOR)
        assert invitations.link(nora, SITE, by).startswith(f"{SITE}/account/invitation/")
        assert logged(acme)[-1] == "create_invitation_link"

    def test_nobody_gets_one_for_people_above_them(self, acme: Organization) -> None:
        above = make.agent(acme, AgentRole.OWNER, email="boss@example.com")
        by = requester(acme, AgentRole.ADMINISTRATOR)
        with pytest.raises(Authorization):
            invitations.link(above, SITE, by)
        with pytest.raises(Authorization):
            invitations.invite(above, SITE, by)
        assert not StaffMail.objects.exists()

    def test_there_is_none_for_who_signs_in_already(self, pam: Agent) -> None:
        with pytest.raises(Validation):
            invitations.link(pam, SITE)
        with pytest.raises(Validation):
            invitations.invite(pam, SITE)
        assert not StaffMail.objects.exists()

    def test_there_is_none_for_bots(self, acme: Organization) -> None:
        bot = Agent.objects.create(organization=acme, kind="bot", public_id="0" * 32, name="Bot")
        with pytest.raises(NotFound):
            invitations.link(bot, SITE)

    def test_the_page_stands_at_an_address_without_the_token(
        self, nora: Agent, browser: Browser
    ) -> None:
        answer = browser.open(link(nora))
        assert answer.redirect_chain == [("/account/invitation/", 302)]

    def test_it_ends_after_its_days(self, nora: Agent, browser: Browser) -> None:
        path = link(nora)
        with time_machine.travel(clock.now() + timedelta(days=7, minutes=1)):
            refused = browser.open(path)
        assert (refused.status_code, title(refused)) == (410, "This link is not good any more")

    @pytest.mark.parametrize("token", ["x", "a:b:c", "%00"])
    def test_one_that_is_none_is_refused(self, browser: Browser, token: str) -> None:
        assert browser.open(f"/account/invitation/{token}/").status_code == 410


class TestAccepting:
    def test_it_sets_the_password_and_comes_in(
        self, nora: Agent, browser: Browser, acme: Organization
    ) -> None:
        page = browser.open(link(nora))
        assert "Nora New, you are invited to Acme" in page.content.decode()

        answer = browser.answer("/account/invitation/", password=PASSWORD)

        assert (answer.status_code, answer["Location"]) == (302, "/workspace/")
        assert browser.is_in
        assert Browser().sign_in("nora@example.com").status_code == 302
        assert make.account(nora).email_verified_at is None
        assert Account.objects.get(email="nora@example.com").email_verified_at is not None
        assert logged(acme)[-3:-1] == ["accept_invitation", "sign_in"]

    def test_it_can_be_used_once(self, nora: Agent) -> None:
        path = link(nora)
        first, second = Browser(), Browser()
        first.open(path)
        second.open(path)
        first.answer("/account/invitation/", password=PASSWORD)

        late = second.answer("/account/invitation/", password=OTHER)

        assert late.status_code == 410
        assert Browser().open(path).status_code == 410
        assert not second.is_in
        assert Browser().sign_in("nora@example.com", OTHER).status_code == 200

    @pytest.mark.parametrize("weak", ["short", "password1", "12345678", "nora@example.com"])
    def test_a_weak_password_is_refused(self, nora: Agent, browser: Browser, weak: str) -> None:
        browser.open(link(nora))

        refused = browser.answer("/account/invitation/", password=weak)

        assert refused.status_code == 200
        assert 'aria-describedby="id_password-error"' in refused.content.decode()
        assert not Account.objects.get(email="nora@example.com").has_usable_password()

    def test_who_waits_for_approval_is_told_so_after_it(
        self, acme: Organization, browser: Browser
    ) -> None:
        waiting = agents.create_agent(acme, "w@example.com", "Wim", awaiting_approval=True)
        browser.open(link(waiting))

        answer = browser.answer("/account/invitation/", password=PASSWORD)

        assert (answer.status_code, title(answer)) == (403, "You can not come in now")
        assert not browser.is_in
