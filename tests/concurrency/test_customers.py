"""Customers come, go and reach goals in several windows at once."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from chatplatform import clock
from chatplatform.models import ConnectionLease, Customer, Organization, ReachedGoal, Visit
from chatplatform.services import presence
from tests import make
from tests.concurrency.together import at_once
from tests.world import User, World

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_customer_who_comes_back_while_their_lease_runs_out_stays(
    world: World, acme: Organization
) -> None:
    carl = world.customer(acme, "carl")
    carl.rtm("set_customer_session_fields", {"session_fields": [{"plan": "gold"}]})
    ConnectionLease.objects.filter(user_id=carl.id).update(expires_at=clock.now())

    def sweep() -> None:
        presence.end_expired_leases()
        connections.close_all()

    with ThreadPoolExecutor(1) as worker:
        with transaction.atomic():
            carl.login()
            swept = worker.submit(sweep)
            time.sleep(0.5)
        swept.result(10)

    customer = Customer.objects.get(id=carl.id)
    assert customer.online_since is not None
    assert customer.session_fields == [{"plan": "gold"}]
    assert Visit.objects.get().ended_at is None
    assert ConnectionLease.objects.filter(user_id=carl.id).count() == 1


def test_a_customer_logs_in_while_their_chat_begins(world: World, acme: Organization) -> None:
    """Both write the customer; neither forgets what the other counted."""
    carl = world.customer(acme, "carl", online=False)
    answers = at_once(
        lambda: carl.login(customer_page={"url": "https://shop.example/a"}),
        lambda: carl.web("start_chat", {"continuous": True}),
        lambda: carl.login(customer_page={"url": "https://shop.example/b"}),
        lambda: carl.web("update_customer", {"name": "Carla"}),
    )

    assert all(isinstance(answer, dict) for answer in answers), answers

    customer = carl.web("get_customer")
    assert customer["name"] == "Carla"
    counts = customer["statistics"]
    assert (counts["chats_count"], counts["threads_count"]) == (1, 1)
    assert (counts["visits_count"], counts["page_views_count"]) == (1, 2)


def test_a_goal_is_reached_once(world: World, acme: Organization) -> None:
    carl = world.customer(acme, "carl")
    make.goal(acme)

    at_once(
        *[
            lambda number=number: carl.rtm(
                "update_customer_page", {"url": f"https://x.example/thanks/{number}"}
            )
            for number in range(4)
        ]
    )

    assert ReachedGoal.objects.count() == 1


def test_a_licence_bans_no_more_than_it_may(world: World, acme: Organization, boss: User) -> None:
    acme.properties = {"limits": {"banned.base": 2}}
    acme.save()
    customers = [world.customer(acme, f"c{number}").id for number in range(5)]

    answers = at_once(
        *[
            lambda one=one: boss.web("ban_customer", {"customer_id": one, "seconds": 60})
            for one in customers
        ]
    )

    assert sorted(map(str, answers)) == ["limit_reached"] * 3 + ["{}"] * 2
    assert len(boss.web("list_customer_bans")) == 2
