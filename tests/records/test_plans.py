"""How databases find what is to be forgotten: by an index, not by reading what others have."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection

from chatplatform import clock
from chatplatform.models import ApiCall, Organization, Webhook, WebhookDelivery
from chatplatform.selectors import webhooks
from chatplatform.services import deletion
from tests import make

OTHERS = 3_000
NAMED = "SX0B7VQ8K2"


@pytest.fixture
def globex(db: None) -> Organization:
    """An organisation that has much."""
    made: Organization = make.organization("Globex")
    return made


def owed(organization: Organization, webhook: Webhook, chat_id: str) -> WebhookDelivery:
    return WebhookDelivery(
        organization=organization,
        webhook=webhook,
        endpoint=webhook.endpoint,
        action="chat_deactivated",
        event={"type": "ChatDeactivated", "chat_id": chat_id, "thread_id": f"{chat_id}T"},
    )


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@pytest.fixture
def calls(acme: Organization, globex: Organization) -> list[WebhookDelivery]:
    """Few calls that Acme owes, among many of Globex; all tell of one chat."""
    ours, theirs = (make.webhook(make.application(one)) for one in (acme, globex))
    WebhookDelivery.objects.bulk_create(owed(globex, theirs, NAMED) for _ in range(OTHERS))
    made = WebhookDelivery.objects.bulk_create(owed(acme, ours, NAMED) for _ in range(3))
    analyze()
    return made


def test_a_part_of_the_calls_of_an_organisation_is_found_by_an_index(
    acme: Organization, calls: list[WebhookDelivery]
) -> None:
    (wanted,) = webhooks.calls_naming(acme.pk, chats=[NAMED], threads=[f"{NAMED}T"])

    found = wanted.order_by("id").explain()

    assert "delivery_of" in found
    assert re.search(r"organization_id ?= ?.* AND \(?(id|rowid) ?> ?", found), found


def test_only_calls_of_ones_own_are_forgotten(
    acme: Organization, globex: Organization, calls: list[WebhookDelivery]
) -> None:
    assert deletion.forget_calls(acme.pk, chats=[NAMED]) == len(calls)

    assert not WebhookDelivery.objects.filter(organization=acme).exists()
    assert WebhookDelivery.objects.filter(organization=globex).count() == OTHERS


def test_noted_calls_are_found_by_their_age_and_by_whose_they_are(
    acme: Organization, globex: Organization
) -> None:
    ApiCall.objects.bulk_create(
        ApiCall(organization=owner, at=clock.now(), action="list_chats", seconds=0.1)
        for owner in (acme, *[globex] * OTHERS)
    )
    analyze()

    old = ApiCall.objects.filter(at__lt=clock.now() - timedelta(days=7))
    ours = ApiCall.objects.filter(organization=acme, user_id="carl")

    assert "call_age" in old.explain()
    assert "call_newest" in ours.explain()
