"""What the router notes on threads and chats: properties of the namespace ``routing``.

On threads: ``unassigned``, ``pinned``, ``idle``, ``unreplied`` and ``last_transfer_timestamp``; on
chats ``unassigned``, so that lists can be narrowed by it, and ``was_pinned`` (protocol.md 2.9).
They are told as the system's own doing, whoever's call led to them.
The caller of every function holds the chat's row and saves it afterwards, but for
:func:`note_speech`.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from chatplatform import clock
from chatplatform.domain_events import caused_by
from chatplatform.domain_events.properties import ChatPropertiesUpdated, ThreadPropertiesUpdated
from chatplatform.models import Chat, Thread
from chatplatform.properties import merge
from chatplatform.records import Record
from chatplatform.services import changes


def of(holder: Chat | Thread) -> Record:
    """Return the properties of the namespace ``routing`` of a chat or thread."""
    values: Record = holder.properties.get("routing", {})
    return values


def put(holder: Chat | Thread, **values: Any) -> Record:
    """Set flags without telling; return those that changed. The caller saves ``holder``."""
    known = of(holder)
    changed = {name: value for name, value in values.items() if known.get(name) != value}
    if changed:
        holder.properties = merge(holder.properties, {"routing": changed})
    return changed


def tell_changed(chat: Chat, thread: Thread, changed: Record) -> None:
    """Tell flags of a saved ``thread`` that :func:`put` changed, and let the chat follow."""
    if not changed:
        return
    with caused_by(None):
        changes.record(
            ThreadPropertiesUpdated, chat, thread_id=thread.id, properties={"routing": changed}
        )
    tell_on_chat(chat, **_following(changed))


def follow(chat: Chat, changed: Record) -> None:
    """Set on the chat what follows from its thread's flags, without telling."""
    put(chat, **_following(changed))


def _following(changed: Record) -> Record:
    values = {name: changed[name] for name in ("unassigned",) if name in changed}
    if changed.get("pinned") is False:
        values["was_pinned"] = True
    return values


def tell_on_chat(chat: Chat, **values: Any) -> None:
    """Set flags on the chat itself, and tell those that changed."""
    changed = put(chat, **values)
    if changed:
        with caused_by(None):
            changes.record(ChatPropertiesUpdated, chat, properties={"routing": changed})


def note_idle(chat: Chat, thread: Thread) -> None:
    """Note that nobody has spoken in the active ``thread`` (saved here) for long, and tell it."""
    chat.idle = True
    changed = put(thread, idle=True)
    thread.save(update_fields=["properties"])
    tell_changed(chat, thread, changed)


def note_speech(chat_id: str) -> None:
    """Take back what an event in the active thread has ended: silence, and waiting for a reply.

    Called after the event was stored, where the chat's row says that there is something to end;
    the row goes on saying so, and the next event calls again, should this fail.
    """
    with transaction.atomic():
        chat = Chat.objects.select_for_update(of=("self",)).filter(id=chat_id).first()
        if chat is None or chat.active_thread_id is None:
            return
        thread = Thread.objects.select_for_update().get(id=chat.active_thread_id)
        changed: Record = {}
        if chat.idle:
            chat.idle = False
            changed |= put(thread, idle=False)
        if chat.unreplied and has_reply(chat, thread):
            chat.unreplied = False
            changed |= put(thread, unreplied=False)
        thread.save(update_fields=["properties"])
        tell_changed(chat, thread, changed)
        chat.save()


def has_reply(chat: Chat, thread: Thread) -> bool:
    """Tell whether an agent or bot has spoken to all since ``thread``, the newest, began."""
    return bool(chat.spoke_at.get("agent", "") > clock.to_wire(thread.created_at))
