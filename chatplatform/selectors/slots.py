"""Which agents could take a chat, and whom to ask first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count

from chatplatform.models import Agent, ChatListing, GroupMember
from chatplatform.models.groups import GENERAL_GROUP, GroupPriority
from chatplatform.models.people import RoutingStatus
from chatplatform.selectors import people

_RANK = {GroupPriority.FIRST: 0, GroupPriority.NORMAL: 1, GroupPriority.LAST: 2}


@dataclass(slots=True)
class Slot:
    """A connected agent: shown status, priority by group, running chats, and how many fit."""

    agent: Agent
    status: str
    limit: int
    priorities: dict[int, str] = field(default_factory=dict)
    load: int = 0

    @property
    def default_priority(self) -> str:
        """Holds in General, and wherever a bot has no priority of its own."""
        if self.agent.kind == Agent.Kind.BOT:
            return self.agent.bot.default_group_priority
        return GroupPriority.NORMAL

    @property
    def accepting(self) -> bool:
        """Whether the router may ask this agent."""
        return self.status == RoutingStatus.ACCEPTING

    @property
    def free(self) -> bool:
        """Whether one more chat fits."""
        return self.load < self.limit

    def rank(self, group_ids: Iterable[int]) -> int | None:
        """Return how early this agent is asked for a chat of the groups; None: never."""
        ranks = []
        for number in group_ids:
            priority = self.priorities.get(number)
            if priority == "" or (priority is None and number == GENERAL_GROUP):
                priority = self.default_priority
            if priority is not None and priority != GroupPriority.SUPERVISOR:
                ranks.append(_RANK[GroupPriority(priority)])
        return min(ranks, default=None)

    def sees(self, group_ids: Iterable[int]) -> bool:
        """Tell whether a group of the agent's may see a chat of ``group_ids``."""
        return any(number == GENERAL_GROUP or number in self.priorities for number in group_ids)


def connected_agents(
    organization_id: UUID, *, most_chats: int | None = None, accepting_only: bool = False
) -> list[Slot]:
    """Return every agent and bot who is not offline, with groups and load. Four reads.

    ``most_chats`` lowers every agent's limit to that of the licence.
    """
    agents = Agent.objects.filter(
        organization_id=organization_id, suspended=False, awaiting_approval=False
    )
    if accepting_only:
        agents = agents.filter(routing_status=RoutingStatus.ACCEPTING)
    chosen = list(agents.select_related("bot").order_by("id"))
    attentive = people.attention(organization_id, [agent.public_id for agent in chosen])
    slots = {}
    for agent in chosen:
        status = people.shown_status(agent, attentive.get(agent.public_id))
        if status != RoutingStatus.OFFLINE:
            limit = agent.max_chats_count
            slots[agent.pk] = Slot(agent, status, min(limit, most_chats or limit))
    memberships = GroupMember.objects.filter(agent_id__in=slots).select_related("group")
    for membership in memberships:
        slots[membership.agent_id].priorities[membership.group.number] = membership.priority
    running = running_chats(organization_id, [slot.agent.public_id for slot in slots.values()])
    for slot in slots.values():
        slot.load = running.get(slot.agent.public_id, 0)
    return list(slots.values())


def running_chats(organization_id: UUID, public_ids: Iterable[str]) -> dict[str, int]:
    """Return how many running chats with a customer agents talk in; zeros are left out."""
    readers = {f"a:{public_id}": public_id for public_id in public_ids}
    loads = (
        ChatListing.objects.filter(
            organization_id=organization_id, reader__in=readers, active=True, present=True
        )
        .filter(chat__customer__isnull=False)
        .values_list("reader")
        .annotate(load=Count("id"))
    )
    return {readers[reader]: load for reader, load in loads}


def choose(
    slots: Iterable[Slot],
    group_ids: Iterable[int],
    *,
    bots: bool = True,
    recent: str = "",
    but: Collection[str] = (),
) -> Slot | None:
    """Return the free agent to ask first: by priority, then the fewest running chats.

    ``recent`` (a public id) is asked before all others. ``but`` are not asked, nor are bots
    unless they may be.
    """
    groups = list(group_ids)
    ranked = [
        ((slot.agent.public_id != recent, rank, slot.load, slot.agent.pk), slot)
        for slot in slots
        if slot.accepting
        and slot.free
        and (bots or slot.agent.kind != Agent.Kind.BOT)
        and slot.agent.public_id not in but
        and (rank := slot.rank(groups)) is not None
    ]
    return min(ranked, key=lambda item: item[0])[1] if ranked else None


def serves(slots: Iterable[Slot], group_ids: Iterable[int]) -> bool:
    """Tell whether any agent accepts chats of the groups, free or not."""
    groups = list(group_ids)
    return any(slot.accepting and slot.rank(groups) is not None for slot in slots)
