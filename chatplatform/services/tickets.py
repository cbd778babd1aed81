"""Tickets: what customers leave by a ticket form while nobody is in (protocol.md 2.8)."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from chatplatform import clock
from chatplatform.domain_events import tell
from chatplatform.domain_events.customers import TicketCreated, TicketDeleted
from chatplatform.errors import NotFound
from chatplatform.models import Ticket
from chatplatform.records import Record
from chatplatform.selectors import monitoring
from chatplatform.services import customer_rows

INBOX: Final = "inbox"
"""The only silo: nothing here moves tickets."""


def create_ticket(customer_id: UUID, form: Record) -> Ticket:
    """Keep a customer's filled ticket form (``{form_id, form_type, fields}``).

    Locks the customer. Tells ``TicketCreated`` and ``CustomerStatisticsUpdated``.
    """
    with transaction.atomic():
        customer = customer_rows.locked(customer_id)
        ticket = Ticket.objects.create(
            customer=customer, group_number=customer.group_number, form=form
        )
        tell(
            TicketCreated(
                **monitoring.audience_of(customer),
                ticket_id=str(ticket.id),
                silo=INBOX,
                created_at=clock.to_wire(ticket.created_at),
            )
        )
        customer_rows.count(customer, tickets_count=1)
    return ticket


def delete_ticket(organization_id: UUID, ticket_id: UUID) -> None:
    """Delete a ticket. Locks its customer. Raise :class:`NotFound`.

    Tells ``TicketDeleted`` and ``CustomerStatisticsUpdated``.
    """
    with transaction.atomic():
        found = Ticket.objects.filter(customer__organization_id=organization_id, id=ticket_id)
        ticket = found.first()
        if ticket is None:
            raise NotFound("Ticket not found")
        customer = customer_rows.locked(ticket.customer_id)
        if not found.delete()[0]:
            raise NotFound("Ticket not found")
        tell(TicketDeleted(**monitoring.audience_of(customer), ticket_id=str(ticket.id)))
        customer_rows.count(customer, tickets_count=-1)
