"""Webhooks: who may register which, whose they are, and taking them away."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.db import connection

from chatplatform import clock, webhook_actions
from chatplatform.models import (
    Agent,
    Application,
    Organization,
    Webhook,
    WebhookDelivery,
    WebhookEndpoint,
)
from chatplatform.services import deliveries
from tests import make
from tests.configuration.registrations import SECRET, STATE_ACTIONS, URL, named, owed, wanted
from tests.configuration.samples.webhooks import SAMPLES
from tests.configuration.seats import in_person
from tests.world import Refused, User, World

PLAIN = ["chat_presence", "only_my_chats", "source_type"]
ADDITIONAL = ["chat_properties", "chat_presence_user_ids"]


@pytest.fixture
def boss(world: World, seat: Agent, shop: Application) -> User:
    """Return an administrator who configures through the shop's application."""
    return world.as_agent(seat, application=shop).configuration


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
    "https://" + "ü" * 64 + ".example/",
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
