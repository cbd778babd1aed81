"""Pushes about events and signals."""

from __future__ import annotations

from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.events import (
    EventAppended,
    EventDeleted,
    EventPreviewed,
    EventRepeated,
    EventsMarkedAsSeen,
    EventUpdated,
    RichMessagePostbackSent,
    ThinkingIndicated,
    TypingIndicated,
)
from customers import shapes
from customers.pushes.reach import about, customers, to_customer


@push("customer", "incoming_event")
def incoming_event(event: EventAppended) -> Push | None:
    """An event arrived that customers may see."""
    shown = shapes.event(event.event, event.participants)
    if shown is None:
        return None
    return to_customer(event, {**about(event), "event": shown})


@push("customer", "incoming_event")
def event_repeated(event: EventRepeated) -> Push | None:
    """A send repeated a stored event: its sender alone is told again."""
    shown = shapes.event(event.event, event.participants)
    if shown is None:
        return None
    payload = {"chat_id": event.chat_id, "thread_id": event.thread_id, "event": shown}
    return Push(payload, Reach.USERS, user_ids=frozenset({event.user_id}), to_requester_only=True)


@push("customer", "event_updated")
def event_updated(event: EventUpdated) -> Push | None:
    """The server changed an event that customers may see."""
    shown = shapes.event(event.event, event.participants)
    if shown is None:
        return None
    return to_customer(event, {**about(event), "event": shown})


@push("customer", "event_deleted", since="3.6")
def event_deleted(event: EventDeleted) -> Push | None:
    """The customer took an event back."""
    if event.event["visibility"] != "all":
        return None
    return to_customer(event, {**about(event), "event_id": event.event["id"]})


@push("customer", "incoming_rich_message_postback")
def incoming_rich_message_postback(event: RichMessagePostbackSent) -> Push | None:
    """An agent pressed a button of an event that customers may see."""
    if event.visibility != "all" or shapes.hidden(event.user_id, event.participants):
        return None
    payload = {
        "user_id": shapes.user_id(event.user_id, event.participants),
        **about(event),
        "event_id": event.event_id,
        "postback": event.postback,
    }
    return Push(payload, Reach.USERS, user_ids=customers(event) - {event.user_id})


@push("customer", "incoming_event_preview", since="3.6")
def incoming_event_preview(event: EventPreviewed) -> Push:
    """An agent writes a message that is still to come."""
    return to_customer(
        event, {**about(event), "event": shapes.preview(event.event, event.participants)}
    )


@push("customer", "incoming_thinking_indicator", since="3.6")
def incoming_thinking_indicator(event: ThinkingIndicated) -> Push | None:
    """An agent thinks for all to see."""
    if event.visibility != "all":
        return None
    payload = {
        **about(event),
        "author_id": shapes.user_id(event.author_id, event.participants),
        "sent_at": event.sent_at,
        **event.thought,
    }
    return to_customer(event, payload)


@push("customer", "events_marked_as_seen")
def events_marked_as_seen(event: EventsMarkedAsSeen) -> Push | None:
    """Someone looked; whisperers look unseen."""
    if shapes.hidden(event.user_id, event.participants):
        return None
    payload = {
        "user_id": shapes.user_id(event.user_id, event.participants),
        "chat_id": event.chat_id,
        "seen_up_to": event.seen_up_to,
    }
    return to_customer(event, payload)


@push("customer", "incoming_typing_indicator")
def incoming_typing_indicator(event: TypingIndicated) -> Push | None:
    """An agent types for all to see, or stopped."""
    if event.visibility != "all":
        return None
    indicator = {
        "author_id": shapes.user_id(event.author_id, event.participants),
        "recipients": "all",
        "timestamp": event.timestamp,
        "is_typing": event.is_typing,
    }
    return to_customer(event, {**about(event), "typing_indicator": indicator})
