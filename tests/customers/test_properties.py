"""Customers set and delete properties, rate what they were told, and read the licence's."""

from typing import Any

import pytest

from chatplatform.models import Application, Event, Organization
from chatplatform.services import properties as services
from tests import make
from tests.places import at
from tests.world import Refused, User, World


@pytest.mark.parametrize("location", ["chat", "thread", "event"])
def test_a_customers_properties_are_told_to_both_sides(
    world: World, ann: User, carl: User, ids: dict[str, str], location: str
) -> None:
    target = at(ids, location)
    given = {"test": {"int_property": 1}}

    with world.capture_pushes() as pushes:
        assert carl.call(f"update_{location}_properties", **target, properties=given) == {}
        gone = {"test": ["int_property"]}
        assert carl.call(f"delete_{location}_properties", **target, properties=gone) == {}

    about = {name: target[name] for name in target if name != "id"} or {"chat_id": target["id"]}
    told = [
        (f"{location}_properties_updated", {**about, "properties": given}),
        (f"{location}_properties_deleted", {**about, "properties": gone}),
    ]
    assert pushes.to(ann) == pushes.to(carl) == told


@pytest.mark.parametrize("location", ["chat", "thread", "event"])
@pytest.mark.parametrize("action", ["update", "delete"])
def test_a_customers_chats_are_nobody_elses(
    world: World, acme: Organization, ids: dict[str, str], location: str, action: str
) -> None:
    dora = world.customer(acme, "dora")
    given: Any = {"test": {"int_property": 1}} if action == "update" else {"test": ["int_property"]}

    refused = dora.refused(f"{action}_{location}_properties", **at(ids, location), properties=given)

    assert refused == "not_found"


def test_the_routers_properties_stay_the_routers(carl: User, ids: dict[str, str]) -> None:
    for given in ({"routing": {"continuous": True}}, {"routing": {"unassigned": False}}):
        for location in ("chat", "thread"):
            refused = carl.refused(
                f"update_{location}_properties", **at(ids, location), properties=given
            )
            assert refused == "authorization"


def test_what_nobody_may_read_nobody_hears_of(
    world: World, ann: User, carl: User, ids: dict[str, str]
) -> None:
    given = {"routing": {"ignore_bots": True}}

    with world.capture_pushes() as pushes:
        carl.call("update_thread_properties", **at(ids, "thread"), properties=given)

    assert pushes.names == {}
    for user in (ann, carl):
        shown = user.call("get_chat", chat_id=ids["chat_id"])["thread"]["properties"]
        assert "ignore_bots" not in shown.get("routing", {})


# --- ratings ------------------------------------------------------------------------------------


def rate(customer: User, ids: dict[str, str], **rating: Any) -> None:
    customer.call("update_thread_properties", **at(ids, "thread"), properties={"rating": rating})


def messages(user: User, ids: dict[str, str]) -> list[tuple[str, str, dict[str, str]]]:
    """Return type, text and variables of the thread's messages about its rating."""
    thread = user.call("get_chat", chat_id=ids["chat_id"], thread_id=ids["thread_id"])["thread"]
    return [
        (event["system_message_type"], event["text"], event["text_vars"])
        for event in thread["events"]
        if event.get("system_message_type", "").startswith("rating.")
    ]


GOOD = (
    "rating.chat_rated",
    "Carl rated the chat as good",
    {"customer": "Carl", "score": "good"},
)
BAD = ("rating.chat_rated", "Carl rated the chat as bad", {"customer": "Carl", "score": "bad"})
THANKS = (
    "rating.chat_commented",
    "Carl left the following comment: thanks",
    {"customer": "Carl", "comment": "thanks"},
)
CANCELED = (
    "rating.rating_canceled",
    "Carl canceled the chat rating",
    {"customer": "Carl"},
)


def test_a_rating_leaves_system_messages(
    world: World, ann: User, carl: User, ids: dict[str, str]
) -> None:
    with world.capture_pushes() as pushes:
        rate(carl, ids, score=1, comment="thanks")

    assert messages(carl, ids) == messages(ann, ids) == [GOOD, THANKS]
    told = ["thread_properties_updated", "incoming_event", "incoming_event"]
    assert pushes.names == {ann.name: told, carl.name: told}


def test_a_rating_can_be_changed_and_canceled(carl: User, ids: dict[str, str]) -> None:
    rate(carl, ids, score=1)
    rate(carl, ids, score=0)
    gone = {"rating": ["score"]}
    carl.call("delete_thread_properties", **at(ids, "thread"), properties=gone)
    carl.call("delete_thread_properties", **at(ids, "thread"), properties=gone)

    assert messages(carl, ids) == [GOOD, BAD, CANCELED]


def test_an_equal_rating_adds_nothing(carl: User, ids: dict[str, str]) -> None:
    rate(carl, ids, score=1, comment="thanks")
    rate(carl, ids, score=1, comment="thanks")
    rate(carl, ids, comment="")

    assert messages(carl, ids) == [GOOD, THANKS]


def test_a_closed_thread_can_be_rated(ann: User, carl: User, ids: dict[str, str]) -> None:
    ann.call("deactivate_chat", id=ids["chat_id"])

    rate(carl, ids, score=1)

    assert messages(ann, ids) == [GOOD]
    assert ann.call("get_chat", chat_id=ids["chat_id"])["thread"]["active"] is False
    positions = Event.objects.filter(thread=ids["thread_id"]).order_by("position")
    assert list(positions.values_list("position", flat=True)) == [1, 2, 3]


def test_an_older_thread_is_rated_without_a_word(carl: User, ids: dict[str, str]) -> None:
    carl.call("deactivate_chat", id=ids["chat_id"])
    carl.call("resume_chat", chat={"id": ids["chat_id"]})

    rate(carl, ids, score=1)

    assert messages(carl, ids) == []
    thread = carl.call("get_chat", chat_id=ids["chat_id"], thread_id=ids["thread_id"])["thread"]
    assert thread["properties"]["rating"] == {"score": 1}


def test_ratings_of_chats_and_events_are_only_kept(carl: User, ids: dict[str, str]) -> None:
    for location in ("chat", "event"):
        carl.call(
            f"update_{location}_properties",
            **at(ids, location),
            properties={"rating": {"score": 1}},
        )

    assert messages(carl, ids) == []


@pytest.mark.parametrize("rating", [{"score": 2}, {"score": "1"}, {"score": True}, {"stars": 5}])
def test_what_is_no_rating(carl: User, ids: dict[str, str], rating: dict[str, Any]) -> None:
    refused = carl.refused(
        "update_thread_properties", **at(ids, "thread"), properties={"rating": rating}
    )

    assert refused == "validation"


def test_agents_read_ratings_and_do_not_make_them(ann: User, ids: dict[str, str]) -> None:
    refused = ann.refused(
        "update_thread_properties", **at(ids, "thread"), properties={"rating": {"score": 1}}
    )

    assert refused == "authorization"


# --- licence and groups -------------------------------------------------------------------------

CUSTOMERS_READ = {"license": {"customer": ["read"]}, "group": {"customer": ["read"]}}


@pytest.fixture
def owner(acme: Organization) -> Application:
    """Return the owner of a public colour, a private secret and a colour agents alone read."""
    made = make.application(acme)
    make.definition(made, "colour", access=CUSTOMERS_READ, public=["read"], default_value="red")
    make.definition(made, "collar", access=CUSTOMERS_READ, public=["read"], default_value="blue")
    make.definition(made, "secret", access=CUSTOMERS_READ, default_value="psst")
    make.definition(
        made, "agents", access={"license": {"agent": ["read"]}}, public=["read"], default_value="x"
    )
    return made


@pytest.fixture
def anybody(world: World, acme: Organization) -> User:
    """Return someone without a token."""
    return User(world, "customer", "", acme.id)


def test_anybody_reads_the_licences_public_properties(
    acme: Organization, owner: Application, anybody: User
) -> None:
    namespace = owner.client_id
    everything = {namespace: {"colour": "red", "collar": "blue"}}
    assert anybody.get("list_license_properties", {}) == everything

    acme.properties = {namespace: {"colour": "green", "secret": "!"}, "test": {"int_property": 1}}
    acme.save()

    def listed(**narrowed: str) -> Any:
        return anybody.get("list_license_properties", narrowed)

    colours = {"colour": "green", "collar": "blue"}
    assert listed() == {namespace: colours, "test": {"int_property": 1}}
    assert listed(namespace="test") == {"test": {"int_property": 1}}
    assert listed(namespace=namespace, name="colour") == {namespace: {"colour": "green"}}
    assert listed(name_prefix="col") == {namespace: colours}
    assert listed(name_prefix="colo") == {namespace: {"colour": "green"}}
    assert listed(namespace="nobody") == {}


def test_anybody_reads_a_groups_public_properties(
    acme: Organization, owner: Application, anybody: User
) -> None:
    group = make.group(acme)
    group.properties = {owner.client_id: {"colour": "green"}}
    group.save()

    def listed(number: int) -> Any:
        return anybody.get("list_group_properties", {"id": number})

    assert listed(group.number) == {owner.client_id: {"colour": "green", "collar": "blue"}}
    assert listed(0) == {owner.client_id: {"colour": "red", "collar": "blue"}}


def test_the_owners_customers_read_its_private_properties(
    world: World, acme: Organization, owner: Application
) -> None:
    carl = world.as_customer(make.customer(acme), application=owner)

    shown = carl.get("list_license_properties", {"name": "secret"})

    assert shown == {owner.client_id: {"secret": "psst"}}


@pytest.mark.parametrize("query", [{"id": 99}, {"id": -1}, {"id": "x"}, {}])
def test_there_must_be_such_a_group(anybody: User, query: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"group_not_found|validation"):
        anybody.get("list_group_properties", query)


def test_properties_of_the_licence_are_told_to_agents(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    old = world.agent(acme, "olga", version="3.5", online=True)
    requester: Any = ann.connections[-1].requester
    given = {"test": {"int_property": 1}, "chats": {"queue.enabled": False}}

    with world.capture_pushes() as pushes:
        world.act(lambda: services.update_license_properties(requester, given))
        world.act(
            lambda: services.delete_license_properties(requester, {"chats": ["queue.enabled"]})
        )

    assert pushes.to(ann) == [
        ("license_properties_updated", {"properties": given}),
        ("license_properties_updated", {"properties": {"chats": {"queue.enabled": None}}}),
    ]
    assert pushes.to(carl) == pushes.to(old) == []
    assert ann.login()["properties"] == {"test": {"int_property": 1}}


def test_properties_of_a_group_are_told_to_agents(
    world: World, acme: Organization, ann: User, carl: User, owner: Application
) -> None:
    make.definition(
        owner,
        "tone",
        access={"group": {"agent": ["read", "write"]}},
        public=["read", "write"],
        default_value="calm",
    )
    requester: Any = ann.connections[-1].requester
    group = make.group(acme)
    given = {owner.client_id: {"tone": "loud"}}

    with world.capture_pushes() as pushes:
        world.act(lambda: services.update_group_properties(requester, group.number, given))
        world.act(
            lambda: services.delete_group_properties(
                requester, group.number, {owner.client_id: ["tone"]}
            )
        )

    told = [{owner.client_id: {"tone": tone}} for tone in ("loud", "calm")]
    assert pushes.to(ann) == [
        ("group_properties_updated", {"group_id": group.number, "properties": properties})
        for properties in told
    ]
    assert pushes.to(carl) == []
