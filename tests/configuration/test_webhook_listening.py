"""Webhooks that listen: those of licences and those of bots, and which of them when."""

from __future__ import annotations

import pytest

from chatplatform.models import Agent, Application, Installation, Organization, Webhook
from chatplatform.services import installations
from tests import make
from tests.configuration.registrations import STATE_ACTIONS, named, owed, wanted
from tests.configuration.seats import in_person
from tests.world import User, World


@pytest.fixture
def boss(world: World, seat: Agent, shop: Application) -> User:
    """Return an administrator who configures through the shop's application."""
    return world.as_agent(seat, application=shop).configuration


# --- license webhooks -----------------------------------------------------------------------------


def test_license_webhooks_are_enabled_from_the_beginning(boss: User) -> None:
    assert boss.call("get_license_webhooks_state") == {"license_webhooks_enabled": True}


def test_they_can_be_disabled_and_enabled_at_once(
    boss: User, shop: Application, ann: User, ids: dict[str, str]
) -> None:
    webhook = make.webhook(shop)
    say = {"chat_id": ids["chat_id"], "event": make.message("Hello")}

    for _ in range(2):
        assert boss.call("disable_license_webhooks") == {}
    ann.call("send_event", **say)
    assert boss.call("get_license_webhooks_state") == {"license_webhooks_enabled": False}
    assert owed(webhook.id) == []

    for _ in range(2):
        assert boss.call("enable_license_webhooks") == {}
    ann.call("send_event", **say)
    assert boss.call("get_license_webhooks_state") == {"license_webhooks_enabled": True}
    assert owed(webhook.id) == ["incoming_event"]


def test_what_is_owed_already_stays_owed(
    boss: User, shop: Application, ann: User, ids: dict[str, str]
) -> None:
    webhook = make.webhook(shop)
    ann.call("send_event", chat_id=ids["chat_id"], event=make.message("Hello"))

    boss.call("disable_license_webhooks")

    assert owed(webhook.id) == ["incoming_event"]


def test_one_registered_while_they_are_disabled_hears_nothing(
    boss: User, shop: Application, ann: User, ids: dict[str, str]
) -> None:
    boss.call("disable_license_webhooks")

    registered = boss.call("register_webhook", **wanted(shop))
    ann.call("send_event", chat_id=ids["chat_id"], event=make.message("Hello"))

    assert owed(registered["id"]) == []


def test_the_state_outlasts_the_application(
    world: World, acme: Organization, seat: Agent, shop: Application
) -> None:
    keeper = in_person(world, seat)
    which = {"owner_client_id": shop.client_id}
    keeper.call("disable_license_webhooks", **which)

    installations.remove(acme, shop)
    for action in STATE_ACTIONS:
        assert keeper.refused(action, **which) == "not_found"
    installations.install(acme, shop)

    answer = keeper.call("get_license_webhooks_state", **which)
    assert answer == {"license_webhooks_enabled": False}


def test_a_webhook_hears_of_each_licence_with_its_application(
    boss: User, acme: Organization, shop: Application, world: World
) -> None:
    webhook = make.webhook(shop, "agent_created")
    beta = make.organization("Beta")
    make.agent(beta)
    assert owed(webhook.id) == []

    installations.install(beta, shop)
    make.agent(beta)
    assert owed(webhook.id) == ["agent_created"]

    installations.remove(beta, shop)
    make.agent(beta)
    assert owed(webhook.id) == ["agent_created"], "what was owed stays owed, and no more comes"
    make.agent(acme)
    assert owed(webhook.id) == ["agent_created"] * 2


def test_a_licence_decides_on_its_own_of_others_applications(
    world: World, boss: User, shop: Application
) -> None:
    beta = make.organization("Beta")
    installations.install(beta, shop)
    theirs = in_person(world, make.agent(beta, "administrator"))

    theirs.call("disable_license_webhooks", **named(shop))

    state = theirs.call("get_license_webhooks_state", **named(shop))
    assert state == {"license_webhooks_enabled": False}
    assert boss.call("get_license_webhooks_state") == {"license_webhooks_enabled": True}
    states = Installation.objects.filter(application=shop).values_list("webhooks_enabled")
    assert sorted(states) == [(False,), (True,)]
    assert theirs.refused("list_webhooks", **named(shop)) == "not_found"


# --- bot webhooks ---------------------------------------------------------------------------------


def bot(boss: User, status: str | None = None) -> str:
    """Make a bot of the shop's and return its id."""
    made: str = boss.call("create_bot", name="Robin")["id"]
    if status is not None:
        choose(boss, made, status)
    return made


def choose(boss: User, bot_id: str, status: str) -> None:
    agent = User(boss.world, "agent", boss.credentials, boss.organization_id)
    agent.call("set_routing_status", status=status, agent_id=bot_id)


def heard(webhook: Webhook, ann: User, ids: dict[str, str]) -> bool:
    """Tell whether a webhook hears of what is said now."""
    before = len(owed(webhook.id))
    ann.call("send_event", chat_id=ids["chat_id"], event=make.message("Hello"))
    return len(owed(webhook.id)) > before


def test_a_bot_webhook_hears_while_a_bot_is_not_offline(
    boss: User, shop: Application, ann: User, ids: dict[str, str]
) -> None:
    webhook = make.webhook(shop, kind="bot")
    assert not heard(webhook, ann, ids)

    robin = bot(boss)
    assert not heard(webhook, ann, ids)
    for status, hears in (
        ("accepting_chats", True),
        ("not_accepting_chats", True),
        ("offline", False),
        ("not_accepting_chats", True),
    ):
        choose(boss, robin, status)
        assert heard(webhook, ann, ids) is hears, status

    boss.call("delete_bot", id=robin)
    assert not heard(webhook, ann, ids)


def test_a_bot_webhook_hears_of_its_bots_coming_and_deletion_but_not_of_its_going(
    boss: User, shop: Application
) -> None:
    statuses = make.webhook(shop, "routing_status_set", kind="bot")
    deleted = make.webhook(shop, "bot_deleted", kind="bot")

    robin = bot(boss, "not_accepting_chats")
    assert owed(statuses.id) == ["routing_status_set"]
    choose(boss, robin, "offline")
    assert owed(statuses.id) == ["routing_status_set"]

    boss.call("delete_bot", id=robin)
    assert owed(deleted.id) == []
    boss.call("delete_bot", id=bot(boss, "accepting_chats"))
    assert owed(deleted.id) == ["bot_deleted"]


def test_one_bot_that_is_not_offline_is_enough_and_more_change_nothing(
    boss: User, shop: Application, ann: User, ids: dict[str, str]
) -> None:
    webhook = make.webhook(shop, kind="bot")
    first, second = bot(boss, "not_accepting_chats"), bot(boss, "not_accepting_chats")

    ann.call("send_event", chat_id=ids["chat_id"], event=make.message("Hello"))
    assert owed(webhook.id) == ["incoming_event"]

    boss.call("delete_bot", id=first)
    assert heard(webhook, ann, ids)
    choose(boss, second, "offline")
    assert not heard(webhook, ann, ids)


def test_a_bot_that_works_already_is_known_when_a_webhook_is_registered(
    boss: User, shop: Application, ann: User, ids: dict[str, str]
) -> None:
    bot(boss, "not_accepting_chats")

    assert heard(make.webhook(shop, kind="bot"), ann, ids)


def test_other_applications_bots_do_not_count(
    world: World, boss: User, acme: Organization, shop: Application, ann: User, ids: dict[str, str]
) -> None:
    other = make.webhook(make.application(acme), kind="bot")
    bot(boss, "not_accepting_chats")

    assert not heard(other, ann, ids)


def test_bots_of_one_licence_say_nothing_of_another(
    boss: User, acme: Organization, shop: Application
) -> None:
    webhook = make.webhook(shop, "agent_created", kind="bot")
    beta = make.organization("Beta")
    installations.install(beta, shop)
    bot(boss, "not_accepting_chats")

    make.agent(beta)
    assert owed(webhook.id) == []
    make.agent(acme)
    assert owed(webhook.id) == ["agent_created"]


def test_bot_webhooks_care_for_bots_and_license_webhooks_for_the_licence(
    boss: User, shop: Application, ann: User, ids: dict[str, str]
) -> None:
    license_, of_bot = make.webhook(shop), make.webhook(shop, kind="bot")
    bot(boss, "not_accepting_chats")

    boss.call("disable_license_webhooks")

    assert not heard(license_, ann, ids)
    assert heard(of_bot, ann, ids)
