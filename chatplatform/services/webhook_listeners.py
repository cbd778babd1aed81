"""Which webhooks listen on which licence, kept up to date with everything that decides it.

A webhook listens while its application is installed and its endpoint not disabled; one of kind
``license`` while license webhooks are enabled there, one of kind ``bot`` while a bot of the
application on that licence is not offline (protocol.md 7). Whatever changes one of these calls
:func:`refresh` in its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from chatplatform.models import Application, Bot, Installation, Webhook, WebhookListener
from chatplatform.models.people import RoutingStatus
from chatplatform.models.webhooks import WebhookKind


def refresh(application: Application, organization_id: UUID | None = None) -> None:
    """Work out anew who listens, on one licence or on all that have the application.

    Locks the installations (:func:`lock`); only then is read what decides, so that of two changes
    at a time the later one sees the other.
    """
    with transaction.atomic():
        installations = lock(application, organization_id)
        webhooks = list(Webhook.objects.filter(application=application, endpoint__disabled_at=None))
        for installation in installations:
            kinds = _kinds(installation)
            _replace(installation, [one for one in webhooks if one.kind in kinds])


def lock(application: Application, organization_id: UUID | None = None) -> list[Installation]:
    """Keep who listens as it is until commit: lock the installations, in the order of their ids.

    No organisation's lock may be taken after it.
    """
    rows = Installation.objects.select_for_update(of=("self",)).filter(application=application)
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    return list(rows.order_by("id"))


def _kinds(installation: Installation) -> set[str]:
    """Return which kinds of webhooks listen on a licence."""
    if installation.removed_at is not None:
        return set()
    found: set[str] = set()
    if installation.webhooks_enabled:
        found.add(WebhookKind.LICENSE)
    if _has_working_bot(installation):
        found.add(WebhookKind.BOT)
    return found


def _has_working_bot(installation: Installation) -> bool:
    bots = Bot.objects.filter(
        owner_id=installation.application_id,
        agent__organization_id=installation.organization_id,
        agent__deleted_at=None,
    )
    return bots.exclude(agent__routing_status=RoutingStatus.OFFLINE).exists()


def _replace(installation: Installation, listening: Iterable[Webhook]) -> None:
    rows = WebhookListener.objects.filter(
        organization_id=installation.organization_id,
        webhook__application_id=installation.application_id,
    )
    wanted = {webhook.id: webhook for webhook in listening}
    rows.exclude(webhook__in=wanted).delete()
    known = set(rows.values_list("webhook_id", flat=True))
    WebhookListener.objects.bulk_create(
        WebhookListener(
            organization_id=installation.organization_id,
            action=webhook.action,
            webhook=webhook,
            endpoint_id=webhook.endpoint_id,
        )
        for webhook_id, webhook in wanted.items()
        if webhook_id not in known
    )
