"""Whom a push of a chat reaches among customers: its own."""

from __future__ import annotations

from chatplatform.api.pushes import Push, Reach
from chatplatform.domain_events import ChatEvent, ChatSignal, Record
from chatplatform.domain_events.chats import (
    ChatOpened,
    ChatTransferred,
    UserAddedToChat,
    UserRemovedFromChat,
)


def customers(event: ChatEvent | ChatSignal) -> frozenset[str]:
    """Return the chat's customer, if it has one."""
    return frozenset(
        user_id
        for user_id, participant in event.participants.items()
        if participant["type"] == "customer"
    )


def to_customer(event: ChatEvent | ChatSignal, payload: Record) -> Push:
    """Reach the chat's customer."""
    return Push(payload, Reach.USERS, user_ids=customers(event))


def about(event: ChatEvent | ChatSignal) -> Record:
    """Return the ids most payloads begin with."""
    return {"chat_id": event.chat_id, "thread_id": event.thread_id}


def caused(
    event: ChatOpened | ChatTransferred | UserAddedToChat | UserRemovedFromChat, payload: Record
) -> Record:
    """Say who did it, unless customers must not know of them."""
    return {"requester_id": event.requester_key, **payload} if event.requester_key else payload
