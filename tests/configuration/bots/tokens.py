"""Bots as users, with tokens they were issued."""

from __future__ import annotations

from typing import Any

from chatplatform.models import Application
from tests.world import User, World


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
