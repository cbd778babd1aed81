"""Threads that meet where it matters: at the rows one of them has to have first."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from tests.concurrency.together import at_once

_PATIENCE: Final = 20.0
_WAITING: Final = """
    SELECT count(DISTINCT waiting.pid) FROM pg_locks AS waiting JOIN pg_locks AS own USING (pid)
    WHERE NOT waiting.granted
    AND own.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def meeting_at(rows: QuerySet[Any], *doings: Callable[[], Any]) -> list[Any]:
    """Do things as :func:`at_once` does, and let none write ``rows`` before all have come to them.

    Whoever looked before they waited acts on what they saw then, so that nothing depends on who is
    how fast. On SQLite there is one writer at a time, who looks and writes alone.
    """
    if connection.vendor != "postgresql":
        return at_once(*doings)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert list(rows.select_for_update())
            outcome = pool.submit(at_once, *doings)
            _await_waiting(len(doings), outcome)
        return outcome.result()


def while_held(
    rows: QuerySet[Any], holds: Callable[[], Any], comes: Callable[[], Any]
) -> tuple[Any, Any]:
    """Hold ``rows``, let ``comes`` come to them and wait, and go on with ``holds``.

    Return what both return. On SQLite there is one writer at a time: ``comes`` begins after that.
    """
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert list(rows.select_for_update())
            if connection.vendor == "postgresql":
                waiting = pool.submit(_on_its_own, comes)
                _await_waiting(1, waiting)
            held = holds()
        if connection.vendor != "postgresql":
            waiting = pool.submit(_on_its_own, comes)
        return held, waiting.result()


def _on_its_own(doing: Callable[[], Any]) -> Any:
    try:
        return doing()
    finally:
        connection.close()


def _await_waiting(count: int, outcome: Future[Any]) -> None:
    """Return when so many connections wait for a lock."""
    until = time.monotonic() + _PATIENCE
    with connection.cursor() as cursor:
        while time.monotonic() < until and not outcome.done():
            cursor.execute(_WAITING)
            if cursor.fetchone() == (count,):
                return
            time.sleep(0.01)
    raise AssertionError(f"not all {count} came to the rows")
