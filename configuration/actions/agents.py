"""Configuration API: agents, the people with a seat (protocol.md 6.1)."""

from __future__ import annotations

from typing import Any, Final, cast

from chatplatform.api.action import Empty, Request, action
from chatplatform.api.batches import batch
from chatplatform.api.context import AgentContext
from chatplatform.api.versions.change import without
from chatplatform.api.wire import shapes
from chatplatform.errors import Authorization
from chatplatform.selectors import agents as agent_selectors
from chatplatform.services import agents, unsuspensions
from configuration.organization import organization_of
from configuration.wire.agents import (
    AgentId,
    AgentInput,
    AgentShape,
    CreateAgent,
    CreatedShape,
    Fields,
    ListedAgentShape,
    UpdateAgent,
    listed,
    shown,
)
from configuration.wire.groups import GroupIds

READ_OTHERS: Final = ("agents--all:ro",)
CHANGE_OTHERS: Final = ("agents--all:rw",)
CHANGE_ROLES: Final = ("accounts.roles.lc--all:rw",)
DELETE_OTHERS: Final = ("agents--all:rw", "accounts--all:rw")
SUSPEND: Final = ("agents--all:rw", "sessions--all:rw")
ADMIT: Final = ("agents--all:rw", "accounts--all:rw", "subscription.lc:rw")
CREATE_ADMITTED: Final = ("accounts--all:rw", "subscription.lc:rw")
"""Whoever has one of these makes agents who need not wait for approval."""

_PROFILES_UNTIL: Final = "3.5"
"""The last version in which an agent's name and picture are set here."""
_MANY_CHATS_UNTIL: Final = "3.4"


class OneAgent(Request):
    """A request that names an agent and says nothing else."""

    id: AgentId


@batch("batch_create_agents")
@action(
    "configuration",
    scopes=("accounts--all:rc", *CREATE_ADMITTED, *CHANGE_ROLES),
    rtm=None,
    writes=True,
)
def create_agent(ctx: AgentContext, request: CreateAgent) -> CreatedShape:
    """Give somebody an account and a seat; they may have to wait for approval."""
    if request.role != "normal":
        _need(ctx, CHANGE_ROLES)
    awaiting = _awaits_approval(ctx, request.awaiting_approval)
    values: dict[str, Any] = {**_chosen(ctx, request), "name": request.name}
    made = agents.create_agent(
        organization_of(ctx),
        request.id,
        awaiting_approval=awaiting,
        by=ctx.requester,
        max_chats=_most_chats(ctx),
        invite_from=ctx.base_url,
        **values,
    )
    return {"id": made.public_id}


class GetAgent(Request):
    """``get_agent``."""

    id: AgentId
    fields: Fields = []


@action("configuration", scopes=("agents--my:ro", *READ_OTHERS), rtm=None)
def get_agent(ctx: AgentContext, request: GetAgent) -> AgentShape:
    """Show how an agent is configured."""
    _check_reach(ctx, request.id, READ_OTHERS)
    agent = agent_selectors.configuration(ctx.organization_id, request.id)
    answer: AgentShape = shown(agent, request.fields)
    return answer


class AgentFilters(Request):
    """Which agents to list; without groups those of all."""

    group_ids: GroupIds = []
    suspended: bool | None = None


class ListAgents(Request):
    """``list_agents``."""

    filters: AgentFilters = AgentFilters()
    fields: Fields = []


@action("configuration", scopes=READ_OTHERS, rtm=None)
def list_agents(ctx: AgentContext, request: ListAgents) -> list[ListedAgentShape]:
    """List the agents, by their ids."""
    filters = request.filters
    found = agent_selectors.configurations(
        ctx.organization_id, filters.group_ids or None, filters.suspended
    )
    return [listed(agent, request.fields) for agent in found]


@batch("batch_update_agents")
@action(
    "configuration", scopes=("agents--my:rw", *CHANGE_OTHERS, *CHANGE_ROLES), rtm=None, writes=True
)
def update_agent(ctx: AgentContext, request: UpdateAgent) -> shapes.Nothing:
    """Change how an agent is configured; without a scope for all, oneself alone."""
    values = _chosen(ctx, request)
    if "role" in values:
        _need(ctx, CHANGE_ROLES)
    if "groups" in values:
        _need(ctx, CHANGE_OTHERS)
    if values.keys() != {"role"}:
        _check_reach(ctx, request.id, CHANGE_OTHERS)
    agents.update_agent(
        ctx.organization_id, request.id, values, ctx.requester, max_chats=_most_chats(ctx)
    )
    return {}


@batch("batch_delete_agents")
@action(
    "configuration",
    scopes=("agents--my:rw", "accounts--my:rw", *DELETE_OTHERS),
    rtm=None,
    writes=True,
)
def delete_agent(ctx: AgentContext, request: OneAgent) -> shapes.Nothing:
    """Delete an agent; without a scope for all, oneself alone."""
    _check_reach(ctx, request.id, DELETE_OTHERS)
    agents.delete_agent(ctx.organization_id, request.id, ctx.requester)
    return {}


@batch("batch_suspend_agents")
@action("configuration", scopes=SUSPEND, rtm=None, writes=True)
def suspend_agent(ctx: AgentContext, request: OneAgent) -> shapes.Nothing:
    """Suspend an agent: their sessions end, their chats go to others."""
    agents.suspend_agent(ctx.organization_id, request.id, ctx.requester)
    return {}


@batch("batch_unsuspend_agents")
@action("configuration", scopes=ADMIT, rtm=None, writes=True)
def unsuspend_agent(ctx: AgentContext, request: OneAgent) -> shapes.Nothing:
    """Let a suspended agent work again."""
    agents.unsuspend_agent(ctx.organization_id, request.id, ctx.requester)
    return {}


@action("configuration", rtm=None, writes=True, while_suspended=True)
def request_agent_unsuspension(ctx: AgentContext, request: Empty) -> shapes.Nothing:
    """Ask, as a suspended agent, those who own the licence to be let work again."""
    unsuspensions.ask(ctx.requester)
    return {}


@batch("batch_approve_agents")
@action("configuration", scopes=ADMIT, rtm=None, writes=True)
def approve_agent(ctx: AgentContext, request: OneAgent) -> shapes.Nothing:
    """Let an agent work who waits for approval."""
    agents.approve_agent(ctx.organization_id, request.id, ctx.requester)
    return {}


def _need(ctx: AgentContext, scopes: tuple[str, ...]) -> None:
    if not ctx.requester.has_scope(*scopes):
        raise Authorization(f"the token lacks the scope {' or '.join(scopes)}")


def _check_reach(ctx: AgentContext, agent_id: str, all_scopes: tuple[str, ...]) -> None:
    """Raise :class:`Authorization` for another agent than oneself without a scope for all."""
    if agent_id != ctx.requester.public_id:
        _need(ctx, all_scopes)


def _awaits_approval(ctx: AgentContext, wish: bool | None) -> bool:
    """Return whether an agent has to wait; who may not decide that can only let them."""
    may_admit = ctx.requester.has_scope(*CREATE_ADMITTED)
    if wish is False:
        _need(ctx, CREATE_ADMITTED)
    return not may_admit if wish is None else wish


def _chosen(ctx: AgentContext, request: AgentInput) -> agents.AgentValues:
    """Return what is chosen for an agent; from 3.6 on name and picture are not set here."""
    values = request.values()
    if ctx.version > _PROFILES_UNTIL:
        values = without(values, ("avatar", "name"))
    return cast("agents.AgentValues", values)


def _most_chats(ctx: AgentContext) -> int:
    if ctx.version <= _MANY_CHATS_UNTIL:
        return agents.MAX_CHATS_BEFORE_3_5
    return agents.MAX_CHATS
