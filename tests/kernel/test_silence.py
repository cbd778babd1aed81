"""What happens in chats in which people have stopped to speak."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from chatplatform import clock
from chatplatform.models import Chat, ConnectionLease, Organization, Thread
from chatplatform.services import timers
from tests import make
from tests.world import User, World


@pytest.fixture
def chat_id(ann: User, carl: User) -> str:
    """A chat of Ann and Carl, in which Carl has said hello."""
    chat = {"thread": {"events": [make.message("Hello")]}}
    chat_id: str = carl.call("start_chat", chat=chat)["chat_id"]
    return chat_id


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that lets minutes pass; every connection lives on."""
    ConnectionLease.objects.update(expires_at=clock.now() + timedelta(days=1))

    def pass_time(minutes: float) -> None:
        real = clock.now
        monkeypatch.setattr(clock, "now", lambda: real() + timedelta(minutes=minutes))
        ConnectionLease.objects.update(expires_at=clock.now() + timedelta(days=1))

    return pass_time


def rule(organization: Organization, **values: int) -> None:
    organization.properties = {"chats": values}
    organization.save()


def say(user: User, chat_id: str, **more: Any) -> None:
    user.call("send_event", chat_id=chat_id, event=make.message(**more))


def flags(chat_id: str) -> dict[str, Any]:
    thread = Thread.objects.get(id=Chat.objects.get(id=chat_id).last_thread_id)
    found: dict[str, Any] = thread.properties["routing"]
    return found


def system_messages(user: User, chat_id: str) -> list[tuple[str, str]]:
    events = user.call("get_chat", chat_id=chat_id)["thread"]["events"]
    return [
        (event["system_message_type"], event["text"])
        for event in events
        if event["type"] == "system_message"
    ]


def talking(user: User, chat_id: str) -> list[str]:
    users = user.call("get_chat", chat_id=chat_id)["users"]
    return [one["name"] for one in users if one["type"] == "agent" and one["present"]]


# --- idle -----------------------------------------------------------------------------------------


def test_a_chat_falls_idle(
    world: World, ann: User, carl: User, chat_id: str, later: Callable[[float], None]
) -> None:
    thread_id = Chat.objects.get().active_thread_id
    later(9.9)
    with world.nothing_changes():
        world.act(timers.notice_silence)
    later(0.2)

    with world.capture_pushes() as pushes:
        world.act(timers.notice_silence)

    assert flags(chat_id)["idle"] is True
    assert system_messages(carl, chat_id) == [
        ("routing.idle", "Chat is idle due to 10 minutes of inactivity")
    ]
    assert [name for name, _ in pushes.to(ann)] == ["incoming_event", "thread_properties_updated"]
    assert pushes.payload(ann, "thread_properties_updated") == {
        "chat_id": chat_id,
        "thread_id": thread_id,
        "properties": {"routing": {"idle": True}},
    }
    assert [name for name, _ in pushes.to(carl)] == ["incoming_event"]
    with world.nothing_changes():
        world.act(timers.notice_silence)


def test_a_failure_in_one_organization_keeps_no_other_waiting(
    world: World, chat_id: str, later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    others = make.organization("Others")
    world.agent(others, "eve", online=True)
    world.customer(others, "dora").call("start_chat")
    later(11)
    mark, failed = timers._mark_idle, []

    def fail_once(chat_id: str, minutes: int) -> None:
        if not failed:
            failed.append(chat_id)
            raise OperationalError("canceling statement due to lock timeout")
        mark(chat_id, minutes)

    monkeypatch.setattr(timers, "_mark_idle", fail_once)

    world.act(timers.notice_silence)

    idle = {chat.id for chat in Chat.objects.filter(idle=True)}
    assert len(idle) == 1
    assert idle.isdisjoint(failed)


@pytest.mark.parametrize("who", ["ann", "carl"])
def test_the_next_message_ends_idleness(
    world: World,
    ann: User,
    carl: User,
    chat_id: str,
    later: Callable[[float], None],
    who: str,
) -> None:
    later(11)
    world.act(timers.notice_silence)

    with world.capture_pushes() as pushes:
        say(ann if who == "ann" else carl, chat_id)

    assert flags(chat_id)["idle"] is False
    told = pushes.payload(ann, "thread_properties_updated")["properties"]["routing"]
    assert told["idle"] is False
    later(9)
    world.act(timers.notice_silence)
    assert flags(chat_id)["idle"] is False
    later(2)
    world.act(timers.notice_silence)
    assert flags(chat_id)["idle"] is True


def test_a_whisper_ends_no_idleness(
    world: World, ann: User, chat_id: str, later: Callable[[float], None]
) -> None:
    later(11)
    world.act(timers.notice_silence)

    say(ann, chat_id, visibility="agents")

    assert flags(chat_id)["idle"] is True


def test_who_speaks_keeps_a_chat_from_falling_idle(
    world: World, carl: User, chat_id: str, later: Callable[[float], None]
) -> None:
    later(9)
    say(carl, chat_id)
    later(9)

    with world.nothing_changes():
        world.act(timers.notice_silence)


@pytest.mark.parametrize(("minutes", "idle"), [(0, False), (30, False), (5, True)])
def test_when_a_chat_falls_idle_can_be_set(
    world: World,
    acme: Organization,
    chat_id: str,
    later: Callable[[float], None],
    minutes: int,
    idle: bool,
) -> None:
    rule(acme, chat_inactive_after_min=minutes)
    later(14)

    world.act(timers.notice_silence)

    assert flags(chat_id)["idle"] is idle


def test_a_chat_that_waits_does_not_fall_idle(
    world: World, carl: User, later: Callable[[float], None]
) -> None:
    carl.call("start_chat", continuous=True)
    later(60)

    with world.nothing_changes():
        world.act(timers.notice_silence)


def test_an_idle_chat_is_archived_in_the_end(
    world: World, carl: User, chat_id: str, later: Callable[[float], None]
) -> None:
    later(11)
    world.act(timers.notice_silence)
    later(5)

    world.act(timers.close_left_chats)

    assert [kind for kind, _ in system_messages(carl, chat_id)] == [
        "routing.idle",
        "routing.archived_inactive",
    ]


# --- agents who do not reply ----------------------------------------------------------------------


def test_a_chat_without_reply_goes_to_another_agent(
    world: World,
    acme: Organization,
    ann: User,
    carl: User,
    chat_id: str,
    later: Callable[[float], None],
) -> None:
    rule(acme, transfer_chat_after_min=3)
    bob = world.agent(acme, "bob", online=True)
    later(2.9)
    with world.nothing_changes():
        world.act(timers.notice_silence)
    later(0.2)

    with world.capture_pushes() as pushes:
        world.act(timers.notice_silence)

    assert talking(carl, chat_id) == ["Bob"]
    assert system_messages(carl, chat_id) == [
        (
            "routing.assigned_inactive",
            "Chat assigned to Bob because Ann hasn't replied in 3 minutes",
        )
    ]
    assert pushes.payload(carl, "user_removed_from_chat")["reason"] == "inactive"
    moved = pushes.payload(carl, "chat_transferred")
    assert moved["reason"] == "inactive"
    assert "requester_id" not in moved
    came = pushes.payload(bob, "incoming_chat")
    assert came["transferred_from"] == {"group_ids": [0], "agent_ids": [ann.id]}
    assert "requester_id" not in came


def test_the_next_agent_has_as_long_to_reply(
    world: World,
    acme: Organization,
    ann: User,
    carl: User,
    chat_id: str,
    later: Callable[[float], None],
) -> None:
    rule(acme, transfer_chat_after_min=3)
    world.agent(acme, "bob", online=True)
    later(4)
    world.act(timers.notice_silence)
    later(2)
    world.act(timers.notice_silence)
    assert talking(carl, chat_id) == ["Bob"]

    later(2)
    world.act(timers.notice_silence)

    assert talking(carl, chat_id) == ["Ann"]


def test_a_reply_keeps_the_chat(
    world: World,
    acme: Organization,
    ann: User,
    carl: User,
    chat_id: str,
    later: Callable[[float], None],
) -> None:
    rule(acme, transfer_chat_after_min=3)
    world.agent(acme, "bob", online=True)
    later(2)
    say(ann, chat_id)
    later(8)
    say(carl, chat_id)
    later(2)

    with world.nothing_changes():
        world.act(timers.notice_silence)


def test_asking_again_does_not_put_off_the_next_agent(
    world: World,
    acme: Organization,
    ann: User,
    carl: User,
    chat_id: str,
    later: Callable[[float], None],
) -> None:
    rule(acme, transfer_chat_after_min=3)
    world.agent(acme, "bob", online=True)
    later(2)
    say(carl, chat_id)
    later(2)

    world.act(timers.notice_silence)

    assert talking(carl, chat_id) == ["Bob"]


def test_without_another_agent_the_chat_stays(
    world: World, acme: Organization, chat_id: str, later: Callable[[float], None]
) -> None:
    rule(acme, transfer_chat_after_min=3)
    later(5)

    with world.nothing_changes():
        world.act(timers.notice_silence)


def test_by_default_chats_stay_with_who_has_them(
    world: World, acme: Organization, chat_id: str, later: Callable[[float], None]
) -> None:
    world.agent(acme, "bob", online=True)
    later(9)

    with world.nothing_changes():
        world.act(timers.notice_silence)


# --- chats that wait, chats that are pinned -------------------------------------------------------


@pytest.mark.parametrize(("minutes", "closed"), [(30, True), (90, False), (0, False)])
def test_a_chat_that_may_wait_waits_only_so_long(
    world: World,
    acme: Organization,
    carl: User,
    later: Callable[[float], None],
    minutes: int,
    closed: bool,
) -> None:
    rule(acme, archive_offline_chat_after_min=minutes)
    chat_id = carl.call("start_chat", continuous=True)["chat_id"]
    later(60)

    world.act(timers.close_left_chats)

    archived = ("routing.archived_offline", "Chat archived due to no available agents")
    assert system_messages(carl, chat_id) == ([archived] if closed else [])


def test_who_waits_in_silence_is_not_archived_but_who_leaves_is(
    world: World, acme: Organization, later: Callable[[float], None]
) -> None:
    rule(acme, archive_chat_after_min=5)
    ann = world.agent(acme, "ann", limit=1, online=True)
    talks, waits = world.customer(acme, "talks"), world.customer(acme, "waits")
    first = talks.call("start_chat")["chat_id"]
    waiting = waits.call("start_chat")["chat_id"]
    for _ in range(5):
        later(4)
        say(ann, first)
    world.act(timers.close_left_chats)
    assert system_messages(waits, waiting) == []

    world.lose(waits)
    for _ in range(5):
        later(4)
        say(ann, first)
    world.act(timers.close_left_chats)

    assert system_messages(waits, waiting) == [
        ("archived_customer_disconnected", "Waits left the chat")
    ]


def test_a_chat_agents_pinned_is_not_archived(
    world: World,
    acme: Organization,
    ann: User,
    carl: User,
    chat_id: str,
    later: Callable[[float], None],
) -> None:
    properties = {"routing": {"pinned": True}}
    ann.call("update_chat_properties", id=chat_id, properties=properties)
    later(60)

    world.act(timers.close_left_chats)
    assert Chat.objects.get().active_thread_id is not None

    with world.capture_pushes() as pushes:
        ann.call("deactivate_chat", id=chat_id)
    told = pushes.payload(ann, "chat_properties_updated")["properties"]["routing"]
    assert told == {"pinned": False, "was_pinned": True}
