"""What was said in one group stays there when the chat goes on in another (protocol.md 2.5)."""

from typing import Any

import jsonschema
import pytest

from chatplatform.models import Group, Organization, Thread
from chatplatform.transports import openapi, web
from tests import make
from tests.world import Refused, User, World

VERSIONS = ["3.4", "3.5", "3.6", "3.7"]
RESTRICTED = "The agent has no access to the thread"


@pytest.fixture
def ann(world: World, acme: Organization, sales: Group) -> User:
    """Talks in the first thread."""
    return world.agent(acme, "ann", groups=[sales], online=True)


@pytest.fixture
def bob(world: World, acme: Organization, support: Group) -> User:
    """Talks in the second thread, and has nothing to do with the first."""
    return world.agent(acme, "bob", groups=[support], online=True)


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    return world.agent(acme, "boss", role="administrator", online=True, accepting=False)


@pytest.fixture
def older(ann: User, bob: User, carl: User, sales: Group, support: Group) -> dict[str, str]:
    """Return the ids of a question from the thread in Sales; the newest one is in Support."""
    question = make.rich_message("Red or blue?", "red")
    chat = {"access": {"group_ids": [sales.number]}, "thread": {"events": [make.message("Hi")]}}
    first = carl.call("start_chat", chat=chat)
    chat_id = first["chat_id"]
    asked = ann.call("send_event", chat_id=chat_id, event=question)
    carl.call("deactivate_chat", id=chat_id)
    chat = {"id": chat_id, "access": {"group_ids": [support.number]}}
    carl.call("resume_chat", chat={**chat, "thread": {"events": [make.message("Again")]}})
    return {"chat_id": chat_id, "thread_id": first["thread_id"], "event_id": asked["event_id"]}


def texts(thread: dict[str, Any]) -> list[str]:
    return [event["text"] for event in thread["events"] if event["type"] == "message"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_newest_thread_is_open_to_who_may_see_the_chat_and_no_other(
    bob: User, older: dict[str, str], version: str
) -> None:
    chat_id, thread_id = older["chat_id"], older["thread_id"]

    newest = bob.web("get_chat", {"chat_id": chat_id}, version=version)
    with pytest.raises(Refused) as refused:
        bob.web("get_chat", {"chat_id": chat_id, "thread_id": thread_id}, version=version)

    assert texts(newest["thread"]) == ["Again"]
    assert newest["thread"]["previous_thread_id"] == thread_id
    assert refused.value.type == "authorization"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_list_shows_that_there_are_others_and_nothing_of_them(
    bob: User, older: dict[str, str], sales: Group, version: str
) -> None:
    payload = {"chat_id": older["chat_id"], "limit": 10}

    newest, first = bob.web("list_threads", payload, version=version)["threads"]

    assert texts(newest) == ["Again"]
    assert first["restricted_access"] == RESTRICTED
    assert "events" not in first
    assert (first["id"], first["access"]) == (older["thread_id"], {"group_ids": [sales.number]})
    assert first["next_thread_id"] == newest["id"]
    assert (first["properties"], first["tags"]) == ({}, [])


@pytest.mark.parametrize(
    "action",
    ["get_thread_transcript", "request_thread_summary", "tag_thread", "untag_thread"],
)
def test_nobody_works_on_what_they_may_not_read(
    acme: Organization, bob: User, older: dict[str, str], action: str
) -> None:
    make.tag(acme, "urgent")
    payload = {"chat_id": older["chat_id"], "thread_id": older["thread_id"]}
    tagged = {"tag": "urgent"} if "tag" in action else {}

    assert bob.refused(action, **payload, **tagged) == "authorization"

    thread = Thread.objects.get(id=older["thread_id"])
    assert (thread.tags, thread.summary) == ([], None)


@pytest.mark.parametrize("location", ["thread", "event"])
def test_nor_do_they_set_properties_there(
    boss: User, bob: User, older: dict[str, str], location: str
) -> None:
    place = dict(older)
    if location == "thread":
        del place["event_id"]
    named = {"chat_id": older["chat_id"], "thread_id": older["thread_id"]}
    before = boss.call("get_chat", **named)["thread"]

    refused = bob.refused(
        f"update_{location}_properties", **place, properties={"test": {"int_property": 1}}
    )

    assert refused == "authorization"
    assert boss.call("get_chat", **named)["thread"] == before


def test_nor_do_they_press_buttons_there(bob: User, older: dict[str, str]) -> None:
    postback = {"id": "red", "toggled": True}

    refused = bob.refused("send_rich_message_postback", **older, postback=postback)

    assert refused == "authorization"


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6"])
def test_lists_of_chats_name_the_newest_event_of_a_type_without_showing_it(
    bob: User, older: dict[str, str], version: str
) -> None:
    (entry,) = bob.web("list_chats", {}, version=version)["chats_summary"]

    newest = entry["last_event_per_type"]
    assert newest["message"]["event"]["text"] == "Again"
    assert newest["rich_message"]["thread_id"] == older["thread_id"]
    assert newest["rich_message"]["event"] == {"restricted_access": RESTRICTED}


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6"])
def test_the_published_document_says_so(bob: User, older: dict[str, str], version: str) -> None:
    document = openapi.describe(version, web.patterns(version))
    described = document["paths"][f"/v{version}/agent/action/list_chats"]["post"]["responses"]
    schema = described["200"]["content"]["application/json"]["schema"]

    jsonschema.validate(bob.web("list_chats", {}, version=version), schema)


def test_so_does_the_login(bob: User, older: dict[str, str]) -> None:
    (entry,) = bob.login(version="3.6")["chats_summary"]

    newest = entry["last_event_per_type"]
    assert newest["rich_message"]["event"] == {"restricted_access": RESTRICTED}


@pytest.mark.parametrize("reader", ["ann", "boss", "carl"])
def test_who_took_part_may_see_all_chats_or_is_the_customer_reads_it(
    ann: User, boss: User, carl: User, older: dict[str, str], reader: str
) -> None:
    user = {"ann": ann, "boss": boss, "carl": carl}[reader]

    named = {"chat_id": older["chat_id"], "thread_id": older["thread_id"]}
    thread = user.call("get_chat", **named)["thread"]

    assert texts(thread) == ["Hi"]
    listed = user.call("list_threads", chat_id=older["chat_id"])["threads"]
    assert [texts(one) for one in listed] == [["Again"], ["Hi"]]


def test_so_does_a_colleague_of_the_group_it_was_in(
    world: World, acme: Organization, older: dict[str, str], sales: Group, support: Group
) -> None:
    both = world.agent(acme, "both", groups=[sales, support], online=True, accepting=False)

    named = {"chat_id": older["chat_id"], "thread_id": older["thread_id"]}
    assert texts(both.call("get_chat", **named)["thread"]) == ["Hi"]
