"""Chats and slots come and go at once: nobody has too many, and no chat is left alone."""

from collections.abc import Callable
from typing import Any

import pytest

from chatplatform import clock
from chatplatform.models import ConnectionLease, Event, Organization, Thread
from chatplatform.services import agents, presence, routing
from tests.concurrency.together import at_once, loads
from tests.world import User, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("_attempt", range(3))
def test_an_agents_limit_holds_and_the_others_wait_in_line(
    world: World, acme: Organization, _attempt: int
) -> None:
    world.agent(acme, "ann", limit=1, online=True)
    world.agent(acme, "bob", limit=2, online=True)
    customers = [world.customer(acme, f"c{number}") for number in range(7)]

    answers = at_once(*[lambda one=one: one.rtm("start_chat") for one in customers])

    assert all("chat_id" in answer for answer in answers)
    assert loads(acme) == {"Ann": 1, "Bob": 2}
    places = Thread.objects.filter(queued_at__isnull=False).values_list("queue_position", flat=True)
    assert sorted(places) == [1, 2, 3, 4]


def test_an_agent_who_joins_and_the_router_do_not_both_answer(
    world: World, acme: Organization
) -> None:
    """A waiting chat is taken by whoever comes first; the slot is not used up by the other."""
    bob = world.agent(acme, "bob", role="administrator", online=True, accepting=False)
    ann = world.agent(acme, "ann", limit=1, online=True, accepting=False)
    waiting = [
        world.customer(acme, f"c{number}").rtm("start_chat", {"continuous": True})["chat_id"]
        for number in range(3)
    ]

    at_once(
        lambda: bob.rtm(
            "add_user_to_chat",
            {
                "chat_id": waiting[0],
                "user_id": bob.id,
                "user_type": "agent",
                "visibility": "all",
                "ignore_requester_presence": True,
            },
        ),
        lambda: ann.rtm("set_routing_status", {"status": "accepting_chats"}),
    )

    assert loads(acme)["Ann"] == 1
    assert loads(acme)["Bob"] == 1


def test_several_workers_hand_on_a_lost_agents_chats_once(
    world: World, acme: Organization, talk: tuple[User, User, str]
) -> None:
    ann, _, _ = talk
    world.agent(acme, "bob", online=True)
    ConnectionLease.objects.filter(user_id=ann.id).update(expires_at=clock.now())

    at_once(*[presence.end_expired_leases] * 4)

    assert loads(acme) == {"Ann": 0, "Bob": 1}
    kinds = [e.content.get("system_message_type") for e in Event.objects.order_by("position")]
    assert kinds == ["routing.assigned_disconnected"]


def test_freed_slots_and_new_chats_at_the_same_time(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", limit=2, online=True)
    old = [world.customer(acme, f"old{number}") for number in range(4)]
    chats = [one.rtm("start_chat")["chat_id"] for one in old]
    new = [world.customer(acme, f"new{number}") for number in range(3)]

    at_once(
        lambda: ann.rtm("deactivate_chat", {"id": chats[0]}),
        lambda: old[1].rtm("deactivate_chat", {"id": chats[1]}),
        *[lambda one=one: one.rtm("start_chat") for one in new],
        lambda: routing.settle(acme.id),
    )

    assert loads(acme) == {"Ann": 2}
    assert Thread.objects.filter(queued_at__isnull=False).count() == 3


@pytest.mark.parametrize("change", [agents.suspend_agent, agents.delete_agent])
def test_an_agent_who_goes_while_chats_come_keeps_none(
    world: World, acme: Organization, change: Callable[[Any, str], None]
) -> None:
    ann = world.agent(acme, "ann", limit=20, online=True)
    world.agent(acme, "bob", limit=20, online=True)
    customers = [world.customer(acme, f"c{number}") for number in range(6)]

    at_once(
        lambda: change(acme.id, ann.id),
        *[lambda one=one: one.rtm("start_chat") for one in customers],
    )

    assert loads(acme)["Bob"] == 6
    assert loads(acme).get("Ann", 0) == 0
