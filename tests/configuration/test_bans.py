"""Configuration API: bans of customers and addresses; what a ban keeps out: agents/test_bans.py."""

from datetime import timedelta
from typing import Any

import pytest

from chatplatform import clock
from chatplatform.models import ConnectionLease, CustomerBan, Organization, Visit
from tests import make
from tests.world import Refused, User, World

ADDRESS = "93.184.216.34"
HOUR = 60 * 60


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """An administrator on the Configuration API."""
    return world.agent(acme, "boss", role="administrator").configuration


def visits_from(customer: User, address: str) -> None:
    """Let a customer's visit come from an address."""
    Visit.objects.filter(customer_id=customer.id).update(ip=address)


def browse_from(world: World, address: str) -> None:
    """Let every call come from an address."""
    world.client.defaults["REMOTE_ADDR"] = address


# --- ban_customer -------------------------------------------------------------------------------


def test_a_ban_ends_sessions_and_chats(
    world: World, acme: Organization, boss: User, ann: User, carl: User
) -> None:
    started = carl.call("start_chat")
    tab = carl.connections[-1]

    with world.capture_pushes() as heard:
        assert boss.call("ban_customer", customer_id=carl.id, seconds=36 * HOUR) == {}

    assert tab.ended == "customer_banned"
    assert not ConnectionLease.objects.filter(user_id=carl.id).exists()
    assert [name for name, _ in heard.to(ann)] == [
        "incoming_event",
        "chat_deactivated",
        "customer_banned",
        "customer_left",
    ]
    assert heard.payload(ann, "customer_banned") == {"customer_id": carl.id, "ban": {"days": 2}}
    event = heard.payload(ann, "incoming_event")["event"]
    assert event["system_message_type"] == "customer_banned"
    assert event["text"] == "Chat archived because customer was banned by Boss for 2 day(s)"
    assert event["text_vars"] == {"agent": "Boss", "duration": "2"}
    assert carl.refused("list_chats") == "customer_banned"
    (row,) = CustomerBan.objects.all()
    assert (row.thread_id, row.ip) == (started["thread_id"], None)
    assert row.expires_at - row.created_at == timedelta(hours=36)


def test_a_freed_agent_takes_the_next_chat(world: World, acme: Organization, boss: User) -> None:
    ann = world.agent(acme, "ann", limit=1, online=True)
    carl, dora = world.customer(acme, "carl"), world.customer(acme, "dora")
    carl.call("start_chat")
    waiting = dora.call("start_chat")["chat_id"]

    boss.call("ban_customer", customer_id=carl.id, seconds=HOUR)

    users = ann.call("get_chat", chat_id=waiting)["users"]
    assert {user["id"]: user["present"] for user in users} == {dora.id: True, ann.id: True}


def test_a_banned_address_is_refused_for_whatever_identity(
    world: World, boss: User, carl: User
) -> None:
    boss.call("ban_customer", ip=ADDRESS, seconds=HOUR)
    assert carl.call("list_chats")["total_chats"] == 0

    browse_from(world, ADDRESS)

    assert carl.refused("list_chats") == "customer_banned"


def test_whoever_is_online_at_a_banned_address_is_turned_away(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    carl, dora, emil = (world.customer(acme, name) for name in ("carl", "dora", "emil"))
    chats = {one.id: one.call("start_chat")["chat_id"] for one in (carl, dora, emil)}
    for one in (carl, dora):
        visits_from(one, ADDRESS)
    tabs = [one.connections[-1] for one in (carl, dora, emil)]

    with world.capture_pushes() as heard:
        boss.call("ban_customer", ip=ADDRESS, seconds=HOUR)

    assert [tab.ended for tab in tabs] == ["customer_banned", "customer_banned", ""]
    banned = [told for name, told in heard.to(ann) if name == "customer_banned"]
    assert sorted(told["customer_id"] for told in banned) == sorted([carl.id, dora.id])
    active = {
        one: ann.call("get_chat", chat_id=chat)["thread"]["active"] for one, chat in chats.items()
    }
    assert active == {carl.id: False, dora.id: False, emil.id: True}
    assert CustomerBan.objects.get().customer is None


def test_an_agents_ban_turns_away_who_is_at_the_address_as_well(
    world: World, acme: Organization, ann: User
) -> None:
    carl, dora = world.customer(acme, "carl"), world.customer(acme, "dora")
    for one in (carl, dora):
        visits_from(one, ADDRESS)
    tab = dora.connections[-1]

    ann.call("ban_customer", id=carl.id, ban={"days": 1})

    assert tab.ended == "customer_banned"
    assert CustomerBan.objects.get().ip == ADDRESS


def test_customer_and_address_can_be_banned_together(
    world: World, acme: Organization, boss: User, carl: User
) -> None:
    dora = world.customer(acme, "dora")

    boss.call("ban_customer", customer_id=carl.id, ip=ADDRESS, seconds=HOUR)

    assert carl.refused("list_chats") == "customer_banned"
    assert dora.call("list_chats")["total_chats"] == 0
    browse_from(world, ADDRESS)
    assert dora.refused("list_chats") == "customer_banned"
    assert CustomerBan.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("::ffff:93.184.216.34", ADDRESS),
        (f" {ADDRESS} ", ADDRESS),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("192.168.1.1", "192.168.1.1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_is_kept_in_one_spelling(boss: User, given: str, kept: str) -> None:
    boss.call("ban_customer", ip=given, seconds=HOUR)

    assert boss.call("list_customer_bans")[0]["ip"] == kept
    assert boss.call("unban_customer", ip=kept) == {}


def test_a_new_ban_replaces_the_former_of_the_same(boss: User, carl: User, ann: User) -> None:
    ann.call("ban_customer", id=carl.id, ban={"days": 9})
    boss.call("ban_customer", customer_id=carl.id, seconds=HOUR)
    boss.call("ban_customer", ip=ADDRESS, seconds=9 * HOUR)
    boss.call("ban_customer", ip=ADDRESS, seconds=HOUR)

    rows = CustomerBan.objects.order_by("id")
    assert [row.expires_at - row.created_at for row in rows] == [timedelta(hours=1)] * 2


def test_a_ban_of_the_customer_leaves_that_of_the_address(boss: User, carl: User) -> None:
    boss.call("ban_customer", ip=ADDRESS, seconds=9 * HOUR)
    boss.call("ban_customer", ip=ADDRESS, customer_id=carl.id, seconds=HOUR)

    assert CustomerBan.objects.count() == 2


def test_the_mask_of_all_addresses_can_not_be_banned(acme: Organization, boss: User) -> None:
    acme.properties = {"monitoring": {"ip_mask": "8.8.8.8"}}
    acme.save()

    for ip in ("8.8.8.8", "::ffff:8.8.8.8"):
        assert boss.refused("ban_customer", ip=ip, seconds=HOUR) == "validation"
    assert boss.call("ban_customer", ip="8.8.4.4", seconds=HOUR) == {}


def test_a_licence_has_so_many_bans(acme: Organization, boss: User, ann: User, carl: User) -> None:
    acme.properties = {"limits": {"banned.base": 1}}
    acme.save()
    boss.call("ban_customer", ip=ADDRESS, seconds=HOUR)

    assert boss.refused("ban_customer", customer_id=carl.id, seconds=HOUR) == "limit_reached"
    assert ann.refused("ban_customer", id=carl.id, ban={"days": 1}) == "limit_reached"
    assert boss.call("ban_customer", ip=ADDRESS, seconds=HOUR) == {}
    CustomerBan.objects.update(expires_at=clock.now())
    assert boss.call("ban_customer", customer_id=carl.id, seconds=HOUR) == {}


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"seconds": HOUR}, "validation"),
        ({"ip": ADDRESS}, "validation"),
        ({"ip": ADDRESS, "seconds": 0}, "validation"),
        ({"ip": ADDRESS, "seconds": -1}, "validation"),
        ({"ip": ADDRESS, "seconds": 1.5}, "validation"),
        ({"ip": ADDRESS, "seconds": "60"}, "validation"),
        ({"ip": ADDRESS, "seconds": 36_500 * 24 * HOUR + 1}, "validation"),
        ({"ip": "", "seconds": HOUR}, "validation"),
        ({"ip": "shop.example", "seconds": HOUR}, "validation"),
        ({"ip": "10.0.0.0/8", "seconds": HOUR}, "validation"),
        ({"customer_id": "", "seconds": HOUR}, "validation"),
        ({"customer_id": "nobody", "seconds": HOUR}, "not_found"),
        ({"customer_id": "00000000-0000-4000-8000-000000000000", "seconds": HOUR}, "not_found"),
    ],
    ids=str,
)
def test_a_wrong_ban_is_refused(boss: User, payload: dict[str, Any], error: str) -> None:
    assert boss.refused("ban_customer", **payload) == error


# --- list_customer_bans -------------------------------------------------------------------------


def test_bans_that_hold_are_listed_the_newest_first(
    world: World, acme: Organization, boss: User, ann: User, carl: User
) -> None:
    thread_id = carl.call("start_chat")["thread_id"]
    visits_from(carl, ADDRESS)
    ann.call("ban_customer", id=carl.id, ban={"days": 1})
    boss.call("ban_customer", ip="8.8.8.8", seconds=HOUR)
    boss.call("ban_customer", ip="8.8.4.4", seconds=HOUR)
    CustomerBan.objects.filter(ip="8.8.4.4").update(expires_at=clock.now())

    listed = boss.call("list_customer_bans")

    times = [(ban.pop("created_at"), ban.pop("expires_at")) for ban in listed]
    assert all(len(moment) == 27 and moment[-1] == "Z" for pair in times for moment in pair)
    assert listed == [
        {"ip": "8.8.8.8", "agent_id": boss.id},
        {"ip": ADDRESS, "agent_id": ann.id, "customer_id": carl.id, "thread_id": thread_id},
    ]


# --- unban_customer -----------------------------------------------------------------------------


def test_who_is_let_in_again_is_so_at_once(boss: User, carl: User) -> None:
    boss.call("ban_customer", customer_id=carl.id, seconds=HOUR)

    assert boss.call("unban_customer", customer_id=carl.id) == {}

    assert carl.call("list_chats")["total_chats"] == 0
    assert carl.login()["customer"]["id"] == carl.id
    assert boss.call("list_customer_bans") == []


def test_an_address_is_let_in_again_with_who_was_banned_along(
    world: World, boss: User, carl: User
) -> None:
    boss.call("ban_customer", customer_id=carl.id, ip=ADDRESS, seconds=HOUR)
    browse_from(world, ADDRESS)

    assert boss.call("unban_customer", ip=ADDRESS) == {}

    assert carl.call("list_chats")["total_chats"] == 0


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({}, "validation"),
        ({"ip": ADDRESS, "customer_id": "00000000-0000-4000-8000-000000000000"}, "validation"),
        ({"ip": "shop.example"}, "validation"),
        ({"ip": "x" * 181}, "validation"),
        ({"ip": ADDRESS}, "not_found"),
        ({"customer_id": "nobody"}, "not_found"),
    ],
    ids=str,
)
def test_nobody_is_let_in_who_is_not_banned(
    boss: User, payload: dict[str, Any], error: str
) -> None:
    assert boss.refused("unban_customer", **payload) == error


# --- who may ------------------------------------------------------------------------------------


def test_bans_hold_in_their_organisation_only(
    world: World, acme: Organization, boss: User, carl: User
) -> None:
    other = make.organization("Other")
    theirs = world.agent(other, "otto", role="administrator").configuration
    theirs.call("ban_customer", ip=ADDRESS, seconds=HOUR)
    browse_from(world, ADDRESS)

    assert carl.call("list_chats")["total_chats"] == 0
    assert boss.call("list_customer_bans") == []
    assert boss.refused("unban_customer", ip=ADDRESS) == "not_found"
    assert theirs.refused("ban_customer", customer_id=carl.id, seconds=HOUR) == "not_found"


def test_bans_need_their_scopes(world: World, acme: Organization, carl: User) -> None:
    reader = world.agent(acme, "rita", scopes=["banlist_read"]).configuration
    writer = world.agent(acme, "will", scopes=["banlist_write"]).configuration

    assert reader.call("list_customer_bans") == []
    assert reader.refused("ban_customer", customer_id=carl.id, seconds=1) == "authorization"
    assert reader.refused("unban_customer", customer_id=carl.id) == "authorization"
    assert writer.refused("list_customer_bans") == "authorization"
    assert writer.call("ban_customer", customer_id=carl.id, seconds=HOUR) == {}
    assert writer.call("unban_customer", customer_id=carl.id) == {}


def test_older_versions_know_less(boss: User, carl: User) -> None:
    for action, version in (
        ("list_customer_bans", "3.5"),
        ("unban_customer", "3.5"),
        ("ban_customer", "3.6"),
    ):
        with pytest.raises(Refused, match="unknown action"):
            boss.web(action, {"customer_id": carl.id, "seconds": 1}, version=version)
    assert boss.web("list_customer_bans", version="3.6") == []
