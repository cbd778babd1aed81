"""Properties that were set or deleted: only these, never what else is set.

``properties`` holds what every agent may read, ``hints`` the rest, as ``properties.shown`` sorts
them: both are empty where nobody may read any of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chatplatform.domain_events import ChatEvent, DomainEvent, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatPropertiesUpdated(ChatEvent):
    """Properties of the chat were set: values by namespace and name."""

    properties: Record
    hints: Record = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatPropertiesDeleted(ChatEvent):
    """Properties of the chat were deleted: lists of names by namespace."""

    properties: Record
    hints: Record = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ThreadPropertiesUpdated(ChatEvent):
    """Properties of the thread were set."""

    properties: Record
    hints: Record = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ThreadPropertiesDeleted(ChatEvent):
    """Properties of the thread were deleted."""

    properties: Record
    hints: Record = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class EventPropertiesUpdated(ChatEvent):
    """Properties of an event were set; ``visibility`` is the event's."""

    event_id: str
    visibility: str
    properties: Record
    hints: Record = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class EventPropertiesDeleted(ChatEvent):
    """Properties of an event were deleted; ``visibility`` is the event's."""

    event_id: str
    visibility: str
    properties: Record
    hints: Record = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class LicensePropertiesUpdated(DomainEvent):
    """Properties of the licence were set or deleted: values, those deleted with their default."""

    properties: Record
    hints: Record = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupPropertiesUpdated(DomainEvent):
    """The same of the group with this number."""

    group_id: int
    properties: Record
    hints: Record = field(default_factory=dict)
