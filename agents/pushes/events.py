"""Pushes about events and signals."""

from __future__ import annotations

from agents.pushes.reach import in_full
from chatplatform.api import told
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.events import (
    EventAppended,
    EventDeleted,
    EventRepeated,
    EventsMarkedAsSeen,
    EventUpdated,
    RichMessagePostbackSent,
    SneakPeeked,
    ThinkingIndicated,
    TypingIndicated,
)


@push("agent", "incoming_event")
def incoming_event(event: EventAppended) -> Push:
    """An event arrived."""
    return in_full(event, told.incoming_event(event))


@push("agent", "incoming_event")
def event_repeated(event: EventRepeated) -> Push:
    """A send repeated a stored event: its sender alone is told again."""
    payload = {"chat_id": event.chat_id, "thread_id": event.thread_id, "event": event.event}
    return Push(payload, Reach.USERS, user_ids=frozenset({event.user_id}), to_requester_only=True)


@push("agent", "event_updated")
def event_updated(event: EventUpdated) -> Push:
    """The server changed an event."""
    return in_full(event, told.event_updated(event))


@push("agent", "event_deleted", since="3.6")
def event_deleted(event: EventDeleted) -> Push:
    """A customer took an event back."""
    return in_full(event, told.event_deleted(event))


@push("agent", "incoming_rich_message_postback")
def incoming_rich_message_postback(event: RichMessagePostbackSent) -> Push:
    """Somebody else pressed a button."""
    return in_full(event, told.incoming_rich_message_postback(event), but=event.user_id)


@push("agent", "events_marked_as_seen")
def events_marked_as_seen(event: EventsMarkedAsSeen) -> Push:
    """Someone looked."""
    return in_full(event, told.events_marked_as_seen(event))


@push("agent", "incoming_sneak_peek")
def incoming_sneak_peek(event: SneakPeeked) -> Push:
    """What the customer has typed so far."""
    sneak_peek = {"author_id": event.author_id, "text": event.text, "timestamp": event.timestamp}
    payload = {"chat_id": event.chat_id, "thread_id": event.thread_id, "sneak_peek": sneak_peek}
    return in_full(event, payload)


@push("agent", "incoming_typing_indicator")
def incoming_typing_indicator(event: TypingIndicated) -> Push:
    """An agent types, or stopped."""
    indicator = {
        "author_id": event.author_id,
        "visibility": event.visibility,
        "timestamp": event.timestamp,
        "is_typing": event.is_typing,
    }
    payload = {
        "chat_id": event.chat_id,
        "thread_id": event.thread_id,
        "typing_indicator": indicator,
    }
    return in_full(event, payload, but=event.author_id)


@push("agent", "incoming_thinking_indicator", since="3.6")
def incoming_thinking_indicator(event: ThinkingIndicated) -> Push:
    """Another agent thinks."""
    payload = {
        "chat_id": event.chat_id,
        "thread_id": event.thread_id,
        "author_id": event.author_id,
        "sent_at": event.sent_at,
        **event.thought,
    }
    return in_full(event, payload, but=event.author_id)
