"""What happens inside a thread: events, and signals that are never stored."""

from __future__ import annotations

from dataclasses import dataclass

from chatplatform.domain_events import ChatEvent, ChatSignal, DomainEvent, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class EventAppended(ChatEvent):
    """``event`` (an event record) was added to the active or last thread."""

    event: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class EventUpdated(ChatEvent):
    """The server changed ``event`` (an event record), e.g. by adding thumbnails."""

    event: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class EventDeleted(ChatEvent):
    """The author took an event back. ``event`` is the stub that is left of it."""

    event: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class RichMessagePostbackSent(ChatEvent):
    """``user_id`` pressed a button of the rich message ``event_id``, which has ``visibility``.

    ``postback`` says which, and what pressing it means.
    """

    user_id: str
    event_id: str
    visibility: str
    postback: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class EventsMarkedAsSeen(ChatEvent):
    """``user_id`` has seen everything up to ``seen_up_to`` (RFC 3339)."""

    user_id: str
    seen_up_to: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRepeated(DomainEvent):
    """A send repeated a stored event: the sender alone gets its push again."""

    chat_id: str
    thread_id: str
    user_id: str
    participants: dict[str, Record]
    event: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class SneakPeeked(ChatSignal):
    """What a customer has typed so far; agents only. ``timestamp`` in Unix seconds."""

    text: str
    timestamp: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TypingIndicated(ChatSignal):
    """An agent types, or stopped; customers learn of it when ``visibility`` is ``all``."""

    visibility: str
    is_typing: bool
    timestamp: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ThinkingIndicated(ChatSignal):
    """An agent, or what works for them, thinks; customers learn of it with visibility ``all``.

    ``thought`` holds ``title``, ``description`` and ``custom_id`` where they were given;
    ``sent_at`` is RFC 3339.
    """

    visibility: str
    thought: Record
    sent_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EventPreviewed(ChatSignal):
    """An agent shows the customer a message that is still to come: ``event`` has no id yet."""

    event: Record
