"""Events for programs, which only the server makes."""

from typing import Any

import pytest
from django.db import transaction

from chatplatform.domain_events import tell
from chatplatform.models import Chat, Organization
from chatplatform.services import events
from tests.world import User, World


@pytest.fixture
def chat_id(ann: User, carl: User) -> str:
    chat_id: str = carl.call("start_chat")["chat_id"]
    return chat_id


def happen(world: World, chat_id: str, **more: Any) -> None:
    """Let the server add a system event."""

    def do() -> None:
        with transaction.atomic():
            chat = Chat.objects.select_for_update(of=("self",)).get(id=chat_id)
            draft = events.system_event("cdp", "order_placed", {"total": 9.5}, **more)
            tell(events.add(chat, draft))
            chat.save()

    world.act(do)


def test_agents_read_it(world: World, ann: User, carl: User, chat_id: str) -> None:
    with world.capture_pushes() as pushes:
        happen(world, chat_id, version=2)

    event = ann.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
    assert event == {
        "id": event["id"],
        "type": "system",
        "source": "cdp",
        "subtype": "order_placed",
        "version": 2,
        "details": '{"total":9.5}',
        "created_at": event["created_at"],
        "visibility": "agents",
    }
    assert pushes.names == {"ann": ["incoming_event"]}


def test_customers_read_what_is_for_all(world: World, ann: User, carl: User, chat_id: str) -> None:
    happen(world, chat_id, visibility="all")

    event = carl.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
    assert (event["type"], event["details"]) == ("system", '{"total":9.5}')


def test_before_3_6_there_is_none(
    world: World, acme: Organization, ann: User, carl: User, chat_id: str
) -> None:
    old = world.agent(acme, "old", version="3.5")
    old.login(pushes={"3.5": ["all"]})
    old.call("follow_chat", id=chat_id)

    with world.capture_pushes() as pushes:
        happen(world, chat_id, visibility="all")

    assert "old" not in pushes.names
    for user in (old, carl):
        thread = user.web("get_chat", {"chat_id": chat_id}, version="3.5")["thread"]
        assert "system" not in [event["type"] for event in thread["events"]]
        (entry,) = user.web("list_chats", {}, version="3.5")["chats_summary"]
        assert "system" not in entry["last_event_per_type"]
