"""Starting, resuming, closing and following chats, and changing who takes part.

Lock order everywhere: organisation → customer → chat → thread, held until commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db import IntegrityError, transaction
from django.db.models import F

from chatplatform import clock
from chatplatform.domain_events import tell
from chatplatform.domain_events.chats import ChatStarted, ChatUnfollowed
from chatplatform.domain_events.events import EventsMarkedAsSeen
from chatplatform.errors import (
    AgentOffline,
    ChatAlreadyActive,
    ChatInactive,
    ChatLimitReached,
    CustomerBanned,
    GroupNotFound,
    MissingAccess,
    NotAllowed,
    NotFound,
    Validation,
)
from chatplatform.models import Agent, Chat, Customer, Organization, Thread
from chatplatform.models.forms import FormType
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.properties import Properties, check_size, license_value, merge
from chatplatform.records import Record
from chatplatform.requester import AgentRequester, CustomerRequester, Requester
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors import forms as form_selectors
from chatplatform.selectors import groups, people
from chatplatform.selectors.customers import is_banned
from chatplatform.selectors.translations import shown_name
from chatplatform.services import (
    access,
    access_rules,
    changes,
    channels,
    customers,
    events,
    flags,
    forms,
    greetings,
    listings,
    participants,
    routing,
    threads,
    welcomes,
)
from chatplatform.services.events import Draft, system_message

EXTRA_AGENTS = 4


@dataclass(frozen=True, slots=True)
class Opening:
    """What a start or resume asks for.

    ``group_ids`` None leaves the chat's access alone (a new chat: the customer's group, or every
    agent). ``users``: ``(id, "agent"|"customer")`` beside the requester. ``continuous`` None
    leaves the mode alone. ``events`` have their authors set by the caller;
    ``welcome_message_id`` names the welcome message they answer, if one.
    """

    active: bool = True
    continuous: bool | None = None
    group_ids: tuple[int, ...] | None = None
    users: tuple[tuple[str, str], ...] = ()
    chat_properties: Properties = field(default_factory=dict)
    thread_properties: Properties = field(default_factory=dict)
    welcome_message_id: str = ""
    events: tuple[Draft, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """The new thread; ``event_ids`` are those of the requester's initial events."""

    chat_id: str
    thread_id: str
    event_ids: tuple[str, ...]


def start_chat(requester: Requester, opening: Opening) -> Started:
    """Begin a chat with its first thread.

    A customer's active chat is given an agent or a place in the queue at once. Raise
    :class:`ChatLimitReached`, ``GroupsOffline``, :class:`NotFound` for users who do not exist and
    :class:`Validation` for more of them than a chat takes. Tells ``ChatStarted``.
    """
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        chat = Chat(organization=organization, created_at=clock.now())
        chat.changed_at = chat.previous_change_at = chat.created_at
        customer = _customer_of(requester, opening)
        if customer is not None:
            _check_chat_limit(organization, customer)
            participants.seat_customer(chat, customer)
        _check_groups(requester, opening)
        chat.group_ids = _first_groups(opening, customer, requester)
        chat.properties = threads.source(requester.client_id)
        return _begin(organization, requester, chat, opening, is_new=True)


def resume_chat(requester: Requester, chat_id: str, opening: Opening) -> Started:
    """Begin a new thread in a chat without an active one.

    Raise :class:`ChatAlreadyActive` and what :func:`start_chat` raises. Tells ``ChatStarted``, and
    ``ChatAccessUpdated`` when other groups may see the chat from now on.
    """
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        customer = _customer_of(requester, opening)
        if customer is None:
            _lock_customer_of(requester, chat_id)
        chat = chat_selectors.access_chat(requester, chat_id, write=True, lock=True)
        if chat.active_thread_id is not None:
            raise ChatAlreadyActive
        if chat.customer_id is not None:
            if customer is not None and customer.id != chat.customer_id:
                raise Validation("A chat has one customer")
            chat.customer = Customer.objects.select_related("last_visit").get(id=chat.customer_id)
        elif customer is not None:
            _check_chat_limit(organization, customer)
            participants.seat_customer(chat, customer)
            _count_chat(customer)
        _check_groups(requester, opening)
        before = list(chat.group_ids)
        chat.group_ids = _first_groups(opening, chat.customer, requester)
        for participant in chat.participants.values():
            if participant["type"] == "agent":
                participant["present"] = False
        started = _begin(organization, requester, chat, opening, is_new=False)
        access.tell_changed(chat, before)
        chat.save()
        return started


def _customer_of(requester: Requester, opening: Opening) -> Customer | None:
    ids = [user_id for user_id, kind in opening.users if kind == "customer"]
    if isinstance(requester, CustomerRequester):
        if any(user_id != requester.user_id for user_id in ids):
            raise Validation("A chat has one customer")
        ids = [requester.user_id]
    if len(ids) > 1:
        raise Validation("A chat has one customer")
    if not ids:
        return None
    customer = people.access_customer(requester.organization_id, ids[0])
    said = forms.said_of_oneself(opening.events)
    if said:
        customers.update_customer(customer.id, said, requester)
    customer = customers.locked(customer.id)
    if isinstance(requester, CustomerRequester) and is_banned(customer):
        raise CustomerBanned  # since their token was looked at
    return customer


def _lock_customer_of(requester: Requester, chat_id: str) -> None:
    """Lock the customer of a chat, if it has one, before the chat itself is locked."""
    chats = Chat.objects.filter(organization_id=requester.organization_id, id=chat_id)
    customer_id = chats.values_list("customer_id", flat=True).first()
    if customer_id is not None:
        customers.locked(customer_id)


def _check_chat_limit(organization: Organization, customer: Customer) -> None:
    limit = license_value(organization.properties, "routing", "max_customer_chats_count", 1)
    if Chat.objects.filter(customer=customer).count() >= limit:
        raise ChatLimitReached


def _check_groups(requester: Requester, opening: Opening) -> None:
    wanted = set(_asked_groups(requester, opening) or ())
    known = groups.existing_numbers(requester.organization_id, wanted)
    if wanted - known:
        raise GroupNotFound


def _first_groups(opening: Opening, customer: Customer | None, requester: Requester) -> list[int]:
    asked = _asked_groups(requester, opening)
    if asked is not None:
        return list(asked)
    if customer is not None and isinstance(requester, CustomerRequester):
        return access_rules.groups_of(customer)
    return [GENERAL_GROUP]


def _asked_groups(requester: Requester, opening: Opening) -> tuple[int, ...] | None:
    """Return the groups that were named, or the one a customer chose in a form."""
    if opening.group_ids is not None or not isinstance(requester, CustomerRequester):
        return opening.group_ids
    chosen = forms.chosen_group(opening.events)
    return None if chosen is None else (chosen,)


def _invited_agents(requester: Requester, opening: Opening, chat: Chat) -> list[Agent]:
    """Return the agents a thread begins with, the requester first; none where customers begin it.

    Whoever took part in ``chat`` before may be invited again, whatever groups see it now.
    """
    invited = {user_id for user_id, kind in opening.users if kind == "agent"}
    if isinstance(requester, CustomerRequester):
        if invited:
            raise Validation("Customers can not invite agents")
        return []
    invited.discard(requester.user_id)
    if len(invited) > EXTRA_AGENTS:
        raise Validation(f"At most {EXTRA_AGENTS} agents can be invited")
    agents = [people.acting(requester)]
    for user_id in sorted(invited):
        agent = _who_can_join(requester, user_id)
        if user_id not in chat.participants and not groups.may_see(agent, chat.group_ids):
            raise MissingAccess
        agents.append(agent)
    return agents


def _who_can_join(requester: Requester, agent_id: str) -> Agent:
    """Return an agent who can be brought into a chat, connected or not.

    Raise :class:`NotFound`, and :class:`AgentOffline` for one who may not log in: a chat would be
    left with somebody who can never answer.
    """
    agent = people.agent_by_public_id(requester.organization_id, agent_id)
    if agent.suspended or agent.awaiting_approval:
        raise AgentOffline
    return agent


def _begin(
    organization: Organization,
    requester: Requester,
    chat: Chat,
    opening: Opening,
    *,
    is_new: bool,
) -> Started:
    continuous = opening.continuous
    if continuous is None:
        continuous = bool(chat.properties.get("routing", {}).get("continuous"))
    agents = _invited_agents(requester, opening, chat)
    thread = threads.open_thread(
        organization,
        chat,
        active=opening.active,
        continuous=continuous,
        client_id=requester.client_id,
    )
    chat.properties = merge(chat.properties, opening.chat_properties)
    chat.properties = merge(chat.properties, {"routing": {"continuous": continuous}})
    thread.properties = merge(thread.properties, opening.thread_properties)
    check_size(chat.properties)
    if chat.customer is not None:
        participants.join_thread(thread, str(chat.customer.id))
    for agent in agents:
        participants.seat_agent(chat, agent)
        participants.join_thread(thread, agent.public_id)
    flags.follow(chat, {"unassigned": False})
    if any(draft.author_side == "agent" for draft in opening.events):
        chat.unreplied = False
        flags.put(thread, unreplied=False)
    if opening.active and not agents:
        routing.route_new_thread(organization, chat, thread, continuous=continuous)
    chat.save(force_insert=is_new)
    thread.save(force_insert=True)
    _add_what_led_here(chat, thread, opening)
    event_ids = _add_initial_events(requester, chat, opening.events)
    _ask_who_waits(chat, thread)
    chat.save()
    listings.follow(chat)
    _count_start(chat, is_new=is_new)
    requester_id, requester_key = participants.named(chat, requester)
    changes.record(
        ChatStarted,
        chat,
        bumped=True,
        chat=chat_selectors.full_chat(chat, thread),
        requester_id=requester_id,
        requester_key=requester_key,
    )
    if opening.active:
        routing.settle_after_commit(organization.id)
    if chat.customer is not None:
        channels.note_chat(requester)
    return Started(chat.id, thread.id, event_ids)


def _add_what_led_here(chat: Chat, thread: Thread, opening: Opening) -> None:
    """Begin a customer's thread with the greeting and the welcome message it answers.

    They are said by whoever spoke then, if they are in the chat, and else by the system.
    """
    if chat.customer is None:
        return
    drafts = [greetings.answered(chat.customer, thread)]
    if opening.welcome_message_id:
        drafts.append(welcomes.answered(chat.customer, opening.welcome_message_id))
    for draft in drafts:
        if draft is not None:
            participant = chat.participants.get(draft.author_id)
            is_here = participant is not None and participant["present"]
            said = draft if is_here else replace(draft, author_id="")
            events.add(chat, said, with_thread_start=True)


def _ask_who_waits(chat: Chat, thread: Thread) -> None:
    """Ask a customer who starts to wait for their address, where the group does so."""
    if chat.customer is None or chat.customer.email or thread.queued_at is None:
        return
    form = form_selectors.asked(thread, FormType.ASK_FOR_EMAIL)
    if form is not None:
        events.add(chat, Draft(type="form", content=form), with_thread_start=True)


def _add_initial_events(
    requester: Requester, chat: Chat, drafts: Sequence[Draft]
) -> tuple[str, ...]:
    added = []
    for draft in drafts:
        if draft.author_id not in chat.participants:
            raise Validation("Authors of initial events must be users of the chat")
        try:
            with transaction.atomic():
                appended = events.add(chat, draft, with_thread_start=True)
        except IntegrityError:
            continue
        forms.leave_ticket(requester, draft)
        if draft.author_id == requester.user_id:
            added.append(appended.event["id"])
    if requester.user_id in chat.participants:
        chat.participants[requester.user_id]["seen"] = clock.to_wire(chat.changed_at)
    return tuple(added)


def _count_chat(customer: Customer) -> None:
    """Count a chat the customer joins that exists already."""
    Customer.objects.filter(id=customer.id).update(chats_count=F("chats_count") + 1)


def _count_start(chat: Chat, *, is_new: bool) -> None:
    if chat.customer_id is not None:
        Customer.objects.filter(id=chat.customer_id).update(
            chats_count=F("chats_count") + (1 if is_new else 0),
            threads_count=F("threads_count") + 1,
        )


def deactivate_chat(
    requester: Requester, chat_id: str, *, ignore_requester_presence: bool = False
) -> None:
    """Close the chat's active thread.

    An agent must be present unless told to ignore that. Raise :class:`ChatInactive`,
    ``Authorization``. Tells the system message and ``ChatDeactivated``; the freed agent gets the
    next waiting chat.
    """
    with transaction.atomic():
        chat = chat_selectors.access_chat(requester, chat_id, write=True, lock=True)
        if chat.active_thread_id is None:
            raise ChatInactive
        if isinstance(requester, AgentRequester):
            if not ignore_requester_presence:
                participants.require_presence(chat, requester)
            farewell = system_message(
                "manual_archived_agent", "%agent% archived the chat", agent=requester.name
            )
            if participants.whispers(chat, requester.public_id):
                farewell = _shown_to(farewell, "agents")
        else:
            farewell = system_message(
                "manual_archived_customer",
                "%customer% archived the chat",
                customer=shown_name(chat.customer),
            )
        threads.close(chat, farewell, requester=requester)
        chat.save()
        listings.follow(chat)
    routing.settle_after_commit(requester.organization_id)


def follow_chat(requester: AgentRequester, chat_id: str) -> None:
    """Send the requester every push of the chat until it is next reactivated or unfollowed.

    Members are told everything anyway: nothing happens for them. Tells ``ChatOpened``.
    """
    with transaction.atomic():
        chat = chat_selectors.access_chat(requester, chat_id, lock=True)
        if chat_selectors.is_followed(chat, requester.public_id):
            return
        chat.followers = [*chat.followers, requester.public_id]
        thread = chat_selectors.access_thread(requester, chat, None)
        participants.open_for(chat, thread, [requester.public_id], requester=requester)
        chat.save()


def unfollow_chat(requester: AgentRequester, chat_id: str) -> None:
    """Stop following. Raise :class:`NotAllowed` for members. Tells ``ChatUnfollowed``."""
    with transaction.atomic():
        chat = chat_selectors.access_chat(requester, chat_id, lock=True)
        participant = chat.participants.get(requester.public_id)
        if participant is not None and participant["present"]:
            raise NotAllowed("A user of the chat can not unfollow it")
        if requester.public_id not in chat.followers:
            return
        chat.followers = [one for one in chat.followers if one != requester.public_id]
        changes.record(
            ChatUnfollowed,
            chat,
            agent_ids=[requester.public_id],
            requester_id=requester.public_id,
        )
        chat.save()


def add_user_to_chat(
    requester: AgentRequester,
    chat_id: str,
    *,
    user_id: str,
    user_type: str,
    visibility: str,
    ignore_requester_presence: bool = False,
) -> None:
    """Let an agent, or the chat's one customer, join the active thread.

    Raise :class:`ChatInactive`, :class:`MissingAccess` (the agent may not see the chat),
    :class:`AgentOffline` (the agent may not log in), :class:`NotAllowed` (a second customer),
    :class:`NotFound`. Tells ``UserAddedToChat``; adding
    a user who is there already changes nothing. An agent who is to whisper from now on leaves
    first, as far as customers can tell; a chat nobody else talks in waits for another agent then.
    A bot that may write to the chat may join it, whatever its groups (protocol.md 5.3).
    """
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        chat = participants.running_chat(
            requester, chat_id, ignore_requester_presence=ignore_requester_presence
        )
        thread = Thread.objects.select_for_update().get(id=chat.active_thread_id)
        if user_type == "agent":
            _add_agent(requester, chat, thread, user_id, visibility)
            if visibility == "agents":
                routing.leave_unattended(organization, chat, user_id)
        else:
            _add_customer(organization, requester, chat, thread, user_id, visibility)
        chat.save()
        listings.follow(chat)
    routing.settle_after_commit(requester.organization_id)


def _add_agent(
    requester: AgentRequester, chat: Chat, thread: Thread, user_id: str, visibility: str
) -> None:
    agent = _who_can_join(requester, user_id)
    joins_as_bot = agent.kind == Agent.Kind.BOT and agent.id == requester.agent_id
    may_join = joins_as_bot or user_id in chat.participants
    if not may_join and not groups.may_see(agent, chat.group_ids):
        raise MissingAccess
    known = chat.participants.get(user_id)
    if known is not None and known["present"] and known["visibility"] == visibility:
        return
    changed: Record = {}
    if visibility == "all":
        changed = threads.leave_queue(thread)
        thread.save()
    elif known is not None and known["present"]:
        participants.remove_agent(chat, user_id, reason="manual", requester=requester)
    participants.add_agent(
        chat, thread, agent, visibility=visibility, reason="manual", requester=requester
    )
    participants.open_for(chat, thread, [agent.public_id], requester=requester)
    tell(events.add(chat, _welcome(requester, chat, agent, visibility)))
    flags.tell_changed(chat, thread, changed)


def _welcome(requester: AgentRequester, chat: Chat, agent: Agent, visibility: str) -> Draft:
    if agent.public_id == requester.public_id:
        draft = system_message("agent_joined", "%agent% joined the chat", agent=agent.name)
    else:
        draft = system_message(
            "agent_added",
            "%initiator% added %agent% to the chat",
            initiator=requester.name,
            agent=agent.name,
        )
    return _shown_to(draft, participants.as_seen(chat, requester, visibility))


def _shown_to(draft: Draft, visibility: str) -> Draft:
    return Draft(type=draft.type, content=draft.content, visibility=visibility)


def _add_customer(
    organization: Organization,
    requester: AgentRequester,
    chat: Chat,
    thread: Thread,
    user_id: str,
    visibility: str,
) -> None:
    if visibility != "all":
        raise Validation("A customer's visibility must be `all`")
    customer = people.access_customer(requester.organization_id, user_id)
    if chat.customer_id is not None:
        if chat.customer_id == customer.id:
            return
        raise NotAllowed("The chat has a customer already")
    customer = customers.locked(customer.id)
    _check_chat_limit(organization, customer)
    participants.add_customer(chat, thread, customer, reason="manual", requester=requester)
    welcome = system_message(
        "customer_added",
        "%initiator% added %customer% to the chat",
        initiator=requester.name,
        customer=shown_name(customer),
    )
    _count_start(chat, is_new=True)
    participants.open_for(chat, thread, [str(customer.id)], requester=requester)
    tell(events.add(chat, _shown_to(welcome, participants.as_seen(chat, requester, "all"))))


def remove_user_from_chat(
    requester: AgentRequester,
    chat_id: str,
    *,
    user_id: str,
    ignore_requester_presence: bool = False,
) -> None:
    """Let an agent leave the active thread; the thread waits for another if none is left.

    Raise :class:`ChatInactive`, :class:`NotFound` (not in the chat), :class:`NotAllowed` for
    customers. Tells ``UserRemovedFromChat``.
    """
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        chat = participants.running_chat(
            requester, chat_id, ignore_requester_presence=ignore_requester_presence
        )
        participant = chat.participants.get(user_id)
        if participant is None or not participant["present"]:
            raise NotFound("The user is not in the chat")
        if participant["type"] == "customer":
            raise NotAllowed("A customer can not be removed")
        agent = people.agent_by_public_id(requester.organization_id, user_id)
        visibility = participants.as_seen(chat, requester, participant["visibility"])
        tell(events.add(chat, _farewell(requester, agent, visibility)))
        participants.remove_agent(chat, user_id, reason="manual", requester=requester)
        routing.leave_unattended(organization, chat, user_id)
        chat.save()
        listings.follow(chat)
    routing.settle_after_commit(requester.organization_id)


def _farewell(requester: AgentRequester, agent: Agent, visibility: str) -> Draft:
    if agent.public_id == requester.public_id:
        draft = system_message("agent_left", "%agent% left the chat", agent=agent.name)
    else:
        draft = system_message(
            "agent_removed",
            "%initiator% removed %agent% from the chat",
            initiator=requester.name,
            agent=agent.name,
        )
    return _shown_to(draft, visibility)


def mark_events_as_seen(requester: Requester, chat_id: str, seen_up_to: str) -> None:
    """Move the requester's mark forward; it never goes back. Tells ``EventsMarkedAsSeen``.

    Nobody has seen what is yet to come: a mark beyond the chat's newest change ends there.
    Raise :class:`NotAllowed` for someone who is not in the chat.
    """
    with transaction.atomic():
        chat = chat_selectors.access_chat(requester, chat_id, lock=True)
        participant: Record | None = chat.participants.get(requester.user_id)
        if participant is None:
            raise NotAllowed("The requester is not a user of the chat")
        seen_up_to = min(seen_up_to, clock.to_wire(chat.changed_at))
        if participant["seen"] >= seen_up_to:
            return
        participant["seen"] = seen_up_to
        changes.record(EventsMarkedAsSeen, chat, user_id=requester.user_id, seen_up_to=seen_up_to)
        chat.save()
