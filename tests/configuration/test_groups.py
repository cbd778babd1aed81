"""Configuration API: groups, and what changes of them do at once."""

from typing import Any

import pytest

from chatplatform.models import Chat, Group, Organization, Tag
from tests import make
from tests.world import Refused, User, World


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """An administrator who takes no chats, on the Configuration API."""
    return world.agent(acme, "boss", role="administrator").configuration


def scoped(world: World, acme: Organization, scope: str, *groups: Group) -> User:
    """Return an administrator of these groups with a token of one scope."""
    user = world.agent(acme, "warden", role="administrator", groups=groups, scopes=[scope])
    return user.configuration


def group_of(boss: User, number: int) -> Any:
    return boss.call("get_group", id=number, fields=["agent_priorities"])


# --- create_group -------------------------------------------------------------------------------


def test_a_group_is_made_of_agents(
    world: World, acme: Organization, boss: User, ann: User, bob: User
) -> None:
    priorities = {ann.id: "first", bob.id: "supervisor"}

    with world.capture_pushes() as heard:
        made = boss.call(
            "create_group", name=" Sales ", language_code="de", agent_priorities=priorities
        )

    told = {"id": 1, "name": "Sales", "language_code": "de", "agent_priorities": priorities}
    assert made == {"id": 1}
    online = {"groups": [{"id": 1, "status": "accepting_chats"}]}
    assert heard.to(ann) == [("group_created", told), ("groups_status_updated", online)]
    assert heard.payload(bob, "group_created") == told
    assert group_of(boss, 1) == told


def test_a_group_may_be_empty_and_speaks_english(boss: User) -> None:
    made = boss.call("create_group", name="Sales", agent_priorities={})

    assert group_of(boss, made["id"]) == {
        "id": made["id"],
        "name": "Sales",
        "language_code": "en",
        "agent_priorities": {},
    }


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_up_to_3_5_a_group_needs_an_agent_of_normal_priority(
    world: World, boss: User, ann: User, bob: User, version: str
) -> None:
    payload = {"name": "Sales", "agent_priorities": {ann.id: "first", bob.id: "last"}}

    with world.nothing_changes(), pytest.raises(Refused) as refused:
        boss.web("create_group", payload, version=version)
    assert refused.value.type == "validation"

    payload["agent_priorities"] = {ann.id: "first", bob.id: "normal"}
    assert boss.web("create_group", payload, version=version) == {"id": 1}


def test_from_3_6_on_it_does_not(boss: User, ann: User) -> None:
    payload = {"name": "Sales", "agent_priorities": {ann.id: "first"}}

    assert boss.web("create_group", payload, version="3.6") == {"id": 1}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"name": ""}, "validation"),
        ({"name": "   "}, "validation"),
        ({"name": "x" * 181}, "validation"),
        ({"name": "a\nb"}, "validation"),
        ({"name": 5}, "validation"),
        ({"language_code": ""}, "validation"),
        ({"language_code": "much too long"}, "validation"),
        ({"language_code": "e_n"}, "validation"),
        ({"agent_priorities": {"nobody@example.com": "normal"}}, "not_found"),
        ({"agent_priorities": {"nobody@example.com": "best"}}, "validation"),
        ({"agent_priorities": []}, "validation"),
        ({"agent_priorities": None}, "validation"),
    ],
    ids=str,
)
def test_an_impossible_group_is_refused(boss: User, values: dict[str, Any], error: str) -> None:
    known = {"name": "Sales", "agent_priorities": {}}

    assert boss.refused("create_group", **{**known, **values}) == error


def test_agents_of_others_and_deleted_ones_are_nobody(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    theirs = make.agent(make.organization("Other"))
    for stranger in (theirs.public_id, "x" * 254):
        priorities = {ann.id: "normal", stranger: "normal"}
        assert boss.refused("create_group", name="x", agent_priorities=priorities) == "not_found"


def test_a_licence_has_so_many_groups(acme: Organization, boss: User) -> None:
    acme.properties = {"limits": {"groups.base": 2}}
    acme.save()
    boss.call("create_group", name="Second after General", agent_priorities={})

    assert boss.refused("create_group", name="Third", agent_priorities={}) == "limit_reached"


def test_numbers_of_deleted_groups_are_not_given_again(boss: User) -> None:
    first = boss.call("create_group", name="First", agent_priorities={})["id"]
    boss.call("delete_group", id=first)

    assert boss.call("create_group", name="Second", agent_priorities={}) == {"id": first + 1}


# --- update_group -------------------------------------------------------------------------------


def test_only_what_changed_is_told(
    world: World, acme: Organization, boss: User, ann: User, sales: Group
) -> None:
    with world.capture_pushes() as heard:
        assert boss.call("update_group", id=sales.number, name="Sales", language_code="pl") == {}

    assert heard.to(ann) == [("group_updated", {"id": sales.number, "language_code": "pl"})]


def test_an_update_that_changes_nothing_is_not_told(
    world: World, boss: User, ann: User, sales: Group
) -> None:
    with world.nothing_changes():
        assert boss.call("update_group", id=sales.number, name="Sales") == {}
        assert boss.call("update_group", id=sales.number) == {}


def test_priorities_that_are_given_replace_all_there_were(
    world: World, boss: User, ann: User, bob: User, sales: Group
) -> None:
    boss.call("update_group", id=sales.number, agent_priorities={ann.id: "normal"})

    with world.capture_pushes() as heard:
        boss.call("update_group", id=sales.number, agent_priorities={bob.id: "last"})

    told = {"id": sales.number, "agent_priorities": {bob.id: "last"}}
    assert heard.payload(ann, "group_updated") == told
    assert group_of(boss, sales.number)["agent_priorities"] == {bob.id: "last"}


def test_a_group_that_gains_an_agent_gives_them_what_waits(
    world: World, acme: Organization, boss: User, ann: User, sales: Group
) -> None:
    carl = world.customer(acme, "carl")
    chat = {"access": {"group_ids": [sales.number]}}
    waiting = carl.call("start_chat", chat=chat, continuous=True)["chat_id"]

    with world.capture_pushes() as heard:
        boss.call("update_group", id=sales.number, agent_priorities={ann.id: "normal"})

    assert heard.payload(ann, "incoming_chat")["chat"]["id"] == waiting
    assert heard.payload(ann, "groups_status_updated") == {
        "groups": [{"id": sales.number, "status": "accepting_chats"}]
    }


def test_a_supervisor_is_given_nothing(
    world: World, acme: Organization, boss: User, ann: User, sales: Group
) -> None:
    carl = world.customer(acme, "carl")
    waiting = carl.call(
        "start_chat", chat={"access": {"group_ids": [sales.number]}}, continuous=True
    )

    boss.call("update_group", id=sales.number, agent_priorities={ann.id: "supervisor"})

    assert ann.id not in Chat.objects.get(id=waiting["chat_id"]).participants


def test_who_leaves_a_group_hears_of_its_chats_no_more(
    world: World, acme: Organization, boss: User
) -> None:
    ann = world.agent(acme, "ann", online=True)
    sue = world.agent(acme, "sue", online=True, accepting=False)
    both = {ann.id: "normal", sue.id: "normal"}
    number = boss.call("create_group", name="Sales", agent_priorities=both)["id"]
    chat = {"access": {"group_ids": [number]}}

    with world.capture_pushes() as before:
        world.customer(acme, "carl").call("start_chat", chat=chat)
    boss.call("update_group", id=number, agent_priorities={ann.id: "normal"})
    with world.capture_pushes() as after:
        world.customer(acme, "dora").call("start_chat", chat=chat)

    assert "incoming_chat" in before.names["sue"]
    assert "incoming_chat" not in after.names.get("sue", [])
    assert "incoming_chat" in after.names["ann"]


def test_who_joins_a_group_watches_its_customers(
    world: World, acme: Organization, boss: User, sales: Group
) -> None:
    bob = world.agent(acme, "bob", accepting=False)
    bob.login(customer_monitoring_level="online")
    make.access_rule(acme, sales.number, url={"values": [{"value": "/sales"}]})
    page = {"customer_page": {"url": "https://x.example/sales"}}

    with world.capture_pushes() as before:
        world.customer(acme, "carl", online=False).login(**page)
    boss.call("update_group", id=sales.number, agent_priorities={bob.id: "normal"})
    with world.capture_pushes() as after:
        world.customer(acme, "dora", online=False).login(**page)

    assert before.names.get("bob", []) == []
    assert after.names["bob"] == ["incoming_customer"]


def test_general_can_be_renamed_and_has_everybody(
    world: World, acme: Organization, boss: User, ann: User, bob: User
) -> None:
    usual = {boss.id: "normal", ann.id: "normal", bob.id: "normal"}
    assert group_of(boss, 0)["agent_priorities"] == usual

    with world.capture_pushes() as heard:
        boss.call("update_group", id=0, name="Everybody", agent_priorities={bob.id: "last"})

    after = {**usual, bob.id: "last"}
    told = {"id": 0, "name": "Everybody", "agent_priorities": after}
    assert heard.payload(ann, "group_updated") == told
    assert group_of(boss, 0) == {**told, "language_code": "en"}

    boss.call("update_group", id=0, agent_priorities={})
    assert group_of(boss, 0)["agent_priorities"] == usual


@pytest.mark.parametrize(
    "values",
    [{"name": ""}, {"name": "x" * 181}, {"language_code": "?"}, {"id": -1}, {"id": 2**31}],
    ids=str,
)
def test_an_impossible_update_is_refused(boss: User, sales: Group, values: dict[str, Any]) -> None:
    assert boss.refused("update_group", **{"id": sales.number, **values}) == "validation"


def test_a_refused_update_changes_nothing_at_all(boss: User, sales: Group) -> None:
    priorities = {"nobody@example.com": "normal"}

    refusal = boss.refused("update_group", id=sales.number, name="New", agent_priorities=priorities)

    assert refusal == "not_found"


# --- delete_group -------------------------------------------------------------------------------


def test_a_deleted_group_is_told_and_gone(
    world: World, boss: User, ann: User, sales: Group
) -> None:
    with world.capture_pushes() as heard:
        assert boss.call("delete_group", id=sales.number) == {}

    assert heard.to(ann) == [("group_deleted", {"id": sales.number})]
    assert boss.refused("get_group", id=sales.number) == "group_not_found"


def test_chats_of_a_deleted_group_are_generals(
    world: World, acme: Organization, boss: User, ann: User, sales: Group
) -> None:
    carl = world.customer(acme, "carl")
    chat = {"access": {"group_ids": [sales.number]}}
    waiting = carl.call("start_chat", chat=chat, continuous=True)["chat_id"]

    with world.capture_pushes() as heard:
        boss.call("delete_group", id=sales.number)

    access = heard.payload(ann, "chat_access_updated")
    assert (access["id"], access["access"]) == (waiting, {"group_ids": [0]})
    assert [name for name, _ in heard.to(ann)].count("incoming_chat") == 2
    assert Chat.objects.get(id=waiting).participants[ann.id]["present"] is True


def test_tags_of_a_deleted_group_keep_the_others_or_are_generals(
    world: World, acme: Organization, boss: User, sales: Group, support: Group
) -> None:
    watcher = world.agent(acme, "watcher", role="administrator", online=True)
    make.tag(acme, "both", [sales.number, support.number])
    make.tag(acme, "only", [sales.number])
    make.tag(acme, "other", [support.number])

    with world.capture_pushes() as heard:
        boss.call("delete_group", id=sales.number)

    assert heard.to(watcher) == [
        ("tag_updated", {"name": "both", "group_ids": [support.number]}),
        ("tag_updated", {"name": "only", "group_ids": [0]}),
        ("group_deleted", {"id": sales.number}),
    ]
    tags = dict(Tag.objects.values_list("name", "group_ids"))
    assert tags == {"both": [support.number], "only": [0], "other": [support.number]}


def test_general_can_not_be_deleted(boss: User) -> None:
    assert boss.refused("delete_group", id=0) == "validation"


# --- list_groups, get_group ---------------------------------------------------------------------


def test_groups_are_listed_by_number(boss: User, sales: Group, support: Group) -> None:
    assert boss.call("list_groups") == [
        {"id": 0, "name": "General", "language_code": "en"},
        {"id": sales.number, "name": "Sales", "language_code": "en"},
        {"id": support.number, "name": "Support", "language_code": "en"},
    ]


def test_more_of_groups_is_told_where_it_is_asked_for(
    world: World, acme: Organization, boss: User, sales: Group
) -> None:
    sue = world.agent(acme, "sue", groups=[sales], online=True, accepting=False)
    fields = ["agent_priorities", "routing_status"]

    offline = boss.call("list_groups", fields=fields)
    sue.call("set_routing_status", status="accepting_chats")
    online = boss.call("list_groups", fields=fields)

    everybody = {boss.id: "normal", sue.id: "normal"}
    assert [(one["agent_priorities"], one["routing_status"]) for one in offline] == [
        (everybody, "offline"),
        ({sue.id: "normal"}, "offline"),
    ]
    assert [one["routing_status"] for one in online] == ["accepting_chats", "accepting_chats"]
    assert boss.call("get_group", id=sales.number, fields=fields) == online[1]
    assert boss.refused("list_groups", fields=["agents"]) == "validation"


# --- who may --------------------------------------------------------------------------------------


def test_a_normal_agent_looks_at_groups_and_changes_none(ann: User, sales: Group) -> None:
    normal = ann.configuration

    assert normal.call("get_group", id=sales.number)["name"] == "Sales"
    assert len(normal.call("list_groups")) == 2
    assert normal.refused("create_group", name="x", agent_priorities={}) == "authorization"
    assert normal.refused("update_group", id=sales.number, name="x") == "authorization"
    assert normal.refused("delete_group", id=sales.number) == "authorization"


def test_the_scope_for_ones_own_groups_reaches_no_others(
    world: World, acme: Organization, sales: Group, support: Group
) -> None:
    warden = scoped(world, acme, "groups--my:rw", sales)

    assert warden.call("get_group", id=sales.number)["name"] == "Sales"
    assert warden.call("update_group", id=sales.number, name="Shop") == {}
    assert warden.call("update_group", id=0, name="All") == {}
    assert warden.refused("get_group", id=support.number) == "authorization"
    assert warden.refused("update_group", id=support.number, name="x") == "authorization"
    assert warden.refused("delete_group", id=support.number) == "authorization"
    assert warden.refused("create_group", name="x", agent_priorities={}) == "authorization"
    assert warden.refused("list_groups") == "authorization"
    assert warden.call("delete_group", id=sales.number) == {}


def test_groups_that_are_not_there_or_somebody_elses_are_not_found(
    acme: Organization, boss: User
) -> None:
    for _ in range(2):
        theirs = make.group(make.organization("Other"))
    for number in (theirs.number, 77):
        assert boss.refused("get_group", id=number) == "group_not_found"
        assert boss.refused("update_group", id=number, name="x") == "group_not_found"
        assert boss.refused("delete_group", id=number) == "group_not_found"
