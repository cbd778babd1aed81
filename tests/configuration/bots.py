"""What makes no sense of a bot, and bots as users with tokens of their own."""

from __future__ import annotations

from typing import Any

from chatplatform.models import Application
from tests.world import User, World

BAD_VALUES: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "validation"),
    ({"name": " "}, "validation"),
    ({"name": "x" * 181}, "validation"),
    ({"avatar": "x" * 501}, "validation"),
    ({"max_chats_count": 501}, "validation"),
    ({"max_chats_count": 0}, "validation"),
    ({"max_chats_count": "6"}, "validation"),
    ({"default_group_priority": "sometimes"}, "validation"),
    ({"job_title": "x" * 181}, "validation"),
    ({"type": ""}, "validation"),
    ({"type": "x" * 65}, "validation"),
    ({"groups": [{"id": 0, "priority": "sometimes"}]}, "validation"),
    ({"groups": [{"priority": "first"}]}, "validation"),
    ({"groups": [{"id": 99, "priority": "first"}]}, "group_not_found"),
    ({"work_scheduler": {"schedule": []}}, "validation"),
    ({"work_scheduler": {"timezone": "Nowhere"}}, "validation"),
    (
        {
            "work_scheduler": {
                "timezone": "UTC",
                "schedule": [{"day": "monday", "enabled": True, "start": "9", "end": "10"}],
            }
        },
        "validation",
    ),
]
"""Each with the error it is refused with."""


def token_of(bot: dict[str, Any], shop: Application, **other: str) -> dict[str, str]:
    """Return what ``issue_bot_token`` is asked for a bot's token."""
    asked = {
        "bot_id": bot["id"],
        "client_id": shop.client_id,
        "bot_secret": bot["secret"],
        "organization_id": str(shop.organization_id),
    }
    return {**asked, **other}


def nobody(world: World) -> User:
    """Return who calls without a token."""
    return User(world, "configuration", "")


def as_bot(world: World, bot: dict[str, Any], shop: Application, *, version: str = "3.7") -> User:
    """Return a bot as a user of the Agent API, with a token it was issued."""
    token = nobody(world).call("issue_bot_token", **token_of(bot, shop))["token"]
    user = User(
        world, "agent", f"Bearer {token}", shop.organization_id, version=version, name="bot"
    )
    user.id = bot["id"]
    return user
