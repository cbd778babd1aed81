"""What supervisors and load balancers ask."""

import pytest
from django.db import DatabaseError
from django.test import Client
from pytest_django.fixtures import Settings

from chatplatform.transports import health


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


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health_is_only_read(path: str) -> None:
    assert Client().post(path).status_code == 405
