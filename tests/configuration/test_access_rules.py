"""Configuration API: access rules, the protocol's auto access."""

from typing import Any

import pytest

from chatplatform.models import AccessRule, Chat, Group, Organization
from tests import make
from tests.world import User, World

PAGE = "https://shop.example/sales"
SALES_PAGES = {"url": {"values": [{"value": "/sales"}]}}
STORED_PAGES = {"url": {"values": [{"value": "/sales", "exact_match": False}]}}
POLAND = {"geolocation": {"values": [{"country": "Poland", "country_code": "PL"}]}}


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """An administrator on the Configuration API."""
    return world.agent(acme, "boss", role="administrator").configuration


@pytest.fixture
def watcher(world: World, acme: Organization) -> User:
    """An administrator who hears of rules."""
    return world.agent(acme, "watcher", role="administrator", online=True, accepting=False)


@pytest.fixture
def rules(acme: Organization) -> list[str]:
    """Ids of three rules for General, in their order."""
    return [make.access_rule(acme, 0).public_id for _ in range(3)]


def listed(boss: User) -> list[tuple[str, str]]:
    return [(rule["id"], rule["next_id"]) for rule in boss.call("list_auto_accesses")]


# --- what they do ---------------------------------------------------------------------------------


def test_a_rule_places_customers_and_their_chats_at_once(
    world: World, acme: Organization, boss: User, ann: User, carl: User, sales: Group
) -> None:
    boss.call("add_auto_access", access={"groups": [sales.number, 0]}, conditions=SALES_PAGES)

    answer = carl.call("update_customer_page", url=PAGE)
    started = carl.call("start_chat", continuous=True)

    assert [group["id"] for group in answer["groups"]] == [sales.number, 0]
    assert Chat.objects.get(id=started["chat_id"]).group_ids == [sales.number, 0]


def test_a_changed_rule_holds_for_the_next_page(
    acme: Organization, boss: User, carl: User, sales: Group, support: Group
) -> None:
    rule = make.access_rule(acme, sales.number).public_id
    carl.call("update_customer_page", url=PAGE)

    boss.call("update_auto_access", id=rule, access={"groups": [support.number]})
    moved = carl.call("update_customer_page", url=f"{PAGE}/2")
    boss.call("delete_auto_access", id=rule)
    back = carl.call("update_customer_page", url=f"{PAGE}/3")

    assert [group["id"] for group in moved["groups"]] == [support.number]
    assert [group["id"] for group in back["groups"]] == [0]


# --- add_auto_access ------------------------------------------------------------------------------


def test_a_rule_comes_last_unless_it_is_put_before_another(
    world: World, boss: User, watcher: User, sales: Group
) -> None:
    last = boss.call("add_auto_access", access={"groups": [0]}, conditions=POLAND, next_id="")["id"]

    with world.capture_pushes() as heard:
        made = boss.call(
            "add_auto_access",
            access={"groups": [sales.number]},
            conditions={**SALES_PAGES, **POLAND},
            description="Sales",
            next_id=last,
        )

    first = {
        "id": made["id"],
        "description": "Sales",
        "access": {"groups": [sales.number]},
        "conditions": {**STORED_PAGES, **POLAND},
        "next_id": last,
    }
    assert heard.to(watcher) == [("auto_accesses_updated", [{**first, "status": "added"}])]
    assert boss.call("list_auto_accesses") == [
        first,
        {
            "id": last,
            "description": "",
            "access": {"groups": [0]},
            "conditions": POLAND,
            "next_id": "",
        },
    ]


def test_the_rule_before_is_told_to_have_another_neighbour(
    world: World, boss: User, watcher: User, rules: list[str]
) -> None:
    with world.capture_pushes() as heard:
        made = boss.call("add_auto_access", access={"groups": [0]}, conditions=SALES_PAGES)["id"]

    assert heard.payload(watcher, "auto_accesses_updated") == [
        {"id": rules[2], "next_id": made, "status": "updated"},
        {
            "id": made,
            "description": "",
            "access": {"groups": [0]},
            "conditions": STORED_PAGES,
            "next_id": "",
            "status": "added",
        },
    ]


def match(*names: str) -> dict[str, Any]:
    return {name: [{"value": "x"}] for name in names}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"access": None}, "validation"),
        ({"access": {}}, "validation"),
        ({"access": {"groups": []}}, "validation"),
        ({"access": {"groups": ["0"]}}, "validation"),
        ({"access": {"groups": [0] * 201}}, "validation"),
        ({"access": {"groups": [0, 77]}}, "group_not_found"),
        ({"conditions": {}}, "validation"),
        ({"conditions": None}, "validation"),
        ({"conditions": {"url": {}}}, "validation"),
        ({"conditions": {"url": match("values", "exclude_values")}}, "validation"),
        ({"conditions": {"domain": match("values", "exclude_values")}}, "validation"),
        ({"conditions": {"url": {"values": [{"exact_match": True}]}}}, "validation"),
        ({"conditions": {"url": {"values": [{"value": "x", "exact_match": 1}]}}}, "validation"),
        ({"conditions": {"geolocation": {"values": [{}]}}}, "validation"),
        ({"conditions": {"geolocation": {}}}, "validation"),
        ({"description": "x" * 1025}, "validation"),
        ({"next_id": "nowhere"}, "not_found"),
        ({"next_id": 5}, "validation"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_impossible_rule_is_refused(boss: User, values: dict[str, Any], error: str) -> None:
    known = {"access": {"groups": [0]}, "conditions": SALES_PAGES}

    assert boss.refused("add_auto_access", **{**known, **values}) == error


def test_a_licence_has_so_many_rules(acme: Organization, boss: User, rules: list[str]) -> None:
    acme.properties = {"limits": {"access_rules.base": 3}}
    acme.save()

    refusal = boss.refused("add_auto_access", access={"groups": [0]}, conditions=SALES_PAGES)

    assert refusal == "limit_reached"


def test_what_every_page_reads_is_bounded(boss: User) -> None:
    long = {"values": [{"value": "x" * 2_000}] * 100}
    access, big = {"groups": [0]}, {"url": long, "domain": long}
    made = [boss.call("add_auto_access", access=access, conditions=big)["id"] for _ in range(2)]
    small = boss.call("add_auto_access", access=access, conditions=SALES_PAGES)["id"]

    assert boss.refused("add_auto_access", access=access, conditions=big) == "limit_reached"
    assert boss.refused("update_auto_access", id=small, conditions=big) == "limit_reached"
    assert [rule["id"] for rule in boss.call("list_auto_accesses")] == [*made, small]
    assert boss.call("list_auto_accesses")[-1]["conditions"] == STORED_PAGES
    boss.call("update_auto_access", id=made[0], conditions=SALES_PAGES)
    boss.call("update_auto_access", id=small, conditions=big)


# --- update_auto_access ---------------------------------------------------------------------------


def test_only_what_is_given_changes(
    world: World, boss: User, watcher: User, rules: list[str], sales: Group
) -> None:
    with world.capture_pushes() as heard:
        assert boss.call("update_auto_access", id=rules[1], description="Ours") == {}
        boss.call("update_auto_access", id=rules[1], access={"groups": [sales.number]})
        boss.call("update_auto_access", id=rules[1], conditions=POLAND)

    told = {"id": rules[1], "status": "updated"}
    assert [entries for _, entries in heard.to(watcher)] == [
        [{**told, "description": "Ours"}],
        [{**told, "access": {"groups": [sales.number]}}],
        [{**told, "conditions": POLAND}],
    ]
    assert boss.call("list_auto_accesses")[1] == {
        "id": rules[1],
        "description": "Ours",
        "access": {"groups": [sales.number]},
        "conditions": POLAND,
        "next_id": rules[2],
    }


def test_next_id_moves_a_rule_and_its_neighbours_are_told(
    world: World, boss: User, watcher: User, rules: list[str]
) -> None:
    first, second, third = rules

    with world.capture_pushes() as heard:
        boss.call("update_auto_access", id=third, next_id=second)

    assert listed(boss) == [(first, third), (third, second), (second, "")]
    assert heard.payload(watcher, "auto_accesses_updated") == [
        {"id": first, "next_id": third, "status": "updated"},
        {"id": third, "next_id": second, "status": "updated"},
        {"id": second, "next_id": "", "status": "updated"},
    ]


def test_an_empty_next_id_moves_to_the_end_and_none_stays(
    world: World, boss: User, watcher: User, rules: list[str]
) -> None:
    first, second, third = rules

    with world.nothing_changes():
        assert boss.call("update_auto_access", id=first) == {}
        assert boss.call("update_auto_access", id=first, next_id=first) == {}
    boss.call("update_auto_access", id=first, next_id="")

    assert listed(boss) == [(second, third), (third, first), (first, "")]


def test_an_impossible_change_is_refused(boss: User, rules: list[str]) -> None:
    for values, error in (
        ({"access": {"groups": [77]}}, "group_not_found"),
        ({"access": {}}, "validation"),
        ({"conditions": {}}, "validation"),
        ({"conditions": {"url": match("values", "exclude_values")}}, "validation"),
        ({"description": "x" * 1025}, "validation"),
        ({"next_id": "nowhere"}, "not_found"),
        ({"description": "fine", "next_id": "nowhere"}, "not_found"),
        ({"id": "nowhere"}, "not_found"),
        ({"id": 5}, "validation"),
    ):
        assert boss.refused("update_auto_access", **{"id": rules[0], **values}) == error


# --- delete_auto_access ---------------------------------------------------------------------------


def test_a_deleted_rule_leaves_no_gap(
    world: World, boss: User, watcher: User, rules: list[str]
) -> None:
    first, second, third = rules

    with world.capture_pushes() as heard:
        assert boss.call("delete_auto_access", id=second) == {}

    assert listed(boss) == [(first, third), (third, "")]
    assert heard.payload(watcher, "auto_accesses_updated") == [
        {"id": first, "next_id": third, "status": "updated"},
        {"id": second, "status": "deleted"},
    ]
    assert boss.refused("delete_auto_access", id=second) == "not_found"


# --- who may, and who hears -----------------------------------------------------------------------


def test_a_client_of_3_4_hears_of_each_rule_by_itself(
    world: World, acme: Organization, boss: User
) -> None:
    old = world.agent(acme, "old", role="administrator", version="3.4", online=True)
    first, second = (make.access_rule(acme, 0).public_id for _ in range(2))

    with world.capture_pushes() as heard:
        made = boss.web(
            "add_auto_access",
            {"access": {"groups": [0]}, "conditions": POLAND, "next_id": second},
            version="3.4",
        )["id"]
        boss.call("delete_auto_access", id=made)

    assert heard.to(old) == [
        ("auto_access_updated", {"id": first, "next_id": made}),
        (
            "auto_access_added",
            {
                "id": made,
                "description": "",
                "access": {"groups": [0]},
                "conditions": POLAND,
                "next_id": second,
            },
        ),
        ("auto_access_updated", {"id": first, "next_id": second}),
        ("auto_access_deleted", {"id": made}),
    ]


def test_rules_are_administrators_business(
    world: World, boss: User, ann: User, rules: list[str]
) -> None:
    normal = ann.configuration
    made = {"access": {"groups": [0]}, "conditions": POLAND}

    assert normal.refused("list_auto_accesses") == "authorization"
    assert normal.refused("add_auto_access", **made) == "authorization"
    assert normal.refused("update_auto_access", id=rules[0], description="x") == "authorization"
    assert normal.refused("delete_auto_access", id=rules[0]) == "authorization"
    with world.capture_pushes() as heard:
        boss.call("delete_auto_access", id=rules[0])
    assert heard.to(ann) == []


def test_rules_and_groups_of_others_are_out_of_reach(acme: Organization, boss: User) -> None:
    other = make.organization("Other")
    their_group = make.group(other).number
    theirs = make.access_rule(other, 0).public_id
    made = {"access": {"groups": [0]}, "conditions": POLAND}

    assert boss.call("list_auto_accesses") == []
    assert boss.refused("update_auto_access", id=theirs, description="x") == "not_found"
    assert boss.refused("delete_auto_access", id=theirs) == "not_found"
    assert boss.refused("add_auto_access", **made, next_id=theirs) == "not_found"
    made["access"] = {"groups": [their_group]}
    assert boss.refused("add_auto_access", **made) == "group_not_found"
    assert AccessRule.objects.get().description == ""
