"""Pushes about agents and bots: who works here, and how they are configured."""

from __future__ import annotations

from agents.pushes.reach import AGENTS, BOTS
from chatplatform.api import told
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events import Record
from chatplatform.domain_events.people import (
    AgentApproved,
    AgentCreated,
    AgentDeleted,
    AgentSuspended,
    AgentUnsuspended,
    AgentUpdated,
    BotCreated,
    BotDeleted,
    BotUpdated,
)


def _of_agents(payload: Record) -> Push:
    return Push(payload, Reach.AGENTS, scopes=AGENTS)


def _of_bots(payload: Record) -> Push:
    return Push(payload, Reach.AGENTS, scopes=BOTS)


@push("agent", "agent_created")
def agent_created(event: AgentCreated) -> Push:
    """There is a new agent: everything, empty fields too."""
    return _of_agents(told.agent_created(event))


@push("agent", "agent_updated")
def agent_updated(event: AgentUpdated) -> Push:
    """An agent's configuration changed: the changed fields only."""
    return _of_agents(told.agent_updated(event))


@push("agent", "agent_approved")
def agent_approved(event: AgentApproved) -> Push:
    """A waiting agent may work."""
    return _of_agents(told.agent_named(event))


@push("agent", "agent_suspended")
def agent_suspended(event: AgentSuspended) -> Push:
    """An agent may not work."""
    return _of_agents(told.agent_named(event))


@push("agent", "agent_unsuspended")
def agent_unsuspended(event: AgentUnsuspended) -> Push:
    """An agent may work again."""
    return _of_agents(told.agent_named(event))


@push("agent", "agent_deleted")
def agent_deleted(event: AgentDeleted) -> Push:
    """An agent is no more."""
    return _of_agents(told.agent_named(event))


@push("agent", "bot_created")
def bot_created(event: BotCreated) -> Push:
    """There is a new bot: everything, empty fields too."""
    return _of_bots(told.bot_created(event))


@push("agent", "bot_updated")
def bot_updated(event: BotUpdated) -> Push:
    """A bot's configuration changed: the changed fields only."""
    return _of_bots(told.bot_updated(event))


@push("agent", "bot_deleted")
def bot_deleted(event: BotDeleted) -> Push:
    """A bot is no more."""
    return _of_bots(told.bot_deleted(event))
