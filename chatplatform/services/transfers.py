"""Handing a running chat to other agents or groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from chatplatform.domain_events import tell
from chatplatform.errors import (
    AgentOffline,
    GroupNotFound,
    GroupsOffline,
    MissingAccess,
    ProtocolError,
)
from chatplatform.models import Agent, Chat, Group, Organization, Thread
from chatplatform.requester import AgentRequester
from chatplatform.selectors import groups, people
from chatplatform.selectors.routing_rules import RoutingRules, rules_of
from chatplatform.selectors.slots import Slot, choose, connected_agents
from chatplatform.services import (
    access,
    events,
    flags,
    listings,
    participants,
    routing,
    routing_messages,
)
from chatplatform.services.routing import Handover


@dataclass(frozen=True, slots=True)
class ToAgents:
    """Hand the chat to one of these agents, by public id."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToGroups:
    """Hand the chat to the agents of these groups, who alone may see it from then on."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where a transfer leads: the groups that may see the chat, the agent if one takes it at once.

    ``names`` is what people call the target. ``refusal`` is raised when nobody takes the chat at
    once and it may not wait.
    """

    group_ids: list[int]
    names: str
    agent: Agent | None
    refusal: type[ProtocolError]


def transfer_chat(
    requester: AgentRequester,
    chat_id: str,
    target: ToAgents | ToGroups | None,
    *,
    ignore_agents_availability: bool = False,
    ignore_requester_presence: bool = False,
) -> None:
    """Let the active thread go from those who talk in it to ``target``; None: whoever is free.

    An agent who is named gets the chat as long as they are connected; groups give it to whom the
    router would ask, other than those who have it now. Unless ``ignore_agents_availability``, in
    which case the chat waits then, raise :class:`AgentOffline` or :class:`GroupsOffline` when
    nobody takes it at once. Raise :class:`ChatInactive`, ``Authorization`` (the requester is not
    in the chat), ``NotFound``, :class:`GroupNotFound`, :class:`MissingAccess` (an agent named may
    not see the chat), and :class:`GroupsOffline` when the queue is off or full. Tells the system
    message, ``UserRemovedFromChat``, ``UserAddedToChat``, ``ChatOpened``, ``ChatTransferred`` and
    ``ChatAccessUpdated``. A chat whose one talking agent is named stays as it is.
    """
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        chat = participants.running_chat(
            requester, chat_id, ignore_requester_presence=ignore_requester_presence
        )
        thread = Thread.objects.select_for_update().get(id=chat.active_thread_id)
        rules = rules_of(organization.id)
        plan = _plan(organization, rules, chat, thread, target)
        if plan.agent is not None and participants.talking_agents(chat) == [plan.agent.public_id]:
            return
        if plan.agent is None:
            _check_may_wait(organization, rules, thread, plan, ignore_agents_availability)
        _transfer(requester, rules, chat, thread, plan)
        chat.save()
        listings.follow(chat)
    routing.settle_after_commit(requester.organization_id)


def _plan(
    organization: Organization,
    rules: RoutingRules,
    chat: Chat,
    thread: Thread,
    target: ToAgents | ToGroups | None,
) -> _Plan:
    if isinstance(target, ToAgents):
        return _plan_for_agents(organization, chat, target.ids)
    numbers = list(target.numbers) if target is not None else list(chat.group_ids)
    names = _group_names(organization, numbers)
    claim = routing.claim_of(rules, chat, thread, numbers)
    slots = routing.accepting_agents(organization.id, rules)
    slot = claim.choice(slots, but=participants.talking_agents(chat))
    return _Plan(numbers, names, slot.agent if slot else None, GroupsOffline)


def _plan_for_agents(organization: Organization, chat: Chat, ids: Sequence[str]) -> _Plan:
    agents = [people.agent_by_public_id(organization.id, one) for one in ids]
    slots = {slot.agent.public_id: slot for slot in connected_agents(organization.id)}
    for agent in agents:
        if agent.public_id not in chat.participants and not groups.may_see(agent, chat.group_ids):
            raise MissingAccess
    named = [slots[agent.public_id] for agent in agents if agent.public_id in slots]
    slot = choose(named, chat.group_ids) or min(named, key=_reluctance, default=None)
    names = ", ".join(agent.name for agent in agents)
    return _Plan(list(chat.group_ids), names, slot.agent if slot else None, AgentOffline)


def _reluctance(slot: Slot) -> tuple[bool, int, int]:
    return not slot.accepting, slot.load, slot.agent.pk


def _group_names(organization: Organization, numbers: Sequence[int]) -> str:
    groups = Group.objects.filter(organization=organization, number__in=numbers)
    names = dict(groups.values_list("number", "name"))
    if names.keys() != set(numbers):
        raise GroupNotFound
    return ", ".join(names[number] for number in numbers)


def _check_may_wait(
    organization: Organization,
    rules: RoutingRules,
    thread: Thread,
    plan: _Plan,
    ignore_agents_availability: bool,
) -> None:
    if not ignore_agents_availability:
        raise plan.refusal
    waits = thread.queued_at is not None
    continuous = bool(flags.of(thread).get("continuous"))
    if not waits and not routing.queue_has_room(
        organization, rules, plan.group_ids, continuous=continuous
    ):
        raise GroupsOffline("The queue is off or full")


def _transfer(
    requester: AgentRequester, rules: RoutingRules, chat: Chat, thread: Thread, plan: _Plan
) -> None:
    leaving = [one for one in participants.talking_agents(chat) if one != _id(plan.agent)]
    message = events.system_message(
        "chat_transferred",
        "%initiator% transferred the chat to %targets%",
        initiator=requester.name,
        targets=plan.names,
    )
    seen_by = participants.as_seen(chat, requester, "all")
    tell(events.add(chat, replace(message, visibility=seen_by)))
    for agent_id in leaving:
        participants.remove_agent(chat, agent_id, reason="manual", requester=requester)
    before = access.give(chat, thread, plan.group_ids)
    how = Handover(
        reason="manual",
        added="manual",
        requester=requester,
        transferred_from={"group_ids": before, "agent_ids": leaving},
        old_group_ids=tuple(before),
    )
    if plan.agent is not None:
        routing.hand_over(chat, thread, plan.agent, how)
    else:
        routing.wait(rules, chat, thread, how)
    access.tell_changed(chat, before)


def _id(agent: Agent | None) -> str:
    return agent.public_id if agent is not None else ""


def replace_silent_agents(organization: Organization, chat: Chat, minutes: int) -> bool:
    """Give the active thread of a locked ``chat`` to another agent: its own have not replied.

    ``organization`` is locked. Return whether somebody was free; nothing changes otherwise. The
    caller saves the chat. Tells as :func:`transfer_chat`, with the reason ``inactive``.
    """
    thread = Thread.objects.select_for_update().get(id=chat.active_thread_id)
    rules = rules_of(organization.id)
    leaving = participants.talking_agents(chat)
    slots = routing.accepting_agents(organization.id, rules)
    slot = routing.claim_of(rules, chat, thread).choice(slots, but=leaving)
    if slot is None:
        return False
    names = ", ".join(
        Agent.objects.filter(organization=organization, public_id__in=leaving)
        .order_by("name")
        .values_list("name", flat=True)
    )
    tell(events.add(chat, routing_messages.unanswered(names, slot.agent, minutes)))
    for agent_id in leaving:
        participants.remove_agent(chat, agent_id, reason="inactive")
    came_from = {"group_ids": list(chat.group_ids), "agent_ids": leaving}
    how = Handover(reason="inactive", transferred_from=came_from)
    routing.hand_over(chat, thread, slot.agent, how)
    return True
