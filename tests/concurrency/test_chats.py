"""Chats are started, resumed, closed and deleted by several at once."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from chatplatform import clock
from chatplatform.models import Chat, Customer, Event, Organization, Thread
from chatplatform.services import customer_rows, deletion, timers
from tests import make
from tests.concurrency.together import at_once
from tests.world import User, World

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_customer_gets_one_chat_however_often_they_ask(world: World, acme: Organization) -> None:
    carl = world.customer(acme, "carl")

    start = lambda: carl.rtm("start_chat", {"continuous": True})  # noqa: E731
    answers = at_once(*[start] * 5)

    assert sorted(map(str, answers))[:4] == ["chat_limit_reached"] * 4
    assert Chat.objects.count() == 1


def test_a_customer_gets_as_many_chats_as_the_licence_allows(
    world: World, acme: Organization
) -> None:
    acme.properties = {"routing": {"max_customer_chats_count": 3}}
    acme.save()
    carl = world.customer(acme, "carl")

    start = lambda: carl.rtm("start_chat", {"continuous": True})  # noqa: E731
    answers = at_once(*[start] * 7)

    assert sorted(map(str, answers))[:4] == ["chat_limit_reached"] * 4
    assert Chat.objects.count() == 3


def test_properties_set_at_once_are_all_kept(world: World, acme: Organization) -> None:
    carl = world.customer(acme, "carl")
    started = carl.rtm("start_chat", {"continuous": True})
    names = ("int_property", "string_property", "bool_property")
    values = dict(zip(names, (1, "x", True), strict=True))

    def set_one(name: str) -> None:
        for location, place in (
            ("chat", {"id": started["chat_id"]}),
            ("thread", {"chat_id": started["chat_id"], "thread_id": started["thread_id"]}),
        ):
            given = {"test": {name: values[name]}}
            carl.rtm(f"update_{location}_properties", {**place, "properties": given})

    at_once(*[lambda name=name: set_one(name) for name in names])

    assert Chat.objects.get().properties["test"] == values
    assert Thread.objects.get().properties["test"] == values


def test_a_chat_is_resumed_once(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl")
    chat_id = carl.rtm("start_chat")["chat_id"]
    carl.rtm("deactivate_chat", {"id": chat_id})

    answers = at_once(
        *[
            lambda user=user: user.rtm("resume_chat", {"chat": {"id": chat_id}})
            for user in (ann, carl, ann, carl)
        ]
    )

    assert sorted(map(str, answers))[:3] == ["chat_already_active"] * 3
    assert Thread.objects.count() == 2


def test_a_chat_is_closed_once(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl")
    chat_id = carl.rtm("start_chat")["chat_id"]

    answers = at_once(
        *[lambda user=user: user.rtm("deactivate_chat", {"id": chat_id}) for user in (ann, carl)]
    )

    assert sorted(map(str, answers)) == ["chat_inactive", "{}"]
    assert Event.objects.count() == 1


def test_several_workers_close_a_silent_chat_once(
    talk: tuple[User, User, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(minutes=16))

    at_once(*[timers.close_left_chats] * 4)

    assert Event.objects.count() == 1
    assert Chat.objects.get().active_thread_id is None


def change_slowly(customer_id: str, chat_id: str, begun: threading.Event) -> None:
    """Lock a customer and then their chat, as every change of a customer does, at leisure."""
    with transaction.atomic():
        customer_rows.locked(UUID(customer_id))
        begun.set()
        time.sleep(0.3)
        Chat.objects.select_for_update(of=("self",)).get(id=chat_id)


@pytest.mark.parametrize("action", ["deactivate_chat", "resume_chat", "send_event"])
def test_nothing_waits_for_a_customer_while_it_has_their_chat(
    talk: tuple[User, User, str], action: str
) -> None:
    """Customers are locked before chats: the other way round it would end in a deadlock."""
    ann, carl, chat_id = talk
    carl.rtm("send_event", {"chat_id": chat_id, "event": make.message()})
    if action != "deactivate_chat":
        ann.rtm("deactivate_chat", {"id": chat_id})
    doing = {
        "deactivate_chat": lambda: ann.rtm(action, {"id": chat_id}),
        "resume_chat": lambda: ann.rtm(action, {"chat": {"id": chat_id}}),
        "send_event": lambda: carl.rtm(
            action,
            {"chat_id": chat_id, "event": make.message("P.S."), "attach_to_last_thread": True},
        ),
    }[action]
    begun = threading.Event()

    def do() -> Any:
        begun.wait()
        return doing()

    answers = at_once(lambda: change_slowly(carl.id, chat_id, begun), do)

    answered = {"deactivate_chat": [], "resume_chat": ["thread_id"], "send_event": ["event_id"]}
    assert [answers[0], list(answers[1])] == [None, answered[action]]
    chat, customer = Chat.objects.get(), Customer.objects.get()
    assert (chat.active_thread_id is not None) is (action == "resume_chat")
    assert customer.threads_count == chat.threads_count
    assert clock.to_wire(customer.customer_spoke_at) == chat.spoke_at["customer"]


def deleting(acme: Organization, chat_id: str, meanwhile: Callable[[], Any]) -> Any:
    """Delete a chat; return what is answered to a call that comes before the commit."""
    deleted = threading.Event()

    def delete() -> None:
        with transaction.atomic():
            deletion.delete_chat(acme.id, chat_id)
            deleted.set()
            time.sleep(0.3)

    def call() -> Any:
        deleted.wait()
        return meanwhile()

    return at_once(delete, call)[1]


def test_a_group_goes_while_a_chat_of_its_is_deleted(
    world: World, acme: Organization, boss: User
) -> None:
    sales = make.group(acme, "Sales").number
    chat = {"chat": {"access": {"group_ids": [sales]}}, "active": True, "continuous": True}
    chat_id = world.customer(acme, "carl").rtm("start_chat", chat)["chat_id"]

    answer = deleting(acme, chat_id, lambda: boss.web("delete_group", {"id": sales}))

    assert answer == {}
    assert not Chat.objects.exists()


def test_an_agent_is_suspended_while_their_chat_is_deleted(
    world: World, acme: Organization, boss: User
) -> None:
    ann = world.agent(acme, "ann", online=True)
    chat_id = world.customer(acme, "carl").rtm("start_chat")["chat_id"]

    answer = deleting(acme, chat_id, lambda: boss.web("suspend_agent", {"id": ann.id}))

    assert answer == {}
    assert not Chat.objects.exists()
