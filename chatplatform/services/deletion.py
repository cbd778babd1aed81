"""Deleting what is history: threads, chats, and what could tell who was in one.

Files go with the events that show them (services/files.py), listings and search entries with
their threads. Customers themselves stay, and so do their counters.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, QuerySet

from chatplatform import clock, ids
from chatplatform.domain_events import tell
from chatplatform.domain_events.archives import ChatDeleted, ThreadDeleted, ThreadsDeleted
from chatplatform.errors import NotAllowed, NotFound
from chatplatform.models import (
    Chat,
    ChatChange,
    CustomerBan,
    Event,
    Organization,
    ReachedGoal,
    ShownGreeting,
    Thread,
    TranscriptMail,
)
from chatplatform.properties import Properties, license_value
from chatplatform.records import Record
from chatplatform.services import archives, changes, listings, routing, threads
from chatplatform.services.events import system_message

BATCH = 50
"""Threads deleted in one transaction."""
RETAINED_BATCHES = 10
"""Batches an organisation loses in one run of the timer."""
_OUT_OF_THE_WAY = 1_000_000_000

_HARMLESS = {
    "routing": ("continuous", "idle", "pinned", "unassigned"),
    "rating": ("score",),
    "source": ("client_id", "customer_client_id"),
}
"""Properties that stay on anonymous chats and threads: numbers without a person."""


# --- chats and threads ------------------------------------------------------------------------


def delete_chat(organization_id: UUID, chat_id: str) -> None:
    """Delete a chat with everything in it; a running thread closes first.

    Raise :class:`NotFound`. Tells ``ChatDeleted``.
    """
    with transaction.atomic():
        chat = _locked(organization_id, chat_id)
        _close(chat)
        _drop_chat(chat)


def delete_thread(organization_id: UUID, chat_id: str, thread_id: str) -> None:
    """Delete a closed thread, and with a chat's only thread the chat.

    Raise :class:`NotFound`, and :class:`NotAllowed` while the thread runs. Tells
    ``ThreadDeleted``, or ``ChatDeleted``.
    """
    with transaction.atomic():
        chat = _locked(organization_id, chat_id)
        if not Thread.objects.filter(chat=chat, id=thread_id).exists():
            raise NotFound("Thread not found")
        if chat.active_thread_id == thread_id:
            raise NotAllowed("A running thread can not be deleted")
        if _drop_threads(chat, [thread_id]):
            changes.record(ThreadDeleted, chat, thread_id=thread_id)
            chat.save()


def delete_threads(
    organization_id: UUID,
    *,
    date_from: datetime | None = None,
    date_to: datetime | None = None,
    tag: str = "",
) -> int:
    """Delete all closed threads that began in that time, both ends included, and carry ``tag``.

    Every limit given must hold; without any, all go. Return how many went. In steps, so that
    nobody waits: those begun while it runs may stay. Tells ``ThreadsDeleted`` when there were any.
    """
    wanted = Thread.objects.filter(organization_id=organization_id, active=False)
    if date_from is not None:
        wanted = wanted.filter(created_at__gte=date_from)
    if date_to is not None:
        wanted = wanted.filter(created_at__lte=date_to)
    if tag:
        wanted = wanted.filter(tags__holds_any=[tag])
    deleted = 0
    while step := _delete_some(organization_id, wanted):
        deleted += step
    if deleted:
        _tell_deleted(organization_id, date_from, date_to, tag)
    return deleted


def _tell_deleted(
    organization_id: UUID, date_from: datetime | None, date_to: datetime | None, tag: str
) -> None:
    tell(
        ThreadsDeleted(
            organization_id=str(organization_id),
            date_from=clock.to_wire(date_from) if date_from else "",
            date_to=clock.to_wire(date_to) if date_to else "",
            tag=tag,
        )
    )


def _delete_some(organization_id: UUID, wanted: QuerySet[Thread]) -> int:
    rows = list(wanted.order_by("created_at", "id").values_list("chat_id", "id")[:BATCH])
    by_chat: dict[str, list[str]] = {}
    for chat_id, thread_id in rows:
        by_chat.setdefault(chat_id, []).append(thread_id)
    for chat_id in sorted(by_chat):
        with transaction.atomic():
            chat = Chat.objects.select_for_update(of=("self",)).filter(
                organization_id=organization_id, id=chat_id
            )
            for locked in chat:
                closed = Thread.objects.filter(id__in=by_chat[chat_id], active=False)
                if _drop_threads(locked, list(closed.values_list("id", flat=True))):
                    locked.save()
    return len(rows)


def _locked(organization_id: UUID, chat_id: str) -> Chat:
    chat = (
        Chat.objects.select_for_update(of=("self",))
        .filter(organization_id=organization_id, id=chat_id)
        .first()
    )
    if chat is None:
        raise NotFound("Chat not found")
    return chat


def _close(chat: Chat) -> None:
    if chat.active_thread_id is None:
        return
    threads.close(chat, system_message("system_archived", "Chat archived by the system"))
    chat.save()
    listings.follow(chat)
    routing.settle_after_commit(chat.organization_id)


def _drop_chat(chat: Chat) -> None:
    tell(
        ChatDeleted(
            organization_id=str(chat.organization_id),
            chat_id=chat.id,
            group_ids=list(chat.group_ids),
            participants=chat.participants,
            followers=list(chat.followers),
        )
    )
    chat.delete()


def _drop_threads(chat: Chat, thread_ids: Sequence[str]) -> bool:
    """Delete threads of a locked chat; return whether the chat is still there.

    The caller saves the chat. What remains is numbered anew, so that neighbours stay neighbours.
    """
    if not thread_ids:
        return True
    kept = Thread.objects.filter(chat=chat).exclude(id__in=thread_ids)
    if not kept.exists():
        _drop_chat(chat)
        return False
    Thread.objects.filter(chat=chat, id__in=thread_ids).delete()
    _number_anew(chat)
    newest = Thread.objects.filter(chat=chat).order_by("-number")[0]
    if newest.id != chat.last_thread_id:
        last = Event.objects.filter(thread=newest).aggregate(position=Max("position"))
        chat.next_position = (last["position"] or 0) + 1
    chat.threads_count = newest.number
    chat.last_thread_id = newest.id
    chat.last_thread_created_at = newest.created_at
    chat.last_events = _last_events(chat)
    listings.follow(chat)
    return True


def _number_anew(chat: Chat) -> None:
    rows = Thread.objects.filter(chat=chat)
    # Twice, because no number may be there twice even for a moment.
    rows.update(number=F("number") + _OUT_OF_THE_WAY)
    numbered = list(rows.order_by("number").only("id", "number"))
    for number, thread in enumerate(numbered, start=1):
        thread.number = number
    Thread.objects.bulk_update(numbered, ["number"], batch_size=500)


def _last_events(chat: Chat) -> dict[str, dict[str, str]]:
    """Return what ``Chat.last_events`` holds, from the events themselves."""
    newest: dict[str, dict[str, str]] = {"all": {}, "agents": {}}
    rows = (
        Event.objects.filter(thread__chat=chat, deleted=False)
        .values_list("visibility", "type", "thread__number", "thread_id")
        .annotate(last=Max("position"))
        .order_by("thread__number")
    )
    for visibility, kind, _, thread_id, position in rows:
        newest[visibility][kind] = ids.event_id(thread_id, position)
    return newest


# --- anonymous chats ----------------------------------------------------------------------------


def anonymize_chat(organization_id: UUID, chat_id: str) -> None:
    """Take out of a chat all that could identify anybody, for good; a running thread closes first.

    What was said and shown is deleted and the customer leaves. Threads stay with their times,
    groups, tags and agents, so that counts remain right. Nothing can be added any more
    (``ChatAnonymized``). Raise :class:`NotFound`; a second time nothing happens.
    """
    with transaction.atomic():
        chat = _locked(organization_id, chat_id)
        if chat.anonymized:
            return
        _close(chat)
        Event.objects.filter(thread__chat=chat).delete()
        ChatChange.objects.filter(chat=chat).delete()
        _unlink(chat)
        for thread in Thread.objects.select_for_update().filter(chat=chat).order_by("number"):
            _empty(thread, str(chat.customer_id))
        chat.participants.pop(str(chat.customer_id), None)
        chat.customer = None
        chat.properties = _harmless(chat.properties)
        chat.last_events = {"all": {}, "agents": {}}
        chat.anonymized = True
        chat.save()
        listings.follow(chat)


def _unlink(chat: Chat) -> None:
    """Cut what leads from the customer to the chat."""
    thread_ids = list(Thread.objects.filter(chat=chat).values_list("id", flat=True))
    ReachedGoal.objects.filter(thread_id__in=thread_ids).update(thread=None)
    ShownGreeting.objects.filter(thread_id__in=thread_ids).update(thread=None)
    CustomerBan.objects.filter(thread_id__in=thread_ids).update(thread_id="")
    TranscriptMail.objects.filter(thread_id__in=thread_ids).delete()


def _empty(thread: Thread, customer_id: str) -> None:
    thread.user_ids = [user_id for user_id in thread.user_ids if user_id != customer_id]
    thread.properties = _harmless(thread.properties)
    thread.customer_visit = {}
    thread.summary = None
    thread.save(update_fields=["user_ids", "properties", "customer_visit", "summary"])
    archives.forget(thread.id)


def _harmless(properties: Properties) -> Properties:
    kept: Record = {}
    for namespace, names in _HARMLESS.items():
        for name in names:
            if name in properties.get(namespace, {}):
                kept.setdefault(namespace, {})[name] = properties[namespace][name]
    return kept


# --- retention ----------------------------------------------------------------------------------


def forget_old_threads() -> None:
    """Delete threads older than their organisation keeps them; bounded per call.

    The licence property ``limits.archives_retention.base`` says for how many days, else the
    setting ``ARCHIVES_RETENTION_DAYS``; 0 keeps them for ever.
    """
    for organization in Organization.objects.only("id", "properties").iterator(chunk_size=500):
        days = license_value(
            organization.properties,
            "limits",
            "archives_retention.base",
            settings.ARCHIVES_RETENTION_DAYS,
        )
        if days > 0:
            _forget_before(organization.id, clock.now() - timedelta(days=days))


def _forget_before(organization_id: UUID, moment: datetime) -> None:
    old = Thread.objects.filter(
        organization_id=organization_id, active=False, created_at__lt=moment
    )
    deleted = 0
    for _ in range(RETAINED_BATCHES):
        if not (step := _delete_some(organization_id, old)):
            break
        deleted += step
    if deleted:
        _tell_deleted(organization_id, None, moment, "")
