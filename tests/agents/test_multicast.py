"""Agent Chat API: messages between agents' clients."""

from typing import Any

import pytest

from chatplatform.models import Group, Organization
from tests import make
from tests.world import User, World, rows


@pytest.fixture
def ann(world: World, acme: Organization) -> User:
    return world.agent(acme, "ann", role="administrator", online=True)


@pytest.fixture
def bob(world: World, acme: Organization) -> User:
    return world.agent(acme, "bob", online=True)


@pytest.fixture
def mia(world: World, acme: Organization, sales: Group) -> User:
    """An agent of Sales."""
    return world.agent(acme, "mia", groups=[sales], online=True)


def send(user: User, content: Any = "Hi", /, **agents: Any) -> Any:
    return user.call("multicast", recipients={"agents": agents}, content=content)


CONTENTS = [{"example": {"nested": "json"}}, ["a", 1], "text", 7, False, None]


@pytest.mark.parametrize("content", CONTENTS, ids=str)
def test_any_json_reaches_its_recipients_and_nobody_else(
    world: World, acme: Organization, ann: User, bob: User, mia: User, content: Any
) -> None:
    world.customer(acme, "carl")
    world.agent(make.organization("Other"), "olaf", online=True)

    with world.capture_pushes() as pushes:
        answer = send(ann, content, ids=[bob.id])

    assert answer == {}
    assert pushes.names == {"bob": ["incoming_multicast"]}
    told = pushes.payload(bob, "incoming_multicast")
    assert told == {"author_id": ann.id, "content": content}


def test_a_type_comes_along(world: World, ann: User, bob: User) -> None:
    recipients = {"agents": {"ids": [bob.id]}}

    with world.capture_pushes() as pushes:
        ann.call("multicast", recipients=recipients, content={}, type="news")

    assert pushes.payload(bob, "incoming_multicast")["type"] == "news"


def test_everybody_means_the_sender_too(world: World, ann: User, bob: User, mia: User) -> None:
    with world.capture_pushes() as pushes:
        ann.rtm("multicast", {"recipients": {"agents": {"all": True}}, "content": 1})

    assert pushes.names == {name: ["incoming_multicast"] for name in ("ann", "bob", "mia")}


@pytest.mark.parametrize("spelled", [int, str])
def test_a_group_means_its_members_whatever_others_may_see(
    world: World, ann: User, bob: User, mia: User, sales: Group, spelled: Any
) -> None:
    with world.capture_pushes() as pushes:
        send(bob, groups=[spelled(sales.number)])

    assert pushes.names == {"mia": ["incoming_multicast"]}


def test_the_general_group_means_everybody(world: World, ann: User, bob: User, mia: User) -> None:
    with world.capture_pushes() as pushes:
        send(ann, groups=[0])

    assert pushes.names.keys() == {"ann", "bob", "mia"}


def test_who_is_meant_twice_hears_it_once(world: World, ann: User, mia: User, sales: Group) -> None:
    with world.capture_pushes() as pushes:
        send(ann, ids=[mia.id], groups=[sales.number, 0])

    assert pushes.names["mia"] == ["incoming_multicast"]


def test_it_is_stored_nowhere(ann: User, bob: User) -> None:
    before = rows(but=())

    send(ann, ids=[bob.id])

    assert rows(but=()) == before


def test_only_tokens_with_the_scope_hear_it(world: World, acme: Organization, ann: User) -> None:
    deaf = world.agent(acme, "deaf", scopes=["chats--access:ro"], online=True)
    reader = world.agent(acme, "reader", scopes=["multicast:ro"], online=True)

    with world.capture_pushes() as pushes:
        send(ann, ids=[deaf.id, reader.id])

    assert pushes.names == {"reader": ["incoming_multicast"]}


def test_only_tokens_with_the_scope_send_it(world: World, acme: Organization, bob: User) -> None:
    reader = world.agent(acme, "reader", scopes=["multicast:ro"], online=True)

    payload = {"recipients": {"agents": {"ids": [bob.id]}}, "content": 1}
    assert reader.refused("multicast", **payload) == "authorization"


@pytest.mark.parametrize(
    ("agents", "refusal"),
    [
        ({"ids": ["nobody@example.com"]}, "not_found"),
        ({"groups": [99]}, "group_not_found"),
        ({"groups": ["x"]}, "validation"),
        ({"all": False}, "validation"),
        ({}, "validation"),
    ],
)
def test_recipients_must_exist(ann: User, agents: Any, refusal: str) -> None:
    payload = {"recipients": {"agents": agents}, "content": 1}

    assert ann.refused("multicast", **payload) == refusal


def test_content_is_bounded(ann: User, bob: User) -> None:
    payload = {"recipients": {"agents": {"ids": [bob.id]}}, "content": "x" * 65 * 1024}

    assert ann.refused("multicast", **payload) == "validation"
