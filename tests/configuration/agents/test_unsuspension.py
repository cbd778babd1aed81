"""Suspended agents who ask to work again: whom their wish reaches."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from chatplatform import clock
from chatplatform.models import Agent, Organization, UnsuspensionRequest
from chatplatform.services import unsuspensions
from tests.configuration.seats import row
from tests.world import User, World


@pytest.fixture
def idle(ann: User, bob: User) -> User:
    """Bob, suspended."""
    ann.configuration.call("suspend_agent", id=bob.id)
    return bob


def test_a_suspended_agents_wish_reaches_those_who_own_the_licence(
    world: World, acme: Organization, oona: User, ann: User, idle: User
) -> None:
    vice = world.agent(acme, "vic", role="viceowner")

    assert idle.configuration.call("request_agent_unsuspension") == {}
    assert mail.outbox == []
    unsuspensions.send_due()

    assert sorted(sent.to for sent in mail.outbox) == sorted([[oona.id], [vice.id]])
    for sent in mail.outbox:
        assert sent.subject == "Bob asks to work again with Acme"
        assert idle.id in sent.body
    unsuspensions.send_due()
    assert len(mail.outbox) == 2


def test_an_agent_asks_once_a_day(oona: User, idle: User) -> None:
    for _ in range(2):
        idle.configuration.call("request_agent_unsuspension")
        unsuspensions.send_due()
    assert len(mail.outbox) == 1

    UnsuspensionRequest.objects.update(asked_at=clock.now() - unsuspensions.PAUSE)
    idle.configuration.call("request_agent_unsuspension")
    unsuspensions.send_due()
    assert len(mail.outbox) == 2


def test_a_mail_that_fails_is_tried_again(
    oona: User, idle: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle.configuration.call("request_agent_unsuspension")
    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", _refuse)
        unsuspensions.send_due()
    assert mail.outbox == []

    UnsuspensionRequest.objects.update(due_at=clock.now())
    unsuspensions.send_due()

    assert len(mail.outbox) == 1


def test_a_mail_that_always_fails_is_given_up(
    oona: User, idle: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle.configuration.call("request_agent_unsuspension")
    monkeypatch.setattr("django.core.mail.EmailMessage.send", _refuse)

    for _ in range(unsuspensions.ATTEMPTS + 1):
        UnsuspensionRequest.objects.filter(due_at__isnull=False).update(due_at=clock.now())
        unsuspensions.send_due()

    assert UnsuspensionRequest.objects.get().due_at is None


def test_an_address_that_is_refused_is_noticed_and_keeps_nobody_else_from_knowing(
    world: World, acme: Organization, oona: User, idle: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    vice = world.agent(acme, "vic", role="viceowner")
    idle.configuration.call("request_agent_unsuspension")
    really = EmailMessage.send

    def picky(message: EmailMessage, fail_silently: bool = False) -> int:
        if message.to == [oona.id]:
            raise SMTPRecipientsRefused({oona.id: (550, b"no such user")})
        return int(really(message, fail_silently))

    monkeypatch.setattr(EmailMessage, "send", picky)

    unsuspensions.send_due()
    UnsuspensionRequest.objects.filter(due_at__isnull=False).update(due_at=clock.now())
    unsuspensions.send_due()

    assert [sent.to for sent in mail.outbox] == [[vice.id]]
    assert row(oona).email_disabled_at is not None
    assert row(vice).email_disabled_at is None


def test_a_server_that_is_away_is_asked_once_at_a_time(
    world: World, acme: Organization, oona: User, idle: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many own the licence: each wait may be long."""
    world.agent(acme, "vic", role="viceowner")
    idle.configuration.call("request_agent_unsuspension")
    asked = []

    def away(message: EmailMessage, fail_silently: bool = False) -> int:
        asked.append(message.to)
        raise OSError("the mail server is away")

    monkeypatch.setattr(EmailMessage, "send", away)

    unsuspensions.send_due()

    assert len(asked) == 1


def test_addresses_that_take_no_mail_are_left_out(
    world: World, acme: Organization, oona: User, idle: User
) -> None:
    vice = world.agent(acme, "vic", role="viceowner")
    Agent.objects.filter(public_id=vice.id).update(email_disabled_at=clock.now())
    idle.configuration.call("request_agent_unsuspension")

    unsuspensions.send_due()

    assert mail.outbox[0].to == [oona.id]


def _refuse(message: Any) -> None:
    raise OSError("the mail server is away")


def test_who_may_work_again_wishes_nothing_any_more(oona: User, ann: User, idle: User) -> None:
    idle.configuration.call("request_agent_unsuspension")

    ann.configuration.call("unsuspend_agent", id=idle.id)
    unsuspensions.send_due()

    assert mail.outbox == []


def test_who_is_not_suspended_has_nothing_to_ask(oona: User, bob: User) -> None:
    with bob.world.nothing_changes():
        assert bob.configuration.call("request_agent_unsuspension") == {}


def test_a_suspended_agent_is_let_do_nothing_but_ask(oona: User, idle: User) -> None:
    for action in ("get_agent", "update_agent"):
        assert idle.configuration.refused(action, id=idle.id) == "requester_suspended"
