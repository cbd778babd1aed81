"""What happens to tags: which there are, and which threads carry them."""

from __future__ import annotations

from dataclasses import dataclass

from chatplatform.domain_events import ChatEvent, DomainEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class TagCreated(DomainEvent):
    """A new tag; ``author_id`` is the agent who made it, ``created_at`` RFC 3339."""

    name: str
    group_ids: list[int]
    author_id: str
    created_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TagUpdated(DomainEvent):
    """A tag belongs to other groups now; ``left`` are those it belonged to and does no more."""

    name: str
    group_ids: list[int]
    left: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class TagDeleted(DomainEvent):
    """A tag of these groups can be put on no more threads; those that carry it keep it."""

    name: str
    group_ids: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class ThreadTagged(ChatEvent):
    """A tag was put on a thread."""

    tag: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ThreadUntagged(ChatEvent):
    """A tag was taken off a thread."""

    tag: str
