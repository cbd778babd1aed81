"""Samples of the actions about bots and their templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chatplatform.models import Application
from chatplatform.services import bot_templates, bots

if TYPE_CHECKING:
    from tests.samples import Scene


def furnish(scene: Scene) -> dict[str, str | int]:
    """Make what the samples are about; return the ids by role, each of its own name.

    ``bot`` and ``bot_template`` belong to ``bot_owner``, the application of everybody's tokens.
    """
    owner = Application.objects.get(
        organization=scene.organization, purpose=Application.Purpose.INTEGRATION
    )
    bot = bots.create_bot(
        owner, f"{scene.label} bot", secret=_secret(scene), groups=[{"id": 0, "priority": "first"}]
    )
    template = bot_templates.create_template(owner, f"{scene.label} template").template
    return {
        "bot": bot.agent.public_id,
        "bot_template": template.pk,
        "bot_owner": owner.client_id,
    }


def _secret(scene: Scene) -> str:
    return f"{scene.label} bot's secret"


_LOOKS: dict[str, Any] = {
    "name": "New",
    "avatar": "https://example.com/bot.png",
    "max_chats_count": 10,
    "default_group_priority": "first",
    "job_title": "Assistant",
}


def _chosen(s: Scene) -> dict[str, Any]:
    return {
        **_LOOKS,
        "groups": [{"id": s.group.number, "priority": "last"}],
        "type": "chatbot",
        "work_scheduler": {
            "timezone": "Europe/Warsaw",
            "schedule": [{"day": "monday", "enabled": True, "start": "08:00", "end": "16:00"}],
        },
    }


_FIELDS = ["groups", "work_scheduler", "job_title", "max_chats_count", "timezone"]

SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "create_bot": lambda s: {**_chosen(s), "owner_client_id": s.things["bot_owner"]},
    "update_bot": lambda s: {**_chosen(s), "id": s.things["bot"]},
    "delete_bot": lambda s: {"id": s.things["bot"]},
    "list_bots": lambda s: {"all": False, "fields": _FIELDS},
    "get_bot": lambda s: {"id": s.things["bot"], "fields": _FIELDS},
    "reset_bot_secret": lambda s: {
        "id": s.things["bot"],
        "owner_client_id": s.things["bot_owner"],
    },
    "issue_bot_token": lambda s: {
        "bot_id": s.things["bot"],
        "client_id": s.things["bot_owner"],
        "bot_secret": _secret(s),
        "organization_id": str(s.organization.pk),
    },
    "create_bot_template": lambda s: {
        **_LOOKS,
        "owner_client_id": s.things["bot_owner"],
        "affect_existing_installations": True,
    },
    "update_bot_template": lambda s: {**_one_template(s), **_LOOKS},
    "delete_bot_template": lambda s: _one_template(s),
    "list_bot_templates": lambda s: {"owner_client_id": s.things["bot_owner"]},
    "reset_bot_template_secret": lambda s: _one_template(s),
    "batch_create_bots": lambda s: {"requests": [_LOOKS]},
    "batch_update_bots": lambda s: {"requests": [{"id": s.things["bot"], "name": "New"}]},
    "batch_delete_bots": lambda s: {"requests": [{"id": s.things["bot"]}]},
}


def _one_template(s: Scene) -> dict[str, Any]:
    return {
        "id": s.things["bot_template"],
        "owner_client_id": s.things["bot_owner"],
        "affect_existing_installations": True,
    }


CALLERS: dict[str, str] = {}
"""Who calls a sample, where it is not Ann, the administrator."""
