"""Webhooks about properties: what was set or deleted, as far as the webhook's client may read it.

Where that is nothing, nothing is sent.
"""

from __future__ import annotations

from typing import Final

from chatplatform.api import told
from chatplatform.domain_events import Record
from chatplatform.domain_events.properties import (
    ChatPropertiesDeleted,
    ChatPropertiesUpdated,
    EventPropertiesDeleted,
    EventPropertiesUpdated,
    ThreadPropertiesDeleted,
    ThreadPropertiesUpdated,
)
from webhooks.payload import payload

_SHOWN: Final = "properties"


@payload("chat_properties_updated", needs=_SHOWN)
def chat_properties_updated(event: ChatPropertiesUpdated) -> Record:
    """Properties of a chat were set."""
    return told.chat_properties(event)


@payload("chat_properties_deleted", needs=_SHOWN)
def chat_properties_deleted(event: ChatPropertiesDeleted) -> Record:
    """Properties of a chat were deleted."""
    return told.chat_properties(event)


@payload("thread_properties_updated", needs=_SHOWN)
def thread_properties_updated(event: ThreadPropertiesUpdated) -> Record:
    """Properties of a thread were set."""
    return told.thread_properties(event)


@payload("thread_properties_deleted", needs=_SHOWN)
def thread_properties_deleted(event: ThreadPropertiesDeleted) -> Record:
    """Properties of a thread were deleted."""
    return told.thread_properties(event)


@payload("event_properties_updated", needs=_SHOWN)
def event_properties_updated(event: EventPropertiesUpdated) -> Record:
    """Properties of an event were set."""
    return told.event_properties(event)


@payload("event_properties_deleted", needs=_SHOWN)
def event_properties_deleted(event: EventPropertiesDeleted) -> Record:
    """Properties of an event were deleted."""
    return told.event_properties(event)
