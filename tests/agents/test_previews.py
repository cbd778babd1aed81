"""Agent Chat API: what others are shown of a message, or a thought, that is still to come."""

from typing import Any

import pytest

from chatplatform.models import Agent, Organization
from tests import make
from tests.world import Refused, User, World


@pytest.fixture
def chat_id(ann: User, bob: User, carl: User) -> str:
    """A running chat of Ann and Carl that Bob follows."""
    chat_id: str = carl.call("start_chat")["chat_id"]
    bob.call("follow_chat", id=chat_id)
    return chat_id


def facing(agent: User) -> str:
    """Return the id under which customers know an agent."""
    return str(Agent.objects.get(public_id=agent.id).customer_facing_id)


# --- send_event_preview -------------------------------------------------------------------------


def test_a_preview_is_shown_to_the_customer_and_stored_nowhere(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    event = make.message("Let me", custom_id="c1")
    before = ann.call("get_chat", chat_id=chat_id)

    with world.capture_pushes() as pushes:
        assert ann.call("send_event_preview", chat_id=chat_id, event=event) == {}

    assert pushes.names == {"carl": ["incoming_event_preview"]}
    told = pushes.payload(carl, "incoming_event_preview")
    assert told == {
        "chat_id": chat_id,
        "thread_id": before["thread"]["id"],
        "event": {
            "created_at": told["event"]["created_at"],
            "type": "message",
            "text": "Let me",
            "author_id": facing(ann),
            "custom_id": "c1",
        },
    }
    assert ann.call("get_chat", chat_id=chat_id) == before


def test_the_message_that_follows_carries_the_previews_custom_id(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    ann.call("send_event_preview", chat_id=chat_id, event=make.message("Let", custom_id="c1"))

    with world.capture_pushes() as pushes:
        ann.call("send_event", chat_id=chat_id, event=make.message("Let me see", custom_id="c1"))

    assert pushes.payload(carl, "incoming_event")["event"]["custom_id"] == "c1"


@pytest.mark.parametrize(
    "event",
    [
        make.message(visibility="agents"),
        make.message("x" * (16 * 1024 + 1)),
        make.message(custom_id="c" * 256),
        make.rich_message("Well?", "yes"),
        {"type": "custom", "content": {}},
        {"type": "message"},
        {},
    ],
    ids=lambda event: str(event)[:40],
)
def test_only_messages_for_all_have_previews(ann: User, chat_id: str, event: Any) -> None:
    assert ann.refused("send_event_preview", chat_id=chat_id, event=event) == "validation"


# --- send_thinking_indicator --------------------------------------------------------------------


def test_a_thought_is_shown_to_who_watches(
    world: World, ann: User, bob: User, carl: User, chat_id: str
) -> None:
    thought = {"title": "Thinking", "description": "Looking it up", "custom_id": "c1"}

    with world.capture_pushes() as pushes:
        assert ann.call("send_thinking_indicator", chat_id=chat_id, **thought) == {}

    assert pushes.names == {
        "bob": ["incoming_thinking_indicator"],
        "carl": ["incoming_thinking_indicator"],
    }
    told = pushes.payload(bob, "incoming_thinking_indicator")
    assert told == {
        "chat_id": chat_id,
        "thread_id": ann.call("get_chat", chat_id=chat_id)["thread"]["id"],
        "author_id": ann.id,
        "sent_at": told["sent_at"],
        **thought,
    }
    shown = pushes.payload(carl, "incoming_thinking_indicator")
    assert shown == {**told, "author_id": facing(ann)}


def test_a_thought_for_agents_is_not_shown_to_the_customer(
    world: World, ann: User, bob: User, carl: User, chat_id: str
) -> None:
    with world.capture_pushes() as pushes:
        ann.call("send_thinking_indicator", chat_id=chat_id, title="Hm", visibility="agents")

    assert pushes.names == {"bob": ["incoming_thinking_indicator"]}


def test_nothing_needs_to_be_said_of_a_thought(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    with world.capture_pushes() as pushes:
        ann.call("send_thinking_indicator", chat_id=chat_id)

    told = pushes.payload(carl, "incoming_thinking_indicator")
    assert told.keys() == {"chat_id", "thread_id", "author_id", "sent_at"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "x" * 256},
        {"description": "x" * 1025},
        {"custom_id": "x" * 256},
        {"visibility": "customers"},
        {"title": 5},
    ],
    ids=str,
)
def test_a_thought_that_breaks_a_rule_is_refused(
    ann: User, chat_id: str, wrong: dict[str, Any]
) -> None:
    assert ann.refused("send_thinking_indicator", chat_id=chat_id, **wrong) == "validation"


# --- both ---------------------------------------------------------------------------------------

BOTH = [("send_event_preview", {"event": make.message()}), ("send_thinking_indicator", {})]


@pytest.mark.parametrize(("action", "more"), BOTH)
def test_only_members_who_do_not_whisper_may(
    ann: User, bob: User, chat_id: str, action: str, more: dict[str, Any]
) -> None:
    assert bob.refused(action, chat_id=chat_id, **more) == "not_allowed"

    join = {"chat_id": chat_id, "user_id": bob.id, "user_type": "agent", "visibility": "agents"}
    ann.call("add_user_to_chat", **join)
    assert bob.refused(action, chat_id=chat_id, **more) == "not_allowed"


def test_who_whispers_may_think_for_agents(
    world: World, ann: User, bob: User, chat_id: str
) -> None:
    join = {"chat_id": chat_id, "user_id": bob.id, "user_type": "agent", "visibility": "agents"}
    ann.call("add_user_to_chat", **join)

    with world.capture_pushes() as pushes:
        bob.call("send_thinking_indicator", chat_id=chat_id, visibility="agents")

    assert pushes.names == {"ann": ["incoming_thinking_indicator"]}


@pytest.mark.parametrize(("action", "more"), BOTH)
def test_not_in_an_inactive_chat(
    ann: User, chat_id: str, action: str, more: dict[str, Any]
) -> None:
    ann.call("deactivate_chat", id=chat_id)

    assert ann.refused(action, chat_id=chat_id, **more) == "chat_inactive"


@pytest.mark.parametrize(("action", "more"), BOTH)
def test_before_3_6_there_is_none(
    world: World,
    acme: Organization,
    ann: User,
    chat_id: str,
    action: str,
    more: dict[str, Any],
) -> None:
    old = world.customer(acme, "old", version="3.5", online=False)
    old.login(pushes={"3.5": ["all"]})
    told = old.call("start_chat")["chat_id"]

    with world.capture_pushes() as pushes:
        ann.call(action, chat_id=told, **more)
    assert "old" not in pushes.names

    with pytest.raises(Refused) as refused:
        ann.web(action, {"chat_id": chat_id, **more}, version="3.5")
    assert refused.value.type == "not_found"
