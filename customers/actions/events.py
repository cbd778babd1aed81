"""Customer Chat API: events, files and what surrounds them."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from chatplatform import clock
from chatplatform.api import chats as shared
from chatplatform.api import ratelimit
from chatplatform.api.action import Empty, Request, action
from chatplatform.api.context import CustomerContext
from chatplatform.api.wire import shapes as wire
from chatplatform.api.wire.events import (
    MAX_TEXT_BYTES,
    AnyEvent,
    FilledFormInput,
    SendRichMessagePostback,
)
from chatplatform.services import chats as chat_services
from chatplatform.services import event_changes, forms, signals, url_info
from chatplatform.services import events as event_services


class SendEvent(Request):
    """``send_event``; ``attach_to_last_thread`` writes to an inactive chat's last thread."""

    chat_id: str
    event: AnyEvent
    attach_to_last_thread: bool = False


@action("customer")
def send_event(ctx: CustomerContext, request: SendEvent) -> wire.EventIdShape:
    """Send an event to a chat."""
    is_form = isinstance(request.event, FilledFormInput)
    send = forms.send_answers if is_form else event_services.append
    sent = send(
        ctx.requester,
        request.chat_id,
        shared.draft(ctx, request.event),
        attach_to_last_thread=request.attach_to_last_thread,
        commit_point=ctx.commit_point,
    )
    return {"event_id": sent.event_id}


class DeleteEvent(Request):
    """``delete_event``."""

    chat_id: str
    thread_id: str
    event_id: str


@action("customer", web="3.6", rtm="3.6", writes=True)
def delete_event(ctx: CustomerContext, request: DeleteEvent) -> wire.Nothing:
    """Take back an event one has sent."""
    event_changes.delete_event(ctx.requester, request.chat_id, request.thread_id, request.event_id)
    return {}


@action("customer", writes=True)
def send_rich_message_postback(
    ctx: CustomerContext, request: SendRichMessagePostback
) -> wire.Nothing:
    """Press a rich message's button, or release it."""
    shared.press_button(ctx, request)
    return {}


@action("customer", rtm=None, upload=True)
def upload_file(ctx: CustomerContext, request: Empty) -> wire.UrlShape:
    """Upload a file; its URL can be sent in a file event within 24 hours."""
    return shared.upload(ctx)


class GetUrlInfo(Request):
    """``get_url_info``."""

    url: Annotated[str, Field(max_length=2048)]


class UrlInfoShape(TypedDict):
    """What a page says of itself; ``image_width`` and ``image_height`` in pixels."""

    url: str
    title: NotRequired[str]
    description: NotRequired[str]
    image_url: NotRequired[str]
    image_original_url: NotRequired[str]
    image_width: NotRequired[int]
    image_height: NotRequired[int]


@action("customer")
def get_url_info(ctx: CustomerContext, request: GetUrlInfo) -> UrlInfoShape:
    """Say what the page behind a link is about."""
    ratelimit.looked_up_url(ctx.requester.rate_key)
    return url_info.describe(request.url)  # type: ignore[return-value]


class SendSneakPeek(Request):
    """``send_sneak_peek``."""

    chat_id: str
    sneak_peek_text: Annotated[str, Field(max_length=MAX_TEXT_BYTES)]


@action("customer")
def send_sneak_peek(ctx: CustomerContext, request: SendSneakPeek) -> wire.Nothing:
    """Show agents what the customer has typed so far."""
    signals.send_sneak_peek(ctx.requester, request.chat_id, request.sneak_peek_text)
    return {}


class MarkEventsAsSeen(Request):
    """``mark_events_as_seen``; ``seen_up_to`` is RFC 3339."""

    chat_id: str
    seen_up_to: str


@action("customer", writes=True)
def mark_events_as_seen(ctx: CustomerContext, request: MarkEventsAsSeen) -> wire.Nothing:
    """Mark a chat's events as seen up to a moment."""
    seen = shared.moment(request.seen_up_to, "seen_up_to")
    assert seen is not None
    chat_services.mark_events_as_seen(ctx.requester, request.chat_id, clock.to_wire(seen))
    return {}
