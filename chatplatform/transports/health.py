"""Whether this process lives, and whether it can serve: for supervisors and load balancers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver
from django.views.decorators.http import require_safe

from chatplatform.services import deliveries

log = structlog.get_logger(__name__)

_REDIS_TIMEOUT_SECONDS = 1.0


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Answer 200: the process handles requests. It touches nothing else."""
    return _answer({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 when everything a request needs is there, else 503; ``checks`` says what."""
    return _checked(CHECKS)


@require_safe
def work(request: HttpRequest) -> JsonResponse:
    """Answer 200 while workers do what is left to them, else 503; ``checks`` says what.

    For whoever is to be woken: it says nothing of this process, which serves without workers too.
    """
    return _checked(WORK)


def _checked(wanted: Mapping[str, Callable[[], None]]) -> JsonResponse:
    checks = {name: _passes(name, check) for name, check in wanted.items()}
    healthy = all(checks.values())
    return _answer(
        {
            "status": "ok" if healthy else "unavailable",
            "checks": {name: "ok" if passed else "failed" for name, passed in checks.items()},
        },
        status=200 if healthy else 503,
    )


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def _channel_layer() -> None:
    if settings.REDIS_URL:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=_REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
        ) as client:
            client.ping()


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "channel_layer": _channel_layer,
}
"""What a request needs; a check raises when it is missing."""


class Late(Exception):
    """What is left to workers is not done in time: there are none, or too few."""


def _webhooks() -> None:
    if deliveries.are_late():
        raise Late("webhooks wait at endpoints that answer")


WORK: dict[str, Callable[[], None]] = {"webhooks": _webhooks}
"""What workers do; a check raises when it is not done."""


def _passes(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except (DatabaseError, redis.RedisError, OSError, Late) as error:
        log.warning("not ready", check=name, error=str(error))
        return False
    return True


def _answer(body: dict[str, object], status: int = 200) -> JsonResponse:
    response = JsonResponse(body, status=status)
    response["Cache-Control"] = "no-store"
    return response


urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", live, name="health-live"),
    path("health/ready", ready, name="health-ready"),
    path("health/work", work, name="health-work"),
]
