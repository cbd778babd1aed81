"""Agent Chat API: messages between agents' clients that belong to no chat."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import Field, field_validator, model_validator

from agents.actions.scopes import MULTICAST
from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.api.wire.chats import GroupId
from chatplatform.api.wire.events import MAX_CONTENT_BYTES
from chatplatform.services import multicasts


class MulticastAgents(Request):
    """Which agents are meant; groups by number, or the number's digits as text."""

    all: bool = False
    ids: Annotated[list[Annotated[str, Field(max_length=254)]], Field(max_length=500)] = Field(
        default_factory=list
    )
    groups: Annotated[
        list[GroupId | Annotated[str, Field(pattern=r"^\d{1,9}$")]], Field(max_length=200)
    ] = Field(default_factory=list)

    @model_validator(mode="after")
    def _somebody_is_meant(self) -> MulticastAgents:
        if not (self.all or self.ids or self.groups):
            raise ValueError("one of `all`, `ids` and `groups` is required")
        return self


class MulticastRecipients(Request):
    """Who is meant."""

    agents: MulticastAgents


class MulticastInput(Request):
    """``multicast``; ``content`` is any JSON, ``type`` the sender's own word for it."""

    recipients: MulticastRecipients
    content: Any
    type: Annotated[str, Field(max_length=255)] = ""

    @field_validator("content")
    @classmethod
    def _bounded(cls, content: Any) -> Any:
        if len(orjson.dumps(content)) > MAX_CONTENT_BYTES:
            raise ValueError(f"`content` can have {MAX_CONTENT_BYTES // 1024} KB at most")
        return content


@action("agent", scopes=MULTICAST)
def multicast(ctx: AgentContext, request: MulticastInput) -> shapes.Nothing:
    """Send something to agents' clients; it is not stored."""
    agents = request.recipients.agents
    multicasts.multicast(
        ctx.requester,
        request.content,
        kind=request.type,
        to_all=agents.all,
        agent_ids=agents.ids,
        group_ids=[int(number) for number in agents.groups],
    )
    return {}
