"""With ``monitoring.ip_mask`` no address of a visitor is kept or told anywhere."""

from __future__ import annotations

from uuid import UUID

from chatplatform.models import Organization, Thread, Visit, WebhookDelivery
from chatplatform.services import bans, customers
from tests import make
from tests.records.planted import tables_with
from tests.world import User, World

ADDRESS = "203.0.113.99"
MASK = "0.0.0.0"  # noqa: S104 - it stands for an address, and nothing listens there


def test_no_visitors_address_is_anywhere(world: World, acme: Organization, ann: User):
    acme.properties = {"monitoring": {"ip_mask": MASK}}
    acme.save()
    make.webhook(make.application(acme), "incoming_chat")
    make.greeting(acme)
    carl = world.customer(acme, "carl", online=False)
    with world.capture_pushes() as heard:
        world.act(
            lambda: customers.customer_logged_in(
                UUID(carl.id),
                "connection",
                values={"name": "Carl"},
                group_number=None,
                page={"url": "https://shop.example/"},
                referrer="",
                address=ADDRESS,
                user_agent="Lynx",
                side_storage=None,
            )
        )
        carl.call("start_chat", chat={"thread": {"events": [make.message()]}})
        who = make.requester(make.agent(acme, "administrator"))
        world.act(lambda: bans.ban_customer(who, carl.id, days=1))  # type: ignore[arg-type]

    assert WebhookDelivery.objects.exists()
    assert Visit.objects.get().ip == MASK
    assert tables_with(ADDRESS) == {}
    assert ADDRESS not in str(heard.heard)
    shown = ann.call("get_customer", id=carl.id)
    assert shown["visit"]["ip"] == MASK


def test_nor_in_a_thread_of_a_visit_that_began_before(world: World, acme: Organization, ann: User):
    carl = world.customer(acme, "carl")
    Visit.objects.update(ip=ADDRESS)
    acme.properties = {"monitoring": {"ip_mask": MASK}}
    acme.save()

    carl.call("start_chat")

    assert Thread.objects.get().customer_visit["ip"] == MASK
