"""What the Agent and the Customer API's chat actions share: requests into service arguments."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import orjson

from chatplatform import clock
from chatplatform.api import pagination
from chatplatform.api.context import Context
from chatplatform.api.pagination import PageRequest
from chatplatform.api.wire.chats import ChatInput, ResumeChatInput, StartChatInput
from chatplatform.api.wire.events import (
    MAX_CONTENT_BYTES,
    EventInput,
    FileInput,
    FilledFormInput,
    SendRichMessagePostback,
)
from chatplatform.api.wire.shapes import UrlShape
from chatplatform.errors import Validation
from chatplatform.models import Chat
from chatplatform.properties import Definitions, check_writable
from chatplatform.records import Record
from chatplatform.requester import AgentRequester, CustomerRequester
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors import properties as property_selectors
from chatplatform.services import event_changes, events, files, forms
from chatplatform.services.chats import Opening
from chatplatform.services.events import Draft


def kind(ctx: Context[Any]) -> str:
    """Return ``agent`` or ``customer``: what the requester is."""
    return "agent" if isinstance(ctx.requester, AgentRequester) else "customer"


def draft(ctx: Context[Any], event: EventInput, definitions: Definitions | None = None) -> Draft:
    """Return the checked event, with the requester as its author.

    ``definitions`` of its properties are read unless given. Raise ``Validation`` for foreign file
    URLs, unknown properties, too much content and answers that do not fit their form,
    ``Authorization`` for properties the requester may not set.
    """
    writer = property_selectors.party(ctx.requester)
    given = event.properties or {}
    if definitions is None:
        definitions = property_selectors.definitions_for(ctx.organization_id, given)
    check_writable(given, writer, location="event", definitions=definitions)
    file = ""
    if isinstance(event, FileInput):
        content, file = files.shown(ctx.organization_id, event.url, event.alternative_text)
    else:
        content = event.content()
        if len(orjson.dumps(content)) > MAX_CONTENT_BYTES:
            raise Validation(f"an event can have {MAX_CONTENT_BYTES // 1024} KB at most")
    if isinstance(event, FilledFormInput):
        forms.check_answers(ctx.organization_id, content)
    return events.draft_by(
        ctx.requester,
        Draft(
            type=getattr(event, "type"),  # noqa: B009 - every concrete event has one
            content=content,
            visibility=event.visibility if kind(ctx) == "agent" else "all",
            custom_id=event.custom_id or "",
            properties=given,
            definitions=definitions,
            file=file,
        ),
    )


def press_button(ctx: Context[Any], request: SendRichMessagePostback) -> None:
    """Press a rich message's button, or release it."""
    event_changes.send_rich_message_postback(
        ctx.requester,
        request.chat_id,
        request.thread_id,
        request.event_id,
        postback=request.postback.model_dump(exclude_none=True),
    )


def opening(ctx: Context[Any], request: StartChatInput | ResumeChatInput) -> Opening:
    """Return what a start or resume asks for; initial events are visible to all."""
    chat: ChatInput = request.chat
    writer = property_selectors.party(ctx.requester)
    definitions = property_selectors.definitions_for(
        ctx.organization_id,
        chat.properties,
        chat.thread.properties,
        *(event.properties or {} for event in chat.thread.events),
    )
    drafts = tuple(
        draft(ctx, event.model_copy(update={"visibility": "all"}), definitions)
        for event in chat.thread.events
    )
    check = partial(check_writable, party=writer, definitions=definitions)
    return Opening(
        active=request.active,
        continuous=request.continuous,
        group_ids=tuple(dict.fromkeys(chat.access.group_ids)) if chat.access else None,
        users=tuple((user.id, user.type) for user in chat.users),
        chat_properties=check(chat.properties, location="chat"),
        thread_properties=check(chat.thread.properties, location="thread"),
        welcome_message_id=chat.thread.welcome_message_id if kind(ctx) == "customer" else "",
        events=drafts,
    )


def moment(text: str | None, field: str) -> datetime | None:
    """Return the time ``text`` names; raise ``Validation`` naming ``field``."""
    if text is None:
        return None
    try:
        return clock.from_wire(text)
    except ValueError:
        raise Validation(f"`{field}` must be a time like 2020-01-31T12:00:00.000000Z") from None


def list_threads(
    ctx: Context[Any],
    chat: Chat,
    page: PageRequest,
    bounds: tuple[datetime | None, datetime | None] = (None, None),
) -> dict[str, Any]:
    """Return the answer of ``list_threads``: whole threads with their events."""
    number = page.position[0] if page.position else None
    more = None
    if page.min_events_count is not None:
        rows, more = chat_selectors.threads_holding(
            chat, page.min_events_count, ascending=page.ascending, number=number
        )
    else:
        rows = chat_selectors.threads_beyond(
            chat,
            ascending=page.ascending,
            limit=page.limit + 1,
            number=number,
            created_from=bounds[0],
            created_to=bounds[1],
        )
    threads, page_ids = pagination.finish(
        ctx.requester,
        "list_threads",
        page,
        rows,
        lambda thread: [thread.number],
        subject=chat.id,
        more=more,
    )
    return {
        "threads": chat_selectors.thread_records(chat, threads, reader=ctx.requester),
        "found_threads": chat_selectors.count_threads(chat, *bounds),
        **page_ids,
    }


def position(page: PageRequest) -> chat_selectors.Position | None:
    """Return where a chat list goes on."""
    if page.position is None:
        return None
    created, chat_id = page.position
    return clock.from_wire(created), chat_id


def place(chat: Chat) -> list[Any]:
    """Return a chat's place in lists, as JSON."""
    assert chat.last_thread_created_at is not None
    return [clock.to_wire(chat.last_thread_created_at), chat.id]


def upload(ctx: Context[Any]) -> UrlShape:
    """Keep the uploaded file and return its URL."""
    if ctx.upload is None:
        raise Validation("`file` is missing")
    who = ctx.requester
    row = files.store(
        ctx.organization_id,
        who.user_id,
        name=ctx.upload.name,
        claimed_type=ctx.upload.content_type,
        size=ctx.upload.size,
        file=ctx.upload.file,
        origin=ctx.base_url,
        customer_id=who.customer_id if isinstance(who, CustomerRequester) else None,
    )
    return {"url": files.public_url(row)}


def started(record: Record, event_ids: tuple[str, ...]) -> Record:
    """Add ``event_ids`` to an answer when there are any."""
    return {**record, "event_ids": list(event_ids)} if event_ids else record
