"""Requests about all groups, or all agents, that a licence may have (``limits.*``)."""

from __future__ import annotations

import pytest

from chatplatform.models import Organization
from chatplatform.services.bots import MAX_BOTS
from tests.world import User, World

GROUPS = 400
AGENTS = 400


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """An administrator, on the Configuration API."""
    return world.agent(acme, "boss", role="administrator").configuration


def test_lists_are_narrowed_to_all_groups_a_licence_may_have(boss: User) -> None:
    every = list(range(GROUPS))

    agents = boss.call("list_agents", filters={"group_ids": every})
    assert [agent["id"] for agent in agents] == [boss.id]
    assert boss.call("list_tags", filters={"group_ids": every}) == []
    for action, name in (
        ("list_canned_responses", "group_ids"),
        ("list_greetings", "groups"),
        ("list_groups_properties", "group_ids"),
    ):
        assert boss.refused(action, **{name: every}) == "group_not_found"


def test_general_is_given_the_priorities_it_was_read_with(boss: User) -> None:
    everybody = {f"agent{number}@example.com": "normal" for number in range(AGENTS + MAX_BOTS)}

    assert boss.refused("update_group", id=0, agent_priorities=everybody) == "not_found"
