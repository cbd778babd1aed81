"""Whom a push of a chat reaches among agents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from chatplatform.api.pushes import Push, Reach
from chatplatform.domain_events import ChatEvent, ChatSignal, Record
from chatplatform.domain_events.customers import CustomerEvent

CHATS = frozenset({"chats--access:ro", "chats--all:ro"})
CUSTOMERS = frozenset({"customers:ro"})
AGENTS = frozenset({"agents--all:ro"})
BOTS = frozenset({"agents-bot--all:ro"})
MULTICASTS = frozenset({"multicast:ro"})


def in_full(event: ChatEvent | ChatSignal, payload: Record, *, but: str = "") -> Push:
    """Reach the agents who get every push of the chat, ``but`` one: members, and followers.

    Who has never taken part follows as long as a group of theirs may see the chat.
    """
    members = {
        user_id
        for user_id, participant in event.participants.items()
        if participant["type"] == "agent" and (participant["present"] or user_id in event.followers)
    }
    return Push(
        payload,
        Reach.USERS,
        user_ids=frozenset(members - {but}),
        group_ids=frozenset(event.group_ids),
        if_access=frozenset(event.followers) - members - {but},
        scopes=CHATS,
    )


def headline(
    event: ChatEvent, payload: Record | None, *, group_ids: Iterable[int] | None = None
) -> Push:
    """Reach who has access: agents of the chat's groups, and all who ever took part.

    ``group_ids`` are other groups than those of the event.
    """
    took_part = (
        user_id
        for user_id, participant in event.participants.items()
        if participant["type"] == "agent"
    )
    return Push(
        payload,
        Reach.ACCESS,
        user_ids=frozenset(took_part),
        group_ids=frozenset(event.group_ids if group_ids is None else group_ids),
        scopes=CHATS,
    )


def watchers(event: CustomerEvent) -> frozenset[tuple[str, int]]:
    """Return the levels and groups at which agents watch a customer (protocol.md 2.8)."""
    chats = frozenset(("chatting", number) for number in event.chat_group_ids)
    return chats | page_watchers(event, event.group_id) if event.online else chats


def page_watchers(event: CustomerEvent, group_id: int) -> frozenset[tuple[str, int]]:
    """Return these for a customer on pages of ``group_id``, whatever their chats."""
    return frozenset({("invited" if event.state == "invited" else "online", group_id)})


def of_own(event: CustomerEvent, payload: Record) -> Push:
    """Reach who talks to a customer, or follows a running chat of theirs they may see."""
    return Push(
        payload,
        Reach.USERS,
        user_ids=frozenset(event.agent_ids),
        group_ids=frozenset(event.chat_group_ids),
        if_access=frozenset(event.follower_ids),
        scopes=CUSTOMERS,
    )


def of_others(event: CustomerEvent, payload: Record, pairs: frozenset[tuple[str, int]]) -> Push:
    """Reach who watches customers of one of ``pairs`` and does not talk to this one."""
    return Push(
        payload,
        Reach.USERS,
        watchers=pairs,
        except_user_ids=frozenset({*event.agent_ids, *event.follower_ids}),
        scopes=CUSTOMERS,
    )


def of_watched(event: CustomerEvent, payload: Record) -> Push:
    """Reach all of these."""
    return replace(of_own(event, payload), watchers=watchers(event))


def of_seen(event: CustomerEvent, payload: Record, besides: str = "") -> Push:
    """Reach who may open a chat of the customer's, and who watches them; ``besides``: one more."""
    return Push(
        payload,
        Reach.ACCESS,
        user_ids=frozenset({*event.reader_ids, besides}),
        group_ids=frozenset(event.reader_group_ids),
        watchers=watchers(event),
        scopes=CUSTOMERS,
    )
