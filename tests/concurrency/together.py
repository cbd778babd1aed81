"""What lets threads do things at the same time, each with a connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from chatplatform.models import Agent, Chat, Organization
from tests.world import Refused


def at_once(*doings: Callable[[], Any]) -> list[Any]:
    """Do things in threads that begin together; return what came out, refusals as their types."""
    barrier = threading.Barrier(len(doings))

    def run(do: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return do()
        except Refused as refused:
            return refused.type
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(doings)) as pool:
        return list(pool.map(run, doings))


def loads(acme: Organization) -> dict[str, int]:
    """Return how many running chats each agent has."""
    found = {agent.name: 0 for agent in Agent.objects.filter(organization=acme)}
    names = {agent.public_id: agent.name for agent in Agent.objects.filter(organization=acme)}
    for chat in Chat.objects.filter(organization=acme, active_thread_id__isnull=False):
        for user_id, participant in chat.participants.items():
            if user_id in names and participant["present"]:
                found[names[user_id]] += 1
    return found
