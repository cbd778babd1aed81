"""Pushes of the Customer RTM API: domain events in the customers' shape, to the chat's customer.

Nothing with visibility ``agents`` passes (customers/shapes.py). Importing registers the pushes.
"""

from __future__ import annotations

from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events import (
    ChatDeactivated,
    ChatEvent,
    ChatOpened,
    ChatSignal,
    ChatStarted,
    ChatTransferred,
    CustomerUpdated,
    EventAppended,
    EventRepeated,
    EventsMarkedAsSeen,
    EventUpdated,
    GroupStatusUpdated,
    QueuePositionUpdated,
    Record,
    TypingIndicated,
    UserAddedToChat,
    UserRemovedFromChat,
)
from customers import shapes


def _customers(event: ChatEvent | ChatSignal) -> frozenset[str]:
    return frozenset(
        user_id
        for user_id, participant in event.participants.items()
        if participant["type"] == "customer"
    )


def _to_customer(event: ChatEvent | ChatSignal, payload: Record) -> Push:
    return Push(payload, Reach.USERS, user_ids=_customers(event))


def _about(event: ChatEvent | ChatSignal) -> Record:
    return {"chat_id": event.chat_id, "thread_id": event.thread_id}


def _caused(event: ChatOpened | UserAddedToChat | UserRemovedFromChat, payload: Record) -> Record:
    """Say who did it, unless customers must not know of them."""
    return {"requester_id": event.requester_key, **payload} if event.requester_key else payload


@push("customer", "incoming_chat")
def chat_started(event: ChatStarted) -> Push:
    """A thread began."""
    payload = {
        "requester_id": event.requester_key,
        "chat": shapes.chat(event.chat, event.participants),
    }
    return _to_customer(event, payload)


@push("customer", "incoming_chat")
def chat_opened(event: ChatOpened) -> Push | None:
    """A running chat came before its new customer; agents have a push of their own."""
    participant = event.participants.get(event.user_id)
    if participant is None or participant["type"] != "customer":
        return None
    payload = _caused(event, {"chat": shapes.chat(event.chat, event.participants)})
    return Push(payload, Reach.USERS, user_ids=frozenset({event.user_id}))


@push("customer", "chat_deactivated")
def chat_deactivated(event: ChatDeactivated) -> Push:
    """A thread closed; ``user_id`` is absent when the system did it."""
    payload = _about(event)
    if event.user_key:
        payload["user_id"] = event.user_key
    return _to_customer(event, payload)


@push("customer", "chat_transferred")
def chat_transferred(event: ChatTransferred) -> Push:
    """A thread went to other hands or into the queue."""
    agent_ids = [shapes.user_id(one, event.participants) for one in event.to_agent_ids]
    payload = {
        **_about(event),
        "reason": event.reason,
        "transferred_to": {"group_ids": event.to_group_ids, "agent_ids": agent_ids},
    }
    if event.requester_id:
        payload["requester_id"] = shapes.user_id(event.requester_id, event.participants)
    if event.queue:
        payload["queue"] = event.queue
    return _to_customer(event, payload)


@push("customer", "user_added_to_chat")
def user_added_to_chat(event: UserAddedToChat) -> Push | None:
    """Someone joined, unless they only whisper."""
    shown = shapes.users([event.user])
    if not shown:
        return None
    payload = {**_about(event), "user": shown[0], "reason": event.reason}
    return _to_customer(event, _caused(event, payload))


@push("customer", "user_removed_from_chat")
def user_removed_from_chat(event: UserRemovedFromChat) -> Push | None:
    """Someone left, unless they only whispered."""
    if shapes.hidden(event.user_id, event.participants):
        return None
    payload = {
        **_about(event),
        "user_id": shapes.user_id(event.user_id, event.participants),
        "reason": event.reason,
    }
    return _to_customer(event, _caused(event, payload))


@push("customer", "incoming_event")
def incoming_event(event: EventAppended) -> Push | None:
    """An event arrived that customers may see."""
    shown = shapes.event(event.event, event.participants)
    if shown is None:
        return None
    return _to_customer(event, {**_about(event), "event": shown})


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
    return _to_customer(event, {**_about(event), "event": shown})


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
    return _to_customer(event, payload)


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
    return _to_customer(event, {**_about(event), "typing_indicator": indicator})


@push("customer", "queue_position_updated")
def queue_position_updated(event: QueuePositionUpdated) -> Push:
    """One's own place in the queue changed."""
    payload = {"chat_id": event.chat_id, "thread_id": event.thread_id, "queue": event.queue}
    return Push(payload, Reach.USERS, user_ids=frozenset({event.customer_id}))


@push("customer", "groups_status_updated", since="3.5")
def groups_status_updated(event: GroupStatusUpdated) -> Push:
    """One's own group went online or offline."""
    groups = [{"id": event.group_id, "status": event.status}]
    return Push({"groups": groups}, Reach.ACCESS, group_ids=frozenset({event.group_id}))


@push("customer", "customer_updated")
def customer_updated(event: CustomerUpdated) -> Push:
    """One's own data changed."""
    return Push(
        shapes.customer(event.customer),
        Reach.USERS,
        user_ids=frozenset({event.customer_id}),
    )
