"""Bots of integrators: whose they are, what they get, what their tokens open."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pytest_django.fixtures import Settings

from chatplatform.models import Agent, Application, Bot, BotToken, Organization
from chatplatform.scopes import expand
from chatplatform.services import bots
from chatplatform.services.tokens import BOT_SCOPES, authenticate_agent
from tests import make
from tests.world import Refused, User, World

OWNED = ("update_bot", "delete_bot", "get_bot", "reset_bot_secret")
"""What is done to one bot."""
ALL = ["agents-bot--all:rw"]
OWN = ["agents-bot--my:rw"]


@pytest.fixture
def shop(acme: Organization) -> Application:
    """Return the application whose bots these are."""
    return make.application(acme)


@pytest.fixture
def seat(acme: Organization) -> Agent:
    """Return the seat of an administrator."""
    return make.agent(acme, "administrator", name="Boss", login_status="not_accepting_chats")


@pytest.fixture
def boss(world: World, seat: Agent, shop: Application) -> User:
    """Return an administrator who works through the shop's application."""
    return world.as_agent(seat, application=shop, online=True)


@pytest.fixture
def robin(boss: User) -> dict[str, Any]:
    """Return the id and the secret of a bot of the shop's."""
    made: dict[str, Any] = boss.configuration.call("create_bot", name="Robin")
    return made


def through(
    world: World, seat: Agent, application: Application, scopes: list[str] | None = None
) -> User:
    """Return the same administrator with a token of some application."""
    return world.as_agent(seat, application=application, scopes=scopes).configuration


def in_person(world: World, seat: Agent, scopes: list[str] | None = None) -> User:
    """Return the same administrator with a personal access token."""
    credentials = make.basic(seat, make.pat(seat, scopes))
    return User(world, "configuration", credentials, seat.organization_id)


def token_of(bot: dict[str, Any], shop: Application, **other: str) -> dict[str, str]:
    """Return what ``issue_bot_token`` is asked for a bot's token."""
    asked = {
        "bot_id": bot["id"],
        "client_id": shop.client_id,
        "bot_secret": bot["secret"],
        "organization_id": str(shop.organization_id),
    }
    return {**asked, **other}


def nobody(world: World) -> User:
    """Return who calls without a token."""
    return User(world, "configuration", "")


def as_bot(world: World, bot: dict[str, Any], shop: Application, *, version: str = "3.7") -> User:
    """Return a bot as a user of the Agent API, with a token it was issued."""
    token = nobody(world).call("issue_bot_token", **token_of(bot, shop))["token"]
    user = User(
        world, "agent", f"Bearer {token}", shop.organization_id, version=version, name="bot"
    )
    user.id = bot["id"]
    return user


def who_has(boss: User, chat_id: str) -> list[str]:
    """Return the ids of the agents who are in a chat now."""
    users = boss.call("get_chat", chat_id=chat_id)["users"]
    return [one["id"] for one in users if one["type"] == "agent" and one["present"]]


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


@pytest.mark.parametrize(("version", "fields"), [("3.4", ["id"]), ("3.5", ["id", "secret"])])
def test_a_bot_has_a_secret_from_3_5_on(boss: User, version: str, fields: list[str]) -> None:
    made = boss.configuration.web("create_bot", {"name": "Robin"}, version=version)

    assert sorted(made) == fields


BAD_VALUES: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "validation"),
    ({"name": " "}, "validation"),
    ({"name": "x" * 181}, "validation"),
    ({"avatar": "x" * 501}, "validation"),
    ({"max_chats_count": 501}, "validation"),
    ({"max_chats_count": 0}, "validation"),
    ({"max_chats_count": "6"}, "validation"),
    ({"default_group_priority": "sometimes"}, "validation"),
    ({"job_title": "x" * 181}, "validation"),
    ({"type": ""}, "validation"),
    ({"type": "x" * 65}, "validation"),
    ({"groups": [{"id": 0, "priority": "sometimes"}]}, "validation"),
    ({"groups": [{"priority": "first"}]}, "validation"),
    ({"groups": [{"id": 99, "priority": "first"}]}, "group_not_found"),
    ({"work_scheduler": {"schedule": []}}, "validation"),
    ({"work_scheduler": {"timezone": "Nowhere"}}, "validation"),
    (
        {
            "work_scheduler": {
                "timezone": "UTC",
                "schedule": [{"day": "monday", "enabled": True, "start": "9", "end": "10"}],
            }
        },
        "validation",
    ),
]


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


def test_more_chats_come_at_once_to_a_bot_that_may_have_more(
    world: World, acme: Organization, boss: User
) -> None:
    bot_id = boss.configuration.call("create_bot", name="Robin", max_chats_count=1)["id"]
    boss.call("set_routing_status", status="accepting_chats", agent_id=bot_id)
    world.customer(acme, "carl").call("start_chat")
    waiting = world.customer(acme, "dora").call("start_chat")["chat_id"]
    assert who_has(boss, waiting) == []

    boss.configuration.call("update_bot", id=bot_id, max_chats_count=2)

    assert who_has(boss, waiting) == [bot_id]


def test_priorities_decide_about_the_next_chat(
    world: World, acme: Organization, boss: User, ann: User, robin: dict[str, Any]
) -> None:
    boss.call("set_routing_status", status="accepting_chats", agent_id=robin["id"])
    got = []

    for priority in ("first", "last", "supervisor"):
        groups = [{"id": 0, "priority": priority}]
        boss.configuration.call("update_bot", id=robin["id"], groups=groups)
        started = world.customer(acme, priority).call("start_chat")
        got.append(who_has(boss, started["chat_id"]))

    assert got == [[robin["id"]], [ann.id], [ann.id]]


def test_a_bot_gets_the_chats_of_its_groups(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    sales = make.group(acme)
    groups = [{"id": sales.number}]
    made = boss.configuration.call(
        "create_bot", name="Robin", groups=groups, default_group_priority="first"
    )
    boss.call("set_routing_status", status="accepting_chats", agent_id=made["id"])

    chat = world.customer(acme).call("start_chat", chat={"access": {"group_ids": [sales.number]}})

    assert who_has(boss, chat["chat_id"]) == [made["id"]]


def test_a_bot_that_goes_offline_leaves_its_chats_to_others(
    world: World, acme: Organization, boss: User, robin: dict[str, Any]
) -> None:
    boss.call("set_routing_status", status="accepting_chats", agent_id=robin["id"])
    chat_id = world.customer(acme).call("start_chat")["chat_id"]
    ann = world.agent(acme, "ann", online=True)

    with world.capture_pushes() as pushes:
        boss.call("set_routing_status", status="offline", agent_id=robin["id"])

    assert who_has(boss, chat_id) == [ann.id]
    assert pushes.payload(boss, "routing_status_set") == {
        "agent_id": robin["id"],
        "status": "offline",
    }


def test_a_bot_that_accepts_no_more_chats_keeps_those_it_has(
    world: World, acme: Organization, boss: User, robin: dict[str, Any]
) -> None:
    boss.call("set_routing_status", status="accepting_chats", agent_id=robin["id"])
    chat_id = world.customer(acme).call("start_chat")["chat_id"]

    boss.call("set_routing_status", status="not_accepting_chats", agent_id=robin["id"])

    assert who_has(boss, chat_id) == [robin["id"]]


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_a_deleted_bot_is_gone_from_its_chats_and_its_sockets(
    world: World,
    acme: Organization,
    boss: User,
    shop: Application,
    robin: dict[str, Any],
    version: str,
) -> None:
    user = as_bot(world, robin, shop, version=version)
    user.login()
    (listener,) = user.connections
    user.call("set_routing_status", status="accepting_chats")
    chat_id = world.customer(acme).call("start_chat")["chat_id"]
    ann = world.agent(acme, "ann", online=True)

    with world.capture_pushes() as pushes:
        assert boss.configuration.call("delete_bot", id=robin["id"]) == {}

    assert listener.ended == "access_token_revoked"
    assert user.refused("list_chats") == "authentication"
    assert pushes.payload(boss, "bot_deleted") == {"id": robin["id"]}
    assert who_has(boss, chat_id) == [ann.id]
    assert boss.configuration.refused("get_bot", id=robin["id"]) == "not_found"
    asked = token_of(robin, shop)
    assert nobody(world).refused("issue_bot_token", **asked) == "authentication"


# --- secrets and tokens ---------------------------------------------------------------------------


def test_a_reset_secret_gets_no_more_tokens_but_the_old_ones_live_on(
    world: World, boss: User, shop: Application, robin: dict[str, Any]
) -> None:
    user = as_bot(world, robin, shop)

    fresh = boss.configuration.call("reset_bot_secret", id=robin["id"])

    asked = token_of(robin, shop)
    assert nobody(world).refused("issue_bot_token", **asked) == "authentication"
    assert nobody(world).call("issue_bot_token", **{**asked, "bot_secret": fresh["secret"]})
    assert user.call("list_chats")["chats_info"] == []


def test_a_secret_is_reset_for_its_owner(
    world: World, acme: Organization, seat: Agent, shop: Application, robin: dict[str, Any]
) -> None:
    person = in_person(world, seat)
    other = make.application(acme).client_id

    assert person.refused("reset_bot_secret", id=robin["id"]) == "validation"
    for client_id in (other, make.application(make.organization("Other")).client_id):
        named = {"id": robin["id"], "owner_client_id": client_id}
        assert person.refused("reset_bot_secret", **named) == "not_found"
    named = {"id": robin["id"], "owner_client_id": shop.client_id}
    assert list(person.call("reset_bot_secret", **named)) == ["secret"]


@pytest.mark.parametrize("version", ["3.5", "3.6", "3.7"])
def test_a_token_is_issued_to_who_knows_the_secret(
    world: World, shop: Application, robin: dict[str, Any], version: str
) -> None:
    answer = nobody(world).web("issue_bot_token", token_of(robin, shop), version=version)

    requester = authenticate_agent(f"Bearer {answer['token']}")
    assert list(answer) == ["token"]
    assert (requester.public_id, requester.client_id) == (robin["id"], shop.client_id)
    assert requester.scopes == expand(BOT_SCOPES)


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("bot_secret", "guess", "authentication"),
        ("bot_secret", "", "authentication"),
        ("bot_id", "0" * 32, "authentication"),
        ("client_id", "nobody", "authentication"),
        ("organization_id", "00000000-0000-4000-8000-000000000000", "authentication"),
        ("organization_id", "acme", "validation"),
    ],
)
def test_nobody_else_is_issued_one(
    world: World, shop: Application, robin: dict[str, Any], field: str, value: str, error: str
) -> None:
    asked = token_of(robin, shop, **{field: value})

    assert nobody(world).refused("issue_bot_token", **asked) == error


def test_a_sibling_applications_id_gets_no_token(
    world: World, acme: Organization, shop: Application, robin: dict[str, Any]
) -> None:
    asked = token_of(robin, shop, client_id=make.application(acme).client_id)

    assert nobody(world).refused("issue_bot_token", **asked) == "authentication"


def test_guesses_are_counted_by_address(
    world: World, shop: Application, robin: dict[str, Any], settings: Settings
) -> None:
    settings.ADDRESS_LIMIT_PER_SECOND, settings.ADDRESS_LIMIT_BURST = 0.01, 2
    guess = token_of(robin, shop, bot_secret="guess")

    got = [nobody(world).refused("issue_bot_token", **guess) for _ in range(3)]

    assert got == ["authentication", "authentication", "too_many_requests"]
    assert not BotToken.objects.exists()


def test_tokens_are_counted_as_calls_of_the_bots(
    world: World, shop: Application, robin: dict[str, Any], settings: Settings
) -> None:
    settings.RATE_LIMIT_PER_SECOND, settings.RATE_LIMIT_BURST = 0.01, 2
    asked = token_of(robin, shop)
    user = as_bot(world, robin, shop)
    user.call("list_chats")

    assert nobody(world).refused("issue_bot_token", **asked) == "too_many_requests"
    assert user.refused("list_chats") == "too_many_requests"


def test_whatever_token_comes_along_is_not_looked_at(
    world: World, shop: Application, robin: dict[str, Any]
) -> None:
    stranger = User(world, "configuration", "Bearer made-up")

    assert stranger.call("issue_bot_token", **token_of(robin, shop))


def test_a_bots_token_reaches_its_applications_bots_and_no_other_configuration(
    world: World, acme: Organization, shop: Application, robin: dict[str, Any]
) -> None:
    user = as_bot(world, robin, shop).configuration
    foreign = make.application(acme).client_id

    sibling = user.call("create_bot", name="Batman")

    assert user.call("update_bot", id=sibling["id"], name="Alfred") == {}
    assert [bot["name"] for bot in user.call("list_bots")] == ["Robin", "Alfred"]
    assert user.refused("list_bots", all=True) == "authorization"
    named = {"name": "Spy", "owner_client_id": foreign}
    assert user.refused("create_bot", **named) == "authorization"
    assert user.refused("list_bot_templates", owner_client_id=foreign) == "authorization"
    assert user.refused("create_tag", name="vip", group_ids=[0]) == "authorization"


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_a_bot_with_its_token_speaks_through_both_doors(
    world: World,
    acme: Organization,
    shop: Application,
    robin: dict[str, Any],
    version: str,
) -> None:
    user = as_bot(world, robin, shop, version=version)
    user.login()
    user.call("set_routing_status", status="accepting_chats")
    carl = world.customer(acme)
    chat_id = carl.call("start_chat")["chat_id"]
    event = {"chat_id": chat_id, "event": make.message("Beep")}

    with world.capture_pushes() as pushes:
        user.web("send_event", event)
        user.rtm("send_event", event)

    said = [push["event"]["text"] for name, push in pushes.to(carl) if name == "incoming_event"]
    assert said == ["Beep", "Beep"]


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


# --- versions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_up_to_3_5_bots_have_no_type(boss: User, version: str) -> None:
    new = {"name": "Robin", "type": "ai_agent"}
    made = boss.configuration.web("create_bot", new, version=version)
    update = {"id": made["id"], "type": "ai_agent"}
    boss.configuration.web("update_bot", update, version=version)

    assert "type" not in boss.configuration.web("get_bot", {"id": made["id"]}, version=version)
    assert boss.configuration.call("get_bot", id=made["id"])["type"] == "chatbot"


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_up_to_3_5_no_push_tells_a_bots_type(
    boss: User, seat: Agent, shop: Application, world: World, version: str
) -> None:
    older = world.as_agent(seat, application=shop, version=version, online=True)

    made = boss.configuration.call("create_bot", name="Robin", type="ai_agent")
    boss.configuration.call("update_bot", id=made["id"], type="chatbot")
    boss.configuration.call("update_bot", id=made["id"], type="ai_agent", name="Robbie")

    created, updated = (push for push in older.heard if push.action.startswith("bot_"))
    assert "type" not in created.payload
    assert updated.payload == {"id": made["id"], "name": "Robbie"}


def test_up_to_3_4_hours_are_one_interval_a_day_with_the_time_zone_beside_them(
    boss: User, robin: dict[str, Any]
) -> None:
    old = {
        "id": robin["id"],
        "timezone": "Europe/Warsaw",
        "work_scheduler": {"monday": {"start": "08:00", "end": "16:00"}},
    }
    boss.configuration.web("update_bot", old, version="3.4")

    asked = {"id": robin["id"], "fields": ["work_scheduler", "timezone"]}
    assert boss.configuration.call("get_bot", **asked)["work_scheduler"] == {
        "timezone": "Europe/Warsaw",
        "schedule": [{"day": "monday", "enabled": True, "start": "08:00", "end": "16:00"}],
    }
    shown = boss.configuration.web("get_bot", asked, version="3.4")
    (listed,) = boss.configuration.web("list_bots", {"fields": asked["fields"]}, version="3.4")
    for bot in (shown, listed):
        assert bot["timezone"] == "Europe/Warsaw"
        assert bot["work_scheduler"] == {"monday": {"start": "08:00", "end": "16:00"}}


def test_up_to_3_4_a_time_zone_alone_leaves_the_hours(boss: User) -> None:
    hours = [{"day": "friday", "enabled": True, "start": "08:00", "end": "16:00"}]
    scheduler = {"timezone": "UTC", "schedule": hours}
    made = boss.configuration.call("create_bot", name="Robin", work_scheduler=scheduler)

    zone = {"id": made["id"], "timezone": "Europe/Warsaw"}
    boss.configuration.web("update_bot", zone, version="3.4")

    bot = boss.configuration.call("get_bot", id=made["id"], fields=["work_scheduler"])
    assert bot["work_scheduler"] == {"timezone": "Europe/Warsaw", "schedule": hours}


@pytest.mark.parametrize(
    "hours",
    [
        {"work_scheduler": {"monday": {"start": "08:00", "end": "16:00"}}},
        {"timezone": "UTC", "work_scheduler": {"someday": {"start": "08:00", "end": "16:00"}}},
        {"timezone": "UTC", "work_scheduler": {"monday": {"start": "08:00"}}},
        {"timezone": "UTC", "work_scheduler": {"monday": "always"}},
        {"timezone": "UTC", "work_scheduler": ["monday"]},
        {"timezone": 1},
    ],
    ids=str,
)
def test_up_to_3_4_hours_must_make_sense(
    world: World, boss: User, robin: dict[str, Any], hours: dict[str, Any]
) -> None:
    body = orjson.dumps({"id": robin["id"], **hours})

    with world.nothing_changes():
        response = boss.configuration.http("update_bot", body, "3.4")

    assert orjson.loads(response.content)["error"]["type"] == "validation"


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_a_picture_has_both_its_names_in_every_version(boss: User, version: str) -> None:
    made = boss.configuration.call("create_bot", name="Robin", avatar="robin.png")

    bot = boss.configuration.web("get_bot", {"id": made["id"]}, version=version)
    (listed,) = boss.configuration.web("list_bots", version=version)

    assert (bot["avatar"], bot["avatar_path"]) == ("robin.png", "robin.png")
    assert (listed["avatar"], listed["avatar_path"]) == ("robin.png", "robin.png")
