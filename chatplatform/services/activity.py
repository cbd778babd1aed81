"""When agents and customers last spoke, noted on the customer so that lists can be sorted by it.

A send writes the chat's row only (services/events.py); the customer's follows when the thread
closes, and every few seconds while it runs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from chatplatform import clock
from chatplatform.models import Chat, Customer
from chatplatform.models.customers import NEVER


def note_after_commit(chat: Chat) -> None:
    """Note when both sides last spoke in a locked ``chat``, once the open transaction committed.

    Not inside it: customers are locked before chats. Two writes at most; a failure is only logged.
    """
    customer_id, spoke_at = chat.customer_id, dict(chat.spoke_at)
    if customer_id is not None and spoke_at:
        transaction.on_commit(lambda: _note(customer_id, spoke_at), robust=True)


def note_running() -> None:
    """Note it for every chat with an active thread. For the worker's timers."""
    running = Chat.objects.filter(active_thread_id__isnull=False, customer__isnull=False)
    rows = running.values_list(
        "customer_id", "spoke_at", "customer__agent_spoke_at", "customer__customer_spoke_at"
    )
    for customer_id, spoke_at, agent_spoke_at, customer_spoke_at in rows.iterator(chunk_size=500):
        known = {"agent": agent_spoke_at, "customer": customer_spoke_at}
        if any(_moment(spoke_at, side) > moment for side, moment in known.items()):
            _note(customer_id, spoke_at)


def _note(customer_id: Any, spoke_at: dict[str, str]) -> None:
    for side in ("agent", "customer"):
        column, moment = f"{side}_spoke_at", _moment(spoke_at, side)
        if moment > NEVER:
            earlier = Customer.objects.filter(id=customer_id, **{f"{column}__lt": moment})
            earlier.update(**{column: moment})


def _moment(spoke_at: dict[str, str], side: str) -> datetime:
    return clock.from_wire(spoke_at[side]) if spoke_at.get(side) else NEVER
