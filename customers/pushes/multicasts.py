"""Pushes that belong to no chat."""

from __future__ import annotations

from chatplatform.api.pushes import Push, push
from chatplatform.domain_events.multicasts import Multicast


@push("customer", "incoming_multicast")
def incoming_multicast(event: Multicast) -> Push | None:
    """Nothing: what agents send each other is not for customers (protocol.md 2.7).

    The push is documented and can be subscribed to, but no action can name customers any more.
    """
    return None
