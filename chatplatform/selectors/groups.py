"""Reading groups and their agents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from chatplatform.errors import GroupNotFound
from chatplatform.models import Agent, Chat, Group, GroupMember, Organization
from chatplatform.models.groups import GENERAL_GROUP, GroupPriority
from chatplatform.models.people import AgentRole
from chatplatform.records import Record


def access_group(organization: Organization, number: int) -> Group:
    """Return the organisation's group; raise :class:`GroupNotFound`. One read."""
    group = Group.objects.filter(organization=organization, number=number).first()
    if group is None:
        raise GroupNotFound
    group.organization = organization
    return group


def group_numbers_of(agent_id: int) -> frozenset[int]:
    """Return the numbers of an agent's groups, General included. One indexed read."""
    numbers = GroupMember.objects.filter(agent_id=agent_id).values_list("group__number", flat=True)
    return frozenset({GENERAL_GROUP, *numbers})


def group_numbers_by_agent(agents: Iterable[Agent]) -> dict[str, list[int]]:
    """Return the numbers of each agent's groups, General included, by public id. One read."""
    found = {agent.pk: (agent.public_id, {GENERAL_GROUP}) for agent in agents}
    rows = GroupMember.objects.filter(agent_id__in=found).values_list("agent_id", "group__number")
    for agent_id, number in rows:
        found[agent_id][1].add(number)
    return {public_id: sorted(numbers) for public_id, numbers in found.values()}


def places_of(agent: Agent) -> list[Record]:
    """Return the groups an agent was put into as ``{id, priority}``, in order. One read.

    A bot's place without a priority of its own shows the bot's default.
    """
    rows = agent.memberships.order_by("group__number").values_list("group__number", "priority")
    default = agent.bot.default_group_priority if agent.kind == Agent.Kind.BOT else ""
    return [{"id": number, "priority": priority or default} for number, priority in rows]


def groups_of(organization_id: UUID) -> list[Group]:
    """Return the organisation's groups by number. One read."""
    return list(Group.objects.filter(organization_id=organization_id).order_by("number"))


def agent_priorities(group: Group) -> dict[str, str]:
    """Return the priorities of a group's agents by their ids, in order. At most two reads."""
    return priorities_by_group([group])[group.number]


def priorities_by_group(groups: Sequence[Group]) -> dict[int, dict[str, str]]:
    """Return these for every one of an organisation's ``groups``. At most two reads.

    General has every agent, with the priority routing goes by where none was set.
    """
    numbers = {group.pk: group.number for group in groups}
    found: dict[int, dict[str, str]] = {number: {} for number in numbers.values()}
    for general in (group for group in groups if group.number == GENERAL_GROUP):
        everybody = Agent.objects.filter(organization_id=general.organization_id)
        for agent_id, of_bot in everybody.values_list("public_id", "bot__default_group_priority"):
            found[GENERAL_GROUP][agent_id] = of_bot or GroupPriority.NORMAL.value
    # Plain values: a licence may have a hundred thousand places.
    rows = GroupMember.objects.filter(group_id__in=numbers).values_list(
        "group_id", "agent__public_id", "priority", "agent__bot__default_group_priority"
    )
    for group_key, agent_id, priority, of_bot in rows:
        found[numbers[group_key]][agent_id] = priority or of_bot
    return {number: dict(sorted(priorities.items())) for number, priorities in found.items()}


def existing_numbers(organization_id: UUID, numbers: Iterable[int]) -> frozenset[int]:
    """Return those of ``numbers`` that are groups of the organisation."""
    found = Group.objects.filter(organization_id=organization_id, number__in=set(numbers))
    return frozenset(found.values_list("number", flat=True))


def check_existing(organization_id: UUID, numbers: Iterable[int]) -> None:
    """Raise :class:`GroupNotFound` unless all of ``numbers`` are the organisation's groups."""
    wanted = set(numbers)
    if wanted - existing_numbers(organization_id, wanted):
        raise GroupNotFound


def agents_with_access(organization_id: UUID, group_numbers: Iterable[int]) -> list[Agent]:
    """Return the organisation's agents who may see a chat of these groups."""
    numbers = set(group_numbers)
    agents = Agent.objects.filter(organization_id=organization_id)
    if GENERAL_GROUP not in numbers:
        agents = agents.filter(memberships__group__number__in=numbers).distinct()
    return list(agents)


def without_access(chat: Chat) -> list[str]:
    """Return the chat's followers who may not see it: by no group, taking part or role.

    Administrators' tokens may open every chat, so that they are not cut off here.
    """
    if GENERAL_GROUP in chat.group_ids or not chat.followers:
        return []
    agents = Agent.objects.filter(
        organization_id=chat.organization_id, public_id__in=chat.followers
    )
    welcome = agents.exclude(role=AgentRole.NORMAL) | agents.filter(
        memberships__group__number__in=chat.group_ids
    )
    seeing = {*welcome.values_list("public_id", flat=True), *chat.participants}
    return [one for one in chat.followers if one not in seeing]


def may_see(agent: Agent, group_numbers: Iterable[int]) -> bool:
    """Tell whether a group of the agent's may see a chat of these groups. One read."""
    return not group_numbers_of(agent.pk).isdisjoint(group_numbers)
