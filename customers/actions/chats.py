"""Customer Chat API: chats and threads."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from chatplatform.api import chats as shared
from chatplatform.api import pagination
from chatplatform.api.action import Request, action
from chatplatform.api.context import CustomerContext
from chatplatform.api.wire.chats import ResumeChatInput, SortOrder, StartChatInput
from chatplatform.api.wire.shapes import Nothing, ResumedShape, StartedShape
from chatplatform.selectors import chats as chat_selectors
from chatplatform.services import chats as chat_services
from customers import shapes, wire


class ListChats(Request):
    """``list_chats``."""

    sort_order: SortOrder | None = None
    limit: int | None = None
    page_id: str | None = None


class ChatList(TypedDict):
    """``list_chats``'s answer."""

    chats_info: list[wire.ChatInfoShape]
    total_chats: int
    next_page_id: NotRequired[str]
    previous_page_id: NotRequired[str]


@action("customer")
def list_chats(ctx: CustomerContext, request: ListChats) -> ChatList:
    """List the customer's own chats."""
    page = pagination.read(ctx.requester, "list_chats", request, default_limit=10, max_limit=25)
    everything = chat_selectors.ChatFilter()
    readers = chat_selectors.readers_of(ctx.requester)
    rows = chat_selectors.chats_beyond(
        ctx.organization_id,
        readers,
        everything,
        ascending=page.ascending,
        limit=page.limit + 1,
        position=shared.position(page),
    )
    chats, page_ids = pagination.finish(ctx.requester, "list_chats", page, rows, shared.place)
    infos = chat_selectors.chat_infos(chats, ctx.requester)
    shown = [
        shapes.chat_info(info, chat.participants) for info, chat in zip(infos, chats, strict=True)
    ]
    total = chat_selectors.count_chats(ctx.organization_id, readers, everything)
    return {"chats_info": shown, "total_chats": total, **page_ids}  # type: ignore[typeddict-item]


class ListThreads(Request):
    """``list_threads``; ``min_events_count`` excludes ``limit``."""

    chat_id: str
    sort_order: SortOrder | None = None
    limit: int | None = None
    page_id: str | None = None
    min_events_count: int | None = None


@action("customer")
def list_threads(ctx: CustomerContext, request: ListThreads) -> wire.ThreadList:
    """List a chat's threads with their events."""
    chat = chat_selectors.access_chat(ctx.requester, request.chat_id)
    page = pagination.read(
        ctx.requester, "list_threads", request, default_limit=3, max_limit=100, subject=chat.id
    )
    answer = shared.list_threads(ctx, chat, page)
    answer["threads"] = [shapes.thread(thread, chat.participants) for thread in answer["threads"]]
    return answer  # type: ignore[return-value]


class GetChat(Request):
    """``get_chat``; the newest thread unless one is named."""

    chat_id: str
    thread_id: str | None = None


@action("customer")
def get_chat(ctx: CustomerContext, request: GetChat) -> wire.ChatShape:
    """Return a chat with one of its threads."""
    chat = chat_selectors.access_chat(ctx.requester, request.chat_id)
    thread = chat_selectors.access_thread(ctx.requester, chat, request.thread_id)
    record = chat_selectors.full_chat(chat, thread)
    return shapes.chat(record, chat.participants)  # type: ignore[return-value]


@action("customer", writes=True)
def start_chat(ctx: CustomerContext, request: StartChatInput) -> StartedShape:
    """Start a chat with its first thread."""
    started = chat_services.start_chat(ctx.requester, shared.opening(ctx, request))
    record: dict[str, Any] = {"chat_id": started.chat_id, "thread_id": started.thread_id}
    return shared.started(record, started.event_ids)  # type: ignore[return-value]


@action("customer", writes=True)
def resume_chat(ctx: CustomerContext, request: ResumeChatInput) -> ResumedShape:
    """Start a new thread in a chat without an active one."""
    started = chat_services.resume_chat(
        ctx.requester, request.chat.id, shared.opening(ctx, request)
    )
    return shared.started({"thread_id": started.thread_id}, started.event_ids)  # type: ignore[return-value]


class DeactivateChat(Request):
    """``deactivate_chat``."""

    id: str


@action("customer", writes=True)
def deactivate_chat(ctx: CustomerContext, request: DeactivateChat) -> Nothing:
    """Close a chat's active thread."""
    chat_services.deactivate_chat(ctx.requester, request.id)
    return {}
