"""Bots of integrators: whose they are, and how they are configured."""

from __future__ import annotations

from typing import Any

import pytest

from chatplatform.models import Agent, Application, Bot, Organization
from chatplatform.services import bots
from tests import make
from tests.configuration.bots.bad_values import BAD_VALUES
from tests.configuration.seats import in_person
from tests.world import Refused, User, World

OWNED = ("update_bot", "delete_bot", "get_bot", "reset_bot_secret")
"""What is done to one bot."""
ALL = ["agents-bot--all:rw"]
OWN = ["agents-bot--my:rw"]


def through(
    world: World, seat: Agent, application: Application, scopes: list[str] | None = None
) -> User:
    """Return the same administrator with a token of some application."""
    return world.as_agent(seat, application=application, scopes=scopes).configuration


# --- create ---------------------------------------------------------------------------------------


def test_a_new_bot_is_its_applications_offline_and_told_in_full(
    world: World, boss: User, shop: Application
) -> None:
    with world.capture_pushes() as pushes:
        made = boss.configuration.call("create_bot", name="Robin")

    assert sorted(made) == ["id", "secret"]
    assert pushes.to(boss) == [
        (
            "bot_created",
            {
                "id": made["id"],
                "name": "Robin",
                "avatar": "",
                "type": "chatbot",
                "job_title": "",
                "max_chats_count": 6,
                "default_group_priority": "normal",
                "groups": [],
                "owner_client_id": shop.client_id,
                "work_scheduler": {"timezone": "", "schedule": []},
            },
        )
    ]
    statuses = {one["agent_id"]: one["status"] for one in boss.call("list_routing_statuses")}
    assert statuses[made["id"]] == "offline"


def test_everything_that_is_chosen_for_a_bot_can_be_read(
    acme: Organization, boss: User, shop: Application
) -> None:
    sales = make.group(acme)
    scheduler = {
        "timezone": "Europe/Warsaw",
        "schedule": [
            {"day": "monday", "enabled": True, "start": "08:00", "end": "12:00"},
            {"day": "monday", "enabled": True, "start": "13:00", "end": "17:00"},
        ],
    }
    made = boss.configuration.call(
        "create_bot",
        name="Robin",
        avatar="https://example.com/robin.png",
        max_chats_count=500,
        default_group_priority="first",
        job_title="Assistant",
        groups=[{"id": 0, "priority": "last"}, {"id": sales.number}],
        type="greeter",
        work_scheduler=scheduler,
    )

    fields = ["groups", "work_scheduler", "job_title", "max_chats_count", "timezone"]
    assert boss.configuration.call("get_bot", id=made["id"], fields=fields) == {
        "id": made["id"],
        "name": "Robin",
        "avatar": "https://example.com/robin.png",
        "avatar_path": "https://example.com/robin.png",
        "type": "greeter",
        "default_group_priority": "first",
        "owner_client_id": shop.client_id,
        "max_chats_count": 500,
        "groups": [{"id": 0, "priority": "last"}, {"id": sales.number, "priority": "first"}],
        "work_scheduler": scheduler,
        "job_title": "Assistant",
        "timezone": "Europe/Warsaw",
    }


@pytest.mark.parametrize(("values", "error"), BAD_VALUES, ids=str)
def test_a_bot_must_make_sense(
    boss: User, robin: dict[str, Any], values: dict[str, Any], error: str
) -> None:
    assert boss.configuration.refused("create_bot", **{"name": "Robin", **values}) == error
    assert boss.configuration.refused("update_bot", **{"id": robin["id"], **values}) == error


def test_a_bot_needs_a_name(boss: User) -> None:
    assert boss.configuration.refused("create_bot") == "validation"


def test_a_licence_has_so_many_bots(
    boss: User, robin: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots, "MAX_BOTS", 2)
    boss.configuration.call("create_bot", name="Ada")

    assert boss.configuration.refused("create_bot", name="Eve") == "limit_reached"
    boss.configuration.call("delete_bot", id=robin["id"])
    assert boss.configuration.call("create_bot", name="Eve")


def test_agents_make_and_change_no_bots(
    world: World, acme: Organization, shop: Application, robin: dict[str, Any]
) -> None:
    ann = world.as_agent(make.agent(acme), application=shop).configuration

    for action, payload in (
        ("create_bot", {"name": "Mine"}),
        ("update_bot", {"id": robin["id"], "name": "Mine"}),
        ("delete_bot", {"id": robin["id"]}),
        ("reset_bot_secret", {"id": robin["id"]}),
    ):
        assert ann.refused(action, **payload) == "authorization"


# --- whose it is ----------------------------------------------------------------------------------


def test_a_personal_access_token_names_the_owner(
    world: World, seat: Agent, shop: Application
) -> None:
    person = in_person(world, seat)

    assert person.refused("create_bot", name="Robin") == "validation"
    made = person.call("create_bot", name="Robin", owner_client_id=shop.client_id)

    assert Bot.objects.get(agent__public_id=made["id"]).owner == shop


def test_the_named_owner_wins_over_the_tokens_from_3_5_on(
    world: World, acme: Organization, seat: Agent, shop: Application
) -> None:
    elsewhere = through(world, seat, make.application(acme))
    named = {"name": "Robin", "owner_client_id": shop.client_id}

    with world.nothing_changes(), pytest.raises(Refused) as refused:
        elsewhere.web("create_bot", named, version="3.4")
    made = elsewhere.web("create_bot", named, version="3.5")

    assert refused.value.type == "validation"
    assert Bot.objects.get(agent__public_id=made["id"]).owner == shop


def test_a_token_for_its_own_bots_makes_none_for_other_applications(
    world: World, acme: Organization, seat: Agent, shop: Application
) -> None:
    elsewhere = through(world, seat, make.application(acme), OWN)

    refused = elsewhere.refused("create_bot", name="Robin", owner_client_id=shop.client_id)

    assert refused == "authorization"
    assert elsewhere.call("create_bot", name="Robin")


def test_the_owner_is_an_application_of_the_organisation(
    world: World, seat: Agent, boss: User
) -> None:
    foreign = make.application(make.organization("Other")).client_id

    for client_id in (foreign, "nobody"):
        named = {"name": "Robin", "owner_client_id": client_id}
        assert boss.configuration.refused("create_bot", **named) == "not_found"
        assert in_person(world, seat).refused("create_bot", **named) == "not_found"


@pytest.mark.parametrize("action", OWNED)
def test_other_applications_bots_need_the_scope_for_all(
    world: World,
    acme: Organization,
    seat: Agent,
    shop: Application,
    robin: dict[str, Any],
    action: str,
) -> None:
    payload = {"id": robin["id"]}
    if action == "reset_bot_secret":
        payload["owner_client_id"] = shop.client_id
    elsewhere = make.application(acme)

    limited = through(world, seat, elsewhere, OWN)
    assert limited.refused(action, **payload) == "authorization"
    assert limited.refused(action, **{**payload, "id": "0" * 32}) == "not_found"
    through(world, seat, elsewhere, [*OWN, *ALL]).call(action, **payload)


@pytest.mark.parametrize("action", OWNED)
def test_another_organisations_bot_does_not_exist(
    world: World, robin: dict[str, Any], action: str
) -> None:
    other = make.organization("Other")
    stranger = world.agent(other, "stranger", role="administrator").configuration

    assert stranger.refused(action, id=robin["id"]) == "not_found"


@pytest.mark.parametrize("action", OWNED)
def test_a_person_is_no_bot(boss: User, action: str) -> None:
    assert boss.configuration.refused(action, id=boss.id) == "not_found"


def test_lists_hold_ones_own_bots_or_all(
    world: World, acme: Organization, seat: Agent, boss: User, robin: dict[str, Any]
) -> None:
    elsewhere = through(world, seat, make.application(acme))
    ada = elsewhere.call("create_bot", name="Ada")

    assert boss.configuration.call("list_bots") == [
        {"id": robin["id"], "name": "Robin", "avatar": "", "avatar_path": ""}
    ]
    assert [bot["id"] for bot in elsewhere.call("list_bots", all=False)] == [ada["id"]]
    both = [robin["id"], ada["id"]]
    assert [bot["id"] for bot in elsewhere.call("list_bots", all=True)] == both


def test_who_comes_in_person_counts_what_was_made_in_person_as_their_own(
    world: World, acme: Organization, seat: Agent, shop: Application, robin: dict[str, Any]
) -> None:
    made = in_person(world, seat).call("create_bot", name="Ada", owner_client_id=shop.client_id)
    other = in_person(world, make.agent(acme, "administrator"), OWN)

    assert [bot["id"] for bot in other.call("list_bots")] == [made["id"]]
    assert other.call("update_bot", id=made["id"], name="Adele") == {}
    assert other.refused("update_bot", id=robin["id"], name="Mine") == "authorization"


def test_all_bots_are_listed_to_who_may_read_them(
    world: World, acme: Organization, seat: Agent, shop: Application, robin: dict[str, Any]
) -> None:
    ann = world.agent(acme, "ann").configuration
    other = make.organization("Other")
    stranger = world.agent(other, "stranger", role="administrator").configuration

    limited = through(world, seat, shop, ["agents-bot--my:ro"])
    assert limited.refused("list_bots", all=True) == "authorization"
    assert [bot["id"] for bot in ann.call("list_bots", all=True)] == [robin["id"]]
    assert stranger.call("list_bots", all=True) == []


@pytest.mark.parametrize("action", ["list_bots", "get_bot"])
def test_only_known_fields_can_be_asked_for(boss: User, robin: dict[str, Any], action: str) -> None:
    assert boss.configuration.refused(action, id=robin["id"], fields=["secret"]) == "validation"


def test_a_list_holds_the_fields_it_was_asked_for(boss: User) -> None:
    made = boss.configuration.call("create_bot", name="Robin", job_title="Assistant")

    listed = boss.configuration.call("list_bots", fields=["job_title", "timezone"])

    assert listed == [
        {
            "id": made["id"],
            "name": "Robin",
            "avatar": "",
            "avatar_path": "",
            "job_title": "Assistant",
            "timezone": "",
        }
    ]


# --- update and delete ----------------------------------------------------------------------------


def test_only_what_changed_is_told(
    world: World, acme: Organization, boss: User, robin: dict[str, Any]
) -> None:
    sales = make.group(acme)

    with world.capture_pushes() as pushes:
        boss.configuration.call("update_bot", id=robin["id"], name="Batman", max_chats_count=6)
        boss.configuration.call(
            "update_bot", id=robin["id"], groups=[{"id": sales.number, "priority": "first"}]
        )
        assert boss.configuration.call("update_bot", id=robin["id"]) == {}

    assert pushes.to(boss) == [
        ("bot_updated", {"id": robin["id"], "name": "Batman"}),
        (
            "bot_updated",
            {"id": robin["id"], "groups": [{"id": sales.number, "priority": "first"}]},
        ),
    ]


def test_a_time_zone_alone_leaves_the_hours(boss: User, robin: dict[str, Any]) -> None:
    hours = [{"day": "friday", "enabled": True, "start": "08:00", "end": "16:00"}]
    scheduler = {"timezone": "Europe/Warsaw", "schedule": hours}
    boss.configuration.call("update_bot", id=robin["id"], work_scheduler=scheduler)

    boss.configuration.call("update_bot", id=robin["id"], work_scheduler={"timezone": "UTC"})

    bot = boss.configuration.call("get_bot", id=robin["id"], fields=["work_scheduler"])
    assert bot["work_scheduler"] == {"timezone": "UTC", "schedule": hours}


# --- batches --------------------------------------------------------------------------------------


def test_bots_are_made_changed_and_deleted_in_batches(boss: User, robin: dict[str, Any]) -> None:
    made, refused = boss.configuration.call(
        "batch_create_bots", requests=[{"name": "Batman"}, {"name": ""}]
    )["responses"]
    assert sorted(made) == ["id", "secret"]
    assert refused["error"]["type"] == "validation"

    renamed, unknown = boss.configuration.call(
        "batch_update_bots",
        requests=[{"id": made["id"], "name": "Alfred"}, {"id": "0" * 32, "name": "Alfred"}],
    )["responses"]
    assert (renamed, unknown["error"]["type"]) == ({}, "not_found")
    names = [bot["name"] for bot in boss.configuration.call("list_bots")]
    assert names == ["Robin", "Alfred"]

    answer = boss.configuration.call(
        "batch_delete_bots", requests=[{"id": made["id"]}, {"id": robin["id"]}]
    )
    assert answer == {"responses": [{}, {}]}
    assert boss.configuration.call("list_bots") == []
