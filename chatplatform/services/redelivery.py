"""Sending again what webhooks did not take, at somebody's wish (protocol.md 7).

A delivery that is sent again keeps its id, so that receivers know it, and begins its retries anew.
One that still waits is left alone: it will be sent anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from chatplatform import ids
from chatplatform.errors import NotAllowed, NotFound
from chatplatform.models import Application, Webhook, WebhookDelivery
from chatplatform.selectors import webhooks
from chatplatform.services import audit, deliveries

BATCH: Final = 500

_State = WebhookDelivery.State


def redeliver_webhook(organization_id: UUID, owner: Application, delivery_id: str) -> None:
    """Queue a delivery of ``owner`` again, delivered or failed; does nothing where it waits.

    Raise :class:`NotFound`, for others' and other licences' too, and :class:`NotAllowed` while the
    endpoint wishes not to be called.
    """
    number = ids.delivery_number(delivery_id)
    if number is None:
        raise NotFound("Delivery not found")
    rows = webhooks.deliveries_of(organization_id, owner).filter(pk=number)
    with transaction.atomic():
        delivery = rows.select_for_update(of=("self",)).first()
        if delivery is None:
            raise NotFound("Delivery not found")
        if delivery.state == _State.WAITING:
            return
        if delivery.endpoint.disabled_at is not None:
            raise NotAllowed("The endpoint answered 410: register a webhook there again first")
        deliveries.redeliver([number])
        audit.record(organization_id, "redeliver_webhook", "webhook_delivery", delivery_id)


def queue_again(wanted: QuerySet[WebhookDelivery]) -> Iterator[WebhookDelivery]:
    """Queue deliveries again and yield each once its batch has committed, the oldest first.

    Whatever waits meanwhile, has lost its webhook, or is for an endpoint that wishes not to be
    called, is passed over. Those queued are not found again, so that a run that broke off can be
    repeated.
    """
    live = Webhook.objects.filter(endpoint__disabled_at=None).values("pk")
    rows = wanted.exclude(state=_State.WAITING).filter(webhook__in=live).order_by("id")
    rows = rows.defer("event", "cause", "body")
    after = 0
    while True:
        try:
            batch = _queue_batch(rows.filter(id__gt=after))
        except NotFound:
            continue  # a webhook went in that very moment: look again
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1].pk


def _queue_batch(rows: QuerySet[WebhookDelivery]) -> list[WebhookDelivery]:
    with transaction.atomic():
        batch = list(rows.select_for_update(of=("self",))[:BATCH])
        deliveries.redeliver([one.pk for one in batch])
    return batch
