"""Reading agents and customers as records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from chatplatform import clock
from chatplatform.errors import Authentication, NotFound
from chatplatform.models import Account, Agent, Chat, ConnectionLease, Customer, Organization
from chatplatform.models.people import AgentRole, RoutingStatus
from chatplatform.records import (
    Record,
    agent_record,
    chat_user_record,
    customer_record,
    ticket_record,
)
from chatplatform.requester import AgentRequester
from chatplatform.scopes import allowed, effective

TICKETS_SHOWN = 100
NO_SEAT = 0
"""The ``agent_id`` of a requester who is nobody's agent: a platform superuser."""


def agent_by_public_id(organization_id: UUID, public_id: str) -> Agent:
    """Return the organisation's agent; raise :class:`NotFound`."""
    agent = Agent.objects.filter(organization_id=organization_id, public_id=public_id).first()
    if agent is None:
        raise NotFound("Agent not found")
    return agent


def acting(requester: AgentRequester, *, lock: bool = False) -> Agent:
    """Return the row of the agent or bot who asks; ``lock`` takes it until commit.

    Raise :class:`Authentication` when they were deleted meanwhile.
    """
    rows = Agent.objects.select_for_update() if lock else Agent.objects.all()
    agent = rows.filter(id=requester.agent_id).first()
    if agent is None:
        raise Authentication("the agent is no more")
    return agent


def working_agent(account: Account) -> Agent | None:
    """Return the seat of an account that may work: neither suspended nor awaiting approval."""
    return Agent.objects.filter(account=account, suspended=False, awaiting_approval=False).first()


def seat_of(account: Account) -> Agent | None:
    """Return the seat of an account, whether or not it may work."""
    return Agent.objects.filter(account=account).select_related("organization").first()


def requester_of(account: Account, organization: Organization | None = None) -> AgentRequester:
    """Return the person who signed in to our pages as the one who asks: all their role allows.

    A platform superuser acts in ``organization`` with the rights of an owner. Raise
    :class:`Authentication` for an account without a seat that may work, and for a superuser
    without ``organization``.
    """
    if account.is_superuser:
        if organization is None:
            raise Authentication("a superuser acts in an organisation")
        return _superuser(account, organization)
    seat = (
        Agent.objects.filter(
            account=account,
            account__is_active=True,
            suspended=False,
            awaiting_approval=False,
        )
        .select_related("organization")
        .first()
    )
    if seat is None:
        raise Authentication("the account has no seat in a chat licence")
    return AgentRequester(
        organization_id=seat.organization_id,
        license_id=seat.organization.license_id,
        account_id=account.pk,
        agent_id=seat.pk,
        public_id=seat.public_id,
        customer_facing_id=seat.customer_facing_id,
        name=seat.name,
        role=seat.role,
        client_id="",
        scopes=effective(seat.role, allowed(seat.role)),
        token_checksum="",
        expires_at=None,
    )


def _superuser(account: Account, organization: Organization) -> AgentRequester:
    role = AgentRole.OWNER
    return AgentRequester(
        organization_id=organization.pk,
        license_id=organization.license_id,
        account_id=account.pk,
        agent_id=NO_SEAT,
        public_id=account.email,
        customer_facing_id="",
        name=account.name or account.email,
        role=role,
        client_id="",
        scopes=effective(role, allowed(role)),
        token_checksum="",
        expires_at=None,
    )


def in_conversation(customer_ids: Collection[UUID], since: datetime) -> set[UUID]:
    """Return those of ``customer_ids`` with a running chat, or one that changed after ``since``."""
    chats = Chat.objects.filter(customer_id__in=customer_ids).filter(
        Q(active_thread_id__isnull=False) | Q(changed_at__gt=since)
    )
    return set(chats.values_list("customer_id", flat=True))


def access_customer(organization_id: UUID, customer_id: str) -> Customer:
    """Return the organisation's customer; raise :class:`NotFound`, for malformed ids too."""
    try:
        key = UUID(customer_id)
    except ValueError:
        raise NotFound("Customer not found") from None
    customer = (
        Customer.objects.filter(organization_id=organization_id, id=key)
        .select_related("last_visit")
        .first()
    )
    if customer is None:
        raise NotFound("Customer not found")
    return customer


def full_customer(customer: Customer) -> Record:
    """Return a customer's record with the ids of their chats, and their newest tickets."""
    chats = list(Chat.objects.filter(customer=customer).values_list("id", "spoke_at"))
    record = customer_record(customer, customer.last_visit, [spoke for _, spoke in chats])
    record["chat_ids"] = sorted(chat_id for chat_id, _ in chats)
    if customer.tickets_count:
        newest = customer.tickets.order_by("-created_at")[:TICKETS_SHOWN]
        record["tickets"] = [ticket_record(ticket) for ticket in newest]
    return record


def customer_records(customers: Sequence[Customer]) -> list[Record]:
    """Return customers' records; their visits are read along. One read, however many."""
    spoke_at: dict[UUID, list[dict[str, str]]] = {customer.id: [] for customer in customers}
    chats = Chat.objects.filter(customer__in=list(spoke_at))
    for customer_id, spoke in chats.values_list("customer_id", "spoke_at"):
        spoke_at[customer_id].append(spoke)
    return [
        customer_record(customer, customer.last_visit, spoke_at[customer.id])
        for customer in customers
    ]


def users_of(chats: Iterable[Chat]) -> dict[str, list[Record]]:
    """Return each chat's user records, oldest participant first. At most two reads."""
    chats = list(chats)
    agent_ids = {
        (chat.organization_id, user_id)
        for chat in chats
        for user_id, participant in chat.participants.items()
        if participant["type"] == "agent"
    }
    agents = Agent.ever.filter(
        organization_id__in={organization for organization, _ in agent_ids},
        public_id__in={public_id for _, public_id in agent_ids},
    )
    by_id = {(agent.organization_id, agent.public_id): agent_record(agent) for agent in agents}
    customers = Customer.objects.select_related("last_visit").in_bulk(
        [chat.customer_id for chat in chats if chat.customer_id is not None]
    )
    found: dict[str, list[Record]] = {}
    for chat in chats:
        users = []
        for user_id, participant in sorted(
            chat.participants.items(), key=lambda item: int(item[1]["order"])
        ):
            user: Record | None = None
            if participant["type"] == "agent":
                user = by_id.get((chat.organization_id, user_id))
            elif customer := customers.get(UUID(user_id)):
                user = customer_record(customer, customer.last_visit, [chat.spoke_at])
            if user is not None:
                users.append(chat_user_record(user, participant))
        found[chat.id] = users
    return found


def attention(organization_id: UUID, user_ids: Iterable[str]) -> dict[str, bool]:
    """Return who of ``user_ids`` is connected, and whether on any connection that is not away."""
    leases = ConnectionLease.objects.filter(
        organization_id=organization_id, user_id__in=list(user_ids), expires_at__gt=clock.now()
    )
    found: dict[str, bool] = {}
    for user_id, away in leases.values_list("user_id", "away"):
        found[user_id] = found.get(user_id, False) or not away
    return found


def connections(organization_id: UUID) -> int:
    """Return how many live connections of agents and customers the organisation has."""
    leases = ConnectionLease.objects.filter(organization_id=organization_id)
    return leases.filter(expires_at__gt=clock.now()).count()


def shown_status(agent: Agent, attentive: bool | None) -> str:
    """Return the status others see.

    It is the chosen one while a connection lives (``attentive`` is not None); an agent who is
    away on every connection does not accept chats. Bots need no connection (protocol.md 2.9).
    """
    if agent.kind == Agent.Kind.BOT:
        return str(agent.routing_status)
    if attentive is None:
        return str(RoutingStatus.OFFLINE)
    if not attentive and agent.routing_status == RoutingStatus.ACCEPTING:
        return str(RoutingStatus.NOT_ACCEPTING)
    return str(agent.routing_status)


def routing_statuses(organization_id: UUID, group_numbers: Iterable[int]) -> list[Record]:
    """Return ``{agent_id, status}`` of every agent, or of those in any of the groups."""
    agents = Agent.objects.filter(organization_id=organization_id, suspended=False)
    numbers = set(group_numbers)
    if numbers and 0 not in numbers:
        agents = agents.filter(memberships__group__number__in=numbers).distinct()
    agents = agents.order_by("public_id")
    attentive = attention(organization_id, [agent.public_id for agent in agents])
    return [
        {
            "agent_id": agent.public_id,
            "status": shown_status(agent, attentive.get(agent.public_id)),
        }
        for agent in agents
    ]
