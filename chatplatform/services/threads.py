"""The life of a thread: opened, waiting, closed.

The caller has locked the chat, saves it afterwards and calls ``listings.follow``.
"""

from __future__ import annotations

from chatplatform import clock
from chatplatform.domain_events import ChatDeactivated, tell
from chatplatform.models import Chat, Thread
from chatplatform.records import visit_record
from chatplatform.requester import Requester
from chatplatform.services import changes, events, participants
from chatplatform.services.events import Draft


def open_thread(chat: Chat, *, active: bool, continuous: bool, client_id: str) -> Thread:
    """Add an unsaved thread to ``chat`` and make it the newest.

    ``active`` False makes one that is closed from the start. Raises the chat's sequence: a start
    with everything in it is one change.
    """
    now = events.bump(chat)
    routing: dict[str, str | bool] = {
        "continuous": continuous,
        "idle": False,
        "unassigned": False,
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
            if key in ("ip", "user_agent", "geolocation")
        }
        routing.update(_came_from(visit.referrer, visit.last_pages))
    chat.threads_count += 1
    chat.last_thread_id = thread.id
    chat.last_thread_created_at = thread.created_at
    chat.active_thread_id = thread.id if active else None
    chat.next_position = 1
    chat.followers = []
    return thread


def source(client_id: str) -> dict[str, dict[str, str]]:
    """Return the mark of the client that made something; personal tokens leave none."""
    return {"source": {"client_id": client_id}} if client_id else {}


def _came_from(referrer: str, pages: list[dict[str, str]]) -> dict[str, str]:
    found = {}
    if referrer:
        found["referrer"] = referrer
    if pages:
        found["start_url"] = pages[-1]["url"]
    return found


def mark_unassigned(thread: Thread, unassigned: bool) -> None:
    """Keep the router's own property on the thread; the caller saves it."""
    routing = {**thread.properties.get("routing", {}), "unassigned": unassigned}
    thread.properties = {**thread.properties, "routing": routing}


def enqueue(thread: Thread) -> None:
    """Let ``thread`` wait from now on; the caller saves it and settles the queue."""
    thread.queued_at = clock.now()
    mark_unassigned(thread, True)


def leave_queue(thread: Thread) -> None:
    """End the wait of ``thread``, if it waits; the caller saves it."""
    if thread.queued_at is not None:
        waited = clock.now() - thread.queued_at
        thread.queued_seconds += max(1, round(waited.total_seconds()))
        thread.queued_at = None
        thread.queue_position = None
    mark_unassigned(thread, False)


def close(chat: Chat, farewell: Draft, *, requester: Requester | None = None) -> None:
    """Close the active thread with the system message that says why, and tell both.

    ``requester`` is None when the system closes. Participants stay as they are until a new thread
    begins.
    """
    thread = Thread.objects.select_for_update().get(id=chat.active_thread_id)
    tell(events.add(chat, farewell))
    leave_queue(thread)
    thread.active = False
    thread.closed_at = chat.changed_at
    thread.save()
    chat.active_thread_id = None
    user_id, user_key = participants.named(chat, requester)
    changes.record(ChatDeactivated, chat, user_id=user_id, user_key=user_key)
