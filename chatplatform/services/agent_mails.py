"""Mails to agents, and addresses that take none (protocol.md 6.8).

Whatever mails something to an agent leaves out addresses that are switched off, and says so here
when a mail server refuses one for good.
"""

from __future__ import annotations

from collections.abc import Iterable
from smtplib import SMTPRecipientsRefused
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from chatplatform import clock
from chatplatform.errors import NotFound
from chatplatform.models import Agent
from chatplatform.requester import AgentRequester
from chatplatform.services import audit

log = structlog.get_logger(__name__)

_PERMANENT: Final = 500
"""From this reply code on a mail server means for good."""


def reachable(organization_id: UUID, addresses: Iterable[str]) -> list[str]:
    """Return ``addresses`` without those of the organisation's agents that are switched off.

    One read, and none for no addresses.
    """
    asked = list(addresses)
    if not asked:
        return []
    off = Agent.objects.filter(
        organization_id=organization_id,
        account__email__in=[address.lower() for address in asked],
        email_disabled_at__isnull=False,
    )
    silent = set(off.values_list("account__email", flat=True))
    return [address for address in asked if address.lower() not in silent]


def note_refused(organization_id: UUID, error: SMTPRecipientsRefused) -> None:
    """Switch off the addresses of agents that a mail server refused for good."""
    for address, (code, _) in error.recipients.items():
        if code < _PERMANENT:
            continue
        agents = Agent.objects.filter(
            organization_id=organization_id,
            account__email=address.lower(),
            email_disabled_at__isnull=True,
        )
        if agents.update(email_disabled_at=clock.now()):
            log.warning("no more mail goes to an agent", code=code)


def reactivate(requester: AgentRequester, agent_id: str) -> None:
    """Let mail go to an agent again; where it does already, nothing changes.

    Raise :class:`NotFound`, also for bots, which have no address.
    """
    agents = Agent.objects.filter(
        organization_id=requester.organization_id,
        kind=Agent.Kind.HUMAN,
        public_id=agent_id.strip().lower(),
    )
    with transaction.atomic():
        agent = agents.select_for_update(of=("self",)).first()
        if agent is None:
            raise NotFound("Agent not found")
        since, agent.email_disabled_at = agent.email_disabled_at, None
        agent.save(update_fields=["email_disabled_at"])
        audit.record(
            agent.organization_id,
            "reactivate_email",
            "agent",
            agent.public_id,
            before={"email_disabled_at": clock.to_wire(since) if since else None},
            after={"email_disabled_at": None},
        )
