"""Bot templates: bots that come and go with the applications that bring them."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from chatplatform.models import Agent, Application, Bot, Installation, Organization
from chatplatform.services import applications, installations
from tests import make
from tests.configuration.bots.bad_values import BAD_VALUES
from tests.configuration.bots.tokens import as_bot, nobody, token_of
from tests.world import User, World

ACTIONS = ("update_bot_template", "delete_bot_template", "reset_bot_template_secret")
"""What is done to one template."""
LOOKS = {
    "name": "Robin",
    "avatar": "https://example.com/robin.png",
    "job_title": "Assistant",
    "max_chats_count": 20,
    "default_group_priority": "first",
}


@pytest.fixture
def other() -> Organization:
    """Return another organisation, which may install the application."""
    return make.organization("Other")


@pytest.fixture
def olga(world: World, other: Organization) -> User:
    """Return the administrator of the other organisation."""
    return world.agent(other, "olga", role="administrator", online=True, accepting=False)


def template(boss: User, shop: Application, **values: Any) -> dict[str, Any]:
    """Make a template of the shop's; return its id and secret."""
    asked = {"owner_client_id": shop.client_id, "name": "Robin", **values}
    made: dict[str, Any] = boss.configuration.call("create_bot_template", **asked)
    return made


def everywhere(boss: User, shop: Application, **values: Any) -> dict[str, Any]:
    """Make a template whose bot comes to every licence that has the application."""
    return template(boss, shop, affect_existing_installations=True, **values)


def of(shop: Application, made: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Return what a call about a template names it by."""
    return {"id": made["id"], "owner_client_id": shop.client_id, **values}


def bots_of(user: User) -> list[tuple[str, str]]:
    """Return the ids and names of all bots of a user's organisation."""
    listed = user.configuration.call("list_bots", all=True)
    return [(bot["id"], bot["name"]) for bot in listed]


# --- templates ------------------------------------------------------------------------------------


def test_templates_are_their_applications(
    acme: Organization, boss: User, shop: Application
) -> None:
    zoe = template(boss, shop, name="Zoe")
    ada = template(boss, shop, name="Ada", avatar="ada.png")

    listed = boss.configuration.call("list_bot_templates", owner_client_id=shop.client_id)

    assert listed == [
        {"id": ada["id"], "name": "Ada", "avatar": "ada.png", "avatar_path": "ada.png"},
        {"id": zoe["id"], "name": "Zoe", "avatar": "", "avatar_path": ""},
    ]
    elsewhere = make.application(acme).client_id
    assert boss.configuration.call("list_bot_templates", owner_client_id=elsewhere) == []


def test_an_application_has_five(acme: Organization, boss: User, shop: Application) -> None:
    for number in range(5):
        template(boss, shop, name=f"Bot {number}")

    sixth = {"owner_client_id": shop.client_id, "name": "Bot 6"}
    assert boss.configuration.refused("create_bot_template", **sixth) == "limit_reached"
    template(boss, make.application(acme))


@pytest.mark.parametrize(
    ("values", "error"),
    [(values, error) for values, error in BAD_VALUES if values.keys() <= LOOKS.keys()],
    ids=str,
)
def test_a_template_must_make_sense(
    boss: User, shop: Application, values: dict[str, Any], error: str
) -> None:
    made = template(boss, shop)
    new = {"owner_client_id": shop.client_id, "name": "Robin", **values}

    assert boss.configuration.refused("create_bot_template", **new) == error
    changed = of(shop, made, **values)
    assert boss.configuration.refused("update_bot_template", **changed) == error


def test_the_owner_is_named_and_of_the_organisation(
    boss: User, shop: Application, other: Organization
) -> None:
    made = template(boss, shop)
    foreign = make.application(other).client_id

    for action in ("create_bot_template", "list_bot_templates", *ACTIONS):
        named = {"id": made["id"], "name": "Robin"}
        assert boss.configuration.refused(action, **named) == "validation"
        named["owner_client_id"] = foreign
        assert boss.configuration.refused(action, **named) == "not_found"


@pytest.mark.parametrize("action", ACTIONS)
def test_a_template_is_found_through_its_owner_only(
    world: World, acme: Organization, boss: User, shop: Application, olga: User, action: str
) -> None:
    made = everywhere(boss, shop)

    sibling = {"id": made["id"], "owner_client_id": make.application(acme).client_id}
    assert boss.configuration.refused(action, **sibling) == "not_found"
    unknown = {"id": "0" * 32, "owner_client_id": shop.client_id}
    assert boss.configuration.refused(action, **unknown) == "not_found"
    assert olga.configuration.refused(action, **of(shop, made)) == "not_found"


def test_agents_have_no_business_with_templates(
    world: World, acme: Organization, boss: User, shop: Application
) -> None:
    made = template(boss, shop)
    ann = world.as_agent(make.agent(acme), application=shop).configuration

    for action in ("create_bot_template", "list_bot_templates", *ACTIONS):
        assert ann.refused(action, **of(shop, made, name="Mine")) == "authorization"


# --- create ---------------------------------------------------------------------------------------


def test_a_template_makes_no_bots_where_the_application_is_already(
    world: World, boss: User, shop: Application
) -> None:
    with world.capture_pushes() as pushes:
        made = template(boss, shop)

    assert sorted(made) == ["id", "secret"]
    assert bots_of(boss) == []
    assert pushes.names == {}


def test_it_does_if_it_is_to_affect_existing_installations(
    world: World, boss: User, shop: Application, other: Organization, olga: User
) -> None:
    installations.install(other, shop)

    with world.capture_pushes() as pushes:
        made = everywhere(boss, shop, **LOOKS)

    for user in (boss, olga):
        assert pushes.payload(user, "bot_created") == {
            **LOOKS,
            "id": made["id"],
            "type": "chatbot",
            "groups": [],
            "owner_client_id": shop.client_id,
            "work_scheduler": {"timezone": "", "schedule": []},
        }
        assert bots_of(user) == [(made["id"], "Robin")]


def test_the_templates_secret_is_its_bots(
    world: World, boss: User, shop: Application, other: Organization
) -> None:
    installations.install(other, shop)
    made = everywhere(boss, shop)

    here = as_bot(world, made, shop)
    there = nobody(world).call(
        "issue_bot_token", **token_of(made, shop, organization_id=str(other.pk))
    )

    assert here.call("list_chats")["chats_info"] == []
    user = User(world, "agent", f"Bearer {there['token']}", other.pk)
    assert user.login()["license"]["id"] == str(other.license_id)


def test_each_licences_bot_asks_as_often_as_it_may(
    world: World, boss: User, shop: Application, other: Organization, settings: Settings
) -> None:
    installations.install(other, shop)
    made = everywhere(boss, shop)
    settings.RATE_LIMIT_PER_SECOND, settings.RATE_LIMIT_BURST = 0.01, 2
    here, there = token_of(made, shop), token_of(made, shop, organization_id=str(other.pk))

    for _ in range(2):
        nobody(world).call("issue_bot_token", **here)

    assert nobody(world).refused("issue_bot_token", **here) == "too_many_requests"
    assert nobody(world).call("issue_bot_token", **there)


def test_a_templates_bot_gets_chats_like_any_other(
    world: World, acme: Organization, boss: User, shop: Application, ann: User
) -> None:
    made = everywhere(boss, shop, default_group_priority="first")
    as_bot(world, made, shop).call("set_routing_status", status="accepting_chats")

    chat_id = world.customer(acme).call("start_chat")["chat_id"]

    users = boss.call("get_chat", chat_id=chat_id)["users"]
    assert [one["id"] for one in users if one["type"] == "agent"] == [made["id"]]


# --- update, delete, reset ------------------------------------------------------------------------


def test_an_updated_template_changes_its_bots_only_if_it_is_to(
    world: World, boss: User, shop: Application, other: Organization, olga: User
) -> None:
    installations.install(other, shop)
    made = everywhere(boss, shop)
    olga.configuration.call("update_bot", id=made["id"], job_title="Our helper")

    with world.capture_pushes() as quiet:
        boss.configuration.call("update_bot_template", **of(shop, made, name="Alfred"))
    with world.capture_pushes() as pushes:
        changed = of(shop, made, max_chats_count=50, affect_existing_installations=True)
        assert boss.configuration.call("update_bot_template", **changed) == {}

    (listed,) = boss.configuration.call("list_bot_templates", owner_client_id=shop.client_id)
    assert listed["name"] == "Alfred"
    assert quiet.names == {}
    told = [("bot_updated", {"id": made["id"], "max_chats_count": 50})]
    assert pushes.to(boss) == pushes.to(olga) == told
    bot = olga.configuration.call("get_bot", id=made["id"], fields=["job_title"])
    assert (bot["name"], bot["job_title"]) == ("Robin", "Our helper")


def test_a_deleted_template_takes_its_bots_along_only_if_it_is_to(
    world: World, boss: User, shop: Application, other: Organization, olga: User
) -> None:
    installations.install(other, shop)
    stays, goes = everywhere(boss, shop, name="Stays"), everywhere(boss, shop, name="Goes")

    with world.capture_pushes() as pushes:
        assert boss.configuration.call("delete_bot_template", **of(shop, stays)) == {}
        gone = of(shop, goes, affect_existing_installations=True)
        assert boss.configuration.call("delete_bot_template", **gone) == {}

    assert pushes.to(boss) == pushes.to(olga) == [("bot_deleted", {"id": goes["id"]})]
    assert bots_of(boss) == bots_of(olga) == [(stays["id"], "Stays")]
    assert as_bot(world, stays, shop).call("list_chats")["chats_info"] == []
    left = boss.configuration.call("list_bot_templates", owner_client_id=shop.client_id)
    assert left == []


def test_a_deleted_templates_bots_end_their_sessions(
    world: World, boss: User, shop: Application
) -> None:
    made = everywhere(boss, shop)
    user = as_bot(world, made, shop)
    user.login()
    (listener,) = user.connections

    gone = of(shop, made, affect_existing_installations=True)
    boss.configuration.call("delete_bot_template", **gone)

    assert listener.ended == "access_token_revoked"
    assert user.refused("list_chats") == "authentication"


def test_a_reset_secret_is_the_bots_only_if_it_is_to_be(
    world: World, boss: User, shop: Application
) -> None:
    made = everywhere(boss, shop)
    user = as_bot(world, made, shop)

    later = boss.configuration.call("reset_bot_template_secret", **of(shop, made))
    assert sorted(later) == ["secret"]
    assert nobody(world).call("issue_bot_token", **token_of(made, shop))
    asked = token_of({**made, **later}, shop)
    assert nobody(world).refused("issue_bot_token", **asked) == "authentication"

    now = boss.configuration.call(
        "reset_bot_template_secret", **of(shop, made, affect_existing_installations=True)
    )
    assert nobody(world).call("issue_bot_token", **token_of({**made, **now}, shop))
    assert nobody(world).refused("issue_bot_token", **token_of(made, shop)) == "authentication"
    assert user.call("list_chats")["chats_info"] == []


def test_a_bot_that_was_deleted_on_a_licence_stays_so(
    world: World, boss: User, shop: Application, other: Organization, olga: User
) -> None:
    installations.install(other, shop)
    made = everywhere(boss, shop)
    olga.configuration.call("delete_bot", id=made["id"])

    changed = of(shop, made, name="Alfred", affect_existing_installations=True)
    boss.configuration.call("update_bot_template", **changed)
    installations.install(other, shop)

    assert bots_of(olga) == []
    assert bots_of(boss) == [(made["id"], "Alfred")]


# --- installations --------------------------------------------------------------------------------


def test_an_application_is_installed_where_it_was_made(acme: Organization) -> None:
    made = applications.create_application(acme, "Shop").application

    installation = Installation.objects.get(application=made)
    assert (installation.organization, installation.removed_at) == (acme, None)


def test_installing_brings_the_bots_once(
    world: World, boss: User, shop: Application, other: Organization, olga: User
) -> None:
    made = template(boss, shop)
    boss.configuration.call("create_bot", name="Only here")

    with world.capture_pushes() as pushes:
        first = world.act(lambda: installations.install(other, shop))
        again = world.act(lambda: installations.install(other, shop))

    assert first == again
    assert [name for name, _ in pushes.to(olga)] == ["bot_created"]
    assert bots_of(olga) == [(made["id"], "Robin")]
    assert [name for _, name in bots_of(boss)] == ["Only here"]


def test_removing_takes_the_templates_bots_and_nobody_elses(
    world: World, boss: User, shop: Application, other: Organization, olga: User
) -> None:
    installations.install(other, shop)
    made = everywhere(boss, shop)
    olga.configuration.call("create_bot", name="Our own")

    with world.capture_pushes() as pushes:
        world.act(lambda: installations.remove(other, shop))
        world.act(lambda: installations.remove(other, shop))

    assert pushes.to(olga) == [("bot_deleted", {"id": made["id"]})]
    assert [name for _, name in bots_of(olga)] == ["Our own"]
    assert bots_of(boss) == [(made["id"], "Robin")]
    there = token_of(made, shop, organization_id=str(other.pk))
    assert nobody(world).refused("issue_bot_token", **there) == "authentication"


def test_removing_anothers_application_leaves_it_no_way_in(
    world: World, boss: User, shop: Application, other: Organization, olga: User
) -> None:
    """A template that is gone leaves ordinary bots: they stay where their owner is at home."""
    installations.install(other, shop)
    made = everywhere(boss, shop)
    boss.configuration.call("delete_bot_template", **of(shop, made))
    there = token_of(made, shop, organization_id=str(other.pk))
    token = nobody(world).call("issue_bot_token", **there)["token"]
    robin = User(world, "agent", f"Bearer {token}", other.pk)

    world.act(lambda: installations.remove(other, shop))
    world.act(lambda: installations.remove(shop.organization, shop))

    assert robin.refused("list_chats") == "authentication"
    assert bots_of(olga) == []
    assert boss.refused("list_chats") == "authentication"
    left = Bot.objects.filter(owner=shop, agent__deleted_at=None)
    assert list(left.values_list("agent__public_id", "agent__name")) == [(made["id"], "Robin")]


def test_what_was_removed_is_not_affected(
    world: World, boss: User, shop: Application, other: Organization, olga: User
) -> None:
    installations.install(other, shop)
    installations.remove(other, shop)

    everywhere(boss, shop)

    assert bots_of(olga) == []


def test_whoever_comes_back_is_the_same_agent(
    world: World, boss: User, shop: Application, other: Organization, olga: User
) -> None:
    installations.install(other, shop)
    made = everywhere(boss, shop)
    before = Agent.objects.get(organization=other, public_id=made["id"])
    world.act(lambda: installations.remove(other, shop))

    boss.configuration.call("update_bot_template", **of(shop, made, name="Alfred"))
    world.act(lambda: installations.install(other, shop))

    after = Agent.objects.get(organization=other, public_id=made["id"])
    assert (after.pk, after.customer_facing_id) == (before.pk, before.customer_facing_id)
    assert (after.name, after.routing_status) == ("Alfred", "offline")


def test_another_licences_administrators_manage_the_bot_but_not_its_secret(
    world: World, boss: User, shop: Application, other: Organization, olga: User
) -> None:
    installations.install(other, shop)
    made = everywhere(boss, shop)

    assert olga.configuration.call("update_bot", id=made["id"], name="Ours") == {}
    olga.call("set_routing_status", status="accepting_chats", agent_id=made["id"])

    named = {"id": made["id"], "owner_client_id": shop.client_id}
    assert olga.configuration.refused("reset_bot_secret", **named) == "not_found"
    assert olga.configuration.refused("reset_bot_secret", id=made["id"]) == "not_found"
    assert bots_of(boss) == [(made["id"], "Robin")]
    assert Bot.objects.count() == 2
