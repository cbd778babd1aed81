"""Assignment, the queue and group statuses.

All decisions of one organisation are taken under its row's lock, so that an agent's limit holds
and positions stay 1..n whatever runs in parallel. Lock order: organisation → chat → thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from chatplatform.domain_events import (
    ChatTransferred,
    GroupsStatusUpdated,
    GroupStatusUpdated,
    QueuePositionsUpdated,
    QueuePositionUpdated,
    RoutingStatusSet,
    tell,
)
from chatplatform.errors import GroupOffline, GroupsOffline
from chatplatform.models import Agent, Chat, ChatListing, Group, GroupMember, Organization, Thread
from chatplatform.models.groups import GENERAL_GROUP, GroupPriority
from chatplatform.models.people import RoutingStatus
from chatplatform.properties import license_value
from chatplatform.records import Record, queue_record
from chatplatform.selectors import people, queue
from chatplatform.services import changes, events, listings, participants, threads

QUEUE_LIMIT = 100
QUEUE_LIMIT_CONTINUOUS = 150

_RANK = {GroupPriority.FIRST: 0, GroupPriority.NORMAL: 1, GroupPriority.LAST: 2}


@dataclass(slots=True)
class Slot:
    """An accepting agent: priority by group, running chats, and how many fit."""

    agent: Agent
    priorities: dict[int, str] = field(default_factory=dict)
    load: int = 0

    @property
    def free(self) -> bool:
        """Whether one more chat fits."""
        return self.load < self.agent.max_chats_count

    def rank(self, group_ids: Iterable[int]) -> int | None:
        """Return how early this agent is asked for a chat of the groups; None: never."""
        ranks = []
        for number in group_ids:
            priority = self.priorities.get(number)
            if priority is None and number == GENERAL_GROUP:
                priority = GroupPriority.NORMAL
            if priority is not None and priority != GroupPriority.SUPERVISOR:
                ranks.append(_RANK[GroupPriority(priority)])
        return min(ranks, default=None)


def lock_organization(organization_id: UUID) -> Organization:
    """Return the organisation with its row locked until commit. The first lock of any service."""
    return Organization.objects.select_for_update(no_key=True).get(id=organization_id)


def accepting_agents(organization_id: UUID) -> list[Slot]:
    """Return every agent who accepts chats now, with groups and load. Four reads."""
    chosen = list(
        Agent.objects.filter(
            organization_id=organization_id,
            routing_status=RoutingStatus.ACCEPTING,
            suspended=False,
            awaiting_approval=False,
        ).order_by("id")
    )
    attentive = people.attention(organization_id, [agent.public_id for agent in chosen])
    slots = {
        agent.pk: Slot(agent)
        for agent in chosen
        if people.shown_status(agent, attentive.get(agent.public_id)) == RoutingStatus.ACCEPTING
    }
    memberships = GroupMember.objects.filter(agent_id__in=slots).select_related("group")
    for membership in memberships:
        slots[membership.agent_id].priorities[membership.group.number] = membership.priority
    readers = {f"a:{slot.agent.public_id}": slot for slot in slots.values()}
    loads = (
        ChatListing.objects.filter(
            organization_id=organization_id, reader__in=readers, active=True, present=True
        )
        .filter(chat__customer__isnull=False)
        .values_list("reader")
        .annotate(load=Count("id"))
    )
    for reader, load in loads:
        readers[reader].load = load
    return list(slots.values())


def choose(slots: Iterable[Slot], group_ids: Iterable[int]) -> Slot | None:
    """Return the free agent to ask first: by priority, then the fewest running chats."""
    groups = list(group_ids)
    ranked = [
        ((rank, slot.load, slot.agent.pk), slot)
        for slot in slots
        if slot.free and (rank := slot.rank(groups)) is not None
    ]
    return min(ranked, key=lambda item: item[0])[1] if ranked else None


def serves(slots: Iterable[Slot], group_ids: Iterable[int]) -> bool:
    """Tell whether any agent accepts chats of the groups, free or not."""
    groups = list(group_ids)
    return any(slot.rank(groups) is not None for slot in slots)


def predict_agent(organization_id: UUID, number: int) -> tuple[Agent, bool]:
    """Return who would answer in a group now, and whether one would have to wait first.

    Raise :class:`GroupOffline` when nobody accepts chats there.
    """
    slots = accepting_agents(organization_id)
    slot = choose(slots, [number])
    if slot is not None:
        return slot.agent, False
    serving = [one for one in slots if one.rank([number]) is not None]
    if not serving:
        raise GroupOffline
    return min(serving, key=lambda one: (one.rank([number]), one.agent.pk)).agent, True


def route_new_thread(
    organization: Organization, chat: Chat, thread: Thread, *, continuous: bool
) -> None:
    """Give a starting thread an agent or a place in the queue; the caller saves and tells.

    ``organization`` is locked. Raise :class:`GroupsOffline` when nobody accepts chats and the
    chat is not continuous, or when the queue is off or full.
    """
    slots = accepting_agents(organization.id)
    slot = choose(slots, chat.group_ids)
    if slot is not None:
        participants.seat_agent(chat, slot.agent)
        participants.join_thread(thread, slot.agent.public_id)
        threads.mark_unassigned(thread, False)
        return
    if not continuous and not serves(slots, chat.group_ids):
        raise GroupsOffline
    if not queue_has_room(organization, continuous=continuous):
        raise GroupsOffline("The queue is full")
    threads.enqueue(thread)
    thread.queue_position = _places_before(thread) + 1


def queue_has_room(organization: Organization, *, continuous: bool) -> bool:
    """Tell whether one more thread may wait."""
    if not license_value(organization.properties, "chats", "queue.enabled", True):
        return False
    limit = license_value(organization.properties, "chats", "queue.limit", QUEUE_LIMIT)
    if continuous:
        limit = max(limit, QUEUE_LIMIT_CONTINUOUS)
    waiting = Thread.objects.filter(organization=organization, queued_at__isnull=False).count()
    return bool(waiting < limit)


def _places_before(thread: Thread) -> int:
    waiting = Thread.objects.filter(
        organization_id=thread.organization_id, queued_at__isnull=False
    ).exclude(id=thread.id)
    mine = set(thread.group_ids)
    return sum(
        1 for group_ids in waiting.values_list("group_ids", flat=True) if mine & set(group_ids)
    )


def settle_after_commit(organization_id: UUID) -> None:
    """Settle once the open transaction has committed; a failure there is only logged.

    Timers settle again soon, so that a process dying in between delays a chat by seconds.
    """
    transaction.on_commit(lambda: settle(organization_id), robust=True)


def settle(organization_id: UUID) -> None:
    """Hand waiting threads to free agents, then renumber the queue and refresh group statuses.

    One transaction under the organisation's lock. Tells what changed.
    """
    with transaction.atomic():
        organization = lock_organization(organization_id)
        slots = accepting_agents(organization_id)
        waiting = queue.waiting_threads(organization_id)
        left = [thread for thread in waiting if not _assign_waiting(slots, thread)]
        _renumber(organization_id, left)
        _refresh_group_statuses(organization, slots)


def _assign_waiting(slots: list[Slot], thread: Thread) -> bool:
    slot = choose(slots, thread.group_ids)
    if slot is None:
        return False
    chat = Chat.objects.select_for_update(of=("self",)).get(id=thread.chat_id)
    thread.refresh_from_db()
    if thread.queued_at is None or not thread.active:
        return True
    assign(chat, thread, slot, reason="assigned")
    chat.save()
    listings.follow(chat)
    return True


def assign(chat: Chat, thread: Thread, slot: Slot, *, reason: str) -> None:
    """Give the running ``thread`` of a locked ``chat`` to ``slot``; the caller saves the chat."""
    threads.leave_queue(thread)
    thread.save()
    participants.add_agent(chat, thread, slot.agent, reason=reason)
    _tell_transfer(chat, reason, [slot.agent.public_id])
    participants.open_for(chat, thread, slot.agent.public_id)
    slot.load += 1


def _tell_transfer(
    chat: Chat, reason: str, agent_ids: list[str], thread: Thread | None = None
) -> None:
    changes.record(
        ChatTransferred,
        chat,
        requester_id="",
        reason=reason,
        to_group_ids=list(chat.group_ids),
        to_agent_ids=agent_ids,
        queue=queue_record(thread, 0) if thread else {},
    )


def _renumber(organization_id: UUID, waiting: list[Thread]) -> None:
    """Store and tell new places, to each set of groups its own: agents see only their queues.

    A thread that left the queue meanwhile keeps out of it: the write itself looks.
    """
    per_place = queue.wait_per_place(organization_id) if waiting else 0
    by_groups: dict[tuple[int, ...], list[Record]] = {}
    for index, thread in enumerate(waiting):
        mine = set(thread.group_ids)
        position = 1 + sum(1 for other in waiting[:index] if mine & set(other.group_ids))
        if thread.queue_position == position:
            continue
        still = Thread.objects.filter(id=thread.id, queued_at__isnull=False)
        if not still.update(queue_position=position):
            continue
        place = {"position": position, "wait_time": per_place * position}
        by_groups.setdefault(tuple(sorted(mine)), []).append(
            {"chat_id": thread.chat_id, "thread_id": thread.id, "queue": place}
        )
        if thread.chat.customer_id is not None:
            tell(
                QueuePositionUpdated(
                    organization_id=str(organization_id),
                    chat_id=thread.chat_id,
                    thread_id=thread.id,
                    customer_id=str(thread.chat.customer_id),
                    queue=place,
                )
            )
    for group_ids, entries in by_groups.items():
        tell(
            QueuePositionsUpdated(
                organization_id=str(organization_id), group_ids=list(group_ids), entries=entries
            )
        )


def group_status(organization: Organization, slots: Iterable[Slot], number: int) -> str:
    """Return a group's status in the customers' words (protocol.md 2.9)."""
    slots = list(slots)
    if choose(slots, [number]) is not None:
        return "online"
    queues = license_value(organization.properties, "chats", "queue.enabled", True)
    if serves(slots, [number]) and queues:
        return "online_for_queue"
    return "offline"


def group_statuses(organization: Organization) -> dict[int, str]:
    """Return every group's status in the customers' words. Five reads."""
    slots = accepting_agents(organization.id)
    numbers = Group.objects.filter(organization=organization).order_by("number")
    return {
        number: group_status(organization, slots, number)
        for number in numbers.values_list("number", flat=True)
    }


def _refresh_group_statuses(organization: Organization, slots: list[Slot]) -> None:
    changed = []
    for group in Group.objects.filter(organization=organization).order_by("number"):
        status = group_status(organization, slots, group.number)
        if status == group.shown_status:
            continue
        group.shown_status = status
        group.save(update_fields=["shown_status"])
        agents_word = "offline" if status == "offline" else RoutingStatus.ACCEPTING.value
        changed.append({"id": group.number, "status": agents_word})
        tell(
            GroupStatusUpdated(
                organization_id=str(organization.id), group_id=group.number, status=status
            )
        )
    if changed:
        tell(GroupsStatusUpdated(organization_id=str(organization.id), groups=changed))


def release_agent(organization: Organization, agent: Agent, reason: str) -> None:
    """Hand on every running chat of ``agent``, who is gone for ``reason``.

    ``organization`` is locked; ``reason`` is one of the routing reasons of protocol.md 2.6
    (``disconnected``, ``signed_out``, …). Each chat goes to another agent, else into the queue,
    else it closes; a system message says which.
    """
    held = ChatListing.objects.filter(
        organization=organization,
        reader=f"a:{agent.public_id}",
        active=True,
        chat__active_thread_id__isnull=False,
    ).order_by("chat_id")
    slots = [slot for slot in accepting_agents(organization.id) if slot.agent.pk != agent.pk]
    for chat_id in list(held.values_list("chat_id", flat=True)):
        chat = Chat.objects.select_for_update(of=("self",)).get(id=chat_id)
        participant = chat.participants.get(agent.public_id)
        if chat.active_thread_id is None or participant is None or not participant["present"]:
            continue
        _hand_on(organization, chat, agent, slots, reason)


def _has_talking_agent(chat: Chat) -> bool:
    return any(
        one["present"] and one["type"] == "agent" and one["visibility"] == "all"
        for one in chat.participants.values()
    )


def _hand_on(
    organization: Organization, chat: Chat, agent: Agent, slots: list[Slot], reason: str
) -> None:
    talked = chat.participants[agent.public_id]["visibility"] == "all"
    participants.remove_agent(chat, agent.public_id, reason=reason)
    if talked and chat.customer_id is not None and not _has_talking_agent(chat):
        thread = Thread.objects.get(id=chat.active_thread_id)
        slot = choose(slots, chat.group_ids)
        if slot is not None:
            tell(events.add(chat, _moved(agent, slot.agent, reason)))
            assign(chat, thread, slot, reason="assigned")
        elif queue_has_room(organization, continuous=_is_continuous(thread)):
            tell(events.add(chat, _queued(agent, reason)))
            _wait(chat, thread)
        else:
            threads.close(chat, _closed(agent, reason))
    chat.save()
    listings.follow(chat)


def _is_continuous(thread: Thread) -> bool:
    return bool(thread.properties.get("routing", {}).get("continuous"))


def _wait(chat: Chat, thread: Thread) -> None:
    threads.enqueue(thread)
    thread.queue_position = _places_before(thread) + 1
    thread.save()
    _tell_transfer(chat, "unassigned", [], thread)


def leave_unattended(organization: Organization, chat: Chat) -> None:
    """Queue the active thread of a locked ``chat`` whose last talking agent left, or close it.

    Chats without a customer, or with another agent talking, stay as they are. The caller saves
    the chat and settles.
    """
    if chat.customer_id is None or _has_talking_agent(chat):
        return
    thread = Thread.objects.select_for_update().get(id=chat.active_thread_id)
    if queue_has_room(organization, continuous=_is_continuous(thread)):
        tell(
            events.add(
                chat, events.system_message("routing.unassigned_other", "Chat is unassigned")
            )
        )
        _wait(chat, thread)
    else:
        threads.close(chat, events.system_message("routing.archived_other", "The chat was closed"))


_BECAUSE = {
    "deleted": "%{0}% account had been deleted",
    "disconnected": "%{0}% had lost internet connection",
    "remotely_signed_out": "%{0}% had been remotely signed out",
    "signed_out": "%{0}% had signed out",
}


def _moved(agent: Agent, to: Agent, reason: str) -> events.Draft:
    because = _BECAUSE[reason].format("agent_removed")
    return events.system_message(
        f"routing.assigned_{reason}",
        f"Chat assigned to %agent_added% because {because}",
        agent_added=to.name,
        agent_removed=agent.name,
    )


def _queued(agent: Agent, reason: str) -> events.Draft:
    because = _BECAUSE[reason].format("agent")
    return events.system_message(
        f"routing.unassigned_{reason}", f"Customer was queued because {because}", agent=agent.name
    )


def _closed(agent: Agent, reason: str) -> events.Draft:
    because = _BECAUSE[reason].format("agent")
    return events.system_message(
        f"routing.archived_{reason}", f"The chat was closed because {because}", agent=agent.name
    )


def set_status(agent: Agent, status: str) -> None:
    """Store an agent's chosen status and tell it; the organisation is locked by the caller."""
    if agent.routing_status == status:
        return
    agent.routing_status = status
    agent.save(update_fields=["routing_status"])
    tell(
        RoutingStatusSet(
            organization_id=str(agent.organization_id), agent_id=agent.public_id, status=status
        )
    )
