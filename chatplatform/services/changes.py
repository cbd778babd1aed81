"""Numbered changes of a chat that are not events: kept for hubs that missed one, and told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar

from chatplatform import clock, domain_events
from chatplatform.domain_events import ChatEvent, tell
from chatplatform.models import Chat, ChatChange

E = TypeVar("E", bound=ChatEvent)


def bump(chat: Chat, now: datetime | None = None) -> datetime:
    """Number the next change of a locked ``chat`` and return its moment; the caller saves."""
    moment = max(now or clock.now(), chat.changed_at + timedelta(microseconds=1))
    chat.previous_change_at, chat.changed_at = chat.changed_at, moment
    chat.sequence += 1
    return moment


def record(kind: type[E], chat: Chat, /, *, bumped: bool = False, **about: Any) -> E:
    """Number a change of a locked ``chat``, keep it, tell it after the commit, and return it.

    ``about`` are the fields ``kind`` adds to :class:`ChatEvent`; ``thread_id`` and ``group_ids``
    among them replace the chat's own. ``bumped``: the number was taken before (a thread's start).
    The caller saves the chat.
    """
    if not bumped:
        bump(chat)
    change = kind(
        organization_id=str(chat.organization_id),
        chat_id=chat.id,
        sequence=chat.sequence,
        previous_at=clock.to_wire(chat.previous_change_at),
        changed_at=clock.to_wire(chat.changed_at),
        group_ids=about.pop("group_ids", list(chat.group_ids)),
        participants={key: dict(value) for key, value in chat.participants.items()},
        followers=list(chat.followers),
        thread_id=about.pop("thread_id", chat.last_thread_id),
        **about,
    )
    body = domain_events.pack(change.kept())
    ChatChange.objects.create(chat=chat, sequence=chat.sequence, body=body)
    tell(change)
    return change
