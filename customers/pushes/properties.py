"""Pushes about properties: what was set or deleted, as far as customers may read it.

Nothing is told of events with visibility ``agents``. Where only an application's own properties
changed, only its clients are told.
"""

from __future__ import annotations

from chatplatform.api.properties import delta, owners_only
from chatplatform.api.pushes import Push, push
from chatplatform.domain_events.properties import (
    ChatPropertiesDeleted,
    ChatPropertiesUpdated,
    EventPropertiesDeleted,
    EventPropertiesUpdated,
    ThreadPropertiesDeleted,
    ThreadPropertiesUpdated,
)
from chatplatform.properties import for_customers
from customers.pushes.reach import about, to_customer


@push("customer", "chat_properties_updated")
def chat_properties_updated(event: ChatPropertiesUpdated) -> Push | None:
    """Properties of a chat were set."""
    return _of_chat(event)


@push("customer", "chat_properties_deleted")
def chat_properties_deleted(event: ChatPropertiesDeleted) -> Push | None:
    """Properties of a chat were deleted."""
    return _of_chat(event)


@push("customer", "thread_properties_updated")
def thread_properties_updated(event: ThreadPropertiesUpdated) -> Push | None:
    """Properties of a thread were set."""
    return _of_thread(event)


@push("customer", "thread_properties_deleted")
def thread_properties_deleted(event: ThreadPropertiesDeleted) -> Push | None:
    """Properties of a thread were deleted."""
    return _of_thread(event)


@push("customer", "event_properties_updated")
def event_properties_updated(event: EventPropertiesUpdated) -> Push | None:
    """Properties of an event were set."""
    return _of_event(event)


@push("customer", "event_properties_deleted")
def event_properties_deleted(event: EventPropertiesDeleted) -> Push | None:
    """Properties of an event were deleted."""
    return _of_event(event)


def _of_chat(event: ChatPropertiesUpdated | ChatPropertiesDeleted) -> Push | None:
    shown = for_customers(delta(event), location="chat")
    return owners_only(to_customer(event, {"chat_id": event.chat_id, **shown}))


def _of_thread(event: ThreadPropertiesUpdated | ThreadPropertiesDeleted) -> Push | None:
    shown = for_customers(delta(event), location="thread")
    return owners_only(to_customer(event, {**about(event), **shown}))


def _of_event(event: EventPropertiesUpdated | EventPropertiesDeleted) -> Push | None:
    if event.visibility != "all":
        return None
    shown = for_customers(delta(event), location="event")
    payload = {**about(event), "event_id": event.event_id, **shown}
    return owners_only(to_customer(event, payload))
