"""Every reader sees, and every writer sets, exactly what a property's definition says."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import chatplatform
from chatplatform import properties
from chatplatform.api import owned
from chatplatform.errors import Authorization, Validation
from chatplatform.models import (
    Application,
    Chat,
    Event,
    Group,
    Organization,
    PropertyDefinition,
    Thread,
)
from chatplatform.properties import KINDS, LOCATIONS, RIGHTS, Definition, Definitions, Party
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors import properties as selectors
from chatplatform.services import properties as services
from tests import make
from tests.places import at
from tests.world import Refused, User, World

STATED: dict[str, dict[str, Any]] = json.loads(
    (Path(chatplatform.__file__).parent / "data" / "default_properties.json").read_text()
)
VALUES = {"int": 1, "bool": True, "string": "x", "tokenized_string": "x y"}
Named = tuple[str, str]


def all_stated() -> Iterator[tuple[Named, dict[str, Any]]]:
    for namespace, names in STATED.items():
        for name, stated in names.items():
            yield (namespace, name), stated


def states(stated: dict[str, Any], location: str, kind: str, right: str) -> bool:
    """Tell whether the data file gives a right."""
    return any(
        location in rule["locations"] and kind in rule["who"] and right[0] in rule["access"]
        for rule in stated["access"]
    )


def value_of(stated: dict[str, Any]) -> Any:
    return stated["enum"][0] if "enum" in stated else VALUES[stated["type"]]


def everything() -> dict[str, dict[str, Any]]:
    """Return a value for every property of the protocol."""
    return {
        namespace: {name: value_of(stated) for name, stated in names.items()}
        for namespace, names in STATED.items()
    }


def named(found: dict[str, dict[str, Any]]) -> set[Named]:
    return {(namespace, name) for namespace, values in found.items() for name in values}


# --- the protocol's own -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("location", ["chat", "thread", "event"])
def test_defaults_are_written_as_defined(
    request: pytest.FixtureRequest, ids: dict[str, str], location: str, kind: str
) -> None:
    user: User = request.getfixturevalue("ann" if kind == "agent" else "carl")
    target = at(ids, location)

    for (namespace, name), stated in all_stated():
        writable = states(stated, location, kind, "write")
        given = {namespace: {name: value_of(stated)}}
        gone = {namespace: [name]}
        for action, payload in (("update", given), ("delete", gone)):
            with transaction.atomic():
                try:
                    user.rtm(f"{action}_{location}_properties", {**target, "properties": payload})
                except Refused as refused:
                    outcome = refused.type
                else:
                    outcome = ""
                transaction.set_rollback(True)
            assert outcome == ("" if writable else "authorization"), (action, namespace, name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("location", ["chat", "thread", "event"])
def test_defaults_are_read_as_defined(
    request: pytest.FixtureRequest, ids: dict[str, str], location: str, kind: str
) -> None:
    user: User = request.getfixturevalue("ann" if kind == "agent" else "carl")
    for rows in (Chat.objects, Thread.objects, Event.objects):
        rows.update(properties=everything())  # type: ignore[attr-defined]

    chat = user.call("get_chat", chat_id=ids["chat_id"])

    thread = chat["thread"]
    shown = {"chat": chat, "thread": thread, "event": thread["events"][0]}[location]
    assert named(shown["properties"]) == {
        key for key, stated in all_stated() if states(stated, location, kind, "read")
    }


@pytest.mark.parametrize("location", ["license", "group"])
def test_defaults_of_licence_and_groups_are_written_as_defined(
    acme: Organization, location: str
) -> None:
    requester = make.requester(make.agent(acme))
    for (namespace, name), stated in all_stated():
        given = {namespace: {name: value_of(stated)}}
        with transaction.atomic():
            try:
                if location == "license":
                    services.update_license_properties(requester, given)  # type: ignore[arg-type]
                else:
                    services.update_group_properties(requester, 0, given)  # type: ignore[arg-type]
            except Authorization:
                allowed = False
            else:
                allowed = True
            transaction.set_rollback(True)
        assert allowed == states(stated, location, "agent", "write"), (namespace, name)


def test_defaults_of_the_licence_are_read_as_defined(
    acme: Organization, ann: User, carl: User
) -> None:
    Organization.objects.update(properties=everything())
    Group.objects.update(properties=everything())

    seen = {
        ("license", "agent"): ann.login()["properties"],
        ("license", "customer"): carl.get("list_license_properties", {}),
        ("group", "customer"): carl.get("list_group_properties", {"id": 0}),
    }

    for (location, kind), found in seen.items():
        assert named(found) == {
            key for key, stated in all_stated() if states(stated, location, kind, "read")
        }


def test_customers_read_no_default_that_agents_do_not() -> None:
    """Records rely on it: the customers' part is found among what agents are shown."""
    for key, stated in all_stated():
        for location in LOCATIONS:
            if states(stated, location, "customer", "read"):
                assert states(stated, location, "agent", "read"), key


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("int", [0, -(2**31), 2**31 - 1], [True, 1.0, "1", None, 2**31, -(2**31) - 1, [], {}]),
        ("bool", [True, False], [0, 1, "true", None, []]),
        ("string", ["", "x" * 4096], ["x" * 4097, 1, None, [], {}]),
        ("tokenized_string", ["", "x y"], ["x" * 4097, 1, None]),
    ],
)
def test_values_are_of_the_type(kind: str, good: list[Any], bad: list[Any]) -> None:
    party = Party("agent", "")

    def check(value: Any) -> None:
        given = {"test": {f"{kind}_property": value}}
        properties.check_writable(given, party, location="chat")

    for value in good:
        check(value)
    for value in bad:
        with pytest.raises(Validation):
            check(value)


# --- registered -------------------------------------------------------------------------------

OWNER, OTHER = "owner-client", "other-client"
ACCESS = st.frozensets(
    st.sampled_from(list(itertools.product(LOCATIONS, KINDS, RIGHTS))), min_size=1
)
DEFINITIONS = st.dictionaries(
    st.sampled_from(["one", "two", "three"]),
    st.tuples(ACCESS, st.frozensets(st.sampled_from(RIGHTS))),
    min_size=1,
)


def may(rights: tuple[Any, Any], right: str, location: str, kind: str, client_id: str) -> bool:
    """Say it once more: registered, and one's own or published."""
    access, public = rights
    return (location, kind, right) in access and (client_id == OWNER or right in public)


def made(drawn: dict[str, tuple[Any, Any]]) -> Definitions:
    return Definitions(
        Definition(OWNER, name, "int", access, owner=OWNER, public=public)
        for name, (access, public) in drawn.items()
    )


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(DEFINITIONS, st.sampled_from(LOCATIONS), st.sampled_from(KINDS), st.booleans())
def test_no_reader_sees_what_a_definition_denies(
    drawn: dict[str, tuple[Any, Any]], location: Any, kind: Any, own: bool
) -> None:
    client_id = OWNER if own else OTHER
    stored = {OWNER: dict.fromkeys(("one", "two", "three"), 1), "test": {"int_property": 1}}
    names = {namespace: list(values) for namespace, values in stored.items()}
    visible = {name for name in drawn if may(drawn[name], "read", location, kind, client_id)}

    for show, held in ((properties.shown, stored), (properties.shown_names, names)):
        record = show(held, location=location, definitions=made(drawn))  # type: ignore[operator]
        if kind == "customer":
            record = properties.for_customers(record, location=location)
        seen = owned.shown_to(client_id, record, "chat")["properties"]
        assert set(seen.pop(OWNER, ())) == visible
        assert set(seen["test"]) == {"int_property"}
        assert set(seen) == {"test"}

    read = properties.visible_to(
        Party(kind, client_id), stored, location=location, definitions=made(drawn)
    )
    assert set(read.get(OWNER, ())) == visible


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(DEFINITIONS, st.sampled_from(LOCATIONS), st.sampled_from(KINDS), st.booleans())
def test_no_writer_sets_what_a_definition_denies(
    drawn: dict[str, tuple[Any, Any]], location: Any, kind: Any, own: bool
) -> None:
    client_id = OWNER if own else OTHER
    party = Party(kind, client_id)

    for name in ("one", "two", "three"):
        expected = "validation"
        if name in drawn:
            allowed = may(drawn[name], "write", location, kind, client_id)
            expected = "done" if allowed else "authorization"
        for check, held in (
            (properties.check_writable, {OWNER: {name: 1}}),
            (properties.check_deletable, {OWNER: [name]}),
        ):
            try:
                check(held, party, location=location, definitions=made(drawn))  # type: ignore[operator]
            except Authorization:
                outcome = "authorization"
            except Validation:
                outcome = "validation"
            else:
                outcome = "done"
            assert outcome == expected


@pytest.fixture
def owner(acme: Organization) -> Application:
    return make.application(acme, ["https://owner.example"])


@pytest.fixture
def other(acme: Organization) -> Application:
    return make.application(acme, ["https://other.example"])


def register(owner: Application, drawn: dict[str, tuple[Any, Any]]) -> None:
    for name, (access, public) in drawn.items():
        rights: dict[str, dict[str, list[str]]] = {}
        for location, kind, right in sorted(access):
            rights.setdefault(location, {}).setdefault(kind, []).append(right)
        row = make.definition(owner, name, kind="int", access=rights)
        PropertyDefinition.objects.filter(pk=row.pk).update(public_access=sorted(public))


def structures(chat: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what holds properties in a chat as any version shows it, with its location."""
    yield "chat", chat
    thread = chat.get("thread") or chat.get("last_thread_info") or {}
    yield "thread", thread
    newest = {**chat.get("last_event_per_type", {}), **thread.get("last_event_per_type", {})}
    for event in (*thread.get("events", ()), *(entry["event"] for entry in newest.values())):
        yield "event", event


def told_of(user: User, chat_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all that someone can learn of a chat: answers in two versions, and pushes."""
    yield from structures(user.web("get_chat", {"chat_id": chat_id}))
    for thread in user.web("list_threads", {"chat_id": chat_id})["threads"]:
        yield from structures({"thread": thread})
    for version, name in (("3.7", "chats_info"), ("3.6", "chats_summary")):
        for chat in user.web("list_chats", version=version)[name]:
            yield from structures(chat)
    for push in user.heard:
        if push.action == "incoming_chat":
            yield from structures(push.payload["chat"])


def properties_everywhere(author: User, stored: dict[str, dict[str, int]]) -> str:
    """Start a chat that holds ``stored`` in its every part, resume it, and return its id."""
    thread = {"events": [make.message()]}
    chat_id: str = author.call("start_chat", continuous=True, chat={"thread": thread})["chat_id"]
    for rows in (Chat.objects, Thread.objects, Event.objects):
        rows.update(properties=stored)  # type: ignore[attr-defined]
    author.call("deactivate_chat", id=chat_id)
    for listener in author.world.listeners:
        listener.heard.clear()
    author.call("resume_chat", continuous=True, chat={"id": chat_id})
    Thread.objects.update(properties=stored)
    return chat_id


def test_readers_of_the_platform_see_what_definitions_allow(
    world: World, acme: Organization, owner: Application, other: Application
) -> None:
    agent, customer = make.agent(acme), make.customer(acme)
    users = {
        ("agent", OWNER): world.as_agent(agent, application=owner, online=True),
        ("agent", OTHER): world.as_agent(agent, application=other, online=True),
        ("customer", OWNER): world.as_customer(customer, application=owner, online=True),
        ("customer", OTHER): world.as_customer(customer, application=other, online=True),
    }

    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(DEFINITIONS)
    def check(drawn: dict[str, tuple[Any, Any]]) -> None:
        with transaction.atomic():
            register(owner, drawn)
            stored = {owner.client_id: dict.fromkeys(drawn, 1)}
            chat_id = properties_everywhere(users["customer", OWNER], stored)
            for (kind, client_id), user in users.items():
                for location, record in told_of(user, chat_id):
                    seen = record.get("properties", {}).get(owner.client_id, {})
                    allowed = {
                        name
                        for name, rights in drawn.items()
                        if may(rights, "read", location, kind, client_id)
                    }
                    complete = location == "chat" and "properties" in record
                    assert set(seen) == allowed if complete else set(seen) <= allowed
            transaction.set_rollback(True)

    check()


# --- what it costs ----------------------------------------------------------------------------


def test_the_protocols_own_properties_cost_no_read(
    acme: Organization, django_assert_num_queries: Any
) -> None:
    held = [everything(), {}]

    with django_assert_num_queries(0):
        found = selectors.definitions_for(acme.id, *held)

    assert list(found.registered()) == []


def test_registered_ones_cost_one_read_however_many(
    acme: Organization, owner: Application, other: Application, django_assert_num_queries: Any
) -> None:
    for name in ("one", "two"):
        make.definition(owner, name)
        make.definition(other, name)
    held = [{owner.client_id: {"one": "x"}}, {other.client_id: {"two": "x"}}]

    with django_assert_num_queries(1):
        found = selectors.definitions_for(acme.id, *held)

    assert len(list(found.registered())) == 4


def test_definitions_of_another_organisation_mean_nothing(
    acme: Organization, owner: Application
) -> None:
    make.definition(owner, "one", public=["read", "write"])
    beta = make.organization("Beta")

    found = selectors.definitions_for(beta.id, {owner.client_id: {"one": "x"}})

    assert found.find(owner.client_id, "one") is None


def test_a_message_sent_costs_no_read_of_definitions(
    ann: User, ids: dict[str, str], django_assert_num_queries: Any
) -> None:
    requester = ann.connections[-1].requester
    assert requester is not None
    draft = make._draft(requester, "x")  # type: ignore[arg-type]

    with django_assert_num_queries(0):
        assert selectors.definitions_for(requester.organization_id, draft.properties)


# --- a filled gap -----------------------------------------------------------------------------


def test_a_filled_gap_shows_registered_properties(
    world: World, acme: Organization, owner: Application
) -> None:
    make.definition(owner, "plan", public=["read"])
    ann = world.as_agent(make.agent(acme), application=owner, online=True)
    carl = world.customer(acme, "carl")
    chat_id = carl.call("start_chat")["chat_id"]
    properties = {owner.client_id: {"plan": "gold"}}
    ann.call("send_event", chat_id=chat_id, event=make.message(properties=properties))
    number = Event.objects.get(type="message").sequence

    (missed,) = chat_selectors.missing_changes(chat_id, number - 1, number + 1)

    assert missed.event["properties"][owner.client_id] == {"plan": "gold"}  # type: ignore[attr-defined]
