"""What supervisors and load balancers ask."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from pytest_django.fixtures import Settings

from chatplatform import clock
from chatplatform.models import Organization, WebhookEndpoint
from chatplatform.transports import health
from tests import make


def test_a_living_process_says_so_without_asking_anyone() -> None:
    response = Client().get("/health/live")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_a_process_is_ready_when_its_database_and_channel_layer_answer() -> None:
    response = Client().get("/health/ready")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "checks": {"database": "ok", "channel_layer": "ok"},
    }
    assert response["Cache-Control"] == "no-store"


def test_a_process_without_its_database_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise DatabaseError("gone")

    monkeypatch.setitem(health.CHECKS, "database", away)

    response = Client().get("/health/ready")

    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert response.json()["checks"]["database"] == "failed"


@pytest.mark.django_db
def test_a_process_without_its_channel_layer_is_not_ready(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    response = Client().get("/health/ready")

    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "ok", "channel_layer": "failed"}


def owe(acme: Organization, age: timedelta) -> WebhookEndpoint:
    """Let a delivery have been due for so long and return where it is to go."""
    webhook = make.webhook(make.application(acme))
    make.delivery(acme, webhook, state="waiting", attempts=0, due_at=clock.now() - age)
    return webhook.endpoint


def test_work_is_done_while_nothing_waits_for_long(acme: Organization) -> None:
    owe(acme, timedelta(minutes=4))

    response = Client().get("/health/work")

    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "checks": {"webhooks": "ok"}},
    )


def test_work_is_not_done_when_what_could_be_sent_waits(acme: Organization) -> None:
    owe(acme, timedelta(minutes=6))

    response = Client().get("/health/work")

    assert (response.status_code, response.json()) == (
        503,
        {"status": "unavailable", "checks": {"webhooks": "failed"}},
    )


@pytest.mark.parametrize(
    "fault",
    [{"failures": 1}, {"answer_seconds": 5.0}, {"disabled_at": clock.now()}],
    ids=["failing", "slow", "gone"],
)
def test_what_waits_for_a_receiver_is_no_fault_of_ours(
    acme: Organization, fault: dict[str, Any]
) -> None:
    endpoint = owe(acme, timedelta(minutes=6))
    WebhookEndpoint.objects.filter(id=endpoint.id).update(**fault)

    assert Client().get("/health/work").status_code == 200


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/health/work"])
def test_health_is_only_read(path: str) -> None:
    assert Client().post(path).status_code == 405
