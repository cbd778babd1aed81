"""Pushes about chats and who takes part in them."""

from __future__ import annotations

from agents.pushes.reach import CHATS, headline
from chatplatform.api import told
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.chats import (
    ChatAccessUpdated,
    ChatDeactivated,
    ChatOpened,
    ChatStarted,
    ChatTransferred,
    ChatUnfollowed,
    UserAddedToChat,
    UserRemovedFromChat,
)


@push("agent", "incoming_chat")
def chat_started(event: ChatStarted) -> Push:
    """A thread began."""
    return headline(event, {"requester_id": event.requester_id, "chat": event.chat})


@push("agent", "incoming_chat")
def chat_opened(event: ChatOpened) -> Push:
    """A running chat came before agents, by following, joining, assignment or access."""
    payload = {"requester_id": event.requester_id, "chat": event.chat}
    if not event.requester_id:
        del payload["requester_id"]
    if event.transferred_from:
        payload["transferred_from"] = event.transferred_from
    users = frozenset(event.user_ids)
    if not event.new_group_ids:
        return Push(payload, Reach.USERS, user_ids=users, scopes=CHATS)
    return Push(
        payload,
        Reach.ACCESS,
        user_ids=users,
        group_ids=frozenset(event.new_group_ids),
        scopes=CHATS,
        unless=headline(event, None, group_ids=event.old_group_ids),
    )


@push("agent", "chat_access_updated")
def chat_access_updated(event: ChatAccessUpdated) -> Push:
    """Other groups may see a chat: for those who lose it, the last they hear of it."""
    return headline(event, told.chat_access_updated(event))


@push("agent", "chat_deactivated")
def chat_deactivated(event: ChatDeactivated) -> Push:
    """A thread closed; ``user_id`` is absent when the system did it."""
    return headline(event, told.chat_deactivated(event))


@push("agent", "chat_transferred")
def chat_transferred(event: ChatTransferred) -> Push:
    """A thread went to other hands or into the queue; ``requester_id`` only when manual."""
    return headline(event, told.chat_transferred(event))


@push("agent", "user_added_to_chat")
def user_added_to_chat(event: UserAddedToChat) -> Push:
    """Someone joined."""
    return headline(event, told.user_added_to_chat(event))


@push("agent", "user_removed_from_chat")
def user_removed_from_chat(event: UserRemovedFromChat) -> Push:
    """Someone left."""
    return headline(event, told.user_removed_from_chat(event))


@push("agent", "chat_unfollowed")
def chat_unfollowed(event: ChatUnfollowed) -> Push:
    """The agent stopped following: by hand, on another connection, or by losing access."""
    return Push(
        {"chat_id": event.chat_id},
        Reach.USERS,
        user_ids=frozenset(event.agent_ids),
        scopes=CHATS,
        except_requester=bool(event.requester_id),
    )
