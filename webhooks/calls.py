"""What the calls that are owed say: an event, as a webhook is told of it.

The sender (``manage.py worker``) takes deliveries in batches; all of a batch is composed together,
so that it costs four queries, whatever its size and whoever hears of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chatplatform import domain_events, properties, webhook_actions
from chatplatform.api import owned, versions
from chatplatform.api.versions.structures import PAYLOAD
from chatplatform.domain_events import DomainEvent, Record
from chatplatform.domain_events.chats import UserRemovedFromChat
from chatplatform.models import Webhook, WebhookDelivery
from chatplatform.properties import DEFAULTS, Definitions, Properties
from chatplatform.selectors import properties as property_selectors
from chatplatform.selectors import webhook_calls
from chatplatform.selectors.webhook_calls import ChatKey, LicenseKey
from chatplatform.webhook_actions import ACTIONS
from webhooks import filters, payloads  # noqa: F401 - importing registers the payloads
from webhooks.filters import Occasion
from webhooks.payload import payload_of


@dataclass(frozen=True, slots=True)
class Composed:
    """A call: where to, and what it says. The sender adds ``secret_key`` to the body."""

    url: str
    secret_key: str
    body: Record


@dataclass(frozen=True, slots=True)
class Unready:
    """A call that can not be composed here and now, though perhaps elsewhere or later.

    ``reason`` is for people. It stays owed, and holds up no other.
    """

    reason: str


Result = Composed | Unready | None
"""What became of composing a call; ``None``: there is nothing to send."""


def composed(deliveries: Sequence[WebhookDelivery]) -> dict[int, Result]:
    """Return the call of each delivery by its id; ``None``: there is nothing to send.

    That is where a filter keeps it back, the webhook is gone, or its version or its client has no
    word for what happened. A delivery that has its body already keeps it. At most four queries.
    """
    webhooks = webhook_calls.webhooks({one.webhook_id for one in deliveries})
    calls: dict[int, Result] = dict.fromkeys(one.pk for one in deliveries)
    owed: list[_Owed] = []
    for delivery in deliveries:
        webhook = webhooks.get(delivery.webhook_id)
        if webhook is None:
            continue
        if delivery.body is not None:
            calls[delivery.pk] = _to(webhook, delivery.body)
            continue
        event = _event_of(delivery)
        if isinstance(event, Unready):
            calls[delivery.pk] = event
        else:
            owed.append(_Owed(delivery, webhook, event))
    facts = _facts_of(owed)
    for one in owed:
        body = _body(one, facts)
        calls[one.delivery.pk] = None if body is None else _to(one.webhook, body)
    return calls


def _to(webhook: Webhook, body: Record) -> Composed | Unready:
    if webhook.secret_key is None:
        return Unready("its secret was stored under another SECRET_KEY")
    return Composed(webhook.endpoint.url, webhook.secret_key, body)


def _event_of(delivery: WebhookDelivery) -> DomainEvent | Unready:
    """Return what happened, unless a newer release wrote it, whose worker can read it."""
    try:
        event = domain_events.unpack(delivery.event)
    except (KeyError, TypeError):
        return Unready("what happened can not be read by this release")
    if delivery.action not in ACTIONS or type(event) not in ACTIONS[delivery.action].events:
        return Unready("this release knows no such webhook")
    return event


@dataclass(frozen=True, slots=True)
class _Owed:
    """A delivery with its webhook and what happened."""

    delivery: WebhookDelivery
    webhook: Webhook
    event: DomainEvent

    @property
    def chat(self) -> ChatKey | None:
        """The chat it is about, if it is about one."""
        chat_id: str = getattr(self.event, "chat_id", "")
        return (self.delivery.organization_id, chat_id) if chat_id else None

    @property
    def license(self) -> LicenseKey:
        """Whose bots are the webhook's own here."""
        return self.webhook.application_id, self.delivery.organization_id

    @property
    def looks_at_chat(self) -> bool:
        """Whether the properties of the chat matter."""
        return webhook_actions.CHAT_PROPERTIES in self.webhook.additional_data or bool(
            self.webhook.filters.get(webhook_actions.ONLY_MY_CHATS)
        )

    @property
    def looks_at_bots(self) -> bool:
        """Whether it matters which bots are the client's."""
        return bool(self.webhook.filters.get(webhook_actions.CHAT_PRESENCE, {}).get("my_bots"))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What was read for all calls of a batch. Chats that are gone are missing."""

    chats: dict[ChatKey, Properties]
    definitions: dict[UUID, Definitions]
    bots: dict[LicenseKey, set[str]]

    def chat_client_id(self, chat: ChatKey | None) -> str:
        """Return the client that started a chat; empty where that is not known."""
        stored = self.chats.get(chat, {}) if chat is not None else {}
        client_id: str = stored.get("source", {}).get("client_id", "")
        return client_id

    def chat_properties(self, chat: ChatKey, client_id: str) -> Properties:
        """Return a chat's properties as agents see them through a client."""
        definitions = self.definitions.get(chat[0], DEFAULTS)
        record = properties.shown(self.chats[chat], location="chat", definitions=definitions)
        shown: Properties = properties.revealed(record, client_id)["properties"]
        return shown


def _facts_of(owed: Iterable[_Owed]) -> _Facts:
    keys = {one.chat for one in owed if one.looks_at_chat and one.chat is not None}
    owners = {one.license for one in owed if one.looks_at_bots}
    chats = webhook_calls.properties_of_chats(keys) if keys else {}
    definitions = property_selectors.definitions_by_organization(
        (organization_id, stored) for (organization_id, _), stored in chats.items()
    )
    return _Facts(chats, definitions, webhook_calls.bots_of(owners) if owners else {})


def _body(owed: _Owed, facts: _Facts) -> Record | None:
    """Return the body in the webhook's version, without its secret; ``None``: nothing is sent."""
    delivery, webhook = owed.delivery, owed.webhook
    occasion = Occasion(
        event=owed.event,
        cause=delivery.cause,
        client_id=webhook.application.client_id,
        my_bots=facts.bots.get(owed.license, ()),
        chat_client_id=facts.chat_client_id(owed.chat),
    )
    if not filters.passes(webhook.filters, occasion):
        return None
    payload = _payload(owed)
    if payload is None:
        return None
    body: Record = {
        "webhook_id": webhook.pk,
        "action": delivery.action,
        "organization_id": str(delivery.organization_id),
        "payload": payload,
    }
    if ACTIONS[delivery.action].configures and delivery.cause:
        body["requester"] = delivery.cause
    body["additional_data"] = _additional_data(owed, facts)
    return versions.downgrade_webhook(delivery.action, webhook.version, body)


def _payload(owed: _Owed) -> Any:
    """Return the newest payload, as the webhook's client is shown it."""
    found = payload_of(owed.delivery.action, type(owed.event))
    payload = found.translate(owed.event)
    if payload is None:
        return None
    payload = owned.shown_to(owed.webhook.application.client_id, payload, PAYLOAD)
    return None if found.needs and not payload[found.needs] else payload


def _additional_data(owed: _Owed, facts: _Facts) -> Record:
    """Return what was asked for besides; empty for what is about no chat."""
    asked = owed.webhook.additional_data
    found: Record = {}
    if owed.chat is None:
        return found
    if webhook_actions.CHAT_PROPERTIES in asked and owed.chat in facts.chats:
        client_id = owed.webhook.application.client_id
        found[webhook_actions.CHAT_PROPERTIES] = facts.chat_properties(owed.chat, client_id)
    if webhook_actions.CHAT_PRESENCE_USER_IDS in asked:
        found[webhook_actions.CHAT_PRESENCE_USER_IDS] = _present(owed.event)
    return found


def _present(event: DomainEvent) -> list[str]:
    """Return who is in the chat after the change, in the order in which they first came."""
    participants = filters.participants_of(event) or {}
    left = event.user_id if isinstance(event, UserRemovedFromChat) else ""
    present = [
        (participant["order"], user_id)
        for user_id, participant in participants.items()
        if participant["present"] and user_id != left
    ]
    return [user_id for _, user_id in sorted(present)]
