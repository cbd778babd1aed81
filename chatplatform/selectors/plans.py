"""What an organisation has more of than a plan allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count

from chatplatform import plans
from chatplatform.models import AccessRule, Agent, Form, Group, Thread
from chatplatform.models.forms import FormType
from chatplatform.plans import Plan, Resource
from chatplatform.selectors.customers import running_bans

GROUP_CHOOSER = "group_chooser"


class Excess(NamedTuple):
    """By how many a plan's limit is exceeded; ``id`` names whose it is, where it is not of all."""

    resource: Resource
    by: int
    id: str = ""


def exceeded(organization_id: UUID, plan: Plan) -> list[Excess]:
    """Return what the organisation has more of than ``plan`` allows. Seven reads.

    Agents are those who are not suspended, with the bots. Queues are counted as a whole and for
    each group, ``id`` being its number.
    """
    limits = plans.LIMITS[plan]
    return [
        Excess(used.resource, used.by - limits[used.resource], used.id)
        for used in _uses(organization_id)
        if used.by > limits[used.resource]
    ]


class Use(NamedTuple):
    """How much of what a plan limits there is; where it counts for each, of whoever has most."""

    resource: Resource
    used: int
    limit: int


def in_use(organization_id: UUID, plan: Plan) -> list[Use]:
    """Return how much there is of everything that ``plan`` limits. Seven reads."""
    most: dict[Resource, int] = dict.fromkeys(plans.LIMITS[plan], 0)
    for used in _uses(organization_id):
        most[used.resource] = max(most[used.resource], used.by)
    return [
        Use(resource, number, plans.LIMITS[plan][resource]) for resource, number in most.items()
    ]


def _uses(organization_id: UUID) -> Iterator[Excess]:
    """Yield how many there are of everything that is limited."""
    agents = Agent.objects.filter(organization_id=organization_id)
    yield Excess("agents", agents.filter(suspended=False, awaiting_approval=False).count())
    yield Excess("groups", Group.objects.filter(organization_id=organization_id).count())
    yield Excess("banned", running_bans(organization_id).count())
    places = agents.annotate(places=Count("memberships")).order_by("public_id")
    for agent_id, number in places.values_list("public_id", "places"):
        yield Excess("groups_per_agent", number, agent_id)
    forms = Form.objects.filter(
        organization_id=organization_id, type=FormType.PRECHAT, enabled=True
    ).order_by("group__number")
    for number, fields in forms.values_list("group__number", "fields"):
        yield Excess("group_chooser_groups", _choices(fields), str(number))
    yield from _queues(organization_id)
    rules = AccessRule.objects.filter(organization_id=organization_id)
    yield Excess("access_rules", rules.count())


def _choices(fields: list[dict[str, object]]) -> int:
    """Return among how many groups a form lets customers choose."""
    options = (field.get("options") for field in fields if field["type"] == GROUP_CHOOSER)
    return sum(len(one) for one in options if isinstance(one, list))


def _queues(organization_id: UUID) -> Iterator[Excess]:
    """Yield how many wait, of both kinds, altogether and by group."""
    waiting = Thread.objects.filter(organization_id=organization_id, queued_at__isnull=False)
    lengths: dict[Resource, Counter[int]] = {"queue": Counter(), "queue_continuous": Counter()}
    totals: Counter[Resource] = Counter()
    for group_ids, properties in waiting.values_list("group_ids", "properties"):
        continuous = properties.get("routing", {}).get("continuous")
        kind: Resource = "queue_continuous" if continuous else "queue"
        totals[kind] += 1
        lengths[kind].update(group_ids)
    for kind, by_group in lengths.items():
        yield Excess(kind, totals[kind])
        for number in sorted(by_group):
            yield Excess(kind, by_group[number], str(number))
