"""Working hours as tests write them, and what is seen of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatplatform.models import Agent
from chatplatform.selectors import people
from chatplatform.services import agents, bots, working_hours
from tests.world import User, World

Travel = Callable[[str], None]
BEFORE = "2026-03-04T08:00:00Z"
"""A Wednesday, an hour before work begins."""
ACCEPTING, NOT_ACCEPTING = "accepting_chats", "not_accepting_chats"
OFFICE = "wednesday 09:00-17:00"


def week(*intervals: str, timezone: str = "") -> dict[str, Any]:
    """Return working hours: ``day HH:MM-HH:MM``, with ``off`` behind what is not enabled."""
    schedule = []
    for text in intervals:
        day, hours, *off = text.split()
        start, end = hours.split("-")
        schedule.append({"day": day, "enabled": not off, "start": start, "end": end})
    return {"timezone": timezone, "schedule": schedule}


def works(world: World, user: User, *intervals: str, timezone: str = "") -> None:
    """Give an agent working hours."""
    values: Any = {"work_scheduler": week(*intervals, timezone=timezone)}
    world.act(lambda: agents.update_agent(row(user).organization_id, user.id, values))


def bot_works(world: World, bot_id: str, *intervals: str) -> None:
    """Give a bot working hours."""
    values: Any = {"work_scheduler": week(*intervals)}
    organization_id = Agent.objects.get(public_id=bot_id).organization_id
    world.act(lambda: bots.update_bot(organization_id, bot_id, values))


def row(user: User) -> Agent:
    """Return an agent as it is stored."""
    return Agent.objects.get(public_id=user.id)


def status(user: User | str) -> str:
    """Return what others see of an agent, or of a bot by its id."""
    wanted = user if isinstance(user, str) else user.id
    organization_id = Agent.objects.get(public_id=wanted).organization_id
    (found,) = (
        one["status"]
        for one in people.routing_statuses(organization_id, [])
        if one["agent_id"] == wanted
    )
    return str(found)


def choose(world: World, user: User, chosen: str) -> None:
    """Let an agent choose a status by hand, with a token that has not expired."""
    world.as_agent(row(user)).call("set_routing_status", agent_id=user.id, status=chosen)


def work(world: World) -> None:
    """Let the worker look once."""
    world.act(working_hours.switch_due)
