"""Reads of webhooks: which there are, whether a licence's are sent, and what became of calls."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Prefetch, Q, QuerySet, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from chatplatform.errors import NotFound
from chatplatform.models import (
    Application,
    Chat,
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


AT_ONCE: Final = 2_000
"""Calls that one statement looks at, so that none takes long however many there are."""


def calls_naming(
    organization_id: UUID,
    *,
    chats: Collection[str] | QuerySet[Chat, Any] = (),
    customers: Collection[str] = (),
    threads: Collection[str] = (),
    after: int = 0,
) -> Iterator[QuerySet[WebhookDelivery]]:
    """Yield the calls to webhooks, sent or not, that tell of any of these, in sets, by their ids.

    A call tells of the chat, the thread and the customer that what happened is about, and of a
    customer who is or was in that chat, or caused it. What was said there names nobody. All of an
    organisation's calls, which are those of the last days, are looked at, :data:`AT_ONCE` for each
    set, however many names there are: ask for many at once. ``after``: only those with greater ids.
    """
    about = Q()
    if isinstance(chats, QuerySet) or chats:
        about |= Q(of_chat__in=chats)
    if threads:
        about |= Q(of_thread__in=threads)
    if customers:
        about |= Q(of_customer__in=customers) | Q(by__in=customers)
        about |= Q(event__participants__has_any_keys=list(customers))
    if not about:
        return
    rows = WebhookDelivery.objects.filter(organization_id=organization_id)
    for some in _few_at_once(rows, after):
        yield some.alias(
            of_chat=_text("event__chat_id"),
            of_thread=_text("event__thread_id"),
            of_customer=_text("event__customer_id"),
            by=_text("cause__user_id"),
        ).filter(about)


def _text(path: str) -> Cast:
    return Cast(KT(path), TextField())  # compared as text, not as JSON


def _few_at_once(
    rows: QuerySet[WebhookDelivery], after: int
) -> Iterator[QuerySet[WebhookDelivery]]:
    while True:
        rest = rows.filter(id__gt=after)
        ends = list(rest.order_by("id").values_list("id", flat=True)[AT_ONCE - 1 : AT_ONCE])
        if not ends:
            yield rest
            return
        (after,) = ends
        yield rest.filter(id__lte=after)


def newest_call(organization_id: UUID) -> int:
    """Return the id of the newest call of an organisation; 0 if there is none."""
    rows = WebhookDelivery.objects.filter(organization_id=organization_id)
    return rows.order_by("-id").values_list("id", flat=True).first() or 0


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
    if not webhook_ids and webhook_id is not None:
        raise NotFound("Webhook not found")
    return slice_of_deliveries(
        organization_id,
        webhook_ids,
        WebhookDelivery.State.values if state is None else [state],
        position=position[0] if position is not None else None,
        ascending=ascending,
        limit=limit,
    )


def slice_of_deliveries(
    organization_id: UUID,
    webhook_ids: Sequence[str],
    states: Sequence[str],
    *,
    position: int | None = None,
    ascending: bool = False,
    limit: int,
) -> list[WebhookDelivery]:
    """Return up to ``limit`` deliveries of webhooks, in some states, of what one licence did.

    As :func:`page_of_deliveries` says; at most three reads.
    """
    places = list(product(webhook_ids, states))
    if not places:
        return []
    first = position if position is not None else 0 if ascending else _LAST
    beyond, order = (">", "ASC") if ascending else ("<", "DESC")
    license_key = Organization._meta.pk.get_db_prep_value(organization_id, connection)
    parameters: list[Any] = []
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


def own_webhooks(organization_id: UUID) -> QuerySet[Webhook]:
    """Return the webhooks of the organisation's own applications."""
    return Webhook.objects.filter(application__organization_id=organization_id)


def installed(organization_id: UUID) -> list[Installation]:
    """Return what is installed on a licence, with the applications, by their names. One read."""
    rows = Installation.objects.filter(organization_id=organization_id, removed_at=None)
    return list(rows.select_related("application").order_by("application__name", "pk"))
