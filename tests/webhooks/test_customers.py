"""Webhooks about customers: every body, in every version."""

from typing import Any

import pytest

from chatplatform import clock
from chatplatform.models import Customer
from tests import make
from tests.webhooks.hooks import Hooks, in_each_version
from tests.world import User, World

Ids = dict[str, str]


@in_each_version("incoming_customer")
def test_incoming_customer(world: World, hooks: Hooks, version: str) -> None:
    webhook = hooks.listen("incoming_customer", version)

    dora = world.customer(hooks.organization, "dora")

    row = Customer.objects.get(id=dora.id)
    assert row.last_visit is not None
    customer = {
        "id": dora.id,
        "type": "customer",
        "name": "Dora",
        "created_at": clock.to_wire(row.created_at),
        "session_fields": [],
        "email_verified": False,
        "statistics": {
            "chats_count": 0,
            "threads_count": 0,
            "visits_count": 1,
            "page_views_count": 0,
            "greetings_shown_count": 0,
            "greetings_accepted_count": 0,
            "greetings_converted_count": 0,
        },
        "last_visit": {
            "id": row.last_visit.id,
            "started_at": clock.to_wire(row.last_visit.started_at),
            "referrer": "",
            "user_agent": "Tests",
            "geolocation": {},
            "last_pages": [],
            "ip": "127.0.0.1",
        },
    }
    assert hooks.body() == hooks.expected(webhook, {"customer": customer})


def test_a_customer_who_is_there_does_not_come_again(hooks: Hooks, ann: User, carl: User) -> None:
    hooks.listen("incoming_customer", "3.5")
    make.greeting(hooks.organization)

    carl.call("update_customer_page", url="https://shop.example/")

    assert [push.action for push in carl.heard] == ["incoming_greeting"]
    assert hooks.bodies() == []


@in_each_version("customer_session_fields_updated")
def test_customer_session_fields_updated(
    hooks: Hooks, carl: User, ids: Ids, talking: dict[str, Any], version: str
) -> None:
    webhook = hooks.listen("customer_session_fields_updated", version)

    carl.call("set_customer_session_fields", session_fields=[{"plan": "gold"}])

    payload = {
        "id": carl.id,
        "active_chat": {"chat_id": ids["chat_id"], "thread_id": ids["thread_id"]},
        "session_fields": [{"plan": "gold"}],
    }
    assert hooks.body() == hooks.expected(webhook, payload, additional_data=talking)


FIELDS = [{"plan": "gold"}]


def by_an_agent(ann: User, carl: User) -> None:
    ann.call("update_customer", id=carl.id, session_fields=FIELDS)


def by_the_customer(ann: User, carl: User) -> None:
    carl.call("update_customer", session_fields=FIELDS)


def by_login(ann: User, carl: User) -> None:
    carl.login(customer={"session_fields": FIELDS})


@pytest.mark.parametrize("change", [by_an_agent, by_the_customer, by_login])
def test_whoever_changes_them(hooks: Hooks, ann: User, carl: User, ids: Ids, change: Any) -> None:
    hooks.listen("customer_session_fields_updated")

    change(ann, carl)
    change(ann, carl)

    assert [payload["session_fields"] for payload in hooks.payloads()] == [FIELDS]


def test_each_running_chat_is_told(hooks: Hooks, ann: User, carl: User, ids: Ids) -> None:
    hooks.organization.properties = {"routing": {"max_customer_chats_count": 2}}
    hooks.organization.save()
    second = carl.call("start_chat")
    hooks.listen("customer_session_fields_updated")

    carl.call("set_customer_session_fields", session_fields=FIELDS)

    told = [payload["active_chat"]["chat_id"] for payload in hooks.payloads()]
    assert told == sorted([ids["chat_id"], second["chat_id"]])


def test_without_a_running_chat_nothing_is_told(hooks: Hooks, carl: User, ids: Ids) -> None:
    carl.call("deactivate_chat", id=ids["chat_id"])
    hooks.listen("customer_session_fields_updated")

    carl.call("set_customer_session_fields", session_fields=FIELDS)

    assert hooks.bodies() == []
