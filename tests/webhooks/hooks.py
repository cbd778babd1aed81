"""An application that hears of things by webhooks, and what the calls to it say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from chatplatform.api.versions import VERSIONS
from chatplatform.models import Application, Organization, Webhook, WebhookDelivery
from chatplatform.services import authentication
from chatplatform.webhook_actions import ACTIONS
from tests import make
from tests.world import User
from webhooks.calls import Composed, Unready, composed

Body = dict[str, Any]


def in_each_version(action: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test, which takes ``version``, in every version that has the webhook."""
    found = [version for version in VERSIONS if ACTIONS[action].exists(version)]
    mark: Callable[[Callable[..., None]], Callable[..., None]] = pytest.mark.parametrize(
        "version", found
    )
    return mark


def client_of(user: User) -> str:
    """Return the client id of a user's token."""
    if user.api == "customer":
        return authentication.identify_customer(user.credentials, "127.0.0.1").client_id
    return authentication.authenticate_agent(user.credentials).client_id


def requester(user: User) -> dict[str, str]:
    """Return who changed the configuration, as calls name them."""
    who = authentication.authenticate_agent(user.credentials)
    return {
        "user_id": who.public_id,
        "account_id": str(who.account_id),
        "client_id": who.client_id,
    }


class Hooks:
    """The webhooks of one application; what its calls say is read without sending them."""

    def __init__(self, organization: Organization, application: Application | None = None) -> None:
        self.organization = organization
        self.application = application or make.application(organization)

    def listen(self, action: str, version: str = VERSIONS[-1], **more: Any) -> Webhook:
        """Register a webhook that asks for everything there is besides, unless told otherwise."""
        more.setdefault("additional_data", ACTIONS[action].additional_data)
        return make.webhook(self.application, action, version=version, **more)

    def bodies(self) -> list[Body]:
        """Return what the calls say that are owed so far, in order, but for those kept back."""
        owed = WebhookDelivery.objects.filter(webhook__application=self.application)
        calls = composed(list(owed.select_related(None).order_by("id"))).values()
        assert not [call for call in calls if isinstance(call, Unready)]
        return [
            orjson.loads(orjson.dumps(call.body)) for call in calls if isinstance(call, Composed)
        ]

    def body(self) -> Body:
        """Return what the only call says."""
        (found,) = self.bodies()
        return found

    def payloads(self) -> list[Any]:
        """Return their payloads."""
        return [body["payload"] for body in self.bodies()]

    def expected(self, webhook: Webhook, payload: Any, **more: Any) -> Body:
        """Return the whole body of a call; ``more`` are what not every call has."""
        return {
            "webhook_id": webhook.id,
            "action": webhook.action,
            "organization_id": str(self.organization.id),
            "payload": payload,
            "additional_data": {},
            **more,
        }
