"""What agents and webhooks are told of a domain event, defined once for both.

The newest shape, as agents see it: pushes add who is reached (``agents/pushes/``), webhooks what
is theirs alone (``webhooks/payloads/``).
"""

from __future__ import annotations

from chatplatform.api.properties import delta
from chatplatform.domain_events import ChatEvent, Record
from chatplatform.domain_events.access_rules import AccessRuleChanged
from chatplatform.domain_events.archives import ThreadSummarySet
from chatplatform.domain_events.chats import (
    ChatAccessUpdated,
    ChatDeactivated,
    ChatTransferred,
    UserAddedToChat,
    UserRemovedFromChat,
)
from chatplatform.domain_events.events import (
    EventAppended,
    EventDeleted,
    EventsMarkedAsSeen,
    EventUpdated,
    RichMessagePostbackSent,
)
from chatplatform.domain_events.groups import GroupCreated, GroupDeleted, GroupUpdated
from chatplatform.domain_events.people import (
    AgentApproved,
    AgentCreated,
    AgentDeleted,
    AgentSuspended,
    AgentUnsuspended,
    AgentUpdated,
    BotCreated,
    BotDeleted,
    BotUpdated,
)
from chatplatform.domain_events.properties import (
    ChatPropertiesDeleted,
    ChatPropertiesUpdated,
    EventPropertiesDeleted,
    EventPropertiesUpdated,
    ThreadPropertiesDeleted,
    ThreadPropertiesUpdated,
)
from chatplatform.domain_events.routing import RoutingStatusSet
from chatplatform.domain_events.tags import (
    TagCreated,
    TagDeleted,
    TagUpdated,
    ThreadTagged,
    ThreadUntagged,
)


def about(event: ChatEvent) -> Record:
    """Return the ids most payloads begin with."""
    return {"chat_id": event.chat_id, "thread_id": event.thread_id}


# --- chats ----------------------------------------------------------------------------------------


def chat_access_updated(event: ChatAccessUpdated) -> Record:
    """Other groups may see a chat."""
    return {"id": event.chat_id, "access": {"group_ids": event.access_group_ids}}


def chat_deactivated(event: ChatDeactivated) -> Record:
    """A thread closed; ``user_id`` is absent when the system did it."""
    payload = about(event)
    if event.user_id:
        payload["user_id"] = event.user_id
    return payload


def chat_transferred(event: ChatTransferred) -> Record:
    """A thread went to other hands or into the queue; ``requester_id`` only when manual."""
    payload = {
        **about(event),
        "reason": event.reason,
        "transferred_to": {"group_ids": event.to_group_ids, "agent_ids": event.to_agent_ids},
    }
    if event.requester_id:
        payload["requester_id"] = event.requester_id
    if event.queue:
        payload["queue"] = event.queue
    return payload


def user_added_to_chat(event: UserAddedToChat) -> Record:
    """Someone joined; ``requester_id`` is absent unless an agent caused it."""
    payload = {**about(event), "user": event.user, "reason": event.reason}
    if event.requester_id:
        payload["requester_id"] = event.requester_id
    return payload


def user_removed_from_chat(event: UserRemovedFromChat) -> Record:
    """Someone left; ``requester_id`` is absent unless an agent caused it."""
    payload = {**about(event), "user_id": event.user_id, "reason": event.reason}
    if event.requester_id:
        payload["requester_id"] = event.requester_id
    return payload


# --- events ---------------------------------------------------------------------------------------


def incoming_event(event: EventAppended) -> Record:
    """An event arrived."""
    return {**about(event), "event": event.event}


def event_updated(event: EventUpdated) -> Record:
    """The server changed an event."""
    return {**about(event), "event": event.event}


def event_deleted(event: EventDeleted) -> Record:
    """A customer took an event back."""
    return {**about(event), "event_id": event.event["id"]}


def incoming_rich_message_postback(event: RichMessagePostbackSent) -> Record:
    """Somebody pressed a button."""
    return {
        "user_id": event.user_id,
        **about(event),
        "event_id": event.event_id,
        "postback": event.postback,
    }


def events_marked_as_seen(event: EventsMarkedAsSeen) -> Record:
    """Someone looked."""
    return {"user_id": event.user_id, "chat_id": event.chat_id, "seen_up_to": event.seen_up_to}


def thread_summary_set(event: ThreadSummarySet) -> Record:
    """A thread was summed up."""
    return {**about(event), "summary": event.summary}


# --- properties -----------------------------------------------------------------------------------


def chat_properties(event: ChatPropertiesUpdated | ChatPropertiesDeleted) -> Record:
    """Properties of a chat were set or deleted."""
    return {"chat_id": event.chat_id, **delta(event)}


def thread_properties(event: ThreadPropertiesUpdated | ThreadPropertiesDeleted) -> Record:
    """Properties of a thread were set or deleted."""
    return {**about(event), **delta(event)}


def event_properties(event: EventPropertiesUpdated | EventPropertiesDeleted) -> Record:
    """Properties of an event were set or deleted."""
    return {**about(event), "event_id": event.event_id, **delta(event)}


# --- tags -----------------------------------------------------------------------------------------


def thread_tag(event: ThreadTagged | ThreadUntagged) -> Record:
    """A thread carries a tag now, or no more."""
    return {**about(event), "tag": event.tag}


def tag_created(event: TagCreated) -> Record:
    """There is a new tag."""
    return {
        "name": event.name,
        "group_ids": event.group_ids,
        "created_at": event.created_at,
        "author_id": event.author_id,
    }


def tag_updated(event: TagUpdated) -> Record:
    """A tag belongs to other groups now."""
    return {"name": event.name, "group_ids": event.group_ids}


def tag_deleted(event: TagDeleted) -> Record:
    """A tag can be put on no more threads."""
    return {"name": event.name}


# --- people and groups ----------------------------------------------------------------------------


def agent_created(event: AgentCreated) -> Record:
    """There is a new agent: everything, empty fields too."""
    return event.agent


def agent_updated(event: AgentUpdated) -> Record:
    """An agent's configuration changed: the changed fields only."""
    return {"id": event.agent_id, **event.changed}


def agent_named(
    event: AgentApproved | AgentSuspended | AgentUnsuspended | AgentDeleted,
) -> Record:
    """What happened to an agent says it all but for who it is."""
    return {"id": event.agent_id}


def bot_created(event: BotCreated) -> Record:
    """There is a new bot: everything, empty fields too."""
    return event.bot


def bot_updated(event: BotUpdated) -> Record:
    """A bot's configuration changed: the changed fields only."""
    return {"id": event.bot_id, **event.changed}


def bot_deleted(event: BotDeleted) -> Record:
    """A bot is no more."""
    return {"id": event.bot_id}


def routing_status_set(event: RoutingStatusSet) -> Record:
    """An agent's or bot's shown status changed."""
    return {"agent_id": event.agent_id, "status": event.status}


def group_created(event: GroupCreated) -> Record:
    """There is a new group: everything, empty fields too."""
    return event.group


def group_updated(event: GroupUpdated) -> Record:
    """A group's configuration changed: the changed fields only."""
    return {"id": event.group_id, **event.changed}


def group_deleted(event: GroupDeleted) -> Record:
    """A group is no more."""
    return {"id": event.group_id}


# --- access rules ---------------------------------------------------------------------------------


def access_rule(event: AccessRuleChanged, status: str) -> Record | None:
    """What became of one rule; ``None`` where that is something else than ``status``."""
    if event.entry["status"] != status:
        return None
    return {name: value for name, value in event.entry.items() if name != "status"}
