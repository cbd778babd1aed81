"""Reads of webhooks: which there are, whether a licence's are sent, and what became of calls."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Prefetch, QuerySet

from chatplatform.errors import NotFound
from chatplatform.models import (
    Application,
    Installation,
    Organization,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
)


def webhooks_of(owner: Application) -> list[Webhook]:
    """Return the webhooks of an application with their endpoints, the oldest first. One read."""
    rows = Webhook.objects.filter(application=owner).select_related("endpoint")
    return list(rows.order_by("created_at", "id"))


def access_installation(organization_id: UUID, client_id: str) -> Installation:
    """Return an application, read along, as it is installed on a licence.

    Raise :class:`NotFound` where it is not.
    """
    rows = Installation.objects.filter(organization_id=organization_id, removed_at=None)
    found = rows.filter(application__client_id=client_id).select_related("application").first()
    if found is None:
        raise NotFound("The application is not installed on the licence")
    return found


def deliveries_of(organization_id: UUID, owner: Application) -> QuerySet[WebhookDelivery]:
    """Return what is or was owed to the webhooks of ``owner``, of what happened on one licence.

    With their endpoints; what was owed to webhooks that are no more is not among it.
    """
    own = Webhook.objects.filter(application=owner)
    rows = WebhookDelivery.objects.filter(organization_id=organization_id)
    return rows.filter(webhook__in=own.values("pk")).select_related("endpoint")


_SLICE: Final = """
SELECT id FROM (SELECT id FROM chatplatform_webhookdelivery
WHERE webhook_id = %s AND state = %s AND organization_id = %s AND id {beyond} %s
ORDER BY id {order} LIMIT %s) AS slice
"""
_LAST: Final = 2**63 - 1


def page_of_deliveries(
    organization_id: UUID,
    owner: Application,
    webhook_id: str | None = None,
    state: str | None = None,
    *,
    position: Sequence[int] | None = None,
    ascending: bool = False,
    limit: int,
) -> list[WebhookDelivery]:
    """Return up to ``limit`` of those deliveries, the oldest or newest first.

    Those beyond the one at ``position``, of all webhooks or one, in any state or one; with their
    endpoints and attempts, but not with what they tell, in four reads. Each pair of webhook and
    state is a slice of an index, so that others' deliveries cost nothing. Raise :class:`NotFound`
    for a webhook that is not the owner's.
    """
    own = Webhook.objects.filter(application=owner)
    if webhook_id is not None:
        own = own.filter(pk=webhook_id)
    webhook_ids = list(own.values_list("pk", flat=True))
    if not webhook_ids:
        if webhook_id is not None:
            raise NotFound("Webhook not found")
        return []
    first = position[0] if position is not None else 0 if ascending else _LAST
    beyond, order = (">", "ASC") if ascending else ("<", "DESC")
    license_key = Organization._meta.pk.get_db_prep_value(organization_id, connection)
    parameters: list[Any] = []
    places = list(product(webhook_ids, WebhookDelivery.State.values if state is None else [state]))
    for place in places:
        parameters += [*place, license_key, first, limit]
    slices = " UNION ALL ".join([_SLICE.format(beyond=beyond, order=order)] * len(places))
    with connection.cursor() as cursor:
        cursor.execute(f"{slices} ORDER BY id {order} LIMIT %s", [*parameters, limit])
        found = [row[0] for row in cursor.fetchall()]
    attempts = Prefetch("attempts", WebhookAttempt.objects.order_by("id"))
    rows = WebhookDelivery.objects.filter(pk__in=found).defer("event", "cause", "body")
    rows = rows.select_related("endpoint").prefetch_related(attempts)
    return list(rows.order_by("id" if ascending else "-id"))
