"""Agent Chat API: chats, threads, and who takes part."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from agents.actions.scopes import READ_CHATS, WRITE_CHATS
from chatplatform.api import chats as shared
from chatplatform.api import pagination
from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.properties import conditions
from chatplatform.api.wire import shapes
from chatplatform.api.wire.chats import GroupId, ResumeChatInput, SortOrder, StartChatInput
from chatplatform.api.wire.events import Visibility
from chatplatform.api.wire.properties import PropertyFilters
from chatplatform.selectors import chats as chat_selectors
from chatplatform.services import chats as chat_services


class ChatFilters(Request):
    """What ``list_chats`` is narrowed to; ``active`` left out means both."""

    active: bool | None = None
    include_chats_without_threads: bool = True
    group_ids: Annotated[list[GroupId], Field(max_length=200)] | None = None
    properties: PropertyFilters | None = None


def _filter(ctx: AgentContext, filters: ChatFilters) -> chat_selectors.ChatFilter:
    return chat_selectors.ChatFilter(
        active=filters.active,
        group_ids=frozenset(filters.group_ids or ()),
        properties=conditions(ctx, filters.properties, location="chat"),
    )


class ListChats(Request):
    """``list_chats``."""

    filters: ChatFilters | None = None
    sort_order: SortOrder | None = None
    limit: int | None = None
    page_id: str | None = None


class ChatList(TypedDict):
    """``list_chats``'s answer."""

    chats_info: list[shapes.ChatInfoShape]
    found_chats: int
    next_page_id: NotRequired[str]
    previous_page_id: NotRequired[str]


@action("agent", scopes=READ_CHATS)
def list_chats(ctx: AgentContext, request: ListChats) -> ChatList:
    """List the chats the agent may see, by creation of their last thread."""
    page = pagination.read(ctx.requester, "list_chats", request, default_limit=10, max_limit=100)
    chat_filter = _filter(ctx, page.filters or ChatFilters())
    readers = chat_selectors.readers_of(ctx.requester)
    rows = chat_selectors.chats_beyond(
        ctx.organization_id,
        readers,
        chat_filter,
        ascending=page.ascending,
        limit=page.limit + 1,
        position=shared.position(page),
    )
    chats, page_ids = pagination.finish(ctx.requester, "list_chats", page, rows, shared.place)
    return {
        "chats_info": chat_selectors.chat_infos(chats, ctx.requester),  # type: ignore[typeddict-item]
        "found_chats": chat_selectors.count_chats(ctx.organization_id, readers, chat_filter),
        **page_ids,
    }


class ThreadFilters(Request):
    """Bounds on a thread's creation, RFC 3339."""

    from_: Annotated[str | None, Field(alias="from")] = None
    to: str | None = None


class ListThreads(Request):
    """``list_threads``; ``min_events_count`` excludes ``limit`` and ``filters``."""

    chat_id: str
    filters: ThreadFilters | None = None
    sort_order: SortOrder | None = None
    limit: int | None = None
    page_id: str | None = None
    min_events_count: int | None = None


@action("agent", scopes=READ_CHATS)
def list_threads(ctx: AgentContext, request: ListThreads) -> shapes.ThreadList:
    """List a chat's threads with their events."""
    chat = chat_selectors.access_chat(ctx.requester, request.chat_id)
    page = pagination.read(
        ctx.requester, "list_threads", request, default_limit=3, max_limit=100, subject=chat.id
    )
    filters = page.filters or ThreadFilters()
    bounds = (
        shared.moment(filters.from_, "filters.from"),
        shared.moment(filters.to, "filters.to"),
    )
    return shared.list_threads(ctx, chat, page, bounds)  # type: ignore[return-value]


class GetChat(Request):
    """``get_chat``; the newest thread unless one is named."""

    chat_id: str
    thread_id: str | None = None


@action("agent", scopes=READ_CHATS)
def get_chat(ctx: AgentContext, request: GetChat) -> shapes.ChatShape:
    """Return a chat with one of its threads."""
    chat = chat_selectors.access_chat(ctx.requester, request.chat_id)
    thread = chat_selectors.access_thread(ctx.requester, chat, request.thread_id)
    return chat_selectors.full_chat(chat, thread, reader=ctx.requester)  # type: ignore[return-value]


@action("agent", scopes=WRITE_CHATS, writes=True)
def start_chat(ctx: AgentContext, request: StartChatInput) -> shapes.StartedShape:
    """Start a chat with its first thread."""
    started = chat_services.start_chat(ctx.requester, shared.opening(ctx, request))
    record = {"chat_id": started.chat_id, "thread_id": started.thread_id}
    return shared.started(record, started.event_ids)  # type: ignore[return-value]


@action("agent", scopes=WRITE_CHATS, writes=True)
def resume_chat(ctx: AgentContext, request: ResumeChatInput) -> shapes.ResumedShape:
    """Start a new thread in a chat without an active one."""
    started = chat_services.resume_chat(
        ctx.requester, request.chat.id, shared.opening(ctx, request)
    )
    return shared.started({"thread_id": started.thread_id}, started.event_ids)  # type: ignore[return-value]


class DeactivateChat(Request):
    """``deactivate_chat``."""

    id: str
    ignore_requester_presence: bool = False


@action("agent", scopes=WRITE_CHATS, writes=True)
def deactivate_chat(ctx: AgentContext, request: DeactivateChat) -> shapes.Nothing:
    """Close a chat's active thread."""
    chat_services.deactivate_chat(
        ctx.requester, request.id, ignore_requester_presence=request.ignore_requester_presence
    )
    return {}


class ChatId(Request):
    """An action on one chat."""

    id: str


@action("agent", scopes=READ_CHATS, writes=True)
def follow_chat(ctx: AgentContext, request: ChatId) -> shapes.Nothing:
    """Follow a chat: get all its pushes without taking part."""
    chat_services.follow_chat(ctx.requester, request.id)
    return {}


@action("agent", writes=True)
def unfollow_chat(ctx: AgentContext, request: ChatId) -> shapes.Nothing:
    """Stop following a chat."""
    chat_services.unfollow_chat(ctx.requester, request.id)
    return {}


class AddUserToChat(Request):
    """``add_user_to_chat``."""

    chat_id: str
    user_id: str
    user_type: Literal["agent", "customer"]
    visibility: Visibility
    ignore_requester_presence: bool = False


@action("agent", scopes=WRITE_CHATS, writes=True)
def add_user_to_chat(ctx: AgentContext, request: AddUserToChat) -> shapes.Nothing:
    """Let an agent, or the chat's customer, join the active thread."""
    chat_services.add_user_to_chat(
        ctx.requester,
        request.chat_id,
        user_id=request.user_id,
        user_type=request.user_type,
        visibility=request.visibility,
        ignore_requester_presence=request.ignore_requester_presence,
    )
    return {}


class RemoveUserFromChat(Request):
    """``remove_user_from_chat``."""

    chat_id: str
    user_id: str
    user_type: Literal["agent", "customer"]
    ignore_requester_presence: bool = False


@action("agent", scopes=WRITE_CHATS, writes=True)
def remove_user_from_chat(ctx: AgentContext, request: RemoveUserFromChat) -> shapes.Nothing:
    """Let an agent leave the active thread."""
    chat_services.remove_user_from_chat(
        ctx.requester,
        request.chat_id,
        user_id=request.user_id,
        ignore_requester_presence=request.ignore_requester_presence,
    )
    return {}
