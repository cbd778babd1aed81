"""Deleting what is history: threads, chats, and what could tell who was in one.

Files go with the events that show them (services/files.py), listings and search entries with
their threads. Customers themselves stay, and so do their counters.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

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
    FileUse,
    Organization,
    ReachedGoal,
    ShownGreeting,
    Thread,
    TranscriptMail,
)
from chatplatform.properties import Properties
from chatplatform.records import Record
from chatplatform.selectors import webhooks
from chatplatform.services import (
    archives,
    audit,
    changes,
    deliveries,
    listings,
    retention,
    routing,
    threads,
)
from chatplatform.services.events import system_message

BATCH = 50
"""Threads deleted in one transaction."""
RETAINED_BATCHES = 10
"""Batches :func:`forget_threads` takes at most."""
_OUT_OF_THE_WAY = 1_000_000_000
_SPOKEN = ("message", "rich_message", "file", "filled_form")

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
    newest = _settled(organization_id, chat_id)
    forget_calls(organization_id, chats=[chat_id])
    with transaction.atomic():
        chat = _locked(organization_id, chat_id)
        audit.record(organization_id, "delete_chat", "chat", chat_id)
        forget_calls(organization_id, chats=[chat_id], after=newest)
        _close(chat)
        _drop_chat(chat)


def delete_thread(organization_id: UUID, chat_id: str, thread_id: str) -> None:
    """Delete a closed thread, and with a chat's only thread the chat.

    Raise :class:`NotFound`, and :class:`NotAllowed` while the thread runs. Tells
    ``ThreadDeleted``, or ``ChatDeleted``.
    """
    going = {chat_id: [thread_id]}
    newest = _settled(organization_id, chat_id, thread_id)
    _forget_calls_of(organization_id, going)
    with transaction.atomic():
        chat = _locked(organization_id, chat_id, thread_id)
        audit.record(organization_id, "delete_thread", "thread", thread_id)
        _forget_calls_of(organization_id, going, after=newest)
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
        limits = {
            "date_from": clock.to_wire(date_from) if date_from else "",
            "date_to": clock.to_wire(date_to) if date_to else "",
            "tag": tag,
        }
        audit.record(
            organization_id,
            "delete_threads",
            "organization",
            organization_id,
            before={**limits, "threads": deleted},
        )
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
    if rows:
        _forget_calls_of(organization_id, by_chat)
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


def _forget_calls_of(
    organization_id: UUID, by_chat: Mapping[str, Sequence[str]], *, after: int = 0
) -> None:
    """Forget the calls that tell of threads, and of the chats that have no others."""
    going = [thread_id for thread_ids in by_chat.values() for thread_id in thread_ids]
    others = Thread.objects.filter(chat_id__in=list(by_chat)).exclude(id__in=going)
    chats = set(by_chat) - set(others.values_list("chat_id", flat=True))
    forget_calls(organization_id, chats=chats, threads=going, after=after)


def _settled(organization_id: UUID, chat_id: str, thread_id: str = "") -> int:
    """Return the newest call once all that was told of a chat so far is written down.

    Those up to it can be forgotten while nobody waits for the chat, and the others, which are few,
    with its row locked. Raise what :func:`_locked` raises.
    """
    with transaction.atomic():
        _locked(organization_id, chat_id, thread_id)
        return webhooks.newest_call(organization_id)


def _locked(organization_id: UUID, chat_id: str, thread_id: str = "") -> Chat:
    """Return a chat, locked, in which ``thread_id``, if one is named, is closed."""
    chat = (
        Chat.objects.select_for_update(of=("self",))
        .filter(organization_id=organization_id, id=chat_id)
        .first()
    )
    if chat is None:
        raise NotFound("Chat not found")
    if thread_id and not Thread.objects.filter(chat=chat, id=thread_id).exists():
        raise NotFound("Thread not found")
    if thread_id and chat.active_thread_id == thread_id:
        raise NotAllowed("A running thread can not be deleted")
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


def anonymize_chat(organization_id: UUID, chat_id: str, *, calls_forgotten: bool = False) -> None:
    """Take out of a chat all that could identify anybody, for good; a running thread closes first.

    Whatever anybody said is deleted, agents too: they may have repeated it. What remains is its
    shape: that somebody wrote, when, and which agent it was; and the threads with their times,
    groups, tags and agents, so that counts remain right. The customer leaves. Calls to webhooks
    that tell of the chat as it was are forgotten. Nothing can be added any more
    (``ChatAnonymized``). Raise :class:`NotFound`; a second time nothing happens. Locks the chat.

    ``calls_forgotten``: who asks forgets those calls, of many chats at once.
    """
    newest = 0
    if not calls_forgotten:
        newest = _settled(organization_id, chat_id)
        forget_calls(organization_id, chats=[chat_id])
    with transaction.atomic():
        chat = _locked(organization_id, chat_id)
        if chat.anonymized:
            return
        if not calls_forgotten:
            forget_calls(organization_id, chats=[chat_id], after=newest)
        _close(chat)
        _silence(chat)
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


def forget_calls(
    organization_id: UUID,
    *,
    chats: Collection[str] | QuerySet[Chat, Any] = (),
    customers: Collection[str] = (),
    threads: Collection[str] = (),
    after: int = 0,
) -> int:
    """Delete the calls to webhooks, sent or not, that tell of any of these; return how many.

    Call it before telling what becomes of them now. It looks at all of the organisation's calls
    beyond the one ``after``, in steps (``selectors.webhooks.calls_naming``).
    """
    forgotten = 0
    for calls in webhooks.calls_naming(
        organization_id, chats=chats, customers=customers, threads=threads, after=after
    ):
        if found := list(calls.values_list("id", flat=True)):
            deliveries.drop(found)
        forgotten += len(found)
    return forgotten


def _silence(chat: Chat) -> None:
    """Leave of what people said that they did, and nothing of what programs added."""
    written = Event.objects.filter(thread__chat=chat)
    FileUse.objects.filter(event__in=written).update(event=None)
    written.exclude(type__in=_SPOKEN).delete()
    written.update(content={}, properties={}, custom_id="", repeat_key=None, deleted=True)
    written.filter(author_id=str(chat.customer_id)).update(author_id="")


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


def forget_threads(organization: Organization, days: int) -> int:
    """Delete the oldest threads an organisation keeps for ``days`` only; return how many they were.

    They are :data:`RETAINED_BATCHES` times :data:`BATCH` at most. Tells ``ThreadsDeleted``.
    """
    moment = clock.now() - timedelta(days=days)
    old = retention.expired(organization, "chats", days)
    deleted = 0
    for _ in range(RETAINED_BATCHES):
        if not (step := _delete_some(organization.id, old)):
            break
        deleted += step
    if deleted:
        _tell_deleted(organization.id, None, moment, "")
    return deleted
