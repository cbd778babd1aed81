"""Reading which customers agents watch, and which agents watch a customer (protocol.md 2.8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from chatplatform.models import Chat, ChatListing, Customer, ShownGreeting, Thread
from chatplatform.records import Record, customer_record

MY, CHATTING, INVITED, ONLINE = "my", "chatting", "invited", "online"
LEVELS = (MY, CHATTING, INVITED, ONLINE)
"""The monitoring levels; each includes those before it."""


@dataclass(slots=True)
class Situation:
    """A customer's chats (as rows of ``_CHAT``), and whether one waits or a greeting does."""

    chats: list[dict[str, Any]] = field(default_factory=list)
    queued: bool = False
    invited: bool = False

    @property
    def running(self) -> list[dict[str, Any]]:
        """The chats with an active thread."""
        return [chat for chat in self.chats if chat["active_thread_id"] is not None]

    @property
    def state(self) -> str:
        """What the customer does, in the protocol's words."""
        if self.running:
            return "queued" if self.queued else "chatting"
        return "invited" if self.invited else "browsing"

    @property
    def agent_ids(self) -> set[str]:
        """Who takes part in a running chat."""
        return {agent_id for chat in self.running for agent_id in _agents(chat, present=True)}

    @property
    def follower_ids(self) -> set[str]:
        """Who follows a running chat without taking part in one."""
        followers = {agent_id for chat in self.running for agent_id in chat["followers"]}
        return followers - self.agent_ids


_CHAT = (
    "customer_id",
    "active_thread_id",
    "group_ids",
    "participants",
    "followers",
    "spoke_at",
)


def _agents(chat: dict[str, Any], *, present: bool) -> list[str]:
    return [
        user_id
        for user_id, participant in chat["participants"].items()
        if participant["type"] == "agent" and (participant["present"] or not present)
    ]


def situations(customer_ids: Iterable[UUID]) -> dict[UUID, Situation]:
    """Return the situation of each customer. Three reads at most, however many customers."""
    found = {customer_id: Situation() for customer_id in customer_ids}
    by_thread: dict[str, Situation] = {}
    for chat in Chat.objects.filter(customer__in=list(found)).order_by("id").values(*_CHAT):
        situation = found[chat["customer_id"]]
        situation.chats.append(chat)
        if chat["active_thread_id"] is not None:
            by_thread[chat["active_thread_id"]] = situation
    waiting = Thread.objects.filter(id__in=list(by_thread), queued_at__isnull=False)
    for thread_id in waiting.values_list("id", flat=True) if by_thread else ():
        by_thread[thread_id].queued = True
    for customer_id in _invited(found).values_list("customer_id", flat=True):
        found[customer_id].invited = True
    return found


def _invited(customer_ids: Iterable[UUID]) -> QuerySet[ShownGreeting]:
    return ShownGreeting.objects.filter(
        customer__in=list(customer_ids), current=True, accepted_at__isnull=True
    )


def audience_of(customer: Customer) -> Record:
    """Return the fields of a :class:`CustomerEvent` that decide who is told. Three reads."""
    (audience,) = audiences_of([customer])
    return audience


def audiences_of(customers: Sequence[Customer]) -> list[Record]:
    """Return these of each customer. Three reads, however many."""
    found = situations(customer.id for customer in customers)
    return [_audience_of(customer, found[customer.id]) for customer in customers]


def _audience_of(customer: Customer, situation: Situation) -> Record:
    readers = {agent_id for chat in situation.chats for agent_id in _agents(chat, present=False)}
    return {
        "organization_id": str(customer.organization_id),
        "customer_id": str(customer.id),
        "online": customer.online_since is not None,
        "state": situation.state,
        "group_id": customer.group_number,
        "chat_group_ids": _groups(situation.running),
        "agent_ids": sorted(situation.agent_ids),
        "follower_ids": sorted(situation.follower_ids),
        "reader_group_ids": _groups(situation.chats),
        "reader_ids": sorted(readers),
    }


def _groups(chats: Iterable[dict[str, Any]]) -> list[int]:
    return sorted({number for chat in chats for number in chat["group_ids"]})


def monitored(customers: Sequence[Customer], agent_id: str = "") -> list[Record]:
    """Return customers as those who watch them are shown. Three reads, however many.

    To the record come ``online``, ``state``, ``group_ids``, and ``followed``: whether the agent
    ``agent_id`` takes part in a running chat of theirs or follows it.
    """
    found = situations(customer.id for customer in customers)
    return [_monitored(customer, found[customer.id], agent_id) for customer in customers]


def _monitored(customer: Customer, situation: Situation, agent_id: str) -> Record:
    spoke_at = [chat["spoke_at"] for chat in situation.chats]
    return {
        **customer_record(customer, customer.last_visit, spoke_at),
        "online": customer.online_since is not None,
        "state": situation.state,
        "group_ids": [customer.group_number],
        "followed": agent_id in situation.agent_ids | situation.follower_ids,
    }


def watched(
    organization_id: UUID, level: str, agent_id: str, group_numbers: Iterable[int], limit: int
) -> list[Customer]:
    """Return up to ``limit`` customers an agent watches: their own, then those in running chats.

    ``group_numbers`` are the agent's groups, ``level`` one of :data:`LEVELS`. Five reads.
    """
    numbers = sorted(group_numbers)
    own = _followed(organization_id, agent_id)
    talking_ids = own if level == MY else own | _talking(organization_id, numbers, limit)
    customers = Customer.objects.filter(id__in=talking_ids).select_related("last_visit")
    talking = sorted(customers, key=lambda one: (one.id not in own, one.created_at))[:limit]
    if level not in (INVITED, ONLINE) or len(talking) == limit:
        return talking
    known = {customer.id for customer in talking}
    others = _online(organization_id, numbers, invited=level == INVITED)
    for customer in others.select_related("last_visit")[: limit + len(known)]:
        if customer.id not in known and len(talking) < limit:
            talking.append(customer)
    return talking


def _followed(organization_id: UUID, agent_id: str) -> set[UUID]:
    """Return the customers of running chats an agent takes part in, whispering too, or follows."""
    running = Chat.objects.filter(
        organization_id=organization_id, active_thread_id__isnull=False, customer__isnull=False
    )
    joined = running.filter(listings__reader=f"a:{agent_id}", listings__active=True)
    taking_part = {
        customer_id
        for customer_id, participants in joined.values_list("customer_id", "participants")
        if participants[agent_id]["present"]
    }
    followed = running.exclude(followers=[]).values_list("customer_id", "followers")
    return taking_part | {
        customer_id for customer_id, followers in followed if agent_id in followers
    }


def _talking(organization_id: UUID, group_numbers: Iterable[int], limit: int) -> set[UUID]:
    """Return up to ``limit`` customers of running chats of groups."""
    running = ChatListing.objects.filter(
        organization_id=organization_id,
        active=True,
        reader__in=[f"g:{number}" for number in group_numbers],
        chat__customer__isnull=False,
    )
    customers = running.order_by("chat__customer_id").values_list("chat__customer_id", flat=True)
    return set(customers.distinct()[:limit])


def _online(
    organization_id: UUID, group_numbers: Iterable[int], *, invited: bool = False
) -> QuerySet[Customer]:
    rows = Customer.objects.filter(
        organization_id=organization_id,
        group_number__in=list(group_numbers),
        online_since__isnull=False,
    )
    if invited:
        rows = rows.filter(
            shown_greetings__in=ShownGreeting.objects.filter(current=True, accepted_at__isnull=True)
        )
    return rows.order_by("-online_since", "id")


def online_in(organization_id: UUID, group_numbers: Iterable[int], limit: int) -> list[Customer]:
    """Return up to ``limit`` customers on the pages of the groups, the newest first. One read."""
    rows = _online(organization_id, group_numbers).select_related("last_visit")
    return list(rows[:limit])


def counts_online(
    asked: Iterable[tuple[UUID, frozenset[int]]],
) -> dict[tuple[UUID, frozenset[int]], int]:
    """Return how many customers are on the pages of each set of groups of an organisation.

    One read, from an index, for each.
    """
    return {
        (organization_id, numbers): _online(organization_id, numbers).order_by().count()
        for organization_id, numbers in asked
    }
