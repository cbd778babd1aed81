"""Configuration API: webhooks (protocol.md 7)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chatplatform import webhook_actions
from chatplatform.api import pagination, versions
from chatplatform.api.action import Context, Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire.shapes import Nothing
from chatplatform.errors import Validation
from chatplatform.requester import Requester
from chatplatform.selectors import webhooks as selectors
from chatplatform.services import redelivery, webhooks
from configuration.owner import installation, named_owner
from configuration.wire.webhooks import (
    ClientId,
    DeliveryShape,
    NameShape,
    RegisteredShape,
    RegisterWebhook,
    State,
    StateShape,
    WebhookId,
    WebhookShape,
    delivery_shape,
    name_shape,
    webhook_shape,
)

CONFIGURE = ("webhooks.configuration:rw",)
READ_STATE = ("webhooks.state:ro",)
WRITE_STATE = ("webhooks.state:rw",)

OWN_SINCE = "3.7"
"""The first version with what the protocol does not have: looking at deliveries, and repeating."""

DEFAULT_LIMIT, MAX_LIMIT = 25, 100


# --- which there are --------------------------------------------------------------------------


class OfOwner(Request):
    """A request about the webhooks of an application."""

    owner_client_id: ClientId


class OneWebhook(OfOwner):
    """``unregister_webhook``."""

    id: WebhookId


class ListNames(Request):
    """``list_webhook_names``; ``version`` is a wire version, the stable one unless given."""

    version: Annotated[str, Field(max_length=8)] = versions.STABLE


@action("configuration", scopes=CONFIGURE, rtm=None, writes=True)
def register_webhook(ctx: AgentContext, request: RegisterWebhook) -> RegisteredShape:
    """Let an application hear of an action; the calls will be in the version of this request."""
    owner = named_owner(ctx, request.owner_client_id)
    wanted = webhooks.Registration(
        action=request.action,
        url=request.url,
        secret_key=request.secret_key,
        kind=request.type,
        filters=request.filters.chosen(),
        additional_data=tuple(request.additional_data),
        description=request.description,
    )
    return {"id": webhooks.register_webhook(owner, wanted, ctx.version).id}


@action("configuration", scopes=CONFIGURE, rtm=None)
def list_webhooks(ctx: AgentContext, request: OfOwner) -> list[WebhookShape]:
    """List an application's webhooks."""
    owner = named_owner(ctx, request.owner_client_id)
    return [webhook_shape(one, owner.client_id) for one in selectors.webhooks_of(owner)]


@action("configuration", scopes=CONFIGURE, rtm=None, writes=True)
def unregister_webhook(ctx: AgentContext, request: OneWebhook) -> Nothing:
    """Take a webhook away, with whatever waits to be sent to it."""
    webhooks.unregister_webhook(named_owner(ctx, request.owner_client_id), request.id)
    return {}


@action("configuration", rtm=None, public=True)
def list_webhook_names(ctx: Context[Requester], request: ListNames) -> list[NameShape]:
    """List the webhooks that a version has."""
    if request.version not in versions.VERSIONS:
        raise Validation("`version`: there is no such version")
    return [name_shape(one) for one in webhook_actions.of_version(request.version)]


# --- whether a licence's are sent -----------------------------------------------------------------


class LicenseWebhooks(Request):
    """A request about an application on the licence, the token's own unless named."""

    owner_client_id: ClientId | None = None


@action("configuration", scopes=WRITE_STATE, rtm=None, writes=True)
def enable_license_webhooks(ctx: AgentContext, request: LicenseWebhooks) -> Nothing:
    """Send an application's license webhooks of the licence again."""
    webhooks.set_license_webhooks(installation(ctx, request.owner_client_id), True)
    return {}


@action("configuration", scopes=WRITE_STATE, rtm=None, writes=True)
def disable_license_webhooks(ctx: AgentContext, request: LicenseWebhooks) -> Nothing:
    """Send no license webhooks of the licence to an application any more."""
    webhooks.set_license_webhooks(installation(ctx, request.owner_client_id), False)
    return {}


@action("configuration", scopes=READ_STATE, rtm=None)
def get_license_webhooks_state(ctx: AgentContext, request: LicenseWebhooks) -> StateShape:
    """Tell whether an application's license webhooks of the licence are sent."""
    found = installation(ctx, request.owner_client_id)
    return {"license_webhooks_enabled": found.webhooks_enabled}


# --- what became of calls: the platform's own -----------------------------------------------------


class DeliveryFilters(Request):
    """Which deliveries are wanted."""

    webhook_id: WebhookId | None = None
    state: State | None = None


class ListDeliveries(OfOwner, DeliveryFilters):
    """``list_webhook_deliveries``; a ``page_id`` holds filters and limit."""

    limit: int | None = None
    page_id: Annotated[str, Field(max_length=4096)] | None = None


class DeliveriesShape(pagination.PageIds):
    """A page of deliveries, the newest first."""

    deliveries: list[DeliveryShape]


class OneDelivery(OfOwner):
    """``redeliver_webhook``."""

    id: Annotated[str, Field(min_length=1, max_length=64)]


@action("configuration", scopes=CONFIGURE, web=OWN_SINCE, rtm=None)
def list_webhook_deliveries(ctx: AgentContext, request: ListDeliveries) -> DeliveriesShape:
    """List the calls that were or are owed to an application, of what happened on the licence."""
    owner = named_owner(ctx, request.owner_client_id)
    page = pagination.read(
        ctx.requester,
        "list_webhook_deliveries",
        request,
        default_limit=DEFAULT_LIMIT,
        max_limit=MAX_LIMIT,
        filters=DeliveryFilters,
        subject=owner.client_id,
    )
    rows = selectors.page_of_deliveries(
        ctx.organization_id,
        owner,
        **page.filters.model_dump(),
        position=page.position,
        ascending=page.ascending,
        limit=page.limit + 1,
    )
    found, page_ids = pagination.finish(
        ctx.requester,
        "list_webhook_deliveries",
        page,
        rows,
        lambda delivery: [delivery.pk],
        subject=owner.client_id,
    )
    return {"deliveries": [delivery_shape(one) for one in found], **page_ids}


@action("configuration", scopes=CONFIGURE, web=OWN_SINCE, rtm=None, writes=True)
def redeliver_webhook(ctx: AgentContext, request: OneDelivery) -> Nothing:
    """Send a call again, whether or not it was taken; one that waits is left alone."""
    owner = named_owner(ctx, request.owner_client_id)
    redelivery.redeliver_webhook(ctx.organization_id, owner, request.id)
    return {}
