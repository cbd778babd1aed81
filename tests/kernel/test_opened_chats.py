"""A chat that comes before somebody has its place among the chat's other changes."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chatplatform.domain_events import ChatEvent
from chatplatform.domain_events.chats import ChatOpened, ChatUnfollowed
from chatplatform.models import Chat, ChatChange, Organization
from chatplatform.selectors import chats as chat_selectors
from chatplatform.transports.ordering import ChatOrder
from tests import make
from tests.world import User, World


@pytest.fixture
def chat_id(world: World, acme: Organization, ann: User) -> str:
    carl = world.customer(acme, "carl")
    chat_id: str = carl.call("start_chat")["chat_id"]
    ann.call("send_event", chat_id=chat_id, event=make.message("before"))
    return chat_id


def follow(ann: User, bob: User, chat_id: str) -> None:
    bob.call("follow_chat", id=chat_id)


def join(ann: User, bob: User, chat_id: str) -> None:
    user = {"user_id": bob.id, "user_type": "agent", "visibility": "all"}
    ann.call("add_user_to_chat", chat_id=chat_id, **user)


def transfer(ann: User, bob: User, chat_id: str) -> None:
    ann.call("transfer_chat", id=chat_id, target={"type": "agent", "ids": [bob.id]})


WAYS = [follow, join, transfer]
LONG_AGO = "2020-01-01T00:00:00.000000Z"


def changes_of(chat_id: str, do: Callable[[], Any]) -> list[ChatEvent]:
    """Return the changes something made, as a hub that missed them reads them."""
    before = Chat.objects.get(id=chat_id).sequence
    do()
    after = Chat.objects.get(id=chat_id).sequence
    found = chat_selectors.missing_changes(chat_id, before, after + 1)
    assert [change.sequence for change in found] == list(range(before + 1, after + 1))
    return found


def texts(chat: dict[str, Any]) -> list[str]:
    return [event["text"] for event in chat["thread"]["events"] if event["type"] == "message"]


@pytest.mark.parametrize("way", WAYS)
def test_a_hub_that_missed_it_reads_it_as_it_was(
    ann: User, bob: User, chat_id: str, way: Callable[..., None]
) -> None:
    def do() -> None:
        way(ann, bob, chat_id)
        speaker = bob if way is transfer else ann
        speaker.call("send_event", chat_id=chat_id, event=make.message("after"))

    changes = changes_of(chat_id, do)

    (opened,) = (change for change in changes if isinstance(change, ChatOpened))
    assert opened.user_ids == [bob.id]
    assert texts(opened.chat) == ["before"]
    kept = ChatChange.objects.get(chat_id=chat_id, sequence=opened.sequence)
    assert "events" not in kept.body["chat"]["thread"]


@pytest.mark.parametrize("way", WAYS)
def test_it_is_heard_before_what_happened_next_whatever_arrives_first(
    ann: User, bob: User, chat_id: str, way: Callable[..., None]
) -> None:
    def do() -> None:
        way(ann, bob, chat_id)
        speaker = bob if way is transfer else ann
        speaker.call("send_event", chat_id=chat_id, event=make.message("after"))

    changes = changes_of(chat_id, do)
    first, *rest = changes
    heard: list[ChatEvent] = []

    async def arrive() -> None:
        order = ChatOrder(lambda event, origin: heard.append(event), not_missing, not_lost)
        order.receive(replace(first, previous_at=LONG_AGO), None)
        for change in reversed(rest):
            order.receive(change, None)
        order.clear()

    asyncio.run(arrive())

    assert [change.sequence for change in heard] == [change.sequence for change in changes]
    kinds = [type(change) for change in heard]
    assert kinds.index(ChatOpened) < len(kinds) - 1


def test_ceasing_to_follow_has_its_place_too(ann: User, bob: User, chat_id: str) -> None:
    def do() -> None:
        bob.call("follow_chat", id=chat_id)
        bob.call("unfollow_chat", id=chat_id)

    opened, left = changes_of(chat_id, do)

    assert isinstance(opened, ChatOpened)
    assert isinstance(left, ChatUnfollowed)
    assert left.agent_ids == [bob.id]


def not_missing(chat_id: str, after: int, before: int, filled: Any) -> None:
    raise AssertionError("everything has arrived")


def not_lost(event: ChatEvent) -> None:
    raise AssertionError("nothing is lost")
