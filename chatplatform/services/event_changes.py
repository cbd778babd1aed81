"""What becomes of events after they were sent: taken back, and their buttons pressed.

Every change here is numbered, so that whoever watches the chat sees it in its place
(``services/changes.py``).
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from chatplatform.domain_events.events import (
    EventDeleted,
    EventUpdated,
    RichMessagePostbackSent,
)
from chatplatform.errors import NotAllowed, Validation
from chatplatform.models import Chat, Event
from chatplatform.records import Record, event_record
from chatplatform.requester import CustomerRequester, Requester
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors.properties import definitions_of
from chatplatform.services import archives, changes, participants

RICH_MESSAGE = "rich_message"


def delete_event(requester: CustomerRequester, chat_id: str, thread_id: str, event_id: str) -> None:
    """Take back an event of the requester's own. Tells ``EventDeleted``.

    Customers see nothing of it from then on, agents of role normal a stub; a file that no other
    event shows is not served any more. Sending the same again makes a new event.

    Raise :class:`NotFound` for an event that is not there or was deleted before,
    :class:`NotAllowed` for somebody else's (protocol.md 2.6).
    """
    with transaction.atomic():
        chat = chat_selectors.access_chat(requester, chat_id, lock=True)
        event = chat_selectors.access_event(requester, chat, thread_id, event_id)
        if event.author_id != requester.user_id:
            raise NotAllowed("Only the author can delete an event")
        event.deleted = True
        event.repeat_key = None
        event.save(update_fields=["deleted", "repeat_key"])
        _forget_as_newest(chat, event)
        archives.forget(thread_id)
        changes.record(EventDeleted, chat, thread_id=thread_id, event=event_record(event))
        chat.save()


def _forget_as_newest(chat: Chat, event: Event) -> None:
    """Let lists show the newest event of the kind that is left."""
    newest = chat.last_events.get(event.visibility, {})
    if newest.get(event.type) != event.public_id:
        return
    left = (
        Event.objects.filter(
            thread__chat=chat, type=event.type, visibility=event.visibility, deleted=False
        )
        .order_by("-thread__number", "-position")
        .first()
    )
    if left is None:
        del newest[event.type]
    else:
        newest[event.type] = left.public_id


def send_rich_message_postback(
    requester: Requester,
    chat_id: str,
    thread_id: str,
    event_id: str,
    *,
    postback: Record,
) -> None:
    """Press a rich message's button, or release it: ``postback`` has its ``id`` and ``toggled``.

    The buttons of that id remember who has pressed them; where that changes, ``EventUpdated`` is
    told. In the active thread the others learn of the postback (``RichMessagePostbackSent``).

    Raise :class:`NotFound` for an event that is not there, :class:`NotAllowed` for someone who is
    not in the chat, or only whispers and would be seen, :class:`Validation` for an event without
    such a button.
    """
    with transaction.atomic():
        chat = chat_selectors.access_chat(requester, chat_id, write=True, lock=True)
        event = chat_selectors.access_event(requester, chat, thread_id, event_id)
        participants.require_voice(chat, requester, event.visibility)
        elements, changed = _pressed(event, requester.user_id, postback)
        if changed:
            event.content = {**event.content, "elements": elements}
            event.save(update_fields=["content"])
            shown = event_record(event, definitions=definitions_of([event]))
            changes.record(EventUpdated, chat, thread_id=thread_id, event=shown)
        if thread_id == chat.active_thread_id:
            changes.record(
                RichMessagePostbackSent,
                chat,
                thread_id=thread_id,
                user_id=requester.user_id,
                event_id=event_id,
                visibility=event.visibility,
                postback=postback,
            )
        chat.save()


def _pressed(event: Event, user_id: str, postback: Record) -> tuple[list[Any], bool]:
    """Return the event's elements after a press or release, and whether that changes them."""
    buttons = [
        button
        for element in event.content.get("elements", ())
        for button in element.get("buttons", ())
        if button["postback_id"] == postback["id"]
    ]
    if event.type != RICH_MESSAGE or not buttons:
        raise Validation("`postback.id` is no button of the event")
    changed = False
    for button in buttons:
        known = button["user_ids"]
        if (user_id in known) != postback["toggled"]:
            others = [one for one in known if one != user_id]
            button["user_ids"] = [*others, user_id] if postback["toggled"] else others
            changed = True
    return event.content["elements"], changed
