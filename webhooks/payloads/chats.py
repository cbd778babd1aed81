"""Webhooks about chats and who takes part in them."""

from __future__ import annotations

from chatplatform.api import told
from chatplatform.domain_events import Record
from chatplatform.domain_events.chats import (
    ChatOpened,
    ChatStarted,
    UserAddedToChat,
    UserRemovedFromChat,
)
from webhooks.payload import payload

payload("chat_access_updated")(told.chat_access_updated)
payload("chat_deactivated")(told.chat_deactivated)
payload("chat_transferred")(told.chat_transferred)


@payload("incoming_chat")
def chat_started(event: ChatStarted) -> Record:
    """A thread began; who began it is not said."""
    return {"chat": event.chat}


@payload("incoming_chat")
def chat_opened(event: ChatOpened) -> Record | None:
    """A chat came to others by a transfer. That somebody looks into one is no news."""
    if not event.transferred_from:
        return None
    return {"chat": event.chat, "transferred_from": event.transferred_from}


@payload("user_added_to_chat")
def user_added_to_chat(event: UserAddedToChat) -> Record:
    """Someone joined; ``requester_id`` is empty unless an agent caused it."""
    return {**told.user_added_to_chat(event), "requester_id": event.requester_id}


@payload("user_removed_from_chat")
def user_removed_from_chat(event: UserRemovedFromChat) -> Record:
    """Someone left; ``requester_id`` is empty unless an agent caused it."""
    return {**told.user_removed_from_chat(event), "requester_id": event.requester_id}
