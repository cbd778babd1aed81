"""Reading what the calls that are owed to webhooks need besides the event, for many at once."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from chatplatform.models import Bot, Chat, Webhook
from chatplatform.properties import Properties

ChatKey = tuple[UUID, str]
"""A chat's organisation and id."""
LicenseKey = tuple[int, UUID]
"""An application's key and an organisation."""


def webhooks(webhook_ids: Collection[str]) -> dict[str, Webhook]:
    """Return those of these webhooks that are still there, with endpoint and application."""
    rows = Webhook.objects.filter(id__in=webhook_ids).select_related("endpoint", "application")
    return {row.pk: row for row in rows}


def properties_of_chats(chats: Collection[ChatKey]) -> dict[ChatKey, Properties]:
    """Return what is stored of the properties of these chats, as far as they are still there."""
    rows = Chat.objects.filter(
        organization_id__in={organization_id for organization_id, _ in chats},
        id__in={chat_id for _, chat_id in chats},
    ).values_list("organization_id", "id", "properties")
    return {(organization_id, chat_id): held for organization_id, chat_id, held in rows}


def bots_of(owners: Collection[LicenseKey]) -> dict[LicenseKey, set[str]]:
    """Return the ids of each application's bots on each licence."""
    found: dict[LicenseKey, set[str]] = {owner: set() for owner in owners}
    rows = Bot.objects.filter(
        owner_id__in={application_id for application_id, _ in owners},
        agent__organization_id__in={organization_id for _, organization_id in owners},
    ).values_list("owner_id", "agent__organization_id", "agent__public_id")
    for application_id, organization_id, bot_id in rows:
        found.setdefault((application_id, organization_id), set()).add(bot_id)
    return found
