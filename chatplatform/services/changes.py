"""Numbered changes of a chat that are not events: kept for hubs that missed one, and told."""

from __future__ import annotations

from typing import Any, TypeVar

from chatplatform import clock, domain_events
from chatplatform.domain_events import ChatEvent, tell
from chatplatform.models import Chat, ChatChange
from chatplatform.services import events

E = TypeVar("E", bound=ChatEvent)


def record(kind: type[E], chat: Chat, /, *, bumped: bool = False, **about: Any) -> E:
    """Number a change of a locked ``chat``, keep it, tell it after the commit, and return it.

    ``about`` are the fields ``kind`` adds to :class:`ChatEvent`. ``bumped``: the number was taken
    before (a thread's start). The caller saves the chat.
    """
    if not bumped:
        events.bump(chat)
    change = kind(
        organization_id=str(chat.organization_id),
        chat_id=chat.id,
        sequence=chat.sequence,
        previous_at=clock.to_wire(chat.previous_change_at),
        changed_at=clock.to_wire(chat.changed_at),
        group_ids=list(chat.group_ids),
        participants={key: dict(value) for key, value in chat.participants.items()},
        followers=list(chat.followers),
        thread_id=about.pop("thread_id", chat.last_thread_id),
        **about,
    )
    ChatChange.objects.create(chat=chat, sequence=chat.sequence, body=domain_events.pack(change))
    tell(change)
    return change
