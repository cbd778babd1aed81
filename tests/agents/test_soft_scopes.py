"""A scope a token lacks refuses no login: it silences a family of pushes (protocol.md 3.3)."""

from collections.abc import Callable

import pytest

from chatplatform.models import Organization
from chatplatform.scopes import allowed
from chatplatform.services import agents, bots, groups
from tests import make
from tests.world import User, World

Act = Callable[[World, Organization, User], object]

FAMILIES: dict[str, tuple[set[str], str, Act]] = {
    "chats": (
        {"chats--all:ro", "chats--all:rw", "chats--access:ro", "chats--access:rw"},
        "incoming_chat",
        lambda world, acme, boss: boss.call("start_chat"),
    ),
    "agents": (
        {"agents--all:ro", "agents--all:rw"},
        "agent_created",
        lambda world, acme, boss: world.act(
            lambda: agents.create_agent(acme, "x@example.com", "X")
        ),
    ),
    "statuses": (
        {"agents--all:ro", "agents--all:rw"},
        "routing_status_set",
        lambda world, acme, boss: boss.call("set_routing_status", status="not_accepting_chats"),
    ),
    "bots": (
        {"agents-bot--all:ro", "agents-bot--all:rw"},
        "bot_created",
        lambda world, acme, boss: world.act(lambda: bots.create_bot(make.application(acme), "R")),
    ),
    "groups": (
        {"groups--all:ro", "groups--all:rw"},
        "group_created",
        lambda world, acme, boss: world.act(lambda: groups.create_group(acme, "Sales")),
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_missing_scope_silences_its_pushes_and_no_others(
    world: World, acme: Organization, family: str
) -> None:
    boss = world.agent(acme, "boss", role="administrator", online=True)
    everything = allowed("administrator")
    for name, (scopes, _, _) in FAMILIES.items():
        less = everything - scopes
        world.agent(acme, name, role="administrator", scopes=less, online=True, accepting=False)
    _, action, act = FAMILIES[family]

    with world.capture_pushes() as pushes:
        act(world, acme, boss)

    deaf = {name for name, (scopes, _, _) in FAMILIES.items() if scopes == FAMILIES[family][0]}
    told = {name for name, heard in pushes.names.items() if action in heard}
    assert told & FAMILIES.keys() == FAMILIES.keys() - deaf


def test_ones_own_status_is_told_without_any_scope(world: World, acme: Organization) -> None:
    boss = world.agent(acme, "boss", role="administrator")
    ann = world.agent(acme, "ann", scopes=["agents--my:rw"], online=True)
    chosen = {"status": "not_accepting_chats", "agent_id": ann.id}

    with world.capture_pushes() as pushes:
        boss.call("set_routing_status", **chosen)

    told = {"agent_id": ann.id, "status": "not_accepting_chats"}
    assert ("routing_status_set", told) in pushes.to(ann)
