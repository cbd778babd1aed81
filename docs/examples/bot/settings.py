"""What the bot is told about its surroundings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Where the platform is, as whom the bot is set up, and where it listens."""

    host: str
    organization_id: str
    client_id: str
    account_id: str
    personal_access_token: str
    url: str
    port: int
    state: Path
    authority: str | None

    @classmethod
    def from_environment(cls) -> Settings:
        """Read them; raise ``KeyError`` for one that is missing."""
        given = os.environ
        return cls(
            host=given["CHAT_HOST"],
            organization_id=given["CHAT_ORGANIZATION_ID"],
            client_id=given["CHAT_CLIENT_ID"],
            account_id=given["CHAT_ACCOUNT_ID"],
            personal_access_token=given["CHAT_PAT"],
            url=given["BOT_URL"],
            port=int(given["BOT_PORT"]),
            state=Path(given.get("BOT_STATE", "bot.json")),
            authority=given.get("CHAT_CA"),
        )
