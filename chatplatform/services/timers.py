"""What time does by itself. Every function is safe with several workers and bounded per call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction

from chatplatform import clock
from chatplatform.models import Chat, ChatChange, Organization, Thread
from chatplatform.properties import license_value
from chatplatform.services import customers, listings, routing, threads
from chatplatform.services.events import Draft, system_message

CUSTOMER_TIMEOUT_MINUTES = 15
ARCHIVE_AFTER_MINUTES = 15
CHANGES_KEPT = timedelta(minutes=10)
BATCH = 200


def settle_queues() -> None:
    """Settle every organisation with waiting threads; rescues what a dying process left."""
    waiting = Thread.objects.filter(queued_at__isnull=False)
    for organization_id in waiting.values_list("organization_id", flat=True).distinct():
        routing.settle(organization_id)


def forget_changes() -> None:
    """Delete changes no hub can still miss."""
    old = ChatChange.objects.filter(created_at__lt=clock.now() - CHANGES_KEPT)
    ChatChange.objects.filter(pk__in=list(old.values_list("pk", flat=True)[: BATCH * 10])).delete()


def close_left_chats() -> None:
    """Close chats whose customer left the pages, or in which nobody speaks any more.

    Licence properties ``chats.customer_timeout_after_min`` and ``chats.archive_chat_after_min``
    set the minutes; 0 switches a timer off. Continuous chats that wait are left alone: waiting is
    what they are for.
    """
    organizations = Thread.objects.filter(active=True).values_list("organization_id", flat=True)
    for organization_id in organizations.distinct():
        closed = False
        for chat_id, farewell in _due(Organization.objects.get(id=organization_id)):
            closed |= _close(chat_id, farewell)
        if closed:
            routing.settle(organization_id)


def _due(organization: Organization) -> Iterator[tuple[str, Draft]]:
    properties = organization.properties
    timeout = license_value(
        properties, "chats", "customer_timeout_after_min", CUSTOMER_TIMEOUT_MINUTES
    )
    archive = license_value(properties, "chats", "archive_chat_after_min", ARCHIVE_AFTER_MINUTES)
    running = Chat.objects.filter(
        organization=organization, active_thread_id__isnull=False
    ).select_related("customer__last_visit")
    running_threads = {
        thread.id: thread
        for thread in Thread.objects.filter(organization=organization, active=True)
    }
    found = 0
    for chat in running.iterator(chunk_size=500):
        thread = running_threads.get(chat.active_thread_id or "")
        if thread is None or found >= BATCH:
            continue
        farewell = _farewell(chat, thread, timeout, archive)
        if farewell is not None:
            found += 1
            yield chat.id, farewell


def _farewell(chat: Chat, thread: Thread, timeout: int, archive: int) -> Draft | None:
    flags = thread.properties.get("routing", {})
    now = clock.now()
    if flags.get("pinned") or (flags.get("continuous") and thread.queued_at is not None):
        return None
    if timeout > 0 and chat.customer is not None and not flags.get("continuous"):
        gone = customers.gone_since(chat.customer)
        if gone is not None and now - gone >= timedelta(minutes=timeout):
            return system_message(
                "archived_customer_disconnected",
                "%customer% left the chat",
                customer=chat.customer.name or "Customer",
            )
    last = max([*chat.spoke_at.values(), clock.to_wire(thread.created_at)])
    if archive > 0 and now - clock.from_wire(last) >= timedelta(minutes=archive):
        return system_message(
            "routing.archived_inactive",
            "Chat archived due to %duration% minutes of inactivity",
            duration=str(archive),
        )
    return None


def _close(chat_id: str, farewell: Draft) -> bool:
    with transaction.atomic():
        chat = (
            Chat.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(id=chat_id, active_thread_id__isnull=False)
            .first()
        )
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
