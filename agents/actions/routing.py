"""Agent Chat API: routing statuses and customers."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from agents.actions.scopes import READ_CUSTOMERS, READ_STATUS, SET_STATUS
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


class GetCustomer(Request):
    """``get_customer``."""

    id: str


class CustomerShape(TypedDict):
    """A customer in the Agent API."""

    id: str
    type: str
    created_at: str
    statistics: dict[str, int]
    session_fields: list[dict[str, str]]
    chat_ids: list[str]
    email_verified: bool
    name: NotRequired[str]
    email: NotRequired[str]
    avatar: NotRequired[str]
    phone_number: NotRequired[str]
    visit: NotRequired[dict[str, Any]]
    omnichannel: NotRequired[dict[str, Any]]
    address: NotRequired[dict[str, str]]
    agent_last_event_created_at: NotRequired[str]
    customer_last_event_created_at: NotRequired[str]


@action("agent", scopes=READ_CUSTOMERS)
def get_customer(ctx: AgentContext, request: GetCustomer) -> CustomerShape:
    """Return a customer."""
    customer = people.access_customer(ctx.organization_id, request.id)
    return people.full_customer(customer)  # type: ignore[return-value]
