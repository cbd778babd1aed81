"""Agent Chat API: events, files and what surrounds them."""

from __future__ import annotations

from django.db import transaction

from agents.actions.scopes import READ_CHATS, WRITE_CHATS
from chatplatform import clock
from chatplatform.api import chats as shared
from chatplatform.api.action import Empty, Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.api.wire.events import AnyEvent, FileInput, Visibility
from chatplatform.services import chats as chat_services
from chatplatform.services import events as event_services
from chatplatform.services import signals


class SendEvent(Request):
    """``send_event``."""

    chat_id: str
    event: AnyEvent


@action("agent", scopes=WRITE_CHATS)
def send_event(ctx: AgentContext, request: SendEvent) -> shapes.EventIdShape:
    """Send an event to a chat's active thread."""
    if isinstance(request.event, FileInput):
        with transaction.atomic():
            return _send(ctx, request)
    return _send(ctx, request)


def _send(ctx: AgentContext, request: SendEvent) -> shapes.EventIdShape:
    sent = event_services.append(
        ctx.requester,
        request.chat_id,
        shared.draft(ctx, request.event),
        commit_point=ctx.commit_point,
    )
    return {"event_id": sent.event_id}


@action("agent", rtm=None, upload=True)
def upload_file(ctx: AgentContext, request: Empty) -> shapes.UrlShape:
    """Upload a file; its URL can be sent in a file event within 24 hours."""
    return shared.upload(ctx)


class SendTypingIndicator(Request):
    """``send_typing_indicator``."""

    chat_id: str
    visibility: Visibility = "all"
    is_typing: bool


@action("agent", scopes=WRITE_CHATS)
def send_typing_indicator(ctx: AgentContext, request: SendTypingIndicator) -> shapes.Nothing:
    """Show others that the agent types, or stopped."""
    signals.send_typing_indicator(
        ctx.requester, request.chat_id, visibility=request.visibility, is_typing=request.is_typing
    )
    return {}


class MarkEventsAsSeen(Request):
    """``mark_events_as_seen``; ``seen_up_to`` is RFC 3339."""

    chat_id: str
    seen_up_to: str


@action("agent", scopes=READ_CHATS, writes=True)
def mark_events_as_seen(ctx: AgentContext, request: MarkEventsAsSeen) -> shapes.Nothing:
    """Mark a chat's events as seen up to a moment."""
    seen = shared.moment(request.seen_up_to, "seen_up_to")
    assert seen is not None
    chat_services.mark_events_as_seen(ctx.requester, request.chat_id, clock.to_wire(seen))
    return {}
