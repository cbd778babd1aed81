"""Goals: kept, and noted when customers reach them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal
from uuid import UUID

from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field, model_validator

from chatplatform.comparisons import text_matches, url_matches
from chatplatform.errors import GroupNotFound, LimitReached, NotAllowed
from chatplatform.models import Chat, Customer, Goal, Organization, ReachedGoal, Thread, Visit
from chatplatform.records import Record
from chatplatform.selectors import goals as selectors
from chatplatform.selectors import groups, people
from chatplatform.services import audit, routing
from chatplatform.services.customer_rows import locked

MAX_GOALS = 200
"""How many goals there can be: every page a customer opens looks at the active ones."""


class _Goal(BaseModel):
    """What a goal is; which fields it needs depends on its type."""

    model_config = ConfigDict(extra="ignore", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=255)]
    type: Literal["url", "session_field", "api"]
    active: bool = True
    operator: Literal["equals", "doesnt_equal", "contains", "doesnt_contain", ""] = ""
    key: Annotated[str, Field(max_length=255)] = ""
    value: Annotated[str, Field(max_length=2048)] = ""

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> _Goal:
        if self.type != "api" and not (self.operator and self.value):
            raise ValueError(f"operator and value are required for {self.type}")
        if (self.type == "session_field") != bool(self.key):
            raise ValueError("key goes with type session_field, and only with it")
        return self


def create_goal(organization: Organization, values: Record) -> Goal:
    """Keep a goal: ``name``, ``type`` (``url``, ``session_field``, ``api``), ``active`` and,
    but for ``api``, ``operator`` and ``value``; ``key`` names the session field.

    Raise pydantic's ``ValidationError``, :class:`LimitReached`.
    """
    checked = _Goal.model_validate(values).model_dump()
    with transaction.atomic():
        routing.lock_organization(organization.id)
        if Goal.objects.filter(organization=organization).count() >= MAX_GOALS:
            raise LimitReached(f"There can be {MAX_GOALS} goals")
        goal = Goal.objects.create(organization=organization, **checked)
        audit.record(organization.id, "create_goal", "goal", goal.pk, after=checked)
    return goal


def update_goal(organization: Organization, goal_id: int, values: Record) -> Goal:
    """Change the given fields. Raise :class:`NotFound` and as above."""
    with transaction.atomic():
        routing.lock_organization(organization.id)
        goal = selectors.access_goal(organization.id, goal_id)
        known = {name: getattr(goal, name) for name in _Goal.model_fields}
        checked = _Goal.model_validate({**known, **values}).model_dump()
        for name, value in checked.items():
            setattr(goal, name, value)
        goal.save()
        audit.record(organization.id, "update_goal", "goal", goal.pk, before=known, after=checked)
    return goal


def delete_goal(organization: Organization, goal_id: int) -> None:
    """Forget a goal and who reached it. Raise :class:`NotFound`."""
    with transaction.atomic():
        routing.lock_organization(organization.id)
        goal = selectors.access_goal(organization.id, goal_id)
        known = {name: getattr(goal, name) for name in _Goal.model_fields}
        audit.record(organization.id, "delete_goal", "goal", goal.pk, before=known)
        goal.delete()


def consider(customer: Customer, visit: Visit) -> None:
    """Note the goals a visiting customer has reached now. The customer's row is locked."""
    url = visit.last_pages[-1]["url"] if visit.last_pages else ""
    _note(customer, visit, url, customer.session_fields)


def check_goals(
    customer_id: UUID, *, group_number: int, page_url: str, session_fields: list[dict[str, str]]
) -> None:
    """Note the goals reached by a customer who is not connected, with what their client says.

    What it says is not kept. Of a connected customer everything is known already: nothing
    happens. Raise :class:`GroupNotFound`.
    """
    with transaction.atomic():
        customer = locked(customer_id)
        if not groups.existing_numbers(customer.organization_id, [group_number]):
            raise GroupNotFound
        if people.attention(customer.organization_id, [str(customer_id)]):
            return
        _note(customer, customer.last_visit, page_url, session_fields)


def reach(organization_id: UUID, customer_id: UUID, goal_id: int) -> None:
    """Note that a customer reached a goal of type ``api``.

    Raise :class:`NotFound`, and :class:`NotAllowed` for goals that are reached by themselves.
    """
    goal = selectors.access_goal(organization_id, goal_id)
    if goal.type != Goal.Type.API:
        raise NotAllowed("Only goals of type `api` are reported")
    people.access_customer(organization_id, str(customer_id))
    with transaction.atomic():
        customer = locked(customer_id)
        if goal.active:
            _store(customer, customer.last_visit, [goal])


def _note(
    customer: Customer, visit: Visit | None, url: str, fields: Iterable[Mapping[str, str]]
) -> None:
    values = {name: value for field in fields for name, value in field.items()}
    goals = Goal.objects.filter(organization_id=customer.organization_id, active=True)
    reached = [goal for goal in goals.order_by("id") if _is_reached(goal, url, values)]
    if reached:
        _store(customer, visit, reached)


def _is_reached(goal: Goal, url: str, fields: Mapping[str, str]) -> bool:
    if goal.type == Goal.Type.URL:
        return bool(url) and url_matches([url], goal.operator, goal.value)
    if goal.type == Goal.Type.SESSION_FIELD and goal.key in fields:
        return text_matches([fields[goal.key]], goal.operator, goal.value)
    return False


def _store(customer: Customer, visit: Visit | None, goals: list[Goal]) -> None:
    """Note each goal once a visit; the lock on the customer's row keeps others from the same."""
    before = ReachedGoal.objects.filter(customer=customer, visit=visit, goal__in=goals)
    known = set(before.values_list("goal_id", flat=True))
    thread_id = _conversation(customer, visit) if len(known) < len(goals) else None
    ReachedGoal.objects.bulk_create(
        ReachedGoal(goal=goal, customer=customer, visit=visit, thread_id=thread_id)
        for goal in goals
        if goal.pk not in known
    )


def _conversation(customer: Customer, visit: Visit | None) -> str | None:
    """Return the id of the customer's running thread, else of the visit's last one."""
    running = Chat.objects.filter(customer=customer, active_thread_id__isnull=False).first()
    if running is not None:
        return running.active_thread_id
    if visit is None:
        return None
    threads = Thread.objects.filter(chat__customer=customer, created_at__gte=visit.started_at)
    last = threads.order_by("-created_at").first()
    return last.id if last is not None else None
