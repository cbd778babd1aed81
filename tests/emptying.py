"""Emptying the database after a test that commits.

Django truncates every table there is and makes its permissions anew, which takes most of a second
where there are a hundred tables. Few have rows after a test; deleting these takes milliseconds.
"""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

KEPT: Final = frozenset(
    model._meta.db_table for model in (Permission, ContentType, MigrationRecorder.Migration)
)
"""Tables whose rows belong to the installation."""


def empty() -> None:
    """Delete the rows of every table but those :data:`KEPT`; foreign keys wait for the commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in _filled():
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608 - ours


def _filled() -> list[str]:
    """Return the tables that have rows."""
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - KEPT)
    asked = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})"  # noqa: S608 - ours
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [name for (name,) in cursor.fetchall()]
