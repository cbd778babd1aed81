"""Greetings are shown, seen, changed and deleted at once."""

import threading
import time
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from chatplatform import clock
from chatplatform.models import Agent, Customer, Organization, ShownGreeting, Visit
from chatplatform.services import customer_rows, greetings, routing
from tests import make
from tests.concurrency.together import at_once
from tests.world import User, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("_attempt", range(3))
def test_a_greeting_is_shown_once_whoever_finds_it_due(
    world: World, acme: Organization, _attempt: int
) -> None:
    """Several workers look at the clock while the customer opens pages and logs in."""
    world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl")
    make.greeting(acme, make.rule("visit_time_site", "greater_or_equal", "0"))
    Visit.objects.update(greetings_due_at=clock.now())
    page = "https://x.example/"

    at_once(
        *[greetings.show_due] * 3,
        *[lambda: carl.rtm("update_customer_page", {"url": page})] * 2,
        lambda: carl.rtm("set_customer_session_fields", {"session_fields": [{"a": "b"}]}),
    )

    assert ShownGreeting.objects.count() == 1
    assert Customer.objects.get(id=carl.id).greetings_shown_count == 1
    assert [push.action for push in carl.heard].count("incoming_greeting") <= 1


def test_a_greeting_is_seen_once_and_converts_once(world: World, acme: Organization) -> None:
    world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl")
    make.greeting(acme)
    carl.rtm("update_customer_page", {"url": "https://x.example/"})
    shown = ShownGreeting.objects.get()
    seen = {"greeting_id": shown.content["id"], "unique_id": shown.unique_id}
    thread = {"properties": {"lc2": {"greeting_unique_id": shown.unique_id}}}

    at_once(
        *[lambda: carl.rtm("accept_greeting", seen)] * 2,
        *[lambda: carl.rtm("start_chat", {"chat": {"thread": thread}})] * 2,
    )

    row = Customer.objects.get(id=carl.id)
    assert (row.greetings_accepted_count, row.greetings_converted_count) == (1, 1)


@pytest.mark.parametrize("gone", ["greeting", "group"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_greets_is_deleted_while_somebody_is_greeted(
    world: World, acme: Organization, boss: User, gone: str, moment: str
) -> None:
    ann = world.agent(acme, "ann", online=True)
    sales = make.group(acme, "Sales", Agent.objects.filter(public_id=ann.id)).number
    carl = world.customer(acme, "carl")
    Visit.objects.update(asked_group=sales)
    make.greeting(acme, group=sales)
    carl.rtm("update_customer_page", {"url": "https://x.example/"})
    about = {"greeting": make.greeting(acme, group=sales).pk, "group": sales}[gone]
    deleting = threading.Event()

    def look() -> None:
        with transaction.atomic():
            customer = customer_rows.locked(UUID(carl.id))
            if moment == "before":
                greetings.consider(customer, Visit.objects.get())
            deleting.set()
            time.sleep(0.3)
            if moment == "after":
                greetings.consider(customer, Visit.objects.get())

    def delete() -> Any:
        deleting.wait()
        return boss.web(f"delete_{gone}", {"id": about})

    assert at_once(look, delete)[1] == {}


def test_a_greeting_is_deleted_before_or_after_it_is_changed(
    acme: Organization, boss: User
) -> None:
    greeting = make.greeting(acme).pk
    deleting = threading.Event()

    def change() -> Any:
        with transaction.atomic():
            routing.lock_organization(acme.id)
            deleting.set()
            time.sleep(0.3)
            return boss.web("update_greeting", {"id": greeting, "name": "Hello"})

    def delete() -> Any:
        deleting.wait()
        return boss.web("delete_greeting", {"id": greeting})

    assert at_once(change, delete) == [{}, {}]
