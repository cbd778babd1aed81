"""Samples of the actions about webhooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chatplatform import ids
from chatplatform.models import AccessToken, Agent, Application
from tests import make

if TYPE_CHECKING:
    from tests.samples import Scene


def furnish(scene: Scene) -> dict[str, str | int]:
    """Register webhooks of the application of Ann's token, whose one call was given up."""
    ann = Agent.objects.get(organization=scene.organization, public_id=scene.ann.id)
    token = AccessToken.objects.filter(user=ann.account).latest("pk")
    owner = Application.objects.get(pk=token.application_id)
    url = f"https://{scene.label}.example.com/hooks"
    webhook = make.webhook(owner, "bot_created", url=url, description=scene.label)
    delivery = make.delivery(scene.organization, webhook, answer=scene.label)
    return {
        "webhook_owner": owner.client_id,
        "webhook": webhook.id,
        "delivery": ids.delivery_id(delivery.pk),
    }


def _owner(scene: Scene, **more: Any) -> dict[str, Any]:
    return {"owner_client_id": scene.things["webhook_owner"], **more}


SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "register_webhook": lambda s: _owner(
        s,
        action="incoming_event",
        secret_key="secret",
        url="https://hooks.example.com/chat?from=here",
        additional_data=["chat_properties", "chat_presence_user_ids"],
        description="Everything customers say to us",
        filters={
            "author_type": "customer",
            "only_my_chats": False,
            "chat_presence": {"user_ids": {"values": ["agent@example.com"]}, "my_bots": False},
            "source_type": ["my_client", "other_clients", "system"],
        },
        type="license",
    ),
    "list_webhooks": _owner,
    "unregister_webhook": lambda s: _owner(s, id=s.things["webhook"]),
    "list_webhook_names": lambda s: {"version": "3.7"},
    "enable_license_webhooks": _owner,
    "disable_license_webhooks": _owner,
    "get_license_webhooks_state": _owner,
    "list_webhook_deliveries": lambda s: _owner(
        s, webhook_id=s.things["webhook"], state="failed", limit=2
    ),
    "redeliver_webhook": lambda s: _owner(s, id=s.things["delivery"]),
}

CALLERS: dict[str, str] = {}
"""Who calls a sample, where it is not Ann, the administrator."""
