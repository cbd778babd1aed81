"""Registering webhooks, and whether a licence's are sent (protocol.md 7).

A registration belongs to an application and serves every licence that has it. It is never changed:
whoever wants another takes it away and registers anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from django.db import transaction

from chatplatform.errors import LimitReached, NotFound, Validation
from chatplatform.models import (
    Application,
    Installation,
    Webhook,
    WebhookDelivery,
    WebhookEndpoint,
)
from chatplatform.models.webhooks import WebhookKind
from chatplatform.net import addresses
from chatplatform.records import Record
from chatplatform.services import audit, webhook_listeners
from chatplatform.services.bot_templates import lock_application
from chatplatform.webhook_actions import ACTIONS, Filters

MAX_PER_ACTION: Final = 3
MAX_URL: Final = addresses.MAX_REGISTERED_URL
MAX_SECRET: Final = 500
MAX_DESCRIPTION: Final = 1024


class Registration(NamedTuple):
    """What a webhook is registered with. ``kind`` is one of ``WebhookKind``."""

    action: str
    url: str
    secret_key: str
    kind: str
    filters: Filters
    additional_data: tuple[str, ...] = ()
    description: str = ""


# --- which there are --------------------------------------------------------------------------


def register_webhook(owner: Application, wanted: Registration, version: str) -> Webhook:
    """Let ``owner`` hear of an action, on every licence that has it installed, from now on.

    ``version`` is the wire version the bodies will have. An address that had answered 410 is
    called again. Raise :class:`Validation` for an address that is none, and for an action, filter
    or additional data that ``version`` does not have; :class:`LimitReached` for a fourth webhook
    of one action. Locks the application, then its installations.
    """
    _check(wanted, version)
    with transaction.atomic():
        application = lock_application(owner)
        known = Webhook.objects.filter(application=application, action=wanted.action)
        if known.count() >= MAX_PER_ACTION:
            raise LimitReached(f"An application has {MAX_PER_ACTION} webhooks of an action at most")
        webhook = Webhook.objects.create(
            application=application,
            endpoint=_endpoint(application, wanted.url),
            action=wanted.action,
            kind=wanted.kind,
            secret_key=wanted.secret_key,
            description=wanted.description,
            filters=wanted.filters,
            additional_data=list(wanted.additional_data),
            version=version,
        )
        webhook_listeners.refresh(application)
        audit.record(
            application.organization_id,
            "register_webhook",
            "webhook",
            webhook.pk,
            after=_record(webhook, application),
        )
    return webhook


def unregister_webhook(owner: Application, webhook_id: str) -> None:
    """Take a webhook of ``owner`` away: what waits for it is not sent any more.

    A call that is under way is not broken off. What was sent, or given up, can no longer be read,
    and the worker clears it. Raise :class:`NotFound`, for others' webhooks too. Locks the
    application, the endpoint, then the installations.
    """
    with transaction.atomic():
        application = lock_application(owner)
        webhook = Webhook.objects.filter(application=application, pk=webhook_id).first()
        if webhook is None:
            raise NotFound("Webhook not found")
        # In the order in which an endpoint that is gone is disabled, and not against keys.
        endpoints = WebhookEndpoint.objects.select_for_update(no_key=True)
        endpoint = endpoints.get(pk=webhook.endpoint_id)
        webhook_listeners.lock(application)
        audit.record(
            application.organization_id,
            "unregister_webhook",
            "webhook",
            webhook_id,
            before=_record(webhook, application),
        )
        _forget_waiting(webhook)
        webhook.delete()
        if not endpoint.webhooks.exists():
            endpoint.delete()


def _record(webhook: Webhook, owner: Application) -> Record:
    return {
        "action": webhook.action,
        "url": webhook.endpoint.url,
        "type": webhook.kind,
        "secret_key": webhook.secret_key,
        "description": webhook.description,
        "filters": webhook.filters,
        "additional_data": webhook.additional_data,
        "version": webhook.version,
        "owner_client_id": owner.client_id,
    }


def _check(wanted: Registration, version: str) -> None:
    action = ACTIONS.get(wanted.action)
    if action is None or not action.exists(version):
        raise Validation(f"`action`: there is no such webhook in version {version}")
    if unknown := wanted.filters.keys() - set(action.filters):
        raise Validation(f"`filters`: {wanted.action} can not be narrowed by {_names(unknown)}")
    if unknown := set(wanted.additional_data) - set(action.additional_data):
        raise Validation(f"`additional_data`: {wanted.action} has no {_names(unknown)}")
    if wanted.kind not in WebhookKind.values:
        raise Validation("`type` is `bot` or `license`")
    if not 0 < len(wanted.secret_key) <= MAX_SECRET:
        raise Validation(f"`secret_key` has 1 to {MAX_SECRET} characters")
    _check_url(wanted.url)


def _check_url(url: str) -> None:
    """Raise :class:`Validation` for what is no address. Where it leads is looked at when called."""
    if not addresses.acceptable(url):
        what = f"a web address of at most {MAX_URL} characters, without user and password"
        raise Validation(f"`url` must be {what}")


def _names(found: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(found))


def _endpoint(application: Application, url: str) -> WebhookEndpoint:
    """Return the endpoint at ``url``, called again if it had wished not to be."""
    endpoint, _ = WebhookEndpoint.objects.get_or_create(application=application, url=url)
    if endpoint.disabled_at is not None:
        fresh = WebhookEndpoint()
        endpoint.disabled_at, endpoint.failing_since = None, None
        endpoint.failures, endpoint.open_at = 0, fresh.open_at
        endpoint.save(update_fields=["disabled_at", "failing_since", "failures", "open_at"])
    return endpoint


def _forget_waiting(webhook: Webhook) -> None:
    """Delete what is owed, with its attempts; the rows are locked first, as workers do."""
    waiting = WebhookDelivery.objects.filter(webhook=webhook, state=WebhookDelivery.State.WAITING)
    list(waiting.select_for_update().order_by("id").values_list("id", flat=True))
    waiting.only("pk").delete()


# --- whether a licence's are sent -----------------------------------------------------------------


def set_license_webhooks(installation: Installation, enabled: bool) -> None:
    """Let an application's license webhooks tell of a licence, or of nothing on it, from now on.

    It holds until something else is said, also when the application is removed and installed
    again. What is owed already is still sent. Raise :class:`NotFound` where it was removed
    meanwhile. Locks the installation.
    """
    application, organization_id = installation.application, installation.organization_id
    with transaction.atomic():
        (locked,) = webhook_listeners.lock(application, organization_id)
        if locked.removed_at is not None:
            raise NotFound("The application is not installed on the licence")
        if locked.webhooks_enabled is not enabled:
            locked.webhooks_enabled = enabled
            locked.save(update_fields=["webhooks_enabled"])
            audit.record(
                organization_id,
                "enable_license_webhooks" if enabled else "disable_license_webhooks",
                "application",
                application.client_id,
                before={"webhooks_enabled": not enabled},
                after={"webhooks_enabled": enabled},
            )
            webhook_listeners.refresh(application, organization_id)
