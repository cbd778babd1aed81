"""What happens to groups of agents, and who belongs to which."""

from __future__ import annotations

from dataclasses import dataclass

from chatplatform.domain_events import DomainEvent, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupCreated(DomainEvent):
    """A new group; ``group`` is ``{id, name, language_code, agent_priorities}``."""

    group: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupUpdated(DomainEvent):
    """A group changed; ``changed`` are the fields that did."""

    group_id: int
    changed: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupDeleted(DomainEvent):
    """A group is no more. Customers on its pages belong to General now."""

    group_id: int
