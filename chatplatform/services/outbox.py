"""Writing down what is owed to webhooks, in the transaction of the change that they tell of.

A row for each webhook that listens (``WebhookListener``); whether its filters let the change
through, and what the body is, the worker works out. Nothing is written, and next to nothing looked
up, where nobody listens. Messages on PostgreSQL take the way inside their one statement instead
(``events.APPEND_STATEMENT``).
"""

from __future__ import annotations

from chatplatform import clock, domain_events, webhook_actions
from chatplatform.domain_events import DomainEvent
from chatplatform.models import WebhookDelivery, WebhookListener


def keep(event: DomainEvent) -> None:
    """Write down the calls that ``event`` makes due. Call it inside the change's transaction."""
    actions = webhook_actions.CAUSED_BY.get(type(event))
    if not actions:
        return
    listeners = WebhookListener.objects.filter(
        organization_id=event.organization_id, action__in=actions
    ).values_list("action", "webhook_id", "endpoint_id")
    if not listeners:
        return
    packed = domain_events.pack(event)
    cause = domain_events.cause()
    now = clock.now()
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            organization_id=event.organization_id,
            action=action,
            webhook_id=webhook_id,
            endpoint_id=endpoint_id,
            event=packed,
            cause=cause.record() if cause else {},
            occurred_at=now,
            due_at=now,
        )
        for action, webhook_id, endpoint_id in listeners
    )
