"""Agent Chat API: handing chats to others."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from agents.actions.scopes import WRITE_CHATS
from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.api.wire.chats import GroupId
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors import transfers as transfer_selectors
from chatplatform.services import transfers
from chatplatform.services.transfers import ToAgents, ToGroups

AgentId = Annotated[str, Field(max_length=254)]


class TransferTarget(Request):
    """Where a chat is to go: numbers of groups, or ids of agents."""

    type: Literal["group", "agent"]
    ids: Annotated[list[GroupId | AgentId], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _ids_of_the_type(self) -> TransferTarget:
        kind = int if self.type == "group" else str
        if not all(isinstance(one, kind) for one in self.ids):
            raise ValueError(f"`ids` must be ids of {self.type}s")
        return self

    def as_target(self) -> ToAgents | ToGroups:
        """Return the target for the service; an id that is repeated counts once."""
        if self.type == "group":
            return ToGroups(tuple(dict.fromkeys(one for one in self.ids if isinstance(one, int))))
        return ToAgents(tuple(dict.fromkeys(one for one in self.ids if isinstance(one, str))))


class TransferChat(Request):
    """``transfer_chat``; without a target the chat stays in its groups."""

    id: str
    target: TransferTarget | None = None
    ignore_agents_availability: bool = False
    ignore_requester_presence: bool = False


@action("agent", scopes=WRITE_CHATS, writes=True)
def transfer_chat(ctx: AgentContext, request: TransferChat) -> shapes.Nothing:
    """Hand a running chat to an agent or to groups."""
    transfers.transfer_chat(
        ctx.requester,
        request.id,
        request.target.as_target() if request.target else None,
        ignore_agents_availability=request.ignore_agents_availability,
        ignore_requester_presence=request.ignore_requester_presence,
    )
    return {}


class ListAgentsForTransfer(Request):
    """``list_agents_for_transfer``."""

    chat_id: str


class AgentForTransfer(TypedDict):
    """An agent who can be given a chat; the count has a name for each transport."""

    agent_id: str
    total_active_chats: int
    active_chats: int


@action("agent")
def list_agents_for_transfer(
    ctx: AgentContext, request: ListAgentsForTransfer
) -> list[AgentForTransfer]:
    """List the agents a chat can be transferred to, those with the fewest chats first."""
    chat = chat_selectors.access_chat(ctx.requester, request.chat_id)
    return transfer_selectors.agents_for(chat)  # type: ignore[return-value]
