"""The bot's place on the platform: itself, its tokens, its webhooks, and calls in its name."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from livechat.agent.web.base import AgentWeb
from livechat.configuration.base import ConfigurationApi
from settings import Settings

VERSION = "3.6"
UNAUTHORIZED = 401


class Refused(Exception):
    """The platform said no. ``type`` is its word for it, ``status`` the HTTP status."""

    def __init__(self, action: str, status: int, type_: str, message: str) -> None:
        super().__init__(f"{action}: {type_}: {message}")
        self.status = status
        self.type = type_


@dataclass
class State:
    """What the bot must know again when it starts anew; ``webhooks`` are the ids of its own."""

    bot_id: str
    bot_secret: str
    webhook_secret: str
    webhooks: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> State | None:
        """Return what was kept, if anything was."""
        return cls(**json.loads(path.read_text())) if path.exists() else None

    def write(self, path: Path) -> None:
        """Keep it where nobody else reads it."""
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file, indent=2)


class Desk:
    """A bot that is there, made on first use. Calls raise :class:`Refused`."""

    def __init__(self, settings: Settings) -> None:
        """Find the bot of the state file or make one, and get a token for it."""
        self._settings = settings
        pair = f"{settings.account_id}:{settings.personal_access_token}"
        self._configuration = ConfigurationApi.get_client(
            f"Basic {base64.b64encode(pair.encode()).decode()}",
            version=VERSION,
            base_url=settings.host,
            verify=settings.authority or True,
            disable_logging=True,
        )
        self._state = State.read(settings.state) or self._create_bot()
        self._agent = AgentWeb.get_client(
            self._issue_token(),
            version=VERSION,
            base_url=settings.host,
            verify=settings.authority or True,
            disable_logging=True,
        )

    @property
    def bot_id(self) -> str:
        """The bot's id, which is also its author id in chats."""
        return self._state.bot_id

    @property
    def webhook_secret(self) -> str:
        """What proves that a webhook comes from the platform."""
        return self._state.webhook_secret

    def call(self, action: str, /, **payload: Any) -> Any:
        """Call an action of the Agent Chat API as the bot, with a new token if the old is over."""
        try:
            return _ask(self._agent, action, payload)
        except Refused as refused:
            if refused.status != UNAUTHORIZED:
                raise
        self._agent.modify_header({"Authorization": self._issue_token()})
        return _ask(self._agent, action, payload)

    def go(self, status: str) -> None:
        """Choose whether the bot is given chats: ``accepting_chats``, …, ``offline``."""
        self.call("set_routing_status", agent_id=self.bot_id, status=status)

    def register_webhooks(self, actions: list[str]) -> None:
        """Have the bot's URL called for these actions; those there already stay as they are."""
        owner = self._settings.client_id
        missing = set(actions)
        for webhook in self._configure("list_webhooks", owner_client_id=owner):
            if webhook["url"] != self._settings.url:
                continue
            if webhook["id"] in self._state.webhooks and webhook["action"] in missing:
                missing.remove(webhook["action"])
            else:  # of a bot whose secret nobody knows any more
                self._configure("unregister_webhook", id=webhook["id"], owner_client_id=owner)
        for action in sorted(missing):
            self._state.webhooks.append(self._register(action)["id"])
            self._state.write(self._settings.state)

    def _register(self, action: str) -> Any:
        of_customers = {"author_type": "customer"} if action == "incoming_event" else None
        return self._configure(
            "register_webhook",
            action=action,
            url=self._settings.url,
            secret_key=self.webhook_secret,
            owner_client_id=self._settings.client_id,
            type="bot",
            filters=of_customers,
            description="The example bot",
        )

    def _create_bot(self) -> State:
        made = self._configure(
            "create_bot",
            name="Robin",
            default_group_priority="first",  # asked before any person is
            max_chats_count=50,
            owner_client_id=self._settings.client_id,
        )
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        state = State(made["id"], made["secret"], f"whsec_{key}")
        state.write(self._settings.state)
        return state

    def _issue_token(self) -> str:
        issued = self._configure(
            "issue_bot_token",
            bot_id=self._state.bot_id,
            bot_secret=self._state.bot_secret,
            client_id=self._settings.client_id,
            organization_id=self._settings.organization_id,
        )
        return f"Bearer {issued['token']}"

    def _configure(self, action: str, /, **payload: Any) -> Any:
        return _ask(self._configuration, action, payload)


def _ask(client: Any, action: str, payload: dict[str, Any]) -> Any:
    """Call the SDK's method of an action; return what is answered."""
    response = getattr(client, action)(**payload)
    body = response.json()
    if response.status_code != 200:
        error = body["error"]
        raise Refused(action, response.status_code, error["type"], error["message"])
    return body
