"""A day of an organisation that has much to do, for the admin's overview to show.

Chats of today and of a week ago, answered and rated, one that waits, agents who are there, and an
address that fails. Done by a server's ``backstage``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from chatplatform import clock
from chatplatform.models import (
    Agent,
    ConnectionLease,
    Customer,
    Event,
    Organization,
    Thread,
    WebhookEndpoint,
)
from chatplatform.models.people import RoutingStatus
from chatplatform.services import chats
from tests import make

CHATS = 24
RUNNING = 5


@transaction.atomic
def keep_busy(organization_id: str) -> None:
    """Make the day, all of it at once: the overview reads it meanwhile."""
    organization = Organization.objects.get(id=organization_id)
    now = clock.now()
    agents = list(Agent.objects.filter(organization=organization, kind="human").order_by("id"))
    for number in range(CHATS):
        ago = timedelta(minutes=now.hour * 60 * number // CHATS)
        week = timedelta(days=7 if number % 3 == 2 else 0)
        _talk(organization, agents[number % len(agents)], now - ago - week, number)
    waiting = make.chat(make.customer(organization, name="Wanda Waiting"))
    Customer.objects.filter(organization=organization).update(online_since=now)
    hook = make.webhook(make.application(organization), "tag_created", url="https://down.example/")
    make.delivery(organization, hook, error="no route to host", status=None)
    WebhookEndpoint.objects.filter(pk=hook.endpoint_id).update(
        failures=7, failing_since=now - timedelta(hours=3)
    )
    _connect(agents)
    queued_at = clock.now() - timedelta(minutes=4)
    Thread.objects.filter(id=waiting.active_thread_id).update(queued_at=queued_at)


def _connect(agents: list[Agent]) -> None:
    for place, agent in enumerate(agents):
        Agent.objects.filter(pk=agent.pk).update(
            routing_status=RoutingStatus.NOT_ACCEPTING if place == 2 else RoutingStatus.ACCEPTING,
            max_chats_count=2,
        )
        ConnectionLease.objects.create(
            connection_id=f"busy-{agent.pk}",
            organization_id=agent.organization_id,
            user_id=agent.public_id,
            expires_at=clock.now() + timedelta(hours=1),
            away=place == 1,
        )


def _talk(organization: Organization, agent: Agent, at: datetime, number: int) -> None:
    customer = make.customer(organization, name=f"Customer {number}")
    chat = make.chat(agent, users=[(str(customer.pk), "customer")])
    thread_id = chat.active_thread_id
    make.event(chat, customer, "Hello?")
    if number % 5:
        make.event(chat, agent, "Hello!")
    for place, event in enumerate(Event.objects.filter(thread=thread_id).order_by("position")):
        moment = at + timedelta(seconds=place * (8 + 5 * number))
        Event.objects.filter(pk=event.pk).update(created_at=moment)
    if number > RUNNING:
        chats.deactivate_chat(make.requester(agent), chat.pk)
    score = {0: 0, 1: 1, 2: 1, 3: 1}.get(number % 8)
    rated = {} if score is None else {"rating": {"score": score}}
    Thread.objects.filter(pk=thread_id).update(created_at=at, properties=rated)
