"""What greetings and goals lately brought about, counted for a few of them at a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, NamedTuple

from django.db.models import Count, Q

from chatplatform import clock
from chatplatform.models import ReachedGoal, ShownGreeting

LATELY: Final = timedelta(days=30)
"""How far back it is counted."""


class Greeted(NamedTuple):
    """To how many visits a greeting was shown; how many looked at it, or began a chat from it."""

    shown: int = 0
    accepted: int = 0
    converted: int = 0


def greeted(greeting_ids: Iterable[int]) -> dict[int, Greeted]:
    """Return what came of each greeting, without those that were not shown. One read."""
    rows = ShownGreeting.objects.filter(
        greeting__in=list(greeting_ids), shown_at__gte=clock.now() - LATELY
    )
    counted = rows.values_list("greeting_id").annotate(
        shown=Count("id"),
        accepted=Count("id", filter=Q(accepted_at__isnull=False)),
        converted=Count("id", filter=Q(thread__isnull=False)),
    )
    return {greeting_id: Greeted(*counts) for greeting_id, *counts in counted}


def reached(goal_ids: Iterable[int]) -> dict[int, int]:
    """Return how often each goal was reached, without those that were not. One read."""
    rows = ReachedGoal.objects.filter(goal__in=list(goal_ids), reached_at__gte=clock.now() - LATELY)
    return dict(rows.values_list("goal_id").annotate(Count("id")))
