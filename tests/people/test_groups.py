"""Groups: how they come, change and go, who belongs to them, and who is told (protocol.md 6.5)."""

from typing import Any

import pytest

from chatplatform.errors import GroupNotFound, NotFound, ProtocolError, Validation
from chatplatform.models import Agent, Customer, Group, GroupMember, Organization
from chatplatform.services import groups
from tests import make
from tests.world import User, World

pytestmark = pytest.mark.django_db


def row(user: User) -> Agent:
    """Return an agent's row."""
    return Agent.objects.get(public_id=user.id)


def test_numbers_count_up_within_the_organisation() -> None:
    first, second = make.organization("First"), make.organization("Second")

    numbers = [
        groups.create_group(organization, "Sales").number for organization in (first, first, second)
    ]

    assert numbers == [1, 2, 1]


def test_a_number_is_never_given_again(acme: Organization) -> None:
    make.group(acme)
    newest = make.group(acme)

    groups.delete_group(acme.id, newest.number)

    assert make.group(acme).number == newest.number + 1


def test_members_have_a_priority_that_can_change(acme: Organization) -> None:
    agent, group = make.agent(acme), make.group(acme)

    groups.add_group_member(group, agent)
    groups.add_group_member(group, agent, "supervisor")

    assert [(member.agent, member.priority) for member in group.members.all()] == [
        (agent, "supervisor")
    ]


def test_a_group_takes_nobody_of_another_organisation(acme: Organization) -> None:
    agent = make.agent(acme)
    foreign = make.group(make.organization("Other"))

    with pytest.raises(Validation):
        groups.add_group_member(foreign, agent)
    with pytest.raises(Validation):
        groups.add_group_member(make.group(acme), agent, "sometimes")

    assert not GroupMember.objects.exists()


def test_colleagues_are_told_of_a_new_group(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    priorities = {ann.id: "first", boss.id: "supervisor"}

    with world.capture_pushes() as pushes:
        made = world.act(lambda: groups.create_group(acme, "Sales", "pl", priorities))

    told = {
        "id": made.number,
        "name": "Sales",
        "language_code": "pl",
        "agent_priorities": priorities,
    }
    for agent in (ann, boss):
        assert pushes.payload(agent, "group_created") == told


def test_without_the_scope_one_is_told_nothing_of_groups(world: World, acme: Organization) -> None:
    bob = world.agent(acme, "bob", scopes=["agents--all:ro", "chats--all:ro"], online=True)

    with world.capture_pushes() as pushes:
        group = world.act(lambda: groups.create_group(acme, "Sales"))
        world.act(lambda: groups.update_group(acme.id, group.number, {"name": "Sales 2"}))
        world.act(lambda: groups.delete_group(acme.id, group.number))

    assert [name for name, _ in pushes.to(bob) if name.startswith("group_")] == []


def test_only_what_changed_of_a_group_is_told(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    group = make.group(acme, "Sales", [row(ann)])

    with world.capture_pushes() as pushes:
        world.act(lambda: groups.update_group(acme.id, group.number, {"name": "Deals"}))
        world.act(
            lambda: groups.update_group(
                acme.id,
                group.number,
                {"language_code": "en", "agent_priorities": {boss.id: "last"}},
            )
        )
        world.act(lambda: groups.update_group(acme.id, group.number, {"name": "Deals"}))

    told = [push for push in pushes.to(boss) if push[0] == "group_updated"]
    assert told == [
        ("group_updated", {"id": group.number, "name": "Deals"}),
        ("group_updated", {"id": group.number, "agent_priorities": {boss.id: "last"}}),
    ]
    assert [(one.agent.public_id, one.priority) for one in group.members.all()] == [
        (boss.id, "last")
    ]


def test_priorities_in_general_can_be_set_and_everybody_stays_in_it(
    world: World, acme: Organization, ann: User
) -> None:
    world.act(lambda: groups.update_group(acme.id, 0, {"agent_priorities": {ann.id: "supervisor"}}))
    carl = world.customer(acme)

    assert carl.refused("start_chat") == "groups_offline"
    assert ann.login()["access"] == {"group_ids": [0]}


@pytest.mark.parametrize(
    ("number", "values", "error"),
    [
        (99, {"name": "x"}, GroupNotFound),
        (1, {"name": ""}, Validation),
        (1, {"name": "x" * 181}, Validation),
        (1, {"language_code": "much too long"}, Validation),
        (1, {"agent_priorities": {"nobody@example.com": "first"}}, NotFound),
        (1, {"agent_priorities": {"ann": "sometimes"}}, Validation),
    ],
    ids=str,
)
def test_a_wrong_change_of_a_group_changes_nothing(
    world: World, acme: Organization, number: int, values: Any, error: type[ProtocolError]
) -> None:
    make.group(acme)

    with world.nothing_changes(), pytest.raises(error):
        world.act(lambda: groups.update_group(acme.id, number, values))


def test_another_organisations_agents_and_groups_do_not_exist(
    world: World, acme: Organization
) -> None:
    other = make.organization("Other")
    group, stranger = make.group(acme), make.agent(other)

    with world.nothing_changes():
        with pytest.raises(GroupNotFound):
            groups.update_group(other.id, group.number, {"name": "Mine"})
        with pytest.raises(GroupNotFound):
            groups.delete_group(other.id, group.number)
        with pytest.raises(NotFound):
            groups.create_group(acme, "Spies", agent_priorities={stranger.public_id: "first"})


def test_who_joins_a_group_hears_of_its_chats_and_who_leaves_does_not(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    group = make.group(acme)
    heard = []

    for members in ({}, {ann.id: "normal"}, {}):
        world.act(
            lambda members=members: groups.update_group(
                acme.id, group.number, {"agent_priorities": members}
            )
        )
        with world.capture_pushes() as pushes:
            boss.call("start_chat", chat={"access": {"group_ids": [group.number]}})
        heard.append("incoming_chat" in pushes.names.get("ann", []))

    assert heard == [False, True, False]


# --- delete -------------------------------------------------------------------------------------


def test_a_deleted_groups_running_chats_fall_back_to_general(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    group, other = make.group(acme, "Sales"), make.group(acme, "Support")
    only = boss.call("start_chat", chat={"access": {"group_ids": [group.number]}})["chat_id"]
    both = boss.call("start_chat", chat={"access": {"group_ids": [group.number, other.number]}})[
        "chat_id"
    ]
    assert ann.refused("get_chat", chat_id=only) == "authorization"

    with world.capture_pushes() as pushes:
        world.act(lambda: groups.delete_group(acme.id, group.number))

    assert pushes.payload(ann, "group_deleted") == {"id": group.number}
    assert ("chat_access_updated", {"id": only, "access": {"group_ids": [0]}}) in pushes.to(ann)
    assert ann.call("get_chat", chat_id=only)["access"] == {"group_ids": [0]}
    assert ann.call("get_chat", chat_id=only)["thread"]["access"] == {"group_ids": [0]}
    assert boss.call("get_chat", chat_id=both)["access"] == {"group_ids": [other.number]}
    assert ann.refused("get_chat", chat_id=both) == "authorization"
    with world.capture_pushes() as pushes:
        boss.call("deactivate_chat", id=only)
    assert pushes.names["ann"] == ["chat_deactivated"]


def test_its_closed_chats_follow_a_few_at_a_time(
    world: World, acme: Organization, boss: User, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = make.group(acme)
    closed = [
        boss.call("start_chat", active=False, chat={"access": {"group_ids": [group.number]}})
        for _ in range(3)
    ]
    groups.delete_group(acme.id, group.number)
    monkeypatch.setattr(groups, "EMPTIED_AT_ONCE", 2)

    counts = []
    for _ in range(4):
        counts.append(len(ann.call("list_chats")["chats_info"]))
        groups.empty_deleted_groups()

    assert counts == [0, 2, 3, 3]
    assert {chat["id"] for chat in ann.call("list_chats")["chats_info"]} == {
        chat["chat_id"] for chat in closed
    }


def test_its_waiting_customers_are_served_by_everybody(
    world: World, acme: Organization, ann: User
) -> None:
    group = make.group(acme)
    carl = world.customer(acme)
    started = carl.call("start_chat", continuous=True, chat={"access": {"group_ids": [1]}})

    with world.capture_pushes() as pushes:
        world.act(lambda: groups.delete_group(acme.id, group.number))

    shown, assigned = (push for name, push in pushes.to(ann) if name == "incoming_chat")
    assert shown["chat"]["id"] == assigned["chat"]["id"] == started["chat_id"]
    assert "queue" in shown["chat"]["thread"]
    assert [user["id"] for user in assigned["chat"]["users"]] == [carl.id, ann.id]


def test_customers_on_its_pages_belong_to_general(
    world: World, acme: Organization, ann: User
) -> None:
    group = make.group(acme)
    carl = world.customer(acme, online=False)
    carl.login(group_id=group.number)

    world.act(lambda: groups.delete_group(acme.id, group.number))
    with world.capture_pushes() as pushes:
        ann.call("set_routing_status", status="not_accepting_chats")

    assert Customer.objects.get(id=carl.id).group_number == 0
    assert pushes.payload(carl, "groups_status_updated") == {
        "groups": [{"id": 0, "status": "offline"}]
    }


def test_its_agents_have_one_group_less(world: World, acme: Organization, ann: User) -> None:
    group = make.group(acme, agents=[row(ann)])

    world.act(lambda: groups.delete_group(acme.id, group.number))

    assert ann.connections[-1].terms is not None
    assert ann.connections[-1].terms.group_numbers == {0}
    assert ann.login()["access"] == {"group_ids": [0]}


def test_general_is_never_deleted(world: World, acme: Organization) -> None:
    with world.nothing_changes(), pytest.raises(Validation):
        groups.delete_group(acme.id, 0)

    assert Group.objects.filter(organization=acme, number=0).exists()
