"""What happens to canned responses."""

from __future__ import annotations

from dataclasses import dataclass

from chatplatform.domain_events import DomainEvent, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class CannedResponseEvent(DomainEvent):
    """Something happened to a response, private to ``author_id`` if it is."""

    response_id: int
    group_id: int
    author_id: str
    is_private: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CannedResponseCreated(CannedResponseEvent):
    """A new response; ``response`` is its whole record."""

    response: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class CannedResponseUpdated(CannedResponseEvent):
    """A response changed; ``response`` is its record without the time of creation."""

    response: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class CannedResponseDeleted(CannedResponseEvent):
    """A response is no more, or no longer for those who could see it.

    Where it is merely for others now, ``now`` says for whom: its new ``group_id``, ``author_id``
    and ``is_private``. Who may see it still is not told.
    """

    now: Record | None = None
