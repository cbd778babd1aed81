"""Reading the waiting queue."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Avg

from chatplatform.models import Thread


def waiting_threads(organization_id: UUID) -> list[Thread]:
    """Return the threads that wait for an agent, longest first. The queue's limit bounds it."""
    return list(
        Thread.objects.filter(organization_id=organization_id, queued_at__isnull=False)
        .select_related("chat")
        .order_by("queued_at", "id")
    )


def length(organization_id: UUID) -> int:
    """Return how many threads wait for an agent."""
    return Thread.objects.filter(organization_id=organization_id, queued_at__isnull=False).count()


def wait_per_place(organization_id: UUID) -> int:
    """Return the seconds one place in the queue takes, as a rough guide.

    It is the mean wait of the running threads that have come through the queue; zero when none
    has, because no guess is better than a wrong one.
    """
    mean = Thread.objects.filter(
        organization_id=organization_id, active=True, queued_seconds__gt=0
    ).aggregate(mean=Avg("queued_seconds"))["mean"]
    return round(mean or 0)
