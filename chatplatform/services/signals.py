"""Transient signals: told to who watches the chat, never stored."""

from __future__ import annotations

import time
from typing import Any

from chatplatform.domain_events import SneakPeeked, TypingIndicated, tell
from chatplatform.errors import ChatInactive, NotAllowed
from chatplatform.models import Chat
from chatplatform.requester import AgentRequester, CustomerRequester
from chatplatform.selectors import chats as chat_selectors


def send_typing_indicator(
    requester: AgentRequester, chat_id: str, *, visibility: str, is_typing: bool
) -> None:
    """Tell that an agent types, or stopped. Raise :class:`NotAllowed` for non-members and for
    whisperers who would be seen by the customer."""
    chat = chat_selectors.access_chat(requester, chat_id, write=True)
    participant = chat.participants.get(requester.public_id)
    if participant is None or not participant["present"]:
        raise NotAllowed("The requester is not a user of the chat")
    if visibility == "all" and participant["visibility"] != "all":
        raise NotAllowed("A user who whispers can not be seen typing by all")
    about = _about(chat, requester.public_id)
    tell(
        TypingIndicated(
            **about, visibility=visibility, is_typing=is_typing, timestamp=int(time.time())
        )
    )


def send_sneak_peek(requester: CustomerRequester, chat_id: str, text: str) -> None:
    """Tell agents what the customer has typed so far; customers never learn of it."""
    chat = chat_selectors.access_chat(requester, chat_id)
    about = _about(chat, requester.user_id)
    tell(SneakPeeked(**about, text=text, timestamp=int(time.time())))


def _about(chat: Chat, author_id: str) -> dict[str, Any]:
    if chat.active_thread_id is None:
        raise ChatInactive
    return {
        "organization_id": str(chat.organization_id),
        "chat_id": chat.id,
        "thread_id": chat.active_thread_id,
        "author_id": author_id,
        "group_ids": chat.group_ids,
        "participants": chat.participants,
        "followers": chat.followers,
    }
