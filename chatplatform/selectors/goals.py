"""Reading goals, and in which conversations they were reached."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from chatplatform.errors import NotFound
from chatplatform.models import Goal, ReachedGoal
from chatplatform.records import Record


def access_goal(organization_id: UUID, goal_id: int) -> Goal:
    """Return the organisation's goal; raise :class:`NotFound`."""
    goal = Goal.objects.filter(organization_id=organization_id, id=goal_id).first()
    if goal is None:
        raise NotFound("Goal not found")
    return goal


def list_goals(organization_id: UUID) -> list[Record]:
    """Return the records of all goals, oldest first. One read."""
    goals = Goal.objects.filter(organization_id=organization_id).order_by("id")
    return [goal_record(goal) for goal in goals]


def goal_record(goal: Goal) -> Record:
    """Return a goal as its makers see it."""
    record: Record = {
        "id": goal.pk,
        "name": goal.name,
        "type": goal.type,
        "active": goal.active,
    }
    for name in ("operator", "key", "value"):
        if value := getattr(goal, name):
            record[name] = value
    return record


def goals_of_threads(thread_ids: Iterable[str]) -> dict[str, list[int]]:
    """Return the ids of the goals reached in each thread, ascending. One read."""
    found: dict[str, list[int]] = {thread_id: [] for thread_id in thread_ids}
    reached = ReachedGoal.objects.filter(thread_id__in=found).order_by("goal_id")
    for thread_id, goal_id in reached.values_list("thread_id", "goal_id"):
        if goal_id not in found[thread_id]:
            found[thread_id].append(goal_id)
    return found
