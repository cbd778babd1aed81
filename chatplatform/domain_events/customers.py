"""What customers do, and what agents are told of them."""

from __future__ import annotations

from dataclasses import dataclass

from chatplatform.domain_events import DomainEvent, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerEvent(DomainEvent):
    """Something about one customer.

    All but ``customer_id`` decide which agents are told; ``selectors.monitoring.audience_of`` fills
    it in. ``group_id`` is the group of the customer's pages, ``state`` what they do there
    (``browsing``, ``invited``, ``queued``, ``chatting``). ``chat_group_ids`` are the groups of
    their running chats, ``agent_ids`` the agents who take part in one, ``follower_ids`` those who
    only follow. ``reader_group_ids`` and ``reader_ids`` are the groups and agents who may open any
    chat of theirs.
    """

    customer_id: str
    online: bool
    state: str
    group_id: int
    chat_group_ids: list[int]
    agent_ids: list[str]
    follower_ids: list[str]
    reader_group_ids: list[int]
    reader_ids: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerCame(CustomerEvent):
    """A customer came to the pages, or was made known; ``customer`` is a monitored record."""

    customer: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerInvitedNoMore(CustomerEvent):
    """A customer answered a greeting, or it was taken away; ``customer`` is a monitored record."""

    customer: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerUpdated(CustomerEvent):
    """A customer's data changed. ``customer`` is their record; ``changes`` are the new values.

    What was taken away is not in the record, but empty among the changes.
    """

    customer: Record
    changes: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionFieldsUpdated(DomainEvent):
    """The session fields of a customer who is in the running chat ``chat_id`` are others now.

    Told for webhooks, once per running chat; ``participants`` are the chat's (``models.Chat``).
    """

    customer_id: str
    chat_id: str
    thread_id: str
    participants: dict[str, Record]
    session_fields: list[Record]


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerPageUpdated(CustomerEvent):
    """A customer opened a page; ``page`` is ``{opened_at, url, title}``."""

    visit_id: int
    page: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerTransferred(CustomerEvent):
    """A customer's pages belong to another group now: to ``group_id``, no more to ``left``.

    ``customer`` is a monitored record.
    """

    left: int
    customer: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerLeft(CustomerEvent):
    """A customer's last connection ended at ``left_at`` (RFC 3339); they were online till then."""

    left_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerBanned(CustomerEvent):
    """``agent_id`` banned a customer for so many ``days``."""

    agent_id: str
    days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerStatisticsUpdated(CustomerEvent):
    """A count about a customer changed that no other push tells; ``statistics`` are all of them."""

    statistics: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketCreated(CustomerEvent):
    """A customer left a ticket; ``created_at`` is RFC 3339."""

    ticket_id: str
    silo: str
    created_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketDeleted(CustomerEvent):
    """A customer's ticket was deleted."""

    ticket_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitoringStarted(DomainEvent):
    """An agent logged in: the customers they watch, for the connection that did."""

    agent_id: str
    level: str
    customers: list[Record]


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscribedCustomersCounted(DomainEvent):
    """How many customers each subscription of one connection matches, by its id."""

    agent_id: str
    totals: dict[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerSideStorageUpdated(DomainEvent):
    """What the client shall keep, and return at its next login, is not what it sent."""

    customer_id: str
    side_storage: Record
