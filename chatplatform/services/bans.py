"""Turning customers away, and letting them in again (protocol.md 2.8)."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from chatplatform import clock, limits
from chatplatform.domain_events import tell
from chatplatform.domain_events.customers import CustomerBanned
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import LimitReached, NotFound
from chatplatform.models import Chat, ConnectionLease, Customer, CustomerBan, Organization
from chatplatform.properties import Properties, license_value
from chatplatform.records import Record
from chatplatform.requester import AgentRequester
from chatplatform.selectors import monitoring, people
from chatplatform.selectors.customers import running_bans
from chatplatform.services import customers, listings, participants, presence, routing, threads
from chatplatform.services.events import Draft, system_message

REASON = "customer_banned"


def ban_customer(requester: AgentRequester, customer_id: str, *, days: int) -> None:
    """Turn a customer away for ``days``, and their address where it is theirs alone.

    Their sessions end at once, their running chats close with a system message, and until the ban
    expires neither their tokens nor their cookies serve (services/tokens.py). A new ban replaces
    the customer's former one. Raise :class:`NotFound`, and :class:`LimitReached` when the licence
    has as many bans as it may (``limits.banned``). Tells ``CustomerBanned``, ``CustomerLeft`` and
    ``SessionsEnded``.
    """
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        found = people.access_customer(organization.id, customer_id)
        customer = customers.locked(found.id)
        _check_limit(organization, customer)
        running = Chat.objects.filter(customer=customer, active_thread_id__isnull=False)
        chats = list(running.select_for_update(of=("self",)).order_by("id"))
        CustomerBan.objects.filter(customer=customer).delete()
        now = clock.now()
        CustomerBan.objects.create(
            organization=organization,
            customer=customer,
            ip=_bannable_address(organization.properties, customer),
            agent_id=requester.public_id,
            thread_id=next((chat.active_thread_id or "" for chat in chats), ""),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        about = monitoring.audience_of(customer)
        for chat in chats:
            _close(chat, requester, days)
        tell(CustomerBanned(**about, agent_id=requester.public_id, days=days))
        _drop_sessions(customer, about)
    routing.settle_after_commit(requester.organization_id)


def _check_limit(organization: Organization, customer: Customer) -> None:
    others = running_bans(organization.id).exclude(customer=customer)
    most = limits.limit(organization.properties, "banned")
    if most != limits.UNLIMITED and others.count() >= most:
        raise LimitReached(f"At most {most} customers can be banned at a time")


def _bannable_address(properties: Properties, customer: Customer) -> str | None:
    """Return the address of the customer's visit, unless it may be that of many.

    A mask stands for everybody; a private address is mostly that of a proxy in front.
    """
    address = customer.last_visit.ip if customer.last_visit else None
    if not address or license_value(properties, "monitoring", "ip_mask", ""):
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


def ban(
    organization: Organization,
    *,
    agent_id: str,
    seconds: int,
    ip: str | None = None,
    customer_id: UUID | None = None,
) -> CustomerBan:
    """Store a ban of an address, a customer, or both, and end the customer's sessions."""
    with transaction.atomic():
        organization = routing.lock_organization(organization.id)
        customer = None
        if customer_id is not None:
            found = people.access_customer(organization.id, str(customer_id))
            customer = customers.locked(found.id)
        now = clock.now()
        made = CustomerBan.objects.create(
            organization=organization,
            customer=customer,
            ip=ip,
            agent_id=agent_id,
            created_at=now,
            expires_at=now + timedelta(seconds=seconds),
        )
        if customer is not None:
            _drop_sessions(customer, monitoring.audience_of(customer))
    return made


def unban(organization_id: UUID, *, ip: str | None = None, customer_id: UUID | None = None) -> None:
    """Let a customer, or an address, in again. Raise :class:`NotFound` when it is not banned."""
    named = Q(customer_id=customer_id) if customer_id is not None else Q(ip=ip)
    gone, _ = running_bans(organization_id).filter(named).delete()
    if not gone:
        raise NotFound("There is no such ban")


def forget_expired(limit: int = 1_000) -> None:
    """Delete up to ``limit`` bans that are over. For the worker's timers."""
    over = CustomerBan.objects.filter(expires_at__lte=clock.now())
    CustomerBan.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:limit])).delete()
