"""Assignment, the queue and group statuses.

All decisions of one organisation are taken under its row's lock, so that an agent's limit holds
and positions stay 1..n whatever runs in parallel. Lock order: organisation → chat → thread. What a
decision costs grows with the agents and with those who wait, never with history.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db import transaction

from chatplatform import clock, limits
from chatplatform.domain_events import caused_by, tell
from chatplatform.domain_events.chats import ChatTransferred
from chatplatform.domain_events.routing import (
    GroupsStatusUpdated,
    GroupStatusUpdated,
    QueuePositionsUpdated,
    QueuePositionUpdated,
    RoutingStatusSet,
)
from chatplatform.errors import GroupOffline, GroupsOffline, GroupUnavailable
from chatplatform.models import Agent, Chat, ChatListing, Group, Organization, Thread
from chatplatform.models.people import RoutingStatus
from chatplatform.records import Record, queue_record
from chatplatform.requester import Requester
from chatplatform.selectors import people, queue
from chatplatform.selectors.routing_rules import RoutingRules, rules_of
from chatplatform.selectors.slots import Slot, choose, connected_agents, serves
from chatplatform.services import (
    changes,
    events,
    flags,
    listings,
    participants,
    threads,
    webhook_listeners,
)
from chatplatform.services import routing_messages as messages


@dataclass(frozen=True, slots=True)
class Claim:
    """What a thread asks of the router.

    ``automatic`` False: agents pick it themselves. ``recent`` is the agent to ask before others.
    """

    group_ids: tuple[int, ...]
    automatic: bool
    bots: bool
    recent: str

    def choice(self, slots: Iterable[Slot], *, but: Collection[str] = ()) -> Slot | None:
        """Return the free agent to ask first; None where there is none or none may be asked."""
        if not self.automatic:
            return None
        return choose(slots, self.group_ids, bots=self.bots, recent=self.recent, but=but)


def lock_organization(organization_id: UUID) -> Organization:
    """Return the organisation with its row locked until commit. The first lock of any service."""
    return Organization.objects.select_for_update(no_key=True).get(id=organization_id)


def accepting_agents(organization_id: UUID, rules: RoutingRules | None = None) -> list[Slot]:
    """Return every agent who accepts chats now, with groups and load. At most six reads."""
    most = (rules or rules_of(organization_id)).chats_per_agent()
    slots = connected_agents(organization_id, most_chats=most, accepting_only=True)
    return [slot for slot in slots if slot.accepting]


def claim_of(
    rules: RoutingRules, chat: Chat, thread: Thread, group_ids: Sequence[int] | None = None
) -> Claim:
    """Return what ``thread`` asks of the router, of agents of ``group_ids`` or else of its own.

    One read where recent agents are preferred.
    """
    groups = tuple(thread.group_ids if group_ids is None else group_ids)
    by_hand = rules.by_hand(groups) or flags.of(chat).get("ignore_agents_routing")
    recent = ""
    if not by_hand and rules.of_license("prefer_recent_agent", False):
        recent = _recent_agent(chat, thread)
    return Claim(
        group_ids=groups,
        automatic=not by_hand,
        bots=not flags.of(thread).get("ignore_bots"),
        recent=recent,
    )


def _recent_agent(chat: Chat, thread: Thread) -> str:
    """Return who talked with the customer last, before this thread; empty for nobody."""
    before = Thread.objects.filter(chat_id=chat.id, number=thread.number - 1).first()
    for user_id in reversed(before.user_ids if before else []):
        participant = chat.participants.get(user_id)
        if participant and participant["type"] == "agent" and participant["visibility"] == "all":
            return str(user_id)
    return ""


def predict_agent(organization_id: UUID, number: int) -> tuple[Agent, bool]:
    """Return who would answer in a group now, and whether one would have to wait first.

    Raise :class:`GroupOffline` when nobody accepts chats there, :class:`GroupUnavailable` where
    agents pick chats by hand.
    """
    rules = rules_of(organization_id)
    slots = accepting_agents(organization_id, rules)
    serving = [one for one in slots if one.rank([number]) is not None]
    if not serving:
        raise GroupOffline
    if rules.by_hand([number]):
        raise GroupUnavailable
    slot = choose(slots, [number])
    if slot is not None:
        return slot.agent, False
    return min(serving, key=lambda one: (one.rank([number]), one.agent.pk)).agent, True


def route_new_thread(
    organization: Organization, chat: Chat, thread: Thread, *, continuous: bool
) -> None:
    """Give a starting thread an agent or a place in the queue; the caller saves and tells.

    ``organization`` is locked. Raise :class:`GroupsOffline` when nobody accepts chats and the
    chat is not continuous, or when the queue is off or full.
    """
    rules = rules_of(organization.id)
    slots = accepting_agents(organization.id, rules)
    slot = claim_of(rules, chat, thread).choice(slots)
    if slot is not None:
        participants.seat_agent(chat, slot.agent)
        participants.join_thread(thread, slot.agent.public_id)
        flags.follow(chat, {"unassigned": False})
        return
    if not continuous and not serves(slots, chat.group_ids):
        raise GroupsOffline
    if not queue_has_room(organization, rules, chat.group_ids, continuous=continuous):
        raise GroupsOffline("The queue is full")
    flags.follow(chat, threads.enqueue(thread))
    thread.queue_position = _places_before(rules, thread) + 1


def queue_has_room(
    organization: Organization,
    rules: RoutingRules,
    group_ids: Collection[int],
    *,
    continuous: bool,
) -> bool:
    """Tell whether one more thread of the groups may wait. One read.

    A queue that was full opens again at its threshold. Chats that agents pick by hand may always
    wait, as long as the queue is not full: there is no other way to them.
    """
    if not rules.queues(group_ids) and not rules.by_hand(group_ids):
        return False
    limit = queue_limit(rules)
    if continuous:
        limit = max(limit, _places(rules, "queue_continuous"))
    elif rules.queue_is_closed(group_ids):
        return False
    return queue.length(organization.id) < limit


def queue_limit(rules: RoutingRules) -> int:
    """Return how many threads may wait, not counting continuous ones.

    It is what the licence has (``limits.queue``), or less where ``queue.limit`` says so.
    """
    most = _places(rules, "queue")
    return min(most, int(rules.of_license("queue.limit", most)))


def _places(rules: RoutingRules, name: str) -> int:
    most = limits.limit(rules.license, name)
    return sys.maxsize if most == limits.UNLIMITED else most


def _places_before(rules: RoutingRules, thread: Thread) -> int:
    turn, mine = rules.turn(thread), set(thread.group_ids)
    return sum(
        1
        for other in queue.waiting_threads(thread.organization_id)
        if other.id != thread.id and mine & set(other.group_ids) and rules.turn(other) < turn
    )


def settle_after_commit(organization_id: UUID) -> None:
    """Settle once the open transaction has committed; a failure there is only logged.

    Timers settle again soon, so that a process dying in between delays a chat by seconds.
    """
    transaction.on_commit(lambda: settle(organization_id), robust=True)


@caused_by(None)
def settle(organization_id: UUID) -> None:
    """Hand waiting threads to free agents, then renumber the queue and refresh group statuses.

    One transaction under the organisation's lock. Tells what changed, as the system's own doing,
    whoever's call gave occasion to it.
    """
    with transaction.atomic():
        organization = lock_organization(organization_id)
        rules = rules_of(organization_id)
        slots = accepting_agents(organization_id, rules)
        waiting = sorted(queue.waiting_threads(organization_id), key=rules.turn)
        left = [thread for thread in waiting if not _assign_waiting(rules, slots, thread)]
        _renumber(organization_id, left)
        _refresh_group_statuses(organization, rules, slots, len(left))


def _assign_waiting(rules: RoutingRules, slots: list[Slot], thread: Thread) -> bool:
    if choose(slots, thread.group_ids) is None:
        return False
    slot = claim_of(rules, thread.chat, thread).choice(slots)
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
    hand_over(chat, thread, slot.agent, Handover(reason=reason))
    slot.load += 1


@dataclass(frozen=True, slots=True)
class Handover:
    """Why a thread changes hands, and what changes with it.

    ``reason`` is told of the transfer, ``added`` of the agent who joins; ``requester`` is who did
    it by hand. ``transferred_from`` is ``{group_ids, agent_ids}`` of a transfer, told to who gets
    the chat. ``old_group_ids`` are the groups that could see it before, where they are others now:
    agents who gain access are shown the whole chat.
    """

    reason: str
    added: str = "assigned"
    requester: Requester | None = None
    transferred_from: Record = field(default_factory=dict)
    old_group_ids: tuple[int, ...] | None = None


def hand_over(chat: Chat, thread: Thread, agent: Agent, how: Handover) -> None:
    """Let ``agent`` take over the running ``thread`` (saved here) of a locked ``chat``.

    One who talks in it already is neither added nor shown the chat. The caller saves the chat.
    """
    changed = threads.leave_queue(thread) | _note_transfer(thread)
    thread.save()
    joins = agent.public_id not in participants.talking_agents(chat)
    if joins:
        participants.add_agent(
            chat,
            thread,
            agent,
            reason=how.added,
            requester=how.requester,
            group_ids=how.old_group_ids,
        )
    _show(chat, thread, [agent.public_id] if joins else [], how)
    _tell_transfer(chat, how, [agent.public_id])
    flags.tell_changed(chat, thread, changed)


def wait(rules: RoutingRules, chat: Chat, thread: Thread, how: Handover) -> None:
    """Let the running ``thread`` (saved here) of a locked ``chat`` wait for an agent.

    The caller saves the chat and settles.
    """
    changed = threads.enqueue(thread) | _note_transfer(thread)
    thread.queue_position = _places_before(rules, thread) + 1
    thread.save()
    if how.old_group_ids is not None:
        _show(chat, thread, [], how)
    _tell_transfer(chat, how, [], waiting=thread)
    flags.tell_changed(chat, thread, changed)


def _show(chat: Chat, thread: Thread, user_ids: list[str], how: Handover) -> None:
    participants.open_for(
        chat,
        thread,
        user_ids,
        requester=how.requester,
        transferred_from=how.transferred_from,
        old_group_ids=how.old_group_ids,
    )


def _note_transfer(thread: Thread) -> Record:
    return flags.put(thread, last_transfer_timestamp=int(clock.now().timestamp()))


def _tell_transfer(
    chat: Chat, how: Handover, agent_ids: list[str], *, waiting: Thread | None = None
) -> None:
    requester_id, requester_key = participants.named(chat, how.requester)
    changes.record(
        ChatTransferred,
        chat,
        group_ids=sorted({*chat.group_ids, *(how.old_group_ids or ())}),
        requester_id=requester_id,
        requester_key=requester_key,
        reason=how.reason,
        to_group_ids=list(chat.group_ids),
        to_agent_ids=agent_ids,
        queue=queue_record(waiting, 0) if waiting else {},
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


def _group_status(rules: RoutingRules, slots: Iterable[Slot], number: int, waiting: int) -> str:
    """Return a group's status in the customers' words (protocol.md 2.9)."""
    slots = list(slots)
    by_hand = rules.by_hand([number])
    if not by_hand and choose(slots, [number]) is not None:
        return "online"
    full = waiting >= queue_limit(rules) or rules.queue_is_closed([number])
    if serves(slots, [number]) and (rules.queues([number]) or by_hand) and not full:
        return "online_for_queue"
    return "offline"


def group_statuses(organization: Organization) -> dict[int, str]:
    """Return every group's status in the customers' words. At most eight reads."""
    rules = rules_of(organization.id)
    slots = accepting_agents(organization.id, rules)
    waiting = queue.length(organization.id)
    numbers = Group.objects.filter(organization=organization).order_by("number")
    return {
        number: _group_status(rules, slots, number, waiting)
        for number in numbers.values_list("number", flat=True)
    }


def in_agents_words(status: str) -> str:
    """Return a group's status as agents are told it, who know no queue."""
    return "offline" if status == "offline" else RoutingStatus.ACCEPTING.value


def _refresh_group_statuses(
    organization: Organization, rules: RoutingRules, slots: list[Slot], waiting: int
) -> None:
    groups = list(Group.objects.filter(organization=organization).order_by("number"))
    for group in groups:
        closed = _closes(rules, group, waiting)
        if closed is not group.queue_closed:
            group.queue_closed = closed
            group.save(update_fields=["queue_closed"])
    closed_ones = frozenset(group.number for group in groups if group.queue_closed)
    rules = replace(rules, closed=closed_ones)
    changed = []
    for group in groups:
        status = _group_status(rules, slots, group.number, waiting)
        if status == group.shown_status:
            continue
        group.shown_status = status
        group.save(update_fields=["shown_status"])
        changed.append({"id": group.number, "status": in_agents_words(status)})
        tell(
            GroupStatusUpdated(
                organization_id=str(organization.id), group_id=group.number, status=status
            )
        )
    if changed:
        tell(GroupsStatusUpdated(organization_id=str(organization.id), groups=changed))


def _closes(rules: RoutingRules, group: Group, waiting: int) -> bool:
    """Tell whether a group's queue is closed now: full, or not short enough again since it was."""
    limit = queue_limit(rules)
    if waiting >= limit:
        return True
    return group.queue_closed and waiting > rules.reopens_at(group.number, limit)


@caused_by(None)
def release_agent(organization: Organization, agent: Agent, reason: str) -> None:
    """Hand on every running chat of ``agent``, who is gone for ``reason``.

    ``organization`` is locked; ``reason`` is one of the routing reasons of protocol.md 2.6
    (``disconnected``, ``signed_out``, …). Each chat goes to another agent, else into the queue,
    else it closes; a system message says which. All of it is the system's own doing.
    """
    held = ChatListing.objects.filter(
        organization=organization,
        reader=f"a:{agent.public_id}",
        active=True,
        chat__active_thread_id__isnull=False,
    ).order_by("chat_id")
    rules = rules_of(organization.id)
    slots = [s for s in accepting_agents(organization.id, rules) if s.agent.pk != agent.pk]
    for chat_id in list(held.values_list("chat_id", flat=True)):
        chat = Chat.objects.select_for_update(of=("self",)).filter(id=chat_id).first()
        if chat is None or chat.active_thread_id is None:
            continue  # deleted or closed meanwhile, which the organisation's lock does not prevent
        participant = chat.participants.get(agent.public_id)
        if participant is not None and participant["present"]:
            _hand_on(organization, rules, chat, agent, slots, reason)


def _hand_on(
    organization: Organization,
    rules: RoutingRules,
    chat: Chat,
    agent: Agent,
    slots: list[Slot],
    reason: str,
) -> None:
    talked = chat.participants[agent.public_id]["visibility"] == "all"
    participants.remove_agent(chat, agent.public_id, reason=messages.told_as(reason))
    if talked and chat.customer_id is not None and not participants.talking_agents(chat):
        thread = Thread.objects.select_for_update().get(id=chat.active_thread_id)
        slot = claim_of(rules, chat, thread).choice(slots)
        if slot is not None:
            tell(events.add(chat, messages.moved(agent, slot.agent, reason)))
            assign(chat, thread, slot, reason="assigned")
        elif _may_wait(organization, rules, chat, thread):
            tell(events.add(chat, messages.queued(agent, reason)))
            wait(rules, chat, thread, Handover(reason="unassigned"))
        else:
            threads.close(chat, messages.closed(agent, reason))
    chat.save()
    listings.follow(chat)


def _may_wait(organization: Organization, rules: RoutingRules, chat: Chat, thread: Thread) -> bool:
    continuous = bool(flags.of(thread).get("continuous"))
    return queue_has_room(organization, rules, chat.group_ids, continuous=continuous)


@caused_by(None)
def leave_unattended(organization: Organization, chat: Chat, left: str = "") -> None:
    """Find another agent for a locked ``chat`` whose last talking agent, ``left``, has gone.

    Without one its active thread waits, or closes where it may not. Chats without a customer, or
    with another agent talking, stay as they are. What is done is told as the system's own doing.
    The caller saves the chat and settles.
    """
    if chat.customer_id is None or participants.talking_agents(chat):
        return
    thread = Thread.objects.select_for_update().get(id=chat.active_thread_id)
    if thread.queued_at is not None:
        return
    rules = rules_of(organization.id)
    slots = accepting_agents(organization.id, rules)
    slot = claim_of(rules, chat, thread).choice(slots, but={left})
    if slot is not None:
        tell(events.add(chat, messages.reassigned(slot.agent)))
        assign(chat, thread, slot, reason="other")
    elif _may_wait(organization, rules, chat, thread):
        tell(events.add(chat, messages.unassigned()))
        wait(rules, chat, thread, Handover(reason="unassigned"))
    else:
        threads.close(chat, messages.abandoned())


def set_status(agent: Agent, status: str) -> None:
    """Store an agent's chosen status; the organisation is locked by the caller.

    Tells the shown one where that changed: it does not while the agent is away. Whether a bot is
    offline decides which webhooks listen.
    """
    attentive = people.attention(agent.organization_id, [agent.public_id]).get(agent.public_id)
    before = people.shown_status(agent, attentive)
    comes_or_goes = (status == RoutingStatus.OFFLINE) is not (
        agent.routing_status == RoutingStatus.OFFLINE
    )
    agent.routing_status = status
    agent.save(update_fields=["routing_status"])
    if comes_or_goes and agent.kind == Agent.Kind.BOT:
        webhook_listeners.refresh(agent.bot.owner, agent.organization_id)
    shown = people.shown_status(agent, attentive)
    if shown != before:
        tell_status(agent, shown)


def tell_status(agent: Agent, shown: str) -> None:
    """Tell ``RoutingStatusSet``: ``shown`` is what others see of an agent from now on."""
    tell(
        RoutingStatusSet(
            organization_id=str(agent.organization_id),
            agent_id=agent.public_id,
            status=shown,
            is_bot=agent.kind == Agent.Kind.BOT,
        )
    )
