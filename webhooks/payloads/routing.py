"""Webhooks about statuses."""

from __future__ import annotations

from chatplatform.api import told
from chatplatform.domain_events import Record
from chatplatform.domain_events.routing import RoutingStatusSet
from webhooks.payload import payload


@payload("routing_status_set")
def routing_status_set(event: RoutingStatusSet) -> Record:
    """An agent's or bot's shown status changed; webhooks write it with spaces in all versions."""
    return {**told.routing_status_set(event), "status": event.status.replace("_", " ")}
