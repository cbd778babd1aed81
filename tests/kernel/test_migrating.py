"""How long migrations may take."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import pre_migrate

LIMITS = {"postgresql": ("10s", "0", "10s"), "sqlite": ("", "", "")}
"""How long a statement may take before, while and after migrating."""


def limit() -> str:
    if connection.vendor == "sqlite":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


@pytest.fixture
def meanwhile() -> Iterator[list[str]]:
    """Note the limit that holds once migrations begin."""
    noted: list[str] = []

    def note(**kwargs: object) -> None:
        noted.append(limit())

    pre_migrate.connect(note, sender=apps.get_app_config("chatplatform"))
    yield noted
    pre_migrate.disconnect(note, sender=apps.get_app_config("chatplatform"))


def test_a_migration_may_take_longer_than_a_request(db: None, meanwhile: list[str]) -> None:
    before = limit()

    call_command("migrate", verbosity=0)

    assert (before, *meanwhile, limit()) == LIMITS[connection.vendor]
