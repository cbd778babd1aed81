"""Customer Chat API: who would answer a chat started now. Known up to 3.6."""

import pytest

from chatplatform.models import Agent, Organization
from tests import make
from tests.world import User, World


@pytest.fixture
def carl(world: World, acme: Organization) -> User:
    """A customer whose client speaks 3.6, the last version with the action."""
    return world.customer(acme, "carl", version="3.6")


def row(user: User) -> Agent:
    """Return an agent's row."""
    return Agent.objects.get(public_id=user.id)


def test_the_agent_with_the_fewest_chats_is_predicted(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    carl.call("start_chat")
    bea = row(world.agent(acme, "bea", online=True))

    assert carl.call("get_predicted_agent") == {
        "agent": {
            "id": bea.customer_facing_id,
            "type": "agent",
            "name": bea.name,
            "avatar": bea.avatar,
            "job_title": bea.job_title,
            "is_bot": False,
        },
        "queue": False,
    }


def test_one_would_wait_for_a_busy_agent(ann: User, carl: User) -> None:
    Agent.objects.filter(public_id=ann.id).update(max_chats_count=1)
    carl.call("start_chat")

    answer = carl.call("get_predicted_agent")

    assert (answer["agent"]["id"], answer["queue"]) == (row(ann).customer_facing_id, True)


def test_nobody_is_predicted_while_nobody_accepts(carl: User) -> None:
    assert carl.refused("get_predicted_agent") == "group_offline"


def test_other_groups_can_be_asked_about(acme: Organization, ann: User, carl: User) -> None:
    sales = make.group(acme, "Sales")

    assert carl.refused("get_predicted_agent", group_id=sales.number) == "group_offline"
    assert carl.refused("get_predicted_agent", group_id=sales.number + 1) == "group_not_found"


def test_the_newest_version_no_longer_has_it(world: World, acme: Organization, ann: User) -> None:
    assert world.customer(acme, version="3.7").refused("get_predicted_agent") == "not_found"


def test_nobody_is_predicted_where_agents_pick_chats(
    acme: Organization, ann: User, carl: User
) -> None:
    acme.properties = {"chats": {"manual_routing": True}}
    acme.save()

    assert carl.refused("get_predicted_agent") == "group_unavailable"
