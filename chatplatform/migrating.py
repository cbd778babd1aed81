"""Migrations may take as long as they need: no limit on a statement's time holds for them."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate


def connect(app: AppConfig) -> None:
    """Lift the limit before the first migration of any app, and set it again after the last.

    Both are told of ``app`` once in each run of ``migrate``. Limits on waiting for locks stay.
    """
    pre_migrate.connect(_lift, sender=app, dispatch_uid="chatplatform.migrating")
    post_migrate.connect(_restore, sender=app, dispatch_uid="chatplatform.migrating")


def _lift(*, using: str, **kwargs: Any) -> None:
    _set(using, "0")


def _restore(*, using: str, **kwargs: Any) -> None:
    _set(using, "DEFAULT")


def _set(using: str, limit: str) -> None:
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {limit}")
