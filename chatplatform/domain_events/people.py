"""What happens to agents and bots: the ones who work here, not what they do in chats.

``*_updated`` events carry the changed fields alone. Agent and bot records are those of
``selectors/people.py``, with ``groups`` as ``{id, priority}``.
"""

from __future__ import annotations

from dataclasses import dataclass

from chatplatform.domain_events import DomainEvent, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentCreated(DomainEvent):
    """A new colleague; ``agent`` is the whole configuration."""

    agent: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentUpdated(DomainEvent):
    """An agent's configuration changed."""

    agent_id: str
    changed: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentApproved(DomainEvent):
    """An agent who was waiting may work."""

    agent_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentSuspended(DomainEvent):
    """An agent may not work until further notice."""

    agent_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentUnsuspended(DomainEvent):
    """A suspended agent may work again."""

    agent_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentDeleted(DomainEvent):
    """An agent is no more."""

    agent_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BotCreated(DomainEvent):
    """A new bot; ``bot`` is the whole configuration."""

    bot: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class BotUpdated(DomainEvent):
    """A bot's configuration changed."""

    bot_id: str
    changed: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class BotDeleted(DomainEvent):
    """A bot is no more."""

    bot_id: str
