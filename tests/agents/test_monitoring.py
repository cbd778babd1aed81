"""Agent Chat API: which customers an agent watches, and what they hear of them."""

from typing import Any

import pytest

from chatplatform.models import Agent, Customer, Group, Organization
from chatplatform.services import groups as group_services
from chatplatform.services import monitoring
from tests import make
from tests.world import Pushes, User, World

LEVELS = ["my", "chatting", "invited", "online"]


def watcher(
    world: World, acme: Organization, level: str, groups: list[Group] | None = None, **more: Any
) -> User:
    """Log an agent in, who accepts no chats, at a level that gives them its name."""
    user = world.agent(acme, level, groups=groups or (), **more)
    Agent.objects.filter(public_id=user.id).update(login_status="not_accepting_chats")
    user.login(customer_monitoring_level=level)
    return user


@pytest.fixture
def watchers(world: World, acme: Organization) -> list[User]:
    """One agent at each level."""
    return [watcher(world, acme, level) for level in LEVELS]


def told_at_login(user: User) -> Any:
    """Return what a user heard of customers when they last logged in."""
    (told,) = (push.payload for push in user.heard if push.action == "incoming_customers")
    return told


def hearing(pushes: Pushes, action: str) -> list[str]:
    """Return who heard a push, in the order of the levels."""
    return [name for name, actions in pushes.names.items() if action in actions]


# --- the level --------------------------------------------------------------------------------


def test_a_first_session_watches_ones_own_customers(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", online=True)

    assert told_at_login(ann) == {"customer_monitoring_level": "my", "customers": []}


def test_another_session_keeps_the_level(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann")
    ann.login(customer_monitoring_level="invited")
    ann.login()

    assert told_at_login(ann)["customer_monitoring_level"] == "invited"
    world.lose(ann)
    ann.login()
    assert told_at_login(ann)["customer_monitoring_level"] == "my"


@pytest.mark.parametrize(
    ("base", "wanted", "agreed"),
    [
        (100, "highest_available", "online"),
        (0, "highest_available", "chatting"),
        (0, "online", "chatting"),
        (0, "my", "my"),
    ],
)
def test_the_licence_caps_the_level(
    world: World, acme: Organization, base: int, wanted: str, agreed: str
) -> None:
    acme.properties = {"limits": {"monitored_customers.base": base}}
    acme.save()
    ann = world.agent(acme, "ann")

    ann.login(customer_monitoring_level=wanted)

    assert told_at_login(ann)["customer_monitoring_level"] == agreed


def test_an_unknown_level_is_refused(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann")

    with pytest.raises(Exception, match="validation"), world.nothing_changes():
        ann.login(customer_monitoring_level="everybody")


def test_without_the_scope_nobody_is_watched(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", scopes=["chats--access:ro"])
    ann.login(customer_monitoring_level="online")

    with world.capture_pushes() as pushes:
        carl = world.customer(acme, "carl")
        carl.call("update_customer_page", url="https://shop.example/")

    assert "incoming_customers" not in {push.action for push in ann.heard}
    assert "ann" not in pushes.names


# --- incoming_customers -------------------------------------------------------------------------


@pytest.fixture
def crowd(world: World, acme: Organization) -> dict[str, User]:
    """Ann's customer ``talking``, ``waiting`` in the queue, ``invited``, and one who looks."""
    ann = world.agent(acme, "ann", limit=1, online=True)
    customers = {name: world.customer(acme, name) for name in ("talking", "waiting", "looking")}
    customers["talking"].call("start_chat")
    customers["waiting"].call("start_chat")
    world.customer(acme, "away", online=False)
    return {"ann": ann, **customers}


def test_ones_own_customers_are_told_before_others(
    world: World, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitoring, "MOST_CHATTING", 2)
    acme.properties = {"limits": {"monitored_customers.base": 2}}
    acme.save()
    ann = world.agent(acme, "ann", online=True)
    for number in range(3):
        world.customer(acme, f"other{number}").call("start_chat")
    ann.call("set_routing_status", status="not_accepting_chats")
    bob = world.agent(acme, "bob", online=True)
    own = world.customer(acme, "own")
    own.call("start_chat")

    bob.login(customer_monitoring_level="online")

    told = told_at_login(bob)["customers"]
    assert len(told) == 2
    assert told[0]["id"] == own.id


@pytest.mark.parametrize("how", ["follows", "whispers"])
def test_login_tells_whose_running_chat_one_follows_or_whispers_in(
    world: World, acme: Organization, crowd: dict[str, User], how: str
) -> None:
    ann, talking = crowd["ann"], crowd["talking"]
    bob = watcher(world, acme, "my")
    chat_id = talking.call("list_chats")["chats_info"][0]["id"]
    if how == "follows":
        bob.call("follow_chat", id=chat_id)
    else:
        user = {"user_id": bob.id, "user_type": "agent", "visibility": "agents"}
        ann.call("add_user_to_chat", chat_id=chat_id, **user)

    bob.login()

    (customer,) = told_at_login(bob)["customers"]
    assert (customer["id"], customer["followed"]) == (talking.id, True)
    talking.call("deactivate_chat", id=chat_id)
    bob.login()
    assert told_at_login(bob)["customers"] == []


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("my", []),
        ("chatting", ["Talking", "Waiting"]),
        ("invited", ["Talking", "Waiting"]),
        ("online", ["Talking", "Waiting", "Looking"]),
    ],
)
def test_login_tells_whom_one_watches(
    world: World, acme: Organization, crowd: dict[str, User], level: str, told: list[str]
) -> None:
    bob = watcher(world, acme, level)

    answer = told_at_login(bob)
    assert answer["customer_monitoring_level"] == level
    assert [customer["name"] for customer in answer["customers"]] == told


def test_a_watched_customer_has_a_state(
    world: World, acme: Organization, crowd: dict[str, User]
) -> None:
    bob = watcher(world, acme, "online")

    states = {
        customer["name"]: (customer["state"], customer["online"], customer["followed"])
        for customer in told_at_login(bob)["customers"]
    }
    assert states == {
        "Talking": ("chatting", True, False),
        "Waiting": ("queued", True, False),
        "Looking": ("browsing", True, False),
    }


def test_ones_own_customers_are_followed(
    world: World, acme: Organization, crowd: dict[str, User]
) -> None:
    crowd["ann"].login()

    (customer,) = told_at_login(crowd["ann"])["customers"]
    assert (customer["name"], customer["followed"]) == ("Talking", True)


def test_no_more_are_told_than_the_licence_lets_be_monitored(
    world: World, acme: Organization
) -> None:
    acme.properties = {
        "limits": {
            "monitored_customers.base": 60,
            "monitored_customers.additional": 60,
            "monitored_customers.hard": 101,
        }
    }
    acme.save()
    for number in range(103):
        world.customer(acme, f"customer{number}")

    bob = watcher(world, acme, "online")

    assert len(told_at_login(bob)["customers"]) == 101


def test_customers_on_the_pages_of_other_groups_are_not_told(
    world: World, acme: Organization
) -> None:
    sales = make.group(acme, "Sales")
    world.customer(acme, "buyer", online=False).login(group_id=sales.number)
    world.customer(acme, "visitor")

    names = [
        [customer["name"] for customer in told_at_login(user)["customers"]]
        for user in (
            watcher(world, acme, "online"),
            watcher(world, acme, "online", groups=[sales]),
        )
    ]

    assert names == [["Visitor"], ["Visitor", "Buyer"]]


# --- coming, moving, leaving ----------------------------------------------------------------------


def test_who_watches_those_online_hears_that_a_customer_came(
    world: World, acme: Organization, watchers: list[User]
) -> None:
    with world.capture_pushes() as pushes:
        carl = world.customer(acme, "carl")

    assert pushes.names == {"online": ["incoming_customer"]}
    told = pushes.payload(watchers[-1], "incoming_customer")
    assert (told["id"], told["state"], told["online"]) == (carl.id, "browsing", True)
    assert (told["group_ids"], told["followed"]) == ([0], False)
    assert "_online" not in told


def test_a_second_tab_is_no_second_coming(
    world: World, acme: Organization, watchers: list[User]
) -> None:
    carl = world.customer(acme, "carl")

    with world.capture_pushes() as pushes:
        carl.login()

    assert pushes.names == {}


def test_who_watches_those_who_chat_hears_when_a_customer_begins(
    world: World, acme: Organization, watchers: list[User]
) -> None:
    carl = world.customer(acme, "carl")

    with world.capture_pushes() as pushes:
        carl.call("start_chat", continuous=True)

    assert hearing(pushes, "incoming_customer") == ["chatting", "invited", "online"]
    told = pushes.payload(watchers[1], "incoming_customer")
    assert (told["id"], told["state"], told["online"]) == (carl.id, "queued", True)
    assert "present" not in told


def test_who_watches_those_invited_hears_when_a_customer_is(
    world: World, acme: Organization, watchers: list[User]
) -> None:
    from chatplatform.models import ShownGreeting
    from chatplatform.services import customer_rows

    carl = world.customer(acme, "carl")
    row = Customer.objects.get(id=carl.id)
    greeting = make.greeting(acme)
    ShownGreeting.objects.create(customer=row, visit=row.last_visit, greeting=greeting, content={})

    with world.capture_pushes() as pushes:
        world.act(lambda: customer_rows.tell_coming(row))

    assert hearing(pushes, "incoming_customer") == ["invited", "online"]
    assert pushes.payload(watchers[2], "incoming_customer")["state"] == "invited"
    assert [one["state"] for one in told_at_login(watcher(world, acme, "invited"))["customers"]]


@pytest.fixture
def invited(world: World, acme: Organization, watchers: list[User]) -> User:
    """A customer before whom a greeting is, once a visit; Ann would answer them."""
    world.agent(acme, "ann", online=True)
    make.greeting(acme, make.rule("visits_number", "equals", "1"))
    return world.customer(acme, "carl")


def greeted(customer: User) -> Any:
    """Return the last greeting a customer was shown."""
    return next(one for one in reversed(customer.all_heard) if one.action == "incoming_greeting")


@pytest.mark.parametrize("action", ["accept_greeting", "cancel_greeting"])
def test_who_watches_those_invited_hears_when_a_customer_is_no_more(
    world: World, watchers: list[User], invited: User, action: str
) -> None:
    shown = greeted(invited).payload
    given = {"greeting_id": shown["id"]} if action == "accept_greeting" else {}

    with world.capture_pushes() as pushes:
        invited.call(action, unique_id=shown["unique_id"], **given)

    assert set(hearing(pushes, "incoming_customer")) == {"invited", "online"}
    for user in watchers[2:]:
        assert pushes.payload(user, "incoming_customer")["state"] == "browsing"
    with world.capture_pushes() as again:
        invited.call("cancel_greeting", unique_id=shown["unique_id"])
        if action == "accept_greeting":
            assert again.names == {"carl": ["greeting_canceled"]}
    assert "incoming_customer" not in {push.action for _, push in again.heard}


def test_an_invitation_ends_with_its_visit(
    world: World, watchers: list[User], invited: User
) -> None:
    world.lose(invited)

    with world.capture_pushes() as pushes:
        answer = invited.login()

    assert hearing(pushes, "incoming_customer") == ["online"]
    assert pushes.payload(watchers[-1], "incoming_customer")["state"] == "browsing"
    assert "greeting" not in answer


def test_who_watches_the_pages_hears_of_a_chat_in_another_group(
    world: World, acme: Organization, watchers: list[User], sales: Group
) -> None:
    world.agent(acme, "mia", groups=[sales], online=True)
    carl = world.customer(acme, "carl")

    with world.capture_pushes() as pushes:
        carl.call("start_chat", chat={"access": {"group_ids": [sales.number]}})

    assert hearing(pushes, "incoming_customer") == ["online"]
    assert pushes.payload(watchers[-1], "incoming_customer")["state"] == "chatting"


def test_pages_are_told_to_who_watches(
    world: World, acme: Organization, watchers: list[User]
) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl, dora = world.customer(acme, "carl"), world.customer(acme, "dora")
    carl.call("start_chat")

    with world.capture_pushes() as chatting:
        carl.call("update_customer_page", url="https://shop.example/")
    with world.capture_pushes() as browsing:
        dora.call("update_customer_page", url="https://shop.example/")

    assert hearing(chatting, "customer_page_updated") == ["chatting", "invited", "online", "ann"]
    assert browsing.names == {"online": ["customer_page_updated"]}
    assert ann.connections


def test_a_customer_of_another_group_is_watched_by_its_agents_only(
    world: World, acme: Organization
) -> None:
    sales = make.group(acme, "Sales")
    watcher(world, acme, "online")
    mia = world.agent(acme, "mia", groups=[sales])
    mia.login(customer_monitoring_level="online")
    buyer = world.customer(acme, "buyer", online=False)

    with world.capture_pushes() as pushes:
        buyer.login(group_id=sales.number)
        buyer.call("update_customer_page", url="https://shop.example/")

    assert pushes.names["mia"][0] == "incoming_customer"
    assert "customer_page_updated" in pushes.names["mia"]
    assert "online" not in pushes.names


def test_a_customer_moves_to_another_groups_pages(world: World, acme: Organization) -> None:
    sales, support = make.group(acme, "Sales"), make.group(acme, "Support")
    people = {}
    for name, groups in (("old", [sales]), ("new", [support]), ("both", [sales, support])):
        people[name] = world.agent(acme, name, groups=groups, accepting=False)
        people[name].login(customer_monitoring_level="online")
    carl = world.customer(acme, "carl", online=False)
    carl.login(group_id=sales.number)

    with world.capture_pushes() as pushes:
        carl.login(group_id=support.number)

    assert pushes.names == {
        "old": ["customer_transferred"],
        "new": ["incoming_customer"],
        "both": ["customer_transferred", "incoming_customer"],
    }
    assert pushes.payload(people["old"], "customer_transferred") == {
        "id": carl.id,
        "transferred_to": {"group_ids": [support.number]},
        "followed": False,
    }
    assert pushes.payload(people["new"], "incoming_customer")["group_ids"] == [support.number]


def test_customers_of_a_deleted_group_move_to_generals_pages(
    world: World, acme: Organization
) -> None:
    sales, support = make.group(acme), make.group(acme, "Support")
    mia = watcher(world, acme, "online", [sales])
    bob = world.agent(acme, "bob", groups=[support])
    bob.login(customer_monitoring_level="online")
    buyer = world.customer(acme, "buyer", online=False)
    buyer.login(group_id=sales.number)
    world.customer(acme, "helped", online=False).login(group_id=support.number)
    gone = world.customer(acme, "gone", online=False)
    gone.login(group_id=sales.number)
    world.lose(gone)

    with world.capture_pushes() as pushes:
        world.act(lambda: group_services.delete_group(acme.id, sales.number))

    moved = pushes.payload(bob, "incoming_customer")
    assert (moved["id"], moved["group_ids"], moved["state"]) == (buyer.id, [0], "browsing")
    assert [name for name, _ in pushes.to(mia)][:2] == ["customer_transferred", "incoming_customer"]
    assert pushes.payload(mia, "customer_transferred") == {
        "id": buyer.id,
        "transferred_to": {"group_ids": [0]},
        "followed": False,
    }
    numbers = Customer.objects.filter(name__in=["Buyer", "Gone"]).values_list("group_number")
    assert set(numbers) == {(0,)}


def test_who_talks_to_a_customer_keeps_them_when_they_move(
    world: World, acme: Organization
) -> None:
    sales = make.group(acme, "Sales")
    ann = world.agent(acme, "ann")
    ann.login(customer_monitoring_level="online")
    carl = world.customer(acme, "carl")
    carl.call("start_chat")

    with world.capture_pushes() as pushes:
        carl.login(group_id=sales.number)

    assert pushes.to(ann) == []


def test_a_customer_leaves_with_their_last_connection(
    world: World, acme: Organization, watchers: list[User]
) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl")
    carl.call("update_customer", session_fields=[{"plan": "gold"}])
    carl.call("start_chat")
    carl.login()

    with world.capture_pushes() as pushes:
        world.lose(carl)

    assert hearing(pushes, "customer_left") == ["chatting", "invited", "online", "ann"]
    told = pushes.payload(ann, "customer_left")
    row = Customer.objects.select_related("last_visit").get(id=carl.id)
    assert row.last_visit is not None
    assert told == {
        "id": carl.id,
        "left_at": ann.call("get_customer", id=carl.id)["visit"]["ended_at"],
    }
    assert row.online_since is None
    assert row.session_fields == []


def test_coming_back_is_told_to_who_talks_to_them(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl")
    carl.call("start_chat")
    world.lose(carl)

    with world.capture_pushes() as pushes:
        carl.login()

    told = pushes.payload(ann, "incoming_customer")
    assert (told["online"], told["state"], told["followed"]) == (True, "chatting", True)


def test_who_follows_a_running_chat_follows_its_customer(world: World, acme: Organization) -> None:
    world.agent(acme, "ann", online=True)
    bob = world.agent(acme, "bob", online=True, accepting=False)
    carl = world.customer(acme, "carl")
    bob.call("follow_chat", id=carl.call("start_chat")["chat_id"])

    with world.capture_pushes() as pushes:
        carl.call("update_customer_page", url="https://shop.example/")
        world.lose(carl)
        carl.login()

    assert hearing(pushes, "customer_page_updated") == ["ann", "bob"]
    assert pushes.payload(bob, "incoming_customer")["followed"] is True


# --- subscriptions --------------------------------------------------------------------------------


def test_a_subscription_tells_who_is_there_and_who_comes(
    world: World, acme: Organization, sales: Group
) -> None:
    ann = world.agent(acme, "ann", online=True)
    bob = world.agent(acme, "bob", online=True)
    buyer = world.customer(acme, "buyer", online=False)
    buyer.login(group_id=sales.number)
    world.customer(acme, "visitor")

    answer = ann.rtm("subscribe_customers", {"group_ids": [sales.number], "limit": 10})

    (customer,) = answer["customers"]
    assert (customer["id"], customer["state"]) == (buyer.id, "browsing")
    with world.capture_pushes() as pushes:
        other = world.customer(acme, "other", online=False)
        other.login(group_id=sales.number)
        other.call("update_customer_page", url="https://shop.example/")
        world.customer(acme, "third")
    assert pushes.names["ann"][:2] == ["incoming_customer", "customer_page_updated"]
    assert {payload.get("id", other.id) for _, payload in pushes.to(ann)} == {other.id}
    assert pushes.to(bob) == []


def test_a_subscription_is_to_pages_not_to_chats(
    world: World, acme: Organization, sales: Group
) -> None:
    world.agent(acme, "mia", groups=[sales], online=True)
    bob = world.agent(acme, "bob", online=True, accepting=False)
    bob.rtm("subscribe_customers", {"group_ids": [sales.number]})
    visitor = world.customer(acme, "visitor")
    buyer = world.customer(acme, "buyer", online=False)
    buyer.login(group_id=sales.number)
    in_sales = {"access": {"group_ids": [sales.number]}}

    with world.capture_pushes() as pushes:
        visitor.call("start_chat", chat=in_sales)
        visitor.call("update_customer_page", url="https://shop.example/")
    assert pushes.to(bob) == []

    with world.capture_pushes() as pushes:
        buyer.call("start_chat", chat=in_sales)
    told = pushes.payload(bob, "incoming_customer")
    assert (told["id"], told["state"]) == (buyer.id, "chatting")


def test_a_subscription_ends(world: World, acme: Organization, sales: Group) -> None:
    ann = world.agent(acme, "ann", online=True)
    first = ann.rtm("subscribe_customers", {"group_ids": [0]})["subscription_id"]
    ann.rtm("subscribe_customers", {"group_ids": [sales.number]})

    assert ann.rtm("unsubscribe_customers", {"subscription_id": first}) == {}

    with world.capture_pushes() as pushes:
        world.customer(acme, "visitor")
    assert pushes.to(ann) == []
    with world.nothing_changes():
        assert ann.rtm("unsubscribe_customers", {"subscription_id": first}) == {}


def test_a_subscription_belongs_to_its_connection(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", online=True)
    ann.rtm("subscribe_customers")
    subscribed = ann.connections[-1]
    ann.login()

    world.customer(acme, "visitor")

    assert [push.action for push in ann.heard] == ["incoming_customers"]
    assert subscribed.heard[-1].action == "incoming_customer"


def test_by_default_ones_own_groups_are_subscribed(
    world: World, acme: Organization, sales: Group
) -> None:
    ann = world.agent(acme, "ann", online=True)
    world.customer(acme, "buyer", online=False).login(group_id=sales.number)
    visitor = world.customer(acme, "visitor")

    answer = ann.rtm("subscribe_customers")

    assert [customer["id"] for customer in answer["customers"]] == [visitor.id]


@pytest.mark.parametrize(("limit", "told"), [(2, 2), (99, 3), (None, 3)])
def test_no_more_customers_come_than_were_asked_for(
    world: World, acme: Organization, limit: int | None, told: int
) -> None:
    acme.properties = {"limits": {"monitored_customers.base": 3}}
    acme.save()
    ann = world.agent(acme, "ann", online=True)
    for number in range(5):
        world.customer(acme, f"customer{number}")

    asked = {} if limit is None else {"limit": limit}
    assert len(ann.rtm("subscribe_customers", asked)["customers"]) == told


def test_a_connection_has_ten_subscriptions(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", online=True)
    for _ in range(10):
        ann.rtm("subscribe_customers")

    assert ann.refused("subscribe_customers") == "limit_reached"


@pytest.mark.parametrize(
    ("payload", "refusal"),
    [
        ({"group_ids": [9]}, "group_not_found"),
        ({"group_ids": []}, "validation"),
        ({"group_ids": "0"}, "validation"),
        ({"limit": 0}, "validation"),
    ],
    ids=str,
)
def test_a_wrong_subscription_is_refused(
    world: World, acme: Organization, payload: dict[str, Any], refusal: str
) -> None:
    ann = world.agent(acme, "ann", online=True)

    assert ann.refused("subscribe_customers", **payload) == refusal
