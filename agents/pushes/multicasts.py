"""Pushes between agents' clients that belong to no chat."""

from __future__ import annotations

from agents.pushes.reach import MULTICASTS
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.multicasts import Multicast


@push("agent", "incoming_multicast")
def incoming_multicast(event: Multicast) -> Push:
    """Another agent's client sent something; ``author_id`` is absent when the server did."""
    payload = {"content": event.content}
    if event.author_id:
        payload["author_id"] = event.author_id
    if event.kind:
        payload["type"] = event.kind
    return Push(
        payload,
        Reach.AGENTS if event.to_all else Reach.MEMBERS,
        user_ids=frozenset() if event.to_all else frozenset(event.agent_ids),
        group_ids=frozenset(event.group_ids),
        scopes=MULTICASTS,
    )
