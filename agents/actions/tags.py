"""Agent Chat API: tags on threads."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agents.actions.scopes import WRITE_CHATS
from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.models.tags import MAX_TAG_NAME
from chatplatform.services import tags


class TagThread(Request):
    """``tag_thread`` and ``untag_thread``; ``tag`` is the name in its own case."""

    chat_id: str
    thread_id: str
    tag: Annotated[str, Field(min_length=1, max_length=MAX_TAG_NAME)]


@action("agent", scopes=WRITE_CHATS, writes=True)
def tag_thread(ctx: AgentContext, request: TagThread) -> shapes.Nothing:
    """Put a tag on a thread."""
    tags.tag_thread(ctx.requester, request.chat_id, request.thread_id, request.tag)
    return {}


@action("agent", scopes=WRITE_CHATS, writes=True)
def untag_thread(ctx: AgentContext, request: TagThread) -> shapes.Nothing:
    """Take a tag off a thread."""
    tags.untag_thread(ctx.requester, request.chat_id, request.thread_id, request.tag)
    return {}
