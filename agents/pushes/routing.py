"""Pushes about the queue and statuses."""

from __future__ import annotations

from agents.pushes.reach import AGENTS, BOTS, CHATS
from chatplatform.api import told
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.routing import (
    GroupsStatusUpdated,
    QueuePositionsUpdated,
    RoutingStatusSet,
)


@push("agent", "queue_positions_updated")
def queue_positions_updated(event: QueuePositionsUpdated) -> Push:
    """Places in the queue changed."""
    groups = frozenset(event.group_ids)
    return Push(event.entries, Reach.ACCESS, group_ids=groups, scopes=CHATS)


@push("agent", "routing_status_set")
def routing_status_set(event: RoutingStatusSet) -> Push:
    """An agent's or bot's shown status changed."""
    return Push(
        told.routing_status_set(event),
        Reach.AGENTS,
        user_ids=frozenset({event.agent_id}),
        scopes=BOTS if event.is_bot else AGENTS,
    )


@push("agent", "groups_status_updated", since="3.5")
def groups_status_updated(event: GroupsStatusUpdated) -> Push:
    """Groups went online or offline."""
    return Push({"groups": event.groups}, Reach.AGENTS)
