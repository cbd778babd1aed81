"""What routing does: the queue, statuses of agents and groups."""

from __future__ import annotations

from dataclasses import dataclass

from chatplatform.domain_events import DomainEvent, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePositionsUpdated(DomainEvent):
    """Places of threads that wait for agents of ``group_ids`` changed.

    Each entry: ``{chat_id, thread_id, queue: {position, wait_time}}``.
    """

    group_ids: list[int]
    entries: list[Record]


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePositionUpdated(DomainEvent):
    """The place of one waiting customer changed; ``queue`` is ``{position, wait_time}``."""

    chat_id: str
    thread_id: str
    customer_id: str
    queue: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingStatusSet(DomainEvent):
    """An agent's or bot's shown status changed."""

    agent_id: str
    status: str
    is_bot: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupsStatusUpdated(DomainEvent):
    """Groups changed between online and offline, as agents are told: ``{id, status}`` each."""

    groups: list[Record]


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupStatusUpdated(DomainEvent):
    """One group's ``status``, in the customers' words, changed for the customers on its pages.

    Clients take the first group they are told of for their own (protocol.md 9), so customers hear
    of no other.
    """

    group_id: int
    status: str
