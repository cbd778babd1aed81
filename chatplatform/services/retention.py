"""For how long an organisation keeps what: its own days, or else the installation's.

Zero days mean for ever. What is older than that the worker takes away; :func:`expired` is what it
takes, and what the admin counts before somebody agrees to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from chatplatform import clock
from chatplatform.errors import Validation
from chatplatform.models import (
    AuditEntry,
    Customer,
    CustomerBan,
    FileUse,
    Organization,
    Thread,
    UploadedFile,
    Visit,
)
from chatplatform.properties import license_value
from chatplatform.requester import AgentRequester
from chatplatform.services import audit, routing

NOUNS: Final = ("chats", "customers", "visits", "files", "audit")
"""What can have days of its own; the keys of ``Organization.retention``."""
MAX_DAYS: Final = 36_500
COUNTED_AT_MOST: Final = 10_000
"""Counting stops there: nobody decides otherwise about more."""


def days(organization: Organization, noun: str) -> int:
    """Return for how many days the organisation keeps ``noun``; 0 means for ever."""
    own = organization.retention.get(noun)
    return default_days(organization, noun) if own is None else int(own)


def default_days(organization: Organization, noun: str) -> int:
    """Return what holds where the organisation has not said: 0 means for ever.

    It is the installation's setting; for chats the property ``limits.archives_retention.base``,
    which integrations set, goes before it.
    """
    if noun == "chats":
        found: int = license_value(
            organization.properties,
            "limits",
            "archives_retention.base",
            settings.ARCHIVES_RETENTION_DAYS,
        )
        return max(found, 0)
    return max(settings.RETENTION_DAYS[noun], 0)


def update_retention(requester: AgentRequester, given: Mapping[str, int | None]) -> None:
    """Set for how many days each ``noun`` in ``given`` is kept, others stay as they are.

    0 means for ever, ``None`` as the installation says. Nothing goes at once: the worker begins
    to take what is too old within ten minutes. Raise :class:`Validation` for other nouns, and for
    days below 0 or above :data:`MAX_DAYS`. Locks the organisation.
    """
    for noun, wanted in given.items():
        _check(noun, wanted)
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        before = dict(organization.retention)
        merged = {**before, **given}
        organization.retention = {
            noun: wanted for noun, wanted in merged.items() if wanted is not None
        }
        organization.save(update_fields=["retention"])
        audit.record(
            organization.id,
            "update_retention",
            "license",
            organization.license_id,
            before=before,
            after=organization.retention,
        )


def _check(noun: str, wanted: int | None) -> None:
    if noun not in NOUNS:
        raise Validation(f"retention of {noun[:32]!r} can not be set")
    if wanted is not None and not 0 <= wanted <= MAX_DAYS:
        raise Validation(f"`{noun}`: days must be between 0 and {MAX_DAYS}")


def expired(organization: Organization, noun: str, kept_days: int) -> QuerySet[Any]:
    """Return the rows that keeping ``noun`` for that many days leaves no room for; none for 0.

    ``chats`` are closed threads by when they began, ``customers`` those not seen since (nor in a
    chat, nor banned), ``visits`` those that ended before, ``files`` those shown in chats, by when
    they were uploaded, ``audit`` entries of the audit log.
    """
    rows = _BY_NOUN[noun](organization, kept_since(kept_days))
    return rows if kept_days > 0 else rows.none()


def kept_since(kept_days: int) -> datetime:
    """Return the moment before which keeping something for so many days leaves nothing."""
    return clock.now() - timedelta(days=kept_days)


def telling_of_old_visits(organization: Organization, kept_days: int) -> QuerySet[Thread]:
    """Return the closed threads that tell of visits longer than these are kept; none for 0.

    By when they began: the visit may have ended since, but not before.
    """
    before = kept_since(kept_days)
    told = Thread.objects.exclude(customer_visit={})
    rows = told.filter(organization=organization, active=False, created_at__lt=before)
    return rows.order_by("created_at") if kept_days > 0 else rows.none()


def count_expired(organization: Organization, noun: str, kept_days: int) -> int:
    """Return how many rows :func:`expired` names now; one more than :data:`COUNTED_AT_MOST` stands
    for all that are beyond."""
    return expired(organization, noun, kept_days)[: COUNTED_AT_MOST + 1].count()


def count_files_of_chats(organization: Organization, kept_days: int) -> int:
    """Return how many files go with the chats :func:`expired` names, as :func:`count_expired`."""
    threads = expired(organization, "chats", kept_days).order_by()
    shown = FileUse.objects.filter(event__thread__in=threads)
    return shown.values("file_id").distinct()[: COUNTED_AT_MOST + 1].count()


def _chats(organization: Organization, before: datetime) -> QuerySet[Any]:
    return Thread.objects.filter(
        organization=organization, active=False, created_at__lt=before
    ).order_by("created_at", "id")


def _customers(organization: Organization, before: datetime) -> QuerySet[Any]:
    now = clock.now()
    unseen = Q(last_seen_at__isnull=True) | Q(last_seen_at__lt=before)
    banned = CustomerBan.objects.filter(
        organization=organization, expires_at__gt=now, customer__isnull=False
    )
    talking = Thread.objects.filter(organization=organization, active=True)
    return (
        Customer.objects.filter(
            unseen,
            organization=organization,
            created_at__lt=before,
            online_since__isnull=True,
            customer_spoke_at__lt=before,
            agent_spoke_at__lt=before,
        )
        .exclude(id__in=banned.values("customer_id"))
        .exclude(chats__in=talking.values("chat_id"))
        .order_by("created_at", "id")
    )


def _visits(organization: Organization, before: datetime) -> QuerySet[Any]:
    return Visit.objects.filter(customer__organization=organization, ended_at__lt=before).order_by(
        "id"
    )


def _files(organization: Organization, before: datetime) -> QuerySet[Any]:
    return (
        UploadedFile.objects.filter(
            organization=organization,
            created_at__lt=before,
            thumbnail_of__isnull=True,
            uses__isnull=False,
        )
        .order_by("created_at", "token")
        .distinct()
    )


def _audit(organization: Organization, before: datetime) -> QuerySet[Any]:
    return AuditEntry.objects.filter(organization=organization, at__lt=before).order_by("id")


_BY_NOUN: Final = {
    "chats": _chats,
    "customers": _customers,
    "visits": _visits,
    "files": _files,
    "audit": _audit,
}
