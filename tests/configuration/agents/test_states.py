"""Agents who are suspended, approved and deleted: who decides it, and what follows."""

from __future__ import annotations

import pytest

from chatplatform.models import Account, Agent, Organization
from chatplatform.services import bots
from tests import make
from tests.configuration.seats import narrowed
from tests.world import User, World

ONE_AGENT = ["update_agent", "suspend_agent", "unsuspend_agent", "approve_agent", "delete_agent"]


@pytest.mark.parametrize("action", ONE_AGENT)
def test_an_agent_must_be_one_of_ones_own(
    world: World, acme: Organization, ann: User, action: str
) -> None:
    stranger = world.agent(make.organization("Other"), "zoe")
    bot = bots.create_bot(make.application(acme), "Robbie", secret="s").agent.public_id

    for other in (stranger.id, bot, "nobody@example.com"):
        assert ann.configuration.refused(action, id=other) == "not_found"


@pytest.mark.parametrize("action", ONE_AGENT)
def test_the_owner_is_touched_by_nobody_below(ann: User, oona: User, action: str) -> None:
    assert ann.configuration.refused(action, id=oona.id) == "authorization"


@pytest.mark.parametrize("action", ["suspend_agent", "delete_agent"])
def test_the_owner_can_not_go(oona: User, action: str) -> None:
    assert oona.configuration.refused(action, id=oona.id) == "ownership_transfer"


@pytest.mark.parametrize("action", ["suspend_agent", "unsuspend_agent", "approve_agent"])
def test_normal_agents_do_not_decide_who_works(
    world: World, acme: Organization, bob: User, action: str
) -> None:
    eve = world.agent(acme, "eve")

    assert bob.configuration.refused(action, id=eve.id) == "authorization"


GOING = [
    ("suspend_agent", "agent_suspended", "agent_disconnected_by_server"),
    ("delete_agent", "agent_deleted", "access_token_revoked"),
]


@pytest.mark.parametrize(("action", "push", "reason"), GOING)
def test_who_goes_leaves_chats_to_others_and_is_disconnected(
    world: World, acme: Organization, ann: User, action: str, push: str, reason: str
) -> None:
    ann.call("set_routing_status", status="not_accepting_chats")
    bob = world.agent(acme, "bob", online=True)
    carl = world.customer(acme, "carl")
    chat_id = carl.call("start_chat")["chat_id"]
    eve = world.agent(acme, "eve", online=True)
    connection = bob.connections[-1]

    with world.capture_pushes() as pushes:
        assert ann.configuration.call(action, id=bob.id) == {}

    assert connection.ended == reason
    assert pushes.payload(ann, push) == {"id": bob.id}
    assert pushes.payload(ann, "routing_status_set") == {"agent_id": bob.id, "status": "offline"}
    users = eve.call("get_chat", chat_id=chat_id)["users"]
    assert {user["id"] for user in users if user["present"]} == {carl.id, eve.id}


def test_a_suspended_agent_may_do_nothing_until_that_ends(ann: User, bob: User) -> None:
    ann.configuration.call("suspend_agent", id=bob.id)
    assert bob.refused("list_chats") == "requester_suspended"

    with ann.world.capture_pushes() as pushes:
        assert ann.configuration.call("unsuspend_agent", id=bob.id) == {}

    assert pushes.to(ann) == [("agent_unsuspended", {"id": bob.id})]
    assert bob.call("list_chats")["chats_info"] == []


def test_a_waiting_agent_works_once_approved(ann: User, bob: User) -> None:
    Agent.objects.filter(public_id=bob.id).update(awaiting_approval=True)

    with ann.world.capture_pushes() as pushes:
        assert ann.configuration.call("approve_agent", id=bob.id) == {}

    assert pushes.to(ann) == [("agent_approved", {"id": bob.id})]
    assert bob.call("list_chats")["chats_info"] == []


@pytest.mark.parametrize("action", ["unsuspend_agent", "approve_agent"])
def test_what_holds_already_is_not_told_again(ann: User, bob: User, action: str) -> None:
    with ann.world.capture_pushes() as pushes:
        assert ann.configuration.call(action, id=bob.id) == {}

    assert pushes.names == {}


def test_suspending_twice_is_told_once(ann: User, bob: User) -> None:
    ann.configuration.call("suspend_agent", id=bob.id)

    with ann.world.capture_pushes() as pushes:
        assert ann.configuration.call("suspend_agent", id=bob.id) == {}

    assert pushes.names == {}


def test_a_deleted_agent_has_neither_account_nor_token(ann: User, bob: User) -> None:
    ann.configuration.call("delete_agent", id=bob.id)

    assert not Account.objects.filter(email=bob.id).exists()
    assert bob.refused("list_chats") == "authentication"
    assert ann.configuration.refused("delete_agent", id=bob.id) == "not_found"


@pytest.mark.parametrize("scope", ["agents--my:rw", "accounts--my:rw"])
def test_agents_delete_themselves_and_nobody_else(ann: User, bob: User, scope: str) -> None:
    narrow = narrowed(bob, scope)

    assert narrow.refused("delete_agent", id=ann.id) == "authorization"
    assert narrow.call("delete_agent", id=bob.id) == {}
