"""Agent Chat API: properties of chats, threads and events."""

from __future__ import annotations

from agents.actions.scopes import WRITE_CHATS
from chatplatform.api.action import action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire.properties import (
    DeleteChatProperties,
    DeleteEventProperties,
    DeleteThreadProperties,
    UpdateChatProperties,
    UpdateEventProperties,
    UpdateThreadProperties,
)
from chatplatform.api.wire.shapes import Nothing
from chatplatform.services import properties as services


@action("agent", scopes=WRITE_CHATS, writes=True)
def update_chat_properties(ctx: AgentContext, request: UpdateChatProperties) -> Nothing:
    """Set properties of a chat."""
    services.update_chat_properties(ctx.requester, request.id, request.properties)
    return {}


@action("agent", scopes=WRITE_CHATS, writes=True)
def delete_chat_properties(ctx: AgentContext, request: DeleteChatProperties) -> Nothing:
    """Delete properties of a chat."""
    services.delete_chat_properties(ctx.requester, request.id, request.properties)
    return {}


@action("agent", scopes=WRITE_CHATS, writes=True)
def update_thread_properties(ctx: AgentContext, request: UpdateThreadProperties) -> Nothing:
    """Set properties of a thread."""
    services.update_thread_properties(
        ctx.requester, request.chat_id, request.thread_id, request.properties
    )
    return {}


@action("agent", scopes=WRITE_CHATS, writes=True)
def delete_thread_properties(ctx: AgentContext, request: DeleteThreadProperties) -> Nothing:
    """Delete properties of a thread."""
    services.delete_thread_properties(
        ctx.requester, request.chat_id, request.thread_id, request.properties
    )
    return {}


@action("agent", scopes=WRITE_CHATS, writes=True)
def update_event_properties(ctx: AgentContext, request: UpdateEventProperties) -> Nothing:
    """Set properties of an event."""
    services.update_event_properties(
        ctx.requester, request.chat_id, request.thread_id, request.event_id, request.properties
    )
    return {}


@action("agent", scopes=WRITE_CHATS, writes=True)
def delete_event_properties(ctx: AgentContext, request: DeleteEventProperties) -> Nothing:
    """Delete properties of an event."""
    services.delete_event_properties(
        ctx.requester, request.chat_id, request.thread_id, request.event_id, request.properties
    )
    return {}
