"""Pushes of the Agent RTM API: domain events in the agents' newest shape, and who is told.

Members and followers get everything of their chat; agents who merely have access get headlines
(protocol.md 2.5). Importing this module registers the pushes.
"""

from __future__ import annotations

from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events import (
    ChatDeactivated,
    ChatEvent,
    ChatOpened,
    ChatSignal,
    ChatStarted,
    ChatTransferred,
    ChatUnfollowed,
    CustomerPageUpdated,
    CustomerUpdated,
    EventAppended,
    EventRepeated,
    EventsMarkedAsSeen,
    EventUpdated,
    GroupsStatusUpdated,
    MonitoringStarted,
    QueuePositionsUpdated,
    Record,
    RoutingStatusSet,
    SneakPeeked,
    TypingIndicated,
    UserAddedToChat,
    UserRemovedFromChat,
)

CHATS = frozenset({"chats--access:ro", "chats--all:ro"})
CUSTOMERS = frozenset({"customers:ro"})


def _insiders(event: ChatEvent | ChatSignal) -> frozenset[str]:
    """Return the agents who get every push of the chat: members present, and followers."""
    members = (
        user_id
        for user_id, participant in event.participants.items()
        if participant["type"] == "agent" and participant["present"]
    )
    return frozenset({*members, *event.followers})


def _in_full(event: ChatEvent | ChatSignal, payload: Record) -> Push:
    return Push(payload, Reach.USERS, user_ids=_insiders(event), scopes=CHATS)


def _headline(event: ChatEvent, payload: Record) -> Push:
    """Reach insiders, agents of the chat's groups, and all who ever took part: they have access."""
    took_part = (
        user_id
        for user_id, participant in event.participants.items()
        if participant["type"] == "agent"
    )
    return Push(
        payload,
        Reach.ACCESS,
        user_ids=_insiders(event).union(took_part),
        group_ids=frozenset(event.group_ids),
        scopes=CHATS,
    )


def _about(event: ChatEvent) -> Record:
    return {"chat_id": event.chat_id, "thread_id": event.thread_id}


@push("agent", "incoming_chat")
def chat_started(event: ChatStarted) -> Push:
    """A thread began."""
    return _headline(event, {"requester_id": event.requester_id, "chat": event.chat})


@push("agent", "incoming_chat")
def chat_opened(event: ChatOpened) -> Push:
    """A running chat came before an agent, by following, joining or assignment."""
    payload = {"requester_id": event.requester_id, "chat": event.chat}
    if not event.requester_id:
        del payload["requester_id"]
    if event.transferred_from:
        payload["transferred_from"] = event.transferred_from
    return Push(payload, Reach.USERS, user_ids=frozenset({event.user_id}), scopes=CHATS)


@push("agent", "chat_deactivated")
def chat_deactivated(event: ChatDeactivated) -> Push:
    """A thread closed; ``user_id`` is absent when the system did it."""
    payload = _about(event)
    if event.user_id:
        payload["user_id"] = event.user_id
    return _headline(event, payload)


@push("agent", "chat_transferred")
def chat_transferred(event: ChatTransferred) -> Push:
    """A thread went to other hands or into the queue; ``requester_id`` only when manual."""
    payload = {
        **_about(event),
        "reason": event.reason,
        "transferred_to": {"group_ids": event.to_group_ids, "agent_ids": event.to_agent_ids},
    }
    if event.requester_id:
        payload["requester_id"] = event.requester_id
    if event.queue:
        payload["queue"] = event.queue
    return _headline(event, payload)


@push("agent", "user_added_to_chat")
def user_added_to_chat(event: UserAddedToChat) -> Push:
    """Someone joined."""
    payload = {**_about(event), "user": event.user, "reason": event.reason}
    if event.requester_id:
        payload["requester_id"] = event.requester_id
    return _headline(event, payload)


@push("agent", "user_removed_from_chat")
def user_removed_from_chat(event: UserRemovedFromChat) -> Push:
    """Someone left."""
    payload = {**_about(event), "user_id": event.user_id, "reason": event.reason}
    if event.requester_id:
        payload["requester_id"] = event.requester_id
    return _headline(event, payload)


@push("agent", "incoming_event")
def incoming_event(event: EventAppended) -> Push:
    """An event arrived."""
    return _in_full(event, {**_about(event), "event": event.event})


@push("agent", "incoming_event")
def event_repeated(event: EventRepeated) -> Push:
    """A send repeated a stored event: its sender alone is told again."""
    payload = {"chat_id": event.chat_id, "thread_id": event.thread_id, "event": event.event}
    return Push(payload, Reach.USERS, user_ids=frozenset({event.user_id}), to_requester_only=True)


@push("agent", "event_updated")
def event_updated(event: EventUpdated) -> Push:
    """The server changed an event."""
    return _in_full(event, {**_about(event), "event": event.event})


@push("agent", "events_marked_as_seen")
def events_marked_as_seen(event: EventsMarkedAsSeen) -> Push:
    """Someone looked."""
    return _in_full(
        event,
        {"user_id": event.user_id, "chat_id": event.chat_id, "seen_up_to": event.seen_up_to},
    )


@push("agent", "incoming_sneak_peek")
def incoming_sneak_peek(event: SneakPeeked) -> Push:
    """What the customer has typed so far."""
    sneak_peek = {"author_id": event.author_id, "text": event.text, "timestamp": event.timestamp}
    payload = {"chat_id": event.chat_id, "thread_id": event.thread_id, "sneak_peek": sneak_peek}
    return _in_full(event, payload)


@push("agent", "incoming_typing_indicator")
def incoming_typing_indicator(event: TypingIndicated) -> Push:
    """An agent types, or stopped."""
    indicator = {
        "author_id": event.author_id,
        "visibility": event.visibility,
        "timestamp": event.timestamp,
        "is_typing": event.is_typing,
    }
    payload = {
        "chat_id": event.chat_id,
        "thread_id": event.thread_id,
        "typing_indicator": indicator,
    }
    return Push(
        payload,
        Reach.USERS,
        user_ids=_insiders(event) - {event.author_id},
        scopes=CHATS,
    )


@push("agent", "chat_unfollowed")
def chat_unfollowed(event: ChatUnfollowed) -> Push:
    """The agent stopped following, on another connection."""
    return Push(
        {"chat_id": event.chat_id},
        Reach.USERS,
        user_ids=frozenset({event.agent_id}),
        scopes=CHATS,
        except_requester=True,
    )


@push("agent", "queue_positions_updated")
def queue_positions_updated(event: QueuePositionsUpdated) -> Push:
    """Places in the queue changed."""
    groups = frozenset(event.group_ids)
    return Push(event.entries, Reach.ACCESS, group_ids=groups, scopes=CHATS)


@push("agent", "routing_status_set")
def routing_status_set(event: RoutingStatusSet) -> Push:
    """An agent's shown status changed."""
    return Push({"agent_id": event.agent_id, "status": event.status}, Reach.AGENTS)


@push("agent", "groups_status_updated", since="3.5")
def groups_status_updated(event: GroupsStatusUpdated) -> Push:
    """Groups went online or offline."""
    return Push({"groups": event.groups}, Reach.AGENTS)


@push("agent", "customer_updated")
def customer_updated(event: CustomerUpdated) -> Push:
    """The data of a customer whose chats one may see changed: the changed fields only."""
    payload = {"id": event.customer_id, "type": "customer"}
    payload |= {name: event.customer.get(name, "") for name in event.changed}
    return Push(payload, Reach.ACCESS, group_ids=frozenset(event.group_ids), scopes=CUSTOMERS)


@push("agent", "customer_page_updated")
def customer_page_updated(event: CustomerPageUpdated) -> Push:
    """A customer of one's own chats opened a page."""
    payload = {"customer_id": event.customer_id, "visit_id": event.visit_id, **event.page}
    return Push(payload, Reach.USERS, user_ids=frozenset(event.chat_agent_ids), scopes=CUSTOMERS)


@push("agent", "incoming_customers")
def incoming_customers(event: MonitoringStarted) -> Push:
    """Right after login: the customers the agent watches."""
    return Push(
        {"customer_monitoring_level": event.level, "customers": event.customers},
        Reach.USERS,
        user_ids=frozenset({event.agent_id}),
        scopes=CUSTOMERS,
        to_requester_only=True,
    )
