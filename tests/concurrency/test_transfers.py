"""A chat is handed on while others hand it on, close it or vanish."""

from collections.abc import Callable
from typing import Any

import pytest

from chatplatform import clock
from chatplatform.models import Chat, ConnectionLease, Organization
from chatplatform.services import presence
from tests.concurrency.together import at_once
from tests.world import User, World

pytestmark = pytest.mark.django_db(transaction=True)


def hand(user: User, chat_id: str, to: User) -> Callable[[], Any]:
    payload = {"id": chat_id, "target": {"type": "agent", "ids": [to.id]}}
    return lambda: user.rtm("transfer_chat", payload)


def talking(chat_id: str) -> list[str]:
    """Return the ids of the agents who are in a chat."""
    return [
        user_id
        for user_id, one in Chat.objects.get(id=chat_id).participants.items()
        if one["type"] == "agent" and one["present"]
    ]


@pytest.mark.parametrize("_attempt", range(3))
def test_a_chat_is_handed_on_once(
    world: World, acme: Organization, talk: tuple[User, User, str], _attempt: int
) -> None:
    """Whoever comes second is not in the chat any more."""
    ann, _, chat_id = talk
    bob = world.agent(acme, "bob", online=True, accepting=False)
    cleo = world.agent(acme, "cleo", online=True, accepting=False)

    answers = at_once(hand(ann, chat_id, bob), hand(ann, chat_id, cleo))

    assert sorted(map(str, answers)) == ["authorization", "{}"]
    assert talking(chat_id) in ([bob.id], [cleo.id])


def test_a_chat_is_handed_on_or_closed(
    world: World, acme: Organization, talk: tuple[User, User, str]
) -> None:
    ann, carl, chat_id = talk
    bob = world.agent(acme, "bob", online=True, accepting=False)

    moved, closed = at_once(
        hand(ann, chat_id, bob), lambda: carl.rtm("deactivate_chat", {"id": chat_id})
    )

    assert closed == {}
    assert moved in ({}, "chat_inactive")
    assert Chat.objects.get().active_thread_id is None
    assert talking(chat_id) == ([bob.id] if moved == {} else [ann.id])


@pytest.mark.parametrize("_attempt", range(3))
def test_a_chat_handed_to_an_agent_who_vanishes_is_not_left_alone(
    world: World, acme: Organization, talk: tuple[User, User, str], _attempt: int
) -> None:
    ann, _, chat_id = talk
    bob = world.agent(acme, "bob", online=True, accepting=False)
    ConnectionLease.objects.filter(user_id=bob.id).update(expires_at=clock.now())

    moved, _ = at_once(hand(ann, chat_id, bob), presence.end_expired_leases)

    assert moved == "agent_offline"
    assert talking(chat_id) == [ann.id]


@pytest.mark.parametrize("_attempt", range(3))
def test_a_chat_of_an_agent_who_vanishes_is_handed_on_once(
    world: World, acme: Organization, talk: tuple[User, User, str], _attempt: int
) -> None:
    ann, _, chat_id = talk
    bob = world.agent(acme, "bob", online=True, accepting=False)
    world.agent(acme, "cleo", online=True)
    ConnectionLease.objects.filter(user_id=ann.id).update(expires_at=clock.now())

    at_once(hand(ann, chat_id, bob), presence.end_expired_leases)

    assert len(talking(chat_id)) == 1
    assert ann.id not in talking(chat_id)


def test_the_router_and_a_transfer_do_not_both_take_a_waiting_chat(
    world: World, acme: Organization
) -> None:
    boss = world.agent(acme, "boss", role="administrator", online=True, accepting=False)
    ann = world.agent(acme, "ann", limit=1, online=True, accepting=False)
    chat_id = world.customer(acme, "carl").rtm("start_chat", {"continuous": True})["chat_id"]
    take = {
        "id": chat_id,
        "target": {"type": "agent", "ids": [boss.id]},
        "ignore_requester_presence": True,
    }

    at_once(
        lambda: boss.rtm("transfer_chat", take),
        lambda: ann.rtm("set_routing_status", {"status": "accepting_chats"}),
    )

    assert talking(chat_id) in ([boss.id], [ann.id])
