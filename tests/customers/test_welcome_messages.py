"""Being welcomed by whoever would answer (protocol.md 2.8)."""

from typing import Any
from uuid import UUID

import pytest

from chatplatform.errors import GroupNotFound, Validation
from chatplatform.models import Agent, Organization, RequestedWelcome
from chatplatform.services import bots, welcomes
from tests import make
from tests.world import Refused, User, World

WELCOME = "Hello. How can we help you?"


def test_a_customer_is_welcomed(world: World, acme: Organization, ann: User, carl: User) -> None:
    dora = world.customer(acme, "dora")

    with world.capture_pushes() as pushes:
        answer = carl.call("request_welcome_message")

    agent = answer["predicted_agent"]
    assert answer == {
        "id": str(UUID(answer["id"])),
        "predicted_agent": {
            "id": agent["id"],
            "type": "agent",
            "name": "Ann",
            "avatar": "",
            "job_title": "",
            "is_bot": False,
        },
        "queue": False,
    }
    assert agent["id"] != ann.id
    told = pushes.payload(carl, "incoming_welcome_message")
    assert told == {
        "id": answer["id"],
        "event": {
            "created_at": told["event"]["created_at"],
            "type": "message",
            "text": WELCOME,
            "author_id": agent["id"],
        },
    }
    assert pushes.to(dora) == pushes.to(ann) == []


def test_a_group_has_its_own_words(world: World, acme: Organization, ann: User, carl: User) -> None:
    sales = make.group(acme, "Sales")
    world.agent(acme, "bob", groups=[sales], online=True)
    welcomes.set_welcome_message(acme, sales.number, "Buy!")

    with world.capture_pushes() as pushes:
        answer = carl.call("request_welcome_message", group_id=sales.number)

    assert answer["predicted_agent"]["name"] == "Bob"
    assert pushes.payload(carl, "incoming_welcome_message")["event"]["text"] == "Buy!"


def test_a_group_may_say_nothing(world: World, acme: Organization, ann: User, carl: User) -> None:
    welcomes.set_welcome_message(acme, 0, "")

    with world.capture_pushes() as pushes:
        answer = carl.call("request_welcome_message")

    assert answer["predicted_agent"]["name"] == "Ann"
    assert pushes.names == {}


def test_who_would_wait_is_told_so(world: World, acme: Organization, carl: User) -> None:
    world.agent(acme, "ann", limit=0, online=True)

    assert carl.call("request_welcome_message")["queue"] is True


def test_a_bot_welcomes_as_what_it_is(acme: Organization, carl: User) -> None:
    robin = bots.create_bot(make.application(acme), "Robin", type="ai_agent").agent
    Agent.objects.filter(pk=robin.pk).update(routing_status="accepting_chats")

    agent = carl.call("request_welcome_message")["predicted_agent"]

    assert (agent["name"], agent["is_bot"], agent["bot_type"]) == ("Robin", True, "ai_agent")


def test_naming_the_message_repeats_it(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    first = carl.call("request_welcome_message")
    welcomes.set_welcome_message(acme, 0, "Other words")

    with world.capture_pushes() as pushes:
        again = carl.call("request_welcome_message", id=first["id"])

    assert again == first
    told = pushes.payload(carl, "incoming_welcome_message")
    assert (told["id"], told["event"]["text"]) == (first["id"], WELCOME)


@pytest.mark.parametrize("named", [None, "", "nonsense"])
def test_naming_no_or_another_message_gets_a_new_one(ann: User, carl: User, named: Any) -> None:
    first = carl.call("request_welcome_message")

    second = carl.call("request_welcome_message", id=named)

    assert second["id"] != first["id"]
    assert RequestedWelcome.objects.count() == 1


def test_it_is_refused_where_nobody_accepts_chats(carl: User) -> None:
    assert carl.refused("request_welcome_message") == "group_offline"
    assert carl.refused("request_welcome_message", group_id=7) == "group_not_found"


def test_it_is_refused_where_agents_pick_chats(acme: Organization, ann: User, carl: User) -> None:
    acme.properties = {"chats": {"manual_routing": True}}
    acme.save()

    assert carl.refused("request_welcome_message") == "group_unavailable"


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_versions_before_3_6_are_not_welcomed(ann: User, carl: User, version: str) -> None:
    with pytest.raises(Refused, match="unknown action"):
        carl.web("request_welcome_message", {}, version=version)


# --- chats that answer it ---------------------------------------------------------------------


def start(carl: User, welcome_id: str) -> Any:
    thread = {"events": [make.message("Hi")], "welcome_message_id": welcome_id}
    return carl.call("start_chat", chat={"thread": thread})


def test_a_chat_begins_with_the_welcome_it_answers(world: World, ann: User, carl: User) -> None:
    welcome = carl.call("request_welcome_message")

    with world.capture_pushes() as pushes:
        started = start(carl, welcome["id"])

    said, answer = pushes.payload(ann, "incoming_chat")["chat"]["thread"]["events"]
    assert (said["text"], said["author_id"]) == (WELCOME, ann.id)
    assert said["properties"] == {
        "lc2": {"welcome_message": True},
        "chats": {"welcome_message_source": "welcome_phrase"},
    }
    assert started["event_ids"] == [answer["id"]]
    told = pushes.payload(carl, "incoming_chat")["chat"]["thread"]["events"][0]
    assert told["author_id"] == welcome["predicted_agent"]["id"]


def test_somebody_else_answers(world: World, acme: Organization, ann: User, carl: User) -> None:
    welcome = carl.call("request_welcome_message")
    ann.call("set_routing_status", status="not_accepting_chats")
    bob = world.agent(acme, "bob", online=True)

    chat_id = start(carl, welcome["id"])["chat_id"]

    said = bob.call("get_chat", chat_id=chat_id)["thread"]["events"][0]
    assert said["text"] == WELCOME
    assert "author_id" not in said


def test_a_silent_welcome_leaves_nothing(acme: Organization, ann: User, carl: User) -> None:
    welcomes.set_welcome_message(acme, 0, "")
    welcome = carl.call("request_welcome_message")

    chat_id = start(carl, welcome["id"])["chat_id"]

    events = ann.call("get_chat", chat_id=chat_id)["thread"]["events"]
    assert [event["text"] for event in events] == ["Hi"]


def test_nobody_answers_a_welcome_they_did_not_get(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    welcome = carl.call("request_welcome_message")
    dora = world.customer(acme, "dora")
    thread = {"welcome_message_id": welcome["id"]}

    assert dora.refused("start_chat", chat={"thread": thread}) == "not_found"


def test_a_groups_words_have_bounds(acme: Organization) -> None:
    with pytest.raises(Validation):
        welcomes.set_welcome_message(acme, 0, "x" * 4097)
    with pytest.raises(GroupNotFound):
        welcomes.set_welcome_message(acme, 7, "x")
