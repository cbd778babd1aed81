"""Fill in when customers were last here whose newest visit is still known.

A migration of its own, outside a transaction: what breaks off goes on, and nobody waits for it.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

BATCH = 1_000
"""Customers one statement fills: none may take long."""


def remember(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill in when the newest visit ended, or else began."""
    customers, visits = (apps.get_model("chatplatform", name) for name in ("Customer", "Visit"))
    newest = visits.objects.filter(pk=OuterRef("last_visit_id"))
    seen = newest.annotate(seen=Coalesce("ended_at", "started_at")).values("seen")
    unknown = customers.objects.filter(last_visit__isnull=False, last_seen_at__isnull=True)
    rows = unknown.order_by("pk").values_list("pk", flat=True)
    some = list(rows[:BATCH])
    while some:
        unknown.filter(pk__in=some).update(last_seen_at=Subquery(seen))
        some = list(rows.filter(pk__gt=some[-1])[:BATCH])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("chatplatform", "0023_outliving_visits"),
    ]

    operations = [
        migrations.RunPython(remember, migrations.RunPython.noop),
    ]
