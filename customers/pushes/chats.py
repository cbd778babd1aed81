"""Pushes about chats and who takes part in them."""

from __future__ import annotations

from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.chats import (
    ChatDeactivated,
    ChatOpened,
    ChatStarted,
    ChatTransferred,
    UserAddedToChat,
    UserRemovedFromChat,
)
from chatplatform.domain_events.routing import QueuePositionUpdated
from customers import shapes
from customers.pushes.reach import about, caused, customers, to_customer


@push("customer", "incoming_chat")
def chat_started(event: ChatStarted) -> Push:
    """A thread began."""
    payload = {
        "requester_id": event.requester_key,
        "chat": shapes.chat(event.chat, event.participants),
    }
    return to_customer(event, payload)


@push("customer", "incoming_chat")
def chat_opened(event: ChatOpened) -> Push | None:
    """A running chat came before its new customer, or went from one agent to another."""
    chat = shapes.chat(event.chat, event.participants)
    if event.transferred_from:
        chat["transferred_from"] = {
            "group_ids": event.transferred_from["group_ids"],
            "agent_ids": shapes.user_ids(event.transferred_from["agent_ids"], event.participants),
        }
    elif customers(event).isdisjoint(event.user_ids):
        return None
    return to_customer(event, caused(event, {"chat": chat}))


@push("customer", "chat_deactivated")
def chat_deactivated(event: ChatDeactivated) -> Push:
    """A thread closed; ``user_id`` is absent when the system did it."""
    payload = about(event)
    if event.user_key:
        payload["user_id"] = event.user_key
    return to_customer(event, payload)


@push("customer", "chat_transferred")
def chat_transferred(event: ChatTransferred) -> Push:
    """A thread went to other hands or into the queue."""
    agent_ids = shapes.user_ids(event.to_agent_ids, event.participants)
    payload = {
        **about(event),
        "reason": event.reason,
        "transferred_to": {"group_ids": event.to_group_ids, "agent_ids": agent_ids},
    }
    if event.queue:
        payload["queue"] = event.queue
    return to_customer(event, caused(event, payload))


@push("customer", "user_added_to_chat")
def user_added_to_chat(event: UserAddedToChat) -> Push | None:
    """Someone joined, unless they only whisper."""
    shown = shapes.users([event.user])
    if not shown:
        return None
    payload = {**about(event), "user": shown[0], "reason": event.reason}
    return to_customer(event, caused(event, payload))


@push("customer", "user_removed_from_chat")
def user_removed_from_chat(event: UserRemovedFromChat) -> Push | None:
    """Someone left, unless they only whispered."""
    if shapes.hidden(event.user_id, event.participants):
        return None
    payload = {
        **about(event),
        "user_id": shapes.user_id(event.user_id, event.participants),
        "reason": event.reason,
    }
    return to_customer(event, caused(event, payload))


@push("customer", "queue_position_updated")
def queue_position_updated(event: QueuePositionUpdated) -> Push:
    """One's own place in the queue changed."""
    payload = {"chat_id": event.chat_id, "thread_id": event.thread_id, "queue": event.queue}
    return Push(payload, Reach.USERS, user_ids=frozenset({event.customer_id}))
