"""Turning customers away, and letting them in again (protocol.md 2.8)."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from chatplatform import clock, ip_addresses, limits
from chatplatform.domain_events import tell
from chatplatform.domain_events.customers import CustomerBanned
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import NotFound, Validation
from chatplatform.models import Chat, ConnectionLease, Customer, CustomerBan, Organization
from chatplatform.properties import Properties
from chatplatform.records import Record
from chatplatform.requester import AgentRequester
from chatplatform.selectors import monitoring, people
from chatplatform.selectors.customers import running_bans
from chatplatform.services import (
    audit,
    customers,
    listings,
    participants,
    presence,
    routing,
    threads,
)
from chatplatform.services.events import Draft, system_message

REASON = "customer_banned"
_DAY = timedelta(days=1) // timedelta(seconds=1)


def ban_customer(requester: AgentRequester, customer_id: str, *, days: int) -> None:
    """Turn a customer away for ``days``, and the address of their visit where it is theirs alone.

    See :func:`ban` for what becomes of them, and what is told. Raise :class:`NotFound` and
    ``LimitReached``.
    """
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        customer = _locked(organization, customer_id)
        address = _bannable_address(organization.properties, customer)
        _ban(organization, requester, customer, address, days * _DAY)
    routing.settle_after_commit(requester.organization_id)


def ban(requester: AgentRequester, *, seconds: int, customer_id: str = "", ip: str = "") -> None:
    """Turn a customer away, an address, or both, for ``seconds``.

    Sessions of the customer, and of whoever is online at the address, end at once, their running
    chats close with a system message (of an address: if the visit began there), and until the ban
    expires neither tokens nor cookies serve (services/authentication.py). It replaces the
    customer's former ban, or the former one of the address alone. Raise :class:`NotFound`,
    :class:`Validation` for what is no address or the one that masks them all, and ``LimitReached``
    when the licence has as many bans as it may (``limits.banned``). Tells ``CustomerBanned``,
    ``CustomerLeft`` and ``SessionsEnded`` of everybody turned away, and ``SessionsEnded`` of the
    address.
    """
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        address = _checked_address(organization.properties, ip) if ip else None
        customer = _locked(organization, customer_id) if customer_id else None
        _ban(organization, requester, customer, address, seconds)
    routing.settle_after_commit(requester.organization_id)


def unban(organization_id: UUID, *, ip: str = "", customer_id: str = "") -> None:
    """Let a customer, or an address, in again, whatever else the ban was of.

    Raise :class:`NotFound` when it is not banned, :class:`Validation` for what is no address.
    """
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        if customer_id:
            named = Q(customer=people.access_customer(organization.id, customer_id))
        else:
            named = Q(ip=_address(ip))
        if not lift(running_bans(organization.id).filter(named)):
            raise NotFound("There is no such ban")


def lift(rows: QuerySet[CustomerBan]) -> bool:
    """Delete bans, and log those that hold; return whether there were any.

    For who may decide that: people unban by :func:`unban`.
    """
    with transaction.atomic():
        gone = list(rows.select_for_update(of=("self",)).order_by("pk"))
        now = clock.now()
        for one in gone:
            if one.expires_at > now:
                _log("unban_customer", one, before=_logged(one))
        CustomerBan.objects.filter(pk__in=[one.pk for one in gone]).delete()
    return bool(gone)


def _ban(
    organization: Organization,
    requester: AgentRequester,
    customer: Customer | None,
    address: str | None,
    seconds: int,
) -> None:
    """Store the ban and turn away whom it is of; the organisation is locked, so is ``customer``."""
    former = Q(customer=customer) if customer is not None else Q(customer=None, ip=address)
    CustomerBan.objects.filter(former, organization=organization).delete()
    limits.check_room(organization.properties, "banned", running_bans(organization.id).count())
    now = clock.now()
    made = CustomerBan.objects.create(
        organization=organization,
        customer=customer,
        ip=address,
        agent_id=requester.public_id,
        created_at=now,
        expires_at=now + timedelta(seconds=seconds),
    )
    _log("ban_customer", made, after=_logged(made))
    days = -(-seconds // _DAY)
    if customer is not None:
        made.thread_id = _turn_away(customer, requester, days)
        made.save(update_fields=["thread_id"])
    for one in _others_at(organization, address, customer):
        _turn_away(one, requester, days)
    if address is not None:
        tell(
            SessionsEnded(
                organization_id=str(organization.id),
                address=ip_addresses.normal(address),
                reason=REASON,
            )
        )


def _log(action: str, ban: CustomerBan, **was_and_is: Record) -> None:
    """Log what is done about a ban: of a customer by their id alone, else of an address."""
    kind, subject = ("customer", ban.customer_id) if ban.customer_id else ("address", ban.ip)
    audit.record(ban.organization_id, action, kind, subject, **was_and_is)


def _logged(ban: CustomerBan) -> Record:
    """Return a ban without whom it is of: the log outlives what is known of customers."""
    return {"expires_at": clock.to_wire(ban.expires_at), "with_address": ban.ip is not None}


def _locked(organization: Organization, customer_id: str) -> Customer:
    found = people.access_customer(organization.id, customer_id)
    return customers.locked(found.id)


def _others_at(
    organization: Organization, address: str | None, but: Customer | None
) -> list[Customer]:
    """Return who else is here on a visit that began at ``address``, locked: their chats end, too.

    Where their sockets come from now, only the processes that hold these know.
    """
    if address is None:
        return []
    online = Customer.objects.filter(
        organization=organization, online_since__isnull=False, last_visit__ip=address
    )
    if but is not None:
        online = online.exclude(pk=but.pk)
    return list(online.select_for_update(no_key=True, of=("self",)).order_by("id"))


def _turn_away(customer: Customer, requester: AgentRequester, days: int) -> str:
    """End a locked customer's chats and sessions; return the id of a thread it ended, if any."""
    running = Chat.objects.filter(customer=customer, active_thread_id__isnull=False)
    chats = list(running.select_for_update(of=("self",)).order_by("id"))
    thread_id = next((chat.active_thread_id or "" for chat in chats), "")
    about = monitoring.audience_of(customer)
    for chat in chats:
        _close(chat, requester, days)
    tell(CustomerBanned(**about, agent_id=requester.public_id, days=days))
    _drop_sessions(customer, about)
    return thread_id


def _address(text: str) -> str:
    address = ip_addresses.normal(text)
    if not address:
        raise Validation("`ip` is no IP address")
    return address


def _checked_address(properties: Properties, text: str) -> str:
    """Return an address to ban; the mask stands for everybody."""
    address = _address(text)
    if address == ip_addresses.normal(ip_addresses.mask(properties)):
        raise Validation("`ip` is what every address is shown as")
    return address


def _bannable_address(properties: Properties, customer: Customer) -> str | None:
    """Return the address of the customer's visit, unless it may be that of many.

    A mask stands for everybody; a private address is mostly that of a proxy in front.
    """
    address = customer.last_visit.ip if customer.last_visit else None
    if not address or ip_addresses.mask(properties):
        return None
    return address if ipaddress.ip_address(address).is_global else None


def _close(chat: Chat, requester: AgentRequester, days: int) -> None:
    farewell = system_message(
        "customer_banned",
        "Chat archived because customer was banned by %agent% for %duration% day(s)",
        agent=requester.name,
        duration=str(days),
    )
    threads.close(chat, _as_seen(farewell, chat, requester), requester=requester)
    chat.save()
    listings.follow(chat)


def _as_seen(farewell: Draft, chat: Chat, requester: AgentRequester) -> Draft:
    """Hide a whisperer's deed from customers."""
    hidden = participants.whispers(chat, requester.public_id)
    return replace(farewell, visibility="agents") if hidden else farewell


def _drop_sessions(customer: Customer, about: Record) -> None:
    ConnectionLease.objects.filter(
        organization_id=customer.organization_id, user_id=str(customer.id)
    ).delete()
    presence.customer_left(customer, about)
    tell(
        SessionsEnded(
            organization_id=str(customer.organization_id),
            user_id=str(customer.id),
            reason=REASON,
        )
    )


def forget_expired(limit: int = 1_000) -> None:
    """Delete up to ``limit`` bans that are over. For the worker's timers."""
    over = CustomerBan.objects.filter(expires_at__lte=clock.now())
    CustomerBan.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:limit])).delete()
