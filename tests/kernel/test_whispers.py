"""What agents whisper never reaches a customer: no answer, no push, no counter, no mark."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from chatplatform.api.versions import VERSIONS
from chatplatform.models import Agent, Organization
from tests import make
from tests.world import Pushes, User, World


@pytest.fixture
def wanda(world: World, acme: Organization) -> User:
    """A supervisor, connected but not accepting chats."""
    return world.agent(acme, "wanda", role="administrator", online=True, accepting=False)


@pytest.fixture
def chat_id(ann: User, carl: User) -> str:
    """A running chat of Ann and Carl."""
    started = carl.call("start_chat", chat={"thread": {"events": [make.message("Hello")]}})
    chat_id: str = started["chat_id"]
    return chat_id


def seen_by(customer: User, chat_id: str) -> Any:
    """Return everything the Customer API can tell about a chat, in every version."""
    found = []
    for version in VERSIONS:
        found += [
            customer.web("get_chat", {"chat_id": chat_id}, version=version),
            customer.web("list_threads", {"chat_id": chat_id}, version=version),
            customer.web("list_chats", version=version),
            customer.web("get_customer", version=version),
        ]
    login = customer.login()
    customer.world.drop(customer.connections[-1])
    return [*found, login["chats"], login["has_active_thread"]]


@pytest.fixture
def unseen(world: World, wanda: User, carl: User, chat_id: str) -> Iterator[Pushes]:
    """Watch the customer: in the end nothing they can see has changed, nor have they heard."""
    before = seen_by(carl, chat_id)
    with world.capture_pushes() as pushes:
        yield pushes
    assert pushes.to(carl) == []
    assert seen_by(carl, chat_id) == before


def join(user: User, chat_id: str, visibility: str, whom: User | None = None) -> None:
    user.call(
        "add_user_to_chat",
        chat_id=chat_id,
        user_id=(whom or user).id,
        user_type="agent",
        visibility=visibility,
        ignore_requester_presence=True,
    )


def whisper(user: User, chat_id: str, text: str = "psst") -> str:
    answer = user.call("send_event", chat_id=chat_id, event=make.message(text, visibility="agents"))
    event_id: str = answer["event_id"]
    return event_id


def test_an_event_for_agents_reaches_agents_only(
    unseen: Pushes, ann: User, wanda: User, chat_id: str
) -> None:
    wanda.call("follow_chat", id=chat_id)

    event_id = whisper(ann, chat_id)

    for agent in (ann, wanda):
        event = unseen.payload(agent, "incoming_event")["event"]
        assert (event["id"], event["text"], event["visibility"]) == (event_id, "psst", "agents")
    newest = ann.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
    assert newest["id"] == event_id


@pytest.mark.parametrize(
    "event",
    [
        make.message("x"),
        {"type": "custom", "content": {"secret": 1}},
        {"type": "system_message", "system_message_type": "own", "text": "x"},
        {"type": "rich_message", "template_id": "cards", "elements": [{"title": "x"}]},
    ],
    ids=lambda event: event["type"],
)
def test_no_kind_of_event_for_agents_is_seen(
    unseen: Pushes, ann: User, chat_id: str, event: dict[str, Any]
) -> None:
    ann.call("send_event", chat_id=chat_id, event={**event, "visibility": "agents"})

    assert "incoming_event" in unseen.names["ann"]


@pytest.mark.parametrize("version", VERSIONS)
def test_recipients_still_says_who_may_see_an_event(
    unseen: Pushes, ann: User, chat_id: str, version: str
) -> None:
    event = {**make.message("psst"), "recipients": "agents"}

    ann.web("send_event", {"chat_id": chat_id, "event": event}, version=version)

    assert unseen.payload(ann, "incoming_event")["event"]["visibility"] == "agents"


@pytest.mark.parametrize("version", VERSIONS)
def test_recipients_still_says_who_may_see_that_somebody_types(
    unseen: Pushes, ann: User, wanda: User, chat_id: str, version: str
) -> None:
    join(wanda, chat_id, "agents")
    typed = {"chat_id": chat_id, "is_typing": True, "recipients": "agents"}

    ann.web("send_typing_indicator", typed, version=version)

    assert unseen.names["wanda"][-1] == "incoming_typing_indicator"


def test_visibility_wins_over_recipients(ann: User, chat_id: str) -> None:
    event = {**make.message("Hello"), "recipients": "agents", "visibility": "all"}

    ann.call("send_event", chat_id=chat_id, event=event)

    assert ann.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]["visibility"] == "all"


def test_a_repeated_whisper_is_not_seen_either(unseen: Pushes, ann: User, chat_id: str) -> None:
    event = make.message("psst", visibility="agents", custom_id="c1")

    for _ in range(2):
        ann.call("send_event", chat_id=chat_id, event=event)

    assert unseen.names["ann"] == ["incoming_event"] * 2


def test_typing_for_agents_is_not_seen(
    unseen: Pushes, ann: User, wanda: User, chat_id: str
) -> None:
    wanda.call("follow_chat", id=chat_id)

    ann.call("send_typing_indicator", chat_id=chat_id, is_typing=True, visibility="agents")

    assert "incoming_typing_indicator" in unseen.names["wanda"]


def test_who_whispers_is_not_seen(unseen: Pushes, ann: User, wanda: User, chat_id: str) -> None:
    join(ann, chat_id, "agents", whom=wanda)
    wanda.call("mark_events_as_seen", chat_id=chat_id, seen_up_to="2035-01-01T00:00:00Z")
    whisper(wanda, chat_id)
    wanda.call("send_typing_indicator", chat_id=chat_id, is_typing=True, visibility="agents")
    wanda.call("remove_user_from_chat", chat_id=chat_id, user_id=wanda.id, user_type="agent")

    assert unseen.names["ann"] == [
        "user_added_to_chat",
        "incoming_event",
        "events_marked_as_seen",
        "incoming_event",
        "incoming_typing_indicator",
        "incoming_event",
        "user_removed_from_chat",
    ]


def test_who_whispers_and_vanishes_is_not_seen(
    world: World, unseen: Pushes, ann: User, wanda: User, chat_id: str
) -> None:
    join(wanda, chat_id, "agents")

    world.lose(wanda)

    assert "user_removed_from_chat" in unseen.names["ann"]


def test_who_whispers_can_not_be_seen_to_speak_or_type(
    ann: User, wanda: User, carl: User, chat_id: str
) -> None:
    join(wanda, chat_id, "agents")
    sent = {"chat_id": chat_id, "event": make.message("aloud")}
    typed = {"chat_id": chat_id, "is_typing": True, "visibility": "all"}

    assert wanda.refused("send_event", **sent) == "not_allowed"
    assert wanda.refused("send_typing_indicator", **typed) == "not_allowed"


def assert_unknown(told: Any, agent: User) -> None:
    """Assert that nothing names an agent: neither of their ids, nor their name."""
    row = Agent.objects.get(public_id=agent.id)
    text = orjson.dumps(told).decode()
    for known in (row.public_id, row.customer_facing_id, row.name):
        assert known not in text


def test_what_whisperers_do_to_others_does_not_name_them(
    world: World, acme: Organization, ann: User, wanda: User, carl: User, chat_id: str
) -> None:
    bob = world.agent(acme, "bob", online=True, accepting=False)
    join(wanda, chat_id, "agents")

    with world.capture_pushes() as pushes:
        join(wanda, chat_id, "all", whom=bob)
        wanda.call("remove_user_from_chat", chat_id=chat_id, user_id=bob.id, user_type="agent")
        wanda.call("deactivate_chat", id=chat_id)

    assert [name for name, _ in pushes.to(carl)] == [
        "user_added_to_chat",
        "user_removed_from_chat",
        "chat_deactivated",
    ]
    assert_unknown(pushes.to(carl), wanda)
    assert_unknown(seen_by(carl, chat_id), wanda)
    chat = ann.call("get_chat", chat_id=chat_id)
    assert chat["thread"]["events"][-1]["text"] == "Wanda archived the chat"


def test_a_customer_who_joins_does_not_learn_of_whisperers(
    world: World, ann: User, wanda: User, carl: User
) -> None:
    chat_id = ann.call("start_chat")["chat_id"]
    join(ann, chat_id, "agents", whom=wanda)
    whisper(ann, chat_id)
    added = {"chat_id": chat_id, "user_id": carl.id, "user_type": "customer", "visibility": "all"}

    with world.capture_pushes() as pushes:
        wanda.call("add_user_to_chat", **added)

    assert "incoming_chat" in pushes.names["carl"]
    assert_unknown(pushes.to(carl), wanda)
    assert_unknown(seen_by(carl, chat_id), wanda)
    assert "psst" not in str(pushes.to(carl))


def test_whispers_stay_secret_after_the_chat_is_resumed(
    world: World, ann: User, wanda: User, carl: User, chat_id: str
) -> None:
    join(wanda, chat_id, "agents")
    whisper(wanda, chat_id)
    carl.call("deactivate_chat", id=chat_id)

    with world.capture_pushes() as pushes:
        carl.call("resume_chat", chat={"id": chat_id})

    assert_unknown(pushes.to(carl), wanda)
    assert_unknown(seen_by(carl, chat_id), wanda)


def test_who_begins_to_whisper_leaves_as_far_as_customers_can_tell(
    world: World, ann: User, wanda: User, carl: User, chat_id: str
) -> None:
    join(wanda, chat_id, "all")
    wanda.call("send_event", chat_id=chat_id, event=make.message("Hi, I am new"))

    with world.capture_pushes() as pushes:
        join(wanda, chat_id, "agents")

    assert [name for name, _ in pushes.to(carl)] == ["user_removed_from_chat"]
    users = carl.call("get_chat", chat_id=chat_id)["users"]
    assert [user["name"] for user in users] == ["Carl", "Ann"]


def test_the_only_agent_who_begins_to_whisper_leaves_the_chat_to_others(
    world: World, acme: Organization, ann: User, carl: User, chat_id: str
) -> None:
    ann.call("set_routing_status", status="not_accepting_chats")
    bob = world.agent(acme, "bob", online=True)
    bob.call("set_routing_status", status="not_accepting_chats")

    join(ann, chat_id, "agents")

    assert carl.call("get_chat", chat_id=chat_id)["thread"]["queue"]["position"] == 1
    bob.call("set_routing_status", status="accepting_chats")
    users = carl.call("get_chat", chat_id=chat_id)["users"]
    assert [user["name"] for user in users] == ["Carl", "Bob"]


def test_a_whisperer_who_speaks_up_is_introduced(
    world: World, ann: User, wanda: User, carl: User, chat_id: str
) -> None:
    join(wanda, chat_id, "agents")

    with world.capture_pushes() as pushes:
        join(wanda, chat_id, "all")

    added = pushes.payload(carl, "user_added_to_chat")["user"]
    assert (added["name"], added["present"]) == ("Wanda", True)
    wanda.call("send_event", chat_id=chat_id, event=make.message("Hi"))
    chat = carl.call("get_chat", chat_id=chat_id)
    assert [user["name"] for user in chat["users"]] == ["Carl", "Ann", "Wanda"]
    assert "psst" not in str(chat)


def test_a_whisperers_place_is_no_answer_to_the_customer(
    world: World, acme: Organization, wanda: User, carl: User
) -> None:
    """A waiting chat goes on waiting when somebody only watches it."""
    chat_id = carl.call("start_chat", continuous=True)["chat_id"]

    join(wanda, chat_id, "agents")

    assert carl.call("get_chat", chat_id=chat_id)["thread"]["queue"]["position"] == 1


def test_agents_see_whispers_as_unread_and_customers_do_not(
    world: World, ann: User, wanda: User, carl: User, chat_id: str
) -> None:
    whisper(ann, chat_id)

    (chat,) = carl.login()["chats"]

    assert chat["has_unread_events"] is False
    customer = ann.call("get_customer", id=carl.id)
    assert "agent_last_event_created_at" not in customer


def test_a_whispers_properties_stay_unseen(wanda: User, chat_id: str, unseen: Pushes) -> None:
    join(wanda, chat_id, "agents")
    event_id = whisper(wanda, chat_id)
    place = {"chat_id": chat_id, "thread_id": event_id.split("_")[0], "event_id": event_id}

    given = {"test": {"string_property": "psst"}}
    wanda.call("update_event_properties", **place, properties=given)
    wanda.call("delete_event_properties", **place, properties={"test": ["string_property"]})

    assert "event_properties_updated" in unseen.names["wanda"]
