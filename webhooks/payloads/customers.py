"""Webhooks about customers."""

from __future__ import annotations

from typing import Final

from chatplatform.domain_events import Record
from chatplatform.domain_events.customers import CustomerCame, SessionFieldsUpdated
from chatplatform.selectors import monitoring
from webhooks.payload import payload

_OF_WATCHERS: Final = frozenset({"online", "state", "group_ids", "followed"})
"""What a monitored record has beyond the customer: it is for agents who watch."""


@payload("incoming_customer")
def incoming_customer(event: CustomerCame) -> Record | None:
    """A customer came, or was made known. One who is invited was there before."""
    if event.state == monitoring.INVITED:
        return None
    shown = {name: value for name, value in event.customer.items() if name not in _OF_WATCHERS}
    return {"customer": shown}


@payload("customer_session_fields_updated")
def customer_session_fields_updated(event: SessionFieldsUpdated) -> Record:
    """The session fields of a customer in a running chat are others now: all of them."""
    return {
        "id": event.customer_id,
        "active_chat": {"chat_id": event.chat_id, "thread_id": event.thread_id},
        "session_fields": event.session_fields,
    }
