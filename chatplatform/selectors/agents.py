"""Reading agents as they are configured; the people, not the bots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import QuerySet

from chatplatform import clock
from chatplatform.errors import NotFound
from chatplatform.models import Agent, GroupMember
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.records import Record, agent_configuration


def configuration(organization_id: UUID, agent_id: str) -> Record:
    """Return an agent's configuration; ``last_logout`` only if there was one.

    Raise :class:`NotFound`. Two reads.
    """
    agent = _people(organization_id).filter(public_id=agent_id).first()
    if agent is None:
        raise NotFound("Agent not found")
    return _configurations([agent])[0]


def configurations(
    organization_id: UUID,
    group_numbers: Iterable[int] | None = None,
    suspended: bool | None = None,
) -> list[Record]:
    """Return the configurations of an organisation's agents, by their ids. Two reads.

    ``group_numbers``: only those in one of these groups; everybody is in General. ``suspended``:
    only those who are, or are not.
    """
    found = _people(organization_id)
    if group_numbers is not None:
        numbers = set(group_numbers)
        if GENERAL_GROUP not in numbers:
            found = found.filter(memberships__group__number__in=numbers).distinct()
    if suspended is not None:
        found = found.filter(suspended=suspended)
    return _configurations(list(found.order_by("public_id")))


def _people(organization_id: UUID) -> QuerySet[Agent]:
    return Agent.objects.filter(organization_id=organization_id, kind=Agent.Kind.HUMAN)


def _configurations(agents: Sequence[Agent]) -> list[Record]:
    places: dict[int, list[Record]] = {agent.pk: [] for agent in agents}
    rows = GroupMember.objects.filter(agent_id__in=places).order_by("group__number")
    for agent_id, number, priority in rows.values_list("agent_id", "group__number", "priority"):
        places[agent_id].append({"id": number, "priority": priority})
    return [_configuration(agent, places[agent.pk]) for agent in agents]


def _configuration(agent: Agent, places: list[Record]) -> Record:
    record = agent_configuration(agent, places)
    if agent.last_logout_at is not None:
        record["last_logout"] = clock.to_wire(agent.last_logout_at)
    return record
