"""Webhooks about agents and bots: who works here, and how they are configured.

They name fewer fields than pushes do, for which they are documented and parsed strictly
(protocol.md 7).
"""

from __future__ import annotations

from typing import Final

from chatplatform.api import told
from chatplatform.domain_events import Record
from chatplatform.domain_events.people import (
    AgentApproved,
    AgentCreated,
    AgentDeleted,
    AgentSuspended,
    AgentUnsuspended,
    AgentUpdated,
    BotCreated,
    BotUpdated,
)
from webhooks.payload import payload

_ID: Final = frozenset({"id"})
_AGENT_UPDATE: Final = _ID | {
    "name",
    "role",
    "avatar",
    "job_title",
    "mobile",
    "max_chats_count",
    "groups",
    "notifications",
    "email_subscriptions",
    "work_scheduler",
}
_AGENT: Final = _AGENT_UPDATE | {"awaiting_approval"}
_BOT_UPDATE: Final = _ID | {
    "name",
    "avatar",
    "job_title",
    "max_chats_count",
    "default_group_priority",
    "groups",
    "work_scheduler",
}
_BOT: Final = _BOT_UPDATE | {"owner_client_id"}


def _only(record: Record, names: frozenset[str]) -> Record:
    return {name: value for name, value in record.items() if name in names}


def _news(record: Record, names: frozenset[str]) -> Record | None:
    """Return what is told of a change; ``None`` where it is to nothing that is ever told."""
    told_of = _only(record, names)
    return told_of if told_of.keys() != _ID else None


@payload("agent_created")
def agent_created(event: AgentCreated) -> Record:
    """There is a new agent."""
    return _only(told.agent_created(event), _AGENT)


@payload("agent_updated")
def agent_updated(event: AgentUpdated) -> Record | None:
    """An agent's configuration changed: the changed fields only."""
    return _news(told.agent_updated(event), _AGENT_UPDATE)


@payload("agent_approved")
def agent_approved(event: AgentApproved) -> Record:
    """A waiting agent may work."""
    return told.agent_named(event)


@payload("agent_suspended")
def agent_suspended(event: AgentSuspended) -> Record:
    """An agent may not work."""
    return told.agent_named(event)


@payload("agent_unsuspended")
def agent_unsuspended(event: AgentUnsuspended) -> Record:
    """An agent may work again."""
    return told.agent_named(event)


@payload("agent_deleted")
def agent_deleted(event: AgentDeleted) -> Record:
    """An agent is no more."""
    return told.agent_named(event)


@payload("bot_created")
def bot_created(event: BotCreated) -> Record:
    """There is a new bot."""
    return _only(told.bot_created(event), _BOT)


@payload("bot_updated")
def bot_updated(event: BotUpdated) -> Record | None:
    """A bot's configuration changed: the changed fields only."""
    return _news(told.bot_updated(event), _BOT_UPDATE)


payload("bot_deleted")(told.bot_deleted)
