"""Webhooks: who may register which, who listens when, and having calls sent again."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from chatplatform import clock, webhook_actions
from chatplatform import ids as public_ids
from chatplatform.models import (
    Agent,
    Application,
    Installation,
    Organization,
    Webhook,
    WebhookDelivery,
    WebhookEndpoint,
)
from chatplatform.services import deliveries, installations
from tests import make
from tests.configuration.samples.webhooks import SAMPLES
from tests.world import Refused, User, World

URL = "https://hooks.example.com/chat"
SECRET = "laudla991lamda0pnoaa0"

PLAIN = ["chat_presence", "only_my_chats", "source_type"]
ADDITIONAL = ["chat_properties", "chat_presence_user_ids"]


@pytest.fixture
def shop(acme: Organization) -> Application:
    """Return the application whose webhooks these are."""
    return make.application(acme)


@pytest.fixture
def seat(acme: Organization) -> Agent:
    """Return the seat of an administrator."""
    return make.agent(acme, "administrator", name="Boss")


@pytest.fixture
def boss(world: World, seat: Agent, shop: Application) -> User:
    """Return an administrator who configures through the shop's application."""
    return world.as_agent(seat, application=shop).configuration


def in_person(world: World, seat: Agent) -> User:
    """Return the same administrator with a personal access token."""
    credentials = make.basic(seat, make.pat(seat))
    return User(world, "configuration", credentials, seat.organization_id)


def wanted(shop: Application, action: str = "incoming_event", **more: Any) -> dict[str, Any]:
    """Return a registration."""
    asked = {
        "action": action,
        "secret_key": SECRET,
        "url": URL,
        "owner_client_id": shop.client_id,
        "type": "license",
    }
    return {**asked, **more}


def owed(webhook_id: str) -> list[str]:
    """Return the actions of which a webhook is or was to hear, in order."""
    rows = WebhookDelivery.objects.filter(webhook=webhook_id).order_by("id")
    return list(rows.values_list("action", flat=True))


def named(shop: Application) -> dict[str, str]:
    return {"owner_client_id": shop.client_id}


# --- registering ----------------------------------------------------------------------------------


def test_a_registered_webhook_is_listed_without_its_secret(boss: User, shop: Application) -> None:
    filters = {
        "author_type": "customer",
        "only_my_chats": True,
        "chat_presence": {"user_ids": {"exclude_values": ["ann@example.com"]}, "my_bots": True},
        "source_type": ["my_client", "system"],
    }

    registered = boss.call(
        "register_webhook",
        **wanted(shop, filters=filters, additional_data=ADDITIONAL, description="Everything said"),
    )

    assert boss.call("list_webhooks", **named(shop)) == [
        {
            "id": registered["id"],
            "url": URL,
            "description": "Everything said",
            "action": "incoming_event",
            "filters": filters,
            "owner_client_id": shop.client_id,
            "type": "license",
        }
    ]
    row = Webhook.objects.get()
    assert (row.secret_key, row.additional_data, row.version) == (SECRET, ADDITIONAL, "3.7")


def test_least_of_all_there_is_an_action_an_address_and_a_secret(
    boss: User, shop: Application
) -> None:
    boss.call("register_webhook", **wanted(shop))

    (listed,) = boss.call("list_webhooks", **named(shop))
    assert (listed["filters"], listed["description"]) == ({}, "")


def test_the_secret_lies_encrypted(boss: User, shop: Application) -> None:
    boss.call("register_webhook", **wanted(shop))

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret_key FROM chatplatform_webhook")
        (stored,) = cursor.fetchone()
    assert SECRET not in stored


def test_it_hears_of_what_happens_from_then_on(
    boss: User, shop: Application, ann: User, ids: dict[str, str]
) -> None:
    ann.call("send_event", chat_id=ids["chat_id"], event=make.message("Before"))

    registered = boss.call("register_webhook", **wanted(shop))
    ann.call("send_event", chat_id=ids["chat_id"], event=make.message("After"))

    (delivery,) = WebhookDelivery.objects.all()
    assert (delivery.webhook_id, delivery.action) == (registered["id"], "incoming_event")
    assert delivery.event["event"]["text"] == "After"
    assert SECRET not in orjson.dumps([delivery.event, delivery.cause]).decode()


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_the_version_of_the_registration_is_kept(
    boss: User, shop: Application, version: str
) -> None:
    boss.web("register_webhook", wanted(shop), version=version)

    assert Webhook.objects.get().version == version


def test_an_application_has_three_webhooks_of_an_action(
    boss: User, acme: Organization, shop: Application
) -> None:
    for _ in range(3):
        boss.call("register_webhook", **wanted(shop))

    assert boss.refused("register_webhook", **wanted(shop)) == "limit_reached"
    boss.call("register_webhook", **wanted(shop, "chat_deactivated"))
    boss.call("register_webhook", **wanted(make.application(acme)))


ADDRESSES = [
    "",
    "hooks.example.com/chat",
    "ftp://hooks.example.com/chat",
    "javascript:alert(1)",
    "https://",
    "https:///chat",
    "https://user:password@hooks.example.com/",
    "https://user@hooks.example.com/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:0/",
    "https://[::1/",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/\n",
    "https://hooks.example.com\\@inside/",
    "https://hooks.example.com/" + "x" * 475,
]


@pytest.mark.parametrize("url", ADDRESSES)
def test_the_address_must_be_one(boss: User, shop: Application, url: str) -> None:
    assert boss.refused("register_webhook", **wanted(shop, url=url)) == "validation"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com",
        "https://hooks.example.com:8443/chat?from=here#there",
        "https://[2001:db8::1]/chat",
        "https://bücher.example/chat",
        "https://hooks.example.com/" + "x" * 474,
    ],
)
def test_any_web_address_may_be_registered(boss: User, shop: Application, url: str) -> None:
    boss.call("register_webhook", **wanted(shop, url=url))

    assert boss.call("list_webhooks", **named(shop))[0]["url"] == url


BAD = {
    "no such action": {"action": "chat_exploded"},
    "an action of older versions": {"action": "incoming_customer"},
    "no secret": {"secret_key": ""},
    "a long secret": {"secret_key": "x" * 501},
    "a secret that is no text": {"secret_key": 5},
    "another type": {"type": "agent"},
    "a long description": {"description": "x" * 1025},
    "no such data": {"additional_data": ["everything"]},
    "no such filter": {"filters": {"weather": "fine"}},
    "no such author": {"filters": {"author_type": "bot"}},
    "no such source": {"filters": {"source_type": ["weather"]}},
    "no source at all": {"filters": {"source_type": []}},
    "a filter of another action": {"filters": {"agent_ids": ["ann@example.com"]}},
    "both users and not": {
        "filters": {"chat_presence": {"user_ids": {"values": ["a"], "exclude_values": ["b"]}}}
    },
    "neither users nor not": {"filters": {"chat_presence": {"user_ids": {}}}},
    "no users": {"filters": {"chat_presence": {"user_ids": {"values": []}}}},
    "too many users": {"filters": {"chat_presence": {"user_ids": {"values": ["a"] * 501}}}},
    "something else of presence": {"filters": {"chat_presence": {"my_cats": True}}},
    "my_bots that is no boolean": {"filters": {"chat_presence": {"my_bots": "yes"}}},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_a_malformed_registration_is_refused(
    boss: User, shop: Application, change: dict[str, Any]
) -> None:
    assert boss.refused("register_webhook", **wanted(shop, **change)) == "validation"


UNFIT = [
    ("chat_deactivated", {"author_type": "customer"}),
    ("routing_status_set", {"chat_presence": {"my_bots": True}}),
    ("routing_status_set", {"only_my_chats": True}),
    ("customer_session_fields_updated", {"only_my_chats": True}),
    ("tag_created", {"chat_presence": {"my_bots": True}}),
    ("agent_deleted", {"agent_ids": ["ann@example.com"]}),
]


@pytest.mark.parametrize(("action", "filters"), UNFIT)
def test_an_action_takes_its_own_filters_only(
    boss: User, shop: Application, action: str, filters: dict[str, Any]
) -> None:
    assert boss.refused("register_webhook", **wanted(shop, action, filters=filters)) == (
        "validation"
    )


def test_what_tells_of_the_configuration_has_no_additional_data(
    boss: User, shop: Application
) -> None:
    asked = wanted(shop, "tag_created", additional_data=["chat_properties"])

    assert boss.refused("register_webhook", **asked) == "validation"


def test_statuses_can_be_narrowed_to_agents(boss: User, shop: Application) -> None:
    filters = {"agent_ids": ["ann@example.com"], "source_type": ["other_clients"]}

    boss.call("register_webhook", **wanted(shop, "routing_status_set", filters=filters))

    assert boss.call("list_webhooks", **named(shop))[0]["filters"] == filters


# --- versions -------------------------------------------------------------------------------------

OF_ACTIONS = [
    ("incoming_customer", {"3.4", "3.5"}),
    ("event_deleted", {"3.6", "3.7"}),
    ("thread_summary_set", {"3.6", "3.7"}),
    ("auto_accesses_updated", {"3.5", "3.6", "3.7"}),
    ("tag_created", {"3.5", "3.6", "3.7"}),
    ("auto_access_added", {"3.4"}),
    ("auto_access_created", {"3.4"}),
    ("auto_access_deleted", {"3.4"}),
]


@pytest.mark.parametrize(("action", "known_in"), OF_ACTIONS)
def test_a_version_registers_its_own_actions(
    boss: User, shop: Application, action: str, known_in: set[str]
) -> None:
    found = set()
    for version in ("3.4", "3.5", "3.6", "3.7"):
        try:
            boss.web("register_webhook", wanted(shop, action), version=version)
        except Refused as refused:
            found.add((version, refused.type))
        else:
            found.add((version, "taken"))

    assert found == {
        (version, "taken" if version in known_in else "validation")
        for version in ("3.4", "3.5", "3.6", "3.7")
    }


def test_3_4_may_say_that_auto_access_is_created_instead_of_added(
    boss: User, shop: Application
) -> None:
    boss.web("register_webhook", wanted(shop, "auto_access_created"), version="3.4")

    (listed,) = boss.web("list_webhooks", named(shop), version="3.4")
    assert listed["action"] == "auto_access_added"


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_the_published_registration_names_the_versions_actions(world: World, version: str) -> None:
    document = world.client.get(f"/docs/v{version}/openapi.json").json()

    path = document["paths"][f"/v{version}/configuration/action/register_webhook"]
    schema = path["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["action"]["enum"] == [
        action.name for action in webhook_actions.of_version(version)
    ]


@pytest.mark.parametrize(
    ("version", "count", "own"),
    [
        ("3.4", 36, {"action": "incoming_customer", "filters": ["source_type"]}),
        ("3.5", 37, {"action": "auto_accesses_updated", "filters": ["source_type"]}),
        ("3.6", 38, {"action": "event_deleted", "filters": PLAIN}),
        ("3.7", 38, {"action": "routing_status_set", "filters": ["agent_ids", "source_type"]}),
    ],
)
def test_anybody_may_list_the_webhooks_of_a_version(
    world: World, version: str, count: int, own: dict[str, Any]
) -> None:
    nobody = User(world, "configuration", "")

    found = nobody.web("list_webhook_names", {"version": version}, version="3.5")

    assert len(found) == count
    (shown,) = (one for one in found if one["action"] == own["action"])
    additional = shown.pop("additional_data", None)
    assert shown == own
    assert additional == (None if own["action"] == "auto_accesses_updated" else ADDITIONAL)


def test_the_stable_version_is_listed_unless_another_is_named(world: World) -> None:
    nobody = User(world, "configuration", "")

    assert nobody.web("list_webhook_names", version="3.4") == nobody.web(
        "list_webhook_names", {"version": "3.6"}, version="3.7"
    )
    for unknown in ("3.3", "4.0", "", "v3.6"):
        assert nobody.refused("list_webhook_names", version=unknown) == "validation"


# --- whose they are -------------------------------------------------------------------------------


def test_other_applications_webhooks_are_neither_listed_nor_removed(
    boss: User, acme: Organization, shop: Application
) -> None:
    other = make.application(acme)
    theirs = make.webhook(other)

    assert boss.call("list_webhooks", **named(shop)) == []
    assert boss.refused("unregister_webhook", id=theirs.id, **named(shop)) == "not_found"
    boss.call("unregister_webhook", id=theirs.id, **named(other))
    assert not Webhook.objects.exists()


def test_applications_of_other_organisations_are_not_found(boss: User) -> None:
    foreign = make.application(make.organization("Other"))
    theirs = make.webhook(foreign)

    for action, payload in (
        ("register_webhook", wanted(foreign)),
        ("list_webhooks", named(foreign)),
        ("unregister_webhook", {"id": theirs.id, **named(foreign)}),
        ("list_webhook_deliveries", named(foreign)),
        ("redeliver_webhook", {"id": "msg_0000000000000001", **named(foreign)}),
        ("enable_license_webhooks", named(foreign)),
        ("disable_license_webhooks", named(foreign)),
        ("get_license_webhooks_state", named(foreign)),
    ):
        assert boss.refused(action, **payload) == "not_found", action


@pytest.mark.parametrize("version", ["3.4", "3.7"])
def test_a_registration_names_its_owner_whatever_the_token(
    world: World, boss: User, seat: Agent, shop: Application, version: str
) -> None:
    for user in (boss, in_person(world, seat)):
        registered = user.web("register_webhook", wanted(shop), version=version)

        assert user.web("list_webhooks", named(shop), version=version)[0]["id"] == registered["id"]
        payload = {"id": registered["id"], **named(shop)}
        assert user.web("unregister_webhook", payload, version=version) == {}


STATE_ACTIONS = (
    "enable_license_webhooks",
    "disable_license_webhooks",
    "get_license_webhooks_state",
)


@pytest.mark.parametrize("action", STATE_ACTIONS)
def test_the_owner_of_a_state_is_the_tokens_application(
    world: World, boss: User, seat: Agent, acme: Organization, shop: Application, action: str
) -> None:
    other = make.application(acme)
    boss.web(action, {})
    boss.web(action, named(other), version="3.5")
    in_person(world, seat).web(action, named(other), version="3.4")

    assert in_person(world, seat).refused(action) == "validation"
    boss.version = "3.4"
    assert boss.refused(action, **named(shop)) == "validation"


@pytest.mark.parametrize("action", sorted(SAMPLES.keys() - {"list_webhook_names"}))
def test_normal_agents_configure_no_webhooks(
    ann: User, acme: Organization, shop: Application, action: str
) -> None:
    payload = {"id": make.webhook(shop).id, **wanted(shop)}

    assert ann.configuration.refused(action, **payload) == "authorization"


# --- taking them away -----------------------------------------------------------------------------


def test_who_is_taken_away_hears_nothing_any_more(
    boss: User, shop: Application, ann: User, ids: dict[str, str]
) -> None:
    webhook, stays = make.webhook(shop), make.webhook(shop)
    ann.call("send_event", chat_id=ids["chat_id"], event=make.message("One"))
    sent = make.delivery(shop.organization, stays)
    waits = make.delivery(shop.organization, webhook, state="waiting", attempts=2)

    assert boss.call("unregister_webhook", id=webhook.id, **named(shop)) == {}
    ann.call("send_event", chat_id=ids["chat_id"], event=make.message("Two"))

    assert owed(webhook.id) == []
    assert owed(stays.id) == ["incoming_event"] * 3
    assert not WebhookDelivery.objects.filter(pk=waits.pk).exists()
    assert sent.attempts.count() == 1
    assert [one["id"] for one in boss.call("list_webhooks", **named(shop))] == [stays.id]
    assert boss.refused("unregister_webhook", id=webhook.id, **named(shop)) == "not_found"


def test_an_endpoint_goes_with_its_last_webhook(boss: User, shop: Application) -> None:
    first, last = make.webhook(shop, url=URL), make.webhook(shop, url=URL)

    boss.call("unregister_webhook", id=first.id, **named(shop))
    assert WebhookEndpoint.objects.count() == 1
    boss.call("unregister_webhook", id=last.id, **named(shop))
    assert WebhookEndpoint.objects.count() == 0


def test_registering_again_calls_an_endpoint_that_wished_not_to_be_called(
    boss: User, shop: Application, ann: User, ids: dict[str, str]
) -> None:
    silenced = make.webhook(shop, url=URL)
    deliveries.disable(silenced.endpoint_id)
    ann.call("send_event", chat_id=ids["chat_id"], event=make.message("One"))
    assert owed(silenced.id) == []

    fresh = boss.call("register_webhook", **wanted(shop))
    ann.call("send_event", chat_id=ids["chat_id"], event=make.message("Two"))

    assert owed(silenced.id) == owed(fresh["id"]) == ["incoming_event"]
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.disabled_at, endpoint.failures, endpoint.failing_since) == (None, 0, None)
    assert endpoint.open_at <= clock.now()


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


def test_the_state_outlasts_the_application(boss: User, acme: Organization) -> None:
    shop = Application.objects.get(accesstoken__user__agent__name="Boss")
    boss.call("disable_license_webhooks")

    installations.remove(acme, shop)
    for action in STATE_ACTIONS:
        assert boss.refused(action) == "not_found"
    installations.install(acme, shop)

    assert boss.call("get_license_webhooks_state") == {"license_webhooks_enabled": False}


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


# --- what became of calls -------------------------------------------------------------------------


def test_deliveries_are_listed_with_their_attempts(
    boss: User, acme: Organization, shop: Application
) -> None:
    webhook = make.webhook(shop)
    made = make.delivery(
        acme, webhook, attempts=1, status=None, error="no answer in time", given_up="in vain"
    )
    answered = make.delivery(acme, webhook, state="delivered", status=200, answer="Thanks")
    moments = [clock.to_wire(one.attempts.get().started_at) for one in (answered, made)]

    listed = boss.call("list_webhook_deliveries", **named(shop))

    common = {"webhook_id": webhook.id, "action": "incoming_event"}
    assert listed == {
        "deliveries": [
            {
                **common,
                "id": public_ids.delivery_id(answered.pk),
                "state": "delivered",
                "attempts": [
                    {"started_at": moments[0], "seconds": 0.25, "status": 200, "answer": "Thanks"}
                ],
                "occurred_at": clock.to_wire(answered.occurred_at),
            },
            {
                **common,
                "id": public_ids.delivery_id(made.pk),
                "state": "failed",
                "attempts": [
                    {"started_at": moments[1], "seconds": 0.25, "error": "no answer in time"}
                ],
                "occurred_at": clock.to_wire(made.occurred_at),
                "given_up": "in vain",
            },
        ]
    }


def test_one_that_waits_says_until_when(boss: User, acme: Organization, shop: Application) -> None:
    webhook = make.webhook(shop)
    soon, late = (clock.now() + timedelta(minutes=minutes) for minutes in (1, 5))
    make.delivery(acme, webhook, state="waiting", due_at=soon)

    def next_attempt() -> Any:
        (one,) = boss.call("list_webhook_deliveries", **named(shop))["deliveries"]
        return one.get("next_attempt_at")

    assert next_attempt() == clock.to_wire(soon)
    WebhookEndpoint.objects.update(open_at=late)
    assert next_attempt() == clock.to_wire(late)
    WebhookEndpoint.objects.update(disabled_at=clock.now())
    assert next_attempt() is None


def test_deliveries_can_be_narrowed(boss: User, acme: Organization, shop: Application) -> None:
    first, second = make.webhook(shop), make.webhook(shop, "chat_deactivated")
    given_up, delivered = make.delivery(acme, first), make.delivery(acme, first, state="delivered")
    waiting = make.delivery(acme, second, state="waiting")

    def listed(**narrowed: str) -> list[str]:
        answer = boss.call("list_webhook_deliveries", **named(shop), **narrowed)
        return [one["id"] for one in answer["deliveries"]]

    def numbers(*rows: WebhookDelivery) -> list[str]:
        return [public_ids.delivery_id(row.pk) for row in rows]

    assert listed() == numbers(waiting, delivered, given_up)
    assert listed(webhook_id=first.id) == numbers(delivered, given_up)
    assert listed(state="failed") == numbers(given_up)
    assert listed(webhook_id=second.id, state="failed") == []
    other = make.webhook(make.application(acme))
    for bad, type_ in (
        ({"webhook_id": other.id}, "not_found"),
        ({"webhook_id": "nothing"}, "not_found"),
        ({"state": "lost"}, "validation"),
        ({"limit": 0}, "validation"),
        ({"limit": 101}, "validation"),
        ({"page_id": "nonsense"}, "validation"),
    ):
        assert boss.refused("list_webhook_deliveries", **named(shop), **bad) == type_


def test_deliveries_come_in_pages(boss: User, acme: Organization, shop: Application) -> None:
    webhook = make.webhook(shop)
    made = [make.delivery(acme, webhook) for _ in range(5)]
    make.delivery(acme, webhook, state="delivered")

    page = boss.call("list_webhook_deliveries", **named(shop), state="failed", limit=2)
    seen = [one["id"] for one in page["deliveries"]]
    while "next_page_id" in page:
        page_id = page["next_page_id"]
        page = boss.call("list_webhook_deliveries", **named(shop), page_id=page_id)
        seen += [one["id"] for one in page["deliveries"]]

    assert seen == [public_ids.delivery_id(one.pk) for one in reversed(made)]
    back = boss.call("list_webhook_deliveries", **named(shop), page_id=page["previous_page_id"])
    assert [one["id"] for one in back["deliveries"]] == seen[2:4]
    elsewhere = make.application(acme)
    assert (
        boss.refused("list_webhook_deliveries", **named(elsewhere), page_id=page_id) == "validation"
    )


def test_a_licence_sees_what_happened_on_it(
    boss: User, acme: Organization, shop: Application
) -> None:
    webhook = make.webhook(shop)
    beta = make.organization("Beta")
    installations.install(beta, shop)
    foreign = make.delivery(beta, webhook)

    assert boss.call("list_webhook_deliveries", **named(shop)) == {"deliveries": []}
    number = public_ids.delivery_id(foreign.pk)
    assert boss.refused("redeliver_webhook", id=number, **named(shop)) == "not_found"


# --- once more ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["failed", "delivered"])
def test_a_delivery_can_be_sent_again_under_its_id(
    boss: User, acme: Organization, shop: Application, state: str
) -> None:
    made = make.delivery(acme, make.webhook(shop), state=state, attempts=3, given_up="in vain")
    number = public_ids.delivery_id(made.pk)

    for _ in range(2):
        assert boss.call("redeliver_webhook", id=number, **named(shop)) == {}

    made.refresh_from_db()
    assert (made.state, made.attempts_count, made.finished_at) == ("waiting", 0, None)
    assert made.due_at <= clock.now()
    (listed,) = boss.call("list_webhook_deliveries", **named(shop))["deliveries"]
    assert (listed["id"], listed["state"], len(listed["attempts"])) == (number, "waiting", 3)
    assert "given_up" not in listed


def test_one_that_waits_is_left_alone(boss: User, acme: Organization, shop: Application) -> None:
    later = clock.now() + timedelta(hours=1)
    made = make.delivery(acme, make.webhook(shop), state="waiting", attempts=4, due_at=later)

    boss.call("redeliver_webhook", id=public_ids.delivery_id(made.pk), **named(shop))

    made.refresh_from_db()
    assert (made.attempts_count, made.due_at) == (4, later)


def test_nothing_is_sent_again_to_an_endpoint_that_is_gone(
    boss: User, acme: Organization, shop: Application
) -> None:
    made = make.delivery(acme, make.webhook(shop))
    WebhookEndpoint.objects.update(disabled_at=clock.now())

    number = public_ids.delivery_id(made.pk)
    assert boss.refused("redeliver_webhook", id=number, **named(shop)) == "not_allowed"


@pytest.mark.parametrize(
    "number", ["msg_00000000000000ff", "msg_ffffffffffffffff", "msg_", "5", "\x00", "x" * 64]
)
def test_what_is_no_delivery_of_ones_own_is_not_found(
    boss: User, acme: Organization, shop: Application, number: str
) -> None:
    other = make.delivery(acme, make.webhook(make.application(acme)))

    for wrong in (number, public_ids.delivery_id(other.pk)):
        refusal = boss.refused("redeliver_webhook", id=wrong, **named(shop))
        assert refusal in ("not_found", "validation")


@pytest.mark.parametrize("action", ["list_webhook_deliveries", "redeliver_webhook"])
@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6"])
def test_older_versions_have_none_of_it(
    boss: User, shop: Application, action: str, version: str
) -> None:
    boss.version = version

    assert boss.refused(action, id="msg_0000000000000001", **named(shop)) == "not_found"


# --- by command -----------------------------------------------------------------------------------


def redelivered(*arguments: str) -> list[str]:
    """Run the command; return the ids it printed."""
    output = StringIO()
    call_command("redeliver_webhooks", *arguments, stdout=output)
    *lines, last = output.getvalue().splitlines()
    assert last == f"Queued {len(lines)}"
    return [line.split()[0] for line in lines]


def test_what_was_given_up_is_queued_again_by_webhook(
    acme: Organization, shop: Application
) -> None:
    webhook, other = make.webhook(shop), make.webhook(shop)
    failed = [make.delivery(acme, webhook) for _ in range(2)]
    make.delivery(acme, webhook, state="delivered")
    make.delivery(acme, webhook, state="waiting")
    make.delivery(acme, other)

    assert redelivered("--webhook", webhook.id) == [
        public_ids.delivery_id(one.pk) for one in failed
    ]
    assert redelivered("--webhook", webhook.id) == []
    states = WebhookDelivery.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["waiting", "waiting", "delivered", "waiting", "failed"]


def test_the_command_says_what_it_queued(acme: Organization, shop: Application) -> None:
    webhook = make.webhook(shop)
    made = make.delivery(acme, webhook)
    output = StringIO()

    call_command("redeliver_webhooks", "--webhook", webhook.id, stdout=output)

    moment = clock.to_wire(made.occurred_at)
    number = public_ids.delivery_id(made.pk)
    assert output.getvalue() == f"{number} {webhook.id} incoming_event {moment}\nQueued 1\n"


def test_deliveries_are_queued_again_by_id_whatever_became_of_them(
    acme: Organization, shop: Application
) -> None:
    webhook = make.webhook(shop)
    made = [make.delivery(acme, webhook, state=state) for state in ("failed", "delivered")]
    make.delivery(acme, webhook)
    numbers = [public_ids.delivery_id(one.pk) for one in made]

    assert redelivered("--delivery", *numbers) == numbers


def test_deliveries_are_queued_again_by_time(acme: Organization, shop: Application) -> None:
    webhook = make.webhook(shop)
    now = clock.now()
    hours = [
        make.delivery(acme, webhook, occurred_at=now - timedelta(hours=hours)) for hours in range(4)
    ]
    delivered = make.delivery(acme, webhook, state="delivered", occurred_at=now)

    since = clock.to_wire(now - timedelta(hours=2))
    until = clock.to_wire(now)
    assert redelivered("--since", since, "--until", until) == [
        public_ids.delivery_id(hours[index].pk) for index in (1, 2)
    ]
    assert redelivered("--since", until, "--all") == [
        public_ids.delivery_id(one.pk) for one in (hours[0], delivered)
    ]


def test_a_great_many_are_queued_in_batches(
    acme: Organization, shop: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatplatform.services.redelivery.BATCH", 2)
    webhook = make.webhook(shop)
    made = [make.delivery(acme, webhook) for _ in range(5)]

    assert redelivered("--webhook", webhook.id) == [public_ids.delivery_id(one.pk) for one in made]


def test_what_nobody_is_to_hear_of_is_passed_over(
    boss: User, acme: Organization, shop: Application
) -> None:
    gone, unregistered = make.webhook(shop, url=f"{URL}/gone"), make.webhook(shop)
    for webhook in (gone, unregistered):
        make.delivery(acme, webhook)
    deliveries.disable(gone.endpoint_id)
    boss.call("unregister_webhook", id=unregistered.id, **named(shop))

    assert redelivered("--since", "2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--all",),
        ("--since", "yesterday"),
        ("--since", "2030-01-01T00:00:00"),
        ("--delivery", "5"),
    ],
)
def test_the_command_asks_what_is_meant(db: None, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("redeliver_webhooks", *arguments, stdout=StringIO())
