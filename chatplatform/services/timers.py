"""What time does by itself. Every function is safe with several workers and bounded per call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar
from uuid import UUID

import structlog
from django.db import transaction

from chatplatform import clock
from chatplatform.domain_events import tell
from chatplatform.models import Chat, ChatChange, Event, Organization, Thread
from chatplatform.properties import license_value
from chatplatform.selectors.translations import shown_name
from chatplatform.services import (
    customers,
    events,
    flags,
    listings,
    routing,
    routing_messages,
    threads,
    transfers,
)
from chatplatform.services.events import Draft, system_message

log = structlog.get_logger(__name__)

T = TypeVar("T")

CUSTOMER_TIMEOUT_MINUTES = 15
ARCHIVE_AFTER_MINUTES = 15
IDLE_AFTER_MINUTES = 10
CHANGES_KEPT = timedelta(minutes=10)
FORGOTTEN_AT_ONCE = 2_000
AT_ONCE = 200
"""Chats of an organisation that one call closes at most; the next call goes on."""


def settle_queues() -> None:
    """Settle every organisation with waiting threads; rescues what a dying process left."""
    waiting = Thread.objects.filter(queued_at__isnull=False)
    _for_each(waiting.values_list("organization_id", flat=True).distinct(), routing.settle)


def _for_each(organizations: Iterable[T], do: Callable[[T], None]) -> None:
    """Do something in each organisation; a failure in one keeps no other waiting."""
    for one in organizations:
        try:
            do(one)
        except Exception:
            log.exception("a timer failed", timer=do.__name__, organization=str(one))


def forget_changes() -> None:
    """Delete changes no hub can still miss."""
    old = ChatChange.objects.filter(created_at__lt=clock.now() - CHANGES_KEPT)
    ChatChange.objects.filter(
        pk__in=list(old.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    ).delete()


@dataclass(frozen=True, slots=True)
class Minutes:
    """How long things may last in an organisation's chats, in minutes; 0 means for ever."""

    customer_timeout: int
    archive: int
    archive_waiting: int
    idle: int
    reply: int


def minutes_of(organization: Organization) -> Minutes:
    """Return what the licence properties of the namespace ``chats`` say, or their defaults."""

    def read(name: str, default: int) -> int:
        return int(license_value(organization.properties, "chats", name, default))

    return Minutes(
        customer_timeout=read("customer_timeout_after_min", CUSTOMER_TIMEOUT_MINUTES),
        archive=read("archive_chat_after_min", ARCHIVE_AFTER_MINUTES),
        archive_waiting=read("archive_offline_chat_after_min", 0),
        idle=read("chat_inactive_after_min", IDLE_AFTER_MINUTES),
        reply=read("transfer_chat_after_min", 0),
    )


def close_left_chats() -> None:
    """Close chats whose customer left the pages, or in which nobody speaks any more.

    Whoever waits does not have to speak: such chats close when their customer has left or, where
    they are continuous, after ``archive_offline_chat_after_min``. Chats that agents pinned are left
    alone (protocol.md 2.9).
    """
    _for_each(_with_running_chats(), _close_left_chats)


def _close_left_chats(organization: Organization) -> None:
    closed = False
    for chat_id, farewell in islice(_due(organization), AT_ONCE):
        closed |= _close(chat_id, farewell)
    if closed:
        routing.settle(organization.id)


def _due(organization: Organization) -> Iterator[tuple[str, Draft]]:
    minutes = minutes_of(organization)
    for chat, thread in _running(organization):
        farewell = _farewell(chat, thread, minutes)
        if farewell is not None:
            yield chat.id, farewell


def notice_silence() -> None:
    """Give chats whose agents do not reply to others, and mark those that have fallen silent."""
    _for_each(_with_running_chats(), _notice_silence)


def _notice_silence(organization: Organization) -> None:
    minutes = minutes_of(organization)
    moved = False
    for chat, thread in _running(organization):
        if thread.queued_at is not None:
            continue
        if _lacks_reply(chat, thread, minutes.reply):
            moved |= _replace_agents(organization.id, chat.id, minutes.reply)
        if _is_silent(chat, thread, minutes.idle):
            _mark_idle(chat.id, minutes.idle)
    if moved:
        routing.settle(organization.id)


def _with_running_chats() -> list[Organization]:
    running = Thread.objects.filter(active=True).values_list("organization_id", flat=True)
    return list(Organization.objects.filter(id__in=running.distinct()).order_by("id"))


def _running(organization: Organization) -> Iterator[tuple[Chat, Thread]]:
    """Yield the running chats with their active threads. Two reads, however many there are."""
    chats = Chat.objects.filter(
        organization=organization, active_thread_id__isnull=False
    ).select_related("customer__last_visit")
    threads_by_id = {
        thread.id: thread
        for thread in Thread.objects.filter(organization=organization, active=True)
    }
    for chat in list(chats):
        thread = threads_by_id.get(chat.active_thread_id or "")
        if thread is not None:
            yield chat, thread


def _farewell(chat: Chat, thread: Thread, minutes: Minutes) -> Draft | None:
    if flags.of(chat).get("pinned"):
        return None
    continuous = bool(flags.of(thread).get("continuous"))
    if chat.customer is not None and not continuous:
        gone = customers.gone_since(chat.customer)
        if gone is not None and _over(gone, minutes.customer_timeout):
            return system_message(
                "archived_customer_disconnected",
                "%customer% left the chat",
                customer=shown_name(chat.customer),
            )
    silent_since = _silent_since(chat, thread)
    if thread.queued_at is not None:
        waited = continuous and _over(silent_since, minutes.archive_waiting)
        return routing_messages.nobody_available() if waited else None
    if _over(silent_since, minutes.archive):
        return routing_messages.silent(minutes.archive)
    return None


def _over(since: datetime, minutes: int) -> bool:
    return minutes > 0 and clock.now() - since >= timedelta(minutes=minutes)


def _silent_since(chat: Chat, thread: Thread) -> datetime:
    return clock.from_wire(max([*chat.spoke_at.values(), clock.to_wire(thread.created_at)]))


def _is_silent(chat: Chat, thread: Thread, minutes: int) -> bool:
    return not chat.idle and _over(_silent_since(chat, thread), minutes)


def _lacks_reply(chat: Chat, thread: Thread, minutes: int) -> bool:
    """Tell whether the customer's first word after the agents' last has waited so long.

    An agent who has just been given the chat has as long. One read, of chats that seem to lack a
    reply only.
    """
    given = datetime.fromtimestamp(flags.of(thread).get("last_transfer_timestamp", 0), UTC)
    if minutes <= 0 or not _over(max(given, thread.created_at), minutes):
        return False
    replied = max(chat.spoke_at.get("agent", ""), clock.to_wire(thread.created_at))
    if chat.customer_id is None or chat.spoke_at.get("customer", "") < replied:
        return False
    asked = (
        Event.objects.filter(
            thread=thread,
            author_id=str(chat.customer_id),
            created_at__gt=clock.from_wire(replied),
        )
        .order_by("position")
        .first()
    )
    return asked is not None and _over(asked.created_at, minutes)


def _replace_agents(organization_id: UUID, chat_id: str, minutes: int) -> bool:
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        chat, thread = _still_running(chat_id)
        if chat is None or thread is None or thread.queued_at is not None:
            return False
        if not _lacks_reply(chat, thread, minutes):
            return False
        moved = transfers.replace_silent_agents(organization, chat, minutes)
        if moved:
            chat.save()
            listings.follow(chat)
    return moved


def _mark_idle(chat_id: str, minutes: int) -> None:
    with transaction.atomic():
        chat, thread = _still_running(chat_id)
        if chat is None or thread is None or not _is_silent(chat, thread, minutes):
            return
        tell(events.add(chat, routing_messages.idle(minutes)))
        flags.note_idle(chat, thread)
        chat.save()


def _still_running(chat_id: str) -> tuple[Chat | None, Thread | None]:
    """Return a chat and its active thread, both locked, unless another worker has the chat."""
    chat = (
        Chat.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(id=chat_id, active_thread_id__isnull=False)
        .first()
    )
    if chat is None:
        return None, None
    return chat, Thread.objects.select_for_update().get(id=chat.active_thread_id)


def _close(chat_id: str, farewell: Draft) -> bool:
    with transaction.atomic():
        chat, _ = _still_running(chat_id)
        if chat is None or _spoke_since(chat):
            return False
        threads.close(chat, farewell)
        chat.save()
        listings.follow(chat)
    return True


def _spoke_since(chat: Chat) -> bool:
    """Tell whether someone spoke between choosing the chat and locking it."""
    recent = clock.to_wire(clock.now() - timedelta(seconds=30))
    return any(moment > recent for moment in chat.spoke_at.values())
