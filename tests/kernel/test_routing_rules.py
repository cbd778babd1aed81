"""What licences and groups can set about routing, and what the router notes on threads."""

from collections.abc import Callable
from typing import Any

import pytest

from chatplatform.models import Chat, Group, Organization, Thread
from chatplatform.services import bots, presence, routing
from tests import make
from tests.world import User, World


@pytest.fixture
def visitor(world: World, acme: Organization) -> Callable[[str], User]:
    """Return a function that makes a connected customer."""
    return lambda name: world.customer(acme, name)


def rule(holder: Organization | Group, **values: Any) -> None:
    """Set properties of the namespace ``chats``; underscores stand for dots where doubled."""
    named = {name.replace("__", "."): value for name, value in values.items()}
    holder.properties = {"chats": {**holder.properties.get("chats", {}), **named}}
    holder.save()


def start(customer: User, *groups: Group, **more: Any) -> str:
    chat = {"access": {"group_ids": [group.number for group in groups]}} if groups else {}
    chat_id: str = customer.call("start_chat", chat=chat, **more)["chat_id"]
    return chat_id


def talking(user: User, chat_id: str) -> list[str]:
    users = user.call("get_chat", chat_id=chat_id)["users"]
    return [one["name"] for one in users if one["type"] == "agent" and one["present"]]


def flags(chat_id: str) -> dict[str, Any]:
    """Return what the router says of a chat's newest thread."""
    thread = Thread.objects.get(id=Chat.objects.get(id=chat_id).last_thread_id)
    found: dict[str, Any] = thread.properties["routing"]
    return found


def on_chat(chat_id: str) -> dict[str, Any]:
    found: dict[str, Any] = Chat.objects.get(id=chat_id).properties["routing"]
    return found


def status(user: User, group: Group) -> str:
    statuses = user.call("list_group_statuses", all=True)["groups_status"]
    return str(statuses[str(group.number)])


# --- limits -------------------------------------------------------------------------------------


def test_the_licence_may_allow_fewer_chats_than_an_agents_own_limit(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    rule(acme, max_agent_active_chats=1)
    world.agent(acme, "ann", limit=5, online=True)
    first, second = visitor("first"), visitor("second")

    assert talking(first, start(first)) == ["Ann"]
    assert talking(second, start(second)) == []


def test_the_licence_allows_no_more_than_an_agents_own_limit(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    rule(acme, max_agent_active_chats=9)
    world.agent(acme, "ann", limit=1, online=True)
    start(visitor("first"))
    second = visitor("second")

    assert talking(second, start(second)) == []


# --- who is asked first ---------------------------------------------------------------------------


@pytest.mark.parametrize(("preferred", "expected"), [(True, ["Bob"]), (False, ["Ann"])])
def test_the_agent_of_last_time_may_be_asked_first(
    world: World,
    acme: Organization,
    visitor: Callable[[str], User],
    preferred: bool,
    expected: list[str],
) -> None:
    rule(acme, prefer_recent_agent=preferred)
    ann = world.agent(acme, "ann", online=True, accepting=False)
    bob = world.agent(acme, "bob", online=True)
    carl = visitor("carl")
    chat_id = start(carl)
    assert talking(carl, chat_id) == ["Bob"]
    carl.call("deactivate_chat", id=chat_id)
    start(visitor("other"))
    ann.call("set_routing_status", status="accepting_chats")
    assert bob.id != ann.id

    carl.call("resume_chat", chat={"id": chat_id})

    assert talking(carl, chat_id) == expected


def test_the_agent_of_last_time_is_not_asked_while_they_are_busy(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    rule(acme, prefer_recent_agent=True)
    world.agent(acme, "bob", limit=1, online=True)
    carl = visitor("carl")
    chat_id = start(carl)
    carl.call("deactivate_chat", id=chat_id)
    start(visitor("other"))
    world.agent(acme, "ann", online=True)

    carl.call("resume_chat", chat={"id": chat_id})

    assert talking(carl, chat_id) == ["Ann"]


def test_queues_of_a_higher_priority_are_served_first(
    world: World,
    acme: Organization,
    sales: Group,
    support: Group,
    visitor: Callable[[str], User],
) -> None:
    rule(support, queue__routing_priority=5)
    ann = world.agent(acme, "ann", limit=1, groups=[sales, support], online=True, accepting=False)
    first, second = visitor("first"), visitor("second")
    earlier = start(first, sales, continuous=True)
    later = start(second, support, continuous=True)

    ann.call("set_routing_status", status="accepting_chats")

    assert talking(first, earlier) == []
    assert talking(second, later) == ["Ann"]


def test_places_follow_the_priority(
    world: World,
    acme: Organization,
    sales: Group,
    support: Group,
    visitor: Callable[[str], User],
) -> None:
    rule(support, queue__routing_priority=5)
    first, second = visitor("first"), visitor("second")
    earlier = start(first, sales, support, continuous=True)
    both = start(second, sales, continuous=True)

    places = {
        chat_id: user.call("get_chat", chat_id=chat_id)["thread"]["queue"]["position"]
        for user, chat_id in ((first, earlier), (second, both))
    }
    assert places == {earlier: 1, both: 2}


def test_bots_may_be_left_out(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    robo = bots.create_bot(make.application(acme), "Robo").agent
    routing.set_status(robo, "accepting_chats")
    carl, dora = visitor("carl"), visitor("dora")

    with_bots = start(carl)
    without = {"thread": {"properties": {"routing": {"ignore_bots": True}}}}
    chat_id = dora.call("start_chat", chat=without, continuous=True)["chat_id"]

    assert talking(carl, with_bots) == ["Robo"]
    assert talking(dora, chat_id) == []


# --- the queue ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("licensed", "override", "waits"),
    [(True, -1, True), (True, 0, False), (False, -1, False), (False, 1, True), (True, 1, True)],
)
def test_a_group_overrides_whether_there_is_a_queue(
    world: World,
    acme: Organization,
    sales: Group,
    visitor: Callable[[str], User],
    licensed: bool,
    override: int,
    waits: bool,
) -> None:
    rule(acme, queue__enabled=licensed)
    rule(sales, queue__enabled__override=override)
    world.agent(acme, "ann", limit=1, groups=[sales], online=True)
    start(visitor("first"), sales)
    second = visitor("second")

    assert status(second, sales) == ("online_for_queue" if waits else "offline")
    if waits:
        assert talking(second, start(second, sales)) == []
    else:
        chat = {"access": {"group_ids": [sales.number]}}
        assert second.refused("start_chat", chat=chat) == "groups_offline"


def test_a_full_queue_opens_again_at_its_threshold(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    rule(acme, queue__limit=3, queue__reopen_threshold=1)
    world.agent(acme, "ann", limit=1, online=True)
    talks = visitor("talks")
    start(talks)
    waiting = {}
    for name in ("first", "second", "third"):
        user = visitor(name)
        waiting[user] = start(user)
    late = visitor("late")
    general = Group.objects.get(organization=acme, number=0)
    assert late.refused("start_chat") == "groups_offline"
    assert status(late, general) == "offline"

    users = list(waiting)
    users[2].call("deactivate_chat", id=waiting[users[2]])
    assert late.refused("start_chat") == "groups_offline"
    assert status(late, general) == "offline"

    users[1].call("deactivate_chat", id=waiting[users[1]])
    assert status(late, general) == "online_for_queue"
    assert talking(late, start(late)) == []


def test_a_group_overrides_at_how_many_the_queue_opens_again(
    world: World, acme: Organization, sales: Group, visitor: Callable[[str], User]
) -> None:
    rule(acme, queue__limit=2, queue__reopen_threshold=0)
    rule(sales, queue__reopen_threshold__override=1)
    world.agent(acme, "ann", limit=1, groups=[sales], online=True)
    start(visitor("talks"), sales)
    first, second = visitor("first"), visitor("second")
    start(first, sales)
    second.call("deactivate_chat", id=start(second, sales))
    general = Group.objects.get(organization=acme, number=0)

    assert status(first, sales) == "online_for_queue"
    assert status(first, general) == "offline"


def test_a_full_queue_without_a_threshold_opens_at_once(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    rule(acme, queue__limit=1)
    world.agent(acme, "ann", limit=1, online=True)
    start(visitor("talks"))
    first = visitor("first")
    chat_id = start(first)
    assert visitor("late").refused("start_chat") == "groups_offline"

    first.call("deactivate_chat", id=chat_id)

    later = visitor("later")
    assert talking(later, start(later)) == []


# --- picking by hand ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("licensed", "override", "by_hand"),
    [(True, -1, True), (False, 1, True), (True, 0, False), (False, -1, False)],
)
def test_where_agents_pick_chats_the_router_gives_them_to_nobody(
    world: World,
    acme: Organization,
    sales: Group,
    visitor: Callable[[str], User],
    licensed: bool,
    override: int,
    by_hand: bool,
) -> None:
    rule(acme, manual_routing=licensed)
    rule(sales, manual_routing__override=override)
    ann = world.agent(acme, "ann", groups=[sales], online=True)
    carl = visitor("carl")

    chat_id = start(carl, sales)
    world.act(lambda: routing.settle(acme.id))

    assert talking(carl, chat_id) == ([] if by_hand else ["Ann"])
    assert flags(chat_id)["unassigned"] is by_hand
    if by_hand:
        assert status(carl, sales) == "online_for_queue"
        target = {"type": "agent", "ids": [ann.id]}
        ann.call("transfer_chat", id=chat_id, target=target, ignore_requester_presence=True)
        assert talking(carl, chat_id) == ["Ann"]
        assert flags(chat_id)["unassigned"] is False


def test_chats_to_be_picked_wait_though_there_is_no_queue(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    rule(acme, manual_routing=True, queue__enabled=False)
    world.agent(acme, "ann", online=True)
    carl = visitor("carl")

    thread = carl.call("get_chat", chat_id=start(carl))["thread"]

    assert thread["queue"]["position"] == 1


def test_nobody_can_be_predicted_where_agents_pick_chats(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    rule(acme, manual_routing=True)
    world.agent(acme, "ann", online=True)

    with pytest.raises(Exception, match="group_unavailable"):
        visitor("carl").web("get_predicted_agent", version="3.6")


def test_one_chat_can_be_kept_from_the_router(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    world.agent(acme, "ann", online=True)
    carl = visitor("carl")
    chat = {"properties": {"routing": {"ignore_agents_routing": True}}}

    chat_id = carl.call("start_chat", chat=chat)["chat_id"]
    world.act(lambda: routing.settle(acme.id))

    assert talking(carl, chat_id) == []


def test_a_chat_whose_agent_is_lost_waits_to_be_picked(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl = visitor("carl")
    chat_id = start(carl)
    world.agent(acme, "bob", online=True)
    rule(acme, manual_routing=True)

    world.lose(ann)

    assert talking(carl, chat_id) == []
    assert flags(chat_id)["unassigned"] is True


# --- an agent who leaves --------------------------------------------------------------------------


def test_a_chat_its_agent_leaves_goes_to_another(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl = visitor("carl")
    chat_id = start(carl)
    world.agent(acme, "bob", online=True)

    with world.capture_pushes() as pushes:
        ann.call("remove_user_from_chat", chat_id=chat_id, user_id=ann.id, user_type="agent")

    assert talking(carl, chat_id) == ["Bob"]
    assert pushes.payload(carl, "chat_transferred")["reason"] == "other"
    events = carl.call("get_chat", chat_id=chat_id)["thread"]["events"]
    assert [(event["system_message_type"], event["text"]) for event in events] == [
        ("agent_left", "Ann left the chat"),
        ("routing.assigned_other", "Chat assigned to Bob"),
    ]


# --- what the router notes ------------------------------------------------------------------------


def test_a_thread_says_how_it_stands_with_the_router(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    world.agent(acme, "ann", limit=1, online=True)
    first, second = start(visitor("first")), start(visitor("second"))

    noted = {name: flags(first)[name] for name in ("idle", "unassigned", "unreplied", "pinned")}
    assert noted == {"idle": False, "unassigned": False, "unreplied": True, "pinned": False}
    noted = {name: flags(second)[name] for name in ("idle", "unassigned", "unreplied", "pinned")}
    assert noted == {"idle": False, "unassigned": True, "unreplied": True, "pinned": True}
    assert on_chat(first) == {"continuous": False, "unassigned": False}
    assert on_chat(second) == {"continuous": False, "unassigned": True}


def test_the_first_reply_is_noted_once(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl = visitor("carl")
    chat_id = start(carl)
    thread_id = Chat.objects.get().active_thread_id

    def say(user: User, **more: Any) -> None:
        user.call("send_event", chat_id=chat_id, event=make.message(**more))

    with world.capture_pushes() as pushes:
        say(carl)
        say(ann, visibility="agents")
        assert flags(chat_id)["unreplied"] is True
        say(ann)
        say(ann)

    assert flags(chat_id)["unreplied"] is False
    assert pushes.payload(ann, "thread_properties_updated") == {
        "chat_id": chat_id,
        "thread_id": thread_id,
        "properties": {"routing": {"unreplied": False}},
    }
    assert [name for name, _ in pushes.to(carl)] == ["incoming_event"] * 3
    carl.call("deactivate_chat", id=chat_id)
    carl.call("resume_chat", chat={"id": chat_id})
    assert flags(chat_id)["unreplied"] is True


def test_an_agent_who_begins_with_a_word_leaves_nothing_unreplied(
    world: World, acme: Organization
) -> None:
    ann = world.agent(acme, "ann", online=True)

    silent = ann.call("start_chat")["chat_id"]
    spoken = ann.call("start_chat", chat={"thread": {"events": [make.message()]}})["chat_id"]

    assert flags(silent)["unreplied"] is True
    assert flags(spoken)["unreplied"] is False


def test_a_chat_that_was_taken_up_was_pinned(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    ann = world.agent(acme, "ann", online=True, accepting=False)
    chat_id = start(visitor("carl"), continuous=True)

    ann.call("set_routing_status", status="accepting_chats")

    assert flags(chat_id)["pinned"] is False
    assert on_chat(chat_id) == {"continuous": True, "unassigned": False, "was_pinned": True}


def test_a_chat_its_customer_closes_before_anybody_came_stays_pinned(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    carl, dora = visitor("carl"), visitor("dora")
    boss = world.agent(acme, "boss", role="administrator", online=True, accepting=False)
    missed, refused = start(carl, continuous=True), start(dora, continuous=True)

    carl.call("deactivate_chat", id=missed)
    boss.call("deactivate_chat", id=refused, ignore_requester_presence=True)

    assert (flags(missed)["pinned"], flags(missed)["unassigned"]) == (True, False)
    assert (flags(refused)["pinned"], flags(refused)["unassigned"]) == (False, False)


def test_a_lost_agents_chat_is_unassigned_again(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    ann = world.agent(acme, "ann", online=True)
    boss = world.agent(acme, "boss", role="administrator", online=True, accepting=False)
    chat_id = start(visitor("carl"))
    boss.call("follow_chat", id=chat_id)

    with world.capture_pushes() as pushes:
        world.lose(ann)

    assert flags(chat_id)["unassigned"] is True
    told = pushes.payload(boss, "thread_properties_updated")["properties"]["routing"]
    assert (told["unassigned"], told["pinned"]) == (True, True)
    told = pushes.payload(boss, "chat_properties_updated")["properties"]["routing"]
    assert told == {"unassigned": True}


def test_unassigned_chats_can_be_listed(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    ann = world.agent(acme, "ann", limit=1, online=True)
    start(visitor("first"))
    waiting = start(visitor("second"))
    condition = {"routing": {"unassigned": {"values": [True]}}}

    found = ann.call("list_chats", filters={"properties": condition})["chats_info"]

    assert [chat["id"] for chat in found] == [waiting]


def test_settling_stays_cheap_with_many_agents_and_chats(
    world: World,
    acme: Organization,
    visitor: Callable[[str], User],
    django_assert_max_num_queries: Any,
) -> None:
    """What a settlement reads grows with neither history nor running chats."""
    rule(acme, prefer_recent_agent=True)
    world.agent(acme, "ann", limit=2, online=True)
    for name in ("a", "b", "c", "d", "e"):
        start(visitor(name))
    presence.end_expired_leases()

    with django_assert_max_num_queries(16):
        routing.settle(acme.id)
