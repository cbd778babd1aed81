"""Secrets and tokens of bots: who is issued one, and what it opens."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from chatplatform.models import Agent, Application, BotToken, Organization
from chatplatform.scopes import expand
from chatplatform.services.authentication import authenticate_agent
from chatplatform.services.bot_tokens import SCOPES as BOT_SCOPES
from tests import make
from tests.configuration.bots.tokens import as_bot, nobody, token_of
from tests.configuration.seats import in_person
from tests.world import User, World


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
