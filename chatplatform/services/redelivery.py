"""Sending again what webhooks did not take, at somebody's wish (protocol.md 7).

A delivery that is sent again keeps its id, so that receivers know it, and begins its retries anew.
One that still waits is left alone, for it will be sent anyway; unless its next try is wished for
now (:func:`send_now`), which is one of its retries like any other.
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

GONE: Final = "The endpoint answered 410: register a webhook there again first"
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
            raise NotAllowed(GONE)
        deliveries.redeliver([number])
        audit.record(organization_id, "redeliver_webhook", "webhook_delivery", delivery_id)


def send_now(organization_id: UUID, owner: Application, delivery_id: str) -> bool:
    """Have a delivery of ``owner`` that waits tried at once; ``False``: it soon is anyway.

    For who has mended a receiver, and would wait for hours. Raise :class:`NotFound`, for others'
    and other licences' too, and :class:`NotAllowed` for one that does not wait, and while the
    endpoint wishes not to be called.
    """
    number = ids.delivery_number(delivery_id)
    if number is None:
        raise NotFound("Delivery not found")
    rows = webhooks.deliveries_of(organization_id, owner).filter(pk=number)
    with transaction.atomic():
        # Whoever changes it meanwhile has the endpoint's lock or the row's, which `hurry` takes.
        delivery = rows.first()
        if delivery is None:
            raise NotFound("Delivery not found")
        if delivery.state != _State.WAITING:
            raise NotAllowed("It does not wait any more")
        if delivery.endpoint.disabled_at is not None:
            raise NotAllowed(GONE)
        if not deliveries.hurry([number]):
            return False
        audit.record(organization_id, "send_webhook_now", "webhook_delivery", delivery_id)
    return True


def hurry(wanted: QuerySet[WebhookDelivery]) -> Iterator[WebhookDelivery]:
    """Have what waits for a later try tried at once; yield each as :func:`queue_again` does.

    What is tried within a minute anyway is passed over.
    """
    rows = wanted.filter(state=_State.WAITING).order_by("id").defer("event", "cause", "body")
    after = 0
    while batch := list(rows.filter(id__gt=after)[:BATCH]):
        hurried = set(deliveries.hurry([one.pk for one in batch]))
        yield from (one for one in batch if one.pk in hurried)
        after = batch[-1].pk


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
