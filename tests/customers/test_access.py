"""Access rules at work: which groups customers and their chats belong to (protocol.md 6.3)."""

from typing import Any

import pytest

from chatplatform.models import Chat, Customer, Group, Organization, Visit
from chatplatform.services import access_rules, groups
from tests import make
from tests.world import User, World

SALES_PAGE = "https://shop.example/sales"
HOME = "https://shop.example/"


@pytest.fixture
def ann(world: World, acme: Organization, sales: Group) -> User:
    return world.agent(acme, "ann", groups=[sales], online=True)


@pytest.fixture
def rule(acme: Organization, sales: Group) -> Any:
    return make.access_rule(acme, sales.number)


def group_of(carl: User) -> int:
    return Customer.objects.get(id=carl.id).group_number


def monitored_as(answer: Any) -> int:
    return int(answer["__priv_dynamic_config"]["customer_groups"]["monitoring"]["id"])


def test_a_page_belongs_to_the_group_of_the_first_rule_that_fits(
    acme: Organization, sales: Group, ann: User, carl: User, rule: Any
) -> None:
    support = make.group(acme, "Support")
    make.access_rule(acme, support.number)

    answer = carl.call("update_customer_page", url=SALES_PAGE)

    assert answer == {"groups": [{"id": sales.number, "status": "online"}]}
    assert group_of(carl) == sales.number


def test_only_a_move_is_answered(sales: Group, carl: User, rule: Any) -> None:
    assert carl.call("update_customer_page", url=HOME) == {}
    assert carl.call("update_customer_page", url=SALES_PAGE) == {
        "groups": [{"id": sales.number, "status": "offline"}]
    }
    assert carl.call("update_customer_page", url=f"{SALES_PAGE}/2") == {}
    assert carl.call("update_customer_page", url=HOME) == {
        "groups": [{"id": 0, "status": "offline"}]
    }


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_versions_before_3_6_are_moved_without_a_word(
    sales: Group, carl: User, rule: Any, version: str
) -> None:
    answer = carl.rtm("update_customer_page", {"url": SALES_PAGE}, version=version)

    assert answer == {}
    assert group_of(carl) == sales.number


def test_a_login_is_placed_by_its_page(sales: Group, carl: User, rule: Any) -> None:
    answer = carl.login(customer_page={"url": SALES_PAGE, "title": ""})

    assert monitored_as(answer) == sales.number


def test_a_rule_wins_over_the_group_a_client_names(
    acme: Organization, sales: Group, carl: User, rule: Any
) -> None:
    support = make.group(acme, "Support")

    answer = carl.login(group_id=support.number, customer_page={"url": SALES_PAGE, "title": ""})
    assert monitored_as(answer) == sales.number
    carl.call("update_customer_page", url=HOME)

    assert group_of(carl) == support.number


def test_a_place_is_as_good_as_a_page(acme: Organization, sales: Group, carl: User) -> None:
    make.access_rule(acme, sales.number, geolocation={"values": [{"city": "Berlin"}]})
    Visit.objects.update(geolocation={"city": "Berlin"})

    carl.call("update_customer_page", url=HOME)

    assert group_of(carl) == sales.number


def test_live_connections_follow(
    world: World, acme: Organization, sales: Group, carl: User, rule: Any
) -> None:
    carl.login()
    dora = world.customer(acme, "dora")

    carl.call("update_customer_page", url=SALES_PAGE)
    with world.capture_pushes() as pushes:
        world.agent(acme, "bob", groups=[sales], online=True)

    told = {"groups": [{"id": sales.number, "status": "online"}]}
    assert [body for _, body in pushes.to(carl)] == [told, told]
    assert pushes.to(dora) == [
        ("groups_status_updated", {"groups": [{"id": 0, "status": "online"}]})
    ]


def test_agents_who_watch_are_told(
    world: World, acme: Organization, sales: Group, carl: User, rule: Any
) -> None:
    eve = world.agent(acme, "eve")
    eve.login(customer_monitoring_level="online")

    with world.capture_pushes() as pushes:
        carl.call("update_customer_page", url=SALES_PAGE)

    assert "customer_transferred" in [name for name, _ in pushes.to(eve)]


def test_a_chat_belongs_to_all_groups_of_the_rule(
    acme: Organization, sales: Group, ann: User, carl: User
) -> None:
    support = make.group(acme, "Support")
    make.access_rule(acme, sales.number, support.number)
    carl.call("update_customer_page", url=SALES_PAGE)

    carl.call("start_chat")

    assert Chat.objects.get().group_ids == [sales.number, support.number]


def test_a_resumed_chat_goes_to_the_groups_of_the_page(
    sales: Group, ann: User, carl: User, rule: Any
) -> None:
    chat_id = carl.call("start_chat", continuous=True)["chat_id"]
    carl.call("deactivate_chat", id=chat_id)
    carl.call("update_customer_page", url=SALES_PAGE)

    carl.call("resume_chat", chat={"id": chat_id})

    assert Chat.objects.get().group_ids == [sales.number]


def test_named_access_wins_over_the_rule(ann: User, carl: User, rule: Any) -> None:
    carl.call("update_customer_page", url=SALES_PAGE)

    carl.call("start_chat", chat={"access": {"group_ids": [0]}})

    assert Chat.objects.get().group_ids == [0]


def test_a_rule_to_deleted_groups_fits_nobody(
    acme: Organization, sales: Group, carl: User, rule: Any
) -> None:
    carl.login(group_id=sales.number)
    groups.delete_group(acme.id, sales.number)

    assert carl.call("update_customer_page", url=SALES_PAGE) == {}
    assert group_of(carl) == 0


def test_a_chat_is_started_though_the_rules_groups_are_gone(
    acme: Organization, sales: Group, ann: User, carl: User, rule: Any
) -> None:
    carl.call("update_customer_page", url=SALES_PAGE)
    groups.delete_group(acme.id, sales.number)

    carl.call("start_chat")

    assert Chat.objects.get().group_ids == [0]


# --- what agents are told ---------------------------------------------------------------------


def test_agents_are_told_of_rules(world: World, acme: Organization, sales: Group) -> None:
    boss = world.agent(acme, "boss", role="administrator", online=True)
    bob = world.agent(acme, "bob", online=True)
    carl = world.customer(acme, "carl")
    first = make.access_rule(acme, 0)

    with world.capture_pushes() as pushes:
        made = world.act(lambda: make.access_rule(acme, sales.number))

    entries = pushes.payload(boss, "auto_accesses_updated")
    assert entries == [
        {"id": first.public_id, "next_id": made.public_id, "status": "updated"},
        {
            "id": made.public_id,
            "description": "",
            "access": {"groups": [sales.number]},
            "conditions": {"url": {"values": [{"value": "/sales", "exact_match": False}]}},
            "next_id": "",
            "status": "added",
        },
    ]
    assert pushes.to(bob) == pushes.to(carl) == []


def test_3_4_is_told_of_each_rule_by_itself(world: World, acme: Organization) -> None:
    old = world.agent(acme, "old", role="administrator", version="3.4", online=True)
    first = make.access_rule(acme, 0)

    with world.capture_pushes() as pushes:
        made = world.act(lambda: make.access_rule(acme, 0))
        world.act(lambda: access_rules.delete_access_rule(acme, made.public_id))

    assert pushes.to(old) == [
        ("auto_access_updated", {"id": first.public_id, "next_id": made.public_id}),
        (
            "auto_access_added",
            {
                "id": made.public_id,
                "description": "",
                "access": {"groups": [0]},
                "conditions": {"url": {"values": [{"value": "/sales", "exact_match": False}]}},
                "next_id": "",
            },
        ),
        ("auto_access_updated", {"id": first.public_id, "next_id": ""}),
        ("auto_access_deleted", {"id": made.public_id}),
    ]
