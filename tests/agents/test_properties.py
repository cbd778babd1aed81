"""Agents set and delete properties; those who may read them hear of exactly these."""

from typing import Any

import pytest

from chatplatform.models import Application, Chat, ChatChange, Organization
from chatplatform.selectors import chats as chat_selectors
from chatplatform.services import properties as services
from tests import make
from tests.places import NAMES, at
from tests.world import User, World


def held(user: User, ids: dict[str, str], location: str) -> dict[str, Any]:
    """Return the properties someone sees there, without the mark of the client."""
    chat = user.call("get_chat", chat_id=ids["chat_id"], thread_id=ids["thread_id"])
    thread = chat["thread"]
    event = next(one for one in thread["events"] if one["id"] == ids["event_id"])
    found = {"chat": chat, "thread": thread, "event": event}[location].get("properties", {})
    return {name: found[name] for name in found if name not in ("source", "routing")}


LOCATIONS = pytest.mark.parametrize("location", ["chat", "thread", "event"])


@LOCATIONS
def test_values_merge_and_only_these_are_told(
    world: World, ann: User, carl: User, ids: dict[str, str], location: str
) -> None:
    target = at(ids, location)
    first = {"test": {"int_property": 1, "string_property": "a"}}
    ann.call(f"update_{location}_properties", **target, properties=first)

    with world.capture_pushes() as pushes:
        answer = ann.call(
            f"update_{location}_properties",
            **target,
            properties={"test": {"int_property": 2, "bool_property": True}},
        )

    assert answer == {}
    expected = {"test": {"int_property": 2, "string_property": "a", "bool_property": True}}
    assert held(ann, ids, location) == held(carl, ids, location) == expected
    told = {
        **{name: ids[name] for name in NAMES[location]},
        "properties": {"test": {"int_property": 2, "bool_property": True}},
    }
    push = (f"{location}_properties_updated", told)
    assert pushes.to(ann) == pushes.to(carl) == [push]


@LOCATIONS
def test_named_values_are_deleted(
    world: World, ann: User, carl: User, ids: dict[str, str], location: str
) -> None:
    target = at(ids, location)
    given = {"test": {"int_property": 1, "string_property": "a"}}
    ann.call(f"update_{location}_properties", **target, properties=given)

    with world.capture_pushes() as pushes:
        answer = ann.call(
            f"delete_{location}_properties", **target, properties={"test": ["int_property"]}
        )

    assert answer == {}
    assert held(ann, ids, location) == {"test": {"string_property": "a"}}
    ann.call(f"delete_{location}_properties", **target, properties={"test": ["string_property"]})
    assert held(ann, ids, location) == {}
    told = {name: ids[name] for name in NAMES[location]} | {
        "properties": {"test": ["int_property"]}
    }
    push = (f"{location}_properties_deleted", told)
    assert pushes.to(ann) == pushes.to(carl) == [push]


@LOCATIONS
def test_a_repetition_is_told_again(
    world: World, ann: User, ids: dict[str, str], location: str
) -> None:
    """Clients wait for the push that answers their request."""
    target = at(ids, location)
    given = {"test": {"int_property": 1}}
    ann.call(f"update_{location}_properties", **target, properties=given)

    with world.capture_pushes() as pushes:
        ann.rtm(f"update_{location}_properties", {**target, "properties": given}, request_id="7")

    (heard,) = (push for user, push in pushes.heard if user is ann)
    assert heard.request_id == "7"


@LOCATIONS
@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"test": {"int_property": "one"}}, "validation"),
        ({"test": {"int_property": 2**31}}, "validation"),
        ({"test": {"nothing": 1}}, "validation"),
        ({"nobody": {"int_property": 1}}, "validation"),
        ({"test": 1}, "validation"),
        ({"test": {}}, "validation"),
        ({}, "validation"),
        ({"source": {"client_id": "me"}}, "authorization"),
        ({"test": {"int_property": 1}, "source": {"client_id": "me"}}, "authorization"),
    ],
)
def test_what_can_not_be_set(
    ann: User, ids: dict[str, str], location: str, given: Any, refused: str
) -> None:
    target = at(ids, location)
    assert ann.refused(f"update_{location}_properties", **target, properties=given) == refused


@LOCATIONS
@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"test": ["nothing"]}, "validation"),
        ({"test": {"int_property": 1}}, "validation"),
        ({"test": []}, "validation"),
        ({}, "validation"),
        ({"source": ["client_id"]}, "authorization"),
    ],
)
def test_what_can_not_be_deleted(
    ann: User, ids: dict[str, str], location: str, given: Any, refused: str
) -> None:
    target = at(ids, location)
    assert ann.refused(f"delete_{location}_properties", **target, properties=given) == refused


@pytest.mark.parametrize("action", ["update", "delete"])
def test_there_must_be_such_a_chat_thread_or_event(
    ann: User, carl: User, ids: dict[str, str], action: str
) -> None:
    given: Any = {"test": {"int_property": 1}} if action == "update" else {"test": ["int_property"]}
    nowhere = [
        ("chat", {"id": "NOWHERE"}),
        ("thread", {**at(ids, "thread"), "thread_id": "NOWHERE"}),
        ("thread", {**at(ids, "thread"), "chat_id": "NOWHERE"}),
        ("event", {**at(ids, "event"), "event_id": f"{ids['thread_id']}_99"}),
        ("event", {**at(ids, "event"), "event_id": "nonsense"}),
        ("event", {**at(ids, "event"), "thread_id": "NOWHERE"}),
    ]
    for user in (ann, carl):
        for location, target in nowhere:
            refused = user.refused(f"{action}_{location}_properties", **target, properties=given)
            assert refused == "not_found", target


@LOCATIONS
def test_an_agent_needs_access(world: World, acme: Organization, carl: User, location: str) -> None:
    sales = make.group(acme)
    sue = world.agent(acme, "sue", groups=[sales], online=True)
    outsider = world.agent(acme, "olaf")
    started = sue.call(
        "start_chat",
        chat={
            "access": {"group_ids": [sales.number]},
            "thread": {"events": [make.message()]},
        },
    )
    target = at({**started, "event_id": started["event_ids"][0]}, location)
    given = {"test": {"int_property": 1}}

    refused = outsider.refused(f"update_{location}_properties", **target, properties=given)

    assert refused == "authorization"


def test_agents_with_mere_access_hear_nothing(
    world: World, acme: Organization, ann: User, ids: dict[str, str]
) -> None:
    bob = world.agent(acme, "bob", online=True)
    eve = world.agent(acme, "eve", online=True)
    eve.call("follow_chat", id=ids["chat_id"])

    with world.capture_pushes() as pushes:
        bob.call(
            "update_chat_properties",
            id=ids["chat_id"],
            properties={"test": {"int_property": 1}},
        )

    assert pushes.names == {
        name: ["chat_properties_updated"] for name in (ann.name, eve.name, "carl")
    }


def test_closed_chats_have_properties_too(ann: User, ids: dict[str, str]) -> None:
    ann.call("deactivate_chat", id=ids["chat_id"])

    for location in ("chat", "thread", "event"):
        given = {"test": {"string_property": location}}
        ann.call(f"update_{location}_properties", **at(ids, location), properties=given)
        assert held(ann, ids, location) == given


def test_customers_hear_only_what_they_may_read(
    world: World, ann: User, carl: User, ids: dict[str, str]
) -> None:
    given = {"routing": {"pinned": True}, "test": {"int_property": 1}}

    with world.capture_pushes() as pushes:
        ann.call("update_chat_properties", id=ids["chat_id"], properties=given)
        ann.call(
            "update_chat_properties", id=ids["chat_id"], properties={"routing": {"pinned": False}}
        )
        ann.call("delete_chat_properties", id=ids["chat_id"], properties={"routing": ["pinned"]})

    heard = [payload["properties"] for _, payload in pushes.to(carl)]
    assert heard == [{"test": {"int_property": 1}}]
    assert len(pushes.names[ann.name]) == 3


def test_nobody_on_the_customers_side_hears_of_a_whisper(
    world: World, ann: User, carl: User, ids: dict[str, str]
) -> None:
    whisper = ann.call(
        "send_event", chat_id=ids["chat_id"], event=make.message(visibility="agents")
    )
    target = {**at(ids, "event"), "event_id": whisper["event_id"]}
    given = {"test": {"int_property": 1}}

    with world.capture_pushes() as pushes:
        ann.call("update_event_properties", **target, properties=given)
        ann.call("delete_event_properties", **target, properties={"test": ["int_property"]})

    assert pushes.names == {ann.name: ["event_properties_updated", "event_properties_deleted"]}
    assert carl.refused("update_event_properties", **target, properties=given) == "not_found"


def test_properties_of_one_thing_are_small(world: World, acme: Organization) -> None:
    owner = make.application(acme)
    for number in range(20):
        make.definition(owner, f"text{number}")
    ann = world.as_agent(make.agent(acme), application=owner)
    chat_id = ann.call("start_chat")["chat_id"]

    def give(*numbers: int) -> dict[str, Any]:
        values = {f"text{number}": "x" * 4096 for number in numbers}
        return {"id": chat_id, "properties": {owner.client_id: values}}

    ann.call("update_chat_properties", **give(*range(14)))
    assert ann.refused("update_chat_properties", **give(14, 15, 16)) == "validation"
    assert ann.refused("update_chat_properties", **give(*range(17))) == "validation"


def test_changes_are_numbered_and_fill_gaps(ann: User, ids: dict[str, str]) -> None:
    chat = Chat.objects.get(id=ids["chat_id"])
    given = {"test": {"int_property": 1}}
    for location in ("chat", "thread", "event"):
        ann.call(f"update_{location}_properties", **at(ids, location), properties=given)

    before, after = chat.sequence, Chat.objects.get(id=chat.id).sequence

    assert after == before + 3
    kinds = [
        type(change).__name__
        for change in chat_selectors.missing_changes(chat.id, before, after + 1)
    ]
    assert kinds == [
        "ChatPropertiesUpdated",
        "ThreadPropertiesUpdated",
        "EventPropertiesUpdated",
    ]
    assert ChatChange.objects.filter(chat=chat, sequence__gt=before).count() == 3


# --- what applications keep to themselves -------------------------------------------------------


@pytest.fixture
def owner(acme: Organization) -> Application:
    return make.application(acme, ["https://owner.example"])


@pytest.fixture
def other(acme: Organization) -> Application:
    return make.application(acme, ["https://other.example"])


@pytest.fixture
def two_clients(
    world: World, acme: Organization, owner: Application, other: Application
) -> tuple[User, User]:
    """Return one agent through two applications, the first of which owns a property."""
    make.definition(owner, "plan")
    row = make.agent(acme)
    own = world.as_agent(row, application=owner, online=True, name="own")
    return own, world.as_agent(row, application=other, online=True, name="other")


def test_a_private_property_is_its_owners_alone(
    world: World, two_clients: tuple[User, User], owner: Application
) -> None:
    own, other = two_clients
    given = {owner.client_id: {"plan": "gold"}}
    both = {**given, "test": {"int_property": 1}}
    with world.capture_pushes() as pushes:
        chat_id = own.call("start_chat", chat={"properties": both})["chat_id"]
        own.call("update_chat_properties", id=chat_id, properties=both)
        own.call("update_chat_properties", id=chat_id, properties=given)
        own.call("delete_chat_properties", id=chat_id, properties={owner.client_id: ["plan"]})

    told = [payload for _, payload in pushes.to(own)]
    assert told[0]["chat"]["properties"][owner.client_id] == {"plan": "gold"}
    assert [payload["properties"] for payload in told[1:]] == [
        both,
        given,
        {owner.client_id: ["plan"]},
    ]
    told = [payload for _, payload in pushes.to(other)]
    assert owner.client_id not in told[0]["chat"]["properties"]
    assert [payload["properties"] for payload in told[1:]] == [{"test": {"int_property": 1}}]
    assert other.refused("update_chat_properties", id=chat_id, properties=given) == "authorization"
    gone = {owner.client_id: ["plan"]}
    assert other.refused("delete_chat_properties", id=chat_id, properties=gone) == "authorization"


@pytest.mark.parametrize(
    ("public", "reads", "writes"),
    [(["read"], True, False), (["write"], False, True), (["read", "write"], True, True)],
)
def test_a_published_property_is_open_as_far_as_published(
    two_clients: tuple[User, User],
    acme: Organization,
    owner: Application,
    public: list[str],
    reads: bool,
    writes: bool,
) -> None:
    own, other = two_clients
    services.publish_property(acme, owner.client_id, "plan", public)
    given = {owner.client_id: {"plan": "gold"}}
    chat_id = own.call("start_chat", chat={"properties": given})["chat_id"]

    seen = other.call("get_chat", chat_id=chat_id)["properties"]

    assert (owner.client_id in seen) == reads
    new = {owner.client_id: {"plan": "silver"}}
    if writes:
        other.call("update_chat_properties", id=chat_id, properties=new)
        assert own.call("get_chat", chat_id=chat_id)["properties"][owner.client_id] == {
            "plan": "silver"
        }
    else:
        refused = other.refused("update_chat_properties", id=chat_id, properties=new)
        assert refused == "authorization"


def test_what_is_unregistered_is_seen_and_set_by_nobody(
    two_clients: tuple[User, User], acme: Organization, owner: Application
) -> None:
    own, _ = two_clients
    given = {owner.client_id: {"plan": "gold"}}
    chat_id = own.call("start_chat", chat={"properties": given})["chat_id"]

    services.unregister_property(acme, owner.client_id, "plan")

    assert owner.client_id not in own.call("get_chat", chat_id=chat_id)["properties"]
    assert own.refused("update_chat_properties", id=chat_id, properties=given) == "validation"

    make.definition(owner, "plan", kind="int")
    assert owner.client_id not in own.call("get_chat", chat_id=chat_id)["properties"]


def test_events_carry_private_properties_to_their_owner(
    world: World, two_clients: tuple[User, User], owner: Application
) -> None:
    own, other = two_clients
    chat_id = own.call("start_chat")["chat_id"]
    given = {owner.client_id: {"plan": "gold"}}

    with world.capture_pushes() as pushes:
        own.call("send_event", chat_id=chat_id, event=make.message(custom_id="1", properties=given))
        own.rtm("send_event", {"chat_id": chat_id, "event": make.message(properties=given)})

    for user, shown in ((own, True), (other, False)):
        for payload in (payload for name, payload in pushes.to(user) if name == "incoming_event"):
            assert (owner.client_id in payload["event"]["properties"]) == shown
        (chat,) = user.web("list_chats", version="3.7")["chats_info"]
        newest = chat["last_thread_info"]["last_event_per_type"]
        assert (owner.client_id in newest["message"]["event"]["properties"]) == shown
        (chat,) = user.web("list_chats", version="3.5")["chats_summary"]
        newest = chat["last_event_per_type"]
        assert (owner.client_id in newest["message"]["event"]["properties"]) == shown


def test_a_repeat_shows_what_was_stored(
    world: World, two_clients: tuple[User, User], owner: Application
) -> None:
    own, _ = two_clients
    chat_id = own.call("start_chat")["chat_id"]
    given = {owner.client_id: {"plan": "gold"}}
    event = make.message(custom_id="1", properties=given)
    own.call("send_event", chat_id=chat_id, event=event)

    with world.capture_pushes() as pushes:
        own.rtm("send_event", {"chat_id": chat_id, "event": make.message(custom_id="1")})

    shown = pushes.payload(own, "incoming_event")["event"]["properties"]
    assert shown[owner.client_id] == {"plan": "gold"}
