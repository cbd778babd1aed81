"""What becomes of access rules, and of customers whom they place."""

from __future__ import annotations

from dataclasses import dataclass

from chatplatform.domain_events import DomainEvent, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessRulesChanged(DomainEvent):
    """The list of access rules changed.

    Each entry has ``id``, ``status`` (``added``, ``updated``, ``deleted``) and, but for a deleted
    rule, what is new about it: all of an added one; of others what was changed, or ``next_id``
    when only a neighbour moved. In the order of the list.
    """

    entries: list[Record]


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessRuleChanged(DomainEvent):
    """One entry of the same, for clients that are told of each rule by itself."""

    entry: Record
