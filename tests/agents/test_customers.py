"""Agent Chat API: changing, making and listing customers, tickets; bans are in test_bans.py."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatplatform import clock
from chatplatform.models import Customer, Organization, Visit
from chatplatform.services import activity, tickets
from tests import make
from tests.world import User, World

# --- update_customer ------------------------------------------------------------------------------

EVERYTHING = {
    "name": "Carla",
    "email": "carla@example.com",
    "avatar": "https://example.com/me.png",
    "phone_number": "+48123456789",
    "session_fields": [{"plan": "gold"}],
    "omnichannel": {"fbmessenger": {"id": "fb1"}, "twilio": {"phone_number": "+48123"}},
    "address": {"city": "Wrocław"},
}
STORED = {
    **EVERYTHING,
    "omnichannel": {"fb_messenger": [{"id": "fb1"}], "twilio": [{"phone_number": "+48123"}]},
}


def test_an_agent_changes_a_customers_data(world: World, ann: User, carl: User) -> None:
    carl.call("start_chat")

    with world.capture_pushes() as pushes:
        assert ann.call("update_customer", id=carl.id, **EVERYTHING) == {}

    customer = ann.call("get_customer", id=carl.id)
    assert {name: customer[name] for name in STORED} == STORED
    told = {"id": carl.id, "type": "customer", **STORED}
    assert pushes.payload(ann, "customer_updated") == told
    assert pushes.payload(carl, "customer_updated")["phone_number"] == "+48123456789"


def test_a_system_message_tells_agents_of_another_name_and_address(
    world: World, ann: User, carl: User
) -> None:
    chat_id = carl.call("start_chat")["chat_id"]

    with world.capture_pushes() as pushes:
        ann.call("update_customer", id=carl.id, name="Carla", email="c@example.com")
        carl.call("update_customer", name="Caroline")

    first, second = (
        payload["event"] for name, payload in pushes.to(ann) if name == "incoming_event"
    )
    assert (first["system_message_type"], first["visibility"]) == ("customer_updated", "agents")
    assert first["text"] == ("Ann has changed customer's name and email to Carla, c@example.com")
    assert second["text"] == "Customer's name has been changed to Caroline"
    assert [name for name, _ in pushes.to(carl)] == ["customer_updated"] * 2
    stored = ann.call("get_chat", chat_id=chat_id)["thread"]["events"]
    assert [event["id"] for event in stored[-2:]] == [first["id"], second["id"]]
    assert carl.call("get_chat", chat_id=chat_id)["thread"]["events"] == []


def test_a_name_that_is_taken_away_is_not_announced(world: World, ann: User, carl: User) -> None:
    carl.call("start_chat")

    with world.capture_pushes() as pushes:
        ann.call("update_customer", id=carl.id, name="", email="c@example.com")

    event = pushes.payload(ann, "incoming_event")["event"]
    assert event["text"] == "Ann has changed customer's email to c@example.com"


def test_other_data_leaves_no_message(world: World, ann: User, carl: User) -> None:
    carl.call("start_chat")

    with world.capture_pushes() as pushes:
        ann.call("update_customer", id=carl.id, session_fields=[{"a": "b"}])

    assert pushes.names == {"ann": ["customer_updated"], "carl": ["customer_updated"]}


def test_who_may_open_a_chat_of_theirs_hears_of_a_customer(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    sales = make.group(acme, "Sales")
    mia = world.agent(acme, "mia", groups=[sales], online=True, accepting=False)
    chat_id = carl.call("start_chat")["chat_id"]
    carl.call("deactivate_chat", id=chat_id)
    dora = world.customer(acme, "dora")

    with world.capture_pushes() as pushes:
        ann.call("update_customer", id=carl.id, avatar="https://example.com/c.png")
        ann.call("update_customer", id=dora.id, avatar="https://example.com/d.png")

    assert pushes.names["mia"] == ["customer_updated"]
    assert pushes.payload(mia, "customer_updated")["id"] == carl.id


def test_the_same_data_changes_nothing(world: World, ann: User, carl: User) -> None:
    ann.call("update_customer", id=carl.id, name="Carla")

    with world.nothing_changes():
        ann.call("update_customer", id=carl.id, name="Carla")


def test_before_3_6_there_is_no_telephone(ann: User, carl: User) -> None:
    ann.web("update_customer", {"id": carl.id, **EVERYTHING}, version="3.5")

    customer = ann.call("get_customer", id=carl.id)
    assert customer["name"] == "Carla"
    assert {"phone_number", "omnichannel", "address"}.isdisjoint(customer)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"phone_number": "123"},
        {"phone_number": "+0123"},
        {"phone_number": "+1234567890123456"},
        {"phone_number": "+48 123"},
        {"email": "nobody"},
        {"name": "x" * 256},
        {"session_fields": [{"a": "1", "b": "2"}]},
        {"omnichannel": {"fbmessenger": {}}},
    ],
    ids=str,
)
def test_wrong_data_is_refused(ann: User, carl: User, payload: dict[str, Any]) -> None:
    assert ann.refused("update_customer", id=carl.id, **payload) == "validation"


def test_too_many_session_fields_are_refused(ann: User, carl: User) -> None:
    fields = [{f"k{number}": "v"} for number in range(101)]

    assert ann.refused("update_customer", id=carl.id, session_fields=fields) == "limit_reached"


@pytest.mark.parametrize("customer_id", ["", "nobody", "00000000-0000-4000-8000-000000000000"])
def test_nobody_can_not_be_changed(ann: User, customer_id: str) -> None:
    assert ann.refused("update_customer", id=customer_id, name="x") == "not_found"


# --- create_customer ------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_an_agent_makes_a_customer(
    world: World, acme: Organization, ann: User, version: str
) -> None:
    given = {"name": "Nina", "email": "nina@example.com", "session_fields": [{"a": "b"}]}

    answer = ann.web("create_customer", given, version=version)

    made = ann.call("get_customer", id=answer["customer_id"])
    assert {name: made[name] for name in given} == given
    assert made["statistics"]["visits_count"] == 0
    assert "visit" not in made


def test_an_empty_customer_can_be_made(ann: User) -> None:
    answer = ann.web("create_customer", {}, version="3.5")

    assert "name" not in ann.call("get_customer", id=answer["customer_id"])


def test_a_wrong_customer_is_refused(world: World, ann: User) -> None:
    ann.version = "3.5"

    assert ann.refused("create_customer", email="nobody") == "validation"


# --- list_customers -------------------------------------------------------------------------------


@pytest.fixture
def old(world: World, acme: Organization) -> User:
    """An agent who speaks 3.5."""
    return world.agent(acme, "old", version="3.5", online=True)


@pytest.fixture
def three(world: World, acme: Organization, old: User) -> dict[str, User]:
    """Customers ``a``, ``b`` and ``c``, made in this order; ``b`` and ``c`` have chats."""
    found = {name: world.customer(acme, name) for name in "abc"}
    for name in "bc":
        chat_id = found[name].call("start_chat")["chat_id"]
        found[name].call("deactivate_chat", id=chat_id)
        if name == "c":
            found[name].call("resume_chat", chat={"id": chat_id})
            found[name].call("send_event", chat_id=chat_id, event=make.message())
            found[name].call("deactivate_chat", id=chat_id)
    return found


def names(answer: Any) -> str:
    return "".join(customer["name"] for customer in answer["customers"]).lower()


def test_customers_are_listed_the_newest_first(old: User, three: dict[str, User]) -> None:
    answer = old.call("list_customers")

    assert names(answer) == "cba"
    assert answer["total_customers"] == 3
    assert answer.keys() == {"customers", "total_customers"}
    newest = answer["customers"][0]
    read = old.call("get_customer", id=three["c"].id)
    assert newest == {name: value for name, value in read.items() if name != "chat_ids"}
    assert "last_visit" in newest


@pytest.mark.parametrize(
    ("sort_by", "order", "expected"),
    [
        ("created_at", "asc", "abc"),
        ("threads_count", "desc", "cba"),
        ("threads_count", "asc", "abc"),
        ("visits_count", "desc", "cba"),
        ("customer_last_event", "desc", "cba"),
        ("agent_last_event", "asc", "abc"),
    ],
)
def test_customers_are_sorted(
    old: User, three: dict[str, User], sort_by: str, order: str, expected: str
) -> None:
    answer = old.call("list_customers", sort_by=sort_by, sort_order=order)

    assert names(answer) == expected


@pytest.mark.parametrize("sort_by", ["created_at", "threads_count", "customer_last_event"])
def test_pages_keep_the_order(old: User, three: dict[str, User], sort_by: str) -> None:
    first = old.call("list_customers", sort_by=sort_by, limit=1)
    second = old.call("list_customers", page_id=first["next_page_id"])
    third = old.call("list_customers", page_id=second["next_page_id"])
    back = old.call("list_customers", page_id=third["previous_page_id"])

    assert [names(page) for page in (first, second, third, back)] == ["c", "b", "a", "b"]
    assert "previous_page_id" not in first
    assert "next_page_id" not in third


def test_running_chats_move_a_customer_up_within_seconds(old: User, three: dict[str, User]) -> None:
    chat_id = three["a"].call("start_chat")["chat_id"]
    three["a"].call("send_event", chat_id=chat_id, event=make.message())
    assert names(old.call("list_customers", sort_by="customer_last_event")) == "cba"

    activity.note_running()

    assert names(old.call("list_customers", sort_by="customer_last_event")) == "acb"


FILTERS: list[tuple[dict[str, Any], str]] = [
    ({"name": {"values": ["A", "C"]}}, "ca"),
    ({"name": {"exclude_values": ["A"]}}, "cb"),
    ({"email": {"values": ["a@example.com"]}}, "a"),
    ({"customer_id": {"values": ["nobody"]}}, ""),
    ({"chats_count": {"eq": 0}}, "a"),
    ({"threads_count": {"gt": 1}}, "c"),
    ({"threads_count": {"lte": 1}}, "ba"),
    ({"visits_count": {"gte": 2}}, ""),
    ({"created_at": {"lt": "2001-01-01T00:00:00Z"}}, ""),
    ({"created_at": {"gte": "2001-01-01T00:00:00+01:00"}}, "cba"),
    ({"customer_last_event_created_at": {"gt": "2001-01-01T00:00:00Z"}}, "c"),
    ({"agent_last_event_created_at": {"lt": "2101-01-01T00:00:00Z"}}, ""),
    ({"chat_group_ids": {"values": [0]}}, "cb"),
    ({"chat_group_ids": {"exclude_values": [0]}}, "a"),
    ({"include_customers_without_chats": False}, "cb"),
    ({"country": {"values": ["Poland"]}}, "b"),
    ({"country": {"exclude_values": ["Poland"]}}, "ca"),
    ({"country": {"exclude_values": ["Poland"]}, "chats_count": {"eq": 1}}, "c"),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS, ids=str)
def test_customers_are_filtered(
    old: User, three: dict[str, User], filters: dict[str, Any], expected: str
) -> None:
    three["a"].call("update_customer", email="a@example.com")
    visit = Visit.objects.get(customer_id=three["b"].id)
    visit.geolocation = {"country": "Poland"}
    visit.save()

    answer = old.call("list_customers", filters=filters)

    assert names(answer) == expected
    assert answer["total_customers"] == len(expected)


def test_one_customer_is_found_by_id(old: User, three: dict[str, User]) -> None:
    answer = old.call("list_customers", filters={"customer_id": {"values": [three["b"].id]}})

    assert names(answer) == "b"


def test_customers_the_licence_keeps_no_longer_are_counted_only(
    acme: Organization, old: User, three: dict[str, User]
) -> None:
    acme.properties = {"limits": {"customers_retention.base": 2}}
    acme.save()
    Customer.objects.filter(name="A").update(created_at=clock.now() - timedelta(days=61))

    answer = old.call("list_customers")

    assert names(answer) == "cb"
    assert (answer["total_customers"], answer["limited_customers"]) == (2, 1)


@pytest.mark.parametrize(
    "payload",
    [
        {"limit": 0},
        {"limit": 101},
        {"sort_by": "name"},
        {"sort_order": "up"},
        {"page_id": "x"},
        {"filters": {"name": {"values": ["a"], "exclude_values": ["b"]}}},
        {"filters": {"name": {}}},
        {"filters": {"chats_count": {"eq": "1"}}},
        {"filters": {"created_at": {"gt": "yesterday"}}},
        {"filters": {"chat_group_ids": {"values": list(range(41))}}},
    ],
    ids=lambda payload: str(payload)[:60],
)
def test_a_wrong_list_is_refused(old: User, payload: dict[str, Any]) -> None:
    assert old.refused("list_customers", **payload) == "validation"


@pytest.mark.parametrize(
    "column", ["created_at", "threads_count", "visits_count", "customer_last_event"]
)
def test_an_order_comes_from_an_index(old: User, three: dict[str, User], column: str) -> None:
    with CaptureQueriesContext(connection) as captured:
        old.call("list_customers", sort_by=column)
    (query,) = (one["sql"] for one in captured if "_visit" in one["sql"] and "LIMIT" in one["sql"])

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
        cursor.execute(explain + query)
        plan = str(cursor.fetchall())

    assert "customer_" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


# --- tickets --------------------------------------------------------------------------------------

FORM = {"form_id": "f", "form_type": "ticket", "fields": []}


def test_a_ticket_is_told_and_counted(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    carl.call("start_chat")
    old = world.agent(acme, "old", version="3.5", online=True)

    with world.capture_pushes() as pushes:
        ticket = world.act(lambda: tickets.create_ticket(UUID(carl.id), FORM))

    customer = ann.call("get_customer", id=carl.id)
    shown = {"ticket_id": str(ticket.id), "created_at": clock.to_wire(ticket.created_at)}
    assert customer["tickets"] == [shown]
    assert customer["statistics"]["tickets_count"] == 1
    assert pushes.names == {"ann": ["ticket_created", "customer_statistics_updated"]}
    assert pushes.payload(ann, "ticket_created") == {
        "customer_id": carl.id,
        "silo": "inbox",
        **shown,
    }
    visit = customer["visit"]
    assert pushes.payload(ann, "customer_statistics_updated") == {
        "customer_id": carl.id,
        "statistics": {
            **customer["statistics"],
            "tickets_inbox_count": 1,
            "tickets_archive_count": 0,
            "tickets_spam_count": 0,
            "tickets_trash_count": 0,
            "orders_count": 0,
            "last_visit_started_at": visit["started_at"],
        },
    }
    assert "tickets" not in old.call("get_customer", id=carl.id)


def test_a_ticket_is_deleted(world: World, acme: Organization, ann: User, carl: User) -> None:
    carl.call("start_chat")
    ticket = tickets.create_ticket(UUID(carl.id), FORM)

    with world.capture_pushes() as pushes:
        world.act(lambda: tickets.delete_ticket(acme.id, ticket.id))

    customer = ann.call("get_customer", id=carl.id)
    assert "tickets" not in customer
    assert customer["statistics"]["tickets_count"] == 0
    assert pushes.payload(ann, "ticket_deleted") == {
        "customer_id": carl.id,
        "ticket_id": str(ticket.id),
    }


# --- carts ----------------------------------------------------------------------------------------


def test_a_cart_is_shown_where_there_is_one(ann: User, carl: User) -> None:
    carts = [{"store_platform": "shopify", "total": 109.99}]
    Customer.objects.filter(id=carl.id).update(carts=carts)

    assert ann.call("get_customer", id=carl.id)["carts"] == carts
    assert "carts" not in ann.web("get_customer", {"id": carl.id}, version="3.5")
    assert "carts" not in carl.call("get_customer")


# --- statistics -----------------------------------------------------------------------------------


def test_a_chat_a_customer_joins_later_counts(world: World, ann: User, carl: User) -> None:
    chat_id = ann.call("start_chat")["chat_id"]
    ann.call("deactivate_chat", id=chat_id)

    ann.call("resume_chat", chat={"id": chat_id, "users": [{"id": carl.id, "type": "customer"}]})

    statistics = ann.call("get_customer", id=carl.id)["statistics"]
    assert (statistics["chats_count"], statistics["threads_count"]) == (1, 1)
