"""Customer Chat API: events, files and what surrounds them."""

from __future__ import annotations

from typing import Annotated

from django.db import transaction
from pydantic import Field

from chatplatform import clock
from chatplatform.api import chats as shared
from chatplatform.api.action import Empty, Request, action
from chatplatform.api.context import CustomerContext
from chatplatform.api.wire import shapes as wire
from chatplatform.api.wire.events import MAX_TEXT_BYTES, AnyEvent, FileInput
from chatplatform.services import chats as chat_services
from chatplatform.services import events as event_services
from chatplatform.services import signals


class SendEvent(Request):
    """``send_event``; ``attach_to_last_thread`` writes to an inactive chat's last thread."""

    chat_id: str
    event: AnyEvent
    attach_to_last_thread: bool = False


@action("customer")
def send_event(ctx: CustomerContext, request: SendEvent) -> wire.EventIdShape:
    """Send an event to a chat."""
    if isinstance(request.event, FileInput):
        with transaction.atomic():
            return _send(ctx, request)
    return _send(ctx, request)


def _send(ctx: CustomerContext, request: SendEvent) -> wire.EventIdShape:
    sent = event_services.append(
        ctx.requester,
        request.chat_id,
        shared.draft(ctx, request.event),
        attach_to_last_thread=request.attach_to_last_thread,
        commit_point=ctx.commit_point,
    )
    return {"event_id": sent.event_id}


@action("customer", rtm=None, upload=True)
def upload_file(ctx: CustomerContext, request: Empty) -> wire.UrlShape:
    """Upload a file; its URL can be sent in a file event within 24 hours."""
    return shared.upload(ctx)


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
