"""Wishes of suspended agents to work again, which reach those who own the licence by mail.

An agent asks at most once a day; mails leave from the worker, one to every owner and vice owner
there is by then. Whoever may works again (``agents.unsuspend_agent``) wishes nothing any more.
"""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import Final

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string

from chatplatform import clock, mail_errors
from chatplatform.models import Agent, UnsuspensionRequest
from chatplatform.models.people import AgentRole
from chatplatform.requester import AgentRequester
from chatplatform.selectors import people
from chatplatform.services import agent_mails, audit, routing

log = structlog.get_logger(__name__)

PAUSE: Final = timedelta(days=1)
"""How long an agent's wish keeps them from saying it again."""
ATTEMPTS: Final = 3
BATCH: Final = 20
_ATTEMPT: Final = timedelta(minutes=5)


def ask(requester: AgentRequester) -> None:
    """Let those who own the licence know that the suspended ``requester`` wants to work again.

    Nothing happens for somebody who is not suspended, or asked within :data:`PAUSE`.
    """
    with transaction.atomic():
        routing.lock_organization(requester.organization_id)
        agent = people.acting(requester, lock=True)
        if not agent.suspended:
            return
        now = clock.now()
        recent = UnsuspensionRequest.objects.filter(agent=agent, asked_at__gt=now - PAUSE)
        if not recent.exists():
            asked = "request_agent_unsuspension"
            audit.record(agent.organization_id, asked, "agent", agent.public_id)
            UnsuspensionRequest.objects.update_or_create(
                agent=agent,
                defaults={
                    "organization_id": agent.organization_id,
                    "asked_at": now,
                    "due_at": now,
                    "attempts": 0,
                },
            )


# --- the worker's part --------------------------------------------------------------------------


def send_due() -> None:
    """Send what is due, some wishes at a time; one that reached nobody is tried again."""
    due = UnsuspensionRequest.objects.filter(due_at__lte=clock.now())
    for wish in due.select_related("agent", "organization").order_by("due_at")[:BATCH]:
        again = clock.now() + _ATTEMPT * (wish.attempts + 1) if wish.attempts < ATTEMPTS else None
        claimed = UnsuspensionRequest.objects.filter(pk=wish.pk, due_at=wish.due_at)
        if claimed.update(due_at=again, attempts=wish.attempts + 1) and again and _send(wish):
            UnsuspensionRequest.objects.filter(pk=wish.pk, due_at=again).update(due_at=None)


def _send(wish: UnsuspensionRequest) -> bool:
    """Mail whoever owns the licence, each alone; return whether no more is to be tried.

    One who knows is enough. An address that is refused keeps the others from nothing; a server that
    is away is not asked again for each.
    """
    about = {"agent": wish.agent, "organization": wish.organization.name}
    subject = render_to_string("mail/unsuspension_subject.txt", about).strip()
    body = render_to_string("mail/unsuspension.txt", about)
    owners, reached = _owners(wish), 0
    for address in owners:
        message = EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [address])
        try:
            message.send()
            reached += 1
        except SMTPRecipientsRefused as error:
            agent_mails.note_refused(wish.organization_id, error)
            why = mail_errors.reason(error)
            log.warning("an owner was not asked to end a suspension", error=why)
        except OSError as error:  # what the mail server's other refusals are, too
            log.warning("a wish to be unsuspended was not sent", error=mail_errors.reason(error))
            break
    return reached > 0 or not owners


def _owners(wish: UnsuspensionRequest) -> list[str]:
    owners = Agent.objects.filter(
        organization_id=wish.organization_id,
        role__in=(AgentRole.OWNER, AgentRole.VICEOWNER),
        suspended=False,
        awaiting_approval=False,
        account__isnull=False,
    )
    addresses = sorted(owners.values_list("account__email", flat=True))
    return agent_mails.reachable(wish.organization_id, addresses)
