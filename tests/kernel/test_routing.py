"""Who gets a new chat, who waits where, and what happens when somebody goes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from chatplatform import clock
from chatplatform.models import Agent, Chat, GroupMember, Organization, Thread, Visit
from chatplatform.services import groups, presence, routing, timers
from tests import make
from tests.world import User, World


@pytest.fixture
def visitor(world: World, acme: Organization) -> Callable[[str], User]:
    """Return a function that makes a connected customer."""
    return lambda name: world.customer(acme, name)


@pytest.fixture
def watcher(world: World, acme: Organization) -> User:
    """An administrator who sees everything and takes no chats."""
    return world.agent(acme, "watcher", role="administrator", online=True, accepting=False)


def assigned(user: User, chat_id: str) -> list[str]:
    """Return the names of the agents who are in a chat."""
    chat = user.call("get_chat", chat_id=chat_id)
    return [u["name"] for u in chat["users"] if u["type"] == "agent" and u["present"]]


def place(user: User, chat_id: str) -> int | None:
    """Return a chat's place in the queue."""
    thread = user.call("get_chat", chat_id=chat_id)["thread"]
    position: int | None = thread.get("queue", {}).get("position")
    return position


def system_messages(user: User, chat_id: str) -> list[tuple[str, str]]:
    events = user.call("get_chat", chat_id=chat_id)["thread"]["events"]
    return [
        (event["system_message_type"], event["text"])
        for event in events
        if event["type"] == "system_message"
    ]


# --- who is asked -------------------------------------------------------------------------------


def test_the_agent_with_the_fewest_chats_is_asked(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    world.agent(acme, "ann", online=True)
    world.agent(acme, "bob", online=True)

    who = [
        assigned(customer, customer.call("start_chat")["chat_id"])[0]
        for customer in (visitor(f"v{number}") for number in range(4))
    ]

    assert who == ["Ann", "Bob", "Ann", "Bob"]


def test_closed_chats_and_chats_without_customer_do_not_count(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    ann = world.agent(acme, "ann", online=True)
    world.agent(acme, "bob", online=True)
    first = visitor("first").call("start_chat")["chat_id"]
    ann.call("deactivate_chat", id=first)
    ann.call("start_chat")
    ann.call("start_chat")

    customer = visitor("second")

    assert assigned(customer, customer.call("start_chat")["chat_id"]) == ["Ann"]


@pytest.mark.parametrize(
    ("priorities", "expected"),
    [
        ({"ann": "last", "bob": "normal", "cleo": "first"}, "Cleo"),
        ({"ann": "last", "bob": "normal"}, "Bob"),
        ({"ann": "last", "bob": "supervisor"}, "Ann"),
    ],
)
def test_priorities_in_the_group_decide_first(
    world: World,
    acme: Organization,
    visitor: Callable[[str], User],
    priorities: dict[str, str],
    expected: str,
) -> None:
    group = make.group(acme)
    for name, priority in priorities.items():
        user = world.agent(acme, name, online=True)
        row = Agent.objects.get(public_id=user.id)
        groups.add_group_member(group, row, priority)

    customer = visitor("carl")
    chat = {"access": {"group_ids": [group.number]}}

    chat_id = customer.call("start_chat", chat=chat)["chat_id"]
    assert assigned(customer, chat_id) == [expected]


def test_supervisors_are_never_asked(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    group = make.group(acme)
    world.agent(acme, "sue", groups=[group], online=True)
    GroupMember.objects.update(priority="supervisor")

    chat = {"access": {"group_ids": [group.number]}}
    assert visitor("carl").refused("start_chat", chat=chat) == "groups_offline"


def test_agents_of_other_groups_are_not_asked(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    sales, support = make.group(acme), make.group(acme)
    world.agent(acme, "ann", groups=[sales], online=True)

    chat = {"access": {"group_ids": [support.number]}}
    assert visitor("carl").refused("start_chat", chat=chat) == "groups_offline"


@pytest.mark.parametrize("field", ["suspended", "awaiting_approval"])
def test_agents_who_may_not_work_are_not_asked(
    world: World, acme: Organization, visitor: Callable[[str], User], field: str
) -> None:
    world.agent(acme, "ann", online=True)
    Agent.objects.update(**{field: True})

    assert visitor("carl").refused("start_chat") == "groups_offline"


def test_accepting_counts_only_while_the_connection_lives(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    from chatplatform.models import ConnectionLease

    world.agent(acme, "ann", online=True)
    ConnectionLease.objects.update(expires_at=clock.now())

    assert visitor("carl").refused("start_chat") == "groups_offline"


# --- the queue ----------------------------------------------------------------------------------


@pytest.fixture
def line(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> tuple[User, list[User], list[str]]:
    """Ann, who takes one chat, and three customers: one talks with her, two wait."""
    ann = world.agent(acme, "ann", limit=1, online=True)
    customers = [visitor(name) for name in ("first", "second", "third")]
    chats = [customer.call("start_chat")["chat_id"] for customer in customers]
    return ann, customers, chats


def test_who_finds_no_free_agent_waits(
    line: tuple[User, list[User], list[str]], watcher: User
) -> None:
    _, customers, chats = line

    assert [place(customer, chat) for customer, chat in zip(customers, chats, strict=True)] == [
        None,
        1,
        2,
    ]
    queue = watcher.call("get_chat", chat_id=chats[2])["thread"]["queue"]
    assert queue.keys() == {"position", "wait_time", "queued_at"}
    assert queue["queued_at"].endswith("Z")
    thread = watcher.call("get_chat", chat_id=chats[2])["thread"]
    assert thread["properties"]["routing"]["unassigned"] is True


def test_a_freed_slot_takes_the_next(
    world: World, line: tuple[User, list[User], list[str]], watcher: User
) -> None:
    ann, (first, second, third), chats = line

    with world.capture_pushes() as pushes:
        ann.call("deactivate_chat", id=chats[0])

    assert assigned(watcher, chats[1]) == ["Ann"]
    assert place(third, chats[2]) == 1
    thread = watcher.call("get_chat", chat_id=chats[1])["thread"]
    assert "queue" not in thread
    assert thread["queues_duration"] >= 1
    assert thread["properties"]["routing"]["unassigned"] is False
    assert [name for name, _ in pushes.to(first)] == ["incoming_event", "chat_deactivated"]
    assert [name for name, _ in pushes.to(second)] == ["user_added_to_chat", "chat_transferred"]
    added = pushes.payload(second, "user_added_to_chat")
    assert (added["user"]["name"], added["reason"]) == ("Ann", "assigned")
    assert "requester_id" not in added
    moved = pushes.payload(second, "chat_transferred")
    assert moved == {
        "chat_id": chats[1],
        "thread_id": thread["id"],
        "reason": "assigned",
        "transferred_to": {
            "group_ids": [0],
            "agent_ids": [Agent.objects.get(public_id=ann.id).customer_facing_id],
        },
    }
    assert pushes.to(third) == [
        (
            "queue_position_updated",
            {
                "chat_id": chats[2],
                "thread_id": Chat.objects.get(id=chats[2]).last_thread_id,
                "queue": {
                    "position": 1,
                    "wait_time": pushes.payload(third, "queue_position_updated")["queue"][
                        "wait_time"
                    ],
                },
            },
        )
    ]
    assert [name for name, _ in pushes.to(ann)] == [
        "incoming_event",
        "chat_deactivated",
        "user_added_to_chat",
        "incoming_chat",
        "chat_transferred",
        "thread_properties_updated",
        "chat_properties_updated",
        "queue_positions_updated",
    ]
    flags = pushes.payload(ann, "thread_properties_updated")["properties"]["routing"]
    assert flags.pop("last_transfer_timestamp") == pytest.approx(clock.now().timestamp(), abs=60)
    assert flags == {"unassigned": False, "pinned": False}
    assert pushes.payload(ann, "chat_properties_updated") == {
        "chat_id": chats[1],
        "properties": {"routing": {"unassigned": False, "was_pinned": True}},
    }
    (entry,) = pushes.payload(watcher, "queue_positions_updated")
    assert (entry["chat_id"], entry["queue"]["position"]) == (chats[2], 1)
    assert entry["queue"].keys() == {"position", "wait_time"}


def test_who_leaves_the_queue_lets_the_others_move_up(
    world: World, line: tuple[User, list[User], list[str]], watcher: User
) -> None:
    _, (_, second, third), chats = line

    with world.capture_pushes() as pushes:
        second.call("deactivate_chat", id=chats[1])

    assert place(third, chats[2]) == 1
    assert [name for name, _ in pushes.to(third)] == ["queue_position_updated"]


def test_a_new_agent_takes_as_many_as_they_can(
    world: World, acme: Organization, line: tuple[User, list[User], list[str]]
) -> None:
    _, (_, second, third), chats = line

    world.agent(acme, "bob", limit=5, online=True)

    assert assigned(second, chats[1]) == ["Bob"]
    assert assigned(third, chats[2]) == ["Bob"]


def test_an_agent_who_joins_ends_the_wait(
    line: tuple[User, list[User], list[str]], watcher: User
) -> None:
    _, (_, second, third), chats = line

    watcher.call(
        "add_user_to_chat",
        chat_id=chats[1],
        user_id=watcher.id,
        user_type="agent",
        visibility="all",
        ignore_requester_presence=True,
    )

    assert place(second, chats[1]) is None
    assert place(third, chats[2]) == 1


def test_positions_are_counted_among_those_who_wait_for_the_same_agents(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    sales, support = make.group(acme), make.group(acme)
    mia = world.agent(acme, "mia", groups=[sales], online=True, accepting=False)
    sam = world.agent(acme, "sam", groups=[support], online=True, accepting=False)

    def waiting(name: str, number: int) -> tuple[User, str]:
        customer = visitor(name)
        chat = {"access": {"group_ids": [number]}}
        return customer, customer.call("start_chat", chat=chat, continuous=True)["chat_id"]

    waits = [
        waiting("s1", sales.number),
        waiting("p1", support.number),
        waiting("s2", sales.number),
        waiting("p2", support.number),
    ]

    assert [place(*one) for one in waits] == [1, 1, 2, 2]
    with world.capture_pushes() as pushes:
        for customer, chat_id in waits[:2]:
            customer.call("deactivate_chat", id=chat_id)
    told = {
        agent.name: [
            entry["chat_id"]
            for name, entries in pushes.to(agent)
            if name == "queue_positions_updated"
            for entry in entries
        ]
        for agent in (mia, sam)
    }
    assert told == {"mia": [waits[2][1]], "sam": [waits[3][1]]}


def test_agents_hear_of_places_in_their_groups_only(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    sales, support = make.group(acme), make.group(acme)
    mia = world.agent(acme, "mia", groups=[sales], online=True, accepting=False)
    world.agent(acme, "sam", groups=[support], online=True, accepting=False)
    chats = {}
    for number in (sales.number, support.number):
        customer = visitor(f"v{number}")
        chat = {"access": {"group_ids": [number]}}
        chats[number] = customer.call("start_chat", chat=chat, continuous=True)["chat_id"]
    Thread.objects.update(queue_position=None)

    with world.capture_pushes() as pushes:
        world.act(lambda: routing.settle(acme.id))

    heard = str(pushes.to(mia))
    assert chats[sales.number] in heard
    assert chats[support.number] not in heard


def test_a_full_queue_takes_nobody(
    acme: Organization, line: tuple[User, list[User], list[str]], visitor: Callable[[str], User]
) -> None:
    acme.properties = {"chats": {"queue.limit": 2}}
    acme.save()

    assert visitor("fourth").refused("start_chat") == "groups_offline"


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({"queue.base": 2}, id="base"),
        pytest.param({"queue.base": 1, "queue.additional": 1}, id="additional"),
        pytest.param({"queue.base": 100, "queue.hard": 2}, id="hard"),
    ],
)
def test_a_queue_is_no_longer_than_the_licence_allows(
    acme: Organization,
    line: tuple[User, list[User], list[str]],
    visitor: Callable[[str], User],
    limits: dict[str, int],
) -> None:
    acme.properties = {"chats": {"queue.limit": 1_000_000}, "limits": limits}
    acme.save()

    assert visitor("fourth").refused("start_chat") == "groups_offline"

    acme.properties = {"chats": {"queue.limit": 1_000_000}, "limits": {"queue.base": 3}}
    acme.save()
    assert "chat_id" in visitor("fifth").call("start_chat")


def test_chats_that_may_wait_have_a_longer_queue(
    acme: Organization, visitor: Callable[[str], User]
) -> None:
    acme.properties = {"chats": {"queue.limit": 1}, "limits": {"queue_continuous.base": 2}}
    acme.save()
    for name in ("first", "second"):
        visitor(name).call("start_chat", continuous=True)

    assert visitor("third").refused("start_chat", continuous=True) == "groups_offline"


def test_without_a_queue_nobody_waits(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    acme.properties = {"chats": {"queue.enabled": False}}
    acme.save()
    world.agent(acme, "ann", limit=1, online=True)
    visitor("first").call("start_chat")
    second = visitor("second")

    assert second.refused("start_chat") == "groups_offline"
    assert second.call("list_group_statuses", all=True) == {"groups_status": {"0": "offline"}}


def test_settling_again_changes_nothing(
    world: World, acme: Organization, line: tuple[User, list[User], list[str]]
) -> None:
    with world.nothing_changes():
        world.act(lambda: routing.settle(acme.id))
        world.act(timers.settle_queues)


def test_a_settlement_that_was_missed_is_made_up_for(
    world: World, acme: Organization, line: tuple[User, list[User], list[str]]
) -> None:
    """A process may die between the commit that frees a slot and the settlement after it."""
    _, (_, second, _), chats = line
    Agent.objects.update(max_chats_count=2)

    world.act(timers.settle_queues)

    assert assigned(second, chats[1]) == ["Ann"]


# --- who goes -----------------------------------------------------------------------------------


def go_by_losing(world: World, user: User) -> None:
    world.lose(user)


def go_by_logging_out(world: World, user: User) -> None:
    user.rtm("logout")


def go_by_being_logged_out(world: World, user: User) -> None:
    user.web("logout")


GOING = [
    pytest.param(go_by_losing, "disconnected", "had lost internet connection", id="lost"),
    pytest.param(go_by_logging_out, "signed_out", "had signed out", id="logout"),
    pytest.param(
        go_by_being_logged_out, "remotely_signed_out", "had been remotely signed out", id="remote"
    ),
]


@pytest.mark.parametrize(("go", "reason", "because"), GOING)
def test_the_chats_of_an_agent_who_goes_are_given_to_another(
    world: World,
    acme: Organization,
    watcher: User,
    visitor: Callable[[str], User],
    go: Callable[[World, User], None],
    reason: str,
    because: str,
) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl = visitor("carl")
    chat_id = carl.call("start_chat")["chat_id"]
    world.agent(acme, "bob", online=True)

    with world.capture_pushes() as pushes:
        go(world, ann)

    assert assigned(watcher, chat_id) == ["Bob"]
    assert system_messages(carl, chat_id) == [
        (f"routing.assigned_{reason}", f"Chat assigned to Bob because Ann {because}")
    ]
    removed = pushes.payload(watcher, "user_removed_from_chat")
    assert (removed["user_id"], removed["reason"]) == (ann.id, reason)
    assert pushes.payload(watcher, "user_added_to_chat")["reason"] == "assigned"
    assert ("routing_status_set", {"agent_id": ann.id, "status": "offline"}) in pushes.to(watcher)
    assert [name for name, _ in pushes.to(carl)] == [
        "user_removed_from_chat",
        "incoming_event",
        "user_added_to_chat",
        "chat_transferred",
    ]


@pytest.mark.parametrize(("go", "reason", "because"), GOING)
def test_without_another_agent_the_chats_wait(
    world: World,
    acme: Organization,
    watcher: User,
    visitor: Callable[[str], User],
    go: Callable[[World, User], None],
    reason: str,
    because: str,
) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl = visitor("carl")
    chat_id = carl.call("start_chat")["chat_id"]

    with world.capture_pushes() as pushes:
        go(world, ann)

    assert place(carl, chat_id) == 1
    assert assigned(watcher, chat_id) == []
    assert system_messages(carl, chat_id) == [
        (f"routing.unassigned_{reason}", f"Customer was queued because Ann {because}")
    ]
    moved = pushes.payload(carl, "chat_transferred")
    assert (moved["reason"], moved["queue"]["position"]) == ("unassigned", 1)
    assert ("groups_status_updated", {"groups": [{"id": 0, "status": "offline"}]}) in pushes.to(
        carl
    )


@pytest.mark.parametrize(("go", "reason", "because"), GOING)
def test_without_a_queue_the_chats_are_closed(
    world: World,
    acme: Organization,
    visitor: Callable[[str], User],
    go: Callable[[World, User], None],
    reason: str,
    because: str,
) -> None:
    acme.properties = {"chats": {"queue.enabled": False}}
    acme.save()
    ann = world.agent(acme, "ann", online=True)
    carl = visitor("carl")
    chat_id = carl.call("start_chat")["chat_id"]

    with world.capture_pushes() as pushes:
        go(world, ann)

    thread = carl.call("get_chat", chat_id=chat_id)["thread"]
    assert thread["active"] is False
    assert system_messages(carl, chat_id) == [
        (f"routing.archived_{reason}", f"The chat was closed because Ann {because}")
    ]
    closed = pushes.payload(carl, "chat_deactivated")
    assert closed == {"chat_id": chat_id, "thread_id": thread["id"]}


def test_a_chat_keeps_going_with_the_other_agent_in_it(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl = visitor("carl")
    chat_id = carl.call("start_chat")["chat_id"]
    bob = world.agent(acme, "bob", online=True)
    ann.call(
        "add_user_to_chat", chat_id=chat_id, user_id=bob.id, user_type="agent", visibility="all"
    )

    world.lose(ann)

    assert assigned(carl, chat_id) == ["Bob"]
    assert [kind for kind, _ in system_messages(carl, chat_id)] == ["agent_added"]


def test_an_agent_who_is_back_in_time_keeps_their_chats(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    from chatplatform.models import ConnectionLease

    ann = world.agent(acme, "ann", online=True)
    chat_id = visitor("carl").call("start_chat")["chat_id"]
    ConnectionLease.objects.filter(user_id=ann.id).update(expires_at=clock.now())
    ann.login(reconnect=True)

    with world.nothing_changes_but("ConnectionLease"):
        world.act(presence.end_expired_leases)

    assert assigned(ann, chat_id) == ["Ann"]


def test_a_failure_with_one_lost_agent_keeps_no_other_waiting_and_is_made_good(
    world: World,
    acme: Organization,
    visitor: Callable[[str], User],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ann = world.agent(acme, "ann", online=True, limit=1)
    first = visitor("carl").call("start_chat")["chat_id"]
    bob = world.agent(acme, "bob", online=True, limit=1)
    second = visitor("dora").call("start_chat")["chat_id"]
    boss = world.agent(acme, "boss", online=True)
    release = routing.release_agent

    def fail_for_ann(organization: Organization, agent: Agent, reason: str) -> None:
        if agent.name == "Ann":
            raise OperationalError("canceling statement due to lock timeout")
        release(organization, agent, reason)

    with monkeypatch.context() as patched:
        patched.setattr(routing, "release_agent", fail_for_ann)
        world.lose(ann)
        world.lose(bob)
    assert assigned(boss, first) == ["Ann"]
    assert assigned(boss, second) == ["Boss"]

    world.act(presence.end_expired_leases)

    assert assigned(boss, first) == ["Boss"]


def test_an_agent_who_stops_accepting_keeps_their_chats(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> None:
    ann = world.agent(acme, "ann", online=True)
    chat_id = visitor("carl").call("start_chat")["chat_id"]

    ann.call("set_routing_status", status="not_accepting_chats")

    assert assigned(ann, chat_id) == ["Ann"]


# --- timers -------------------------------------------------------------------------------------


def later(monkeypatch: pytest.MonkeyPatch, minutes: float) -> None:
    """Let time pass."""
    real = clock.now

    def moved() -> Any:
        return real() + timedelta(minutes=minutes)

    monkeypatch.setattr(clock, "now", moved)


@pytest.fixture
def talk(
    world: World, acme: Organization, visitor: Callable[[str], User]
) -> tuple[User, User, str]:
    """Ann and Carl in a chat."""
    ann = world.agent(acme, "ann", online=True)
    carl = visitor("carl")
    return ann, carl, carl.call("start_chat")["chat_id"]


def hold_leases(minutes: float) -> None:
    """Let every connection last longer than the test's time."""
    from chatplatform.models import ConnectionLease

    ConnectionLease.objects.update(expires_at=clock.now() + timedelta(minutes=minutes))


def test_a_silent_chat_is_archived(
    world: World, monkeypatch: pytest.MonkeyPatch, talk: tuple[User, User, str]
) -> None:
    ann, carl, chat_id = talk
    hold_leases(60)
    with world.nothing_changes():
        later(monkeypatch, 14.9)
        world.act(timers.close_left_chats)

    later(monkeypatch, 0.2)
    with world.capture_pushes() as pushes:
        world.act(timers.close_left_chats)

    assert carl.call("get_chat", chat_id=chat_id)["thread"]["active"] is False
    assert system_messages(carl, chat_id) == [
        ("routing.archived_inactive", "Chat archived due to 15 minutes of inactivity")
    ]
    assert "user_id" not in pushes.payload(carl, "chat_deactivated")
    assert [name for name, _ in pushes.to(ann)][:2] == ["incoming_event", "chat_deactivated"]


def test_who_speaks_keeps_the_chat_open(
    world: World, monkeypatch: pytest.MonkeyPatch, talk: tuple[User, User, str]
) -> None:
    _, carl, chat_id = talk
    hold_leases(60)
    later(monkeypatch, 14)
    carl.call("send_event", chat_id=chat_id, event=make.message())
    later(monkeypatch, 14)

    world.act(timers.close_left_chats)

    assert carl.call("get_chat", chat_id=chat_id)["thread"]["active"] is True


def test_a_timer_can_be_set_and_switched_off(
    world: World,
    acme: Organization,
    monkeypatch: pytest.MonkeyPatch,
    talk: tuple[User, User, str],
) -> None:
    _, carl, chat_id = talk
    hold_leases(1000)
    acme.properties = {"chats": {"archive_chat_after_min": 0}}
    acme.save()
    later(monkeypatch, 400)
    world.act(timers.close_left_chats)
    assert carl.call("get_chat", chat_id=chat_id)["thread"]["active"] is True

    acme.properties = {"chats": {"archive_chat_after_min": 5}}
    acme.save()
    world.act(timers.close_left_chats)

    (message,) = system_messages(carl, chat_id)
    assert message[1] == "Chat archived due to 5 minutes of inactivity"


def test_the_chat_of_a_customer_who_left_the_pages_is_closed(
    world: World,
    acme: Organization,
    monkeypatch: pytest.MonkeyPatch,
    talk: tuple[User, User, str],
) -> None:
    acme.properties = {"chats": {"customer_timeout_after_min": 2}}
    acme.save()
    ann, carl, chat_id = talk
    world.lose(carl)
    assert Visit.objects.get().ended_at is not None
    hold_leases(60)
    later(monkeypatch, 1.9)
    world.act(timers.close_left_chats)
    assert ann.call("get_chat", chat_id=chat_id)["thread"]["active"] is True

    later(monkeypatch, 0.2)
    world.act(timers.close_left_chats)

    assert system_messages(ann, chat_id) == [
        ("archived_customer_disconnected", "Carl left the chat")
    ]


def test_a_customer_who_is_back_keeps_the_chat(
    world: World,
    acme: Organization,
    monkeypatch: pytest.MonkeyPatch,
    talk: tuple[User, User, str],
) -> None:
    acme.properties = {"chats": {"customer_timeout_after_min": 2}}
    acme.save()
    ann, carl, chat_id = talk
    world.lose(carl)
    carl.login()
    hold_leases(60)
    later(monkeypatch, 5)

    world.act(timers.close_left_chats)

    assert ann.call("get_chat", chat_id=chat_id)["thread"]["active"] is True


def test_a_chat_that_may_wait_is_not_closed_while_it_waits(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    watcher: User,
    visitor: Callable[[str], User],
) -> None:
    carl = visitor("carl")
    chat_id = carl.call("start_chat", continuous=True)["chat_id"]
    world.lose(carl)
    later(monkeypatch, 400)

    with world.nothing_changes():
        world.act(timers.close_left_chats)

    assert watcher.call("get_chat", chat_id=chat_id)["thread"]["active"] is True


def test_a_closed_chat_frees_its_slot_for_the_next(
    world: World,
    acme: Organization,
    monkeypatch: pytest.MonkeyPatch,
    line: tuple[User, list[User], list[str]],
) -> None:
    _, (_, second, _), chats = line
    hold_leases(60)
    second.call("send_event", chat_id=chats[1], event=make.message())
    later(monkeypatch, 14.99)
    second.call("send_event", chat_id=chats[1], event=make.message())
    later(monkeypatch, 0.5)

    world.act(timers.close_left_chats)

    assert assigned(second, chats[1]) == ["Ann"]


def test_old_changes_are_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch, talk: tuple[User, User, str]
) -> None:
    from chatplatform.models import ChatChange

    assert ChatChange.objects.count() > 0
    later(monkeypatch, 9)
    timers.forget_changes()
    assert ChatChange.objects.count() > 0

    later(monkeypatch, 2)
    timers.forget_changes()

    assert ChatChange.objects.count() == 0
