"""Customers' own data, their visits and pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from chatplatform import clock, ip_addresses
from chatplatform.domain_events import tell
from chatplatform.domain_events.customers import (
    CustomerPageUpdated,
    CustomerSideStorageUpdated,
    CustomerTransferred,
    CustomerUpdated,
    SessionFieldsUpdated,
)
from chatplatform.domain_events.sessions import SessionsRegrouped
from chatplatform.errors import GroupNotFound
from chatplatform.models import Chat, Customer, Organization, Visit
from chatplatform.records import Record
from chatplatform.requester import AgentRequester, Requester
from chatplatform.selectors import groups as group_selectors
from chatplatform.selectors import monitoring, people
from chatplatform.services import (
    access_rules,
    customer_rows,
    events,
    geolocation,
    goals,
    greetings,
    presence,
)
from chatplatform.services.customer_rows import locked as locked

PAGES_KEPT = 20
"""How many of a visit's pages are kept; the total is counted apart."""


def create_customer(organization_id: UUID, values: dict[str, Any]) -> Customer:
    """Make a customer whom no page has seen yet. Tells ``CustomerCame``."""
    with transaction.atomic():
        customer = Customer.objects.create(organization_id=organization_id, **values)
        customer_rows.tell_coming(customer)
    return customer


def update_customer(customer_id: UUID, values: dict[str, Any], requester: Requester) -> None:
    """Store the given fields of a customer of the requester's organisation.

    ``session_fields`` replaces all of them, the other fields are set one by one; another e-mail
    address is one nobody has verified. Tells ``CustomerUpdated`` when anything changed, and
    ``SessionFieldsUpdated`` where these did; in running chats a system message tells agents of
    another name or address (protocol.md 2.6).
    """
    with transaction.atomic():
        customer = locked(customer_id)
        changed = _set(customer, values)
        if not changed:
            return
        customer.save(update_fields=changed)
        _tell_update(customer, changed)
        if "session_fields" in changed:
            _consider(customer)
        note = _note_of_change(customer, changed, requester)
        if note is not None:
            _note_in_chats(customer, note)


def verify_email(customer: Customer) -> None:
    """Note that the address of a locked customer is theirs (saved here). Tells of it."""
    if not customer.email_verified:
        customer.email_verified = True
        customer.save(update_fields=["email_verified"])
        _tell_update(customer, ["email_verified"])


def _set(customer: Customer, values: dict[str, Any]) -> list[str]:
    """Set ``values`` and return the names of the fields that changed; the caller saves."""
    changed = [name for name, value in values.items() if getattr(customer, name) != value]
    for name in changed:
        setattr(customer, name, values[name])
    if "email" in changed and customer.email_verified:
        customer.email_verified = False
        changed.append("email_verified")
    return changed


def _note_of_change(
    customer: Customer, changed: list[str], requester: Requester
) -> events.Draft | None:
    named = {
        name: value
        for name in ("name", "email")
        if name in changed and (value := getattr(customer, name))
    }
    if not named:
        return None
    what = " and ".join(named)
    text_vars = {f"customer_{name}": value for name, value in named.items()}
    values = ", ".join(f"%{name}%" for name in text_vars)
    if isinstance(requester, AgentRequester):
        text = f"%initiator% has changed customer's {what} to {values}"
        text_vars["initiator"] = requester.name
    else:
        text = f"Customer's {what} has been changed to {values}"
    draft = events.system_message("customer_updated", text, **text_vars)
    return replace(draft, visibility="agents")


def _note_in_chats(customer: Customer, note: events.Draft) -> None:
    running = Chat.objects.filter(customer=customer, active_thread_id__isnull=False)
    for chat in running.select_for_update(of=("self",)).order_by("id"):
        if chat.active_thread_id is not None:
            tell(events.add(chat, note))
            chat.save()


def _tell_update(customer: Customer, changed: list[str]) -> None:
    tell(
        CustomerUpdated(
            **monitoring.audience_of(customer),
            customer=people.full_customer(customer),
            changes={name: getattr(customer, name) for name in changed},
        )
    )
    if "session_fields" in changed:
        _tell_session_fields(customer)


def _tell_session_fields(customer: Customer) -> None:
    """Tell webhooks what a customer's session fields are now, for each running chat of theirs."""
    running = Chat.objects.filter(customer=customer, active_thread_id__isnull=False).order_by("id")
    for chat_id, thread_id, participants in running.values_list(
        "id", "active_thread_id", "participants"
    ):
        tell(
            SessionFieldsUpdated(
                organization_id=str(customer.organization_id),
                customer_id=str(customer.id),
                chat_id=chat_id,
                thread_id=thread_id or "",
                participants=participants,
                session_fields=customer.session_fields,
            )
        )


def move_to_group(customer: Customer, number: int) -> None:
    """Let a locked customer's pages belong to another group; the caller saves.

    Tells ``SessionsRegrouped``, and ``CustomerTransferred`` of customers who are online.
    """
    left, customer.group_number = customer.group_number, number
    if left == number:
        return
    tell(
        SessionsRegrouped(
            organization_id=str(customer.organization_id),
            user_id=str(customer.id),
            group_numbers=[number],
        )
    )
    if customer.online_since is None:
        return
    (record,) = monitoring.monitored([customer])
    tell(CustomerTransferred(**monitoring.audience_of(customer), left=left, customer=record))


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

    A visit goes on while the last one has not ended. ``side_storage`` is what the client kept; None
    when it keeps nothing. Raise :class:`GroupNotFound`. Tells ``CustomerCame`` of one who was away,
    ``CustomerTransferred``, ``CustomerPageUpdated`` or ``CustomerUpdated`` of one who was not,
    ``SessionFieldsUpdated`` where these changed, and ``CustomerSideStorageUpdated`` where the
    client is to keep something else.
    """
    with transaction.atomic():
        customer = locked(customer_id)
        if group_number is not None and not group_selectors.existing_numbers(
            customer.organization_id, [group_number]
        ):
            raise GroupNotFound
        changed = _set(customer, values)
        visit = _running_visit(customer, address, user_agent, referrer)
        if group_number not in (None, visit.asked_group):
            visit.asked_group = group_number
            visit.save(update_fields=["asked_group"])
        opened = _open_page(customer, visit, page) if page is not None else None
        move_to_group(customer, access_rules.place(customer, visit))
        if side_storage is not None:
            _keep_aside(customer, side_storage)
        came = customer.online_since is None
        customer.online_since = customer.online_since or clock.now()
        customer.save()
        presence.hold(customer.organization_id, str(customer.id), connection_id)
        if came:
            customer_rows.tell_coming(customer)
        elif opened is not None:
            _tell_page(customer, visit, opened)
        if changed:
            _tell_update(customer, changed)
        _consider(customer)
    return people.full_customer(customer)


def _consider(customer: Customer) -> None:
    """Look what a locked customer's new page or data leads to, while their visit lasts."""
    visit = customer.last_visit
    if visit is not None and visit.ended_at is None:
        goals.consider(customer, visit)
        greetings.consider(customer, visit)


def _keep_aside(customer: Customer, sent: dict[str, str]) -> None:
    """Keep what a client sent, with the number of visits, which the server adds."""
    customer.side_storage = {**sent, "customer_visits": str(customer.visits_count)}
    if customer.side_storage != sent:
        tell(
            CustomerSideStorageUpdated(
                organization_id=str(customer.organization_id),
                customer_id=str(customer.id),
                side_storage=customer.side_storage,
            )
        )


def _running_visit(customer: Customer, address: str, user_agent: str, referrer: str) -> Visit:
    visit = customer.last_visit
    if visit is not None and visit.ended_at is None:
        return visit
    organization = Organization.objects.get(id=customer.organization_id)
    _note_activity(organization)
    visit = Visit.objects.create(
        customer=customer,
        ip=ip_addresses.stored(organization.properties, address),
        geolocation=geolocation.locate(address),
        user_agent=user_agent[:1024],
        referrer=referrer[:2048],
    )
    customer.last_visit = visit
    customer.last_seen_at = visit.started_at
    customer.visits_count += 1
    return visit


def _note_activity(organization: Organization) -> None:
    """Note the first visit of a day, once the open transaction committed.

    Not inside it: organisations are locked before customers.
    """
    now, last = clock.now(), organization.website_last_activity
    if last is None or last.date() < now.date():
        rows = Organization.objects.filter(id=organization.id)
        transaction.on_commit(lambda: rows.update(website_last_activity=now), robust=True)


def _open_page(customer: Customer, visit: Visit, page: dict[str, str]) -> Record | None:
    """Add ``page`` to the visit and return it; None for the page that is open already.

    Such a page may get its title late: it is returned with it, but counted once.
    """
    opened = {
        "opened_at": clock.to_wire(clock.now()),
        "url": page["url"][:2048],
        "title": page.get("title", "")[:512],
    }
    if visit.last_pages and visit.last_pages[-1]["url"] == opened["url"]:
        return _title(visit, opened["title"])
    visit.last_pages = [*visit.last_pages, opened][-PAGES_KEPT:]
    visit.pages_count += 1
    visit.save(update_fields=["last_pages", "pages_count"])
    customer.page_views_count += 1
    return opened


def _title(visit: Visit, title: str) -> Record | None:
    """Give the open page another title and return the page; None where there is none to give."""
    *before, page = visit.last_pages
    if title in ("", page["title"]):
        return None
    page = {**page, "title": title}
    visit.last_pages = [*before, page]
    visit.save(update_fields=["last_pages"])
    return page


def _tell_page(customer: Customer, visit: Visit, opened: Record) -> None:
    about = monitoring.audience_of(customer)
    tell(CustomerPageUpdated(**about, visit_id=visit.id, page=opened))


def update_customer_page(
    customer_id: UUID, page: dict[str, str], *, address: str, user_agent: str
) -> list[int]:
    """Note that the customer opened another page; return the groups it belongs to if they changed.

    The first of them is the customer's own now. Tells ``CustomerPageUpdated`` unless the page was
    open already, what :func:`move_to_group` tells, and what greets them. Who left or was banned in
    the meantime opens none: their connection is about to end.
    """
    with transaction.atomic():
        customer = locked(customer_id)
        if customer.online_since is None:
            return []
        visit = _running_visit(customer, address, user_agent, "")
        opened = _open_page(customer, visit, page)
        before = access_rules.groups_of(customer)
        move_to_group(customer, access_rules.place(customer, visit))
        after = access_rules.groups_of(customer)
        customer.save(
            update_fields=[
                "last_visit",
                "last_seen_at",
                "visits_count",
                "page_views_count",
                "group_number",
                "access_group_ids",
            ]
        )
        if opened is not None:
            _tell_page(customer, visit, opened)
        _consider(customer)
    return after if after != before else []


def gone_since(customer: Customer) -> datetime | None:
    """Return when the customer's last visit ended; None while it lasts or when there was none."""
    return customer.last_visit.ended_at if customer.last_visit else None
