"""Transient signals: told to who watches the chat, never stored."""

from __future__ import annotations

import time
from typing import Any

from chatplatform import clock
from chatplatform.domain_events import tell
from chatplatform.domain_events.events import (
    EventPreviewed,
    SneakPeeked,
    ThinkingIndicated,
    TypingIndicated,
)
from chatplatform.errors import ChatInactive
from chatplatform.models import Chat
from chatplatform.records import Record
from chatplatform.requester import AgentRequester, CustomerRequester
from chatplatform.selectors import chats as chat_selectors
from chatplatform.services import participants
from chatplatform.services.events import Draft


def send_typing_indicator(
    requester: AgentRequester, chat_id: str, *, visibility: str, is_typing: bool
) -> None:
    """Tell that an agent types, or stopped. Raise :class:`NotAllowed` for non-members and for
    whisperers who would be seen by the customer."""
    about = _about(_voiced(requester, chat_id, visibility), requester.public_id)
    tell(
        TypingIndicated(
            **about, visibility=visibility, is_typing=is_typing, timestamp=int(time.time())
        )
    )


def send_thinking_indicator(
    requester: AgentRequester, chat_id: str, *, visibility: str, thought: Record
) -> None:
    """Tell that an agent thinks; ``thought`` as in :class:`ThinkingIndicated`.

    Raise :class:`NotAllowed` as for typing, :class:`ChatInactive`.
    """
    about = _about(_voiced(requester, chat_id, visibility), requester.public_id)
    sent_at = clock.to_wire(clock.now())
    tell(ThinkingIndicated(**about, visibility=visibility, thought=thought, sent_at=sent_at))


def send_event_preview(requester: AgentRequester, chat_id: str, draft: Draft) -> None:
    """Show the customer a message before it is sent; its ``custom_id`` tells which it becomes.

    Raise :class:`NotAllowed` for non-members and whisperers, :class:`ChatInactive`.
    """
    about = _about(_voiced(requester, chat_id, draft.visibility), requester.public_id)
    event: Record = {
        "created_at": clock.to_wire(clock.now()),
        "type": draft.type,
        "visibility": draft.visibility,
        "author_id": draft.author_id,
        **draft.content,
    }
    if draft.custom_id:
        event["custom_id"] = draft.custom_id
    tell(EventPreviewed(**about, event=event))


def send_sneak_peek(requester: CustomerRequester, chat_id: str, text: str) -> None:
    """Tell agents what the customer has typed so far; customers never learn of it."""
    chat = chat_selectors.access_chat(requester, chat_id)
    about = _about(chat, requester.user_id)
    tell(SneakPeeked(**about, text=text, timestamp=int(time.time())))


def _voiced(requester: AgentRequester, chat_id: str, visibility: str) -> Chat:
    chat = chat_selectors.access_chat(requester, chat_id, write=True)
    participants.require_voice(chat, requester, visibility)
    return chat


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
