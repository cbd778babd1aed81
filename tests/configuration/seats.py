"""Agents with the tokens they configure by, and what is shown of them."""

from __future__ import annotations

from typing import Any

from chatplatform.models import Agent
from tests import make
from tests.world import User, World

WEEK: dict[str, Any] = {
    "timezone": "Europe/Warsaw",
    "schedule": [
        {"day": "monday", "enabled": True, "start": "08:00", "end": "12:30"},
        {"day": "monday", "enabled": True, "start": "13:30", "end": "16:00"},
        {"day": "friday", "enabled": False, "start": "08:00", "end": "16:00"},
    ],
}


def row(user: User) -> Agent:
    """Return an agent as it is stored."""
    return Agent.objects.get(public_id=user.id)


def narrowed(user: User, *scopes: str) -> User:
    """Return the same agent with a token of these scopes."""
    return user.world.as_agent(row(user), scopes=scopes).configuration


def configured(reader: User, agent_id: str, *fields: str) -> dict[str, Any]:
    """Return what ``get_agent`` answers."""
    found: dict[str, Any] = reader.configuration.call("get_agent", id=agent_id, fields=list(fields))
    return found


def in_person(world: World, seat: Agent, scopes: list[str] | None = None) -> User:
    """Return an agent with a personal access token, which belongs to no application."""
    credentials = make.basic(seat, make.pat(seat, scopes))
    return User(world, "configuration", credentials, seat.organization_id)
