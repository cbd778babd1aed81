"""Agent Chat API: banning customers, and what a ban keeps out."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatplatform import clock
from chatplatform.errors import CustomerBanned
from chatplatform.models import (
    Application,
    ConnectionLease,
    Customer,
    CustomerBan,
    Organization,
    Visit,
)
from chatplatform.services import authentication, bans, chats
from chatplatform.services.chats import Opening
from tests import make
from tests.world import Refused, User, World

ADDRESS = "93.184.216.34"


def ban(agent: User, customer: User, days: int = 3) -> Any:
    return agent.call("ban_customer", id=customer.id, ban={"days": days})


def visits_from(customer: User, address: str) -> None:
    """Let a customer's visit come from an address."""
    Visit.objects.filter(customer_id=customer.id).update(ip=address)


# --- what it does ---------------------------------------------------------------------------------


def test_a_ban_ends_sessions_and_chats(
    world: World, acme: Organization, ann: User, bob: User, carl: User
) -> None:
    started = carl.call("start_chat")
    carl.login()
    tabs = list(carl.connections)

    with world.capture_pushes() as pushes:
        assert ban(ann, carl) == {}

    assert [tab.ended for tab in tabs] == ["customer_banned"] * 2
    assert not ConnectionLease.objects.filter(user_id=carl.id).exists()
    assert [name for name, _ in pushes.to(ann)] == [
        "incoming_event",
        "chat_deactivated",
        "customer_banned",
        "customer_left",
    ]
    assert pushes.payload(ann, "customer_banned") == {"customer_id": carl.id, "ban": {"days": 3}}
    event = pushes.payload(ann, "incoming_event")["event"]
    assert event["system_message_type"] == "customer_banned"
    assert event["text"] == "Chat archived because customer was banned by Ann for 3 day(s)"
    assert event["text_vars"] == {"agent": "Ann", "duration": "3"}
    assert [name for name, _ in pushes.to(bob)] == ["chat_deactivated", "customer_banned"]
    assert [name for name, _ in pushes.to(carl)] == [
        *["incoming_event"] * 2,
        *["chat_deactivated"] * 2,
    ]
    chat = ann.call("get_chat", chat_id=started["chat_id"])
    assert chat["thread"]["active"] is False
    (row,) = CustomerBan.objects.all()
    assert (row.agent_id, row.thread_id) == (ann.id, started["thread_id"])
    assert row.expires_at - row.created_at == timedelta(days=3)


def test_a_ban_of_one_without_a_chat_is_told_to_who_did_it(
    world: World, acme: Organization, ann: User, bob: User
) -> None:
    emil = world.customer(acme, "emil", online=False)

    with world.capture_pushes() as pushes:
        ban(ann, emil)

    assert pushes.names == {"ann": ["customer_banned"]}


def test_a_freed_agent_takes_the_next_chat(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", limit=1, online=True)
    carl, dora = world.customer(acme, "carl"), world.customer(acme, "dora")
    carl.call("start_chat")
    waiting = dora.call("start_chat")["chat_id"]

    ban(ann, carl)

    users = ann.call("get_chat", chat_id=waiting)["users"]
    assert {user["id"]: user["present"] for user in users} == {dora.id: True, ann.id: True}


def test_a_new_ban_replaces_the_former(ann: User, carl: User) -> None:
    ban(ann, carl, days=3)
    ban(ann, carl, days=1)

    (row,) = CustomerBan.objects.all()
    assert row.expires_at - row.created_at == timedelta(days=1)


# --- what it keeps out ----------------------------------------------------------------------------


def test_a_banned_customer_is_refused_everywhere(ann: User, carl: User) -> None:
    ban(ann, carl)

    assert carl.refused("list_chats") == "customer_banned"
    with pytest.raises(Refused) as refused:
        carl.login()
    assert (refused.value.status, refused.value.type) == (403, "customer_banned")


def test_others_are_let_in(world: World, acme: Organization, ann: User, carl: User) -> None:
    dora = world.customer(acme, "dora")
    ban(ann, carl)

    assert dora.call("list_chats")["total_chats"] == 0


def test_a_ban_ends_by_itself(ann: User, carl: User) -> None:
    ban(ann, carl)
    CustomerBan.objects.update(expires_at=clock.now())

    assert carl.login()["customer"]["id"] == carl.id
    bans.forget_expired()
    assert not CustomerBan.objects.exists()


def test_what_is_public_stays_so(world: World, acme: Organization, ann: User, carl: User) -> None:
    ban(ann, carl)

    answer = carl.get("get_dynamic_configuration", {})

    assert answer["organization_id"] == str(acme.id)


def test_a_ban_holds_for_a_public_address(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    dora = world.customer(acme, "dora")
    visits_from(carl, ADDRESS)
    ban(ann, carl)
    assert dora.call("list_chats")["total_chats"] == 0

    world.client.defaults["REMOTE_ADDR"] = ADDRESS

    assert dora.refused("list_chats") == "customer_banned"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "fe80::1", None])
def test_an_address_of_many_is_not_banned(ann: User, carl: User, address: str | None) -> None:
    Visit.objects.filter(customer_id=carl.id).update(ip=address)

    ban(ann, carl)

    assert CustomerBan.objects.get().ip is None


def test_a_mask_is_stored_and_never_banned(world: World, acme: Organization, ann: User) -> None:
    acme.properties = {"monitoring": {"ip_mask": "8.8.8.8"}}
    acme.save()
    carl = world.customer(acme, "carl")
    assert ann.call("get_customer", id=carl.id)["visit"]["ip"] == "8.8.8.8"

    ban(ann, carl)

    assert CustomerBan.objects.get().ip is None


def test_a_mask_that_is_no_address_hides_all_the_same(
    world: World, acme: Organization, ann: User
) -> None:
    acme.properties = {"monitoring": {"ip_mask": "hidden"}}
    acme.save()

    carl = world.customer(acme, "carl")

    assert "ip" not in ann.call("get_customer", id=carl.id)["visit"]


def test_verifying_a_token_stays_one_read(carl: User) -> None:

    with CaptureQueriesContext(connection) as captured:
        authentication.identify_customer(carl.credentials, ADDRESS)

    assert len(captured) == 1


def test_a_call_that_was_under_way_starts_no_chat(ann: User, carl: User) -> None:
    row = Customer.objects.get(id=carl.id)
    requester = make.requester(row)
    ban(ann, carl)

    with pytest.raises(CustomerBanned):
        chats.start_chat(requester, Opening(continuous=True))


# --- cookies --------------------------------------------------------------------------------------


def mint(world: World, acme: Organization, address: str = "127.0.0.1") -> Any:
    """Ask for a token as a browser does."""
    client_id = Application.objects.get(organization=acme, purpose="widget").client_id
    body = {
        "grant_type": "cookie",
        "client_id": client_id,
        "organization_id": str(acme.id),
        "response_type": "token",
        "redirect_uri": "https://shop.example/",
    }
    return world.client.post(
        "/v2/customer/token",
        orjson.dumps(body),
        content_type="text/plain",
        headers={"Origin": "https://shop.example"},
        REMOTE_ADDR=address,
    )


BANNED = {
    "identity_exception": "customer_banned",
    "exception_description": "the customer is banned",
}


def test_a_banned_browser_gets_no_token(world: World, acme: Organization, ann: User) -> None:
    customer_id = mint(world, acme).json()["entity_id"]
    ann.call("ban_customer", id=customer_id, ban={"days": 1})
    count = Customer.objects.count()

    answer = mint(world, acme)

    assert (answer.status_code, answer.json()) == (403, BANNED)
    assert Customer.objects.count() == count


def test_nobody_gets_an_identity_at_a_banned_address(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    visits_from(carl, ADDRESS)
    ban(ann, carl)
    count = Customer.objects.count()

    assert mint(world, acme, ADDRESS).json() == BANNED
    assert Customer.objects.count() == count
    assert mint(world, acme).status_code == 200


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [{}, {"ban": {}}, {"ban": {"days": 0}}, {"ban": {"days": "3"}}, {"ban": {"days": 36_501}}],
    ids=str,
)
def test_a_wrong_ban_is_refused(ann: User, carl: User, payload: dict[str, Any]) -> None:
    assert ann.refused("ban_customer", id=carl.id, **payload) == "validation"


def test_nobody_can_not_be_banned(ann: User) -> None:
    assert ann.refused("ban_customer", id="nobody", ban={"days": 1}) == "not_found"


def test_a_licence_has_so_many_bans(world: World, acme: Organization, ann: User) -> None:
    acme.properties = {"limits": {"banned.base": 1}}
    acme.save()
    carl, dora = world.customer(acme, "carl"), world.customer(acme, "dora")
    ban(ann, carl)

    assert ann.refused("ban_customer", id=dora.id, ban={"days": 1}) == "limit_reached"
    assert ban(ann, carl) == {}
    CustomerBan.objects.update(expires_at=clock.now())
    assert ban(ann, dora) == {}
