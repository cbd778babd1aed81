"""Webhooks as tests register them, and what they are to hear of."""

from __future__ import annotations

from typing import Any

from chatplatform.models import Application, WebhookDelivery

URL = "https://hooks.example.com/chat"
SECRET = "laudla991lamda0pnoaa0"
STATE_ACTIONS = (
    "enable_license_webhooks",
    "disable_license_webhooks",
    "get_license_webhooks_state",
)


def wanted(shop: Application, action: str = "incoming_event", **more: Any) -> dict[str, Any]:
    """Return a registration."""
    asked = {
        "action": action,
        "secret_key": SECRET,
        "url": URL,
        "owner_client_id": shop.client_id,
        "type": "license",
    }
    return {**asked, **more}


def owed(webhook_id: str) -> list[str]:
    """Return the actions of which a webhook is or was to hear, in order."""
    rows = WebhookDelivery.objects.filter(webhook=webhook_id).order_by("id")
    return list(rows.values_list("action", flat=True))


def named(shop: Application) -> dict[str, str]:
    """Return what names an application as the owner."""
    return {"owner_client_id": shop.client_id}
