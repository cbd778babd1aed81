"""Agent Chat API: routing statuses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agents.actions.scopes import READ_STATUS, SET_AWAY, SET_STATUS
from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.api.wire.chats import GroupId
from chatplatform.selectors import people
from chatplatform.services import presence


class SetRoutingStatus(Request):
    """``set_routing_status``; for oneself unless an agent is named."""

    status: Literal["accepting_chats", "not_accepting_chats", "offline"]
    agent_id: str | None = None


@action("agent", scopes=SET_STATUS, writes=True)
def set_routing_status(ctx: AgentContext, request: SetRoutingStatus) -> shapes.Nothing:
    """Choose a routing status for the session."""
    presence.set_routing_status(ctx.requester, request.status, request.agent_id)
    return {}


class SetAwayStatus(Request):
    """``set_away_status``."""

    away: bool


@action("agent", scopes=SET_AWAY, web=None, writes=True)
def set_away_status(ctx: AgentContext, request: SetAwayStatus) -> shapes.Nothing:
    """Say whether somebody looks at this connection; an agent is away when nobody does anywhere."""
    presence.set_away(ctx.requester, ctx.connection_id, away=request.away)
    return {}


class StatusFilters(Request):
    """What ``list_routing_statuses`` is narrowed to."""

    group_ids: Annotated[list[GroupId], Field(max_length=200)] = Field(default_factory=list)


class ListRoutingStatuses(Request):
    """``list_routing_statuses``."""

    filters: StatusFilters = Field(default_factory=StatusFilters)


class AgentStatus(TypedDict):
    """An agent's shown status."""

    agent_id: str
    status: str


@action("agent", scopes=READ_STATUS, every_scope=True)
def list_routing_statuses(ctx: AgentContext, request: ListRoutingStatuses) -> list[AgentStatus]:
    """List the agents' current statuses."""
    return people.routing_statuses(ctx.organization_id, request.filters.group_ids)  # type: ignore[return-value]
