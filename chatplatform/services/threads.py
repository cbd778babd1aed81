"""The life of a thread: opened, waiting, closed.

The caller has locked the chat, saves it afterwards and calls ``listings.follow``.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet

from chatplatform import clock, ip_addresses
from chatplatform.domain_events import tell
from chatplatform.domain_events.chats import ChatDeactivated
from chatplatform.models import ArchiveFact, Chat, Organization, Thread
from chatplatform.models.forms import FormType
from chatplatform.records import Record, visit_record
from chatplatform.requester import CustomerRequester, Requester
from chatplatform.selectors import forms
from chatplatform.services import (
    activity,
    changes,
    events,
    flags,
    participants,
    summaries,
    transcript_mails,
)
from chatplatform.services.events import Draft


def open_thread(
    organization: Organization, chat: Chat, *, active: bool, continuous: bool, client_id: str
) -> Thread:
    """Add an unsaved thread to ``chat`` and make it the newest.

    It tells of the customer's visit, whose address the organisation may mask since it began.
    ``active`` False makes one that is closed from the start. Raises the chat's sequence: a start
    with everything in it is one change.
    """
    now = changes.bump(chat)
    routing: dict[str, Any] = {
        "continuous": continuous,
        "idle": False,
        "unassigned": False,
        "unreplied": True,
        "pinned": False,
    }
    thread = Thread(
        organization_id=chat.organization_id,
        chat=chat,
        number=chat.threads_count + 1,
        active=active,
        group_ids=list(chat.group_ids),
        properties={"routing": routing, **source(client_id)},
        created_at=now,
        closed_at=None if active else now,
    )
    visit = chat.customer.last_visit if chat.customer else None
    if visit is not None:
        thread.customer_visit = {
            key: value
            for key, value in visit_record(visit).items()
            if key in ("user_agent", "geolocation")
        }
        if visit.ip and (address := ip_addresses.stored(organization.properties, visit.ip)):
            thread.customer_visit["ip"] = address
        routing.update(_came_from(visit.referrer, visit.last_pages))
    chat.threads_count += 1
    chat.last_thread_id = thread.id
    chat.last_thread_created_at = thread.created_at
    chat.active_thread_id = thread.id if active else None
    chat.next_position = 1
    chat.followers = []
    chat.idle = False
    chat.unreplied = active
    return thread


def forget_visits(rows: QuerySet[Thread]) -> None:
    """Let closed threads, whose chats are locked, tell no more of the visits they began in.

    Nobody is told, and archives are found by the customer's country no more.
    """
    found = list(rows.only("id", "properties", "customer_visit"))
    for thread in found:
        thread.customer_visit = {}
        routing = thread.properties.get("routing", {})
        for name in _CAME_FROM:
            routing.pop(name, None)
    Thread.objects.bulk_update(found, ["customer_visit", "properties"])
    ArchiveFact.objects.filter(thread__in=found, kind="country").delete()


def source(client_id: str) -> dict[str, dict[str, str]]:
    """Return the mark of the client that made something; personal tokens leave none."""
    return {"source": {"client_id": client_id}} if client_id else {}


_CAME_FROM: Final = ("referrer", "start_url")
"""Routing properties that tell of the visit a thread began in."""


def _came_from(referrer: str, pages: list[dict[str, str]]) -> dict[str, str]:
    found = {}
    if referrer:
        found["referrer"] = referrer
    if pages:
        found["start_url"] = pages[-1]["url"]
    return found


def enqueue(thread: Thread) -> Record:
    """Let ``thread`` wait, from now on unless it does already; return the flags that changed.

    The caller saves it, tells the flags and settles the queue.
    """
    if thread.queued_at is None:
        thread.queued_at = clock.now()
    return flags.put(thread, unassigned=True, pinned=True)


def leave_queue(thread: Thread) -> Record:
    """End the wait of ``thread``, if it waits; return the flags that changed.

    The caller saves it and tells the flags.
    """
    if thread.queued_at is not None:
        waited = clock.now() - thread.queued_at
        thread.queued_seconds += max(1, round(waited.total_seconds()))
        thread.queued_at = None
        thread.queue_position = None
    return flags.put(thread, unassigned=False, pinned=False)


def close(chat: Chat, farewell: Draft, *, requester: Requester | None = None) -> None:
    """Close the active thread with the system message that says why, and tell both.

    ``requester`` is None when the system closes. Participants stay as they are until a new thread
    begins. What a customer closes before anybody took it up stays pinned, for agents to see.
    Customers are asked what their group asks after chats.
    """
    thread = Thread.objects.select_for_update().get(id=chat.active_thread_id)
    tell(events.add(chat, farewell))
    form = forms.asked(thread, FormType.POSTCHAT) if chat.customer_id is not None else None
    if form is not None:
        tell(events.add(chat, Draft(type="form", content=form)))
    missed = thread.queued_at is not None and isinstance(requester, CustomerRequester)
    changed = leave_queue(thread)
    if missed and changed.pop("pinned", None) is False:
        flags.put(thread, pinned=True)
    thread.active = False
    thread.closed_at = chat.changed_at
    thread.save()
    chat.active_thread_id = None
    chat.idle = chat.unreplied = False
    user_id, user_key = participants.named(chat, requester)
    changes.record(ChatDeactivated, chat, user_id=user_id, user_key=user_key)
    summaries.request_if_wanted(thread)
    transcript_mails.note_closed(chat, thread)
    activity.note_after_commit(chat)
    flags.tell_changed(chat, thread, changed)
    _unpin(chat, missed)


def _unpin(chat: Chat, missed: bool) -> None:
    """Take away the pin agents put on the chat: it held the thread that has closed."""
    if flags.of(chat).get("pinned") and not missed:
        flags.tell_on_chat(chat, pinned=False, was_pinned=True)
