"""Agent Chat API: being away from every connection means not accepting chats."""

from typing import Any

import pytest

from chatplatform import clock
from chatplatform.models import ConnectionLease, Organization
from chatplatform.services import presence
from tests.world import Listener, Pushes, User, World


def go(user: User, away: bool, connection: Listener | None = None) -> Any:
    """Call ``set_away_status`` on a connection, the newest by default."""
    if connection is not None:
        user.connections.remove(connection)
        user.connections.append(connection)
    return user.rtm("set_away_status", {"away": away})


def shown(user: User, of: User) -> str:
    statuses = user.call("list_routing_statuses")
    (status,) = [one["status"] for one in statuses if one["agent_id"] == of.id]
    return str(status)


def told(pushes: Pushes, user: User, of: User) -> list[str]:
    return [
        payload["status"]
        for name, payload in pushes.to(user)
        if name == "routing_status_set" and payload["agent_id"] == of.id
    ]


def lose(world: World, connection: Listener) -> None:
    """Let one connection vanish and its lease run out."""
    world.drop(connection)
    ConnectionLease.objects.filter(connection_id=connection.id).update(
        expires_at=clock.now(), process=""
    )
    world.act(presence.end_expired_leases)


def test_who_is_away_does_not_accept_chats_and_does_again_when_back(
    world: World, ann: User, bob: User
) -> None:
    with world.capture_pushes() as pushes:
        assert go(ann, True) == {}
    assert told(pushes, bob, ann) == ["not_accepting_chats"]
    assert shown(bob, ann) == "not_accepting_chats"

    with world.capture_pushes() as pushes:
        go(ann, False)

    assert told(pushes, bob, ann) == ["accepting_chats"]
    assert shown(bob, ann) == "accepting_chats"


def test_who_is_away_gets_no_chats(world: World, acme: Organization, ann: User) -> None:
    go(ann, True)
    carl = world.customer(acme, "carl")
    assert carl.refused("start_chat") == "groups_offline"
    chat_id = carl.call("start_chat", continuous=True)["chat_id"]

    go(ann, False)

    users = carl.call("get_chat", chat_id=chat_id)["users"]
    assert [user["name"] for user in users if user["type"] == "agent"] == ["Ann"]


def test_being_away_again_tells_nothing(world: World, ann: User) -> None:
    go(ann, True)

    with world.nothing_changes_but("ConnectionLease"):
        go(ann, True)


def test_who_counts_as_gone_is_not_back_by_saying_they_are_here(
    world: World, ann: User, bob: User
) -> None:
    ConnectionLease.objects.filter(user_id=ann.id).update(expires_at=clock.now())
    world.act(presence.end_expired_leases)

    with world.nothing_changes():
        go(ann, False)

    assert shown(bob, ann) == "offline"


def test_one_connection_somebody_looks_at_is_enough(world: World, ann: User, bob: User) -> None:
    first = ann.connections[0]
    ann.login()
    with world.capture_pushes() as pushes:
        go(ann, True)
    assert told(pushes, bob, ann) == []

    with world.capture_pushes() as pushes:
        go(ann, True, first)

    assert told(pushes, bob, ann) == ["not_accepting_chats"]


@pytest.mark.parametrize("how", ["lost", "logout"])
def test_the_connections_that_are_left_may_all_be_away(
    world: World, ann: User, bob: User, how: str
) -> None:
    attentive = ann.connections[0]
    ann.login(away=True)
    assert shown(bob, ann) == "accepting_chats"

    with world.capture_pushes() as pushes:
        if how == "lost":
            lose(world, attentive)
        else:
            ann.connections.reverse()
            ann.rtm("logout")

    assert told(pushes, bob, ann) == ["not_accepting_chats"]
    assert shown(bob, ann) == "not_accepting_chats"


def test_losing_a_connection_that_was_away_tells_nothing(
    world: World, ann: User, bob: User
) -> None:
    ann.login(away=True)
    away = ann.connections[-1]

    with world.capture_pushes() as pushes:
        lose(world, away)

    assert told(pushes, bob, ann) == []
    assert shown(bob, ann) == "accepting_chats"


def test_a_login_that_is_away_keeps_nobody_from_accepting(
    world: World, acme: Organization, bob: User
) -> None:
    cleo = world.agent(acme, "cleo")

    with world.capture_pushes() as pushes:
        cleo.login(away=True)
    assert told(pushes, bob, cleo) == ["not_accepting_chats"]

    with world.capture_pushes() as pushes:
        cleo.login(reconnect=True)
    assert told(pushes, bob, cleo) == ["accepting_chats"]


def test_a_status_chosen_while_away_holds_from_then_on(world: World, ann: User, bob: User) -> None:
    go(ann, True)
    with world.capture_pushes() as pushes:
        ann.call("set_routing_status", status="not_accepting_chats")
        ann.call("set_routing_status", status="accepting_chats")
        ann.call("set_routing_status", status="not_accepting_chats")
    assert told(pushes, bob, ann) == []

    with world.capture_pushes() as pushes:
        go(ann, False)

    assert told(pushes, bob, ann) == []
    assert shown(bob, ann) == "not_accepting_chats"


def test_away_is_said_of_a_connection(ann: User) -> None:
    assert ann.http("set_away_status", b'{"away": true}').status_code == 404


def test_away_needs_the_scope(world: World, acme: Organization) -> None:
    deaf = world.agent(acme, "deaf", scopes=["chats--access:ro"], online=True)

    assert deaf.refused("set_away_status", away=True) == "authorization"


@pytest.mark.parametrize("payload", [{}, {"away": "yes"}, {"away": None}])
def test_away_is_yes_or_no(ann: User, payload: dict[str, Any]) -> None:
    assert ann.refused("set_away_status", **payload) == "validation"
