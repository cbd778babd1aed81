"""Reads of the audit log: narrowed by whatever has an index, so that each costs one page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from django.db import connection
from django.db.models import Max, QuerySet

from chatplatform.models import AuditEntry, Organization

SKEW: Final = timedelta(minutes=5)
"""By how much the order of entries may differ from that of their moments at most."""
WINDOW: Final = 20_000
"""Of how many entries, the newest, the log of the whole platform is narrowed."""

Column = Literal["action", "subject_type"]

_DIFFERENT: Final = """
WITH RECURSIVE found(value) AS (
  SELECT MIN({column}) FROM chatplatform_auditentry WHERE organization_id = %s
  UNION ALL
  SELECT (SELECT MIN({column}) FROM chatplatform_auditentry
          WHERE organization_id = %s AND {column} > found.value)
  FROM found WHERE found.value IS NOT NULL
)
SELECT value FROM found WHERE value IS NOT NULL
"""


def different(organization_id: UUID, column: Column) -> list[str]:
    """Return what there is in a column of an organisation's log, in order.

    One read, which skips through an index from one value to the next.
    """
    key = Organization._meta.pk.get_db_prep_value(organization_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENT.format(column=column), [key, key])
        return [row[0] for row in cursor.fetchall()]


def narrowed(
    rows: QuerySet[AuditEntry],
    organization_id: UUID | None,
    *,
    action: str = "",
    subject_type: str = "",
    subject_id: str = "",
    user_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEntry]:
    """Return those of ``rows``, of one organisation or of all, that are asked for.

    Of all organisations, only the newest :data:`WINDOW` entries are narrowed: no index serves them.
    ``until`` is not included. At most four small reads.
    """
    exact = {"action": action, "subject_type": subject_type, "user_id": user_id}
    wanted: dict[str, Any] = {name: value for name, value in exact.items() if value}
    if subject_id:
        wanted["subject_id"] = subject_id
        if organization_id is not None and not subject_type:
            wanted["subject_type__in"] = different(organization_id, "subject_type")
    if organization_id is None and (wanted or since or until):
        newest = AuditEntry.objects.aggregate(newest=Max("pk"))["newest"] or 0
        rows = rows.filter(pk__gt=newest - WINDOW)
    return _between(rows.filter(**wanted), since, until)


def _between(
    rows: QuerySet[AuditEntry], since: datetime | None, until: datetime | None
) -> QuerySet[AuditEntry]:
    """Return those of two moments.

    Whatever was written well before or after them has smaller or greater keys than all of these.
    """
    written = AuditEntry.objects.values_list("pk", flat=True)
    if since is not None:
        rows = rows.filter(at__gte=since)
        before = written.filter(at__lt=since - SKEW).order_by("-at").first()
        rows = rows if before is None else rows.filter(pk__gt=before)
    if until is not None:
        rows = rows.filter(at__lt=until)
        after = written.filter(at__gte=until + SKEW).order_by("at").first()
        rows = rows if after is None else rows.filter(pk__lt=after)
    return rows
