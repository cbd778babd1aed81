"""Customers' own data, their visits and pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from chatplatform import clock
from chatplatform.domain_events import CustomerPageUpdated, CustomerUpdated, tell
from chatplatform.errors import GroupNotFound
from chatplatform.models import Chat, Customer, Visit
from chatplatform.records import Record
from chatplatform.selectors import groups, people
from chatplatform.services import presence

PAGES_KEPT = 20
"""How many of a visit's pages are kept; the total is counted apart."""


def update_customer(customer_id: UUID, values: dict[str, Any]) -> Record:
    """Store the given fields and return the customer's record.

    ``session_fields`` replaces all of them, the other fields are set one by one. Tells
    ``CustomerUpdated`` when anything changed.
    """
    with transaction.atomic():
        customer = locked(customer_id)
        changed = [name for name, value in values.items() if getattr(customer, name) != value]
        for name in changed:
            setattr(customer, name, values[name])
        if changed:
            customer.save(update_fields=changed)
        record = people.full_customer(customer)
        if changed:
            _tell_update(customer, record, changed)
    return record


def locked(customer_id: UUID) -> Customer:
    """Return the customer with their row locked until commit.

    The visit is not read along: a join would show it as it was before the wait for the lock.
    """
    return Customer.objects.select_for_update(no_key=True).get(id=customer_id)


def _tell_update(customer: Customer, record: Record, changed: list[str]) -> None:
    tell(
        CustomerUpdated(
            organization_id=str(customer.organization_id),
            customer_id=str(customer.id),
            customer=record,
            changed=changed,
            group_ids=_groups_seeing(customer),
        )
    )


def customer_logged_in(
    customer_id: UUID,
    connection_id: str,
    *,
    values: dict[str, Any],
    group_number: int | None,
    page: dict[str, str] | None,
    referrer: str,
    address: str,
    user_agent: str,
    side_storage: dict[str, str] | None,
) -> Record:
    """Note a login: data, visit, page view and lease; return the customer's record.

    A visit goes on while the last one has not ended. Raise :class:`GroupNotFound`.
    """
    with transaction.atomic():
        customer = locked(customer_id)
        if group_number is not None:
            if not groups.existing_numbers(customer.organization_id, [group_number]):
                raise GroupNotFound
            customer.group_number = group_number
        changed = [name for name, value in values.items() if getattr(customer, name) != value]
        for name in changed:
            setattr(customer, name, values[name])
        if side_storage is not None:
            customer.side_storage = side_storage
        visit = _running_visit(customer, address, user_agent, referrer)
        if page is not None:
            _open_page(customer, visit, page)
        customer.save()
        presence.hold(customer.organization_id, str(customer.id), connection_id)
        record = people.full_customer(customer)
        if changed:
            _tell_update(customer, record, changed)
    return record


def _running_visit(customer: Customer, address: str, user_agent: str, referrer: str) -> Visit:
    visit = customer.last_visit
    if visit is not None and visit.ended_at is None:
        return visit
    visit = Visit.objects.create(
        customer=customer,
        ip=address or None,
        user_agent=user_agent[:1024],
        referrer=referrer[:2048],
    )
    customer.last_visit = visit
    customer.visits_count += 1
    return visit


def _open_page(customer: Customer, visit: Visit, page: dict[str, str]) -> Record:
    """Add ``page`` to the visit; a reconnect on the page that is open already adds nothing."""
    opened = {
        "opened_at": clock.to_wire(clock.now()),
        "url": page["url"][:2048],
        "title": page.get("title", "")[:512],
    }
    if visit.last_pages and visit.last_pages[-1]["url"] == opened["url"]:
        return dict(visit.last_pages[-1])
    visit.last_pages = [*visit.last_pages, opened][-PAGES_KEPT:]
    visit.save(update_fields=["last_pages"])
    customer.page_views_count += 1
    return opened


def update_customer_page(
    customer_id: UUID, page: dict[str, str], *, address: str, user_agent: str
) -> None:
    """Note that the customer opened another page. Tells ``CustomerPageUpdated``."""
    with transaction.atomic():
        customer = locked(customer_id)
        visit = _running_visit(customer, address, user_agent, "")
        opened = _open_page(customer, visit, page)
        customer.save(update_fields=["last_visit", "visits_count", "page_views_count"])
        tell(
            CustomerPageUpdated(
                organization_id=str(customer.organization_id),
                customer_id=str(customer.id),
                visit_id=visit.id,
                page=opened,
                chat_agent_ids=_agents_talking_to(customer),
            )
        )


def _groups_seeing(customer: Customer) -> list[int]:
    chats = Chat.objects.filter(customer=customer)
    return sorted(
        {number for group_ids in chats.values_list("group_ids", flat=True) for number in group_ids}
    )


def _agents_talking_to(customer: Customer) -> list[str]:
    chats = Chat.objects.filter(customer=customer, active_thread_id__isnull=False)
    return sorted(
        {
            user_id
            for chat in chats
            for user_id, participant in chat.participants.items()
            if participant["type"] == "agent" and participant["present"]
        }
    )


def gone_since(customer: Customer) -> datetime | None:
    """Return when the customer's last visit ended; None while it lasts or when there was none."""
    return customer.last_visit.ended_at if customer.last_visit else None
