"""Chats of bots: which come to them, and what becomes of them when a bot goes."""

from __future__ import annotations

from typing import Any

import pytest

from chatplatform.models import Application, Organization
from tests import make
from tests.configuration.bots.tokens import as_bot, nobody, token_of
from tests.world import User, World


def who_has(boss: User, chat_id: str) -> list[str]:
    """Return the ids of the agents who are in a chat now."""
    users = boss.call("get_chat", chat_id=chat_id)["users"]
    return [one["id"] for one in users if one["type"] == "agent" and one["present"]]


def test_more_chats_come_at_once_to_a_bot_that_may_have_more(
    world: World, acme: Organization, boss: User
) -> None:
    bot_id = boss.configuration.call("create_bot", name="Robin", max_chats_count=1)["id"]
    boss.call("set_routing_status", status="accepting_chats", agent_id=bot_id)
    world.customer(acme, "carl").call("start_chat")
    waiting = world.customer(acme, "dora").call("start_chat")["chat_id"]
    assert who_has(boss, waiting) == []

    boss.configuration.call("update_bot", id=bot_id, max_chats_count=2)

    assert who_has(boss, waiting) == [bot_id]


def test_priorities_decide_about_the_next_chat(
    world: World, acme: Organization, boss: User, ann: User, robin: dict[str, Any]
) -> None:
    boss.call("set_routing_status", status="accepting_chats", agent_id=robin["id"])
    got = []

    for priority in ("first", "last", "supervisor"):
        groups = [{"id": 0, "priority": priority}]
        boss.configuration.call("update_bot", id=robin["id"], groups=groups)
        started = world.customer(acme, priority).call("start_chat")
        got.append(who_has(boss, started["chat_id"]))

    assert got == [[robin["id"]], [ann.id], [ann.id]]


def test_a_bot_gets_the_chats_of_its_groups(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    sales = make.group(acme)
    groups = [{"id": sales.number}]
    made = boss.configuration.call(
        "create_bot", name="Robin", groups=groups, default_group_priority="first"
    )
    boss.call("set_routing_status", status="accepting_chats", agent_id=made["id"])

    chat = world.customer(acme).call("start_chat", chat={"access": {"group_ids": [sales.number]}})

    assert who_has(boss, chat["chat_id"]) == [made["id"]]


def test_a_bot_that_goes_offline_leaves_its_chats_to_others(
    world: World, acme: Organization, boss: User, robin: dict[str, Any]
) -> None:
    boss.call("set_routing_status", status="accepting_chats", agent_id=robin["id"])
    chat_id = world.customer(acme).call("start_chat")["chat_id"]
    ann = world.agent(acme, "ann", online=True)

    with world.capture_pushes() as pushes:
        boss.call("set_routing_status", status="offline", agent_id=robin["id"])

    assert who_has(boss, chat_id) == [ann.id]
    assert pushes.payload(boss, "routing_status_set") == {
        "agent_id": robin["id"],
        "status": "offline",
    }


def test_a_bot_that_accepts_no_more_chats_keeps_those_it_has(
    world: World, acme: Organization, boss: User, robin: dict[str, Any]
) -> None:
    boss.call("set_routing_status", status="accepting_chats", agent_id=robin["id"])
    chat_id = world.customer(acme).call("start_chat")["chat_id"]

    boss.call("set_routing_status", status="not_accepting_chats", agent_id=robin["id"])

    assert who_has(boss, chat_id) == [robin["id"]]


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_a_deleted_bot_is_gone_from_its_chats_and_its_sockets(
    world: World,
    acme: Organization,
    boss: User,
    shop: Application,
    robin: dict[str, Any],
    version: str,
) -> None:
    user = as_bot(world, robin, shop, version=version)
    user.login()
    (listener,) = user.connections
    user.call("set_routing_status", status="accepting_chats")
    chat_id = world.customer(acme).call("start_chat")["chat_id"]
    ann = world.agent(acme, "ann", online=True)

    with world.capture_pushes() as pushes:
        assert boss.configuration.call("delete_bot", id=robin["id"]) == {}

    assert listener.ended == "access_token_revoked"
    assert user.refused("list_chats") == "authentication"
    assert pushes.payload(boss, "bot_deleted") == {"id": robin["id"]}
    assert who_has(boss, chat_id) == [ann.id]
    assert boss.configuration.refused("get_bot", id=robin["id"]) == "not_found"
    asked = token_of(robin, shop)
    assert nobody(world).refused("issue_bot_token", **asked) == "authentication"
