"""Agent Chat API: handing a running chat to other agents or groups."""

from typing import Any

import pytest

from chatplatform import clock
from chatplatform.models import Agent, Chat, ChatListing, Group, Organization, Thread
from chatplatform.services import groups
from tests import make
from tests.world import Pushes, User, World


@pytest.fixture
def ann(world: World, acme: Organization, sales: Group) -> User:
    """An agent of Sales, who takes the first chat."""
    return world.agent(acme, "ann", groups=[sales], online=True)


@pytest.fixture
def chat_id(ann: User, carl: User, sales: Group) -> str:
    """A chat of Ann and Carl that Sales may see."""
    chat = {
        "access": {"group_ids": [sales.number]},
        "thread": {"events": [make.message("Hello")]},
    }
    chat_id: str = carl.call("start_chat", chat=chat)["chat_id"]
    return chat_id


def to_agent(*users: User) -> dict[str, Any]:
    return {"type": "agent", "ids": [user.id for user in users]}


def to_group(*groups: Group) -> dict[str, Any]:
    return {"type": "group", "ids": [group.number for group in groups]}


def talking(user: User, chat_id: str) -> list[str]:
    """Return the names of the agents who are in a chat."""
    users = user.call("get_chat", chat_id=chat_id)["users"]
    return [one["name"] for one in users if one["type"] == "agent" and one["present"]]


def access(user: User, chat_id: str) -> list[int]:
    """Return which groups may see a chat, as it and its thread say."""
    chat = user.call("get_chat", chat_id=chat_id)
    assert chat["thread"]["access"] == chat["access"]
    numbers: list[int] = chat["access"]["group_ids"]
    return numbers


def names(pushes: Pushes, user: User) -> list[str]:
    return [name for name, _ in pushes.to(user)]


def key(user: User) -> str:
    """Return the id under which customers know an agent."""
    return Agent.objects.get(public_id=user.id).customer_facing_id


# --- to an agent --------------------------------------------------------------------------------


def test_a_chat_goes_to_the_agent_named(
    world: World, acme: Organization, ann: User, carl: User, sales: Group, chat_id: str
) -> None:
    bob = world.agent(acme, "bob", groups=[sales], online=True, accepting=False)

    answer = ann.call("transfer_chat", id=chat_id, target=to_agent(bob))

    assert answer == {}
    assert talking(carl, chat_id) == ["Bob"]
    assert access(carl, chat_id) == [sales.number]
    thread = bob.call("get_chat", chat_id=chat_id)["thread"]
    assert thread["user_ids"] == [carl.id, ann.id, bob.id]
    message = thread["events"][-1]
    assert {
        name: message[name] for name in ("type", "system_message_type", "text", "text_vars")
    } == {
        "type": "system_message",
        "system_message_type": "chat_transferred",
        "text": "Ann transferred the chat to Bob",
        "text_vars": {"initiator": "Ann", "targets": "Bob"},
    }
    moved_at = thread["properties"]["routing"]["last_transfer_timestamp"]
    assert moved_at == pytest.approx(clock.now().timestamp(), abs=60)
    rows = dict(ChatListing.objects.filter(chat_id=chat_id).values_list("reader", "present"))
    assert (rows[f"a:{ann.id}"], rows[f"a:{bob.id}"]) == (False, True)


def test_everybody_hears_of_a_transfer_in_order(
    world: World, acme: Organization, ann: User, carl: User, sales: Group, chat_id: str
) -> None:
    bob = world.agent(acme, "bob", groups=[sales], online=True, accepting=False)
    mia = world.agent(acme, "mia", groups=[sales], online=True, accepting=False)
    thread_id = Chat.objects.get(id=chat_id).last_thread_id

    with world.capture_pushes() as pushes:
        ann.rtm("transfer_chat", {"id": chat_id, "target": to_agent(bob)}, request_id="r1")

    headlines = ["user_removed_from_chat", "user_added_to_chat", "chat_transferred"]
    assert names(pushes, mia) == headlines
    assert names(pushes, ann) == ["incoming_event", *headlines]
    assert names(pushes, bob) == [
        "user_removed_from_chat",
        "user_added_to_chat",
        "incoming_chat",
        "chat_transferred",
        "thread_properties_updated",
    ]
    assert names(pushes, carl) == [
        "incoming_event",
        "user_removed_from_chat",
        "user_added_to_chat",
        "incoming_chat",
        "chat_transferred",
    ]
    removed = pushes.payload(mia, "user_removed_from_chat")
    assert removed == {
        "chat_id": chat_id,
        "thread_id": thread_id,
        "user_id": ann.id,
        "reason": "manual",
        "requester_id": ann.id,
    }
    added = pushes.payload(mia, "user_added_to_chat")
    assert (added["user"]["id"], added["reason"], added["requester_id"]) == (
        bob.id,
        "manual",
        ann.id,
    )
    assert pushes.payload(mia, "chat_transferred") == {
        "chat_id": chat_id,
        "thread_id": thread_id,
        "requester_id": ann.id,
        "reason": "manual",
        "transferred_to": {"group_ids": [sales.number], "agent_ids": [bob.id]},
    }
    came = pushes.payload(bob, "incoming_chat")
    assert came["requester_id"] == ann.id
    assert came["transferred_from"] == {"group_ids": [sales.number], "agent_ids": [ann.id]}
    assert [event["type"] for event in came["chat"]["thread"]["events"]] == [
        "message",
        "system_message",
    ]
    assert {push.request_id for push in ann.heard[-4:]} == {"r1"}


def test_the_customer_hears_of_a_transfer_in_their_own_words(
    world: World, acme: Organization, ann: User, carl: User, sales: Group, chat_id: str
) -> None:
    bob = world.agent(acme, "bob", groups=[sales], online=True, accepting=False)

    with world.capture_pushes() as pushes:
        ann.call("transfer_chat", id=chat_id, target=to_agent(bob))

    moved = pushes.payload(carl, "chat_transferred")
    assert moved["requester_id"] == key(ann)
    assert moved["transferred_to"] == {"group_ids": [sales.number], "agent_ids": [key(bob)]}
    came = pushes.payload(carl, "incoming_chat")
    assert came["requester_id"] == key(ann)
    assert came["chat"]["transferred_from"] == {
        "group_ids": [sales.number],
        "agent_ids": [key(ann)],
    }
    assert "transferred_from" not in came
    assert ann.id not in str(pushes.to(carl))
    assert bob.id not in str(pushes.to(carl))


def test_who_transfers_unseen_stays_unseen(
    world: World, acme: Organization, ann: User, carl: User, sales: Group, chat_id: str
) -> None:
    wanda = world.agent(acme, "wanda", groups=[sales], online=True, accepting=False)
    ann.call(
        "add_user_to_chat",
        chat_id=chat_id,
        user_id=wanda.id,
        user_type="agent",
        visibility="agents",
    )
    bob = world.agent(acme, "bob", groups=[sales], online=True)

    with world.capture_pushes() as pushes:
        wanda.call("transfer_chat", id=chat_id, target=to_agent(bob))

    told = str(pushes.to(carl))
    assert "wanda" not in told.lower()
    assert key(wanda) not in told
    assert "requester_id" not in pushes.payload(carl, "chat_transferred")
    assert talking(wanda, chat_id) == ["Wanda", "Bob"]
    said = wanda.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
    assert (said["text"], said["visibility"]) == ("Wanda transferred the chat to Bob", "agents")


def test_customers_never_read_the_address_of_an_agent_who_is_not_in_the_chat(
    world: World, acme: Organization, ann: User, carl: User, sales: Group, chat_id: str
) -> None:
    boss = world.agent(acme, "boss", role="administrator", online=True, accepting=False)
    bob = world.agent(acme, "bob", groups=[sales], online=True)

    with world.capture_pushes() as pushes:
        boss.call("transfer_chat", id=chat_id, target=to_agent(bob), ignore_requester_presence=True)

    assert boss.id not in str(pushes.to(carl))
    assert pushes.payload(carl, "chat_transferred")["requester_id"] == key(boss)


def test_of_several_agents_the_one_with_room_gets_the_chat(
    world: World, acme: Organization, ann: User, carl: User, sales: Group, chat_id: str
) -> None:
    bob = world.agent(acme, "bob", groups=[sales], online=True, accepting=False)
    cleo = world.agent(acme, "cleo", groups=[sales], online=True)

    ann.call("transfer_chat", id=chat_id, target=to_agent(bob, cleo))

    assert talking(carl, chat_id) == ["Cleo"]
    event = ann.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
    assert event["text_vars"]["targets"] == "Bob, Cleo"


def test_one_of_the_agents_in_a_chat_keeps_it_alone(
    world: World, acme: Organization, ann: User, carl: User, sales: Group, chat_id: str
) -> None:
    bob = world.agent(acme, "bob", groups=[sales], online=True, accepting=False)
    joined = {"user_id": bob.id, "user_type": "agent", "visibility": "all"}
    ann.call("add_user_to_chat", chat_id=chat_id, **joined)

    with world.capture_pushes() as pushes:
        ann.call("transfer_chat", id=chat_id, target=to_agent(bob))

    assert talking(carl, chat_id) == ["Bob"]
    assert names(pushes, bob) == [
        "incoming_event",
        "user_removed_from_chat",
        "chat_transferred",
        "thread_properties_updated",
    ]


def test_an_agent_takes_a_chat_that_waits_by_transferring_it_to_themself(
    world: World, acme: Organization, ann: User, carl: User, sales: Group
) -> None:
    ann.call("set_routing_status", status="not_accepting_chats")
    chat = {"access": {"group_ids": [sales.number]}}
    chat_id = carl.call("start_chat", chat=chat, continuous=True)["chat_id"]

    ann.call("transfer_chat", id=chat_id, target=to_agent(ann), ignore_requester_presence=True)

    thread = ann.call("get_chat", chat_id=chat_id)["thread"]
    assert talking(carl, chat_id) == ["Ann"]
    assert "queue" not in thread
    assert thread["properties"]["routing"]["unassigned"] is False


def test_a_chat_is_not_transferred_to_the_one_who_has_it(
    world: World, ann: User, chat_id: str
) -> None:
    with world.nothing_changes():
        assert ann.call("transfer_chat", id=chat_id, target=to_agent(ann)) == {}


def test_an_agent_who_is_offline_does_not_get_a_chat(
    world: World, acme: Organization, ann: User, sales: Group, chat_id: str
) -> None:
    bob = world.agent(acme, "bob", groups=[sales])

    assert ann.refused("transfer_chat", id=chat_id, target=to_agent(bob)) == "agent_offline"


def test_a_chat_may_wait_when_the_agent_named_is_offline(
    world: World, acme: Organization, ann: User, carl: User, sales: Group, chat_id: str
) -> None:
    bob = world.agent(acme, "bob", groups=[sales])
    ann.call("set_routing_status", status="not_accepting_chats")

    with world.capture_pushes() as pushes:
        ann.call(
            "transfer_chat",
            id=chat_id,
            target=to_agent(bob),
            ignore_agents_availability=True,
        )

    assert talking(carl, chat_id) == []
    thread = ann.call("get_chat", chat_id=chat_id)["thread"]
    assert thread["queue"]["position"] == 1
    assert thread["properties"]["routing"]["unassigned"] is True
    moved = pushes.payload(carl, "chat_transferred")
    assert moved["transferred_to"] == {"group_ids": [sales.number], "agent_ids": []}
    assert moved["queue"].keys() == {"position", "wait_time", "queued_at"}


def test_an_agent_without_access_does_not_get_a_chat(
    world: World, acme: Organization, ann: User, support: Group, chat_id: str
) -> None:
    bob = world.agent(acme, "bob", groups=[support], online=True)

    assert ann.refused("transfer_chat", id=chat_id, target=to_agent(bob)) == "missing_access"


def test_an_agent_of_nobody_does_not_get_a_chat(ann: User, chat_id: str) -> None:
    target = {"type": "agent", "ids": ["nobody@example.com"]}

    assert ann.refused("transfer_chat", id=chat_id, target=target) == "not_found"


# --- to groups ----------------------------------------------------------------------------------


def test_a_chat_goes_to_a_free_agent_of_the_group(
    world: World, acme: Organization, ann: User, carl: User, support: Group, chat_id: str
) -> None:
    sam = world.agent(acme, "sam", groups=[support], online=True)

    ann.call("transfer_chat", id=chat_id, target=to_group(support))

    assert talking(carl, chat_id) == ["Sam"]
    assert access(sam, chat_id) == [support.number]
    event = sam.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
    assert event["text"] == "Ann transferred the chat to Support"


def test_who_gains_access_is_shown_the_chat_and_who_loses_it_hears_that_last(
    world: World,
    acme: Organization,
    ann: User,
    carl: User,
    sales: Group,
    support: Group,
    chat_id: str,
) -> None:
    mia = world.agent(acme, "mia", groups=[sales], online=True, accepting=False)
    sam = world.agent(acme, "sam", groups=[support], online=True)
    sue = world.agent(acme, "sue", groups=[support], online=True, accepting=False)
    both = world.agent(acme, "both", groups=[sales, support], online=True, accepting=False)
    boss = world.agent(acme, "boss", role="administrator", online=True, accepting=False)
    other = world.agent(acme, "other", groups=[make.group(acme, "Else")], online=True)

    with world.capture_pushes() as pushes:
        ann.call("transfer_chat", id=chat_id, target=to_group(support))

    known = [
        "user_removed_from_chat",
        "user_added_to_chat",
        "chat_transferred",
        "chat_access_updated",
    ]
    assert names(pushes, mia) == known
    assert names(pushes, both) == known
    assert names(pushes, boss) == known
    assert names(pushes, ann) == ["incoming_event", *known]
    shown = ["incoming_chat", "chat_transferred", "chat_access_updated"]
    assert names(pushes, sue) == shown
    assert names(pushes, sam) == [
        "user_added_to_chat",
        "incoming_chat",
        "chat_transferred",
        "thread_properties_updated",
        "chat_access_updated",
    ]
    assert names(pushes, other) == []
    assert "chat_access_updated" not in names(pushes, carl)
    assert pushes.payload(mia, "chat_access_updated") == {
        "id": chat_id,
        "access": {"group_ids": [support.number]},
    }
    came = pushes.payload(sue, "incoming_chat")
    assert came["chat"]["access"] == {"group_ids": [support.number]}
    assert came["transferred_from"] == {"group_ids": [sales.number], "agent_ids": [ann.id]}
    with world.capture_pushes() as later:
        sam.call("deactivate_chat", id=chat_id)
    assert names(later, mia) == []
    assert "chat_deactivated" in names(later, sue)


def test_who_lost_access_follows_no_more(
    world: World,
    acme: Organization,
    ann: User,
    sales: Group,
    support: Group,
    chat_id: str,
) -> None:
    mia = world.agent(acme, "mia", groups=[sales], online=True, accepting=False)
    boss = world.agent(acme, "boss", role="administrator", online=True, accepting=False)
    world.agent(acme, "sam", groups=[support], online=True)
    for follower in (mia, boss):
        follower.call("follow_chat", id=chat_id)

    with world.capture_pushes() as pushes:
        ann.call("transfer_chat", id=chat_id, target=to_group(support))

    assert names(pushes, mia)[-2:] == ["chat_unfollowed", "chat_access_updated"]
    assert pushes.payload(mia, "chat_unfollowed") == {"chat_id": chat_id}
    assert "chat_unfollowed" not in names(pushes, boss)
    assert Chat.objects.get().followers == [boss.id]
    assert mia.refused("get_chat", chat_id=chat_id) == "authorization"


def test_who_loses_a_group_hears_no_more_of_the_chats_they_followed(
    world: World, acme: Organization, carl: User, sales: Group, chat_id: str
) -> None:
    mia = world.agent(acme, "mia", groups=[sales], online=True, accepting=False)
    mia.call("follow_chat", id=chat_id)
    carl.call("send_event", chat_id=chat_id, event=make.message("heard"))
    assert mia.heard[-1].payload["event"]["text"] == "heard"
    world.act(lambda: groups.update_group(acme.id, sales.number, {"agent_priorities": {}}))

    with world.capture_pushes() as pushes:
        carl.call("send_event", chat_id=chat_id, event=make.message("unheard"))

    assert names(pushes, mia) == []
    assert mia.refused("get_chat", chat_id=chat_id) == "authorization"


def test_a_busy_group_does_not_get_a_chat_unless_it_may_wait(
    world: World, acme: Organization, ann: User, carl: User, support: Group, chat_id: str
) -> None:
    sam = world.agent(acme, "sam", limit=1, groups=[support], online=True)
    busy = {"access": {"group_ids": [support.number]}}
    taken = world.customer(acme, "dora").call("start_chat", chat=busy)["chat_id"]
    target = to_group(support)
    assert ann.refused("transfer_chat", id=chat_id, target=target) == "groups_offline"

    ann.call("transfer_chat", id=chat_id, target=target, ignore_agents_availability=True)

    assert talking(carl, chat_id) == []
    assert sam.call("get_chat", chat_id=chat_id)["thread"]["queue"]["position"] == 1
    sam.call("deactivate_chat", id=taken)
    assert talking(carl, chat_id) == ["Sam"]


def test_agents_of_the_group_see_a_chat_that_waits_for_them(
    world: World, acme: Organization, ann: User, support: Group, chat_id: str
) -> None:
    sue = world.agent(acme, "sue", groups=[support], online=True, accepting=False)

    with world.capture_pushes() as pushes:
        ann.call(
            "transfer_chat", id=chat_id, target=to_group(support), ignore_agents_availability=True
        )

    assert names(pushes, sue) == ["incoming_chat", "chat_transferred", "chat_access_updated"]
    assert pushes.payload(sue, "incoming_chat")["chat"]["thread"]["queue"]["position"] == 1


def test_a_chat_does_not_wait_where_there_is_no_queue(
    acme: Organization, ann: User, support: Group, chat_id: str
) -> None:
    acme.properties = {"chats": {"queue.enabled": False}}
    acme.save()

    payload = {"target": to_group(support), "ignore_agents_availability": True}
    assert ann.refused("transfer_chat", id=chat_id, **payload) == "groups_offline"


def test_a_group_that_picks_its_chats_by_hand_is_not_given_one_but_finds_it_waiting(
    world: World, acme: Organization, ann: User, carl: User, support: Group, chat_id: str
) -> None:
    world.agent(acme, "sam", groups=[support], online=True)
    support.properties = {"chats": {"manual_routing.override": 1}}
    support.save()
    payload = {"id": chat_id, "target": to_group(support)}
    assert ann.refused("transfer_chat", **payload) == "groups_offline"

    ann.call("transfer_chat", **payload, ignore_agents_availability=True)

    assert talking(carl, chat_id) == []


def test_a_group_of_nobody_does_not_get_a_chat(ann: User, chat_id: str) -> None:
    target = {"type": "group", "ids": [99]}

    assert ann.refused("transfer_chat", id=chat_id, target=target) == "group_not_found"


# --- within the groups it is in -----------------------------------------------------------------


def test_without_a_target_another_agent_of_the_group_gets_the_chat(
    world: World, acme: Organization, ann: User, carl: User, sales: Group, chat_id: str
) -> None:
    world.agent(acme, "bob", groups=[sales], online=True)

    ann.call("transfer_chat", id=chat_id)

    assert talking(carl, chat_id) == ["Bob"]
    assert access(carl, chat_id) == [sales.number]


def test_without_a_target_and_without_another_agent_nothing_happens(
    ann: User, chat_id: str
) -> None:
    assert ann.refused("transfer_chat", id=chat_id) == "groups_offline"


# --- who may ------------------------------------------------------------------------------------


def test_only_a_user_of_the_chat_transfers_it_unless_told_to_ignore_that(
    world: World, acme: Organization, ann: User, carl: User, sales: Group, chat_id: str
) -> None:
    bob = world.agent(acme, "bob", groups=[sales], online=True)
    target = to_agent(bob)
    assert bob.refused("transfer_chat", id=chat_id, target=target) == "authorization"

    bob.call("transfer_chat", id=chat_id, target=target, ignore_requester_presence=True)

    assert talking(carl, chat_id) == ["Bob"]


def test_a_closed_chat_is_not_transferred(
    world: World, acme: Organization, ann: User, sales: Group, chat_id: str
) -> None:
    bob = world.agent(acme, "bob", groups=[sales], online=True)
    ann.call("deactivate_chat", id=chat_id)

    assert ann.refused("transfer_chat", id=chat_id, target=to_agent(bob)) == "chat_inactive"


def test_a_chat_one_may_not_see_is_not_transferred(
    world: World, acme: Organization, ann: User, support: Group, chat_id: str
) -> None:
    sam = world.agent(acme, "sam", groups=[support], online=True)

    payload = {"target": to_agent(sam), "ignore_requester_presence": True}
    assert sam.refused("transfer_chat", id=chat_id, **payload) == "authorization"


@pytest.mark.parametrize(
    "target",
    [
        {"type": "group", "ids": []},
        {"type": "group", "ids": ["1"]},
        {"type": "agent", "ids": [1]},
        {"type": "agent"},
        {"type": "team", "ids": [1]},
        {"ids": [1]},
    ],
)
def test_a_target_has_a_type_and_ids_of_it(ann: User, chat_id: str, target: Any) -> None:
    assert ann.refused("transfer_chat", id=chat_id, target=target) == "validation"


# --- list_agents_for_transfer -------------------------------------------------------------------


def test_agents_who_could_get_a_chat_are_listed_by_their_load(
    world: World,
    acme: Organization,
    ann: User,
    sales: Group,
    support: Group,
    chat_id: str,
) -> None:
    bob = world.agent(acme, "bob", groups=[sales], online=True, accepting=False)
    away = world.agent(acme, "away", groups=[sales], online=True)
    away.rtm("set_away_status", {"away": True})
    world.agent(acme, "offline", groups=[sales])
    world.agent(acme, "sam", groups=[support], online=True)
    ann.call("start_chat")
    with_bob = {"users": [{"id": bob.id, "type": "agent"}], "access": {"group_ids": [sales.number]}}
    for name in ("dora", "emil"):
        customer = {"id": world.customer(acme, name).id, "type": "customer"}
        ann.call("start_chat", chat={**with_bob, "users": [*with_bob["users"], customer]})

    found = ann.call("list_agents_for_transfer", chat_id=chat_id)

    assert found == [
        {"agent_id": away.id, "total_active_chats": 0, "active_chats": 0},
        {"agent_id": bob.id, "total_active_chats": 2, "active_chats": 2},
        {"agent_id": ann.id, "total_active_chats": 3, "active_chats": 3},
    ]
    assert ann.rtm("list_agents_for_transfer", {"chat_id": chat_id}) == found


def test_agents_for_a_chat_one_may_not_see_are_not_listed(
    world: World, acme: Organization, support: Group, chat_id: str
) -> None:
    sam = world.agent(acme, "sam", groups=[support], online=True)

    assert sam.refused("list_agents_for_transfer", chat_id=chat_id) == "authorization"
    assert sam.refused("list_agents_for_transfer", chat_id="NOSUCHCHAT") == "not_found"


# --- access that changes otherwise ----------------------------------------------------------------


def test_resuming_for_other_groups_tells_those_who_lose_the_chat(
    world: World,
    acme: Organization,
    ann: User,
    carl: User,
    sales: Group,
    support: Group,
    chat_id: str,
) -> None:
    mia = world.agent(acme, "mia", groups=[sales], online=True, accepting=False)
    sue = world.agent(acme, "sue", groups=[support], online=True)
    ann.call("deactivate_chat", id=chat_id)
    chat = {"id": chat_id, "access": {"group_ids": [support.number]}}

    with world.capture_pushes() as pushes:
        carl.call("resume_chat", chat=chat)

    assert names(pushes, mia) == ["chat_access_updated"]
    assert pushes.payload(mia, "chat_access_updated") == {
        "id": chat_id,
        "access": {"group_ids": [support.number]},
    }
    assert names(pushes, sue) == ["incoming_chat", "chat_access_updated"]
    assert access(sue, chat_id) == [support.number]


def test_resuming_for_the_same_groups_tells_of_no_access(
    world: World, acme: Organization, ann: User, carl: User, sales: Group, chat_id: str
) -> None:
    ann.call("deactivate_chat", id=chat_id)
    chat = {"id": chat_id, "access": {"group_ids": [sales.number]}}

    with world.capture_pushes() as pushes:
        carl.call("resume_chat", chat=chat)

    assert "chat_access_updated" not in names(pushes, ann)
    assert Thread.objects.count() == 2
