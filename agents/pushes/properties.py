"""Pushes about properties: what was set or deleted, as far as the reader may read it.

Where that is nothing but what an application keeps to itself, only its clients are told.
"""

from __future__ import annotations

from agents.pushes.reach import in_full
from chatplatform.api import told
from chatplatform.api.properties import delta, owners_only
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.properties import (
    ChatPropertiesDeleted,
    ChatPropertiesUpdated,
    EventPropertiesDeleted,
    EventPropertiesUpdated,
    GroupPropertiesUpdated,
    LicensePropertiesUpdated,
    ThreadPropertiesDeleted,
    ThreadPropertiesUpdated,
)


@push("agent", "chat_properties_updated")
def chat_properties_updated(event: ChatPropertiesUpdated) -> Push | None:
    """Properties of a chat were set."""
    return owners_only(in_full(event, told.chat_properties(event)))


@push("agent", "chat_properties_deleted")
def chat_properties_deleted(event: ChatPropertiesDeleted) -> Push | None:
    """Properties of a chat were deleted."""
    return owners_only(in_full(event, told.chat_properties(event)))


@push("agent", "thread_properties_updated")
def thread_properties_updated(event: ThreadPropertiesUpdated) -> Push | None:
    """Properties of a thread were set."""
    return owners_only(in_full(event, told.thread_properties(event)))


@push("agent", "thread_properties_deleted")
def thread_properties_deleted(event: ThreadPropertiesDeleted) -> Push | None:
    """Properties of a thread were deleted."""
    return owners_only(in_full(event, told.thread_properties(event)))


@push("agent", "event_properties_updated")
def event_properties_updated(event: EventPropertiesUpdated) -> Push | None:
    """Properties of an event were set."""
    return owners_only(in_full(event, told.event_properties(event)))


@push("agent", "event_properties_deleted")
def event_properties_deleted(event: EventPropertiesDeleted) -> Push | None:
    """Properties of an event were deleted."""
    return owners_only(in_full(event, told.event_properties(event)))


@push("agent", "license_properties_updated", since="3.6")
def license_properties_updated(event: LicensePropertiesUpdated) -> Push | None:
    """Properties of the licence were set or deleted."""
    return owners_only(Push(delta(event), Reach.AGENTS))


@push("agent", "group_properties_updated", since="3.6")
def group_properties_updated(event: GroupPropertiesUpdated) -> Push | None:
    """Properties of a group were set or deleted."""
    return owners_only(Push({"group_id": event.group_id, **delta(event)}, Reach.AGENTS))
