"""Keeping deliveries bounded: how many may wait at an endpoint, and how long finished ones stay."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import connection

from chatplatform import clock
from chatplatform.models import Webhook, WebhookDelivery, WebhookEndpoint
from chatplatform.services import deliveries
from chatplatform.services.deliveries import WAITING, State

log = structlog.get_logger(__name__)

LONGEST_WAIT: Final = timedelta(days=3)
"""How long overdue a delivery may be: the endpoint answered nobody in all that time."""
CLEARED_AT_ONCE: Final = 2_000
LONGEST_RUN_SECONDS: Final = 20.0

_WAITING: Final = f"{WAITING} SELECT endpoint_id FROM waiting WHERE endpoint_id > 0"  # noqa: S608


def trim() -> None:
    """Give up what waits in vain or in too great a number, and clear what is old.

    For the worker, on a thread of its own; safe with several workers.
    """
    for endpoint_id in _waiting():
        _trim_endpoint(endpoint_id)
    _clear_finished()


def _waiting() -> list[int]:
    """Return the ids of endpoints that anything waits for, gone ones among them."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"after": 0})
        return [endpoint_id for (endpoint_id,) in cursor.fetchall()]


def _trim_endpoint(endpoint_id: int) -> None:
    endpoint = WebhookEndpoint.objects.filter(id=endpoint_id).first()
    if endpoint is None or not Webhook.objects.filter(endpoint_id=endpoint_id).exists():
        _clear_orphans(endpoint_id)
        return
    if endpoint.disabled_at is not None:
        while deliveries.give_up_gone(endpoint_id):
            pass
        return
    _give_up(endpoint_id, clock.now() - LONGEST_WAIT, "nothing could be sent for days")
    surplus = _newest_surplus(endpoint_id)
    if surplus is not None:
        _give_up(endpoint_id, surplus, "too many others waited")


def _give_up(endpoint_id: int, until: datetime, reason: str) -> None:
    count = deliveries.give_up_waiting(endpoint_id, reason, until=until)
    if count:
        log.warning("webhooks given up", endpoint=endpoint_id, count=count, reason=reason)


def _newest_surplus(endpoint_id: int) -> datetime | None:
    """Return when the newest of those beyond the limit is due, or None where there is none."""
    rows = WebhookDelivery.objects.filter(state=State.WAITING, endpoint_id=endpoint_id)
    newest_first = rows.order_by("-due_at").values_list("due_at", flat=True)
    limit = settings.WEBHOOK_WAITING_MAX
    return next(iter(newest_first[limit : limit + 1]), None)


def _clear_orphans(endpoint_id: int) -> None:
    """Delete what waits for an endpoint without webhooks: nobody is to hear of it."""
    rows = WebhookDelivery.objects.filter(state=State.WAITING, endpoint_id=endpoint_id)
    while ids := list(rows.order_by("due_at").values_list("id", flat=True)[:CLEARED_AT_ONCE]):
        deliveries.drop(ids)


def _clear_finished() -> None:
    now = clock.now()
    end = time.monotonic() + LONGEST_RUN_SECONDS
    for state, days in (
        (State.DELIVERED, settings.WEBHOOK_DELIVERED_DAYS),
        (State.FAILED, settings.WEBHOOK_FAILED_DAYS),
    ):
        old = WebhookDelivery.objects.filter(
            state=state, finished_at__isnull=False, finished_at__lte=now - timedelta(days=days)
        )
        while time.monotonic() < end:
            oldest = old.order_by("finished_at")
            ids = list(oldest.values_list("id", flat=True)[:CLEARED_AT_ONCE])
            deliveries.drop(ids, finished=True)
            if len(ids) < CLEARED_AT_ONCE:
                break
