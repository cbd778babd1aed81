"""Canned responses: who is told of which (3.7)."""

from typing import Any

import pytest

from chatplatform.errors import GroupNotFound, NotFound, ProtocolError, Validation
from chatplatform.models import Agent, CannedResponse, Group, Organization
from chatplatform.services import agents, canned_responses
from tests import make
from tests.world import User, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def sales(acme: Organization) -> Group:
    """Return a group."""
    return make.group(acme)


@pytest.fixture
def ann(world: World, acme: Organization, sales: Group) -> User:
    """Return the author, an agent of the group."""
    return world.agent(acme, "ann", groups=[sales], online=True)


@pytest.fixture
def bob(world: World, acme: Organization, sales: Group) -> User:
    """Return a colleague of the same group."""
    return world.agent(acme, "bob", groups=[sales], online=True)


@pytest.fixture
def eve(world: World, acme: Organization) -> User:
    """Return a colleague of no group."""
    return world.agent(acme, "eve", online=True)


def keep(world: World, author: User, group: Group, **more: Any) -> CannedResponse:
    """Let an agent keep a response."""
    row = Agent.objects.get(public_id=author.id)
    return world.act(
        lambda: canned_responses.create_canned_response(
            row, "Hello!", ["greeting"], group.number, **more
        )
    )


def test_a_groups_agents_are_told_of_a_new_response(
    world: World, sales: Group, ann: User, bob: User, eve: User
) -> None:
    with world.capture_pushes() as pushes:
        made = keep(world, ann, sales)

    told = pushes.payload(bob, "canned_response_created")
    assert told == {
        "id": made.pk,
        "created_at": told["created_at"],
        "updated_at": told["created_at"],
        "text": "Hello!",
        "tags": ["greeting"],
        "group_id": sales.number,
        "is_private": False,
        "author_id": ann.id,
    }
    assert pushes.payload(ann, "canned_response_created") == told
    assert pushes.to(eve) == []


def test_a_private_one_is_its_authors_alone(
    world: World, sales: Group, ann: User, bob: User
) -> None:
    with world.capture_pushes() as pushes:
        keep(world, ann, sales, is_private=True)

    assert pushes.names == {"ann": ["canned_response_created"]}


def test_an_update_tells_all_but_the_creation(
    world: World, acme: Organization, sales: Group, ann: User, bob: User
) -> None:
    made = keep(world, ann, sales)

    with world.capture_pushes() as pushes:
        world.act(
            lambda: canned_responses.update_canned_response(
                acme.id, made.pk, {"text": "Hi!", "tags": []}
            )
        )

    told = pushes.payload(bob, "canned_response_updated")
    assert "created_at" not in told
    assert (told["id"], told["text"], told["tags"]) == (made.pk, "Hi!", [])


def test_who_can_not_see_it_any_more_is_told_that_it_is_gone(
    world: World, acme: Organization, sales: Group, ann: User, bob: User
) -> None:
    made = keep(world, ann, sales)

    with world.capture_pushes() as pushes:
        world.act(
            lambda: canned_responses.update_canned_response(acme.id, made.pk, {"is_private": True})
        )

    assert pushes.to(bob) == [("canned_response_deleted", {"id": made.pk})]
    assert pushes.names["ann"] == ["canned_response_deleted", "canned_response_updated"]


def test_a_deleted_one_is_gone(
    world: World, acme: Organization, sales: Group, ann: User, bob: User
) -> None:
    made = keep(world, ann, sales)

    with world.capture_pushes() as pushes:
        world.act(lambda: canned_responses.delete_canned_response(acme.id, made.pk))

    assert pushes.to(bob) == [("canned_response_deleted", {"id": made.pk})]
    assert not CannedResponse.objects.exists()


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6"])
def test_before_3_7_nobody_is_told(
    world: World, acme: Organization, sales: Group, ann: User, version: str
) -> None:
    old = world.agent(acme, "old", groups=[sales], version=version, online=True)

    with world.capture_pushes() as pushes:
        keep(world, ann, sales)

    assert pushes.to(old) == []


def test_without_the_scope_one_is_told_nothing_of_responses(
    world: World, acme: Organization, sales: Group, ann: User
) -> None:
    deaf = world.agent(acme, "deaf", groups=[sales], scopes=["chats--access:ro"], online=True)

    with world.capture_pushes() as pushes:
        keep(world, ann, sales)

    assert pushes.to(deaf) == []


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"text": " "}, Validation),
        ({"text": "x" * 16_385}, Validation),
        ({"tags": [""]}, Validation),
        ({"tags": ["x"] * 51}, Validation),
        ({"group_id": 99}, GroupNotFound),
    ],
    ids=["no text", "long text", "no tag", "many tags", "no group"],
)
def test_a_malformed_response_is_refused(
    world: World,
    acme: Organization,
    sales: Group,
    ann: User,
    values: Any,
    error: type[ProtocolError],
) -> None:
    made = keep(world, ann, sales)

    with world.nothing_changes(), pytest.raises(error):
        world.act(lambda: canned_responses.update_canned_response(acme.id, made.pk, values))


def test_another_organisations_response_does_not_exist(
    world: World, sales: Group, ann: User
) -> None:
    made = keep(world, ann, sales)
    other = make.organization("Other")

    with world.nothing_changes():
        with pytest.raises(NotFound):
            canned_responses.update_canned_response(other.id, made.pk, {"text": "Mine"})
        with pytest.raises(NotFound):
            canned_responses.delete_canned_response(other.id, made.pk)


def test_private_ones_go_with_their_author_and_the_groups_stay(
    world: World, acme: Organization, sales: Group, ann: User
) -> None:
    keep(world, ann, sales, is_private=True)
    shared = keep(world, ann, sales)

    world.act(lambda: agents.delete_agent(acme.id, ann.id))

    assert [response.pk for response in CannedResponse.objects.all()] == [shared.pk]
