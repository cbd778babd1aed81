"""What becomes of threads once they are history: summed up, or deleted."""

from __future__ import annotations

from dataclasses import dataclass

from chatplatform.domain_events import ChatEvent, DomainEvent, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatDeleted(DomainEvent):
    """A chat is gone with everything in it, its numbering too.

    ``group_ids``, ``participants`` and ``followers`` are the last it had.
    """

    chat_id: str
    group_ids: list[int]
    participants: dict[str, Record]
    followers: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ThreadDeleted(ChatEvent):
    """A thread is gone; its chat has others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ThreadsDeleted(DomainEvent):
    """Closed threads of a time, or with a tag, are gone. RFC 3339 times; what is empty is open."""

    date_from: str
    date_to: str
    tag: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ThreadSummarySet(ChatEvent):
    """A thread was summed up: ``summary`` is ``{status, text, updated_at}``."""

    summary: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestFailed(DomainEvent):
    """What an agent asked for, and was promised for later, did not work out.

    ``action`` is what was asked for.
    """

    agent_id: str
    action: str
    chat_id: str
    thread_id: str
