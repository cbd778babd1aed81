"""Pushes about threads that are history: summed up, or deleted."""

from __future__ import annotations

from agents.pushes.reach import CHATS, headline, in_full
from chatplatform.api import told
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.archives import (
    ChatDeleted,
    RequestFailed,
    ThreadDeleted,
    ThreadsDeleted,
    ThreadSummarySet,
)


@push("agent", "chat_deleted")
def chat_deleted(event: ChatDeleted) -> Push:
    """A chat is gone: all who might have seen it are told."""
    agents = (
        user_id
        for user_id, participant in event.participants.items()
        if participant["type"] == "agent"
    )
    return Push(
        {"chat_id": event.chat_id},
        Reach.ACCESS,
        user_ids=frozenset({*agents, *event.followers}),
        group_ids=frozenset(event.group_ids),
        scopes=CHATS,
    )


@push("agent", "thread_deleted")
def thread_deleted(event: ThreadDeleted) -> Push:
    """A thread is gone."""
    return headline(event, told.about(event))


@push("agent", "threads_deleted")
def threads_deleted(event: ThreadsDeleted) -> Push:
    """Many threads are gone: what is not told did not limit them."""
    given = {"date_from": event.date_from, "date_to": event.date_to, "tag": event.tag}
    payload = {name: value for name, value in given.items() if value}
    return Push(payload, Reach.AGENTS, scopes=CHATS)


@push("agent", "thread_summary_set", since="3.6")
def thread_summary_set(event: ThreadSummarySet) -> Push:
    """A thread was summed up."""
    return in_full(event, told.thread_summary_set(event))


@push("agent", "incoming_error", since="3.6")
def incoming_error(event: RequestFailed) -> Push:
    """What one asked for did not work out."""
    payload = {"action": event.action, "chat_id": event.chat_id, "thread_id": event.thread_id}
    return Push(payload, Reach.USERS, user_ids=frozenset({event.agent_id}), scopes=CHATS)
