"""Reading goals."""

from __future__ import annotations

from uuid import UUID

from chatplatform.errors import NotFound
from chatplatform.models import Goal
from chatplatform.records import Record


def access_goal(organization_id: UUID, goal_id: int) -> Goal:
    """Return the organisation's goal; raise :class:`NotFound`."""
    goal = Goal.objects.filter(organization_id=organization_id, id=goal_id).first()
    if goal is None:
        raise NotFound("Goal not found")
    return goal


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
