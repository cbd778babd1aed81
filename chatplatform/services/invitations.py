"""Invitations: how somebody who was made an agent comes to sign in.

Who has neither a password nor ever signed in is invited by mail, or by a link that an
administrator hands on. Accepting sets a password, and proves the address.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from chatplatform import clock, mail_links
from chatplatform.errors import Authorization, NotFound, Validation
from chatplatform.models import Account, Agent, StaffMail
from chatplatform.models.people import AgentRole
from chatplatform.requester import AgentRequester
from chatplatform.services import account_links, audit, passwords, staff_mails
from chatplatform.services.staff_mails import Letter

_PURPOSE: Final = "invitation"


def is_pending(account: Account) -> bool:
    """Tell whether somebody was never here: they have no password and never signed in."""
    return account.last_login is None and not account.has_usable_password()


@transaction.atomic
def invite(agent: Agent, base_url: str, by: AgentRequester | None = None) -> None:
    """Invite an agent by mail, also again; ``base_url`` is scheme and host of our pages.

    The mail leaves with the worker, after the commit. Raise what :func:`link` raises, and
    :class:`Validation` where links in mails may not lead to ``base_url``.
    """
    account = _invitable(agent, by)
    base_url = mail_links.required(base_url)
    audit.record(agent.organization_id, "send_invitation", "agent", agent.public_id)
    asked_by = by.public_id if by else ""
    staff_mails.queue(account, StaffMail.Kind.INVITATION, base_url, asked_by=asked_by)


def invite_newcomer(agent: Agent, base_url: str, by: AgentRequester | None = None) -> None:
    """Invite an agent who was made a moment ago, as :func:`invite` does; where links may not lead
    to ``base_url``, only the log says so: they can be invited later.
    """
    if base := mail_links.base_or_log(base_url):
        invite(agent, base, by)


def link(agent: Agent, base_url: str, by: AgentRequester | None = None) -> str:
    """Return a link by which whoever has it becomes this agent, for an administrator to hand on.

    It leads to where they are (``PUBLIC_URL`` goes first): whoever sees it asked for it. It is a
    secret: show it once, and log it nowhere. Raise :class:`NotFound` for bots, :class:`Validation`
    for somebody who signs in already, and :class:`Authorization` for people above ``by``.
    """
    account = _invitable(agent, by)
    audit.record(agent.organization_id, "create_invitation_link", "agent", agent.public_id)
    return _link(account, settings.PUBLIC_URL or base_url)


def invited(token: str) -> Account:
    """Return who is invited; raise ``LinkGone``."""
    return account_links.open_token(token, _PURPOSE, _lifetime())[0]


@transaction.atomic
def accept(token: str, password: str) -> Account:
    """Give the invited person a password, and return the account, ready to be signed in.

    Raise ``LinkGone``, and :class:`Validation` for a weak password.
    """
    account, _ = account_links.open_token(token, _PURPOSE, _lifetime(), lock=True)
    passwords.check(password, account)
    account.set_password(password)
    account.email_verified_at = clock.now()
    account.save(update_fields=["password", "email_verified_at"])
    audit.record(account.organization_id, "accept_invitation", "account", account.email)
    return account


def _invitable(agent: Agent, by: AgentRequester | None) -> Account:
    if agent.account is None:
        raise NotFound("Agent not found")
    if by is not None and AgentRole(agent.role).stands_above(by.role):
        raise Authorization("Who stands above oneself is invited by others")
    if not is_pending(agent.account):
        raise Validation("This person signs in already")
    return agent.account


def _lifetime() -> timedelta:
    return timedelta(days=settings.INVITATION_DAYS)


def _link(account: Account, base_url: str) -> str:
    return base_url + reverse("account_invitation", args=[account_links.token(account, _PURPOSE)])


@staff_mails.composes(StaffMail.Kind.INVITATION)
def _letter(mail: StaffMail, account: Account) -> Letter | None:
    """Invite, unless they came in meanwhile."""
    if not is_pending(account):
        return None
    asked_by = Agent.objects.filter(
        organization=account.organization, public_id=mail.asked_by
    ).first()
    return Letter(account.email, {"link": _link(account, mail.base_url), "asked_by": asked_by})
