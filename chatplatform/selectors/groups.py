"""Reading groups and their agents."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from chatplatform.models import Agent, Group, GroupMember
from chatplatform.models.groups import GENERAL_GROUP


def group_numbers_of(agent_id: int) -> frozenset[int]:
    """Return the numbers of an agent's groups, General included. One indexed read."""
    numbers = GroupMember.objects.filter(agent_id=agent_id).values_list("group__number", flat=True)
    return frozenset({GENERAL_GROUP, *numbers})


def existing_numbers(organization_id: UUID, numbers: Iterable[int]) -> frozenset[int]:
    """Return those of ``numbers`` that are groups of the organisation."""
    found = Group.objects.filter(organization_id=organization_id, number__in=set(numbers))
    return frozenset(found.values_list("number", flat=True))


def agents_with_access(organization_id: UUID, group_numbers: Iterable[int]) -> list[Agent]:
    """Return the organisation's agents who may see a chat of these groups."""
    numbers = set(group_numbers)
    agents = Agent.objects.filter(organization_id=organization_id)
    if GENERAL_GROUP not in numbers:
        agents = agents.filter(memberships__group__number__in=numbers).distinct()
    return list(agents)
