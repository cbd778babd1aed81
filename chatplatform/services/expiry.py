"""What is older than an organisation keeps it, and goes (``services/retention.py``).

For the worker's timers: round by round, some rows of each organisation in short transactions, for
:data:`SECONDS` at most; safe with several workers. What is in use stays until it is not. Nothing
of it stands in the audit log, where the days themselves do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from chatplatform import clock
from chatplatform.domain_events import caused_by
from chatplatform.errors import NotFound
from chatplatform.models import (
    AuditEntry,
    Chat,
    Customer,
    FileUse,
    Organization,
    Thread,
    Visit,
)
from chatplatform.services import customer_data, deletion, files, retention, threads

log = structlog.get_logger(__name__)

SECONDS: Final = 20.0
"""After so long no further round begins: what is left waits for the next call."""
AT_ONCE: Final = 500
"""Rows of a noun an organisation loses in one round; customers, each of whom has more: a tenth."""
CHATS_AT_ONCE: Final = 50
"""Chats that are locked together, for so short that nobody waits."""
_ROWS_OF_CUSTOMER: Final = 10

K = TypeVar("K")
_Failed = set[object]
"""Keys of what could not be forgotten of a noun in this call: the next tries again."""


def forget_old() -> None:
    """Forget chats, customers, visits, files and audit entries that are too old."""
    until = time.monotonic() + SECONDS
    failed: dict[str, _Failed] = {noun: set() for noun in _FORGETTING}
    while _forget_some(failed) and time.monotonic() < until:
        pass


def _forget_some(failed: Mapping[str, _Failed]) -> bool:
    """Take some rows of every noun of every organisation; tell whether any may have had more."""
    more = _forget_platform_audit() >= AT_ONCE
    for noun, forget in _FORGETTING.items():
        for organization, days in _keeping(noun):
            try:
                with caused_by(None):
                    more |= forget(organization, days, failed[noun]) >= AT_ONCE
            except Exception:
                log.exception("what is old was not forgotten", noun=noun, org=str(organization.pk))
    return more


def _keeping(noun: str) -> Iterator[tuple[Organization, int]]:
    """Yield the organisations that do not keep ``noun`` for ever, and for how many days they do."""
    rows = Organization.objects.only("id", "properties", "retention")
    for organization in rows.iterator(chunk_size=500):
        days = retention.days(organization, noun)
        if days > 0:
            yield organization, days


def _forget_chats(organization: Organization, days: int, failed: _Failed) -> int:
    return deletion.forget_threads(organization, days)


def _forget_customers(organization: Organization, days: int, failed: _Failed) -> int:
    """Erase customers; one counts as ten rows."""
    old = retention.expired(organization, "customers", days)

    def forget(customer_id: UUID) -> None:
        with suppress(NotFound):  # another worker was first
            still = old.filter(pk=customer_id).exists
            customer_data.forget(organization.pk, str(customer_id), still)

    some = old.exclude(pk__in=failed).values_list("pk", flat=True)[: AT_ONCE // _ROWS_OF_CUSTOMER]
    return _one_by_one(list(some), forget, failed) * _ROWS_OF_CUSTOMER


def _one_by_one(keys: Sequence[K], forget: Callable[[K], object], failed: _Failed) -> int:
    """Forget something by each of ``keys``; return how many these were.

    One that can not be forgotten must not keep all that is behind it: it goes into ``failed``.
    """
    for key in keys:
        try:
            forget(key)
        except Exception:
            failed.add(key)
            log.exception("something old was not forgotten", key=str(key)[:8])
    return len(keys)


def _forget_visits(organization: Organization, days: int, failed: _Failed) -> int:
    """Delete visits, and take out of closed threads what these tell of them."""
    return max(_delete_visits(organization, days), _empty_threads(organization, days))


def _delete_visits(organization: Organization, days: int) -> int:
    """Delete visits, with what was shown and reached in them. Locks their customers."""
    old = retention.expired(organization, "visits", days)
    ids = list(old.values_list("pk", flat=True)[:AT_ONCE])
    with transaction.atomic():
        owners = Customer.objects.filter(visits__in=ids).order_by("id").distinct()
        list(Customer.objects.filter(pk__in=owners).select_for_update(no_key=True).order_by("id"))
        _, gone = Visit.objects.filter(pk__in=ids, ended_at__isnull=False).delete()
    return gone.get(Visit._meta.label, 0)


def _empty_threads(organization: Organization, days: int) -> int:
    """Let threads tell no more of visits. Locks their chats, a few at a time."""
    old = retention.telling_of_old_visits(organization, days)
    found = list(old.values_list("chat_id", "pk")[:AT_ONCE])
    for start in range(0, len(found), CHATS_AT_ONCE):
        chat_ids, thread_ids = zip(*found[start : start + CHATS_AT_ONCE], strict=True)
        with transaction.atomic():
            list(
                Chat.objects.filter(pk__in=chat_ids).select_for_update(of=("self",)).order_by("id")
            )
            threads.forget_visits(old.filter(pk__in=thread_ids))
    return len(found)


def _forget_files(organization: Organization, days: int, failed: _Failed) -> int:
    """Delete files that no running chat shows, content and all; their events stay."""
    old = retention.expired(organization, "files", days)
    running = Thread.objects.filter(organization=organization, active=True)
    shown = FileUse.objects.filter(event__thread__in=running)
    idle = old.exclude(pk__in=shown.values("file_id"))
    some = idle.exclude(pk__in=failed).values_list("token", flat=True)[:AT_ONCE]
    return _one_by_one(list(some), files.delete, failed)


def _forget_audit(organization: Organization, days: int, failed: _Failed) -> int:
    return _delete_entries(retention.expired(organization, "audit", days))


def _forget_platform_audit() -> int:
    """Delete entries of no organisation that are older than the installation keeps them."""
    days = settings.RETENTION_DAYS["audit"]
    if days <= 0:
        return 0
    before = clock.now() - timedelta(days=days)
    return _delete_entries(AuditEntry.objects.filter(organization=None, at__lt=before))


def _delete_entries(old: QuerySet[AuditEntry]) -> int:
    some = list(old.values_list("pk", flat=True)[:AT_ONCE])
    return AuditEntry.objects.filter(pk__in=some).delete()[0]


_FORGETTING: Final[dict[str, Callable[[Organization, int, _Failed], int]]] = {
    "chats": _forget_chats,
    "customers": _forget_customers,
    "visits": _forget_visits,
    "files": _forget_files,
    "audit": _forget_audit,
}
