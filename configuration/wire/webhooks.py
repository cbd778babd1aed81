"""Webhooks, as they are registered and answered."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import TypedDict

from chatplatform import clock, ids, webhook_actions
from chatplatform.api.action import Request
from chatplatform.api.versions import NEWEST
from chatplatform.models import Webhook, WebhookAttempt, WebhookDelivery
from chatplatform.services.webhooks import MAX_DESCRIPTION, MAX_SECRET, MAX_URL
from chatplatform.webhook_actions import Filters, WebhookAction

MAX_IDS = 500
"""Users one filter may name."""

ClientId = Annotated[str, Field(min_length=1, max_length=100)]
WebhookId = Annotated[str, Field(min_length=1, max_length=32)]
ActionName = Annotated[
    str,
    Field(
        max_length=64,
        json_schema_extra={"enum": [one.name for one in webhook_actions.of_version(NEWEST)]},
    ),
]
UserIds = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=254)]],
    Field(min_length=1, max_length=MAX_IDS),
]
SourceType = Literal["my_client", "other_clients", "system"]
AdditionalData = Literal["chat_properties", "chat_presence_user_ids"]
Kind = Literal["bot", "license"]
State = Literal["waiting", "delivered", "failed"]


class _Exact(Request):
    """A request's part in which unknown fields are refused: a filter must not be lost."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class UserIdsInput(_Exact):
    """Users of a chat: one of these, or none of these."""

    values: UserIds | None = None
    exclude_values: UserIds | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> UserIdsInput:
        if (self.values is None) is (self.exclude_values is None):
            raise ValueError("give either `values` or `exclude_values`")
        return self


class ChatPresenceInput(_Exact):
    """Who is in the chat; ``my_bots``: a bot of the webhook's owner."""

    user_ids: UserIdsInput | None = None
    my_bots: bool | None = None


class FiltersInput(_Exact):
    """What a webhook is narrowed by; each action has its own of these."""

    author_type: Literal["customer", "agent"] | None = None
    only_my_chats: bool | None = None
    chat_presence: ChatPresenceInput | None = None
    source_type: Annotated[list[SourceType], Field(min_length=1, max_length=3)] | None = None
    agent_ids: UserIds | None = None

    def chosen(self) -> Filters:
        """Return the filters that were given."""
        found: Filters = self.model_dump(exclude_none=True)  # type: ignore[assignment]
        return found


class RegisterWebhook(Request):
    """``register_webhook``; ``type`` says when it fires: always, or while a bot is there."""

    action: ActionName
    secret_key: Annotated[str, Field(min_length=1, max_length=MAX_SECRET)]
    url: Annotated[str, Field(max_length=MAX_URL)]
    additional_data: Annotated[list[AdditionalData], Field(max_length=2)] = []
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION)] = ""
    filters: FiltersInput = FiltersInput()
    owner_client_id: ClientId
    type: Kind


class RegisteredShape(TypedDict):
    """``register_webhook``'s answer."""

    id: str


class WebhookShape(TypedDict):
    """A webhook; its secret is shown to nobody."""

    id: str
    url: str
    description: str
    action: str
    filters: Filters
    owner_client_id: str
    type: str


def webhook_shape(webhook: Webhook, owner_client_id: str) -> WebhookShape:
    """Return a webhook, its endpoint read along, as it is answered."""
    return {
        "id": webhook.id,
        "url": webhook.endpoint.url,
        "description": webhook.description,
        "action": webhook.action,
        "filters": webhook.filters,
        "owner_client_id": owner_client_id,
        "type": webhook.kind,
    }


class NameShape(TypedDict):
    """A webhook there is: what narrows it, and what can be asked for besides."""

    action: str
    filters: list[str]
    additional_data: NotRequired[list[str]]


def name_shape(action: WebhookAction) -> NameShape:
    """Return what ``list_webhook_names`` says of a webhook."""
    found: NameShape = {"action": action.name, "filters": list(action.filters)}
    if action.additional_data:
        found["additional_data"] = list(action.additional_data)
    return found


class StateShape(TypedDict):
    """``get_license_webhooks_state``'s answer."""

    license_webhooks_enabled: bool


class AttemptShape(TypedDict):
    """One try; ``status`` is that of the answer, ``error`` why there was none."""

    started_at: str
    seconds: float
    status: NotRequired[int]
    answer: NotRequired[str]
    error: NotRequired[str]


class DeliveryShape(TypedDict):
    """What is or was owed to a webhook.

    ``next_attempt_at`` stands there while it waits, ``given_up`` says for people why it failed.
    """

    id: str
    webhook_id: str
    action: str
    state: str
    attempts: list[AttemptShape]
    occurred_at: str
    next_attempt_at: NotRequired[str]
    given_up: NotRequired[str]


def delivery_shape(delivery: WebhookDelivery) -> DeliveryShape:
    """Return a delivery, endpoint and attempts read along, as it is answered."""
    found: DeliveryShape = {
        "id": ids.delivery_id(delivery.pk),
        "webhook_id": delivery.webhook_id,
        "action": delivery.action,
        "state": delivery.state,
        "attempts": [_attempt_shape(one) for one in delivery.attempts.all()],
        "occurred_at": clock.to_wire(delivery.occurred_at),
    }
    if delivery.state == WebhookDelivery.State.WAITING and delivery.endpoint.disabled_at is None:
        due_at = max(delivery.due_at, delivery.endpoint.open_at)
        found["next_attempt_at"] = clock.to_wire(due_at)
    if delivery.given_up:
        found["given_up"] = delivery.given_up
    return found


def _attempt_shape(attempt: WebhookAttempt) -> AttemptShape:
    found: AttemptShape = {
        "started_at": clock.to_wire(attempt.started_at),
        "seconds": attempt.seconds,
    }
    if attempt.status is not None:
        found["status"] = attempt.status
    if attempt.answer:
        found["answer"] = attempt.answer
    if attempt.error:
        found["error"] = attempt.error
    return found
